"""Predicting many rows: chunks, threads, types, and bounded memory."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import sparse
from threadpoolctl import threadpool_limits

from skbackprop import prediction
from skbackprop.core import threads
from skbackprop.losses import ClassificationLoss, RegressionLoss
from skbackprop.network import CHUNK_BYTES
from skbackprop.prediction import predict_rows

from . import oracle
from .builders import Chopped, oracle_network, perceptron


def ready(n_rows=9, widths=(3, 4, 2), dtype=np.float64):
    """A network that is evaluated three rows at once, parameters and inputs."""
    network = Chopped(perceptron(widths).layers, widths[0])
    rng = np.random.RandomState(0)
    theta = rng.normal(size=network.layout.size).astype(dtype)
    return network, theta, rng.normal(size=(n_rows, widths[0]))


def by_loops(network, theta, X):
    slow = oracle_network(network, theta, "tanh")
    return np.array(oracle.predict(slow, X.tolist()))


def unchanged(raw):
    return raw


@given(n_rows=st.integers(1, 12), at_once=st.integers(1, 13))
def test_scores_do_not_depend_on_the_chunks(n_rows, at_once):
    network, theta, X = ready(n_rows)
    network.rows_at_once = at_once
    params = network.layout.views(theta)
    scores = predict_rows(network, params, X, theta.dtype, unchanged)
    assert_allclose(scores, by_loops(network, theta, X), rtol=1e-9)


@pytest.mark.parametrize("n_rows", [1, 2, 3, 4, 7, 12])
def test_scores_do_not_depend_on_the_threads(monkeypatch, n_rows):
    network, theta, X = ready(n_rows)
    params = network.layout.views(theta)
    # No work is too small for three threads.
    monkeypatch.setattr(threads, "SHARE_OF_A_THREAD", 1)
    with threadpool_limits(3, user_api="blas"):
        scores = predict_rows(network, params, X, theta.dtype, unchanged)
    assert_allclose(scores, by_loops(network, theta, X), rtol=1e-9)


HOLDERS = {
    "columns": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=0)[::2],
    "sparse": sparse.csr_matrix,
    "single": np.float32,
    "integers": lambda X: X.round().astype(int),
}


@pytest.mark.parametrize("hold", HOLDERS.values(), ids=HOLDERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("trained", [np.float32, np.float64])
def test_scores_are_computed_in_the_type_asked_for(dtype, trained, hold):
    network, theta, X = ready(dtype=trained)
    params = network.layout.views(theta)
    held = hold(X)
    scores = predict_rows(network, params, held, np.dtype(dtype), unchanged)
    assert scores.dtype == dtype
    X = held.toarray() if sparse.issparse(held) else held
    assert_allclose(scores, by_loops(network, theta, X), rtol=1e-4, atol=1e-5)


FINISHES = {
    "in place": lambda raw: np.exp(raw, out=raw),
    "another type": lambda raw: raw > 0,
    "fewer columns": lambda raw: raw.argmax(axis=1)[:, np.newaxis],
    "more columns": lambda raw: np.hstack([raw, -raw]),
}


@pytest.mark.parametrize("finish", FINISHES.values(), ids=FINISHES)
@pytest.mark.parametrize("n_rows", [1, 3, 8])
def test_scores_are_finished_chunk_by_chunk(finish, n_rows):
    network, theta, X = ready(n_rows)
    params = network.layout.views(theta)
    finished = predict_rows(network, params, X, theta.dtype, finish)
    expected = finish(by_loops(network, theta, X))
    assert finished.dtype == expected.dtype
    assert_allclose(finished, expected)


LOSSES = {
    **{name: member() for name, member in RegressionLoss.members().items()},
    **{name: m().exclusive((2,)) for name, m in ClassificationLoss.members().items()},
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_what_was_predicted_stays_when_more_is(loss):
    network, theta, X = ready()
    params = network.layout.views(theta)
    first = predict_rows(network, params, X, theta.dtype, loss.inverse_link)
    kept = first.copy()
    predict_rows(network, params, -X, theta.dtype, loss.inverse_link)
    assert_allclose(first, kept)


@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_does_not_grow_with_the_rows(order):
    network = perceptron((20, 200, 200, 1), "relu")
    params = network.layout.views(np.ones(network.layout.size))
    peaks = []
    for n_rows in (10_000, 40_000):
        X = np.asarray(np.ones((n_rows, 20)), order=order)
        tracemalloc.start()
        scores = predict_rows(network, params, X, X.dtype, unchanged)
        peaks.append(tracemalloc.get_traced_memory()[1] - scores.nbytes)
        tracemalloc.stop()
    # All activations at once would be 40_000 * 401 * 8 bytes: 128 MB.
    assert max(peaks) < 8e6
    assert peaks[1] < 1.2 * peaks[0]


def test_memory_of_a_chunk_is_asked_for_once(monkeypatch):
    asked = []
    monkeypatch.setattr(prediction, "keep_freed_memory", asked.append)
    prediction._keep_chunks.cache_clear()
    network, theta, X = ready()
    for _ in range(2):
        predict_rows(network, network.layout.views(theta), X, theta.dtype, unchanged)
    assert asked == [CHUNK_BYTES]
