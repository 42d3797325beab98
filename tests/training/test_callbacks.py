"""The bridge to callbacks: a fit is a task, each epoch a task in it, all are closed."""

import pytest

from skbackprop.training.callbacks import FitCallbacks, NoCallbacks

X, Y, WEIGHTS = object(), object(), {"sample_weight": [1.0]}


class Task:
    """A context that writes down its calls in a list that all tasks share."""

    def __init__(self, calls, name="fit", stop=False):
        self.calls, self.name, self.stop = calls, name, stop

    def subcontext(self, task_name):
        return Task(self.calls, task_name, self.stop)

    def call_on_fit_task_begin(self, **given):
        self.calls.append((self.name, "begin", given))

    def call_on_fit_task_end(self, **given):
        self.calls.append((self.name, "end", given))
        return self.stop


class Estimator:
    """What the bridge asks of an estimator."""

    def __init__(self, stop=False):
        self.calls, self.stop = [], stop

    def _init_callback_context(self, max_subtasks):
        self.max_subtasks = max_subtasks
        return Task(self.calls, stop=self.stop)


def make(stop=False):
    estimator = Estimator(stop)
    bridge = FitCallbacks(estimator, 9, X, Y, WEIGHTS, lambda: {"n_iter_": 1})
    return bridge, estimator


def order(estimator):
    return [f"{name} {event}" for name, event, _ in estimator.calls]


def test_tasks_are_opened_and_closed_in_order():
    bridge, estimator = make()
    for _ in range(2):
        bridge.begin_epoch()
        bridge.end_epoch()
    bridge.close()
    epoch = ["epoch begin", "epoch end"]
    assert order(estimator) == ["fit begin", *epoch, *epoch, "fit end"]
    assert estimator.max_subtasks == 9


def test_an_epoch_that_was_cut_short_is_closed_with_the_fit():
    bridge, estimator = make()
    bridge.begin_epoch()
    bridge.close()
    assert order(estimator) == ["fit begin", "epoch begin", "epoch end", "fit end"]


def test_a_fit_without_an_epoch_is_closed():
    bridge, estimator = make()
    bridge.close()
    assert order(estimator) == ["fit begin", "fit end"]


@pytest.mark.parametrize("stop", [False, True])
def test_the_answer_of_the_callbacks_is_handed_on(stop):
    bridge, _ = make(stop)
    bridge.begin_epoch()
    assert bridge.end_epoch() is stop


def test_tasks_are_told_what_the_fit_was_given():
    bridge, estimator = make()
    bridge.begin_epoch()
    bridge.end_epoch()
    for _, _, given in estimator.calls:
        assert given["estimator"] is estimator
        assert given["X"] is X
        assert given["y"] is Y
        assert given["metadata"] == WEIGHTS


def test_epochs_offer_the_fitted_attributes_of_the_moment():
    bridge, estimator = make()
    bridge.begin_epoch()
    bridge.end_epoch()
    for name, _, given in estimator.calls:
        if name == "epoch":
            assert given["reconstruction_attributes"]() == {"n_iter_": 1}


def test_where_nobody_listens_nothing_stops():
    nobody = NoCallbacks()
    nobody.begin_epoch()
    assert nobody.end_epoch() is False
    nobody.close()
