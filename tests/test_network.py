"""Networks: forward and backward against loops, scores in chunks, bounded memory."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skbackprop.architecture import mlp
from skbackprop.core.workspace import Workspace
from skbackprop.layers import Activation, Dense, ReLU, Tanh
from skbackprop.network import Network

from . import oracle
from .builders import oracle_network, packed, perceptron

ROWS = 5
WIDTHS = {"no hidden layer": (3, 2), "one": (3, 4, 2), "three": (3, 4, 2, 3, 1)}
every_shape = pytest.mark.parametrize("widths", WIDTHS.values(), ids=WIDTHS)


def ready(widths, activation="tanh", dtype=np.float64):
    """A network, parameters and inputs."""
    network = perceptron(widths, activation)
    rng = np.random.RandomState(0)
    theta = rng.normal(size=network.layout.size).astype(dtype)
    return network, theta, rng.normal(size=(ROWS, widths[0])).astype(dtype)


def bound(network, theta, grad=None, sparse=False):
    views = network.layout.views
    grads = None if grad is None else views(grad)
    workspace = Workspace(ROWS, theta.dtype)
    return network.bind(views(theta), grads, ROWS, workspace, sparse)


def given_slope(scores, target):
    """A loss whose gradient with respect to the raw scores is the target."""
    return 0.0, target


@every_shape
@pytest.mark.parametrize("activation", oracle.ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_passes_are_those_of_the_loops(activation, widths, dtype):
    network, theta, X = ready(widths, activation, dtype)
    grad = np.full_like(theta, np.nan)
    maps = bound(network, theta, grad)
    raw = maps.forward(X)
    slow = oracle_network(network, theta, activation)
    rtol = 1e-4 if dtype == np.float32 else 1e-9
    assert_allclose(raw, oracle.predict(slow, X.tolist()), rtol=rtol, atol=rtol)
    along = np.random.RandomState(1).normal(size=raw.shape)
    maps.backward(along.astype(dtype))
    expected = oracle.gradient(
        slow, X.tolist(), along.tolist(), given_slope, normaliser=1.0
    )
    assert_allclose(grad, packed(network, expected), rtol=rtol, atol=rtol)
    assert raw.dtype == grad.dtype == dtype


@every_shape
def test_the_inputs_are_left_alone(widths):
    # Also where an activation that works in place comes first.
    network, theta, X = ready(widths)
    before = X.copy()
    maps = bound(network, theta, np.empty_like(theta))
    maps.backward(maps.forward(X).copy())
    assert_array_equal(X, before)


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csr_matrix])
def test_sparse_inputs_give_the_same(make):
    network, theta, X = ready(WIDTHS["one"])
    grads = []
    for x in (X, make(X)):
        grad = np.empty_like(theta)
        maps = bound(network, theta, grad, sparse.issparse(x))
        maps.backward(maps.forward(x).copy())
        grads.append(grad)
    assert_allclose(*grads, rtol=1e-10)


def test_it_follows_the_parameters_that_it_is_bound_to():
    network, theta, X = ready(WIDTHS["one"])
    maps = bound(network, theta)
    before = maps.forward(X).copy()
    theta *= -1.0
    assert not np.allclose(maps.forward(X), before)


@pytest.mark.parametrize("n_out", [2, 65])
def test_many_outputs_are_computed_like_few(n_out):
    network, theta, X = ready((3, 4, n_out))
    slow = oracle_network(network, theta, "tanh")
    assert_allclose(bound(network, theta).forward(X), oracle.predict(slow, X.tolist()))


def test_widths_and_parameters_follow_from_the_layers():
    network = Network([Dense(4), ReLU(), Dense(2), Tanh(), Dense(1)], n_in=3)
    assert (network.n_in, network.n_out, network.n_dense) == (3, 1, 3)
    assert network.layout.size == 3 * 4 + 4 + 4 * 2 + 2 + 2 * 1 + 1


@given(st.integers(1, 5), st.lists(st.integers(1, 6), max_size=4), st.integers(1, 3))
def test_any_widths_make_a_network(n_in, hidden, n_out):
    network = mlp(n_in, hidden, [Tanh()] * len(hidden), n_out)
    widths = [n_in, *hidden, n_out]
    assert (network.n_in, network.n_out) == (n_in, n_out)
    assert network.n_dense == len(hidden) + 1
    assert network.layout.size == sum((a + 1) * b for a, b in pairwise(widths))
    weights = network.layout.of_kind("weight", np.zeros(network.layout.size))
    assert [w.shape for w in weights] == list(pairwise(widths))


def test_a_perceptron_has_an_activation_behind_each_hidden_layer():
    network = mlp(3, [4, 2], [ReLU(), Tanh()], 1)
    assert network.layers == [Dense(4), ReLU(), Dense(2), Tanh(), Dense(1)]
    with pytest.raises(ValueError, match="shorter"):
        mlp(3, [4, 2], [ReLU()], 1)


@pytest.mark.parametrize("activation", Activation.members())
def test_prediction_binds_no_backward_pass(activation):
    network, theta, X = ready((3, 50, 2), activation)
    maps = bound(network, theta)
    assert_array_equal(maps.forward(X), bound(network, theta).forward(X))
    wide = perceptron((3, 2000, 2), activation)
    theta, buffer = np.ones(wide.layout.size), ROWS * 2000 * 8
    peaks = []
    for grad in (None, np.ones_like(theta)):
        tracemalloc.start()
        bound(wide, theta, grad)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # At least the gradient of the hidden units is left out. What remains are scores,
    # outputs, a constant, and what few activations keep besides.
    assert peaks[0] < peaks[1] - 0.9 * buffer
    assert peaks[0] < 6.5 * buffer
