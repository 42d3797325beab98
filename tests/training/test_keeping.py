"""Who keeps the state of a fit, and what the parts of a fit tell of themselves."""

from types import SimpleNamespace

import numpy as np
import pytest

from skbackprop.training.callbacks import FitCallbacks, NoCallbacks
from skbackprop.training.keeping import (
    Beginning,
    KeepingCallback,
    NoKeeper,
    keeper_for,
)
from skbackprop.training.monitor import History, Patience, TrainingMonitor
from skbackprop.training.stopping import FitView, Stopper, StoppingRule, TimeBudget


class Mine(KeepingCallback):
    """A callback that hands out itself."""

    def keeper(self, beginning):
        """Return itself."""
        return self


def beginning(*callbacks, incremental=False):
    estimator = SimpleNamespace(_skl_callbacks=[*callbacks])
    given = SimpleNamespace(incremental=incremental)
    return Beginning(estimator, None, None, given, np.random.RandomState(0), False)


def test_nobody_keeps_anything_unless_asked_to():
    assert isinstance(keeper_for(beginning(object())), NoKeeper)
    assert isinstance(keeper_for(beginning(Mine(), incremental=True)), NoKeeper)


def test_the_callback_of_this_kind_says_who_does():
    mine = Mine()
    assert keeper_for(beginning(object(), mine)) is mine
    with pytest.raises(ValueError, match="enough"):
        keeper_for(beginning(mine, Mine()))


def test_without_a_keeper_all_stays_as_it_is():
    keeper, rng, callbacks = NoKeeper(), np.random.RandomState(0), NoCallbacks()
    assert keeper.rewound(rng) is rng
    assert keeper.around(callbacks) is callbacks


def monitor(patience=None):
    theta = np.zeros(2)
    return TrainingMonitor(
        theta, History(), patience, None, NoCallbacks(), False, n_seen=0, n_rows=10
    )


def test_a_monitor_goes_on_where_another_was():
    one, other = (monitor(Patience(0.1, 5)) for _ in range(2))
    for loss in (3.0, 1.0, 1.05):
        one.end_epoch(loss, 0.1)
    one.best_theta = np.ones(2)
    curve = other.history.loss_curve
    other.recall(one.told())
    assert other.history.loss_curve is curve
    assert curve == [3.0, 1.0, 1.05]
    assert (other.n_iter, other.n_seen, other.patience) == (
        3,
        30,
        Patience(0.1, 5, 1.0, 1),
    )
    assert one.end_epoch(1.0) == other.end_epoch(1.0)
    np.testing.assert_equal(other.told(), one.told())


def test_a_monitor_without_patience_stays_without():
    one, other = monitor(), monitor(Patience(0.1, 5))
    other.recall(one.told())
    assert other.patience is None


class Third(StoppingRule, name="third_time"):
    """Stops at the third time of asking."""

    def bind(self, view):
        """Count in the memory."""
        memory = view.memory

        def judge():
            memory["n"] = memory.get("n", 0) + 1
            return memory["n"] == 3

        return judge


def view(**more):
    return FitView(None, None, None, np.zeros(1), History(), **more)


def test_each_rule_has_a_memory_of_its_own():
    first = Stopper([Third(), Third()], view())
    assert first.verdict() is first.verdict() is None
    assert first.memories == [{"n": 2}, {"n": 2}]
    again = Stopper([Third(), Third()], view(), [{"n": 2}, {}])
    assert again.verdict() == "Third()"
    assert again.memories == [{"n": 3}, {"n": 1}]


def test_time_that_was_spent_before_counts():
    assert TimeBudget(1000.0).bind(view(seconds=1001.0))()
    assert not TimeBudget(1000.0).bind(view(seconds=1.0))()


def test_epochs_that_were_done_before_keep_their_numbers():
    class Context:
        """Counts the tasks in it."""

        def __init__(self):
            self.names = []

        def subcontext(self, task_name):
            """Count."""
            self.names.append(task_name)
            return Context()

        def call_on_fit_task_begin(self, **_):
            """Do nothing."""

    root = Context()
    estimator = SimpleNamespace(_init_callback_context=lambda max_subtasks: root)
    callbacks = FitCallbacks(estimator, 10, None, None, {}, dict)
    callbacks.skip(3)
    callbacks.begin_epoch()
    assert root.names == ["epoch"] * 4
