"""The layer that scales inputs: a fixed affine map, sparse where it can be."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skbackprop.core.workspace import Workspace
from skbackprop.layers import Dense, Standardize
from skbackprop.network import Network
from skbackprop.testing import check_layer

from ._bound import Bound

FORMATS = [sparse.csr_array, sparse.csr_matrix]


def scaled(dtype=np.float64, center=(1.0, -2.0, 0.5)):
    bound = Bound(Standardize(), 3, dtype)
    bound["center"][...], bound["spread"][...] = center, (2.0, 0.5, 4.0)
    return bound


def test_the_derivative_of_the_input_is_right():
    assert check_layer(Standardize()) < 1e-6


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_center_is_taken_off_and_spread_divides(dtype):
    bound, x = scaled(dtype), np.random.RandomState(0).normal(size=(5, 3)).astype(dtype)
    x.flags.writeable = False
    y = bound.layer.bind_forward(bound.site(5))(x)
    assert y.dtype == dtype
    assert_array_equal(y, (x - bound["center"]) / bound["spread"])


def test_it_starts_as_the_identity():
    x = np.random.RandomState(0).normal(size=(5, 3))
    assert_array_equal(Bound(Standardize(), 3).predict(x), x)


@pytest.mark.parametrize("make", FORMATS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse_rows_stay_sparse_where_nothing_is_centered(dtype, make):
    bound, x = scaled(dtype, center=0.0), make(np.diag([1.0, 2, 3]).astype(dtype))
    y = bound.layer.bind_forward(bound.site(3, sparse=True))(x)
    assert isinstance(y, make)
    assert y.dtype == dtype
    assert_array_equal(y.toarray(), x.toarray() / bound["spread"])


@pytest.mark.parametrize("make", FORMATS)
def test_sparse_rows_are_the_same_rows_to_a_layer_that_centers(make):
    bound, x = scaled(), np.diag([1.0, 2, 3])
    y = bound.layer.bind_forward(bound.site(3, sparse=True))(make(x))
    assert_array_equal(np.asarray(y), bound.predict(x))


@pytest.mark.parametrize("center", [0.0, 1.5])
def test_a_network_gives_dense_and_sparse_rows_the_same_scores(center):
    network = Network([Standardize(), Dense(4), Dense(2)], 3)
    theta = np.random.RandomState(0).uniform(0.5, 1, network.layout.size)
    params = network.layout.views(theta)
    params[0][0][...] = center
    x = np.diag([1.0, 2, 3])
    scores = [
        network.bind(params, None, 3, Workspace(3, np.dtype(float)), is_sparse)
        .forward(rows)
        .copy()
        for rows, is_sparse in [(x.copy(), False), (sparse.csr_array(x), True)]
    ]
    assert_allclose(scores[0], scores[1])


def test_statistics_are_no_solvers_to_move():
    layout = Network([Standardize(), Dense(2)], 3).layout
    assert layout.n_trainable == layout.size - 6
