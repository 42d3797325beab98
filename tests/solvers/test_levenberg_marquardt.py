"""Levenberg-Marquardt: dense steps that converge faster and faster."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import least_squares

from skbackprop.core.data import Data, MatrixTarget
from skbackprop.evaluation import Evaluation
from skbackprop.linearization import CurvatureProducts
from skbackprop.losses import SquaredError
from skbackprop.objective import Objective
from skbackprop.penalties import L2
from skbackprop.solvers import LBFGS, LevenbergMarquardt, Status
from skbackprop.solvers.function import Function

from ..builders import perceptron, problem

rng = np.random.RandomState(0)
X = rng.normal(size=(50, 3))
TEACHER = perceptron((3, 2, 1))
TRUTH = TEACHER.initial(np.random.RandomState(3), np.dtype(float))


def predictions(network, theta):
    data = Data(X, MatrixTarget(np.zeros((50, network.n_out))))
    at = Evaluation(Objective(network, SquaredError(), L2(0.0)), theta, data)
    at.loss()
    return at.predictions


def make(alpha=0.0, noise=0.0, dtype=np.float64, weight=None, **changes):
    """A network is to find out what a network of its shape gave."""
    y = predictions(TEACHER, TRUTH) + noise * np.random.RandomState(1).normal(
        size=(50, 1)
    )
    data = Data(X.astype(dtype), MatrixTarget(y), weight)
    theta = TRUTH + 0.3 * np.random.RandomState(2).normal(size=TRUTH.size)
    objective = Objective(TEACHER, SquaredError(), L2(alpha))
    settings = {"max_iter": 60, "tol": 1e-13} | changes
    return problem(objective, data, theta.astype(dtype), **settings)


def test_an_exact_fit_is_found_faster_and_faster():
    given = make()
    assert LevenbergMarquardt().minimise(given).status is Status.CONVERGED
    losses = np.array(given.monitor.losses)
    assert losses[-1] < 1e-25
    assert len(losses) < 20
    # The loss goes with the square of the error: each step is to gain on the last.
    gains = losses[1:] / losses[:-1]
    assert gains[-3] < 1e-2 < gains[0]
    assert (np.diff(gains[losses[1:] > 1e-28][-4:]) < 0).all()


def test_it_takes_far_fewer_iterations_than_lbfgs():
    given, other = make(), make(max_iter=10_000)
    LevenbergMarquardt().minimise(given)
    LBFGS().minimise(other)
    assert len(given.monitor.losses) < 0.2 * len(other.monitor.losses)
    assert given.monitor.losses[-1] < other.monitor.losses[-1]


def test_with_noise_it_ends_where_scipy_ends():
    given = make(noise=0.1)
    theirs = least_squares(
        lambda theta: (predictions(TEACHER, theta) - given.data.target.encoded).ravel(),
        given.theta.copy(),
        method="lm",
        xtol=1e-12,
        ftol=1e-12,
    )
    LevenbergMarquardt().minimise(given)
    assert_allclose(given.monitor.losses[-1], theirs.cost / 50, rtol=1e-8)
    assert_allclose(given.theta, theirs.x, rtol=1e-4)


@pytest.mark.parametrize("n_out", [1, 2])
@pytest.mark.parametrize("weight", [None, np.arange(50) % 3.0], ids=["", "weighted"])
def test_the_matrix_is_the_one_of_the_products(n_out, weight):
    network = perceptron((3, 4, n_out), "prelu")
    theta = network.initial(np.random.RandomState(0), np.dtype(float))
    data = Data(X, MatrixTarget(rng.normal(size=(50, n_out))), weight)
    at = CurvatureProducts(Objective(network, SquaredError(), L2(0.3)), theta, data)
    basis = np.eye(at.n_params)
    assert_allclose(at.gauss_newton_matrix(), at.gauss_newton(basis), atol=1e-13)
    assert_allclose(
        np.diag(at.gauss_newton_matrix()), at.gauss_newton_diagonal(), atol=1e-13
    )


def test_the_equations_of_single_precision_are_formed_in_double():
    given = make(dtype=np.float32)
    point = Function(given).start()
    at = Function(given).curvature(point.x, np.float64)
    assert at.gauss_newton_matrix().dtype == np.float64
    LevenbergMarquardt().minimise(given)
    assert given.theta.dtype == np.float32
    assert given.monitor.losses[-1] < 1e-12
