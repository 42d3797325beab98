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


# --------------------------------------------------------------- products of factors


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "shape", [(1, 3, 2), (700, 150, 10), (256, 1024, 10), (300, 60, 64), (9, 20, 4000)]
)
def test_products_are_those_of_the_whole_factors(shape, dtype):
    n_rows, n_inner, n_columns = shape
    rng, out = np.random.RandomState(0), np.full((n_rows, n_columns), np.nan, dtype)
    a, b = rng.rand(n_rows, n_inner), rng.rand(n_inner, n_columns)
    product = ops.bind_product(*shape)
    # A gradient's first factor is transposed, and its second may be column-major.
    for first in (a.astype(dtype), np.asfortranarray(a, dtype)):
        for second in (b.astype(dtype), np.asfortranarray(b, dtype)):
            assert product(first, second, out) is out
            assert_allclose(out, a @ b, rtol=1e-5 if dtype is np.float32 else 1e-12)


@pytest.mark.parametrize(
    ("shape", "blocks"),
    [
        ((256, 1024, 10), True),
        ((97, 1024, 10), False),  # small enough as it is
        ((256, 1024, 65), False),  # not thin
        ((2000, 10_000, 10), False),  # blocks of a handful of rows
        ((0, 0, 10), False),
    ],
)
def test_large_thin_products_are_made_of_blocks(shape, blocks):
    assert (ops.bind_product(*shape) is not ops.dense_product) is blocks


@given(st.integers(1, 5000), st.integers(1, 3000), st.integers(1, 64))
def test_blocks_are_small_enough_for_blas_to_take_as_they_are(n_rows, n_inner, n_out):
    product, seen = ops.bind_product(n_rows, n_inner, n_out), []

    class Rows:
        """An array that tells which of its rows are asked for."""

        def __getitem__(self, rows):
            seen.append(rows)
            raise StopIteration

    if product is ops.dense_product:
        return
    with pytest.raises(StopIteration):
        product(Rows(), None, None)
    (first,) = seen
    assert first.stop * n_inner * n_out <= ops.UNPACKED
