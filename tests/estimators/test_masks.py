"""Masks: what is held at zero stays there, whatever goes on."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris

from skbackprop import BackpropClassifier
from skbackprop.solvers import SGD, Solver

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
SETTINGS = [
    *({"solver": name} for name in sorted(Solver.members())),
    {"penalty": "l1", "alpha": 1.0},
    {"solver": "lbfgs", "penalty": "l1"},
    {"averaging": "ema"},
    {"max_norm": 0.5},
    {"dropout": 0.2, "normalization": "batch"},
    {"early_stopping": True, "learning_rate_init": 0.05},
    {"scaling": "standard"},
]


def pruned(**settings):
    """A fitted estimator, half of whose weights and a bias are held at zero."""
    model = BackpropClassifier(
        (6, 5), max_iter=4, warm_start=True, random_state=0, **settings
    ).fit(X, Y)
    rng = np.random.default_rng(0)
    model.masks_ = [rng.random(coef.shape) < 0.5 for coef in model.coefs_]
    model.intercept_masks_ = [np.ones(b.shape, bool) for b in model.intercepts_]
    model.intercept_masks_[0][1] = False
    return model


def held(model):
    """Whether all that is masked is zero, and not everything is."""
    arrays = model.coefs_ + model.intercepts_
    masks = model.masks_ + model.intercept_masks_
    zero = all((a[~m] == 0).all() for a, m in zip(arrays, masks, strict=True))
    return zero and all(array.any() for array in arrays)


@pytest.mark.parametrize("settings", SETTINGS, ids=repr)
def test_further_fits_hold_zeros(settings):
    model = pruned(**settings)
    before = model.coefs_[0].copy()
    model.fit(X, Y)
    assert held(model)
    free = model.masks_[0]
    assert not np.array_equal(model.coefs_[0][free], before[free])


def test_streams_hold_zeros():
    model = pruned()
    for _ in range(3):
        model.partial_fit(X, Y)
    assert held(model)


def test_a_new_fit_is_free():
    model = pruned().set_params(warm_start=False).fit(X, Y)
    assert model.masks_ is None
    assert model.intercept_masks_ is None


def test_copies_keep_masks_and_clones_forget():
    model = pruned().fit(X, Y)
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert held(copied.fit(X, Y))
    assert clone(model).fit(X, Y).masks_ is None


def test_the_users_own_start_is_masked_too():
    model = pruned()
    model.fit(X, Y, coefs_init=model.coefs_, intercepts_init=model.intercepts_)
    assert held(model)


def test_a_gradient_is_clipped_by_what_is_free_of_it():
    model = pruned(
        solver=SGD(momentum=0.0), learning_rate_init=1.0, clip_norm=1e-3, alpha=0.0
    )
    model.fit(X, Y)
    before = [array.copy() for array in model.coefs_ + model.intercepts_]
    model.partial_fit(X, Y)
    pairs = zip(before, model.coefs_ + model.intercepts_, strict=True)
    step = sum(np.sum(np.square(new - old)) for old, new in pairs) ** 0.5
    assert step == pytest.approx(1e-3)
