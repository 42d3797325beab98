"""The slots of activations and of starting weights, in both estimators."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_moons
from sklearn.model_selection import GridSearchCV

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.initializers import Constant, GlorotUniform, Initializer, Orthogonal
from skbackprop.layers import ELU, Activation, LeakyReLU, PReLU, SiLU

from ._cases import fit

every_activation = pytest.mark.parametrize("name", Activation.members())
every_start = pytest.mark.parametrize("name", Initializer.members())
every_kind = pytest.mark.parametrize("kind", [BackpropClassifier, BackpropRegressor])


def model(kind=BackpropRegressor, **params):
    settings = {
        "hidden_layer_sizes": (8, 6),
        "learning_rate_init": 0.02,
        "batch_size": 20,
        "max_iter": 20,
        "random_state": 0,
    }
    return kind(**{**settings, **params})


def target(kind, regression, binary):
    return binary.y if kind is BackpropClassifier else regression.y


def raw(fitted, X):
    scores = getattr(fitted, "predict_proba", fitted.predict)
    return scores(X)


# By an epoch at a rate of 1e-300.
HARDLY_MOVED = {"rtol": 0, "atol": 1e-250}


# -------------------------------------------------------------------------- activations


@every_activation
@every_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_fits_in_either_precision_dense_or_sparse(
    name, kind, dtype, regression, binary
):
    X, y = regression.X.astype(dtype), target(kind, regression, binary)
    dense = fit(model(kind, activation=name), X, y)
    assert all(array.dtype == dtype for array in dense.coefs_ + dense.intercepts_)
    assert dense.loss_curve_[-1] < 0.95 * dense.loss_curve_[0]
    from_sparse = fit(model(kind, activation=name), sparse.csr_array(X), y)
    # Sums over a row come in another order: in float32 the difference grows.
    near = 1e-9 if dtype == np.float64 else 0.05
    if name != "binary_step" or dtype == np.float64:
        assert_allclose(raw(from_sparse, X), raw(dense, X), rtol=near, atol=near)


@pytest.mark.parametrize("name", sorted(set(Activation.members()) - {"binary_step"}))
def test_each_learns_a_curve(name, regression):
    X, y = regression
    fitted = fit(model(activation=name, solver="lbfgs", max_iter=100, alpha=0.1), X, y)
    linear = name == "identity"
    assert fitted.score(X, y) > (0.8 if linear else 0.9)


def test_steps_learn_through_their_surrogate():
    X, y = make_moons(200, noise=0.1, random_state=0)
    fitted = fit(
        model(BackpropClassifier, activation="binary_step", max_iter=200).set_params(
            hidden_layer_sizes=(30,)
        ),
        X,
        y,
    )
    hidden = X @ fitted.coefs_[0] + fitted.intercepts_[0] >= 0
    scores = hidden @ fitted.coefs_[1] + fitted.intercepts_[1]
    assert_array_equal(fitted.predict(X), scores.ravel() > 0)
    # A linear model stays below 0.9 here.
    assert fitted.score(X, y) > 0.95


def test_each_layer_may_have_one_of_its_own(regression):
    mixed = model(activation=["selu", LeakyReLU(negative_slope=0.2)])
    fitted = fit(mixed, *regression)
    h = regression.X @ fitted.coefs_[0] + fitted.intercepts_[0]
    h = 1.0507009873554805 * np.where(h > 0, h, 1.6732632423543772 * np.expm1(h))
    h = h @ fitted.coefs_[1] + fitted.intercepts_[1]
    h = np.where(h > 0, h, 0.2 * h) @ fitted.coefs_[2] + fitted.intercepts_[2]
    assert_allclose(fitted.predict(regression.X), h.ravel())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_parametric_slopes_learn_and_are_kept(solver, dtype, regression):
    X, y = regression.X.astype(dtype), regression.y
    fitted = fit(model(activation=PReLU(init=0.1), solver=solver), X, y)
    first, second = fitted.extra_params_["slope"]
    assert (first.shape, second.shape) == ((8,), (6,))
    assert first.dtype == dtype
    assert (first != dtype(0.1)).any()
    h = X
    for coef, intercept, slope in zip(
        fitted.coefs_, fitted.intercepts_, (first, second, None), strict=True
    ):
        h = h @ coef + intercept
        if slope is not None:
            h = np.where(h > 0, h, slope * h)
    assert_allclose(fitted.predict(X), h.ravel(), rtol=1e-4)
    again = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(again.predict(X), fitted.predict(X))


def test_parametric_slopes_go_on_where_they_were(regression):
    X, y = regression
    slopes = []
    going_on = model(activation="prelu", warm_start=True, max_iter=2)
    for _ in range(3):
        fit(going_on, X, y)
        slopes.append(going_on.extra_params_["slope"][0].copy())
    moves = [np.abs(slopes[0] - 0.25).max()]
    moves += [np.abs(b - a).max() for a, b in pairwise(slopes)]
    # Adam moves each number by the rate at most, or little more, at each step.
    assert 0 < max(moves) <= 2 * 6 * 0.02
    assert np.abs(slopes[2] - 0.25).max() > max(moves)


# --------------------------------------------------------------------- starting weights


@every_start
@every_kind
def test_each_start_is_what_the_estimator_begins_with(name, kind, regression, binary):
    X, y = regression.X, target(kind, regression, binary)
    begun = model(kind, weight_init=name, max_iter=1, learning_rate_init=1e-300)
    fitted = fit(begun.set_params(solver="sgd"), X, y)
    rng, member = np.random.RandomState(0), Initializer.members()[name]()
    for coef, intercept in zip(fitted.coefs_, fitted.intercepts_, strict=True):
        assert_allclose(coef, member.draw(coef.shape, coef.shape, rng), **HARDLY_MOVED)
        assert_allclose(intercept, 0.0, **HARDLY_MOVED)


def test_scikit_learns_start_can_be_asked_for(regression):
    automatic = fit(model(activation="tanh"), *regression)
    asked = fit(
        model(activation="tanh", weight_init=GlorotUniform(bias=True)), *regression
    )
    assert_array_equal(asked.coefs_[0], automatic.coefs_[0])


def test_automatic_is_the_default(regression):
    assert model().weight_init == "auto"
    fitted = [fit(model(**way), *regression) for way in ({}, {"weight_init": "auto"})]
    assert_array_equal(fitted[0].coefs_[0], fitted[1].coefs_[0])


@pytest.mark.parametrize("name", ["relu", "tanh", "leaky_relu", "selu"])
def test_left_alone_the_outputs_start_as_the_last_hidden_layer_does(name, regression):
    begun = model(activation=name, max_iter=1, learning_rate_init=1e-300, solver="sgd")
    fitted = fit(begun, *regression)
    rng, own = np.random.RandomState(0), Activation.members()[name].initializer
    for coef, intercept in zip(fitted.coefs_, fitted.intercepts_, strict=True):
        assert_allclose(coef, own.draw(coef.shape, coef.shape, rng), **HARDLY_MOVED)
        bias = own.draw_bias(intercept.shape, coef.shape, rng)
        assert_allclose(intercept, bias, **HARDLY_MOVED)


@pytest.mark.parametrize("start", ["zeros", Constant(0.3)])
def test_units_that_start_alike_stay_alike(start, regression):
    fitted = fit(model(activation="tanh", weight_init=start), *regression)
    for coef in fitted.coefs_[:-1]:
        assert_allclose(coef, coef[:, :1] * np.ones(coef.shape[1]), atol=1e-12)


def test_a_linear_model_may_start_from_zero(regression):
    X, y = regression
    linear = model(hidden_layer_sizes=(), weight_init="zeros", solver="lbfgs", alpha=0)
    fitted = fit(linear.set_params(max_iter=200, tol=1e-10), X, y)
    best, *_ = np.linalg.lstsq(np.column_stack([X, np.ones(len(X))]), y)
    assert_allclose(fitted.coefs_[0].ravel(), best[:-1], atol=1e-4)


# ---------------------------------------------------------------------------- searching


@every_kind
def test_all_of_it_can_be_searched(kind, regression, binary):
    grids = [
        {"activation": ["gelu", "softsign", SiLU()], "weight_init": ["auto", "normal"]},
        {"activation": [LeakyReLU()], "activation__negative_slope": [0.01, 0.3]},
        {"weight_init": [Orthogonal()], "weight_init__gain": [1.0, 2.0]},
    ]
    search = GridSearchCV(model(kind, max_iter=2), grids, cv=2, error_score="raise")
    fit(search, regression.X, target(kind, regression, binary))
    tried = search.cv_results_["params"]
    assert len(tried) == 10
    assert len(set(np.round(search.cv_results_["mean_test_score"], 12))) > 3


def test_objects_are_cloned_with_their_settings():
    first = model(activation=ELU(alpha=0.5), weight_init=Orthogonal(gain=1.4))
    second = clone(first)
    assert second.activation == ELU(alpha=0.5)
    assert second.activation is not first.activation
    assert second.get_params()["weight_init__gain"] == 1.4
