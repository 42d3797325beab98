"""Stopping rules: each stops at the exact epoch, whatever else goes on."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from skbackprop.training import (
    LossBelow,
    MisclassifiedBelow,
    StoppingRule,
    TimeBudget,
    WeightChangeBelow,
    stopping,
)

from ..estimators._cases import (
    CLASSIFICATION,
    PATIENT,
    Watcher,
    assert_equal_fit,
    caught,
    fit,
    make_data,
    ours,
    parameters,
)

SOLVERS = {
    "adam": {"solver": "adam", "learning_rate_init": 0.02},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.05},
    "lbfgs": {"solver": "lbfgs"},
}
EPOCHS = 30


def build(task="multiclass", solver="adam", **params):
    settings = {**PATIENT, **SOLVERS[solver], "max_iter": EPOCHS, "tol": 1e-12}
    return ours(task, **{**settings, **params})


def watched(model, X, y, **arguments):
    """Fit, and return the model after each epoch."""
    watcher = Watcher()
    fit(clone(model).set_callbacks(watcher), X, y, **arguments)
    return watcher.epochs


def first(values, threshold):
    """Return the first epoch, counted from 1, whose value is at most a threshold."""
    return next(n for n, value in enumerate(values, 1) if value <= threshold)


# ------------------------------------------------------------------------- each rule


@pytest.mark.parametrize("solver", SOLVERS)
def test_training_stops_at_the_first_epoch_whose_loss_is_low_enough(solver):
    X, y = make_data("multiclass")
    curve = fit(build(solver=solver), X, y).loss_curve_
    for threshold in (curve[4], curve[4] - 1e-6):
        model = build(solver=solver, stopping=LossBelow(threshold))
        assert caught(model.fit, X, y) == []
        assert model.n_iter_ == first(curve, threshold) < EPOCHS
        assert model.loss_curve_ == curve[: model.n_iter_]


@pytest.mark.parametrize("solver", SOLVERS)
def test_training_stops_at_the_first_epoch_that_changes_little(solver):
    X, y = make_data("regression")
    thetas = [parameters(m) for m in watched(build("regression", solver), X, y)]
    changes = [
        sum((b - a) ** 2 for a, b in zip(before, after, strict=True)) ** 0.5
        / sum(a**2 for a in before) ** 0.5
        for before, after in pairwise(thetas)
    ]
    threshold = np.median(changes) * (1 + 1e-9)
    model = build("regression", solver, stopping=WeightChangeBelow(threshold))
    # The first change is that from the second epoch's parameters to the first's; what
    # the first epoch changed is larger, and not among them.
    assert caught(model.fit, X, y) == []
    assert model.n_iter_ == 1 + first(changes, threshold)


@pytest.mark.parametrize("task", CLASSIFICATION)
@pytest.mark.parametrize("solver", SOLVERS)
def test_training_stops_once_few_rows_are_misclassified(solver, task):
    X, y = make_data(task)
    wrong = [1 - m.score(X, y) for m in watched(build(task, solver), X, y)]
    threshold = min(wrong[:10])
    model = build(task, solver, stopping=MisclassifiedBelow(threshold))
    assert caught(model.fit, X, y) == []
    assert model.n_iter_ == first(wrong, threshold)


def test_rows_of_several_outputs_are_wrong_if_one_output_is():
    X, y = make_data("multiclass")
    two = np.column_stack([y, (X[:, 0] > 0).astype(int)])
    wrong = [1 - m.score(X, two) for m in watched(build(), X, two)]
    model = build(stopping=MisclassifiedBelow(wrong[7])).fit(X, two)
    assert model.n_iter_ == first(wrong, wrong[7] + 1e-12)


def test_weights_say_how_much_a_misclassified_row_counts():
    X, y = make_data("binary")
    weight = np.linspace(0.0, 2.0, len(y)) ** 3
    epochs = watched(build("binary"), X, y, sample_weight=weight)
    wrong = [1 - m.score(X, y, sample_weight=weight) for m in epochs]
    model = build("binary", stopping=MisclassifiedBelow(wrong[5]))
    model.fit(X, y, sample_weight=weight)
    assert model.n_iter_ == first(wrong, wrong[5] + 1e-12)
    assert 1 - model.score(X, y) > wrong[5] + 0.01


def test_held_out_rows_are_no_training_rows():
    X, y = make_data("binary")
    held_out = {"X_val": X[40:], "y_val": y[40:]}
    alone = fit(build("binary", stopping=MisclassifiedBelow(0.1)), X[:40], y[:40])
    model = build("binary", stopping=MisclassifiedBelow(0.1), early_stopping=True)
    fit(model, X[:40], y[:40], **held_out)
    assert len(model.loss_curve_) == alone.n_iter_
    # Split off by the fit itself, they do not count either: all others are right.
    model = build("binary", early_stopping=True, stopping="misclassified", alpha=0)
    model.set_params(max_iter=2000, hidden_layer_sizes=(50,), validation_fraction=0.4)
    flipped = y ^ (np.arange(len(y)) % 4 == 0)
    for weight in (None, np.linspace(1.0, 2.0, len(y))):
        model.fit(X, flipped, sample_weight=weight)
        assert model.stopped_by_ == "MisclassifiedBelow()"


def test_training_stops_after_the_epoch_in_which_time_is_over(monkeypatch):
    X, y = make_data("regression")
    times = iter(np.arange(100.0))
    monkeypatch.setattr(stopping, "perf_counter", lambda: next(times))
    model = build("regression", stopping=TimeBudget(seconds=7)).fit(X, y)
    # The clock is read once at the start, and then after each epoch.
    assert model.n_iter_ == 7


class Halved(StoppingRule):
    """A rule of a user's: the loss is half of the first."""

    def bind(self, view):
        curve = view.history.loss_curve
        return lambda: curve[-1] <= curve[0] / 2


