"""Deferred products: what the step computes is what the backward pass would have."""

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from skbackprop.core.data import Data
from skbackprop.layers import BatchNorm, Dense, DropConnect, Dropout, ReLU
from skbackprop.losses import SquaredError
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.penalties import L2
from skbackprop.solvers.deferred import DeferredProducts

from ..builders import problem, regression_data

N_IN, WIDTH = 5, 3


def make(first=None, X=None, hidden=(), batch_size=10):
    given = regression_data()
    data = Data(np.ones((10, N_IN)) if X is None else X, given.target)
    layers = [*(first or [Dense(WIDTH)]), *hidden, Dense(given.target.width)]
    network = Network(layers, data.X.shape[1])
    theta = network.initial(np.random.RandomState(0), np.dtype(np.float64))
    objective = Objective(network, SquaredError(), L2(0.1))
    return problem(objective, data, theta, batch_size=batch_size)


def test_parts_of_the_gradient_make_up_the_product():
    rng = np.random.RandomState(0)
    deferred, x, dy = DeferredProducts(make()), rng.rand(8, N_IN), rng.rand(8, WIDTH)
    for rows in (slice(0, 5), slice(5, 8)):
        deferred.products(rows.start)[0](x[rows].T, dy[rows], None)
    deferred.gather(x)
    grad = np.full(deferred.size + 4, np.nan)
    cut = deferred.cut(8)
    for part in (slice(0, cut), slice(cut, grad.size)):
        for write in deferred.bind(part, grad[part]):
            write()
    assert_allclose(grad[: deferred.size], (x.T @ dy).ravel())
    assert np.isnan(grad[deferred.size :]).all()


@pytest.mark.parametrize("position", [0, 7, 15, 100, 400, 615])
def test_large_hidden_layers_are_deferred_with_their_inputs(position):
    rng, widths = np.random.RandomState(0), (N_IN, 20, 30)
    given = make([Dense(20), ReLU()], hidden=[Dense(30), ReLU()], batch_size=8)
    deferred = DeferredProducts(given)
    inputs = [rng.rand(8, width) for width in widths[:2]]
    deltas = [rng.rand(8, width) for width in widths[1:]]
    expected = np.concatenate(
        [(x.T @ dy).ravel() for x, dy in zip(inputs, deltas, strict=True)]
    )
    # Threads may be ready in any order.
    for rows in (slice(5, 8), slice(0, 5)):
        keep = deferred.products(rows.start)
        assert list(keep) == [0, 2]
        for product, x, dy in zip(keep.values(), inputs, deltas, strict=True):
            # One is a row of a whole, the other is nobody's.
            product(x[rows].copy().T, dy[rows], None)
    deferred.gather(inputs[0])
    assert deferred.size == expected.size
    grad, cut = np.full(deferred.size, np.nan), deferred.cut(position)
    assert cut <= position
    for part in (slice(0, cut), slice(cut, grad.size)):
        for write in deferred.bind(part, grad[part]):
            write()
    assert_allclose(grad, expected)


@pytest.mark.parametrize(
    ("hidden", "batch_size"),
    [
        ([Dense(30)], 10),
        ([DropConnect(30)], 1),
        ([Dropout(0.5), BatchNorm(), Dense(30)], 1),
    ],
)
def test_other_layers_are_not_deferred(hidden, batch_size):
    given = make(hidden=hidden, batch_size=batch_size)
    assert DeferredProducts(given).size == N_IN * WIDTH


@pytest.mark.parametrize(
    ("whole", "first", "second"),
    [
        (np.ones((8, WIDTH)), slice(0, 5), slice(4, 7)),
        (np.ones((8, WIDTH)), slice(1, 6), slice(5, 8)),
        (np.ones((8, 2 * WIDTH))[:, :WIDTH], slice(0, 5), slice(5, 8)),
        (np.ones((16, WIDTH))[::2], slice(0, 5), slice(5, 8)),
        (np.ones(8 * WIDTH).reshape(8, WIDTH), slice(0, 5), slice(5, 8)),
    ],
    ids=["overlapping", "shifted", "too wide", "every other", "flat"],
)
def test_rows_of_another_matrix_are_not_taken_for_the_batch(whole, first, second):
    rng = np.random.RandomState(0)
    whole[...], x = rng.rand(8, WIDTH), rng.rand(8, N_IN)
    deferred = DeferredProducts(make())
    for row, rows in ((0, first), (5, second)):
        deferred.products(row)[0](x.T, whole[rows], None)
    deferred.gather(x)
    (write,) = deferred.bind(slice(0, deferred.size), grad := np.empty(deferred.size))
    write()
    expected = x.T @ np.concatenate([whole[first], whole[second]])
    assert_allclose(grad, expected.ravel())


def test_parts_copy_no_factors():
    given = make([Dense(200), ReLU()], np.ones((10, 400)))
    deferred = DeferredProducts(given)
    delta, keep = np.ones((10, 200)), deferred.products
    part = slice(0, deferred.cut(deferred.size // 2))
    (write,) = deferred.bind(part, np.empty(part.stop))
    tracemalloc.start()
    try:
        for rows in (slice(0, 6), slice(6, 10)):
            keep(rows.start)[0](given.data.X[rows].T, delta[rows], None)
        deferred.gather(given.data.X)
        write()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < given.data.X[:, :200].nbytes / 4


def test_a_part_beyond_is_left_alone():
    deferred = DeferredProducts(make())
    assert not deferred.bind(slice(deferred.size, deferred.size + 4), np.ones(4))


@pytest.mark.parametrize(
    ("position", "expected"), [(0, 0), (2, 0), (3, 3), (14, 12), (15, 15), (17, 17)]
)
def test_cuts_are_between_the_weights_of_two_inputs(position, expected):
    assert DeferredProducts(make()).cut(position) == expected


@pytest.mark.parametrize(
    ("first", "X", "fits"),
    [
        ([Dense(WIDTH)], None, True),
        ([Dense(WIDTH)], sparse.csr_array(np.ones((10, N_IN))), False),
        ([DropConnect(WIDTH)], None, False),
        ([Dropout(0.5), Dense(WIDTH)], None, False),
    ],
)
def test_only_plain_products_with_the_data_are_deferred(first, X, fits):
    assert DeferredProducts.fits(make(first, X)) is fits
