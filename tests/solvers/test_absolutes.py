"""Absolute values in the penalty: exact zeros, at the minima of linear models."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import ElasticNet as LinearElasticNet
from sklearn.linear_model import Lasso

from skbackprop.core.data import Data, MatrixTarget
from skbackprop.evaluation import Evaluation
from skbackprop.layers import Dense
from skbackprop.losses import SquaredError
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.penalties import L1, ElasticNet
from skbackprop.schedules import Exponential, Polynomial
from skbackprop.solvers import LBFGS, SGD, Adam, Lion, NAdam, RMSprop, Status
from skbackprop.solvers.orthant import bind_orthant

from ..builders import Recorder, perceptron, problem

N_ROWS, N_IN = 60, 8
rng = np.random.RandomState(0)
X = rng.normal(size=(N_ROWS, N_IN))
Y = X @ np.array([2.0, -1.0, 0, 0, 0, 0.5, 0, 0]) + 0.3 * rng.normal(size=N_ROWS)
ALPHA = 9.0
WEIGHT = rng.randint(1, 4, size=N_ROWS).astype(float)


def linear(penalty, weight=None, dtype=np.float64, **changes):
    """A linear regression as a network without hidden layers."""
    network = Network([Dense(1)], N_IN)
    data = Data(X.astype(dtype), MatrixTarget(Y[:, np.newaxis].astype(dtype)), weight)
    theta = np.full(network.layout.size, 0.3, dtype)
    objective = Objective(network, SquaredError(), penalty)
    return problem(objective, data, theta, **({"max_iter": 1500} | changes))


def of_linear_models(penalty, weight):
    """The minimum, by coordinate descent."""
    total = N_ROWS if weight is None else weight.sum()
    settings = {"alpha": penalty.alpha / total, "tol": 1e-10, "max_iter": 10_000}
    model = Lasso(**settings)
    if isinstance(penalty, ElasticNet):
        model = LinearElasticNet(l1_ratio=penalty.l1_ratio, **settings)
    model.fit(X, Y, weight)
    return np.append(model.coef_, model.intercept_)


PENALTIES = [L1(ALPHA), ElasticNet(ALPHA, l1_ratio=0.6)]
SOLVERS = {
    "lbfgs": (LBFGS(), {"tol": 1e-10}),
    "plain": (SGD(0.0), {"learning_rate_init": 0.3}),
    "sgd": (SGD(), {"learning_rate_init": 0.05}),
    "adam": (Adam(), {"learning_rate_init": 0.05}),
    "nadam": (NAdam(), {"learning_rate_init": 0.05, "schedule": Polynomial(2.0)}),
    "rmsprop": (RMSprop(), {"learning_rate_init": 0.05, "schedule": Polynomial(2.0)}),
    "lion": (Lion(), {"learning_rate_init": 0.3, "schedule": Exponential(0.99)}),
}


@pytest.mark.parametrize(("solver", "settings"), SOLVERS.values(), ids=SOLVERS)
@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
def test_the_minimum_and_its_zeros_are_those_of_linear_models(
    solver, settings, penalty, weight
):
    given, best = linear(penalty, weight, **settings), of_linear_models(penalty, weight)
    assert 2 <= (best == 0).sum() <= 5
    status = solver.minimise(given).status
    assert status in {Status.CONVERGED, Status.BUDGET_SPENT}
    assert_allclose(given.theta, best, atol=2e-5)
    assert_array_equal(given.theta == 0, best == 0)


def test_the_conditions_for_a_minimum_hold_in_a_network():
    network = perceptron((N_IN, 3, 1))
    theta = network.initial(np.random.RandomState(1), np.dtype(float))
    objective = Objective(network, SquaredError(), L1(1.0))
    data = Data(X, MatrixTarget(Y[:, np.newaxis]))
    given = problem(objective, data, theta, max_iter=5000, tol=1e-9)
    assert LBFGS(max_fun=20_000).minimise(given).status is Status.CONVERGED
    slope = Evaluation(objective, theta, data).value_and_gradient()[1]
    n, limit = network.layout.n_weights, 1.0 / N_ROWS
    weights, of_weights = theta[:n], slope[:n]
    gone = weights == 0
    assert 5 < gone.sum() < n
    assert (np.abs(of_weights[gone]) <= limit * (1 + 1e-6)).all()
    # The driver stops where the loss no longer falls.
    pulled = -limit * np.sign(weights[~gone])
    assert_allclose(of_weights[~gone], pulled, atol=limit / 200)
    assert_allclose(slope[n:], 0.0, atol=limit / 200)


@pytest.mark.parametrize("solver", [LBFGS(), Adam()], ids=repr)
def test_single_precision_stays_and_has_its_zeros(solver):
    given = linear(L1(ALPHA), dtype=np.float32, learning_rate_init=0.05)
    solver.minimise(given)
    assert given.theta.dtype == np.float32
    best = of_linear_models(L1(ALPHA), None)
    assert_allclose(given.theta, best, atol=1e-3)
    assert_array_equal(given.theta == 0, best == 0)


def test_the_loss_of_each_iteration_counts_each_weight_once():
    # Even while both parts of a weight are above zero, as on the way they may be.
    given = linear(L1(ALPHA), max_iter=4)
    given.monitor = Recorder(theta=given.theta)
    LBFGS().minimise(given)
    for loss, theta in zip(given.monitor.losses, given.monitor.thetas, strict=True):
        at = Evaluation(given.objective, theta, given.data)
        assert_allclose(loss, given.objective.reported(at.loss(), at.penalty()))


# -------------------------------------------------------------------- one step of it


def proximal_step(weights, gradient, rate, limit):
    """The soft threshold after a plain step."""
    moved = weights - rate * gradient
    return np.sign(moved) * np.maximum(np.abs(moved) - rate * limit, 0.0)


def test_under_plain_descent_it_is_the_proximal_step():
    rng = np.random.RandomState(0)
    weights = rng.normal(size=200) * rng.randint(2, size=200)
    gradient, rate, limit = rng.normal(size=200), 0.1, 0.8
    expected = proximal_step(weights, gradient, rate, limit)
    # One step of ours ends at zero where the other would come out on the far side.
    expected[expected * weights < 0] = 0.0
    start, direction = weights.copy(), gradient.copy()
    lean, hold = bind_orthant(2 * limit, weights, direction)
    lean(0.5)
    weights -= rate * direction
    hold()
    assert_allclose(weights, expected, atol=1e-15)
    assert 20 < ((weights == 0) & (start == 0)).sum() < 150
    assert ((weights == 0) & (start != 0)).any()
    assert ((weights != 0) & (start == 0)).any()


def test_a_weight_at_zero_is_not_carried_on_by_its_momentum():
    given = linear(L1(1e6), learning_rate_init=1e-4, max_iter=50)
    SGD(0.99).minimise(given)
    assert_array_equal(given.theta[:N_IN], 0.0)
    assert given.theta[N_IN] != 0.3