def test_a_rule_of_ones_own_sees_the_curves():
    X, y = make_data("multiclass")
    curve = fit(build(), X, y).loss_curve_
    assert build(stopping=Halved()).fit(X, y).n_iter_ == first(curve, curve[0] / 2)


# ------------------------------------------------------------- names, lists and errors


def test_each_rule_is_found_by_its_name():
    names = {"loss", "weight_change", "misclassified", "time"}
    assert names <= StoppingRule.members().keys()
    X, y = make_data("binary")
    for name in names:
        fit(build("binary", max_iter=2, stopping=name), X, y)


def test_of_several_rules_the_first_that_is_met_stops():
    X, y = make_data("multiclass")
    curve = fit(build(), X, y).loss_curve_
    rules = [LossBelow(curve[20]), "time", LossBelow(curve[6])]
    model = build(stopping=rules).fit(X, y)
    assert model.n_iter_ == 7
    assert model.stopped_by_ == repr(rules[2])


def test_an_empty_list_is_no_rule():
    X, y = make_data("binary")
    model = fit(build("binary", stopping=[], max_iter=3), X, y)
    assert model.stopped_by_ == "max_iter"


@pytest.mark.parametrize("rule", ["misclassified", [TimeBudget(), "misclassified"]])
def test_a_regressor_has_nothing_to_misclassify(rule):
    X, y = make_data("regression")
    with pytest.raises(ValueError, match=r"MisclassifiedBelow\(\) is for classifiers"):
        build("regression", stopping=rule).fit(X, y)


BAD = {
    "no name": ("lost", "stopping"),
    "a number": (0.1, "stopping"),
    "no name in a list": (["loss", "lost"], "not a StoppingRule"),
    "a negative change": (WeightChangeBelow(-1.0), "threshold"),
    "a share above one": (MisclassifiedBelow(1.5), "threshold"),
    "no time": (TimeBudget(0), "seconds"),
    "a loss that is no number": (LossBelow(float("nan")), "threshold"),
}


