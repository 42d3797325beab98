"""When training ends: epochs, tolerance, patience, the adaptive rate; what it says."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.exceptions import ConvergenceWarning

from skbackprop.schedules import Adaptive

from ._cases import (
    PATIENT,
    SOLVERS,
    STEPWISE,
    TASKS,
    Watcher,
    assert_equal_fit,
    caught,
    fit,
    make_data,
    ours,
    theirs,
)

# No epoch after the first improves on the best by this much.
HOPELESS = {"tol": 1e3, "max_iter": 100}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_max_iter_counts_epochs_and_ends_with_one_warning(solver, task):
    X, y = make_data(task)
    model = ours(task, solver=solver, max_iter=7, **PATIENT)
    ((category, message),) = caught(model.fit, X, y)
    assert category is ConvergenceWarning
    assert "Maximum iterations (7) reached" in message
    assert model.n_iter_ == len(model.loss_curve_) == 7
    assert model.t_ == 7 * len(X)


def test_the_warning_at_max_iter_is_that_of_scikit_learn():
    X, y = make_data("binary")
    params = {"max_iter": 3, "early_stopping": False}
    assert caught(ours("binary", **params).fit, X, y) == caught(
        theirs("binary", **params).fit, X, y
    )


@pytest.mark.parametrize("patience", [1, 2, 10])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_patience_is_the_number_of_bad_epochs_tolerated(solver, patience):
    X, y = make_data("regression")
    model = ours("regression", solver=solver, n_iter_no_change=patience, **HOPELESS)
    assert caught(model.fit, X, y) == []
    # One good epoch, the bad ones that are tolerated, and the one too many.
    assert model.n_iter_ == 1 + patience + 1


def test_stopping_at_the_last_epoch_is_convergence():
    X, y = make_data("regression")
    params = {**HOPELESS, "n_iter_no_change": 3}
    assert caught(ours("regression", **{**params, "max_iter": 5}).fit, X, y) == []
    assert len(caught(ours("regression", **{**params, "max_iter": 4}).fit, X, y)) == 1


def test_infinite_patience_uses_all_epochs():
    X, y = make_data("regression")
    params = {**HOPELESS, "max_iter": 40, "n_iter_no_change": np.inf}
    assert fit(ours("regression", **params), X, y).n_iter_ == 40


def test_an_epoch_is_bad_unless_it_beats_the_best_loss_by_tol():
    X, y = make_data("regression")
    params = {"max_iter": 100, "learning_rate_init": 0.01}
    curve = fit(ours("regression", **params, **PATIENT), X, y).loss_curve_
    tol, patience = 3e-4, 2
    best, bad, expected = np.inf, 0, 0
    while bad <= patience:
        bad = bad + 1 if curve[expected] > best - tol else 0
        best = min(best, curve[expected])
        expected += 1
    model = ours("regression", tol=tol, n_iter_no_change=patience, **params)
    assert 3 < model.fit(X, y).n_iter_ == expected < 100
    assert model.best_loss_ == min(model.loss_curve_)


@pytest.mark.parametrize("solver", STEPWISE)
def test_the_curve_holds_losses_before_each_update(solver):
    # With one batch an epoch, the curve lags one step behind the weights.
    X, y = make_data("multiclass")
    params = {**SOLVERS[solver], **PATIENT, "batch_size": len(X), "alpha": 0.0}
    one = fit(ours("multiclass", max_iter=1, **params), X, y)
    two = fit(ours("multiclass", max_iter=2, **params), X, y)
    probability = one.predict_proba(X)[np.arange(len(y)), y]
    assert two.loss_curve_[1] == pytest.approx(-np.log(probability).mean())


def adaptive(learning_rate, **params):
    return ours(
        "regression",
        solver="sgd",
        momentum=0.0,
        learning_rate=learning_rate,
        learning_rate_init=0.1,
        **{**HOPELESS, "n_iter_no_change": 1, **params},
    )


def test_an_adaptive_rate_falls_by_five_until_it_is_too_small():
    X, y = make_data("regression")
    model = adaptive("adaptive")
    assert caught(model.fit, X, y) == []
    # 0.1 / 5 ** 8 is the first rate of at most 1e-6. The first epoch is a good one;
    # every two bad ones cut the rate, and two more end it.
    assert model.n_iter_ == 1 + 2 * 8 + 2


def test_an_adaptive_object_has_its_own_factor_and_end():
    X, y = make_data("regression")
    # A rate that has come to the least one, exactly, is not lowered again.
    model = adaptive(Adaptive(factor=2.0, min_rate=0.1 / 4))
    assert caught(model.fit, X, y) == []
    assert model.n_iter_ == 1 + 2 * 2 + 2


def test_an_adaptive_object_with_the_defaults_is_the_name():
    X, y = make_data("regression")
    named = fit(adaptive("adaptive", max_iter=12), X, y)
    given = fit(adaptive(Adaptive(), max_iter=12), X, y)
    assert_equal_fit(named, given)
    other = fit(adaptive(Adaptive(factor=2.0), max_iter=12), X, y)
    assert not np.allclose(other.coefs_[0], named.coefs_[0], rtol=1e-6)


def test_a_schedule_object_acts_with_adam_and_a_name_does_not():
    X, y = make_data("regression")
    params = {**HOPELESS, "n_iter_no_change": 1, "max_iter": 20}
    ends = {
        rate: fit(ours("regression", learning_rate=schedule, **params), X, y).n_iter_
        for rate, schedule in [("name", "adaptive"), ("object", Adaptive())]
    }
    assert ends["name"] == 3
    assert ends["object"] > 3


def test_a_callback_that_answers_true_ends_training_without_a_warning():
    X, y = make_data("multiclass")
    model = ours("multiclass", max_iter=50).set_callbacks(Watcher(answer=True, at=4))
    assert caught(model.fit, X, y) == []
    assert model.n_iter_ == 4
    assert_equal_fit(model, fit(ours("multiclass", max_iter=4), X, y))


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_verbose_prints_one_line_an_epoch(capsys, solver):
    X, y = make_data("regression")
    model = fit(ours("regression", solver=solver, verbose=True, max_iter=3), X, y)
    expected = [
        f"Iteration {epoch}, loss = {loss:.8f}"
        for epoch, loss in enumerate(model.loss_curve_, start=1)
    ]
    assert capsys.readouterr().out.splitlines() == expected


VERBOSE = {
    "loss": {},
    "score": {"early_stopping": True},
    "adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 1e-5,
    },
}


@pytest.mark.parametrize("params", VERBOSE.values(), ids=VERBOSE)
def test_verbose_output_is_that_of_scikit_learn(capsys, params):
    X, y = make_data("regression")
    params = {**HOPELESS, "n_iter_no_change": 1, "verbose": True, **params}
    printed = []
    for make in (ours, theirs):
        make("regression", **params).fit(X, y)
        printed.append(capsys.readouterr().out)
    assert "Stopping." in printed[0]
    assert printed[0] == printed[1]


@pytest.mark.parametrize("verbose", [False, 0])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_silence_is_the_default(capsys, solver, verbose):
    X, y = make_data("regression")
    model = ours("regression", solver=solver, verbose=verbose, early_stopping=True)
    fit(model, X, y)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


@pytest.mark.parametrize(
    ("batch_size", "steps"), [(1, 60), (7, 9), (16, 4), (60, 1), ("auto", 1)]
)
def test_steps_are_counted(batch_size, steps):
    X, y = make_data("regression")
    model = fit(ours("regression", batch_size=batch_size, max_iter=3), X, y)
    assert model.n_steps_ == 3 * steps
    model.partial_fit(X, y)
    assert model.n_steps_ == 4 * steps


def test_the_curve_is_the_mean_over_rows_also_with_an_uneven_last_batch():
    # At a rate this small the weights stand still: every batch sees the same ones.
    X, y = make_data("regression")
    params = {"learning_rate_init": 1e-12, "max_iter": 1, "alpha": 0.0}
    model = fit(ours("regression", batch_size=25, **params), X, y)
    loss = 0.5 * np.mean((model.predict(X) - y) ** 2)
    assert_allclose(model.loss_, loss, rtol=1e-8)
