"""Clipping, max-norm and what no solver moves, in a step."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_limits

from skbackprop.core import threads
from skbackprop.evaluation import Evaluation
from skbackprop.losses import SquaredError
from skbackprop.objective import Objective
from skbackprop.penalties import L1, L2, ElasticNet
from skbackprop.solvers import SGD, Adam, AdamW, step
from skbackprop.solvers.projection import bind_max_norm
from skbackprop.updates import ClipNorm, ClipValue

from ..builders import perceptron, problem, regression_data

CLIPS = {"value": ClipValue(0.01), "norm": ClipNorm(0.02)}


def make(penalty=None, dtype=np.float64, **changes):
    network = perceptron((3, 4, 2))
    theta = network.initial(np.random.RandomState(0), np.dtype(dtype))
    objective = Objective(network, SquaredError(), penalty or L2(1.0))
    data = regression_data(dtype=dtype, n_out=2)
    return problem(objective, data, theta, **changes)


def gradient(given):
    evaluation = Evaluation(given.objective, given.theta.copy(), given.data)
    return evaluation.value_and_gradient()[1]


def test_the_gradient_of_the_whole_objective_is_clipped_before_the_solver_sees_it():
    for name, clip in CLIPS.items():
        given = make(clipping=[clip])
        start, whole = given.theta.copy(), gradient(given)
        SGD(momentum=0.0).minimise(given)
        clipped = whole * min(1.0, 0.02 / np.linalg.norm(whole))
        if name == "value":
            clipped = np.clip(whole, -0.01, 0.01)
        assert_allclose(given.theta, start - 0.1 * clipped, rtol=1e-9)


def test_clipping_that_does_not_bite_changes_nothing():
    plain, clipped = make(), make(clipping=[ClipValue(1e9), ClipNorm(1e9)])
    for each in (plain, clipped):
        each.max_iter = 5
        Adam().minimise(each)
    assert_array_equal(plain.theta, clipped.theta)


def norms(given, theta):
    layout = given.objective.network.layout
    units = [np.linalg.norm(w, axis=0) for w in layout.of_kind("weight", theta)]
    return np.concatenate(units)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_unit_has_longer_weights_than_the_limit(dtype):
    free, held = make(dtype=dtype), make(dtype=dtype, max_norm=0.5)
    for each in (free, held):
        each.max_iter = 10
        SGD().minimise(each)
    assert norms(free, free.theta).max() > 0.5
    assert norms(held, held.theta).max() <= 0.5 * (1 + 1e-6)
    assert held.theta.dtype == dtype


def test_units_within_the_limit_and_biases_are_left_alone():
    given = make()
    theta, layout = given.theta, given.objective.network.layout
    before, limit = theta.copy(), float(np.median(norms(given, theta)))
    bind_max_norm(layout, theta, limit)()
    lengths = norms(given, before)
    assert_allclose(norms(given, theta), np.minimum(lengths, limit))
    assert_array_equal(theta[layout.n_weights :], before[layout.n_weights :])


# ----------------------------------------------------------------- parts and pieces


@pytest.mark.parametrize("penalty", [L2(0.1), L1(0.1), ElasticNet(0.1)], ids=repr)
@pytest.mark.parametrize("clip", [*CLIPS.values(), None], ids=repr)
def test_a_step_in_parts_is_a_step_in_one_piece(monkeypatch, penalty, clip):
    clipping = [] if clip is None else [clip]
    whole, parts = (
        make(penalty, clipping=clipping, max_norm=1.0, batch_size=5, max_iter=8)
        for _ in range(2)
    )
    with threadpool_limits(1, user_api="blas"):
        AdamW(weight_decay=0.5).minimise(whole)
    monkeypatch.setattr(threads, "SHARE_OF_A_THREAD", 1)
    # Three threads, and a part for each however short the vector.
    monkeypatch.setattr(step, "SHARE_OF_A_THREAD", 1)
    with threadpool_limits(3, user_api="blas"):
        AdamW(weight_decay=0.5).minimise(parts)
    assert_allclose(parts.theta, whole.theta, rtol=1e-9, atol=1e-12)
    assert_allclose(parts.monitor.losses, whole.monitor.losses, rtol=1e-9)
