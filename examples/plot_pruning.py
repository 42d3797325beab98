"""
Pruning
=======

A classifier of digits is pruned tenfold, looked at, made smaller and exported.
"""

# %%
# A network
# ---------
# Two hidden layers, for images of 8 x 8 pixels.
import pickle

import numpy as np
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skbackprop import BackpropClassifier
from skbackprop.pruning import (
    MaskDisplay,
    PruningDisplay,
    compact,
    prune,
    pruning_report,
)

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, test_size=0.3, stratify=y, random_state=0
)
dense = BackpropClassifier((100, 50), tol=1e-3, random_state=0).fit(X_train, y_train)
print(f"test accuracy {dense.score(X_test, y_test):.3f}")

# %%
# How far each criterion goes
# ---------------------------
# Without any further training: magnitudes, the diagonal of the curvature (OBD), and
# the optimal brain surgeon (OBS), whose remaining weights make up for those that go.
PruningDisplay.from_estimator(
    dense,
    X_train,
    y_train,
    X_val=X_test,
    y_val=y_test,
    criteria=["random", "magnitude_per_layer", "magnitude", "lamp", "obd", "obs"],
    amounts=[0.0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95],
)
plt.show()

# %%
# Tenfold
# -------
# By the square of weight times gradient, in ten rounds with twenty epochs of training
# after each: what is left has time to take over. No accuracy is lost.
pruned = prune(
    dense,
    X_train,
    y_train,
    criterion="taylor",
    amount=0.9,
    n_rounds=10,
    fine_tune_epochs=20,
)
print(pruning_report(pruned, X_test, y_test, before=dense))

# %%
# What was kept: pixels at the border, which are the same in all images, have lost all
# their weights, and what the last hidden units feed has stayed.
display = MaskDisplay.from_estimator(pruned)
display.figure_.set_size_inches(9, 3)
display.figure_.tight_layout()
plt.show()

# %%
# Weights of each pixel that are left:
figure, axis = plt.subplots(figsize=(4, 3))
image = axis.imshow(pruned.masks_[0].sum(axis=1).reshape(8, 8), cmap="gray")
figure.colorbar(image)
plt.show()

# %%
# Smaller
# -------
# Zeros in between make no network faster; whole units do. A third of the pixels goes
# and half of the hidden units, by the optimal brain surgeon. Compaction leaves an
# ordinary estimator with the same predictions, behind a step that selects the pixels.
fewer = prune(dense, X_train, y_train, criterion="obs", amount=0.33, unit="inputs")
halved = prune(
    fewer,
    X_train,
    y_train,
    criterion="obs",
    amount=0.5,
    unit="neurons",
    fine_tune_epochs=10,
)
small = compact(halved, drop_inputs=True)
network = small[-1]
print("hidden layers", network.hidden_layer_sizes, "features", network.n_features_in_)
print(f"test accuracy {small.score(X_test, y_test):.3f}")
difference = small.predict_proba(X_test) - halved.predict_proba(X_test)
print(f"largest change by compaction {np.abs(difference).max():.0e}")

# %%
# Exported
# --------
# Everything that prediction takes is in ``coefs_`` and ``intercepts_``. The file of the
# whole pipeline is smaller too.
for name, model in (("dense", dense), ("small", small)):
    print(f"{name} {len(pickle.dumps(model)) / 1e3:.0f} kB")


def predict(X):
    """Predict with NumPy alone."""
    *hidden, last = zip(network.coefs_, network.intercepts_, strict=True)
    for coef, intercept in hidden:
        X = np.maximum(X @ coef + intercept, 0.0)
    return network.classes_[np.argmax(X @ last[0] + last[1], axis=1)]


kept = small[0].transform(X_test)
print("the same by hand:", np.array_equal(predict(kept), small.predict(X_test)))
