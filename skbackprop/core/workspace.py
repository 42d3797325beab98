"""Preallocated buffers, so that the hot loop allocates nothing."""

from collections.abc import Hashable
from math import prod
from typing import Any

import numpy as np

# Buffers of so many bytes are cut from slabs, for which NumPy asks the system for large
# pages: products of wide layers then wait less for addresses to be looked up.
LARGE = 2**20
LARGE_VECTOR = 2**22
LARGE_PAGE = 2**21
SLAB = 2**25
CACHE_LINE = 64


class Workspace:
    """Buffers for batches of at most ``max_rows`` rows.

    A smaller batch gets the leading rows of the same buffers: the last batch of an
    epoch costs no memory of its own.

    Parameters
    ----------
    max_rows : int
        The largest batch.
    dtype : dtype
        The floating type of all buffers.
    """

    def __init__(self, max_rows: int, dtype: np.dtype) -> None:
        self.max_rows = max_rows
        self.dtype = np.dtype(dtype)
        self._buffers: dict[Hashable, np.ndarray] = {}
        self._slab = np.empty(0, np.uint8)

    def buffer(
        self, key: Hashable, rows: int, width: int, dtype: Any = None
    ) -> np.ndarray:
        """Return a buffer that only those who name the same key share.

        Parameters
        ----------
        key : hashable
            Who asks, and what for.
        rows, width : int
            Its shape.
        dtype : dtype, optional
            Its type, if not the workspace's.

        Returns
        -------
        ndarray of shape (rows, width)
            C-contiguous and uninitialised.
        """
        if key not in self._buffers:
            shape = (self.max_rows, width)
            self._buffers[key] = self._new(shape, np.dtype(dtype or self.dtype))
        return self._buffers[key][:rows]

    def array(self, key: Hashable, shape: tuple[int, ...]) -> np.ndarray:
        """Return an array that does not depend on the number of rows.

        Parameters
        ----------
        key : hashable
            Who asks, and what for.
        shape : tuple of int
            Its shape.

        Returns
        -------
        ndarray
            C-contiguous and uninitialised.
        """
        if key not in self._buffers:
            self._buffers[key] = np.empty(shape, self.dtype)
        return self._buffers[key]

    def constant(self, value: float, rows: int, width: int) -> np.ndarray:
        """Return a matrix of one repeated value, to be read only.

        A ufunc with a matrix of zeros runs two to three times faster than one with a
        scalar zero, which has no vectorised inner loop. All shapes share one buffer.

        Parameters
        ----------
        value : float
            The value.
        rows, width : int
            The shape.

        Returns
        -------
        ndarray of shape (rows, width)
            C-contiguous.
        """
        size = self.max_rows * width
        held = self._buffers.get(("constant", value))
        if held is None or held.size < size:
            held = self._new((size,), self.dtype)
            held.fill(value)
            self._buffers["constant", value] = held
        return held[: rows * width].reshape(rows, width)

    def _new(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        n_bytes = prod(shape) * dtype.itemsize
        if n_bytes < LARGE:
            return np.empty(shape, dtype)
        if n_bytes > self._slab.size:
            size = max(n_bytes, min(8 * n_bytes, SLAB))
            self._slab = _from_large_page(np.empty(size + LARGE_PAGE, np.uint8))
        piece = self._slab[:n_bytes]
        self._slab = self._slab[-(-n_bytes // CACHE_LINE) * CACHE_LINE :]
        return piece.view(dtype).reshape(shape)


def zeros(size: int, dtype: Any) -> np.ndarray:
    """Return zeros, on large pages where they are many.

    Unlike ``numpy.zeros_like`` it leaves it to the system to give memory to what is
    written to.

    Parameters
    ----------
    size : int
        How many.
    dtype : dtype
        Their type.

    Returns
    -------
    ndarray of shape (size,)
        Contiguous.
    """
    n_bytes = size * np.dtype(dtype).itemsize
    if n_bytes < LARGE_VECTOR:
        return np.zeros(size, dtype)
    memory = np.zeros(n_bytes + LARGE_PAGE, np.uint8)
    return _from_large_page(memory)[:n_bytes].view(dtype)


def _from_large_page(memory: np.ndarray) -> np.ndarray:
    """Return bytes from where a large page begins; what stays unused costs none."""
    return memory[-memory.ctypes.data % LARGE_PAGE :]


class Window(Workspace):
    """The workspace of a thread that has some of the rows of each batch.

    Its buffers are rows of those of the whole workspace, so that what all threads have
    written is one matrix of the batch.

    Parameters
    ----------
    whole : Workspace
        Of all rows.
    first_row, stop_row : int
        Where the rows of the thread begin and end.
    owner : hashable
        The thread, whose arrays are its own.
    """

    def __init__(
        self, whole: Workspace, first_row: int, stop_row: int, owner: Hashable
    ) -> None:
        super().__init__(stop_row - first_row, whole.dtype)
        self._whole, self._first_row, self._owner = whole, first_row, owner

    def buffer(
        self, key: Hashable, rows: int, width: int, dtype: Any = None
    ) -> np.ndarray:
        """Return the rows of the thread in a buffer of the whole."""
        stop = self._first_row + rows
        return self._whole.buffer(key, stop, width, dtype)[self._first_row :]

    def array(self, key: Hashable, shape: tuple[int, ...]) -> np.ndarray:
        """Return an array that no other thread writes to."""
        return self._whole.array((self._owner, key), shape)

    def constant(self, value: float, rows: int, width: int) -> np.ndarray:
        """Return a matrix that all threads read."""
        return self._whole.constant(value, rows, width)


def keep_freed_memory(n_bytes: int) -> None:
    """Let the C library hold on to the memory of temporaries.

    Parameters
    ----------
    n_bytes : int
        The size of the largest; of more than 32 MiB none is held on to.

    Notes
    -----
    glibc maps large blocks from the system one by one and gives each back when it is
    freed. Where steps return new arrays, as linearised layers do, to get each mapped
    and zeroed anew, page by page, takes as long as the products do. Once a program
    has freed a mapped block of up to 32 MiB, glibc takes such sizes for usual: it
    serves them from its heap, and gives back what is free there beyond twice that
    size (``M_MMAP_THRESHOLD`` in the manual page of ``mallopt``). Most programs free
    such an array sooner or later; this makes it sooner. The block is never written
    to: it takes no memory, and some microseconds. Where the user has set
    ``MALLOC_MMAP_THRESHOLD_``, and with other C libraries, nothing changes;
    ``MALLOC_MMAP_THRESHOLD_=131072 python -m benchmarks.curvature`` shows what it
    saves.
    """
    np.empty(n_bytes, np.uint8)
