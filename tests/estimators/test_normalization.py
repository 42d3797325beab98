"""Normalisation in the estimators: running statistics from fit to fit, and weights."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.core.data import Data, MatrixTarget
from skbackprop.core.randomness import Pass
from skbackprop.core.workspace import Workspace
from skbackprop.layers import (
    BatchNorm,
    Dense,
    DropConnect,
    Dropout,
    GroupNorm,
    LayerNorm,
    Tanh,
)
from skbackprop.losses import SquaredError
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.penalties import L2
from skbackprop.testing import numerical_gradient

from ._cases import PATIENT, TASKS, fit, make_data, ours, parameters

MEMBERS = {"batch": BatchNorm(), "layer": LayerNorm(), "group": GroupNorm(n_groups=2)}
WIDE = {"hidden_layer_sizes": (6, 4)}


def each_member():
    return pytest.mark.parametrize("member", MEMBERS.values(), ids=MEMBERS)


def everything(model):
    """Return all parameters, statistics included, as one vector."""
    extra = [array for group in model.extra_params_.values() for array in group]
    return np.concatenate([parameters(model), *extra])


def forward_by_hand(model, X, normalise):
    """Return predictions of a regressor, written out."""
    hidden, extra = X, model.extra_params_
    layers = zip(model.coefs_, model.intercepts_, strict=True)
    for place, (coef, intercept) in enumerate(layers):
        hidden = hidden @ coef + intercept
        if place < len(model.coefs_) - 1:
            hidden = normalise(hidden, place) * extra["scale"][place]
            hidden = np.maximum(hidden + extra["shift"][place], 0.0)
    return hidden.ravel()


# --------------------------------------------------------------- the whole derivative


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "inner",
    [[BatchNorm()], [LayerNorm()], [BatchNorm(), Dropout(0.3)], [Dropout(0.3)]],
    ids=repr,
)
def test_the_objective_in_training_has_the_gradient_that_is_stepped_along(
    inner, weighted
):
    layers = [Dense(6), *inner, Tanh(), DropConnect(4, 0.2), Tanh(), Dense(2)]
    objective = Objective(Network(layers, 3), SquaredError(), L2(0.0))
    layout, rng = objective.network.layout, np.random.RandomState(0)
    theta = objective.network.initial(rng, np.dtype(float))
    X, y = rng.normal(size=(8, 3)), rng.normal(size=(8, 2))
    weight = rng.uniform(0.2, 2.0, (8, 1)) if weighted else np.ones((8, 1))

    def run(at):
        now, grad, at = Pass(seed=1, first_row=5), np.zeros_like(theta), at.copy()
        now.share, now.total = weight / weight.sum(), float(weight.sum())
        now.n_counted = 8
        workspace = Workspace(8, np.dtype(float))
        gradient = objective.bind_gradient(at, grad, 8, workspace, False, 0, now)
        prediction = gradient(X, y, weight / 8)
        values = objective.loss.value(prediction.copy(), y)
        return float(values @ weight[:, 0] / 8), grad

    moved = slice(layout.n_trainable)
    numerical = numerical_gradient(lambda at: run(at)[0], theta)[moved]
    assert_allclose(run(theta)[1][moved], numerical, rtol=1e-5, atol=1e-8)
    assert Data(X, MatrixTarget(y)).total_weight == 8


# ------------------------------------------------------------------------ all members


@each_member()
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_task_trains(task, member, dtype):
    X, y = make_data(task)
    params = {**WIDE, **PATIENT, "max_iter": 25, "normalization": member}
    model = fit(ours(task, learning_rate_init=0.01, **params), X.astype(dtype), y)
    assert model.loss_curve_[-1] < 0.95 * model.loss_curve_[0]
    assert everything(model).dtype == dtype


@each_member()
@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csr_matrix])
def test_sparse_rows_train_as_dense_ones(member, make):
    X, y = make_data("multiclass")
    dense = fit(ours("multiclass", **WIDE, normalization=member), X, y)
    model = fit(ours("multiclass", **WIDE, normalization=member), make(X), y)
    assert_allclose(everything(model), everything(dense), rtol=1e-8, atol=1e-10)
    assert_allclose(model.predict_proba(make(X)), dense.predict_proba(X), rtol=1e-7)


@pytest.mark.parametrize("name", ["batch", "layer"])
def test_a_name_is_its_default_object(name):
    X, y = make_data("regression")
    named = fit(ours("regression", normalization=name), X, y)
    built = fit(ours("regression", normalization=MEMBERS[name]), X, y)
    assert_array_equal(everything(named), everything(built))


def test_predictions_go_by_running_statistics():
    X, y = make_data("regression")
    model = fit(ours("regression", **WIDE, normalization=BatchNorm(epsilon=0.01)), X, y)

    def normalise(scores, place):
        mean = model.extra_params_["mean"][place]
        return (scores - mean) / np.sqrt(model.extra_params_["variance"][place] + 0.01)

    assert_allclose(model.predict(X), forward_by_hand(model, X, normalise))
    assert_allclose([model.predict(row[np.newaxis])[0] for row in X], model.predict(X))


def test_predictions_of_rows_go_by_the_rows():
    X, y = make_data("regression")
    model = fit(ours("regression", **WIDE, normalization="layer"), X, y)

    def normalise(scores, place):
        centered = scores - scores.mean(axis=1, keepdims=True)
        return centered / np.sqrt(scores.var(axis=1, keepdims=True) + 1e-5)

    assert_allclose(model.predict(X), forward_by_hand(model, X, normalise))


# -------------------------------------------------------------- going on, and starting


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("batch", None),
        (None, "batch"),
        ("batch", "layer"),
        ("layer", "batch"),
        ("layer", GroupNorm(n_groups=2)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_another_normalization_cannot_be_gone_on_with(before, after, call):
    X, y = make_data("regression")
    model = fit(ours("regression", **WIDE, normalization=before, warm_start=True), X, y)
    predicted = model.predict(X)
    model.set_params(normalization=after)
    with pytest.raises(ValueError, match=r"normalization.* changed since the last fit"):
        getattr(model, call)(X, y)
    assert_array_equal(model.predict(X), predicted)


def test_another_momentum_is_gone_on_with():
    X, y = make_data("regression")
    model = fit(ours("regression", normalization=BatchNorm(), warm_start=True), X, y)
    fit(model.set_params(normalization=BatchNorm(momentum=0.5)), X, y)
    assert len(model.loss_curve_) == 16


@each_member()
def test_given_weights_start_with_a_fresh_normalization(member):
    X, y = make_data("regression")
    params = {**WIDE, "normalization": member}
    donor = fit(ours("regression", **params), X, y)
    start = {"coefs_init": donor.coefs_, "intercepts_init": donor.intercepts_}
    still = {"learning_rate_init": 1e-300, "max_iter": 1}
    model = fit(ours("regression", **params, **still), X, y, **start)
    assert_array_equal(parameters(model), parameters(donor))
    assert_array_equal(np.concatenate(model.extra_params_["scale"]), 1.0)
    assert_allclose(np.concatenate(model.extra_params_["shift"]), 0.0, atol=1e-290)


@each_member()
def test_it_survives_a_pickle_and_a_clone_starts_anew(member):
    X, y = make_data("multiclass")
    model = fit(ours("multiclass", **WIDE, normalization=member), X, y)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert not hasattr(clone(model), "extra_params_")
    assert_array_equal(everything(fit(clone(model), X, y)), everything(model))


def test_each_kind_of_parameter_is_an_attribute():
    X, y = make_data("binary")
    model = fit(ours("binary", **WIDE, normalization="batch"), X, y)
    shapes = {kind: [a.shape for a in g] for kind, g in model.extra_params_.items()}
    kinds = ("scale", "shift", "mean", "variance")
    assert shapes == {kind: [(6,), (4,)] for kind in kinds}
    for kind in (BackpropClassifier, BackpropRegressor):
        assert "extra_params_ : dict" in kind.__doc__


# ------------------------------------------------------- solvers, wrong values, grids


@pytest.mark.parametrize("kind", [BackpropClassifier, BackpropRegressor])
def test_solvers_of_all_rows_refuse_batches_and_take_rows(kind):
    X, y = make_data("binary")
    with pytest.raises(ValueError, match=r"LBFGS.*BatchNorm.*normalization='layer'"):
        kind(solver="lbfgs", normalization="batch").fit(X, y)
    params = {"solver": "lbfgs", "normalization": "layer", "max_iter": 20}
    model = fit(kind(hidden_layer_sizes=(6,), random_state=0, **params), X, y)
    assert model.loss_curve_[-1] < 0.5 * model.loss_curve_[0]


def test_groups_that_do_not_divide_a_width_are_refused():
    X, y = make_data("binary")
    with pytest.raises(ValueError, match=r"GroupNorm\(n_groups=4\) does not divide"):
        ours("binary", normalization="group").fit(X, y)


@pytest.mark.parametrize("wrong", ["instance", 0.1, BatchNorm, Dropout(0.1)], ids=str)
def test_what_is_no_normalization_is_refused(wrong):
    X, y = make_data("binary")
    with pytest.raises(ValueError, match="'normalization' parameter"):
        ours("binary", normalization=wrong).fit(X, y)


def test_it_is_searched_in_a_grid():
    X, y = make_data("binary")
    grid = [
        {"normalization": [None, "batch", "layer", *MEMBERS.values()]},
        {"normalization": [BatchNorm()], "normalization__momentum": [0.05, 0.2]},
    ]
    search = GridSearchCV(ours("binary", **WIDE, max_iter=2), grid, cv=2)
    assert np.isfinite(fit(search, X, y).cv_results_["mean_test_score"]).all()


def test_it_cures_a_deep_sigmoid_network():
    X, y = make_data("regression", n_samples=200)
    params = {
        "hidden_layer_sizes": (8,) * 8,
        "activation": "logistic",
        "max_iter": 40,
        "learning_rate_init": 0.01,
    }
    plain = fit(ours("regression", **params, **PATIENT), X, y).score(X, y)
    for name in ("batch", "layer"):
        model = ours("regression", normalization=name, **params, **PATIENT)
        assert fit(model, X, y).score(X, y) > plain + 0.3
