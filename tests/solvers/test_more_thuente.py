"""The line search of Moré and Thuente, on the functions of their paper and others."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skbackprop.solvers.function import Point
from skbackprop.solvers.more_thuente import more_thuente

from ._curves import CURVES as COMMON
from ._curves import DOWN


class Curve:
    """A function of one number and its slope, which keeps trials."""

    def __init__(self, value, slope):
        self.value, self.slope, self.trials = value, slope, []

    def at(self, x):
        self.trials.append(float(x[0]))
        with np.errstate(all="ignore"):
            value, slope = self.value(x[0]), self.slope(x[0])
        return Point(x, float(value), np.array([slope]), 0.0)

    def search(self, step):
        start = self.at(np.zeros(1))
        return start, more_thuente(self.at, start, DOWN, step)


# And two functions of the paper, with slopes by hand.
CURVES = COMMON | {
    "flat beyond": (
        lambda a: -a / (a**2 + 2),
        lambda a: (a**2 - 2) / (a**2 + 2) ** 2,
    ),
    "narrow": (
        lambda a: (a + 0.004) ** 5 - 2 * (a + 0.004) ** 4,
        lambda a: 5 * (a + 0.004) ** 4 - 8 * (a + 0.004) ** 3,
    ),
}


STEPS = pytest.mark.parametrize("step", [1e-3, 0.1, 1.0, 10.0, 1e3])


@STEPS
@pytest.mark.parametrize("name", CURVES)
def test_it_falls_by_a_share_of_what_the_slope_promises(name, step):
    curve = Curve(*CURVES[name])
    start, found = curve.search(step)
    assert found.value <= start.value + 1e-3 * found.x[0] * start.gradient[0]
    assert len(curve.trials) <= 15


# Beside narrow valleys it ends as soon as it has them to a tenth.
@STEPS
@pytest.mark.parametrize("name", sorted(CURVES.keys() - {"narrow", "waves"}))
def test_the_slope_has_flattened(name, step):
    start, found = Curve(*CURVES[name]).search(step)
    assert abs(found.gradient[0]) <= 0.9 * abs(start.gradient[0])


@STEPS
def test_a_narrow_valley_is_found_to_a_tenth(step):
    curve = Curve(*CURVES["narrow"])
    assert_allclose(curve.search(step)[1].x, 1.6 - 0.004, rtol=0.1)


def test_a_step_that_is_good_at_once_takes_one_trial():
    curve = Curve(*CURVES["parabola"])
    assert_allclose(curve.search(0.9)[1].x, 0.9)
    assert_allclose(curve.trials, [0, 0.9])


def test_beyond_the_minimum_it_goes_to_that_of_a_cubic():
    curve = Curve(*CURVES["parabola"])
    curve.search(2.5)
    assert_allclose(curve.trials, [0, 2.5, 1.0])


def test_far_from_the_minimum_it_goes_on_four_times_as_far():
    curve = Curve(*CURVES["parabola"])
    curve.search(0.01)
    assert_allclose(curve.trials, [0, 0.01, 0.05, 0.21])


LIES = {
    "rises": abs,
    "flat": lambda x: 0.0,
    "not a number": lambda x: np.nan if x else 0.0,
}


@pytest.mark.parametrize("value", LIES.values(), ids=LIES)
def test_where_nothing_is_lower_there_is_no_point(value):
    curve = Curve(value, lambda x: -1.0)  # its slope is a lie
    assert curve.search(1.0)[1] is None
    assert len(curve.trials) <= 21


def test_where_no_step_is_flat_enough_it_ends_at_the_lowest():
    corner = Curve(lambda x: abs(x - 1), lambda x: -1.0 if x < 1 else 1.0)
    found = corner.search(3.0)[1]
    assert 0 <= found.value < 1
    assert found.value == pytest.approx(0.0, abs=0.2)


def test_a_line_that_falls_for_ever_ends_somewhere():
    line = Curve(lambda x: -x, lambda x: -1.0)
    found = line.search(1.0)[1]
    assert np.isfinite(found.value)
    assert found.value < -1e3
