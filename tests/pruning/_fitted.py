"""Small fitted estimators to prune."""

import warnings

import numpy as np
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.core.spec import resolve
from skbackprop.pruning import Criterion, Sample

X, Y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)


def fitted(model, X=X, y=Y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


def classifier(hidden=(8, 6), **settings):
    defaults = {"max_iter": 20, "learning_rate_init": 0.01, "random_state": 0}
    return fitted(BackpropClassifier(hidden, **(defaults | settings)))


def linear(alpha=0.0, weight=None):
    """A least-squares fit, whose objective is a parabola; with its data."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 5)) @ rng.normal(size=(5, 5)) + 0.5
    y = X @ np.array([2.0, -1.0, 0.5, 0.1, 3.0]) + rng.normal(size=60)
    model = BackpropRegressor(
        hidden_layer_sizes=(),
        solver="lbfgs",
        alpha=alpha,
        tol=1e-12,
        max_iter=5000,
        random_state=0,
    )
    return model.fit(X, y, sample_weight=weight), X, y


def point(model, X=X, y=Y, weight=None, seed=0):
    return Sample(X, y, weight).point(model, np.random.RandomState(seed))


def saliency(name, at, **options):
    return resolve(Criterion, name, options).saliency(at)


def all_arrays(model):
    return [*model.coefs_, *model.intercepts_]


def is_held(model):
    masks = [*model.masks_, *model.intercept_masks_]
    pairs = list(zip(all_arrays(model), masks, strict=True))
    return all((a[~m] == 0).all() for a, m in pairs) and any((~m).any() for m in masks)
