"""
Pruning
=======

A classifier of digits is pruned tenfold, looked at, made smaller and exported.
"""

# %%
# A network
# ---------
# Two hidden layers, for images of 8 x 8 pixels.
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import joblib
import numpy as np
from matplotlib import pyplot as plt
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from skbackprop import BackpropClassifier
from skbackprop.pruning import (
    Gradual,
    MaskDisplay,
    OneShot,
    PruningDisplay,
    compact,
    pruning_report,
    sparsify,
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
# While it trains, a network gets used to what is left. The slot ``pruning`` takes
# weights out along a ramp, by the square of weight times gradient: nine in ten, and no
# accuracy is lost against a network that trains as long with all of them.
as_long = BackpropClassifier(
    (100, 50),
    learning_rate_init=0.003,
    learning_rate="cosine",
    max_iter=200,
    n_iter_no_change=np.inf,
    random_state=0,
)
sparse = clone(as_long).set_params(pruning=Gradual(0.9, criterion="taylor"))
with warnings.catch_warnings():
    # Both are to train for all 200 epochs.
    warnings.simplefilter("ignore", ConvergenceWarning)
    as_long.fit(X_train, y_train)
    sparse.fit(X_train, y_train)
print(pruning_report(sparse, X_test, y_test, before=as_long))

# %%
# What was kept
# -------------
# Pixels at the border, which are the same in all images, have lost all their weights:
MaskDisplay.from_estimator(sparse)
plt.show()

# %%
# Weights of each pixel that are left. Most lead to pixels in the middle, which tell the
# digits apart:
MaskDisplay.from_estimator(sparse, image_shape=(8, 8))
plt.show()

# %%
# Smaller
# -------
# Compaction takes out units and pixels that have no weights left: what it leaves is an
# ordinary estimator with the same predictions, behind a step that selects the pixels.
# The zeros in between are left out where that makes the file smaller.
small = compact(sparse, drop_inputs=True)
small.steps[-1] = ("network", sparsify(small[-1]))
network = small[-1]
print("hidden layers", network.hidden_layer_sizes, "features", network.n_features_in_)
difference = small.predict_proba(X_test) - sparse.predict_proba(X_test)
print(f"largest change by it {np.abs(difference).max():.0e}")

# %%
# For speed, whole units should go. Half of them do, by the optimal brain surgeon, and
# the rest is trained for the last fifth of the epochs:
half = clone(as_long).set_params(pruning=OneShot(0.5, unit="neurons"))
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    halved = compact(half.fit(X_train, y_train))
print("hidden layers", halved.hidden_layer_sizes)
print(f"test accuracy {halved.score(X_test, y_test):.3f}")

# %%
# Exported
# --------
# A file holds the whole pipeline.
with TemporaryDirectory() as folder:
    sizes = {}
    for name, model in (("dense", as_long), ("halved", halved), ("small", small)):
        path = Path(folder) / f"{name}.joblib"
        joblib.dump(model, path)
        sizes[name] = path.stat().st_size
        print(f"{name:6} {sizes[name] / 1e3:5.0f} kB")
    loaded = joblib.load(Path(folder) / "small.joblib")

same = np.array_equal(loaded.predict(X_test), sparse.predict(X_test))
print("the same predictions from the file:", same)


# %%
# And without this package: everything that prediction takes is in ``coefs_`` and
# ``intercepts_``.
def predict(X):
    """Predict with NumPy alone."""
    *hidden, last = zip(network.coefs_, network.intercepts_, strict=True)
    for coef, intercept in hidden:
        X = np.maximum(X @ coef + intercept, 0.0)
    return network.classes_[np.argmax(X @ last[0] + last[1], axis=1)]


kept = small[0].transform(X_test)
print("the same by hand:", np.array_equal(predict(kept), small.predict(X_test)))
