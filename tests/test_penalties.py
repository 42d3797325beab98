"""Penalties: value, and the share of the gradient that a batch takes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skbackprop.core.spec import resolve
from skbackprop.penalties import BLOCK, L1, L2, ElasticNet, Penalty

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


def test_absolute_values_have_no_smooth_part():
    gradient = np.ones(4)
    add = L1(0.5).bind(WEIGHTS, gradient)
    assert_allclose(add(0.1), 0.5 * 6.0)
    assert_array_equal(gradient, 1.0)
    assert L1(0.5).absolute == 0.5
    assert L2(0.5).absolute == 0.0


def test_the_blend_is_that_of_linear_models():
    penalty, gradient = ElasticNet(2.0, l1_ratio=0.25), np.ones(4)
    # As in scikit-learn: alpha * (l1_ratio * |w| + (1 - l1_ratio) / 2 * w ** 2).
    assert_allclose(penalty.value(WEIGHTS), 2.0 * (0.25 * 6.0 + 0.375 * 14.0))
    assert_allclose(penalty.bind(WEIGHTS, gradient)(0.1), penalty.value(WEIGHTS))
    assert_allclose(gradient, 1.0 + 0.1 * 1.5 * WEIGHTS)
    assert penalty.absolute == 0.5


@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_the_ends_of_the_blend_are_the_pure_ones(ratio):
    pure = [L2, L1][int(ratio)](0.3)
    blend = ElasticNet(0.3, ratio)
    assert blend.absolute == pure.absolute
    assert_allclose(blend.value(WEIGHTS), pure.value(WEIGHTS))


every_penalty = pytest.mark.parametrize("name", Penalty.members())


@every_penalty
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_more_weights_than_a_block_are_all_counted(name, dtype):
    weights = np.random.RandomState(0).normal(size=2 * BLOCK + 5).astype(dtype)
    penalty, gradient = Penalty.members()[name](0.5), np.zeros_like(weights)
    value = penalty.bind(weights, gradient)(1.0)
    assert type(value) is float
    assert_allclose(value, penalty.value(weights.astype(float)), rtol=1e-4)
    assert gradient.dtype == dtype


@every_penalty
def test_no_strength_is_nothing(name):
    penalty, gradient = Penalty.members()[name](0.0), np.ones(4)
    assert penalty.value(WEIGHTS) == penalty.bind(WEIGHTS, gradient)(1.0) == 0.0
    assert penalty.absolute == 0.0
    assert_array_equal(gradient, 1.0)


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


@pytest.mark.parametrize("l1_ratio", [-0.1, 1.1])
def test_a_share_that_is_none_is_refused(l1_ratio):
    with pytest.raises(ValueError, match="'l1_ratio' parameter of ElasticNet"):
        resolve(Penalty, ElasticNet(1.0, l1_ratio))
