"""Fitted estimators of a few dozen parameters."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropClassifier, BackpropRegressor

SETTINGS = {
    "hidden_layer_sizes": (4,),
    "activation": "tanh",
    "solver": "lbfgs",
    "alpha": 0.5,
    "tol": 1e-9,
    "max_iter": 2000,
    "random_state": 0,
}

STILL = {
    "solver": "sgd",
    "momentum": 0.0,
    "learning_rate_init": 1e-300,
    "max_iter": 1,
}


def classifier(**changes):
    return BackpropClassifier(**(SETTINGS | changes))


def regressor(**changes):
    return BackpropRegressor(**(SETTINGS | changes))


def fitted(model, X, y, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, *args, **kwargs)


def at_start(model, X, y, **changes):
    """Fit for steps that are too small to move anything."""
    model.set_params(**STILL, **changes)
    return fitted(model, X, y)


def placed(model, X, y, coefs, intercepts):
    """Return an estimator that has stayed where it was put, without a penalty."""
    coefs, intercepts = (
        [np.array(each, float) for each in arrays] for arrays in (coefs, intercepts)
    )
    model.set_params(**STILL, alpha=0.0)
    return fitted(model, X, y, coefs_init=coefs, intercepts_init=intercepts)


def symmetric(n, seed=0, values=None):
    """Return a random symmetric matrix of given eigenvalues."""
    rng = np.random.RandomState(seed)
    values = rng.standard_normal(n) if values is None else np.asarray(values, float)
    q, _ = np.linalg.qr(rng.standard_normal((n, n)))
    matrix = (q * values) @ q.T
    return (matrix + matrix.T) / 2
