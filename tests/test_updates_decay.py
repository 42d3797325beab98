"""Sums that fade: the same as if they were shrunk at each step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from skbackprop.updates.decay import LARGEST_FACTOR, bind_decaying_sum, decayed

DECAYS = [0.0, 1e-3, 1 / 16, np.nextafter(1 / 16, 1), 0.5, 0.9, 0.999, 1 - 1e-12]


def sums(terms, decay, total, first=1):
    """Add terms from some step on; return the sum after each."""
    term, seen = np.empty_like(total), []
    add = bind_decaying_sum(term, total, decay)
    for t, value in enumerate(terms, first):
        term[...] = value
        factor = add(t)
        seen.append(total * factor)
    return seen


@given(st.floats(0.0, 1.0, exclude_max=True), st.integers(0, 200))
def test_old_terms_fade(decay, seed):
    terms = np.random.RandomState(seed).randn(150, 3)
    expected, current = [], np.zeros(3)
    for term in terms:
        current = decay * current + term
        expected.append(current)
    assert_allclose(sums(terms, decay, np.zeros(3)), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("decay", DECAYS)
def test_the_sum_is_read_times_a_factor_that_stays_in_bounds(decay):
    add = bind_decaying_sum(np.ones(1), np.zeros(1), decay)
    factors = [add(t) for t in range(1, 300)]
    assert max(factors) <= 1.0
    assert min(factors) >= 1.0 / LARGEST_FACTOR


@pytest.mark.parametrize("t", [0, 1, 20, 63, 64, 1000])
@pytest.mark.parametrize("decay", DECAYS)
def test_a_sum_can_be_taken_over_at_any_step(decay, t):
    taken_over = decayed(np.array([2.0, -3.0]), decay, t)
    (seen,) = sums([1.0], decay, taken_over, first=t + 1)
    assert_allclose(seen, decay * np.array([2.0, -3.0]) + 1.0, rtol=1e-14)


def test_single_precision_stays():
    total = np.zeros(4, np.float32)
    sums(np.ones(100), 0.9, total)
    assert total.dtype == np.float32
    assert_allclose(total * 0.9 ** (100 % 26), 10.0, rtol=1e-4)
