"""Small fitted estimators to look into, and derivatives by differences."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.layers import Activation

RNG = np.random.default_rng(0)
N, F = 40, 5
X = RNG.normal(size=(N, F)) * [1.0, 0.5, 2.0, 1.0, 3.0] + [0.0, 1.0, 0.0, -2.0, 0.0]
CLASSES = np.digitize(X[:, 0] + X[:, 1], [0.5, 1.5])
NUMBERS = np.sin(X[:, 0]) + 0.5 * X[:, 1] * X[:, 2]
BACKGROUND = X[:12]

SMOOTH = sorted(set(Activation.members()) - {"binary_step"})
NORMALIZATIONS = [None, "batch", "layer", "group"]


def fitted(model, y, X=X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


def classifier(y=CLASSES, X=X, hidden=(8, 8), **settings):
    defaults = {"max_iter": 8, "learning_rate_init": 0.02, "random_state": 0}
    defaults["scaling"] = "standard"
    return fitted(BackpropClassifier(hidden, **(defaults | settings)), y, X)


def regressor(y=NUMBERS, X=X, hidden=(8, 8), **settings):
    defaults = {"max_iter": 8, "learning_rate_init": 0.02, "random_state": 0}
    defaults["scaling"] = "standard"
    return fitted(
        BackpropRegressor(hidden_layer_sizes=hidden, **(defaults | settings)), y, X
    )


def differences(function, X, step=1e-6):
    """Return derivatives of shape (n_rows, n_features[, n_outputs])."""
    columns = []
    for axis in step * np.eye(X.shape[1]):
        columns.append((function(X + axis) - function(X - axis)) / (2 * step))
    return np.stack(columns, axis=1)
