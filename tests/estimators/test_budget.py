"""The end of the budget: a surprise, or just as planned."""

import warnings

import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropClassifier
from skbackprop.averaging import Mean
from skbackprop.schedules import Cosine, OneCycle, Polynomial, Warmup

X, Y = load_iris(return_X_y=True)


def model(**settings):
    return BackpropClassifier((4,), max_iter=3, random_state=0, **settings)


@pytest.mark.parametrize(
    "schedule",
    [Cosine(), OneCycle(), Polynomial(), Warmup(1, Cosine())],
    ids=lambda schedule: repr(schedule),
)
def test_a_schedule_planned_for_all_epochs_ends_without_a_warning(schedule):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = model(learning_rate=schedule).fit(X, Y)
    assert fitted.stopped_by_ == "max_iter"


@pytest.mark.parametrize("rate", ["constant", "step", "cosine_restarts", Warmup(1)])
def test_any_other_one_warns(rate):
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        model(learning_rate=rate).fit(X, Y)


def test_warm_up_goes_before_a_function_too():
    def halved(epoch):
        return 0.1 * 0.5**epoch

    fitted = model(learning_rate=Warmup(1, halved, start_factor=0.5))
    with pytest.warns(ConvergenceWarning):
        fitted.fit(X, Y)
    assert fitted.learning_rate_curve_ == pytest.approx([0.05, 0.1, 0.05])


def test_an_average_that_never_began_is_told_of():
    late = model(averaging=Mean(start=10), learning_rate="cosine")
    with pytest.warns(ConvergenceWarning, match="began to average"):
        late.fit(X, Y)


def test_a_schedule_has_nothing_to_do_with_a_solver_of_all_rows():
    with pytest.raises(ValueError, match="learning_rate acts on single steps"):
        model(solver="lbfgs", learning_rate=Cosine()).fit(X, Y)
