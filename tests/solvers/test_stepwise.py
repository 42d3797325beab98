"""Step-wise solvers: when they end, what they leave behind, and going on later."""

import copy
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skbackprop.core.data import Data, MatrixTarget
from skbackprop.losses import Poisson, SquaredError
from skbackprop.objective import Objective
from skbackprop.penalties import L2
from skbackprop.schedules import Adaptive, Constant, InverseScaling, Schedule
from skbackprop.solvers import SGD, Adam, Solver, SolverState, Status, Verdict
from skbackprop.updates import Momentum, ScaleByAdam

from ..builders import Recorder, perceptron, problem, regression_data

STEPWISE = {k: member for k, member in Solver.members().items() if member.stepwise}
every_solver = pytest.mark.parametrize("name", STEPWISE)
SMOOTH = SGD(momentum=0.0)


def make(dtype=np.float64, **changes):
    """A problem with a small network, ten rows and batches of four."""
    network = perceptron((3, 4, 1))
    theta = network.initial(np.random.RandomState(0), np.dtype(dtype))
    objective = Objective(network, SquaredError(), L2(0.01))
    settings = {"batch_size": 4, "max_iter": 5} | changes
    return problem(objective, regression_data(dtype=dtype), theta, **settings)


def by_rate(schedule, verdicts=(), **changes):
    """The rate that each epoch of plain gradient descent ran at."""
    rates = []

    class Watch(Recorder):
        def begin_epoch(self):
            rates.append(given.state.rate)

    given = make(monitor=Watch(verdicts, n_rows=10), schedule=schedule, **changes)
    given.state = SolverState([[np.zeros_like(given.theta)]], rate=0.1)
    return SMOOTH.minimise(given), rates, given.monitor


@every_solver
def test_the_budget_is_spent_unless_the_monitor_says_otherwise(name):
    given = make()
    solution = STEPWISE[name]().minimise(given)
    assert solution.status is Status.BUDGET_SPENT
    assert "Maximum iterations (5) reached" in solution.message
    assert given.monitor.events == ["begin", "end"] * 5
    assert given.monitor.plateaus == []


@every_solver
def test_it_stops_where_the_monitor_says_so(name):
    given = make(monitor=Recorder([Verdict.GO_ON, Verdict.STOP]))
    solution = STEPWISE[name]().minimise(given)
    assert solution.status is Status.STOPPED
    assert solution.message == ""
    assert given.monitor.events == ["begin", "end"] * 2


def test_steps_before_an_interrupt_count():
    # The moments have seen them, and are read by the number of the last step.
    def rate(epoch, kept):
        if epoch > 1.5:
            raise KeyboardInterrupt
        return 0.1

    class Impatient(Constant):
        smooth = True

        def bind(self, initial, total):
            return rate

    given = make(schedule=Impatient())
    zeros = [np.zeros_like(given.theta) for _ in range(2)]
    given.state = SolverState([zeros], rate=0.1)
    with pytest.raises(KeyboardInterrupt):
        Adam().minimise(given)
    # Three batches an epoch: of the second, those that begin at 1, 4/3.
    assert given.state.n_steps == 5


@every_solver
def test_a_plateau_at_a_constant_rate_is_the_end(name):
    given = make(monitor=Recorder([Verdict.PLATEAU]))
    assert STEPWISE[name]().minimise(given).status is Status.CONVERGED
    assert given.monitor.plateaus == [None]
    assert len(given.monitor.losses) == 1


def test_a_plateau_lowers_an_adaptive_rate_until_it_is_small():
    verdicts = [Verdict.GO_ON, *[Verdict.PLATEAU] * 4]
    schedule = Adaptive(factor=10.0, min_rate=2e-3)
    solution, rates, monitor = by_rate(schedule, verdicts, max_iter=9)
    assert solution.status is Status.CONVERGED
    assert_allclose(rates, [0.1, 0.1, 0.01, 0.001])
    assert_allclose(monitor.plateaus[:-1], [0.01, 0.001])
    assert monitor.plateaus[-1] is None


