"""An epoch: every row once, steps as by loops, threads, and next to no memory."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from threadpoolctl import threadpool_limits

from skbackprop.averaging import EMA
from skbackprop.core import threads
from skbackprop.core.data import Data, MatrixTarget
from skbackprop.losses import SquaredError
from skbackprop.objective import Objective
from skbackprop.penalties import L2, ElasticNet
from skbackprop.schedules import Cosine
from skbackprop.solvers import SGD, Solver, epoch
from skbackprop.updates import ClipNorm, ClipValue

from .. import oracle
from ..builders import (
    Recorder,
    every_loss,
    expanded,
    oracle_loss,
    oracle_network,
    packed,
    perceptron,
    problem,
    regression_data,
)

STEPWISE = {k: member for k, member in Solver.members().items() if member.stepwise}
PLAIN = SGD(momentum=0.0)
RATE, ALPHA, N_ROWS = 0.1, 0.3, 7
WEIGHT = np.array([0.5, 2.0, 0.0, 1.0, 3.0, 0.25, 1.0])
LOSSES = every_loss(N_ROWS)


class Spy(MatrixTarget):
    """Targets that know which rows were asked for."""

    def __init__(self, matrix):
        super().__init__(matrix)
        self.asked = []

    def expand(self, rows, out):
        self.asked += np.arange(len(self.encoded))[rows].tolist()
        super().expand(rows, out)


def make(data, loss=None, dtype=np.float64, hidden=4, alpha=ALPHA, **changes):
    """A problem of plain gradient descent."""
    width = data.target.width
    network = perceptron((data.X.shape[1], hidden, width))
    theta = network.initial(np.random.RandomState(0), np.dtype(dtype))
    objective = Objective(network, loss or SquaredError(), L2(alpha))
    settings = {"learning_rate_init": RATE} | changes
    return problem(objective, data, theta, **settings)


@given(
    n_rows=st.integers(1, 30),
    batch_size=st.integers(1, 31),
    shuffle=st.booleans(),
    subset=st.booleans(),
)
def test_each_row_is_seen_once_an_epoch(n_rows, batch_size, shuffle, subset):
    target = Spy(np.zeros((2 * n_rows, 1)))
    rows = np.arange(1, 2 * n_rows, 2) if subset else None
    data = Data(np.zeros((2 * n_rows, 2)), target, None, rows)
    batch_size = min(batch_size, len(data))
    PLAIN.minimise(make(data, batch_size=batch_size, shuffle=shuffle, max_iter=2))
    expected = list(range(2 * n_rows)) if rows is None else rows.tolist()
    epochs = target.asked[: len(data)], target.asked[len(data) :]
    for asked in epochs:
        assert (sorted(asked) if shuffle else asked) == expected


def test_shuffled_epochs_differ_and_permute_the_one_before():
    target, rng = Spy(np.zeros((50, 1))), np.random.RandomState(3)
    data = Data(np.zeros((50, 2)), target)
    PLAIN.minimise(
        make(data, shuffle=True, max_iter=2, rng=np.random.RandomState(3), batch_size=8)
    )
    first = rng.permutation(50)
    assert_array_equal(target.asked[:50], first)
    assert_array_equal(target.asked[50:], first[rng.permutation(50)])


@pytest.mark.parametrize(("loss", "target"), LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("batch_size", [1, 3, N_ROWS])
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_steps_and_reported_loss_are_those_of_the_loops(
    loss, target, batch_size, weight
):
    X = np.random.RandomState(0).normal(size=(N_ROWS, 3))
    given = make(Data(X, target, weight), loss, batch_size=batch_size)
    network, theta, reported = given.objective.network, given.theta.copy(), 0.0
    PLAIN.minimise(given)

    weights = np.ones(N_ROWS) if weight is None else weight
    targets = expanded(target, N_ROWS)
    for start in range(0, N_ROWS, batch_size):
        rows = slice(start, min(start + batch_size, N_ROWS))
        n_rows = rows.stop - rows.start
        slow = oracle_network(network, theta, "tanh")
        args = (X[rows].tolist(), targets[rows].tolist(), oracle_loss(loss))
        settings = {
            "weights": weights[rows].tolist(),
            # A batch counts by its rows, not by what they weigh.
            "normaliser": n_rows * weights.mean(),
        }
        data_loss = oracle.loss(slow, *args, **settings)
        whole = oracle.loss(slow, *args, **settings, alpha=ALPHA)
        share = loss.reported_share(target.width)
        reported += n_rows * (data_loss * share + whole - data_loss)
        gradient = oracle.gradient(slow, *args, **settings, alpha=ALPHA)
        theta -= RATE * packed(network, gradient)
    assert_allclose(given.theta, theta, rtol=1e-9)
    assert_allclose(given.monitor.losses, [reported / N_ROWS], rtol=1e-9)


HOLDERS = {
    "columns": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=0)[::2],
    "sparse": sparse.csr_array,
}


@pytest.mark.parametrize("hold", HOLDERS.values(), ids=HOLDERS)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("rows", [None, np.array([4, 0, 3, 9, 1])])
def test_it_does_not_matter_what_holds_the_inputs(hold, shuffle, rows):
    data = regression_data(weight=np.arange(10.0))
    settings = {"batch_size": 2, "shuffle": shuffle, "max_iter": 3}
    plain = make(Data(data.X, data.target, data.weight, rows), **settings)
    held = make(
        Data(hold(data.X), data.target, data.weight, rows),
        **settings | {"rng": np.random.RandomState(0)},
    )
    for each in (plain, held):
        PLAIN.minimise(each)
    assert_allclose(held.theta, plain.theta, rtol=1e-10)


@pytest.mark.parametrize("name", STEPWISE)
@pytest.mark.parametrize("batch_size", [1, 3, 7, 8, 10])
@pytest.mark.parametrize("weight", [None, np.arange(10.0)])
def test_threads_change_nothing(monkeypatch, name, batch_size, weight):
    data = regression_data(weight=weight)
    settings = {"batch_size": batch_size, "shuffle": True, "max_iter": 3}
    alone, shared = (
        make(data, **settings, rng=np.random.RandomState(0)) for _ in range(2)
    )
    with threadpool_limits(1, user_api="blas"):
        STEPWISE[name]().minimise(alone)
    # No work is too small for three threads.
    monkeypatch.setattr(threads, "SHARE_OF_A_THREAD", 1)
    with threadpool_limits(3, user_api="blas"):
        STEPWISE[name]().minimise(shared)
    assert_allclose(shared.theta, alone.theta, rtol=1e-9)
    assert_allclose(shared.monitor.losses, alone.monitor.losses, rtol=1e-9)


# ------------------------------------------------------------------------------ memory


class Scales(Recorder):
    """A monitor that weighs what is allocated in the last of three epochs."""

    def begin_epoch(self):
        super().begin_epoch()
        if len(self.losses) == 2:
            tracemalloc.start()

    def end_epoch(self, loss, rate=None):
        if len(self.losses) == 2:
            self.peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return super().end_epoch(loss, rate)


@pytest.mark.parametrize("name", STEPWISE)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("weight", [None, np.ones(600)])
def test_a_warm_epoch_allocates_nothing_of_the_size_of_anything(name, shuffle, weight):
    data = regression_data(600, 100, weight)
    given = make(
        data, hidden=500, batch_size=200, shuffle=shuffle, max_iter=3, monitor=Scales()
    )
    STEPWISE[name]().minimise(given)
    # Parameters take 400 kB, a batch's activations 800 kB, its inputs 160 kB; NumPy
    # itself takes 64 kB to add a bias to rows.
    assert given.monitor.peak < 100_000


EXTRAS = {
    "absolute values": {"penalty": ElasticNet(0.1)},
    "clipping": {"clipping": [ClipValue(1.0), ClipNorm(1.0)]},
    "max-norm": {"max_norm": 1.0},
    "average": {"averaging": EMA()},
    "schedule": {"schedule": Cosine()},
}


@pytest.mark.parametrize("extra", EXTRAS)
def test_what_is_switched_on_besides_allocates_nothing_either(extra):
    settings = dict(EXTRAS[extra])
    penalty = settings.pop("penalty", L2(ALPHA))
    given = make(
        regression_data(600, 100),
        hidden=500,
        batch_size=200,
        max_iter=3,
        monitor=Scales(),
        **settings,
    )
    given.objective = replace(given.objective, penalty=penalty)
    SGD().minimise(given)
    assert given.monitor.peak < 100_000


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("rows", [None, np.arange(0, 20_000, 2)])
def test_training_does_not_copy_the_inputs(order, rows):
    X = np.asarray(np.ones((20_000, 50)), order=order)
    target = MatrixTarget(np.ones((20_000, 1)))
    given = make(Data(X, target, None, rows), batch_size=200, shuffle=True)
    tracemalloc.start()
    PLAIN.minimise(given)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.3 * X.nbytes


def test_of_many_rows_positions_take_half_the_memory_and_the_order_is_the_same(
    monkeypatch,
):
    data, thetas, kinds = regression_data(30), [], []
    for many in (30, 31):
        monkeypatch.setattr(epoch, "MANY_ROWS", many)
        given = make(data, batch_size=8, shuffle=True, max_iter=3)
        kinds.append(epoch._position_type(30))
        PLAIN.minimise(given)
        thetas.append(given.theta)
    assert kinds == [np.int32, np.intp]
    assert_array_equal(*thetas)
