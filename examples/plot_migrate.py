"""
Migrate from MLPClassifier
==========================

Switch the import, keep everything else: the same seed gives the same model, sooner.
"""

# %%
# A program written for scikit-learn
# ----------------------------------
import time

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from skbackprop import BackpropClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)
settings = {
    "hidden_layer_sizes": (100, 50),
    "learning_rate_init": 0.003,
    "max_iter": 200,
    "random_state": 0,
}


def train(cls):
    """Fit one class with the settings; return the model and the seconds it took."""
    begin = time.perf_counter()
    model = cls(**settings).fit(X_train, y_train)
    return model, time.perf_counter() - begin


old, old_seconds = train(MLPClassifier)
new, new_seconds = train(BackpropClassifier)

# %%
# The same model
# --------------
# Same number of epochs, same loss after each of them, same weights, same predictions.
print("epochs      ", old.n_iter_, new.n_iter_)
print("accuracy    ", old.score(X_test, y_test), new.score(X_test, y_test))
print("same losses ", np.allclose(old.loss_curve_, new.loss_curve_))
print(f"seconds      {old_seconds:.2f} {new_seconds:.2f}")

# %%
# The curves lie on each other.
from matplotlib import pyplot as plt

from skbackprop.inspection import LossCurveDisplay

display = LossCurveDisplay.from_estimator(
    old, name="MLPClassifier", log_scale=True, curve_kwargs={"lw": 6, "alpha": 0.3}
)
LossCurveDisplay.from_estimator(new, name="BackpropClassifier", ax=display.ax_)
plt.show()

# %%
# What is new
# -----------
# Scores before the link, for instance: they still tell apart what probabilities round
# to one.
scores = new.decision_function(X_test)
print(scores[:3].round(1))
