"""The few array kernels of the hot path; all write into an array they are given."""

from collections.abc import Callable
from functools import cache
from math import isfinite
from typing import Any

import numpy as np
from scipy.sparse import issparse

Product = Callable[[Any, Any, np.ndarray], np.ndarray]

# For two-dimensional arrays ``dot`` is as fast as ``np.matmul`` on large products and
# several times faster on thin ones. The function ``np.dot`` looks for arrays of other
# libraries first, which takes 0.15 us: a tenth of a short product.
dense_product: Product = np.ndarray.dot


# OpenBLAS multiplies factors as they are up to so many products of numbers. Before it
# multiplies larger ones it brings them into another order, which takes a thin product
# longer than the product itself.
UNPACKED = 10**6
THIN = 64
FEWEST_ROWS = 16


def bind_product(n_rows: int, n_inner: int, n_columns: int) -> Product:
    """Return the product for factors of some size: thin ones are made of blocks.

    Parameters
    ----------
    n_rows, n_inner, n_columns : int
        The factors have shapes ``(n_rows, n_inner)`` and ``(n_inner, n_columns)``.

    Returns
    -------
    callable
        ``product(a, b, out)`` writes ``a @ b`` into a C-contiguous array.
    """
    most_rows = UNPACKED // max(1, n_inner * n_columns)
    if n_columns > THIN or n_rows <= most_rows or most_rows < FEWEST_ROWS:
        return dense_product
    n_blocks = -(-n_rows // most_rows)
    blocks, matmul = slices(n_rows, -(-n_rows // n_blocks)), np.matmul

    def product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> np.ndarray:
        for block in blocks:
            # ``dot`` would copy some rows of a transposed matrix first.
            matmul(a[block], b, out[block])
        return out

    return product


def slices(total: int, size: int) -> list[slice]:
    """Cut a range into slices.

    Parameters
    ----------
    total : int
        The length of the range.
    size : int
        The length of each slice but the last, which may be shorter.

    Returns
    -------
    list of slice
        They cover the range, in order.
    """
    return [slice(start, min(start + size, total)) for start in range(0, total, size)]


def scalar(value: float, like: np.ndarray) -> np.ndarray:
    """Return a number as an array without dimensions.

    A ufunc takes it 0.3 us faster than a Python float, which it would convert each
    time: as much as a pass over two thousand entries.

    Parameters
    ----------
    value : float
        The number.
    like : ndarray
        Whose type it gets.

    Returns
    -------
    ndarray of shape ()
        The number.
    """
    return np.array(value, like.dtype)


def sparse_product(a: Any, b: Any, out: np.ndarray) -> np.ndarray:
    """Write ``a @ b``, one of them sparse, into ``out``.

    Parameters
    ----------
    a, b : sparse array or ndarray
        The factors.
    out : ndarray
        The product.

    Returns
    -------
    ndarray
        ``out``.
    """
    out[...] = a @ b
    return out


def thin_product(a: Any, b: Any, out: np.ndarray) -> np.ndarray:
    """Write ``a @ b``, one or both of them sparse, into ``out``.

    Parameters
    ----------
    a, b : sparse array or ndarray
        The factors.
    out : ndarray
        The product.

    Returns
    -------
    ndarray
        ``out``.
    """
    out[...] = as_dense(a @ b)
    return out


def as_dense(array: Any) -> np.ndarray:
    """Return an array without zeros left out.

    Parameters
    ----------
    array : sparse array or ndarray
        The array.

    Returns
    -------
    ndarray
        The same, if it is dense.
    """
    return array.toarray() if issparse(array) else array


def logistic(x: np.ndarray) -> np.ndarray:
    """Replace ``x`` by ``1 / (1 + exp(-x))``.

    Four vectorised passes beat ``scipy.special.expit``, which has no SIMD loop. An
    overflow of the exponential is harmless (the result is an exact 0): callers ignore
    the floating-point flag.

    Parameters
    ----------
    x : ndarray
        Overwritten.

    Returns
    -------
    ndarray
        ``x``.
    """
    np.negative(x, x)
    np.exp(x, x)
    np.add(x, _one(x.dtype), x)
    return np.reciprocal(x, x)


@cache
def _one(dtype: np.dtype) -> np.ndarray:
    return np.array(1.0, dtype)


def softmax(x: np.ndarray) -> np.ndarray:
    """Replace each row of ``x`` by its softmax.

    Parameters
    ----------
    x : ndarray of shape (n_samples, n_classes)
        Overwritten. Fastest in column-major order where there are few classes: the
        reductions then run along the samples.

    Returns
    -------
    ndarray
        ``x``.
    """
    # The reductions of the ufuncs skip the Python layer of ``max`` and ``sum``.
    np.subtract(x, np.maximum.reduce(x, axis=1, keepdims=True), out=x)
    np.exp(x, out=x)
    return np.divide(x, np.add.reduce(x, axis=1, keepdims=True), out=x)


def all_finite(x: np.ndarray) -> bool:
    """Tell whether no entry is infinite or NaN.

    Parameters
    ----------
    x : ndarray
        Anything.

    Returns
    -------
    bool
        True if all are finite.
    """
    # One BLAS pass answers for nearly every vector; a finite one whose sum of squares
    # overflows is looked at entry by entry. Unlike ``dot``, ``vdot`` does not warn.
    flat = x.ravel(order="K")
    return isfinite(np.vdot(flat, flat)) or bool(np.isfinite(flat).all())
