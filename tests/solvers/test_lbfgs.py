"""L-BFGS: its epochs are iterations, and the vector holds the accepted parameters."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize

from skbackprop.core.data import Data, MatrixTarget
from skbackprop.core.spec import resolve
from skbackprop.evaluation import Evaluation
from skbackprop.losses import Poisson, SquaredError
from skbackprop.objective import Objective
from skbackprop.penalties import L1, L2
from skbackprop.solvers import LBFGS, Solver, Status, Verdict

from ..builders import Recorder, perceptron, problem, regression_data


def make(dtype=np.float64, n_out=1, **changes):
    network = perceptron((3, 4, n_out))
    theta = network.initial(np.random.RandomState(0), np.dtype(dtype))
    objective = Objective(network, SquaredError(), L2(0.1))
    data = regression_data(dtype=dtype, n_out=n_out)
    return problem(objective, data, theta, **({"max_iter": 20} | changes))


def test_it_walks_as_scipy_does():
    given = make(max_iter=7)
    at = given.theta.copy()
    evaluation = Evaluation(given.objective, at, given.data)

    def value_and_gradient(theta):
        at[...] = theta
        loss, gradient = evaluation.value_and_gradient()
        return loss + evaluation.penalty(), gradient.copy()

    theirs = minimize(
        value_and_gradient,
        at.copy(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 7},
    )
    LBFGS().minimise(given)
    assert_array_equal(given.theta, theirs.x)
    assert_allclose(given.monitor.losses[-1], theirs.fun)


@pytest.mark.parametrize("n_out", [1, 2])
def test_each_iteration_is_an_epoch_with_its_loss_and_parameters(n_out):
    given = make(n_out=n_out)
    start = given.theta.copy()
    LBFGS().minimise(given)
    monitor = given.monitor
    assert monitor.events[: 2 * len(monitor.losses)] == ["begin", "end"] * len(
        monitor.losses
    )
    assert_array_equal(monitor.thetas[-1], given.theta)
    assert (np.diff(monitor.losses) < 0).all() or n_out > 1
    for loss, theta in zip(monitor.losses, monitor.thetas, strict=True):
        at = Evaluation(given.objective, theta, given.data)
        assert_allclose(loss, given.objective.reported(at.loss(), at.penalty()))
    assert (given.theta != start).any()


def test_the_budget_of_iterations():
    given = make(max_iter=3)
    solution = LBFGS().minimise(given)
    assert solution.status is Status.BUDGET_SPENT
    assert len(given.monitor.losses) == 3
    assert "failed to converge after 3 iteration(s)" in solution.message
    assert "max_iter=3" in solution.message


def test_the_budget_of_evaluations():
    given = make()
    assert LBFGS(max_fun=4).minimise(given).status is Status.BUDGET_SPENT
    assert len(given.monitor.losses) <= 4


def test_it_converges_by_its_own_tolerance():
    strict, loose = make(max_iter=500, tol=1e-8), make(max_iter=500, tol=1e-1)
    for each in (strict, loose):
        assert LBFGS().minimise(each).status is Status.CONVERGED
    assert len(loose.monitor.losses) < len(strict.monitor.losses)


ANSWERS = {
    "stop": (Verdict.STOP, Status.STOPPED, []),
    "plateau": (Verdict.PLATEAU, Status.CONVERGED, [None]),
}


@pytest.mark.parametrize(
    ("verdict", "status", "plateaus"), ANSWERS.values(), ids=ANSWERS
)
def test_it_ends_where_the_monitor_says_so(verdict, status, plateaus):
    given = make(monitor=Recorder([Verdict.GO_ON, verdict]))
    assert LBFGS().minimise(given).status is status
    assert given.monitor.events == ["begin", "end"] * 2
    assert given.monitor.plateaus == plateaus


def test_single_precision_stays_and_converges():
    single, double = make(np.float32, max_iter=500), make(max_iter=500)
    assert LBFGS().minimise(single).status is Status.CONVERGED
    LBFGS().minimise(double)
    assert single.theta.dtype == np.float32
    assert_allclose(single.monitor.losses[-1], double.monitor.losses[-1], rtol=1e-3)


DRIVEN_BY_SCIPY = {
    "float64": (np.float64, L2(0.1), True),
    "float64, absolutes": (np.float64, L1(0.1), True),
    "float32": (np.float32, L2(0.1), False),
    "float32, absolutes": (np.float32, L1(0.1), True),
}


@pytest.mark.parametrize(
    ("dtype", "penalty", "by_scipy"), DRIVEN_BY_SCIPY.values(), ids=DRIVEN_BY_SCIPY
)
def test_scipy_drives_double_precision_and_bounds(
    monkeypatch, dtype, penalty, by_scipy
):
    calls = []
    monkeypatch.setattr(
        "skbackprop.solvers.lbfgs.minimize",
        lambda *args, **settings: calls.append(args) or minimize(*args, **settings),
    )
    given = make(dtype)
    given.objective = Objective(given.objective.network, SquaredError(), penalty)
    LBFGS().minimise(given)
    assert bool(calls) is by_scipy
    assert given.theta.dtype == dtype


def test_in_single_precision_it_walks_as_in_double():
    single, double = make(np.float32, max_iter=6), make(max_iter=6)
    LBFGS().minimise(single)
    LBFGS().minimise(double)
    assert_allclose(single.monitor.thetas, double.monitor.thetas, atol=1e-3)


def test_where_squares_leave_the_range_of_single_precision_scipy_sets_out():
    single, double = make(np.float32), make()
    for given in (single, double):
        network = perceptron((3, 4, 1), "relu")
        given.objective = Objective(network, SquaredError(), L2(0.1))
        # The loss is about 1e20, and so are entries of its gradient.
        given.data = Data(given.data.X * 1e10, given.data.target)
    solution = LBFGS().minimise(single)
    LBFGS().minimise(double)
    assert solution.status is not Status.DIVERGED
    assert single.theta.dtype == np.float32
    assert single.monitor.losses[-1] < 1.1 * double.monitor.losses[-1]
    events = single.monitor.events
    assert events[: 2 * len(single.monitor.losses)] == ["begin", "end"] * len(
        single.monitor.losses
    )


@pytest.mark.parametrize(("dtype", "size"), [(np.float64, 1e300), (np.float32, 1e30)])
@pytest.mark.parametrize("loss", [Poisson(), SquaredError()], ids=repr)
def test_what_cannot_be_computed_diverges_without_a_warning(loss, dtype, size):
    given = make(dtype)
    given.objective = Objective(given.objective.network, loss, L2(0.0))
    data = regression_data(dtype=dtype)
    given.data = Data(data.X, MatrixTarget(np.full((10, 1), size, dtype)))
    start = given.theta.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        solution = LBFGS().minimise(given)
    assert solution.status is Status.DIVERGED
    assert np.isfinite(given.theta).all()
    assert np.isfinite(given.monitor.losses).all()
    assert len(given.monitor.losses) or (given.theta == start).all()


def test_it_takes_no_steps_by_batch():
    assert LBFGS.stepwise is False
    assert LBFGS().minimise(make()).state is None


@pytest.mark.parametrize("max_fun", [0, -1, 1.5])
def test_a_budget_that_is_none_is_refused(max_fun):
    with pytest.raises(ValueError, match="'max_fun' parameter of LBFGS"):
        resolve(Solver, LBFGS(max_fun))