@pytest.mark.parametrize(("value", "message"), BAD.values(), ids=BAD)
def test_what_is_no_rule_is_refused(value, message):
    X, y = make_data("binary")
    with pytest.raises(ValueError, match=message):
        build("binary", stopping=value).fit(X, y)


# --------------------------------------------------------------- with everything else


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_fit_that_is_stopped_is_one_of_fewer_epochs(solver):
    X, y = make_data("multiclass")
    rules = ["weight_change", LossBelow(0.7), "misclassified", "time"]
    stopped = build(solver=solver, stopping=rules).fit(X, y)
    assert 1 < stopped.n_iter_ < EPOCHS
    shorter = fit(build(solver=solver, max_iter=stopped.n_iter_), X, y)
    assert_array_equal(parameters(stopped), parameters(shorter))


def test_single_precision_stays_single():
    X, y = make_data("binary")
    rules = ["weight_change", "misclassified", "loss"]
    model = fit(build("binary", stopping=rules), X.astype(np.float32), y)
    assert {c.dtype for c in model.coefs_} == {np.dtype(np.float32)}


def test_nothing_is_computed_that_no_rule_asks_for(monkeypatch):
    X, y = make_data("binary")
    monkeypatch.delattr(stopping, "Evaluation")
    rules = ["loss", "weight_change", "time"]
    fit(build("binary", max_iter=2, stopping=rules), X, y)
    with pytest.raises(NameError):
        build("binary", max_iter=2, stopping="misclassified").fit(X, y)


@pytest.mark.parametrize("solver", SOLVERS)
def test_early_stopping_puts_the_best_weights_back_all_the_same(solver):
    X, y = make_data("regression")
    held_out = {"X_val": -X[:20], "y_val": y[:20]}
    model = build("regression", solver, early_stopping=True)
    scores, curve = fit(model, X, y, **held_out).validation_scores_, model.loss_curve_
    model.set_params(stopping=LossBelow(curve[12])).fit(X, y, **held_out)
    assert model.n_iter_ == first(curve, curve[12]) > 1
    assert model.stopped_by_.startswith("LossBelow")
    best = int(np.argmax(scores[: model.n_iter_]))
    assert best < model.n_iter_ - 1
    assert model.score(held_out["X_val"], held_out["y_val"]) == scores[best]


def test_each_call_of_partial_fit_is_judged_and_goes_on():
    X, y = make_data("multiclass")
    free, ruled = build(), build(stopping=LossBelow(0.9))
    told = []
    for _ in range(EPOCHS):
        for model in (free, ruled):
            model.partial_fit(X, y, classes=[0, 1, 2])
        told.append(ruled.stopped_by_)
        assert free.stopped_by_ is None
    assert_array_equal(parameters(free), parameters(ruled))
    expected = [
        "LossBelow(threshold=0.9)" if loss <= 0.9 else None for loss in free.loss_curve_
    ]
    assert told == expected
    assert {*told} == {None, "LossBelow(threshold=0.9)"}


def test_partial_fit_measures_the_change_of_its_own_epoch():
    X, y = make_data("binary")
    model = build("binary", stopping="weight_change").partial_fit(X, y, classes=[0, 1])
    assert model.stopped_by_ is None
    # At this rate nothing moves, however far the parameters are from their start.
    model.set_params(learning_rate_init=1e-9).partial_fit(X, y)
    assert model.stopped_by_ == "WeightChangeBelow()"


def test_a_warm_start_is_judged_from_its_first_epoch():
    X, y = make_data("multiclass")
    model = build(stopping=LossBelow(0.8), warm_start=True).fit(X, y)
    assert model.n_iter_ > 1
    assert model.fit(X, y).n_iter_ == 1
    assert model.loss_curve_[-1] <= 0.8


def test_verbose_tells_which_rule_stops(capsys):
    X, y = make_data("multiclass")
    build(stopping=["time", LossBelow(0.9)], verbose=True).fit(X, y)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "LossBelow(threshold=0.9) says to stop. Stopping."


