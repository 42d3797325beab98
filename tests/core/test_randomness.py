"""Random numbers by address: a row's are its own, however the rows are shared out."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skbackprop.core.randomness import BITS, Pass, row_bits, shared_bits


def numbers(now, rows, width, *, key=0, first=0):
    return row_bits(now, key, first, rows, width)().copy()


@pytest.mark.parametrize("width", [1, 3, 4, 5, 64])
def test_the_parts_of_a_batch_get_the_numbers_of_the_whole(width):
    now = Pass(seed=7, first_row=40)
    whole = numbers(now, 10, width)
    parts = [numbers(now, 4, width), numbers(now, 6, width, first=4)]
    assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("width", [2, 4, 9])
def test_the_cut_into_batches_does_not_matter(width):
    now = Pass(seed=7, first_row=0)
    draw, last = row_bits(now, 0, 0, 4, width), row_bits(now, 0, 0, 2, width)
    batches = []
    for source in (draw, draw, last, draw):
        batches.append(source().copy())
        now.first_row += len(batches[-1])
    whole = numbers(Pass(seed=7, first_row=0), 14, width)
    assert_array_equal(np.concatenate(batches), whole)


def test_a_later_row_is_reached_at_once():
    later = numbers(Pass(seed=1, first_row=10**12), 3, 5)
    assert_array_equal(later, numbers(Pass(seed=1, first_row=10**12 - 2), 5, 5)[2:])


@pytest.mark.parametrize("other", [{"seed": 2}, {"key": 1}, {"first_row": 1000}])
def test_seeds_layers_and_places_have_numbers_of_their_own(other):
    def of(seed=1, key=0, first_row=0):
        return numbers(Pass(seed, first_row), 50, 4, key=key)

    assert (of() == of(**other)).mean() < 0.05


def test_numbers_are_uniform_and_independent():
    drawn = numbers(Pass(seed=0, first_row=0), 4000, 10).astype(float) / 2**BITS
    assert drawn.min() < 0.001
    assert drawn.max() > 0.999
    # Standard errors: 0.29 / sqrt(40,000), 0.075 / sqrt(40,000), 1 / sqrt(4,000).
    assert abs(drawn.mean() - 0.5) < 5 * 0.0015
    assert abs(drawn.var() - 1 / 12) < 5 * 0.0004
    correlation = np.corrcoef(drawn.T) - np.eye(10)
    assert np.abs(correlation).max() < 5 / np.sqrt(4000)
    assert abs(np.corrcoef(drawn[1:, 0], drawn[:-1, 0])[0, 1]) < 5 / np.sqrt(4000)


def test_shared_numbers_are_those_of_the_batch_whoever_asks():
    now = Pass(seed=3, first_row=8)
    one, other = shared_bits(now, 5, (3, 7)), shared_bits(now, 5, (3, 7))
    first = one().copy()
    assert first.shape == (3, 7)
    assert_array_equal(other(), first)
    now.first_row += 1
    second = one().copy()
    assert (second == first).mean() < 0.2
    assert_array_equal(other(), second)


def test_shared_numbers_of_neighbouring_batches_do_not_overlap():
    now = Pass(seed=3, first_row=0)
    draw = shared_bits(now, 0, (40, 50))
    batches = []
    for _ in range(3):
        batches.append(draw().ravel().copy())
        now.first_row += 1
    for one, other in [(0, 1), (1, 2), (0, 2)]:
        assert (batches[one] == batches[other]).mean() < 0.01
