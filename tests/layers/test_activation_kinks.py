"""Kinks, flat parts, learned slopes: what the activations do where they are special."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils._param_validation import InvalidParameterError

from skbackprop.layers import (
    ELU,
    SELU,
    Activation,
    BinaryStep,
    LeakyReLU,
    PReLU,
    ReLU,
    Soboleva,
)
from skbackprop.testing import check_layer

from .activations import Bound, evaluate

every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])
# More than a vector register holds, and an odd remainder.
ZEROS = [np.full(19, 0.0), np.full(19, -0.0)]

AT_THE_KINK = {
    "relu": (ReLU(), 0.0),
    "leaky": (LeakyReLU(negative_slope=0.2), 0.2),
    "parametric": (PReLU(init=0.5), 0.5),
    "elu below 1": (ELU(alpha=0.5), 0.5),
    "elu above 1": (ELU(alpha=2.0), 2.0),
    "selu": (SELU(), SELU.scale * SELU.alpha),
}


@every_dtype
@pytest.mark.parametrize("zeros", ZEROS, ids=["+0", "-0"])
@pytest.mark.parametrize(
    ("layer", "slope"), AT_THE_KINK.values(), ids=AT_THE_KINK.keys()
)
def test_at_a_kink_the_derivative_is_that_of_the_side_below(layer, slope, zeros, dtype):
    y, derivative = evaluate(layer, zeros.astype(dtype))
    assert_array_equal(y, 0.0)
    assert_allclose(derivative, slope, rtol=2 * np.finfo(dtype).eps)


def test_the_rectifier_passes_on_a_batch_held_elsewhere():
    # A batch of another chunk comes in other arrays.
    bound = Bound(ReLU(), np.float64, (1, 2))
    for output in (1.0, 0.0, 1.0):
        y, dy = np.array([[output, 2.0]]), np.array([[3.0, -4.0]])
        assert_array_equal(bound.backward(y, dy), [[3.0 * output, -4.0]])


@every_dtype
def test_slopes_are_exact(dtype):
    _, slope = evaluate(LeakyReLU(negative_slope=0.1), np.array([2.0, -2.0], dtype))
    assert slope.tolist() == [1.0, dtype(0.1)]


# ----------------------------------------------------------------------------- the step


@every_dtype
def test_the_step_is_one_from_zero_on(dtype):
    x = np.array([-np.inf, -2.0, -1e-30, -0.0, 0.0, 1e-30, 2.0, np.inf], dtype)
    with np.errstate(under="ignore"):
        y, _ = evaluate(BinaryStep(), x)
    assert y.tolist() == [0, 0, 0, 1, 1, 1, 1, 1]


@every_dtype
def test_the_gradient_passes_the_step_where_a_clip_would_let_it(dtype):
    x = np.array([-1.001, -1.0, -0.3, 0.0, 0.3, 1.0, 1.001], dtype)
    _, slope = evaluate(BinaryStep(), x)
    assert slope.tolist() == [0, 1, 1, 1, 1, 1, 0]


def test_the_step_passes_no_check_of_its_derivative_and_says_so():
    assert "clip(x, -1, 1)" in BinaryStep.surrogate
    with pytest.raises(AssertionError, match="BinaryStep: gradient of the input"):
        check_layer(BinaryStep())


# -------------------------------------------------------------------- parametric slopes


def test_slopes_are_one_a_unit_and_are_learned():
    x, dy = (np.random.RandomState(seed).normal(size=(6, 3)) for seed in (0, 1))
    slopes = np.array([0.25, -0.5, 3.0])
    bound = Bound(PReLU(), float, x.shape, theta=slopes)
    y, dx = bound.both(x, dy)
    assert_allclose(y, np.where(x > 0, x, slopes * x))
    assert_allclose(dx, np.where(x > 0, dy, slopes * dy))
    assert_allclose(bound.grad, (dy * np.minimum(x, 0)).sum(axis=0))


def test_slopes_are_no_weights():
    # Penalties act on weights alone.
    (param,) = PReLU(init=0.1).build(3)[1]
    assert (param.kind, param.start) == ("slope", 0.1)


# ----------------------------------------------------------------------------- settings


def test_a_rectifier_is_the_limit_of_its_relatives():
    x = np.linspace(-3, 3, 31)
    expected = evaluate(ReLU(), x)
    for layer in (LeakyReLU(negative_slope=0.0), PReLU(init=0.0), ELU(alpha=0.0)):
        assert_array_equal(evaluate(layer, x), expected)


def test_the_modified_hyperbolic_tangent_is_a_generalisation():
    x = np.linspace(-30, 30, 101)
    assert_allclose(evaluate(Soboleva(), x)[0], np.tanh(x), rtol=1e-14, atol=1e-15)


def test_where_its_ends_differ_it_has_the_limits_it_should():
    x = np.array([-1e4, 1e4])
    equal_ends = evaluate(Soboleva(a=2.0, b=0.5, c=2.0, d=0.5), x)
    assert_allclose(equal_ends, [[-1, 1], [0, 0]], atol=1e-300)
    falls = evaluate(Soboleva(a=0.5, b=0.5), x)
    assert_allclose(falls, [[0, 0], [0, 0]], atol=1e-300)


def test_scaled_units_keep_mean_and_variance():
    # Of a standard normal input, over a fine grid with its density as weights.
    x = np.linspace(-12, 12, 100_001)
    weight = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi) * (x[1] - x[0])
    y, _ = evaluate(SELU(), x)
    assert_allclose([weight @ y, weight @ y**2], [0, 1], atol=1e-8)


WRONG = [
    *[LeakyReLU(negative_slope=slope) for slope in (-0.1, 1.1, None)],
    *[ELU(alpha=alpha) for alpha in (-1.0, "1")],
    *[PReLU(init=init) for init in (np.nan, np.inf, None)],
    *[Soboleva(**{rate: 0.0}) for rate in "abcd"],
]


@pytest.mark.parametrize("layer", WRONG, ids=repr)
def test_wrong_settings_are_refused(layer):
    with pytest.raises(InvalidParameterError, match=type(layer).__name__):
        layer._validate_params()


@pytest.mark.parametrize(
    "layer",
    [
        *[LeakyReLU(0.0), LeakyReLU(1.0), ELU(0.0), ELU(0.3), ELU(2.5), PReLU(-1.0)],
        *[Soboleva(0.5, 0.7, 1.2, 1.5), Soboleva(2.0, 1.0, 1.0, 3.0)],
    ],
    ids=repr,
)
def test_other_settings_pass_the_check_of_derivatives(layer):
    assert check_layer(layer) < 1e-6


def test_names_are_those_of_the_catalogue():
    assert set(Activation.members()) >= {
        *("identity", "binary_step", "logistic", "tanh", "soboleva", "softsign"),
        *("relu", "leaky_relu", "prelu", "gelu", "softplus", "elu", "selu"),
        *("silu", "mish"),
    }
