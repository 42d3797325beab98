"""Gradient descent: Barzilai and Borwein's steps, and steps of a fixed rate."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skbackprop.core.data import Data, MatrixTarget
from skbackprop.core.spec import resolve
from skbackprop.layers import Dense
from skbackprop.linearization import CurvatureProducts
from skbackprop.losses import SquaredError
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.penalties import L2
from skbackprop.solvers import BFGS, GD, Solver, Status

from ..builders import problem

rng = np.random.RandomState(0)
X = rng.normal(size=(30, 3)) * [1.0, 3.0, 10.0]
Y = X @ np.ones((3, 1)) + 0.1 * rng.normal(size=(30, 1))


def make(**changes):
    network = Network([Dense(1)], 3)
    objective = Objective(network, SquaredError(), L2(0.1))
    data = Data(X, MatrixTarget(Y))
    return problem(objective, data, np.zeros(4), **({"max_iter": 300} | changes))


def largest_eigenvalue(given):
    at = CurvatureProducts(given.objective, given.theta, given.data)
    return np.linalg.eigvalsh(at.hessian(np.eye(4)))[-1]


@pytest.mark.parametrize(("share", "converges"), [(1.99, True), (2.01, False)])
def test_a_fixed_rate_converges_below_two_over_the_largest_eigenvalue(share, converges):
    given = make(max_iter=2000)
    given.learning_rate_init = share / largest_eigenvalue(given)
    GD(line_search=None).minimise(given)
    first, *_, last = given.monitor.losses
    assert (last < first) is converges


def test_a_rate_far_above_it_diverges():
    given = make(max_iter=2000, learning_rate_init=1e3)
    solution = GD(line_search=None).minimise(given)
    assert solution.status is Status.DIVERGED
    assert np.isfinite(given.theta).all()
    assert np.isfinite(given.monitor.losses).all()


def test_the_line_search_needs_no_rate():
    given = make(learning_rate_init=1e3, tol=1e-8)
    assert GD().minimise(given).status is Status.CONVERGED


def test_it_is_several_times_as_fast_as_the_best_fixed_rate():
    given, fixed = make(tol=1e-6), make(max_iter=100_000, tol=1e-6)
    fixed.learning_rate_init = 1.0 / largest_eigenvalue(fixed)
    GD().minimise(given)
    GD(None).minimise(fixed)
    assert len(given.monitor.losses) < 0.2 * len(fixed.monitor.losses)


def test_bfgs_takes_a_few_steps_for_each_parameter_of_a_quadratic():
    given = make(tol=1e-9)
    assert BFGS().minimise(given).status is Status.CONVERGED
    # With exact searches it would be one for each; 4 there are.
    assert len(given.monitor.losses) <= 32
    assert_allclose(given.theta[:3], 1.0, atol=0.05)


@pytest.mark.parametrize("search", ["armijo", True, 0.1])
def test_a_line_search_that_there_is_not_is_refused(search):
    with pytest.raises(ValueError, match="'line_search' parameter of GD"):
        resolve(Solver, GD(search))
