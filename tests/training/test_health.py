"""Gradient health: the numbers, against independent ones, and the record of them."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone

from skbackprop.estimators import _run
from skbackprop.layers import Activation
from skbackprop.training import GradientHealth
from skbackprop.training.health import MEASURES

from ..estimators._cases import (
    PATIENT,
    Watcher,
    fit,
    loop_targets,
    make_data,
    ours,
    parameters,
)

SOLVERS = {
    "adam": {"solver": "adam", "learning_rate_init": 0.02},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.05},
    "lbfgs": {"solver": "lbfgs", "tol": 1e-9},
}
SLOPES = {
    "identity": lambda z: np.ones_like(z),
    "relu": lambda z: (z > 0).astype(float),
    "tanh": lambda z: 1 / np.cosh(z) ** 2,
    "logistic": lambda z: 0.25 / np.cosh(z / 2) ** 2,
}
OUTPUTS = {
    "identity": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "logistic": lambda z: 1 / (1 + np.exp(-z)),
}


def build(task="multiclass", solver="adam", **params):
    settings = {**PATIENT, **SOLVERS[solver], "max_iter": 3, "gradient_health": True}
    return ours(task, **{**settings, "hidden_layer_sizes": (4, 3), **params})


def mean_loss(task, model, X, y, weight=None):
    """The mean loss without the penalty, from what the model predicts."""
    if task in ("binary", "multiclass"):
        loss = -np.log(model.predict_proba(X)[np.arange(len(y)), y])
    else:
        residual = model.predict(X).reshape(len(y), -1) - loop_targets(task, y)
        loss = 0.5 * (residual**2).sum(axis=1)
    return loss.mean() if weight is None else (loss * weight).mean()


def numerical_norms(task, model, *data, step=1e-6):
    """The norm of the gradient of each weight matrix, by central differences."""
    norms = []
    for weights in model.coefs_:
        squares = 0.0
        for at in np.ndindex(weights.shape):
            value, losses = weights[at], []
            for shifted in (value + step, value - step):
                weights[at] = shifted
                losses.append(mean_loss(task, model, *data))
            weights[at] = value
            squares += ((losses[0] - losses[1]) / (2 * step)) ** 2
        norms.append(squares**0.5)
    return norms


def scores_and_inputs(model, X):
    """The scores and the inputs of each layer, computed anew."""
    inputs, scores = [X], []
    for weights, bias in zip(model.coefs_, model.intercepts_, strict=True):
        scores.append(inputs[-1] @ weights + bias)
        inputs.append(OUTPUTS[model.activation](scores[-1]))
    return scores, inputs[:-1]


def watched(model, X, y):
    """Fit, and return the model and copies of it after each epoch."""
    watcher = Watcher()
    fit(model.set_callbacks(watcher), X, y)
    return model, watcher.epochs


# ------------------------------------------------------------------------- the numbers


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression", "multioutput"])
@pytest.mark.parametrize("solver", SOLVERS)
def test_gradient_norms_are_those_of_finite_differences(solver, task):
    X, y = make_data(task)
    model = fit(build(task, solver, activation="tanh"), X, y)
    expected = numerical_norms(task, model, X, y)
    assert_allclose(model.gradient_health_.gradient_norm[-1], expected, rtol=1e-6)


def test_the_penalty_is_no_part_of_the_gradient():
    X, y = make_data("binary")
    model = fit(build("binary", activation="tanh", alpha=10.0), X, y)
    expected = numerical_norms("binary", model, X, y)
    assert_allclose(model.gradient_health_.gradient_norm[-1], expected, rtol=1e-6)


def test_weights_of_rows_count_relative_to_their_mean():
    X, y = make_data("multiclass")
    weight = np.linspace(0.0, 3.0, len(y))
    model = fit(build(activation="tanh"), X, y, sample_weight=weight)
    relative = weight / weight.mean()
    expected = numerical_norms("multiclass", model, X, y, relative)
    assert_allclose(model.gradient_health_.gradient_norm[-1], expected, rtol=1e-6)


def test_the_probed_rows_are_spread_evenly():
    X, y = make_data("regression")
    model = fit(build("regression", activation="tanh", gradient_health=7), X, y)
    some = [0, 8, 17, 25, 34, 42, 51]
    expected = numerical_norms("regression", model, X[some], y[some])
    assert_allclose(model.gradient_health_.gradient_norm[-1], expected, rtol=1e-6)


def test_only_training_rows_are_probed():
    X, y = make_data("regression")
    model = build("regression", early_stopping=True, activation="tanh")
    fit(model, X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    alone = fit(build("regression", activation="tanh"), X[:40], y[:40])
    assert_array_equal(
        model.gradient_health_.gradient_norm, alone.gradient_health_.gradient_norm
    )


@pytest.mark.parametrize("solver", SOLVERS)
def test_weight_norms_and_changes_are_those_of_the_epochs(solver):
    X, y = make_data("regression")
    model, epochs = watched(build("regression", solver), X, y)
    health = model.gradient_health_
    for n, (before, after) in enumerate(pairwise(epochs), 1):
        for k, (old, new) in enumerate(zip(before.coefs_, after.coefs_, strict=True)):
            norm = sum(w**2 for w in new.flat) ** 0.5
            change = sum(w**2 for w in (new - old).flat) ** 0.5
            assert_allclose(health.weight_norm[n, k], norm)
            assert_allclose(health.update_ratio[n, k], change / norm)


def test_the_first_change_is_that_from_the_start():
    X, y = make_data("regression")
    start = fit(build("regression", max_iter=1, learning_rate_init=1e-12), X, y)
    model = fit(build("regression", max_iter=1), X, y)
    for k, (old, new) in enumerate(zip(start.coefs_, model.coefs_, strict=True)):
        ratio = np.linalg.norm(new - old) / np.linalg.norm(new)
        assert_allclose(model.gradient_health_.update_ratio[0, k], ratio, rtol=1e-8)


@pytest.mark.parametrize("activation", SLOPES)
@pytest.mark.parametrize("factor", [1.0, 30.0])
def test_shares_of_units_and_inputs_are_those_of_a_loop(activation, factor):
    X, y = make_data("regression")
    X = X * factor
    params = {"activation": activation, "hidden_layer_sizes": (8, 6)}
    model = fit(build("regression", max_iter=1, **params), X, y)
    scores, inputs = scores_and_inputs(model, X)
    health = model.gradient_health_
    for layer, z in enumerate(scores[:-1]):
        slope = SLOPES[activation](z)
        largest = 0.25 if activation == "logistic" else 1.0
        flat = [value < 0.01 * largest for value in slope.flat]
        # As computed from the output: a derivative of 1e-17 is one of zero.
        dead = [all(abs(d) < 1e-16 for d in unit) for unit in slope.T]
        assert health.saturated[0, layer] == sum(flat) / len(flat)
        assert health.dead[0, layer] == sum(dead) / len(dead)
    norms = [np.mean([row @ row for row in x]) ** 0.5 for x in inputs]
    assert_allclose(health.input_norm[0], norms)
    assert np.isnan(health.dead[0, -1])
    assert np.isnan(health.saturated[0, -1])


@pytest.mark.parametrize("name", sorted(Activation.members()))
def test_every_activation_is_looked_at_without_harm_to_its_gradient(name):
    X, y = make_data("regression")
    model = fit(build("regression", activation=name), X, y)
    blind = fit(build("regression", activation=name, gradient_health=False), X, y)
    assert_array_equal(parameters(model), parameters(blind))
    health = model.gradient_health_
    shares = np.array([health.dead, health.saturated])[..., :-1]
    assert ((shares >= 0) & (shares <= 1)).all()
    assert (health.dead <= health.saturated)[:, :-1].all()
    if name != "binary_step":  # whose gradient is a surrogate's
        expected = numerical_norms("regression", model, X, y)
        assert_allclose(health.gradient_norm[-1], expected, rtol=1e-6)


def test_sparse_inputs_are_probed_as_dense_ones_are():
    X, y = make_data("multiclass")
    X = np.where(X > 0.3, X, 0.0)
    dense, sparse = (fit(build(), kind, y) for kind in (X, csr_array(X)))
    for name in MEASURES:
        left, right = (getattr(m.gradient_health_, name) for m in (dense, sparse))
        assert_allclose(left, right, rtol=1e-8, atol=1e-12)


def test_single_precision_is_probed_and_stays():
    X, y = make_data("multiclass")
    single, double = (fit(build(), X.astype(t), y) for t in (np.float32, np.float64))
    assert single.coefs_[0].dtype == np.float32
    for name in ("gradient_norm", "weight_norm", "update_ratio", "input_norm"):
        left, right = (getattr(m.gradient_health_, name) for m in (single, double))
        assert_allclose(left, right, rtol=2e-3)


@pytest.mark.parametrize(
    "params",
    [
        {"dropout": 0.5},
        {"input_dropout": 0.5},
        {"dropconnect": 0.5},
        {"normalization": "batch"},
        {"normalization": "layer"},
        {"scaling": "standard"},
    ],
    ids=str,
)
def test_the_network_is_probed_as_it_predicts(params):
    X, y = make_data("multiclass")
    model = fit(build(activation="tanh", **params), X, y)
    expected = numerical_norms("multiclass", model, X, y)
    assert_allclose(model.gradient_health_.gradient_norm[-1], expected, rtol=1e-6)


# ------------------------------------------------------------------- the fit around it


@pytest.mark.parametrize("solver", SOLVERS)
def test_looking_changes_nothing(solver):
    X, y = make_data("multiclass")
    models = [
        fit(build(solver=solver, gradient_health=health), X, y)
        for health in (False, True, 1, 20)
    ]
    for model in models[1:]:
        assert_array_equal(parameters(model), parameters(models[0]))
        assert model.loss_curve_ == models[0].loss_curve_


def test_switched_off_there_is_no_probe(monkeypatch):
    monkeypatch.delattr(_run, "Probe")
    X, y = make_data("binary")
    assert fit(build("binary", gradient_health=False), X, y).gradient_health_ is None
    with pytest.raises(NameError):
        build("binary").fit(X, y)


@pytest.mark.parametrize("solver", SOLVERS)
def test_there_is_a_row_for_each_epoch_and_a_column_for_each_layer(solver):
    X, y = make_data("multiclass")
    model = fit(build(solver=solver), X, y)
    for name in MEASURES:
        assert getattr(model.gradient_health_, name).shape == (model.n_iter_, 3)


def test_a_network_without_hidden_layers_has_an_output_layer():
    X, y = make_data("binary")
    health = fit(build("binary", hidden_layer_sizes=()), X, y).gradient_health_
    assert health.gradient_norm.shape == (3, 1)
    assert health.alarm is None


def test_the_record_grows_over_partial_fits():
    X, y = make_data("multiclass")
    model, whole = build(shuffle=False), fit(build(shuffle=False), X, y)
    for n in (1, 2, 3):
        model.partial_fit(X, y, classes=[0, 1, 2])
        assert len(model.gradient_health_.gradient_norm) == n
    for name in MEASURES:
        assert_array_equal(
            getattr(model.gradient_health_, name), getattr(whole.gradient_health_, name)
        )


def test_the_record_grows_over_warm_starts_and_begins_anew_without():
    X, y = make_data("multiclass")
    model = fit(build(warm_start=True), X, y)
    first = model.gradient_health_
    again = fit(model, X, y).gradient_health_
    assert_array_equal(again.weight_norm[:3], first.weight_norm)
    assert len(again.weight_norm) == len(model.loss_curve_) == 6
    fit(model.set_params(warm_start=False), X, y)
    assert len(model.gradient_health_.weight_norm) == 3


def test_an_interrupted_fit_keeps_the_record():
    X, y = make_data("binary")
    model = build("binary").set_callbacks(Watcher(at=2, error=KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert len(model.gradient_health_.dead) == len(model.loss_curve_) == 2


def test_callbacks_read_the_record_of_the_epochs_so_far():
    X, y = make_data("binary")
    model, epochs = watched(build("binary"), X, y)
    assert [len(m.gradient_health_.dead) for m in epochs] == [1, 2, 3]
    assert_array_equal(
        epochs[1].gradient_health_.gradient_norm,
        model.gradient_health_.gradient_norm[:2],
    )


@pytest.mark.parametrize("value", [-1, 0, 0.5, "yes"])
def test_what_is_no_number_of_rows_is_refused(value):
    X, y = make_data("binary")
    with pytest.raises(ValueError, match="gradient_health"):
        build("binary", gradient_health=value).fit(X, y)


def test_the_table_has_a_row_for_each_epoch_and_layer():
    pandas = pytest.importorskip("pandas")
    X, y = make_data("binary")
    health = fit(build("binary"), X, y).gradient_health_
    table = pandas.DataFrame(health.to_dict()).set_index(["epoch", "layer"])
    assert list(table.columns) == list(MEASURES)
    assert len(table) == 3 * 3
    assert table.loc[(2, 1), "gradient_norm"] == health.gradient_norm[1, 0]
    assert table.loc[(3, 2), "saturated"] == health.saturated[2, 1]


def test_the_record_is_pickled_with_its_model():
    X, y = make_data("binary")
    model = fit(build("binary"), X, y)
    again = pickle.loads(pickle.dumps(model)).gradient_health_
    for name in MEASURES:
        assert_array_equal(
            getattr(again, name), getattr(model.gradient_health_, name), strict=True
        )
    assert not hasattr(clone(model), "gradient_health_")


def test_the_rows_of_a_record_make_it_anew():
    rows = [np.random.RandomState(n).rand(len(MEASURES), 3) for n in range(4)]
    health = GradientHealth.of_rows(rows, alarm="help")
    assert health.alarm == "help"
    assert_array_equal(health.rows(), rows)
    assert_array_equal(health.update_ratio[2], rows[2][2])
