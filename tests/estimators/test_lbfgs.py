"""L-BFGS: its objective, its curve, its limits; all that step-wise solvers offer."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.solvers import LBFGS

from ._cases import (
    TASKS,
    Watcher,
    assert_equal_fit,
    caught,
    fit,
    make_data,
    ours,
    parameters,
    reported_loss,
)

LINEAR = {"solver": "lbfgs", "hidden_layer_sizes": (), "tol": 1e-9, "max_iter": 500}


@pytest.mark.parametrize("n_outputs", [1, 2, 5])
@pytest.mark.parametrize("alpha", [0.0, 1.0, 30.0])
def test_a_linear_network_is_ridge_whatever_the_number_of_outputs(alpha, n_outputs):
    X, _ = make_data("regression")
    Y = X @ np.random.RandomState(1).normal(size=(4, n_outputs)) + np.sin(9 * X[:, :1])
    Y = Y if n_outputs > 1 else Y.ravel()
    model = BackpropRegressor(**LINEAR, alpha=alpha, random_state=0).fit(X, Y)
    ridge = Ridge(alpha=alpha).fit(X, Y)
    assert_allclose(model.coefs_[0].T, np.atleast_2d(ridge.coef_), atol=1e-3)
    assert_allclose(model.intercepts_[0], np.ravel(ridge.intercept_), atol=1e-3)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_linear_network_is_logistic_regression(task):
    X, y = make_data(task)
    model = BackpropClassifier(**LINEAR, alpha=2.0, random_state=0).fit(X, y)
    expected = LogisticRegression(C=0.5, tol=1e-9, max_iter=500).fit(X, y)
    assert_allclose(model.predict_proba(X), expected.predict_proba(X), atol=1e-3)


@pytest.mark.parametrize("task", TASKS)
def test_the_curve_has_one_decreasing_entry_for_each_iteration(task):
    X, y = make_data(task)
    model = fit(ours(task, solver="lbfgs", max_iter=12), X, y)
    assert len(model.loss_curve_) == model.n_iter_ == 12
    assert model.loss_curve_[-1] == pytest.approx(model.loss_)
    assert model.best_loss_ == min(model.loss_curve_)
    assert np.all(np.diff(model.loss_curve_) <= 0)


@pytest.mark.parametrize("task", TASKS)
def test_the_loss_is_the_mean_over_rows_and_outputs_plus_the_penalty(task):
    X, y = make_data(task)
    model = fit(ours(task, solver="lbfgs", alpha=0.7), X, y)
    assert model.loss_ == pytest.approx(reported_loss(task, model, X, y, alpha=0.7))


def test_the_curve_of_a_shorter_fit_is_the_beginning_of_a_longer_one():
    X, y = make_data("multiclass")
    short = fit(ours("multiclass", solver="lbfgs", max_iter=4), X, y)
    long = fit(ours("multiclass", solver="lbfgs", max_iter=9), X, y)
    assert_allclose(short.loss_curve_, long.loss_curve_[:4])


LIMITS = {
    "iterations": ({"max_iter": 3}, "ITERATIONS"),
    "evaluations": ({"max_fun": 4}, "EVALUATIONS"),
    "evaluations of a solver object": ({"solver": LBFGS(max_fun=4)}, "EVALUATIONS"),
}


@pytest.mark.parametrize(("limit", "reason"), LIMITS.values(), ids=LIMITS)
def test_a_limit_that_is_reached_is_told_once(limit, reason):
    X, y = make_data("multiclass")
    model = ours("multiclass", **{"solver": "lbfgs", "max_iter": 200, **limit})
    ((category, message),) = caught(model.fit, X, y)
    assert category is ConvergenceWarning
    assert "lbfgs failed to converge" in message
    assert reason in message


def test_max_iter_is_never_exceeded():
    X, y = make_data("regression")
    for max_iter in (1, 2, 5):
        model = fit(ours("regression", solver="lbfgs", max_iter=max_iter), X, y)
        assert model.n_iter_ == max_iter


def test_convergence_is_silent_and_a_further_fit_has_nothing_to_do():
    X, y = make_data("regression")
    model = ours("regression", solver="lbfgs", alpha=1.0, max_iter=900, tol=1e-2)
    assert caught(model.fit, X, y) == []
    assert model.n_iter_ < 900
    solution, loss = parameters(model), model.loss_
    assert caught(model.set_params(warm_start=True).fit, X, y) == []
    assert model.n_iter_ == 0
    assert_array_equal(parameters(model), solution)
    assert model.loss_ == pytest.approx(loss)


def test_a_solver_object_is_the_named_solver():
    X, y = make_data("binary")
    named = fit(ours("binary", solver="lbfgs", max_fun=9, max_iter=50), X, y)
    given = fit(ours("binary", solver=LBFGS(max_fun=9), max_iter=50), X, y)
    assert_array_equal(parameters(named), parameters(given))


@pytest.mark.parametrize("solver", ["lbfgs", LBFGS()], ids=["name", "object"])
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_partial_fit_is_hidden(task, solver):
    model = ours(task, solver=solver)
    assert not hasattr(model, "partial_fit")
    assert hasattr(model.set_params(solver="adam"), "partial_fit")
    with pytest.raises(AttributeError):
        model.set_params(solver=solver).partial_fit([[0.0]], [0])


@pytest.mark.parametrize("task", TASKS)
def test_integer_weights_are_repetitions(task):
    X, y = make_data(task)
    counts = np.random.RandomState(0).randint(0, 4, len(X))
    params = {"solver": "lbfgs", "alpha": 0.3, "max_iter": 6}
    weighted = fit(ours(task, **params), X, y, sample_weight=counts)
    repeated = fit(ours(task, **params), X.repeat(counts, 0), y.repeat(counts, 0))
    assert_equal_fit(weighted, repeated)


def test_float32_is_kept_and_close_to_float64():
    X, y = make_data("multiclass")
    double = fit(ours("multiclass", solver="lbfgs", max_iter=5), X, y)
    single = fit(ours("multiclass", solver="lbfgs", max_iter=5), X.astype("f4"), y)
    assert {p.dtype for p in [*single.coefs_, *single.intercepts_]} == {np.dtype("f4")}
    assert single.predict_proba(X.astype("f4")).dtype == np.float32
    assert_equal_fit(single, double, rtol=1e-2)


def test_early_stopping_ends_and_restores_the_best_weights():
    X, y = make_data("regression", n_samples=40)
    X_val, y_val = make_data("regression", n_samples=40, seed=1)
    model = ours(
        "regression",
        solver="lbfgs",
        hidden_layer_sizes=(30,),
        alpha=0,
        early_stopping=True,
        n_iter_no_change=5,
        max_iter=400,
    ).fit(X, y, X_val=X_val, y_val=y_val)
    assert model.n_iter_ < 400
    scores = model.validation_scores_
    assert len(scores) == len(model.validation_loss_curve_) == model.n_iter_
    assert scores[-1] < max(scores) == model.best_validation_score_
    assert model.score(X_val, y_val) == pytest.approx(max(scores))


def test_callbacks_see_every_iteration():
    X, y = make_data("multiclass")
    watcher = Watcher()
    model = ours("multiclass", solver="lbfgs", max_iter=7).set_callbacks(watcher)
    fit(model, X, y)
    assert len(watcher.epochs) == 7
    shorter = fit(ours("multiclass", solver="lbfgs", max_iter=3), X, y)
    assert_equal_fit(watcher.epochs[2], shorter)
    assert_array_equal(watcher.epochs[2].predict(X), shorter.predict(X))


def test_a_callback_can_stop_it_without_a_warning():
    X, y = make_data("multiclass")
    model = ours("multiclass", solver="lbfgs", max_iter=50)
    model.set_callbacks(Watcher(answer=True, at=3))
    assert caught(model.fit, X, y) == []
    assert model.n_iter_ == len(model.loss_curve_) == 3
    expected = fit(ours("multiclass", solver="lbfgs", max_iter=3), X, y)
    assert_equal_fit(model, expected)
