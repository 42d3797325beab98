"""The monitor: curves, patience, the best parameters, and what is said and asked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skbackprop.solvers import Verdict
from skbackprop.training.callbacks import NoCallbacks
from skbackprop.training.monitor import History, Patience, TrainingMonitor

VALUES = st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 0.5, 0.95, 1.0, 1.1, 2.0])


@given(st.lists(VALUES), st.sampled_from([0.0, 0.1]), st.integers(0, 3))
def test_patience_counts_what_does_not_fall_by_the_tolerance(values, tol, bearable):
    patience, bad = Patience(tol, bearable), 0
    for at, value in enumerate(values):
        lowest = np.fmin.reduce([np.inf, *values[:at]])
        bad = 0 if value <= lowest - tol else bad + 1
        assert patience.sees(value) is bool(value < lowest)
        assert (patience.count, patience.is_spent) == (bad, bad > bearable)
        assert patience.best == np.fmin(lowest, value)


def test_patience_without_end_is_never_spent():
    patience = Patience(0.0, np.inf)
    for _ in range(1000):
        patience.sees(1.0)
    assert not patience.is_spent


class Scores:
    """A checker that answers from a list, and moves the parameters on."""

    def __init__(self, scores, theta):
        self.scores, self.theta = list(scores), theta

    def check(self):
        self.theta += 1.0
        score = self.scores.pop(0)
        return score, 10.0 - score


class Listener(NoCallbacks):
    """Callbacks that ask to stop after some epochs."""

    def __init__(self, stop_after=None):
        self.events, self.stop_after = [], stop_after

    def begin_epoch(self):
        self.events.append("begin")

    def end_epoch(self):
        self.events.append("end")
        return self.events.count("end") == self.stop_after


def make(scores=None, patience=None, callbacks=None, verbose=False):
    theta = np.zeros(2)
    checker = None if scores is None else Scores(scores, theta)
    callbacks = callbacks or NoCallbacks()
    return TrainingMonitor(
        theta, History(), patience, checker, callbacks, verbose, n_seen=100, n_rows=7
    )


def judge(monitor, losses):
    verdicts = []
    for loss in losses:
        monitor.begin_epoch()
        verdicts.append(monitor.end_epoch(loss))
    return verdicts


def test_epochs_and_rows_are_counted_and_losses_kept():
    monitor = make()
    assert judge(monitor, [3.0, 2.0, 2.5]) == [Verdict.GO_ON] * 3
    assert monitor.history.loss_curve == [3.0, 2.0, 2.5]
    assert (monitor.n_iter, monitor.n_seen) == (3, 100 + 3 * 7)


def test_curves_of_an_earlier_fit_go_on():
    monitor = make()
    monitor.history.loss_curve.append(9.0)
    judge(monitor, [3.0])
    assert monitor.history.loss_curve == [9.0, 3.0]


def test_a_plateau_of_the_loss_is_seen_where_there_is_no_validation_data():
    verdicts = judge(make(patience=Patience(0.0, 1)), [3.0, 3.5, 3.5, 3.5])
    assert verdicts == [Verdict.GO_ON] * 2 + [Verdict.PLATEAU] * 2


def test_with_validation_data_only_its_score_counts():
    monitor = make([0.5, 0.6, 0.6, 0.55], Patience(0.01, 1))
    verdicts = judge(monitor, [3.0, 2.0, 1.0, 0.0])
    assert verdicts == [Verdict.GO_ON] * 3 + [Verdict.PLATEAU]
    assert monitor.history.validation_scores == [0.5, 0.6, 0.6, 0.55]
    assert monitor.history.validation_loss_curve == [9.5, 9.4, 9.4, 9.45]


def test_the_parameters_of_the_best_score_are_kept():
    monitor = make([0.5, 0.7, 0.6, 0.7], Patience(0.5, 99))
    judge(monitor, [1.0] * 4)
    assert_array_equal(monitor.best_theta, 2.0)
    assert_array_equal(monitor.theta, 4.0)


def test_a_score_that_is_no_number_is_never_the_best():
    monitor = make([np.nan, 0.5, np.nan], Patience(0.0, 0))
    assert judge(monitor, [1.0] * 3)[2] is Verdict.PLATEAU
    assert_array_equal(monitor.best_theta, 2.0)


@pytest.mark.parametrize(("later", "best"), [(0.6, 1.0), (0.8, 2.0)])
def test_a_start_that_is_held_has_to_be_beaten(later, best):
    monitor = make([0.7, later], Patience(0.0, 9))
    monitor.keep_start()
    judge(monitor, [1.0])
    assert_array_equal(monitor.best_theta, best)
    assert monitor.history.validation_scores == [later]


def test_without_validation_data_there_is_no_start_to_hold():
    monitor = make(patience=Patience(0.0, 9))
    monitor.keep_start()
    judge(monitor, [1.0])
    assert monitor.best_theta is None


def test_without_patience_validation_data_are_recorded_only():
    monitor = make([0.5, 0.4, 0.3])
    assert judge(monitor, [1.0] * 3) == [Verdict.GO_ON] * 3
    assert monitor.history.validation_scores == [0.5, 0.4, 0.3]


def test_callbacks_hear_of_epochs_and_may_stop():
    callbacks = Listener(stop_after=2)
    verdicts = judge(make(callbacks=callbacks), [1.0, 1.0])
    assert verdicts == [Verdict.GO_ON, Verdict.STOP]
    assert callbacks.events == ["begin", "end"] * 2


def test_a_callback_that_stops_goes_before_a_plateau():
    monitor = make(patience=Patience(0.0, 0), callbacks=Listener(stop_after=2))
    assert judge(monitor, [1.0, 1.0])[1] is Verdict.STOP


@pytest.mark.parametrize("rate", [None, 0.02])
def test_patience_begins_anew_after_a_plateau(rate):
    monitor = make(patience=Patience(0.1, 1))
    assert judge(monitor, [1.0] * 3)[-1] is Verdict.PLATEAU
    monitor.on_plateau(rate)
    assert judge(monitor, [1.0] * 2) == [Verdict.GO_ON, Verdict.PLATEAU]


def test_nothing_is_printed_unless_asked_for(capsys):
    judge(make([0.5], Patience(0.0, 9)), [1.0])
    assert capsys.readouterr().out == ""


def test_what_is_printed_is_what_scikit_learn_prints(capsys):
    monitor = make([0.5], Patience(1e-4, 10), verbose=True)
    judge(monitor, [0.25])
    monitor.on_plateau(None)
    assert capsys.readouterr().out == (
        "Iteration 1, loss = 0.25000000\n"
        "Validation score: 0.500000\n"
        "Validation score did not improve more than tol=0.000100 for 10 consecutive "
        "epochs. Stopping.\n"
    )
    monitor = make(patience=Patience(1e-4, 10), verbose=True)
    monitor.on_plateau(0.02)
    monitor.on_plateau(None, "Learning rate too small. Stopping.")
    lowered, stopped = capsys.readouterr().out.splitlines()
    assert lowered.startswith("Training loss did not improve more than tol=0.000100")
    assert lowered.endswith("epochs. Setting learning rate to 0.020000")
    assert stopped.endswith("epochs. Learning rate too small. Stopping.")
