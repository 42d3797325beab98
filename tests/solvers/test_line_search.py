"""Line searches along functions of one number, whose minima are known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skbackprop.solvers.function import Point
from skbackprop.solvers.line_search import backtracking, strong_wolfe

from ._curves import CURVES, DOWN


class Curve:
    """A function of one number, in the place of an objective."""

    eps = float(np.finfo(float).eps)

    def __init__(self, value, slope):
        self.value, self.slope, self.n_trials = value, slope, 0

    def at(self, x):
        self.n_trials += 1
        with np.errstate(all="ignore"):
            value, slope = self.value(x[0]), self.slope(x[0])
        return Point(x, float(value), np.array([slope]), 0.0)

    def is_rounding(self, point, decrease):
        return not decrease > self.eps * abs(point.value)


@pytest.mark.parametrize("step", [1e-3, 1.0, 50.0])
@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("search", [backtracking, strong_wolfe])
def test_it_ends_lower_by_a_share_of_what_the_slope_promises(search, name, step):
    curve = Curve(*CURVES[name])
    start = curve.at(np.zeros(1))
    found = search(curve, start, DOWN, step)
    assert found.value <= start.value + 1e-4 * found.x[0] * start.gradient[0]
    assert curve.n_trials < 25


@pytest.mark.parametrize("step", [1e-3, 1.0, 50.0])
@pytest.mark.parametrize("name", CURVES)
def test_under_the_conditions_of_wolfe_the_slope_has_flattened(name, step):
    curve = Curve(*CURVES[name])
    start = curve.at(np.zeros(1))
    found = strong_wolfe(curve, start, DOWN, step)
    assert abs(found.gradient[0]) <= 0.9 * abs(start.gradient[0])


@pytest.mark.parametrize("search", [backtracking, strong_wolfe])
def test_a_step_that_is_good_at_once_takes_one_trial(search):
    curve = Curve(*CURVES["parabola"])
    found = search(curve, curve.at(np.zeros(1)), DOWN, 0.9)
    assert_allclose(found.x, 0.9)
    assert curve.n_trials == 2


@pytest.mark.parametrize("search", [backtracking, strong_wolfe])
def test_where_nothing_is_lower_there_is_no_point(search):
    rising = Curve(abs, lambda x: -1.0)  # its slope is a lie
    assert search(rising, rising.at(np.zeros(1)), DOWN, 1.0) is None


def test_it_may_rise_up_to_a_ceiling():
    curve = Curve(*CURVES["parabola"])
    start = curve.at(np.array([0.9]))
    assert backtracking(curve, start, DOWN, 0.5, ceiling=1.0).value > start.value
    assert backtracking(curve, start, DOWN, 0.5).value < start.value
