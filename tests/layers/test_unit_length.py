"""Rows of length one: value, derivative, and what becomes of rows without a length."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skbackprop.core.workspace import Workspace
from skbackprop.layers import Dense, Layer, Site, UnitLength
from skbackprop.network import Network
from skbackprop.testing import check_layer

X = np.random.RandomState(0).normal(size=(6, 4))


def site(dtype=float, rows=6):
    return Site(0, rows, 4, 4, (), (), Workspace(rows, np.dtype(dtype)))


def forward(x):
    x = x.copy()
    return UnitLength().bind_forward(site(x.dtype, len(x)))(x)


@pytest.mark.parametrize("n_in", [1, 2, 5])
def test_the_derivative_is_right(n_in):
    # With a single column only the epsilon leaves the output any slope.
    assert check_layer(UnitLength(epsilon=0.1), n_in=n_in) < 1e-6


def test_the_derivative_is_right_without_much_of_an_epsilon():
    assert check_layer(UnitLength()) < 1e-6


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_have_length_one_and_keep_their_direction_and_type(dtype):
    y = forward(X.astype(dtype))
    assert y.dtype == dtype
    assert_allclose(np.linalg.norm(y, axis=1), 1.0, rtol=1e-6)
    assert_allclose(y, X / np.linalg.norm(X, axis=1, keepdims=True), rtol=1e-5)


def test_a_row_of_zeros_stays_one():
    assert_array_equal(forward(np.zeros((2, 4))), np.zeros((2, 4)))


def test_the_gradient_is_at_right_angles_to_the_row():
    place, x = site(), X.copy()
    y = UnitLength().bind_forward(place)(x)
    dx = UnitLength().bind_backward(place)(y, np.ones_like(X))
    assert_allclose((dx * X).sum(axis=1), 0.0, atol=1e-11)


def test_it_is_found_by_its_name_and_has_no_parameters():
    assert Layer.members()["unit_length"] is UnitLength
    network = Network([Dense(4), UnitLength()], n_in=3)
    assert network.layout.size == 3 * 4 + 4
    assert network.n_out == 4


@pytest.mark.parametrize("order", ["C", "F"])
def test_gradients_of_either_order_will_do(order):
    place, x = site(), X.copy()
    y = UnitLength().bind_forward(place)(x)
    dy = np.random.RandomState(1).normal(size=X.shape)
    backward = UnitLength().bind_backward(place)
    expected = backward(y, dy.copy())
    given = np.array(dy, order=order)
    assert_allclose(backward(y, given), expected, rtol=1e-12)


def test_it_is_what_pytorch_makes_of_it():
    torch = pytest.importorskip("torch")
    x = torch.tensor(X, requires_grad=True)
    y = torch.nn.functional.normalize(x)
    dy = np.random.RandomState(1).normal(size=X.shape)
    y.backward(torch.tensor(dy))
    place = site()
    ours = UnitLength().bind_forward(place)(X.copy())
    assert_allclose(ours, y.detach().numpy(), rtol=1e-10)
    dx = UnitLength().bind_backward(place)(ours, dy.copy())
    assert_allclose(dx, x.grad.numpy(), rtol=1e-8, atol=1e-10)
