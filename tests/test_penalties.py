"""Penalties: value, and the share of the gradient that a batch takes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skbackprop.penalties import L2

WEIGHTS = np.array([1.0, -2.0, 0.0, 3.0])


def test_the_value_is_half_the_squared_norm_times_alpha():
    assert_allclose(L2(0.5).value(WEIGHTS), 0.25 * 14.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_share_of_the_gradient_is_added(dtype):
    weights, gradient = WEIGHTS.astype(dtype), np.ones(4, dtype)
    add = L2(0.5).bind(weights, gradient)
    assert_allclose(add(0.1), L2(0.5).value(WEIGHTS))
    assert_allclose(gradient, 1.0 + 0.05 * WEIGHTS)
    assert gradient.dtype == dtype
    add(0.1)
    assert_allclose(gradient, 1.0 + 2 * 0.05 * WEIGHTS, rtol=1e-6)
    assert_array_equal(weights, WEIGHTS)


def test_it_follows_the_weights():
    weights = WEIGHTS.copy()
    add = L2(1.0).bind(weights, np.zeros(4))
    weights *= 2.0
    assert_allclose(add(1.0), 4 * L2(1.0).value(WEIGHTS))


def test_nothing_is_nothing_even_beside_numbers_that_are_not_finite():
    weights, gradient = np.array([np.inf, np.nan]), np.ones(2)
    assert L2(0.0).value(weights) == 0.0
    assert L2(0.0).bind(weights, gradient)(1.0) == 0.0
    assert_array_equal(gradient, 1.0)


def test_no_weights_cost_nothing():
    assert L2(1.0).value(np.empty(0)) == 0.0
    assert L2(1.0).bind(np.empty(0), np.empty(0))(1.0) == 0.0


@pytest.mark.parametrize("alpha", [-1e-3, "strong", None])
def test_a_strength_that_is_none_is_refused(alpha):
    with pytest.raises(ValueError, match="'alpha' parameter of L2"):
        L2(alpha)._validate_params()
