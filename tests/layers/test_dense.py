"""The dense layer: an affine map, its transpose, and two gradients."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skbackprop.core.layout import Layout
from skbackprop.core.ops import sparse_product
from skbackprop.core.spec import resolve
from skbackprop.core.workspace import Workspace
from skbackprop.layers import Dense, Layer, Site

ROWS, N_IN, N_OUT = SMALL = 6, 4, 3
# Its products are made of blocks.
THIN = 256, 1024, 10


class Bound:
    """A dense layer with random parameters, bound, and its inputs."""

    def __init__(self, dtype=np.float64, shape=SMALL, **changes):
        rng, (rows, n_in, n_out) = np.random.RandomState(0), shape
        self.layer = Dense(n_out)
        layout = Layout([self.layer.build(n_in)[1]])
        theta = rng.normal(size=layout.size).astype(dtype)
        self.grad = np.full_like(theta, np.nan)
        self.weight, self.bias = layout.views(theta)[0]
        self.grads = layout.views(self.grad)[0]
        self.x = rng.normal(size=(rows, n_in)).astype(dtype)
        self.dy = rng.normal(size=(rows, n_out)).astype(dtype)
        places = {"params": (self.weight, self.bias), "grads": self.grads}
        sizes = {"key": 0, "rows": rows, "n_in": n_in, "n_out": n_out}
        workspace = Workspace(rows, dtype)
        self.site = Site(**sizes, **places, workspace=workspace, **changes)
        self.forward = self.layer.bind_forward(self.site)
        self.backward = self.layer.bind_backward(self.site)


def test_it_asks_for_a_weight_and_a_bias():
    width, (weight, bias) = Dense(N_OUT).build(N_IN)
    assert width == N_OUT
    assert (weight.kind, weight.shape) == ("weight", (N_IN, N_OUT))
    assert (bias.kind, bias.shape) == ("bias", (N_OUT,))
    assert weight.fan == bias.fan == (N_IN, N_OUT)


@pytest.mark.parametrize("shape", [SMALL, THIN], ids=["small", "thin"])
@pytest.mark.parametrize("column_major", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_forward_is_the_affine_map(dtype, column_major, shape):
    bound = Bound(dtype, shape, column_major=column_major)
    given = bound.x.copy()
    y = bound.forward(bound.x)
    expected = given @ bound.weight + bound.bias
    assert_allclose(y, expected, rtol=1e-5, atol=1e-4 if dtype is np.float32 else 0)
    assert y.dtype == dtype
    assert y.flags.f_contiguous is column_major
    assert_array_equal(bound.x, given)


@pytest.mark.parametrize("shape", [SMALL, THIN], ids=["small", "thin"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_backward_is_the_transposed_map_and_writes_the_gradients(dtype, shape):
    bound = Bound(dtype, shape)
    given, x = bound.dy.copy(), bound.x.copy()
    dx = bound.backward(bound.x, bound.dy)
    near = {"rtol": 1e-5, "atol": 1e-4 if dtype is np.float32 else 1e-12}
    assert_allclose(dx, given @ bound.weight.T, **near)
    assert_allclose(bound.grads[0], x.T @ given, **near)
    assert_allclose(bound.grads[1], given.sum(axis=0), **near)
    assert_array_equal(bound.x, x)
    assert dx.dtype == bound.grad.dtype == dtype


def test_gradients_replace_those_of_the_batch_before():
    bound = Bound()
    bound.backward(bound.x, bound.dy.copy())
    first = bound.grad.copy()
    bound.backward(bound.x, bound.dy.copy())
    assert_array_equal(bound.grad, first)


def test_it_follows_its_parameters():
    bound = Bound()
    bound.forward(bound.x)
    bound.weight[...], bound.bias[...] = 0.0, 2.0
    assert_array_equal(bound.forward(bound.x), 2.0)


def test_nothing_is_computed_for_inputs_that_are_data():
    bound = Bound(wants_input_gradient=False)
    bound.backward(bound.x, bound.dy)
    assert np.isfinite(bound.grad).all()


@pytest.mark.parametrize("column_major", [False, True])
@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csr_matrix])
def test_sparse_inputs_are_inputs(make, column_major):
    bound = Bound(
        product=sparse_product, wants_input_gradient=False, column_major=column_major
    )
    x = make(bound.x)
    assert_allclose(bound.forward(x), bound.x @ bound.weight + bound.bias)
    bound.backward(x, bound.dy)
    assert_allclose(bound.grads[0], bound.x.T @ bound.dy)


@pytest.mark.parametrize("units", [0, -1, 2.5, "many"])
def test_a_width_that_is_none_is_refused(units):
    with pytest.raises(ValueError, match="'units' parameter of Dense"):
        resolve(Layer, Dense(units))
