"""Averages of the parameters: what is judged and kept, and what is moved."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skbackprop.averaging import EMA, Averaging, Mean
from skbackprop.losses import SquaredError
from skbackprop.objective import Objective
from skbackprop.penalties import L2
from skbackprop.solvers import SGD, Adam, Status

from ..builders import Recorder, perceptron, problem, regression_data


def make(dtype=np.float64, **changes):
    """A small network, one step an epoch unless told otherwise."""
    network = perceptron((3, 4, 1))
    theta = network.initial(np.random.RandomState(0), np.dtype(dtype))
    objective = Objective(network, SquaredError(), L2(0.01))
    settings = {"max_iter": 5, "learning_rate_init": 0.3} | changes
    return problem(objective, regression_data(dtype=dtype), theta, **settings)


def path(averaging, n_epochs=5, **changes):
    """The parameters after each epoch."""
    given = make(averaging=averaging, max_iter=n_epochs, **changes)
    solution = SGD().minimise(given)
    return np.array(given.monitor.thetas), solution.state


def test_the_mean_is_the_plain_mean_of_all_steps():
    raw, (averaged, _) = path(None)[0], path(Mean())
    assert_allclose(averaged, [raw[: k + 1].mean(axis=0) for k in range(5)], rtol=1e-12)


def test_the_mean_begins_at_its_epoch():
    raw, (averaged, _) = path(None)[0], path(Mean(start=2))
    expected = [raw[0], raw[1], raw[2], raw[2:4].mean(axis=0), raw[2:].mean(axis=0)]
    assert_allclose(averaged, expected, rtol=1e-12)


def test_the_moving_average_is_adams_mean_without_its_bias():
    raw, (averaged, _) = path(None)[0], path(EMA(decay=0.7))
    mean = np.zeros_like(raw[0])
    for t, (theta, ours) in enumerate(zip(raw, averaged, strict=True), start=1):
        mean = 0.7 * mean + 0.3 * theta
        assert_allclose(ours, mean / (1 - 0.7**t), rtol=1e-12)


def test_the_moving_average_is_that_of_pytorch_once_its_start_is_forgotten():
    torch = pytest.importorskip("torch")
    raw, averaged = path(None, 40)[0], path(EMA(decay=0.5), 40)[0]
    model = torch.nn.Linear(1, raw.shape[1], bias=False).double()
    theirs = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.5)
    )
    for theta in raw:
        model.weight.data[:, 0] = torch.tensor(theta)
        theirs.update_parameters(model)
    last = theirs.module.weight.detach().numpy()[:, 0]
    assert_allclose(averaged[-1], last, rtol=1e-9)


@pytest.mark.parametrize("averaging", [EMA(decay=0.9), Mean(start=1)], ids=repr)
def test_averaging_does_not_change_the_way(averaging):
    raw, (_, state) = path(None, batch_size=4)[0], path(averaging, batch_size=4)
    assert_array_equal(state.average.raw, raw[-1])


@pytest.mark.parametrize("name", Averaging.members())
def test_going_on_later_is_going_on(name):
    averaging = Averaging.members()[name](start=1)
    whole, parts = (make(averaging=averaging, batch_size=4) for _ in range(2))
    Adam().minimise(whole)
    for n_epochs in (1, 2, 2):
        parts.max_iter = n_epochs
        parts.state = copy.deepcopy(Adam().minimise(parts).state)
    assert_array_equal(parts.theta, whole.theta)


def test_other_parameters_than_those_left_behind_are_started_from():
    given = make(averaging=Mean())
    given.state = SGD().minimise(given).state
    given.theta[...] = 0.25
    fresh = make(averaging=Mean(), max_iter=1)
    fresh.theta[...] = 0.25
    fresh.state = copy.deepcopy(given.state)
    fresh.state.average = None
    for each in (given, fresh):
        each.max_iter = 1
        SGD().minimise(each)
    assert_array_equal(given.theta, fresh.theta)
    assert given.state.average.n_steps == 1


def test_an_average_that_has_begun_goes_on_when_epochs_are_counted_anew():
    given = make(averaging=Mean(start=2), max_iter=3)
    given.state = SGD().minimise(given).state
    given.state.n_epochs = 0
    given.max_iter = 1
    assert SGD().minimise(given).state.average.n_steps == 2


@pytest.mark.parametrize("name", Averaging.members())
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_vectors_keep_their_type(name, dtype):
    given = make(dtype, averaging=Averaging.members()[name]())
    average = SGD().minimise(given).state.average
    assert {v.dtype for v in (given.theta, average.raw, average.mean)} == {
        np.dtype(dtype)
    }


@pytest.mark.parametrize("name", Averaging.members())
def test_the_first_step_of_an_average_is_all_of_it(name):
    averaging = Averaging.members()[name]()
    shares = [averaging.share(t) for t in range(1, 50)]
    assert shares[0] == 1.0
    assert (np.diff(shares) < 0).all()
    assert all(type(share) is float and share > 0 for share in shares)


def test_a_divergence_leaves_finite_parameters():
    given = make(averaging=EMA(), learning_rate_init=1e200, max_iter=50)
    given.monitor = Recorder(theta=given.theta)
    solution = SGD().minimise(given)
    assert solution.status is Status.DIVERGED
    assert np.isfinite(given.theta).all()
