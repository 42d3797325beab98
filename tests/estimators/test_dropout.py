"""Dropout, input dropout and DropConnect: on in training, off in prediction."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.model_selection import GridSearchCV

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.layers import Dropout
from skbackprop.solvers import stepwise

from ._cases import PATIENT, TASKS, fit, make_data, ours, parameters

SLOTS = {
    "dropout": {"dropout": 0.3},
    "a dropout each": {"dropout": [0.3, Dropout(0.1)], "hidden_layer_sizes": (5, 4)},
    "input dropout": {"input_dropout": 0.3},
    "dropconnect": {"dropconnect": 0.3},
    "all": {"dropout": 0.2, "input_dropout": Dropout(0.1), "dropconnect": 0.2},
}


def each_slot():
    return pytest.mark.parametrize("slot", SLOTS.values(), ids=SLOTS)


# ------------------------------------------------------------------------- in training


@each_slot()
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_task_trains(task, slot, dtype):
    X, y = make_data(task)
    model = fit(ours(task, **slot, **PATIENT, max_iter=30), X.astype(dtype), y)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    assert parameters(model).dtype == dtype


@each_slot()
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array, sparse.csr_matrix])
def test_the_same_seed_gives_the_same_model(slot, make):
    X, y = make_data("multiclass")
    first = fit(ours("multiclass", **slot), make(X), y)
    assert_array_equal(
        parameters(fit(ours("multiclass", **slot), make(X), y)), parameters(first)
    )
    other = fit(ours("multiclass", **slot, random_state=1), make(X), y)
    assert not np.allclose(parameters(other), parameters(first))


@each_slot()
def test_the_start_and_the_order_of_rows_are_those_without(slot):
    X, y = make_data("regression")
    shape = {"hidden_layer_sizes": slot.get("hidden_layer_sizes", (5,))}
    least = {name: Dropout(1e-300) for name in ("dropout", "input_dropout")}
    for shuffle in (False, True):
        still = {"learning_rate_init": 1e-300, "max_iter": 1, "shuffle": shuffle}
        dropped = fit(ours("regression", **slot, **still), X, y)
        plain = fit(ours("regression", **shape, **still), X, y)
        assert_array_equal(parameters(dropped), parameters(plain))
    barely = fit(ours("regression", **least, **shape), X, y)
    plain = fit(ours("regression", **shape), X, y)
    # A unit in 65,536 is dropped: none of these.
    assert_allclose(parameters(barely), parameters(plain), rtol=0.02, atol=1e-3)


def masks_seen(model, X, y, calls):
    """Return the weights' gradients' zeros: with one unit each, the masks show."""
    patterns = []
    for _ in range(calls):
        before = None if not hasattr(model, "coefs_") else model.coefs_[0].copy()
        model.partial_fit(X, y)
        if before is not None:
            patterns.append(model.coefs_[0][:, 0] != before[:, 0])
    return np.array(patterns)


def test_each_call_of_partial_fit_draws_masks_of_its_own():
    # One row of ones a call: where the weight does not move, the input was dropped.
    X, y = np.ones((1, 40)), np.array([1.0])
    model = BackpropRegressor(
        hidden_layer_sizes=(),
        input_dropout=0.5,
        solver="sgd",
        momentum=0.0,
        alpha=0.0,
        random_state=0,
    )
    masks = masks_seen(model, X, y, calls=6)
    assert len(np.unique(masks, axis=0)) == len(masks)
    assert 0.3 < masks.mean() < 0.7


def test_each_warm_start_draws_masks_of_its_own():
    X, y = make_data("regression")
    params = {"dropout": 0.5, "warm_start": True, "shuffle": False, "max_iter": 1}
    model = ours("regression", learning_rate_init=1e-300, **params)
    losses = [fit(model, X, y).loss_curve_[-1] for _ in range(4)]
    # The parameters stay, the masks do not.
    assert len(set(losses)) == 4


@each_slot()
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_masks_do_not_depend_on_the_number_of_threads(slot, make, monkeypatch):
    X, y = make_data("regression", n_samples=90)
    weight = np.random.RandomState(0).uniform(size=90)
    models = []
    for n_threads in (1, 2, 3):
        monkeypatch.setattr(stepwise, "threads_for", lambda work, n=n_threads: n)
        model = ours("regression", batch_size=32, **slot)
        models.append(fit(model, make(X), y, sample_weight=weight))
    for model in models[1:]:
        # A single other mask would show in the third digit.
        assert_allclose(parameters(model), parameters(models[0]), rtol=1e-9)


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_training_sees_the_loss_of_dropout(rate):
    # Inputs of one, weights of one: a prediction is a scaled count of kept inputs.
    X, y = np.ones((2000, 20)), np.zeros(2000)
    model = BackpropRegressor(
        hidden_layer_sizes=(),
        input_dropout=rate,
        alpha=0.0,
        learning_rate_init=1e-300,
        max_iter=1,
    )
    fit(model, X, y, coefs_init=[np.ones((20, 1))], intercepts_init=[np.zeros(1)])
    # Half the second moment: mean 20, variance 20 * rate / (1 - rate).
    expected = (400 + 20 * rate / (1 - rate)) / 2
    deviation = 20 * np.sqrt(20 * rate / (1 - rate)) / np.sqrt(2000)
    assert abs(model.loss_curve_[0] - expected) < 5 * deviation
    assert model.predict(X[:1]) == pytest.approx(20.0)


# ----------------------------------------------------------------------- in prediction


@each_slot()
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_prediction_is_that_of_the_plain_network(slot, make):
    X, y = make_data("regression")
    model = fit(ours("regression", **slot), make(X), y)
    hidden = X
    for coef, intercept in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
        hidden = np.maximum(hidden @ coef + intercept, 0.0)
    expected = hidden @ model.coefs_[-1] + model.intercepts_[-1]
    assert_allclose(model.predict(make(X)), expected.ravel())
    assert_array_equal(model.predict(make(X)), model.predict(make(X)))


def test_validation_is_without_dropout():
    X, y = make_data("regression", n_samples=100)
    model = ours("regression", dropout=0.5, early_stopping=True)
    fit(model, X, y, X_val=X, y_val=y)
    assert model.best_validation_score_ == pytest.approx(model.score(X, y))


# ---------------------------------------------------------------- off, wrong, searched


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_rates_of_zero_are_the_plain_fit(task):
    X, y = make_data(task)
    off = {"dropout": [0.0], "input_dropout": Dropout(0.0), "dropconnect": 0}
    zero, plain = fit(ours(task, **off), X, y), fit(ours(task), X, y)
    assert_array_equal(parameters(zero), parameters(plain))
    kinds = [type(layer).__name__ for layer in zero._network.layers]
    assert kinds == ["Dense", "ReLU", "Dense"]


@each_slot()
@pytest.mark.parametrize("kind", [BackpropClassifier, BackpropRegressor])
def test_solvers_of_all_rows_refuse_what_is_random(kind, slot):
    X, y = make_data("binary")
    with pytest.raises(ValueError, match=r"LBFGS.*Drop.*use a step-wise solver"):
        kind(solver="lbfgs", **slot).fit(X, y)


WRONG = {
    "one": {"dropout": 1.0},
    "negative": {"input_dropout": -0.1},
    "a word": {"dropconnect": "half"},
    "one in a list": {"dropout": [1.0]},
    "a word in a list": {"dropout": ["half"]},
    "a wrong object": {"dropout": Dropout(1.5)},
    "too many": {"dropout": [0.1, 0.2]},
    "none at all": {"dropout": []},
}


@pytest.mark.parametrize("params", WRONG.values(), ids=WRONG)
def test_what_is_no_rate_is_refused(params):
    X, y = make_data("binary")
    with pytest.raises(ValueError, match=r"drop|'rate'"):
        ours("binary", **params).fit(X, y)


def test_rates_and_lists_are_searched_in_a_grid():
    X, y = make_data("binary")
    grid = {
        "dropout": [0.0, 0.2, [0.1, 0.5], Dropout(0.3)],
        "input_dropout": [0.0, 0.1],
        "dropconnect": [0.0, 0.1],
    }
    model = ours("binary", hidden_layer_sizes=(5, 4), max_iter=2)
    search = fit(GridSearchCV(model, grid, cv=2), X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    nested = GridSearchCV(
        ours("binary", dropout=Dropout(), max_iter=2),
        {"dropout__rate": [0.1, 0.6]},
        cv=2,
    )
    assert "dropout__rate" in fit(nested, X, y).best_params_
