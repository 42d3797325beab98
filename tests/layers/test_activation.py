"""Activations: what each computes, in place, and its derivative from its output."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit

from skbackprop.core.workspace import Workspace
from skbackprop.layers import Activation, Site

# The function, and its derivative.
FORMULAS = {
    "identity": (lambda x: x, np.ones_like),
    "relu": (lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(x.dtype)),
    "logistic": (expit, lambda x: expit(x) * expit(-x)),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
}
FAR = np.array([-1e4, -50.0, -1.5, 0.0, 1e-3, 2.0, 50.0, 1e4])
DTYPES = [np.float32, np.float64]

every_activation = pytest.mark.parametrize("name", Activation.members())


def bind(name, dtype, shape):
    site = Site(0, *shape, shape[1], (), (), Workspace(shape[0], dtype))
    layer = Activation.members()[name]()
    return layer.bind_forward(site), layer.bind_backward(site)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FORMULAS)
def test_the_function_and_its_derivative(name, dtype):
    x = np.random.RandomState(0).normal(size=(5, 4)).astype(dtype)
    dy = np.random.RandomState(1).normal(size=x.shape).astype(dtype)
    function, derivative = FORMULAS[name]
    forward, backward = bind(name, dtype, x.shape)
    y = forward(x.copy())
    assert_allclose(y, function(x), rtol=1e-6)
    assert_allclose(backward(y, dy.copy()), dy * derivative(x), rtol=2e-6)


@every_activation
def test_it_keeps_the_width_and_has_no_parameters(name):
    assert Activation.members()[name]().build(3) == (3, [])


@every_activation
@pytest.mark.parametrize("dtype", DTYPES)
def test_it_works_in_place_and_keeps_the_type(name, dtype):
    x = np.random.RandomState(0).normal(size=(5, 4)).astype(dtype)
    forward, backward = bind(name, dtype, x.shape)
    y = forward(x)
    dx = backward(y, np.ones_like(x))
    assert np.shares_memory(x, y)
    assert y.dtype == dx.dtype == dtype


@every_activation
@pytest.mark.parametrize("dtype", DTYPES)
def test_far_from_zero_it_is_finite_with_a_finite_derivative(name, dtype):
    x = FAR.astype(dtype)[np.newaxis]
    forward, backward = bind(name, dtype, x.shape)
    with np.errstate(over="ignore"):
        y = forward(x)
    assert np.isfinite(y).all()
    assert np.isfinite(backward(y, np.ones_like(x))).all()


@every_activation
def test_a_backward_pass_leaves_the_output_as_it_was(name):
    x = np.random.RandomState(0).normal(size=(5, 4))
    forward, backward = bind(name, np.float64, x.shape)
    y = forward(x)
    kept = y.copy()
    backward(y, np.ones_like(y))
    assert_array_equal(y, kept)


@every_activation
def test_what_is_not_a_number_stays_so(name):
    # A divergence has to show in the loss.
    forward, _ = bind(name, np.float64, (1, 2))
    assert np.isnan(forward(np.array([[np.nan, 1.0]]))).tolist() == [[True, False]]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_the_derivative_of_the_rectifier_is_zero_at_its_kink(zero, dtype):
    x = np.full((3, 8), zero, dtype)
    forward, backward = bind("relu", dtype, x.shape)
    assert_array_equal(backward(forward(x), np.ones_like(x)), 0.0)


def test_the_rectifier_passes_on_a_batch_held_elsewhere():
    # A batch of another chunk comes in other arrays.
    _, backward = bind("relu", np.float64, (1, 2))
    for sign in (1.0, -1.0, 1.0):
        y, dy = np.array([[sign, 2.0]]), np.array([[3.0, -4.0]])
        assert_array_equal(backward(y, dy), [[3.0 * (sign > 0), -4.0]])


def test_starting_weights_are_narrower_before_a_logistic_function():
    factors = {k: member.glorot_factor for k, member in Activation.members().items()}
    assert factors["logistic"] == 2.0
    assert {factors[name] for name in ("identity", "relu", "tanh")} == {6.0}
