"""Starting from what is known: an earlier fit, or weights given by the user."""

from itertools import permutations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ._cases import (
    PATIENT,
    TASKS,
    Watcher,
    assert_equal_fit,
    copies,
    fit,
    make_data,
    ours,
    parameters,
    reported_loss,
)

SOLVERS = ("adam", "sgd", "lbfgs")
WARM = {"warm_start": True, "shuffle": False}


def start_of(model):
    """Return the parameters of a model as arguments of fit."""
    return {
        "coefs_init": copies(model.coefs_),
        "intercepts_init": copies(model.intercepts_),
    }


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_fit_goes_on_where_the_last_one_ended(solver, task):
    X, y = make_data(task)
    params = {**WARM, **PATIENT, "solver": solver, "max_iter": 3}
    model = fit(ours(task, **params), X, y)
    start, curve = start_of(model), list(model.loss_curve_)
    expected = fit(ours(task, **params), X, y, **start)
    fit(model, X, y)
    assert_equal_fit(model, expected, rtol=1e-10)
    assert_allclose(model.loss_curve_, curve + expected.loss_curve_)


@pytest.mark.parametrize("solver", SOLVERS)
def test_counters_of_the_call_restart_and_totals_grow(solver):
    X, y = make_data("regression")
    model = ours("regression", **WARM, solver=solver, max_iter=3)
    for call in (1, 2, 3):
        fit(model, X, y)
        assert model.n_iter_ == 3
        assert len(model.loss_curve_) == 3 * call
        if solver != "lbfgs":
            assert model.t_ == 3 * call * len(X)
            assert model.n_steps_ == 3 * call * 4


def test_a_first_fit_is_an_ordinary_one():
    X, y = make_data("multiclass")
    cold = fit(ours("multiclass"), X, y)
    assert_equal_fit(fit(ours("multiclass", warm_start=True), X, y), cold)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_patience_starts_anew_at_each_fit(solver, early_stopping):
    X, y = make_data("regression", n_samples=100)
    hopeless = {"tol": 1e3, "n_iter_no_change": 3, "max_iter": 50}
    model = ours("regression", **WARM, **hopeless, solver=solver)
    model.set_params(early_stopping=early_stopping)
    lengths = [model.fit(X, y).n_iter_ for _ in range(3)]
    assert lengths[0] == 5
    assert all(4 <= length <= 5 for length in lengths)


def test_the_best_loss_of_other_data_is_no_reference():
    X, y = make_data("regression")
    params = {"tol": 1e-3, "n_iter_no_change": 2, "max_iter": 30}
    model = fit(ours("regression", **WARM, **params, learning_rate_init=0.02), X, y)
    # Losses are a hundred times as large from here on, and fall all the time.
    fit(model, X, 10 * y)
    assert model.loss_curve_[-1] > 5 * min(model.loss_curve_)
    assert model.n_iter_ == 30


def switches():
    return [
        pytest.param(*pair, id="-to-".join(pair)) for pair in permutations(SOLVERS, 2)
    ]


@pytest.mark.parametrize(("first", "second"), switches())
def test_another_solver_is_honoured(first, second):
    X, y = make_data("multiclass")
    model = fit(ours("multiclass", **WARM, solver=first), X, y)
    start = start_of(model)
    fit(model.set_params(solver=second), X, y)
    params = {"shuffle": False, "solver": second}
    assert_equal_fit(model, fit(ours("multiclass", **params), X, y, **start), rtol=1e-8)
    assert len(model.loss_curve_) == 16


SETTINGS = {
    "learning_rate_init": 0.3,
    "alpha": 50.0,
    "batch_size": 10,
    "activation": "tanh",
    "beta_1": 0.1,
}


@pytest.mark.parametrize("name", SETTINGS)
def test_other_settings_are_honoured(name):
    X, y = make_data("regression")
    model = fit(ours("regression", **WARM), X, y)
    start = start_of(model)
    fit(model.set_params(**{name: SETTINGS[name]}), X, y)
    same = fit(ours("regression", shuffle=False), X, y, **start)
    other = ours("regression", shuffle=False, **{name: SETTINGS[name]})
    assert_equal_fit(model, fit(other, X, y, **start), rtol=1e-8)
    assert not np.allclose(parameters(model), parameters(same), rtol=1e-6)


@pytest.mark.parametrize("solver", SOLVERS)
def test_early_stopping_can_be_turned_on_and_off(solver):
    X, y = make_data("binary")
    model = fit(ours("binary", **WARM, solver=solver), X, y)
    fit(model.set_params(early_stopping=True), X, y)
    assert len(model.validation_scores_) == model.n_iter_
    assert model.best_validation_score_ >= max(model.validation_scores_)
    assert model.best_loss_ is None
    fit(model.set_params(early_stopping=False), X, y)
    assert model.validation_scores_ is None
    assert model.best_loss_ == min(model.loss_curve_)