def test_the_rate_follows_the_rows_that_were_seen():
    solution, rates, _ = by_rate(InverseScaling(1.0), max_iter=3)
    assert_allclose(rates, [0.1, 0.1 / 11, 0.1 / 21])
    assert_allclose(solution.state.rate, 0.1 / 31)


@every_solver
@pytest.mark.parametrize("schedule", Schedule.members())
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_types_stay_with_every_schedule(name, schedule, dtype):
    given = make(dtype, schedule=Schedule.members()[schedule]())
    before = given.theta.copy()
    state = STEPWISE[name]().minimise(given).state
    assert (given.theta != before).any()
    vectors = [vector for moments in state.moments for vector in moments]
    assert {v.dtype for v in (given.theta, *vectors)} == {np.dtype(dtype)}


@every_solver
def test_going_on_later_is_going_on(name):
    solver, whole, parts = STEPWISE[name](), make(max_iter=6), make(max_iter=2)
    whole_state = solver.minimise(whole).state
    for n_epochs in (2, 3, 1):
        parts.max_iter = n_epochs
        parts.state = copy.deepcopy(solver.minimise(parts).state)
    assert_array_equal(parts.theta, whole.theta)
    assert parts.state.n_steps == whole_state.n_steps == 6 * parts.n_batches


@every_solver
def test_the_same_seed_means_the_same_path(name):
    def run(seed):
        given = make(shuffle=True, rng=np.random.RandomState(seed))
        STEPWISE[name]().minimise(given)
        return given.theta

    assert_array_equal(run(0), run(0))
    assert (run(0) != run(1)).any()


@every_solver
def test_a_solver_holds_no_state(name):
    solver = STEPWISE[name]()
    before = vars(clone(solver))
    solver.minimise(make())
    assert vars(solver) == before


def test_a_named_solver_is_a_chain_of_updates():
    assert SGD(0.5, False).chain() == [Momentum(0.5, nesterov=False)]
    assert Adam(0.8, 0.9, 1e-3).chain() == [ScaleByAdam(0.8, 0.9, 1e-3)]


# -------------------------------------------------------------------------- divergence


def explosive(loss=None, scale=1.0, **changes):
    """Steps so large that numbers soon are none."""
    data = regression_data()
    target = MatrixTarget(np.abs(scale * data.target.encoded))
    given = make(learning_rate_init=1e4, max_iter=100, **changes)
    given.data = Data(data.X, target)
    given.objective = Objective(given.objective.network, loss or SquaredError(), L2(0))
    given.monitor = Recorder(theta=given.theta)
    return given


@pytest.mark.parametrize("loss", [SquaredError(), Poisson()], ids=repr)
def test_a_divergence_ends_at_once_with_the_last_finite_parameters(loss):
    given = explosive(loss)
    start = given.theta.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        solution = SGD(momentum=0.9).minimise(given)
    assert solution.status is Status.DIVERGED
    assert solution.state is None
    assert len(given.monitor.losses) < 99
    assert np.isfinite(given.monitor.losses).all()
    assert np.isfinite(given.theta).all()
    assert solution.diverged_to is not given.theta
    reached = [start, *given.monitor.thetas]
    assert any((given.theta == theta).all() for theta in reached[-2:])


def test_the_epoch_that_diverged_has_begun_but_not_ended():
    given = explosive()
    SGD().minimise(given)
    assert given.monitor.events[-1] == "begin"
    assert given.monitor.events[:-1] == ["begin", "end"] * len(given.monitor.losses)


def test_a_divergence_in_the_first_epoch_leaves_the_start():
    given = explosive(scale=1e300)
    start = given.theta.copy()
    assert SGD().minimise(given).status is Status.DIVERGED
    assert_array_equal(given.theta, start)
