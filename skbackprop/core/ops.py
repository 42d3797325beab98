"""The few array kernels of the hot path; all write into an array they are given."""

from collections.abc import Callable
from functools import partial
from math import isfinite
from typing import Any

import numpy as np
from scipy.linalg.blas import get_blas_funcs
from scipy.sparse import issparse

# float32 and float64, and complex numbers of these. A copy would be made of all others,
# such as the half precision that a user may have put weights in.
REAL_BLAS_TYPES = "fd"
BLAS_TYPES = REAL_BLAS_TYPES + "FD"

Product = Callable[[Any, Any, np.ndarray], np.ndarray]

# For two-dimensional arrays ``np.dot`` is as fast as ``np.matmul`` on large products
# and several times faster on thin ones.
dense_product: Product = np.dot


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


def bind_axpy(x: np.ndarray, y: np.ndarray) -> Callable[[float], Any]:
    """Return the addition of a multiple of one vector to another.

    BLAS takes one pass for what takes NumPy two, and a vector for what is between.

    Parameters
    ----------
    x : ndarray of shape (n,)
        What is added.
    y : ndarray of shape (n,)
        What it is added to, in place; of the same type, and both contiguous.

    Returns
    -------
    callable
        Takes the factor.
    """
    if y.size == 0:
        return lambda factor: None
    _check_in_place(x, y)
    if y.dtype.char not in BLAS_TYPES:
        return partial(_add_multiple, x, y, np.empty_like(y))
    axpy = get_blas_funcs("axpy", (x, y))
    return lambda factor: axpy(x, y, a=factor)


def _add_multiple(
    x: np.ndarray, y: np.ndarray, scratch: np.ndarray, factor: float
) -> None:
    np.multiply(x, factor, scratch)
    np.add(y, scratch, y)


def bind_row_addition(row: np.ndarray, matrix: np.ndarray) -> Callable[[], Any]:
    """Return the addition of a vector to each row of a matrix.

    NumPy would repeat the vector in a buffer first, which takes as long again.

    Parameters
    ----------
    row : ndarray of shape (n,)
        What is added.
    matrix : ndarray of shape (n_rows, n)
        What it is added to, in place; of the same type, and contiguous in either order.

    Returns
    -------
    callable
        Takes nothing.
    """
    if matrix.size == 0 or matrix.dtype.char not in REAL_BLAS_TYPES:
        return partial(np.add, matrix, row, matrix)
    _check_in_place(row, matrix if matrix.flags.c_contiguous else matrix.T)
    # The product of a column of ones with the vector, added to a column-major matrix.
    ger, ones = get_blas_funcs("ger", (matrix,)), np.ones(len(matrix), matrix.dtype)
    if matrix.flags.f_contiguous:
        return partial(ger, 1.0, ones, row, 1, 1, matrix, 1, 1, 1)
    return partial(ger, 1.0, row, ones, 1, 1, matrix.T, 1, 1, 1)


def _check_in_place(given: np.ndarray, changed: np.ndarray) -> None:
    """Refuse what BLAS would make a copy of, and leave unchanged."""
    contiguous = given.flags.c_contiguous and changed.flags.c_contiguous
    if not (given.dtype == changed.dtype and contiguous):
        raise ValueError("Both arrays have to be contiguous, and of one type.")


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
    np.negative(x, out=x)
    np.exp(x, out=x)
    np.add(x, 1.0, out=x)
    return np.reciprocal(x, out=x)


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
