"""Solvers of all rows at once: iterations are epochs, and each says how it ends."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skbackprop.core.data import Data, MatrixTarget
from skbackprop.evaluation import Evaluation
from skbackprop.layers import LayerNorm
from skbackprop.losses import Huber, Poisson, SquaredError
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.penalties import L1, L2, ElasticNet
from skbackprop.solvers import (
    BFGS,
    GD,
    FullBatch,
    LevenbergMarquardt,
    NewtonCG,
    Solver,
    Status,
    Verdict,
)
from skbackprop.solvers.function import Function

from ..builders import Recorder, perceptron, problem, regression_data

SOLVERS = [
    *(kind() for kind in Solver.members().values() if issubclass(kind, FullBatch)),
    GD("strong_wolfe"),
    NewtonCG("hessian"),
    NewtonCG(preconditioner="diagonal"),
    NewtonCG(preconditioner=None),
]
# Gradient descent takes steps up, as long as it gets below the highest of ten.
MAY_RISE = [GD()]
SLOW = [GD("strong_wolfe")]
every_solver = pytest.mark.parametrize("solver", SOLVERS, ids=repr)


def make(dtype=np.float64, n_out=1, weight=None, **changes):
    network = perceptron((3, 4, n_out))
    theta = network.initial(np.random.RandomState(0), np.dtype(dtype))
    objective = Objective(network, SquaredError(), L2(0.1))
    data = regression_data(dtype=dtype, n_out=n_out, weight=weight)
    return problem(objective, data, theta, **({"max_iter": 20} | changes))


def test_there_are_all_of_them():
    assert {"gd", "bfgs", "newton-cg", "levenberg-marquardt"} <= {
        solver.name for solver in SOLVERS
    }


@every_solver
@pytest.mark.parametrize("n_out", [1, 2])
def test_each_iteration_is_an_epoch_with_its_loss_and_parameters(solver, n_out):
    given = make(n_out=n_out, max_iter=6)
    start = given.theta.copy()
    solver.minimise(given)
    monitor = given.monitor
    assert monitor.events == ["begin", "end"] * 6
    assert_array_equal(monitor.thetas[-1], given.theta)
    assert (given.theta != start).any()
    for loss, theta in zip(monitor.losses, monitor.thetas, strict=True):
        at = Evaluation(given.objective, theta, given.data)
        assert_allclose(loss, given.objective.reported(at.loss(), at.penalty()))
    if n_out == 1 and solver not in MAY_RISE:
        assert (np.diff(monitor.losses) < 0).all()


@every_solver
def test_the_budget_of_iterations(solver):
    given = make(max_iter=2)
    solution = solver.minimise(given)
    assert solution.status is Status.BUDGET_SPENT
    assert solution.state is None
    assert len(given.monitor.losses) == 2
    assert f"{solver.name} has not converged after 2 iteration(s)" in solution.message
    assert "max_iter=2" in solution.message


@every_solver
def test_it_converges_to_a_small_gradient_and_then_has_nothing_to_do(solver):
    tol = 1e-3 if solver in SLOW else 1e-5
    strict, loose = make(max_iter=9000, tol=tol), make(max_iter=9000, tol=1e-1)
    for each in (strict, loose):
        assert solver.minimise(each).status is Status.CONVERGED
    assert 0 < len(loose.monitor.losses) < len(strict.monitor.losses)
    at = Evaluation(strict.objective, strict.theta, strict.data)
    assert np.abs(at.value_and_gradient()[1]).max() <= tol
    again = make(max_iter=5, tol=tol)
    again.theta[...] = strict.theta
    assert solver.minimise(again).status is Status.CONVERGED
    assert again.monitor.losses == []
    assert_array_equal(again.theta, strict.theta)


ANSWERS = {
    "stop": (Verdict.STOP, Status.STOPPED, []),
    "plateau": (Verdict.PLATEAU, Status.CONVERGED, [None]),
}


@every_solver
@pytest.mark.parametrize(
    ("verdict", "status", "plateaus"), ANSWERS.values(), ids=ANSWERS
)
def test_it_ends_where_the_monitor_says_so(solver, verdict, status, plateaus):
    given = make(monitor=Recorder([Verdict.GO_ON, verdict]))
    assert solver.minimise(given).status is status
    assert given.monitor.events == ["begin", "end"] * 2
    assert given.monitor.plateaus == plateaus


@every_solver
def test_single_precision_stays_and_ends_at_its_rounding(solver):
    single, double = make(np.float32, max_iter=9000, tol=0.0), make(max_iter=900)
    assert solver.minimise(single).status is Status.CONVERGED
    # There is more than one minimum: this is the nearest.
    double.theta[...] = single.theta
    NewtonCG("hessian").minimise(double)
    assert single.theta.dtype == np.float32
    assert_allclose(single.monitor.losses[-1], double.monitor.losses[-1], rtol=1e-3)


@every_solver
@pytest.mark.parametrize("loss", [Poisson(), SquaredError()], ids=repr)
def test_what_cannot_be_computed_diverges_without_a_warning(solver, loss):
    given = make()
    given.objective = Objective(given.objective.network, loss, L2(0.0))
    given.data = Data(regression_data().X, MatrixTarget(np.full((10, 1), 1e300)))
    start = given.theta.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        solution = solver.minimise(given)
    assert solution.status is Status.DIVERGED
    assert solution.diverged_to is not None
    assert_array_equal(given.theta, start)
    assert given.monitor.losses == []


@every_solver
@pytest.mark.parametrize("size", [1e8, 1e15])
def test_a_first_step_is_seen_where_targets_are_many_digits_large(solver, size):
    given = make(np.float32)
    data = regression_data(dtype=np.float32)
    large = MatrixTarget(np.float32(size) * data.target.encoded)
    given.data = Data(data.X, large)
    start = Function(given).start()
    solver.minimise(given)
    assert given.monitor.losses[-1] < start.value


@every_solver
def test_all_rows_may_start_where_the_loss_is_straight(solver):
    given = make(max_iter=500, tol=1e-6)
    # Beyond its delta, Huber's loss has no curvature: nor have the equations.
    given.objective = Objective(given.objective.network, Huber(), L2(0.0))
    given.data = Data(given.data.X, MatrixTarget(5.0 + given.data.target.encoded))
    start = Function(given).start()
    assert not Function(given).curvature(start.x).gauss_newton_diagonal().any()
    solver.minimise(given)
    assert given.monitor.losses[-1] < 0.1 * start.value


@every_solver
@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e30), (np.float64, 1e200)])
def test_inputs_whose_squares_overflow(solver, dtype, size):
    given = make(dtype, max_iter=200)
    data = regression_data(dtype=dtype)
    given.data = Data(data.X * dtype(size), data.target)
    start = Function(given).start()
    assert start.is_finite
    solver.minimise(given)
    assert given.monitor.losses[-1] < start.value


@every_solver
@pytest.mark.parametrize("penalty", [L1(0.1), ElasticNet(0.1)], ids=repr)
def test_absolute_values_are_refused_with_what_to_use_instead(solver, penalty):
    given = make()
    given.objective = Objective(given.objective.network, SquaredError(), penalty)
    with pytest.raises(ValueError, match="solver='lbfgs'"):
        solver.minimise(given)
    free = Objective(given.objective.network, SquaredError(), L1(0.0))
    given.objective = free
    solver.minimise(given)


@every_solver
def test_weights_of_rows_are_repetitions(solver):
    counts = np.arange(10) % 3
    weighted = make(weight=counts.astype(float), max_iter=3)
    repeated = make(max_iter=3)
    data = weighted.data
    rows = np.repeat(np.arange(10), counts)
    repeated.data = Data(data.X[rows], MatrixTarget(data.target.encoded[rows]))
    for each in (weighted, repeated):
        solver.minimise(each)
    assert_allclose(weighted.theta, repeated.theta, rtol=1e-6)


@every_solver
def test_other_layers_than_dense_ones_are_moved_too(solver):
    dense, activation, last = perceptron((3, 4, 1), "prelu").layers
    network = Network([dense, LayerNorm(), activation, last], 3)
    theta = network.initial(np.random.RandomState(0), np.dtype(float))
    given = problem(
        Objective(network, SquaredError(), L2(0.1)),
        regression_data(),
        theta,
        max_iter=10,
    )
    start = theta.copy()
    solver.minimise(given)
    for kind in ("scale", "shift", "slope"):
        for before, after in zip(
            network.layout.of_kind(kind, start),
            network.layout.of_kind(kind, theta),
            strict=True,
        ):
            assert (before != after).any()
    assert given.monitor.losses[-1] < given.monitor.losses[0]


@pytest.mark.parametrize("kind", [BFGS, LevenbergMarquardt])
def test_too_many_parameters_are_refused_with_what_to_use_instead(kind):
    given = make()
    with pytest.raises(ValueError, match=r"21 .* max_params=20.*newton-cg"):
        kind(max_params=20).minimise(given)
    kind(max_params=21).minimise(given)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_linearised_function_is_the_same_and_keeps_its_latest_products(dtype):
    plain, linearised = Function(make(dtype)), Function(make(dtype))
    linearised.linearizes = True
    expected, point = plain.start(), linearised.start()
    rtol = 10 * np.finfo(dtype).eps
    assert_allclose(point.value, expected.value, rtol=rtol)
    scale = np.abs(expected.gradient).max()
    assert_allclose(point.gradient, expected.gradient, atol=10 * rtol * scale)
    assert linearised.curvature(point.x) is linearised.curvature(point.x)
    assert plain.curvature(point.x) is not plain.curvature(point.x)
    # Those of other points, or in another type, are made anew.
    elsewhere = linearised.curvature(point.x + 1.0)
    assert_allclose(elsewhere.theta, point.x + 1.0, rtol=rtol)
    assert linearised.curvature(point.x, np.float64).theta.dtype == np.float64
