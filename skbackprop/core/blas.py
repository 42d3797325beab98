"""BLAS routines that change an array in place: SciPy's, as NumPy has none of these."""

import ctypes
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from scipy.linalg.blas import get_blas_funcs

# float32 and float64, and complex numbers of these. A copy would be made of all others,
# such as the half precision that a user may have put weights in.
REAL_TYPES = "fd"
TYPES = REAL_TYPES + "FD"
_REAL = {"f": ctypes.c_float, "d": ctypes.c_double}

# So many entries are worth the 0.25 us that it takes to let go of the lock.
LONG = 2**15
# BLAS counts them in 32 bits.
LONGEST = 2**31 - 1


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
    if x.shape != y.shape:
        raise ValueError(f"The vectors have shapes {x.shape} and {y.shape}.")
    if y.dtype.char not in TYPES:
        return partial(_add_multiple, x, y, np.empty_like(y))
    if LONG <= y.size <= LONGEST and y.dtype.char in REAL_TYPES:
        lock_free = _lock_free("axpy", y.dtype.char)
        if lock_free is not None:
            return _bind_long_axpy(lock_free, x, y)
    axpy = get_blas_funcs("axpy", (x, y))
    # By position: names take BLAS's wrapper longer.
    return partial(axpy, x, y, y.size)


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
    if row.shape != matrix.shape[1:]:
        raise ValueError(f"A row {row.shape} does not fit a matrix {matrix.shape}.")
    if row.size == 1:
        # A number takes NumPy no buffer, and is added faster than by BLAS.
        return partial(np.add, matrix, row.reshape(()), matrix)
    if matrix.size == 0 or matrix.dtype.char not in REAL_TYPES:
        return partial(np.add, matrix, row, matrix)
    _check_in_place(row, matrix if matrix.flags.c_contiguous else matrix.T)
    # The product of a column of ones with the vector, added to a column-major matrix.
    ones = np.ones(len(matrix), matrix.dtype)
    if matrix.flags.f_contiguous:
        a, x, y = matrix, ones, row
    else:
        a, x, y = matrix.T, row, ones
    if matrix.size >= LONG and max(matrix.shape) <= LONGEST:
        lock_free = _lock_free("ger", matrix.dtype.char)
        if lock_free is not None:
            one = _REAL[matrix.dtype.char](1.0)
            return _bind(lock_free, *a.shape, one, x, 1, y, 1, a, len(a))
    ger = get_blas_funcs("ger", (matrix,))
    return partial(ger, 1.0, x, y, 1, 1, a, 1, 1, 1)


def _check_in_place(given: np.ndarray, changed: np.ndarray) -> None:
    """Refuse what BLAS would make a copy of, and what it must not write to."""
    contiguous = given.flags.c_contiguous and changed.flags.c_contiguous
    if not (given.dtype == changed.dtype and contiguous):
        raise ValueError("Both arrays have to be contiguous, and of one type.")
    if not changed.flags.writeable:
        raise ValueError("What is added to is read-only.")


@cache
def _lock_free(name: str, char: str) -> Callable[..., None] | None:
    """Return what SciPy offers to compiled code, or None if it takes other integers.

    The functions of ``scipy.linalg.blas`` hold on to Python's lock: threads that take a
    part of a long vector each would wait for each other. Around a call through
    ``ctypes`` nobody holds it.
    """
    from scipy import LowLevelCallable
    from scipy.linalg import cython_blas

    prefix = {"f": "s", "d": "d"}[char]
    routine = LowLevelCallable.from_cython(cython_blas, prefix + name)
    if not routine.signature.startswith("void (int *,"):
        return None
    prototype = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    address = prototype(("PyCapsule_GetPointer", ctypes.pythonapi))
    pointer = address(routine.function, routine.signature.encode())
    n_arguments = routine.signature.count(",") + 1
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * n_arguments)(pointer)


def _bind_long_axpy(
    axpy: Callable[..., None], x: np.ndarray, y: np.ndarray
) -> Callable[[float], None]:
    multiple = _REAL[y.dtype.char]()
    add = _bind(axpy, y.size, multiple, x, 1, y, 1)

    def add_multiple(factor: float) -> None:
        multiple.value = factor
        add()

    return add_multiple


def _bind(routine: Callable[..., None], *arguments: Any) -> Callable[[], None]:
    """Return a routine bound to its arguments: as in Fortran, all are addresses."""
    return partial(routine, *map(_pointer, arguments))


def _pointer(argument: Any) -> Any:
    """Return a pointer, which keeps alive what it points to."""
    if isinstance(argument, np.ndarray):
        return argument.ctypes.data_as(ctypes.c_void_p)
    return ctypes.byref(ctypes.c_int(argument) if type(argument) is int else argument)