CHANGES = {
    "width": {"hidden_layer_sizes": (7,)},
    "depth": {"hidden_layer_sizes": (5, 5)},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "depth by number": {"n_hidden_layers": 3},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("solver", SOLVERS)
def test_another_shape_is_an_error_that_leaves_the_model_alone(solver, change):
    X, y = make_data("multiclass")
    model = fit(ours("multiclass", **WARM, solver=solver), X, y)
    before, predicted = parameters(model).copy(), model.predict(X)
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        model.set_params(**change).fit(X, y)
    assert_array_equal(parameters(model), before)
    assert_array_equal(model.predict(X), predicted)


@pytest.mark.parametrize("solver", SOLVERS)
def test_other_data_shapes_are_an_error(solver):
    X, y = make_data("multioutput")
    model = fit(ours("multioutput", **WARM, solver=solver), X, y)
    with pytest.raises(ValueError, match="output"):
        model.fit(X, y[:, 0])
    with pytest.raises(ValueError, match="output"):
        model.fit(X, y[:, :2])
    with pytest.raises(ValueError, match="features"):
        model.fit(X[:, :3], y)


def test_other_classes_are_an_error():
    X, y = make_data("multiclass")
    model = fit(ours("multiclass", **WARM), X, y)
    for labels in (y + 1, y > 0, y.astype(str)):
        with pytest.raises(ValueError, match="same classes as in the previous call"):
            model.fit(X, labels)


class Script:
    """A scorer that reads its scores from a list."""

    def __init__(self, *scores):
        self.scores = iter(scores)

    def __call__(self, estimator, X, y):
        return next(self.scores)


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_best_weights_stay_until_they_are_beaten(solver):
    X, y = make_data("regression")
    first, worse, better = [0.2, 0.9, 0.5], [0.1, 0.3, 0.2], [0.4, 0.95, 0.6]
    # A further fit begins with the score of the weights that it starts from.
    script = Script(*first, 0.9, *worse, 0.9, *better)
    watcher = Watcher()
    model = ours("regression", **WARM, solver=solver, max_iter=3, early_stopping=True)
    model.set_params(scoring=script).set_callbacks(watcher)
    expected = []
    for best in (1, 1, 7):
        fit(model, X, y, X_val=X, y_val=y)
        expected.append(parameters(watcher.epochs[best]))
        assert_array_equal(parameters(model), expected[-1])
        assert model.best_validation_score_ == (0.95 if best == 7 else 0.9)
        assert len(model.validation_scores_) == len(model.loss_curve_)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("solver", SOLVERS)
def test_training_starts_from_given_weights(solver, task):
    X, y = make_data(task)
    donor = fit(ours(task, random_state=1), X, y)
    start = start_of(donor)
    params = {"max_iter": 1, "batch_size": len(X), "alpha": 0.1}
    taught = fit(ours(task, solver=solver, **params), X, y, **start)
    own = fit(ours(task, solver=solver, **params), X, y)
    assert not np.allclose(parameters(taught), parameters(own), rtol=1e-3)
    if solver != "lbfgs":  # whose curve begins after the first iteration
        loss = reported_loss(task, donor, X, y, alpha=0.1)
        assert taught.loss_curve_[0] == pytest.approx(loss)
    assert_array_equal(start["coefs_init"][0], donor.coefs_[0])
    assert not np.shares_memory(taught.coefs_[0], start["coefs_init"][0])


def test_given_weights_take_the_precision_of_the_data():
    X, y = make_data("regression")
    donor = fit(ours("regression"), X, y)
    model = fit(ours("regression"), X.astype(np.float32), y, **start_of(donor))
    assert {p.dtype.name for p in [*model.coefs_, *model.intercepts_]} == {"float32"}


WRONG_STARTS = {
    "too few layers": lambda coefs, intercepts: (coefs[:1], intercepts),
    "too many layers": lambda coefs, intercepts: (coefs, [*intercepts, intercepts[0]]),
    "a transposed weight": lambda coefs, intercepts: (
        [coefs[0].T, *coefs[1:]],
        intercepts,
    ),
    "a short bias": lambda coefs, intercepts: (
        coefs,
        [intercepts[0][1:], *intercepts[1:]],
    ),
}


@pytest.mark.parametrize("wrong", WRONG_STARTS.values(), ids=WRONG_STARTS)
def test_given_weights_of_the_wrong_shape_are_an_error(wrong):
    X, y = make_data("regression")
    donor = fit(ours("regression"), X, y)
    coefs, intercepts = wrong(donor.coefs_, donor.intercepts_)
    with pytest.raises(ValueError, match=r"coefs_init|intercepts_init"):
        ours("regression").fit(X, y, coefs_init=coefs, intercepts_init=intercepts)
