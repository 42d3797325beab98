"""Additions in place: what they add, and what they refuse to add to."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skbackprop.core import blas

DTYPES = [np.float32, np.float64]


@pytest.mark.parametrize("dtype", [*DTYPES, np.complex128])
@pytest.mark.parametrize("n", [0, 1, 7, 1000, blas.LONG])
def test_a_multiple_of_a_vector_is_added_in_place(dtype, n):
    rng = np.random.RandomState(0)
    # Views of longer vectors, as the parts of a gradient are.
    x, y = rng.rand(2, n + 3).astype(dtype)[:, 1 : n + 1]
    expected = y - dtype(0.25) * x
    blas.bind_axpy(x, y)(-0.25)
    assert_allclose(y, expected, rtol=1e-6 if dtype is np.float32 else 1e-15)


@pytest.mark.parametrize(
    "y", [np.ones(3, np.float32), np.ones(6)[::2]], ids=["type", "stride"]
)
def test_what_would_be_copied_is_not_added_to(y):
    with pytest.raises(ValueError, match="contiguous, and of one type"):
        blas.bind_axpy(np.ones(3), y)


@pytest.mark.parametrize("dtype", [*DTYPES, np.complex128])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (3, 1), (5, 4), (300, 200)])
def test_a_row_is_added_to_all_rows_in_place(shape, order, dtype):
    rng = np.random.RandomState(0)
    row, matrix = rng.rand(shape[1]).astype(dtype), rng.rand(*shape).astype(dtype)
    matrix = np.array(matrix, order=order)
    expected = matrix + row
    blas.bind_row_addition(row, matrix)()
    assert_array_equal(matrix, expected)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("n_rows", [10, blas.LONG])
def test_a_row_of_another_length_is_refused(n_rows, order):
    with pytest.raises(ValueError, match="does not fit"):
        blas.bind_row_addition(np.ones(3), np.ones((n_rows, 4), order=order))


def test_a_row_is_added_to_no_copy():
    with pytest.raises(ValueError, match="contiguous, and of one type"):
        blas.bind_row_addition(np.ones(3), np.ones((4, 6))[:, ::2])


@pytest.mark.parametrize("n_rows", [10, blas.LONG])
def test_a_row_is_not_added_to_read_only_memory(n_rows):
    matrix = np.ones((n_rows, 4))
    matrix.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        blas.bind_row_addition(np.ones(4), matrix)


def test_what_is_of_no_type_of_blas_is_added_to_as_well():
    x, y = np.ones((2, 4), np.float16)
    blas.bind_axpy(x, y)(0.5)
    assert_array_equal(y, 1.5)
    matrix = np.ones((3, 4), np.float16)
    blas.bind_row_addition(y, matrix)()
    assert_array_equal(matrix, 2.5)


@pytest.mark.parametrize("n", [10, blas.LONG])
def test_vectors_of_two_lengths_are_refused(n):
    with pytest.raises(ValueError, match="shapes"):
        blas.bind_axpy(np.ones(n + 1), np.ones(n))


@pytest.mark.parametrize("n", [10, blas.LONG])
def test_nothing_is_added_to_read_only_memory(n):
    y = np.ones(n)
    y.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        blas.bind_axpy(np.ones(n), y)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_long_matrices_and_rows_outlive_their_names(order, dtype):
    matrix = np.zeros((blas.LONG // 4, 8), dtype, order)
    add = blas.bind_row_addition(np.full(8, 0.5, dtype), matrix)
    rubbish = [np.full((blas.LONG // 4, 8), np.nan, dtype) for _ in range(8)]
    rubbish += [np.full(size, np.nan, dtype) for size in (8, blas.LONG // 4) * 8]
    add()
    add()
    assert_array_equal(matrix, 1.0)
    assert len(rubbish) == 24


@pytest.mark.parametrize("dtype", DTYPES)
def test_long_vectors_outlive_their_names(dtype):
    # The binding alone holds on to memory that is only known by its address.
    y = np.zeros(blas.LONG, dtype)
    add = blas.bind_axpy(np.full(blas.LONG, 2.0, dtype), y)
    rubbish = [np.full(blas.LONG, np.nan, dtype) for _ in range(8)]
    add(0.5)
    add(0.25)
    assert_array_equal(y, 1.5)
    assert len(rubbish) == 8


def test_without_known_integers_long_arrays_take_the_way_of_short_ones(monkeypatch):
    monkeypatch.setattr(blas, "_lock_free", lambda name, char: None)
    x, y = np.ones((2, blas.LONG))
    blas.bind_axpy(x, y)(0.5)
    assert_array_equal(y, 1.5)
    matrix = np.ones((blas.LONG, 2))
    blas.bind_row_addition(np.ones(2), matrix)()
    assert_array_equal(matrix, 2.0)
