"""The deferred product: what the step computes is what the backward pass would have."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skbackprop.core.data import Data
from skbackprop.layers import Dense, DropConnect, Dropout
from skbackprop.losses import SquaredError
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.penalties import L2
from skbackprop.solvers.deferred import DeferredProduct

from ..builders import problem, regression_data

N_IN, WIDTH = 5, 3


def make(first=None, X=None):
    given = regression_data()
    data = Data(np.ones((10, N_IN)) if X is None else X, given.target)
    layers = [*(first or [Dense(WIDTH)]), Dense(given.target.width)]
    network = Network(layers, N_IN)
    theta = network.initial(np.random.RandomState(0), np.dtype(np.float64))
    objective = Objective(network, SquaredError(), L2(0.1))
    return problem(objective, data, theta, batch_size=10)


def test_parts_of_the_gradient_make_up_the_product():
    rng = np.random.RandomState(0)
    deferred, x, dy = DeferredProduct(make()), rng.rand(8, N_IN), rng.rand(8, WIDTH)
    for rows in (slice(0, 5), slice(5, 8)):
        deferred.product(rows.start)(None, dy[rows], None)
    deferred.x = x
    grad = np.full(deferred.size + 4, np.nan)
    cut = deferred.cut(8)
    for part in (slice(0, cut), slice(cut, grad.size)):
        deferred.bind(part, grad[part])()
    assert_allclose(grad[: deferred.size], (x.T @ dy).ravel())
    assert np.isnan(grad[deferred.size :]).all()


def test_a_part_beyond_is_left_alone():
    deferred = DeferredProduct(make())
    grad = np.ones(4)
    deferred.bind(slice(deferred.size, deferred.size + 4), grad)()
    assert_array_equal(grad, 1.0)


@pytest.mark.parametrize(
    ("position", "expected"), [(0, 0), (2, 0), (3, 3), (14, 12), (15, 15), (17, 17)]
)
def test_cuts_are_between_the_weights_of_two_inputs(position, expected):
    assert DeferredProduct(make()).cut(position) == expected


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
    assert DeferredProduct.fits(make(first, X)) is fits
