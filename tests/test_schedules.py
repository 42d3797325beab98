"""Schedules: the rate from epoch to epoch, and what a plateau does to it."""

import pytest
from numpy.testing import assert_allclose

from skbackprop.core.spec import resolve
from skbackprop.schedules import Adaptive, Constant, InverseScaling, Schedule

ROWS = 100


def course(schedule, initial, n_epochs):
    """The rates of some epochs without a plateau."""
    rates = [initial]
    for epoch in range(1, n_epochs):
        rates.append(schedule.after_epoch(rates[-1], initial, epoch * ROWS))
    return rates


COURSES = {
    "constant": (Constant(), [0.1, 0.1, 0.1]),
    "inverse root": (InverseScaling(0.5), [0.1, 0.1 / 101**0.5, 0.1 / 201**0.5]),
    "inverse": (InverseScaling(1.0), [0.1, 0.1 / 101, 0.1 / 201]),
    "power zero": (InverseScaling(0.0), [0.1, 0.1, 0.1]),
    "adaptive": (Adaptive(), [0.1, 0.1, 0.1]),
}
BAD = [
    InverseScaling(-0.1),
    Adaptive(factor=1.0),
    Adaptive(min_rate=0.0),
    Adaptive(factor="five"),
]


@pytest.mark.parametrize(("schedule", "rates"), COURSES.values(), ids=COURSES)
def test_the_course_of_the_rate(schedule, rates):
    assert_allclose(course(schedule, 0.1, 3), rates)


@pytest.mark.parametrize("name", Schedule.members())
def test_a_rate_stays_above_zero_and_is_a_plain_number(name):
    # A NumPy scalar would turn float32 into float64.
    rates = course(Schedule.members()[name](), 0.1, 50)
    assert all(type(rate) is float and 0 < rate <= 0.1 for rate in rates)


@pytest.mark.parametrize("schedule", [Constant(), InverseScaling()])
def test_a_plateau_ends_training(schedule):
    assert schedule.on_plateau(0.1) is None
    assert schedule.farewell == "Stopping."


def test_a_plateau_lowers_the_adaptive_rate_until_it_is_small():
    rates = [0.1]
    while (lowered := Adaptive(factor=10.0, min_rate=1e-3).on_plateau(rates[-1])) and (
        len(rates) < 10
    ):
        rates.append(lowered)
    assert_allclose(rates[:2], [0.1, 0.01])
    assert rates[-2] > 1e-3 >= rates[-1] * (1 - 1e-12)
    assert "too small" in Adaptive.farewell


@pytest.mark.parametrize("schedule", BAD, ids=repr)
def test_settings_out_of_range_are_refused(schedule):
    with pytest.raises(ValueError, match=f"parameter of {type(schedule).__name__}"):
        resolve(Schedule, schedule)