def test_rules_can_be_searched():
    X, y = make_data("binary")
    model = build("binary", stopping=LossBelow())
    grid = {"stopping__threshold": [0.4, 0.6]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_estimator_.stopping.threshold in (0.4, 0.6)
    ends = [
        fit(clone(model).set_params(stopping__threshold=t), X, y).n_iter_
        for t in (0.4, 0.6)
    ]
    assert ends[0] > ends[1]


@pytest.mark.parametrize("rule", [LossBelow(0.5), TimeBudget(3), WeightChangeBelow()])
def test_rules_are_cloned_compared_and_pickled(rule):
    assert clone(rule) == rule == pickle.loads(pickle.dumps(rule))
    X, y = make_data("binary")
    model = fit(build("binary", max_iter=2, stopping=rule), X, y)
    again = pickle.loads(pickle.dumps(model))
    assert (again.stopping, again.stopped_by_) == (rule, model.stopped_by_)


# --------------------------------------------------------------------------- who did it


def interrupt():
    raise KeyboardInterrupt


HOPELESS = {"tol": 1e3, "n_iter_no_change": 1}
STEEP = {"solver": "sgd", "learning_rate_init": 1e6}
ENDS = {
    "the budget": ({}, "max_iter"),
    "patience": (HOPELESS, "tol"),
    "patience with validation data": (
        {**HOPELESS, "early_stopping": True},
        "early_stopping",
    ),
    "patience at the last rate": (
        {**HOPELESS, "solver": "sgd", "learning_rate": "adaptive", "max_iter": 200},
        "tol",
    ),
    "a lowered rate is no end": (
        {**HOPELESS, "solver": "sgd", "learning_rate": "adaptive", "max_iter": 3},
        "max_iter",
    ),
    "a small gradient": ({"solver": "lbfgs", "tol": 10.0}, "tol"),
    "too many evaluations": (
        {"solver": "lbfgs", "max_fun": 3, "tol": 1e-12},
        "solver",
    ),
    "a rule": ({"stopping": "time"}, "max_iter"),
    "divergence": (STEEP, "diverged"),
    "a rule that goes before patience": (
        {**HOPELESS, "stopping": LossBelow(100.0)},
        "LossBelow(threshold=100.0)",
    ),
}


@pytest.mark.parametrize(("params", "expected"), ENDS.values(), ids=ENDS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_model_says_what_stopped_it(params, expected):
    X, y = make_data("regression")
    model = ours("regression", **{"max_iter": 5, **PATIENT, **params}).fit(X, y)
    assert model.stopped_by_ == expected


def test_a_callback_that_stops_is_named_as_such():
    X, y = make_data("binary")
    model = build("binary", stopping=LossBelow(100.0))
    model.set_callbacks(Watcher(answer=True, at=1)).fit(X, y)
    assert model.stopped_by_ == "callback"


def test_an_interrupted_model_says_so():
    X, y = make_data("binary")
    watcher = Watcher(at=3, error=KeyboardInterrupt())
    model = build("binary").set_callbacks(watcher)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert (model.stopped_by_, model.n_iter_) == ("interrupted", 3)
    assert [m.stopped_by_ for m in watcher.epochs] == [None] * 3


def test_stopping_by_a_rule_at_the_last_epoch_is_no_lack_of_convergence():
    X, y = make_data("multiclass")
    curve = fit(build(), X, y).loss_curve_
    model = build(max_iter=5, stopping=LossBelow(curve[4]))
    assert caught(model.fit, X, y) == []
    model.set_params(max_iter=4)
    ((category, _),) = caught(model.fit, X, y)
    assert category is ConvergenceWarning


def test_a_fit_without_rules_is_as_before():
    X, y = make_data("multiclass")
    assert_equal_fit(fit(build(stopping=None), X, y), fit(build(), X, y))
