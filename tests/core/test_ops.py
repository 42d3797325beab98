"""Kernels: what they compute, in place, at the ends of the range too."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, special

from skbackprop.core import ops

DTYPES = [np.float32, np.float64]
FAR = [-1e4, -800.0, -90.0, -1.0, 0.0, 1.0, 90.0, 800.0, 1e4]


@given(st.integers(0, 200), st.integers(1, 50))
def test_slices_cover_a_range_in_order(total, size):
    parts = ops.slices(total, size)
    assert [i for part in parts for i in range(part.start, part.stop)] == list(
        range(total)
    )
    assert all(part.stop - part.start == size for part in parts[:-1])
    assert all(0 < part.stop - part.start <= size for part in parts)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_logistic_function_in_place(dtype):
    x = np.array(FAR, dtype)
    expected = special.expit(x)
    with np.errstate(over="ignore"):
        assert ops.logistic(x) is x
    assert x.dtype == dtype
    # SciPy keeps denormal numbers where an overflowing exponential gives a plain 0.
    assert_allclose(x, expected, rtol=1e-6, atol=np.finfo(dtype).tiny)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_softmax_of_rows_in_place(dtype, order):
    x = np.array([FAR, FAR[::-1], [1e4] * len(FAR)], dtype, order=order)
    expected = special.softmax(x.astype(float), axis=1)
    assert ops.softmax(x) is x
    assert x.dtype == dtype
    assert_allclose(x, expected, rtol=1e-6, atol=np.finfo(dtype).tiny)


def test_the_softmax_of_some_columns_leaves_the_others():
    x = np.ones((2, 5))
    ops.softmax(x[:, 1:3])
    assert_array_equal(x, [[1.0, 0.5, 0.5, 1.0, 1.0]] * 2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csr_matrix])
def test_the_sparse_product_is_the_product(make, dtype):
    rng = np.random.RandomState(0)
    a = (rng.normal(size=(4, 3)) * rng.randint(2, size=(4, 3))).astype(dtype)
    b = rng.normal(size=(3, 2)).astype(dtype)
    out = np.empty((4, 2), dtype)
    assert ops.sparse_product(make(a), b, out) is out
    assert_allclose(out, a @ b, rtol=1e-6)
    left, out = rng.normal(size=(2, 4)).astype(dtype), np.empty((2, 3), dtype)
    assert_allclose(ops.sparse_product(left, make(a), out), left @ a, rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(0,), (5,), (3, 2)])
def test_finite_arrays_are_finite(shape, dtype):
    assert ops.all_finite(np.ones(shape, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_finite_array_whose_squares_overflow_is_finite(dtype):
    huge = np.full(4, np.finfo(dtype).max)
    with np.errstate(all="raise"):
        assert ops.all_finite(huge)
        assert ops.all_finite(-huge)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", [0, 7, 11])
def test_one_entry_that_is_not_finite_shows(where, bad, dtype):
    x = np.ones((3, 4), dtype)
    x.flat[where] = bad
    assert not ops.all_finite(x)
    assert not ops.all_finite(np.asfortranarray(x))


@pytest.mark.parametrize("dtype", [*DTYPES, np.complex128])
@pytest.mark.parametrize("n", [0, 1, 7, 1000])
def test_a_multiple_of_a_vector_is_added_in_place(dtype, n):
    rng = np.random.RandomState(0)
    # Views of longer vectors, as the parts of a gradient are.
    x, y = rng.rand(2, n + 3).astype(dtype)[:, 1 : n + 1]
    expected = y - dtype(0.25) * x
    ops.bind_axpy(x, y)(-0.25)
    assert_allclose(y, expected, rtol=1e-6 if dtype is np.float32 else 1e-15)


@pytest.mark.parametrize(
    "y", [np.ones(3, np.float32), np.ones(6)[::2]], ids=["type", "stride"]
)
def test_what_would_be_copied_is_not_added_to(y):
    with pytest.raises(ValueError, match="contiguous, and of one type"):
        ops.bind_axpy(np.ones(3), y)


@pytest.mark.parametrize("dtype", [*DTYPES, np.complex128])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (3, 1), (5, 4)])
def test_a_row_is_added_to_all_rows_in_place(shape, order, dtype):
    rng = np.random.RandomState(0)
    row, matrix = rng.rand(shape[1]).astype(dtype), rng.rand(*shape).astype(dtype)
    matrix = np.array(matrix, order=order)
    expected = matrix + row
    ops.bind_row_addition(row, matrix)()
    assert_array_equal(matrix, expected)


def test_a_row_is_added_to_no_copy():
    with pytest.raises(ValueError, match="contiguous, and of one type"):
        ops.bind_row_addition(np.ones(3), np.ones((4, 6))[:, ::2])


def test_what_is_of_no_type_of_blas_is_added_to_as_well():
    x, y = np.ones((2, 4), np.float16)
    ops.bind_axpy(x, y)(0.5)
    assert_array_equal(y, 1.5)
    matrix = np.ones((3, 4), np.float16)
    ops.bind_row_addition(y, matrix)()
    assert_array_equal(matrix, 2.5)
