"""The objective: value and gradient by loops, weights, chunks, threads, memory."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skbackprop.core.data import Data, MatrixTarget
from skbackprop.core.workspace import Workspace
from skbackprop.evaluation import Evaluation
from skbackprop.layers import Activation
from skbackprop.losses import Poisson, SquaredError
from skbackprop.objective import Objective
from skbackprop.penalties import L2
from skbackprop.testing import check_objective

from . import oracle
from .builders import (
    Chopped,
    every_loss,
    expanded,
    oracle_loss,
    oracle_network,
    packed,
    perceptron,
)

N_ROWS, N_IN, ALPHA = 7, 3, 0.3
CASES = every_loss(N_ROWS)
every_case = pytest.mark.parametrize(("loss", "target"), CASES.values(), ids=CASES)
WEIGHT = np.array([0.5, 2.0, 0.0, 1.0, 3.0, 0.25, 1.0])


def make(loss, target, weight=None, activation="tanh", rows=None, dtype=np.float64):
    """An objective, parameters and the data of a case."""
    network = perceptron((N_IN, 4, target.width), activation)
    rng = np.random.RandomState(0)
    theta = (0.7 * rng.normal(size=network.layout.size)).astype(dtype)
    X = rng.normal(size=(N_ROWS, N_IN)).astype(dtype)
    data = Data(X, target, weight, rows)
    return Objective(network, loss, L2(ALPHA)), theta, data


def by_loops(objective, theta, data, activation="tanh"):
    """Value and gradient of the whole objective."""
    rows = np.arange(N_ROWS) if data.rows is None else data.rows
    slow = oracle_network(objective.network, theta, activation)
    targets = expanded(data.target, N_ROWS)[rows]
    weights = np.ones(len(rows)) if data.weight is None else data.weight[rows]
    settings = {"weights": weights.tolist(), "alpha": ALPHA}
    args = (data.X[rows].tolist(), targets.tolist(), oracle_loss(objective.loss))
    gradient = oracle.gradient(slow, *args, **settings)
    value = oracle.loss(slow, *args, **settings)
    return value, packed(objective.network, gradient)


def by_evaluation(objective, theta, data, **settings):
    evaluation = Evaluation(objective, theta, data, **settings)
    loss, gradient = evaluation.value_and_gradient()
    assert_allclose(evaluation.loss(), loss, rtol=1e-6)
    return loss + evaluation.penalty(), gradient.copy()


def assert_same(one, other, rtol=1e-9):
    assert_allclose(one[0], other[0], rtol=rtol)
    assert_allclose(one[1], other[1], rtol=rtol, atol=rtol)


@every_case
@pytest.mark.parametrize("rows", [None, np.array([5, 0, 3])])
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_all_rows_are_evaluated_as_by_loops(loss, target, weight, rows):
    parts = make(loss, target, weight, rows=rows)
    assert_same(by_evaluation(*parts), by_loops(*parts))


@every_case
def test_single_precision_stays_and_is_close(loss, target):
    objective, theta, data = make(loss, target, WEIGHT, dtype=np.float32)
    evaluation = Evaluation(objective, theta, data)
    evaluation.loss()
    assert evaluation.predictions.dtype == np.float32
    value, gradient = by_evaluation(objective, theta, data)
    assert gradient.dtype == np.float32
    assert_same((value, gradient), by_loops(objective, theta, data), rtol=1e-4)


@every_case
# The surrogate of a step is no derivative: tests/layers/test_activation.py.
@pytest.mark.parametrize(
    "activation", [n for n, kind in Activation.members().items() if not kind.surrogate]
)
def test_the_gradient_is_the_derivative(loss, target, activation):
    objective, theta, data = make(loss, target, WEIGHT, activation)
    check_objective(objective, data, theta)


@every_case
def test_a_batch_is_differentiated_as_by_loops(loss, target):
    objective, theta, data = make(loss, target)
    grad, targets = np.full_like(theta, np.nan), expanded(target, N_ROWS)
    workspace = Workspace(N_ROWS, theta.dtype)
    gradient = objective.bind_gradient(theta, grad, N_ROWS, workspace, False)
    # A factor for each row, or one for all.
    for scale in (WEIGHT[:, np.newaxis], 0.25):
        weights = (scale * np.ones((N_ROWS, 1))).ravel().tolist()
        prediction = gradient(data.X, targets, scale)
        slow = oracle_network(objective.network, theta, "tanh")
        args = (slow, data.X.tolist(), targets.tolist(), oracle_loss(loss))
        expected = oracle.gradient(*args, weights=weights, normaliser=1.0)
        assert_allclose(grad, packed(objective.network, expected), atol=1e-12)
        raw = np.array(oracle.predict(slow, data.X.tolist()))
        assert_allclose(prediction, loss.inverse_link(raw))


# ------------------------------------------------------------------ chunks and threads


@given(
    at_once=st.integers(1, N_ROWS + 1),
    n_threads=st.integers(1, 4),
    weighted=st.booleans(),
    rows=st.none() | st.permutations(range(N_ROWS)).map(lambda p: np.array(p[:5])),
)
def test_neither_chunks_nor_threads_change_anything(at_once, n_threads, weighted, rows):
    loss, target = CASES["squared_error"]
    objective, theta, data = make(loss, target, WEIGHT if weighted else None, rows=rows)
    network = Chopped(objective.network.layers, N_IN)
    network.rows_at_once = at_once
    chopped = Objective(network, loss, objective.penalty)
    expected = by_evaluation(objective, theta, data)
    evaluation = Evaluation(chopped, theta, data, n_threads=n_threads)
    for _ in range(2):  # buffers are used again
        value, gradient = evaluation.value_and_gradient()
        assert_same((value + evaluation.penalty(), gradient), expected)
        evaluation.loss()
        predictions = Evaluation(objective, theta, data)
        predictions.loss()
        assert_allclose(evaluation.predictions, predictions.predictions)


def test_parameters_are_read_anew():
    objective, theta, data = make(*CASES["squared_error"])
    evaluation = Evaluation(objective, theta, data)
    before, _ = evaluation.value_and_gradient()
    theta *= 2.0
    after, gradient = evaluation.value_and_gradient()
    assert after != before
    expected = by_loops(objective, theta, data)
    assert_same((after + evaluation.penalty(), gradient), expected)


@pytest.mark.parametrize("hold", [np.asfortranarray, sparse.csr_array, np.float32])
def test_it_does_not_matter_what_holds_the_inputs(hold):
    objective, theta, data = make(*CASES["poisson"], WEIGHT)
    held = Data(hold(data.X), data.target, data.weight)
    rtol = 1e-5 if hold is np.float32 else 1e-9
    expected = by_evaluation(objective, theta, data)
    assert_same(by_evaluation(objective, theta, held), expected, rtol)


@pytest.mark.parametrize("hold", [np.ascontiguousarray, np.asfortranarray])
def test_memory_grows_by_the_predictions_alone(hold):
    objective = Objective(perceptron((30, 100, 1)), SquaredError(), L2(ALPHA))
    theta, peaks = np.full(objective.network.layout.size, 0.01), []
    for n_rows in (10_000, 40_000):
        data = Data(hold(np.ones((n_rows, 30))), MatrixTarget(np.ones((n_rows, 1))))
        tracemalloc.start()
        Evaluation(objective, theta, data, n_threads=1).value_and_gradient()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # The activations of a row would take 808 bytes, a copy of its inputs 240.
    assert peaks[1] - peaks[0] < 30_000 * 16


# ----------------------------------------------------------------------------- weights


@every_case
@given(counts=st.lists(st.integers(0, 3), min_size=7, max_size=7).filter(any))
def test_a_weight_is_a_repetition(loss, target, counts):
    objective, theta, data = make(loss, target)
    weighted = Data(data.X, target, np.array(counts, float))
    repeated = Data(data.X, target, None, np.repeat(np.arange(N_ROWS), counts))
    assert_same(
        by_evaluation(objective, theta, weighted),
        by_evaluation(objective, theta, repeated),
    )


def test_only_the_penalty_sees_the_scale_of_the_weights():
    objective, theta, data = make(*CASES["squared_error"], WEIGHT)
    tenfold = Data(data.X, data.target, 10 * WEIGHT)
    one, ten = (Evaluation(objective, theta, each) for each in (data, tenfold))
    assert_allclose(one.loss(), ten.loss())
    assert_allclose(one.penalty(), 10 * ten.penalty())
    assert_allclose(one.penalty(), objective.penalty.value(theta[:20]) / WEIGHT.sum())


def test_a_row_of_no_weight_counts_for_nothing_even_where_its_loss_overflows():
    prediction, target = np.array([[np.inf], [2.0]]), np.array([[1.0], [2.0]])
    with np.errstate(invalid="ignore", divide="ignore"):
        total = Poisson().total(prediction, target, np.array([0.0, 1.0]))
    assert total == 0.0


def test_a_sum_over_many_single_precision_losses_is_exact():
    prediction = np.full((2**18, 1), 1e-3, np.float32)
    total = SquaredError().total(prediction, np.zeros_like(prediction), None)
    assert_allclose(total, 2**18 * 0.5e-6, rtol=1e-6)


def test_the_reported_loss_of_several_numbers_is_a_mean_over_them():
    objective, *_ = make(*CASES["squared_error"])
    assert objective.reported(3.0, 0.5) == 3.0 / 2 + 0.5
    objective, *_ = make(*CASES["poisson"])
    assert objective.reported(3.0, 0.5) == 3.5


def test_evaluating_leaves_the_parameters_alone():
    objective, theta, data = make(*CASES["squared_error"])
    given_theta = theta.copy()
    by_evaluation(objective, theta, data)
    assert_array_equal(theta, given_theta)
