"""L-BFGS in the precision of its vectors, beside SciPy's driver and known minima."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize, rosen, rosen_der

from skbackprop.solvers.limited_memory import (
    CONVERGED,
    SPENT,
    STOPPED,
    STUCK,
    Limits,
    minimize_limited_memory,
)

SCALES = np.geomspace(0.1, 10.0, 12)


def quadratic(x):
    return 0.5 * float(SCALES @ (x - 1.0) ** 2), (SCALES * (x - 1.0)).astype(x.dtype)


def rosenbrock(x):
    return float(rosen(x.astype(float))), rosen_der(x.astype(float)).astype(x.dtype)


def wall(x):
    """Fall to a minimum at 0.8 of each number, before a wall at 1."""
    with np.errstate(all="ignore"):
        return float((-np.log(1 - x) - 5 * x).sum()), 1 / (1 - x) - 5


class Walk:
    """A run, with each evaluation and each point that it goes to."""

    def __init__(self, function, start, dtype=np.float32, ends_at=None, **limits):
        self.function, self.ends_at = function, ends_at
        self.trials, self.points, self.values = [], [], []
        defaults = {
            "maxcor": 10,
            "maxfun": 10**4,
            "maxiter": 10**3,
            "gtol": 1e-3,
            "ftol": 1e-7,
        }
        self.result = minimize_limited_memory(
            self.evaluate,
            np.array(start, dtype),
            Limits(**defaults | limits),
            self.hear,
        )

    def evaluate(self, x):
        self.trials.append(x.copy())
        return self.function(x)

    def hear(self, result):
        self.points.append(result.x.copy())
        self.values.append(result.fun)
        if len(self.points) == self.ends_at:
            raise StopIteration


@pytest.mark.parametrize("memory", [1, 3, 10])
def test_on_a_quadratic_it_walks_as_scipy_does(memory):
    theirs = []
    minimize(
        quadratic,
        np.zeros(12),
        jac=True,
        method="L-BFGS-B",
        callback=lambda x: theirs.append(x.copy()),
        options={"maxcor": memory},
    )
    ours = Walk(quadratic, np.zeros(12), maxcor=memory).points
    assert len(ours) >= 6
    assert ours[0].dtype == np.float32
    assert_allclose(ours[:6], theirs[:6], atol=1e-3)


@pytest.mark.parametrize("memory", [1, 5, 20])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_finds_the_minimum_at_the_end_of_a_bent_valley(dtype, memory):
    walk = Walk(rosenbrock, [-1.2, 1.0, -0.5, 2.0], dtype, maxcor=memory, ftol=0.0)
    assert walk.result.status == CONVERGED
    assert_allclose(walk.result.x, 1.0, atol=1e-2)
    assert walk.result.x.dtype == dtype


@pytest.mark.parametrize("function", [quadratic, rosenbrock, wall])
def test_each_step_falls_and_flattens_as_wolfe_demands(function):
    start = np.full(12, -0.3, np.float32)
    walk = Walk(function, start)
    for before, after in zip([start, *walk.points], walk.points, strict=False):
        step = (after - before).astype(float)
        low, slope = function(after)[0], function(before)[1] @ step
        assert low <= function(before)[0] + 1e-4 * slope + 1e-6
        assert abs(function(after)[1] @ step) <= 0.9 * abs(slope) + 1e-6


def test_a_step_that_is_good_at_once_takes_one_evaluation():
    walk = Walk(quadratic, np.zeros(12))
    assert walk.result.nfev == len(walk.trials) <= walk.result.nit + 3


def test_it_backs_away_from_what_is_not_finite():
    walk = Walk(wall, np.full(3, -20.0), gtol=1e-2)
    assert any((trial >= 1.0).any() for trial in walk.trials)
    assert walk.result.status == CONVERGED
    assert_allclose(walk.result.x, 0.8, atol=1e-2)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_where_the_start_is_not_finite_it_does_not_set_out(value):
    walk = Walk(lambda x: (value, x), np.ones(2))
    assert walk.result.status == STUCK
    assert walk.result.nit == 0
    assert len(walk.trials) == 1


def test_a_gradient_that_is_not_finite_is_no_place_to_start():
    walk = Walk(lambda x: (1.0, x * np.nan), np.ones(2))
    assert walk.result.status == STUCK


def test_a_slope_that_lies_ends_the_run_soon():
    walk = Walk(lambda x: (float(x @ x), -x), np.ones(3))
    assert walk.result.status == STUCK
    assert_array_equal(walk.result.x, 1.0)
    assert len(walk.trials) < 50


def test_when_the_curvature_misleads_it_goes_straight_down_once_more():
    good = Walk(quadratic, np.zeros(12), ends_at=4).points[-1]

    def turned(x):
        """Let the gradient lie away from the fourth point, but for straight down."""
        value, gradient = quadratic(x)
        n_turned.append(0)
        return (np.inf, gradient) if 5 < len(n_turned) < 20 else (value, gradient)

    n_turned = []
    walk = Walk(turned, np.zeros(12), gtol=1e-4)
    assert walk.result.status == CONVERGED
    assert walk.values[-1] < quadratic(good)[0]


@pytest.mark.parametrize("limit", [1, 4])
def test_the_budget_of_iterations(limit):
    result = Walk(rosenbrock, np.zeros(5), maxiter=limit).result
    assert (result.status, result.nit) == (SPENT, limit)
    assert "iterations" in result.message


@pytest.mark.parametrize("limit", [1, 5])
def test_the_budget_of_evaluations_ends_the_iteration_that_passes_it(limit):
    walk = Walk(rosenbrock, np.zeros(5), maxfun=limit)
    assert walk.result.status == SPENT
    assert "evaluations" in walk.result.message
    assert limit < len(walk.trials) == walk.result.nfev < limit + 10


def test_it_ends_where_the_value_hardly_falls():
    tight, loose = (Walk(rosenbrock, np.zeros(5), ftol=f) for f in (1e-12, 1e-2))
    assert loose.result.status == CONVERGED
    assert loose.result.nit < tight.result.nit


def test_it_ends_at_once_where_the_gradient_is_small():
    walk = Walk(quadratic, np.ones(12))
    assert (walk.result.status, walk.result.nit, walk.points) == (CONVERGED, 0, [])


def test_the_callback_may_end_it():
    walk = Walk(quadratic, np.zeros(12), ends_at=2)
    assert (walk.result.status, walk.result.nit) == (STOPPED, 2)
    assert_array_equal(walk.result.x, walk.points[-1])
    assert walk.result.fun == walk.values[-1]


def test_what_is_told_is_not_written_to_later():
    kept = []
    function = Walk(quadratic, np.zeros(12), ends_at=1).function
    minimize_limited_memory(
        function,
        np.zeros(12, np.float32),
        Limits(5, 100, 6, 0.0, 0.0),
        lambda result: kept.append((result.x, result.x.copy())),
    )
    for told, copied in kept:
        assert_array_equal(told, copied)


def test_the_same_run_takes_the_same_steps_to_the_bit():
    walks = [Walk(rosenbrock, np.zeros(7)).points for _ in range(2)]
    assert_array_equal(*walks)


@pytest.mark.parametrize("scale", [1e-25, 1e15])
def test_gradients_whose_squares_vanish_or_overflow_do_no_harm(scale):
    walk = Walk(
        lambda x: (scale * float(x @ x), np.float32(2 * scale) * x),
        np.ones(3),
        gtol=1e-40,
        ftol=0.0,
    )
    assert np.isfinite(walk.result.x).all()
    assert walk.result.fun <= 3 * scale
