"""The rows that a network is trained on or evaluated with.

Rows are read chunk by chunk into buffers: the data itself is never copied as a whole,
whatever its order, sparsity or the subset of rows in use.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from scipy import sparse


class TargetRows(ABC):
    """Targets in compact form, expanded to a float matrix a chunk at a time.

    Attributes
    ----------
    width : int
        The number of columns of the expanded matrix.
    encoded : ndarray of shape (n_samples, n_outputs)
        The compact form.
    """

    width: int
    encoded: np.ndarray

    @abstractmethod
    def expand(self, rows: Any, out: np.ndarray) -> None:
        """Write the targets of some rows into ``out``.

        Parameters
        ----------
        rows : ndarray of int or slice
            Which rows.
        out : ndarray of shape (n_rows, width)
            Where to.
        """

    @abstractmethod
    def take(self, rows: np.ndarray) -> Self:
        """Return the targets of some rows, as targets of their own.

        Parameters
        ----------
        rows : ndarray of int
            Which rows.
        """


class MatrixTarget(TargetRows):
    """Targets that are numbers already.

    Parameters
    ----------
    matrix : ndarray of shape (n_samples, n_outputs)
        The targets, of any numeric dtype.
    """

    def __init__(self, matrix: np.ndarray) -> None:
        self.encoded = matrix
        self.width = matrix.shape[1]

    def expand(self, rows: Any, out: np.ndarray) -> None:
        """Copy the rows, cast to the type of ``out``."""
        some = isinstance(rows, slice)
        out[...] = self.encoded[rows] if some else self.encoded.take(rows, 0)

    def take(self, rows: np.ndarray) -> Self:
        """Return a copy of the rows."""
        return type(self)(self.encoded[rows])


class OneHotTarget(TargetRows):
    """Class labels, expanded to indicators.

    Parameters
    ----------
    labels : ndarray of int of shape (n_samples, n_outputs)
        For each output, the position of the class among its classes.
    n_classes : tuple of int
        The number of classes of each output.
    """

    def __init__(self, labels: np.ndarray, n_classes: tuple[int, ...]) -> None:
        starts = np.cumsum((0, *n_classes))[:-1]
        self.encoded = (labels + starts).astype(np.min_scalar_type(sum(n_classes)))
        self.n_classes = n_classes
        self.width = int(sum(n_classes))

    def expand(self, rows: Any, out: np.ndarray) -> None:
        """Set the indicator of each label."""
        out.fill(0.0)
        columns = self.encoded[rows]
        out[np.arange(len(columns))[:, np.newaxis], columns] = 1.0

    def take(self, rows: np.ndarray) -> Self:
        """Return a copy of the rows."""
        starts = np.cumsum((0, *self.n_classes))[:-1]
        return type(self)(self.encoded[rows] - starts, self.n_classes)


@dataclass(frozen=True)
class Data:
    """Validated inputs, targets and weights.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        The inputs; strided or read-only arrays are fine.
    target : TargetRows
        The targets.
    weight : ndarray of float64 of shape (n_samples,) or None
        Weights of the rows, of any scale.
    rows : ndarray of int or None
        The subset of rows in use; None for all.
    """

    X: Any
    target: TargetRows
    weight: np.ndarray | None = None
    rows: np.ndarray | None = None

    def __len__(self) -> int:
        """Return the number of rows in use."""
        return self.X.shape[0] if self.rows is None else len(self.rows)

    @property
    def is_sparse(self) -> bool:
        """Whether the inputs are a sparse matrix."""
        return sparse.issparse(self.X)

    @property
    def total_weight(self) -> float:
        """The sum of the weights in use; the number of rows if there are none."""
        if self.weight is None:
            return float(len(self))
        used = self.weight if self.rows is None else self.weight[self.rows]
        return float(used.sum(dtype=np.float64))

    @property
    def mean_weight(self) -> float:
        """The mean of the weights in use."""
        return self.total_weight / len(self)

    def pick(self, order: Any) -> Any:
        """Translate positions among the rows in use to positions in ``X``.

        Parameters
        ----------
        order : ndarray of int or slice
            Positions among the rows in use.

        Returns
        -------
        ndarray of int or slice
            Positions in ``X``.
        """
        return order if self.rows is None else self.rows[order]


class Chunk(NamedTuple):
    """Some rows, in buffers that the next read reuses."""

    x: Any
    target: np.ndarray
    weight: np.ndarray | None


class LateRows:
    """Rows of a matrix on their way into a buffer: whoever needs some fetches them.

    Parts share the buffer: one is to be done with before the next is fetched.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The matrix, C-contiguous.
    order : ndarray of int of shape (n_rows,)
        Which rows.
    buffer : ndarray of shape (n_rows, n_features)
        Where to; it may be shorter where only parts are fetched.
    """

    __slots__ = ("X", "buffer", "order")

    def __init__(self, X: np.ndarray, order: np.ndarray, buffer: np.ndarray) -> None:
        self.X, self.order, self.buffer = X, order, buffer

    def __getitem__(self, rows: slice) -> "LateRows":
        """Return some of them, still on their way."""
        order = self.order[rows]
        return LateRows(self.X, order, self.buffer[: len(order)])

    def fetch(self, rows: slice) -> np.ndarray:
        """Copy some rows.

        Parameters
        ----------
        rows : slice
            Which of them.

        Returns
        -------
        ndarray of shape (n_rows, n_features)
            Where they are in the buffer.
        """
        # The default mode, "raise", would go through a temporary.
        return self.X.take(self.order[rows], 0, self.buffer[rows], "clip")


class ChunkReader:
    """Reads rows of some data into buffers; their weights relative to the mean.

    Parameters
    ----------
    data : Data
        What to read from.
    max_rows : int
        The largest number of rows read at once.
    dtype : dtype
        The floating type of targets and weights; inputs keep theirs.
    n_late : int, default=0
        Inputs are ``LateRows``, of which the buffer holds so many at once. Such data is
        C-contiguous. 0 if they are read at once.

    Attributes
    ----------
    in_place : bool
        Whether every chunk of gathered rows lies in the same buffers, so that views of
        them can be kept.
    """

    def __init__(
        self, data: Data, max_rows: int, dtype: np.dtype, n_late: int = 0
    ) -> None:
        self.data = data
        # Column-major, as the raw scores of few outputs are.
        self._target = np.empty((data.target.width, max_rows), dtype).T
        self._weight = None if data.weight is None else np.empty(max_rows, dtype)
        self._mean_weight = data.mean_weight
        self._gather = (
            _postponer(data.X, max_rows, n_late)
            if n_late
            else _gatherer(data.X, max_rows)
        )
        self.in_place = not data.is_sparse

    def read(self, order: Any, n_rows: int) -> Chunk:
        """Read rows.

        Parameters
        ----------
        order : ndarray of int or slice
            Positions among the rows in use. A slice of a dense matrix without a subset
            is not copied at all.
        n_rows : int
            How many they are.

        Returns
        -------
        Chunk
            The rows.
        """
        rows = self.data.pick(order)
        x = self.data.X[rows] if isinstance(rows, slice) else self._gather(rows)
        target = self._target[:n_rows]
        self.data.target.expand(rows, target)
        given = self.data.weight
        if given is None or self._weight is None:
            return Chunk(x, target, None)
        weight = self._weight[:n_rows]
        np.divide(given[rows], self._mean_weight, out=weight, casting="same_kind")
        return Chunk(x, target, weight)


def _gatherer(X: Any, max_rows: int) -> Any:
    """Return a callable that copies rows of ``X`` into a buffer, if it is dense."""
    if sparse.issparse(X):
        return lambda rows: X[rows]
    buffer = np.empty((max_rows, X.shape[1]), X.dtype)
    if X.flags.c_contiguous:
        # The default mode, "raise", would go through a temporary.
        return lambda rows: X.take(rows, 0, buffer[: len(rows)], "clip")

    def gather(rows: np.ndarray) -> np.ndarray:
        # ``take`` would copy all of an array of another order, such as a data frame's.
        np.copyto(buffer[: len(rows)], X[rows])
        return buffer[: len(rows)]

    return gather


def _postponer(X: np.ndarray, max_rows: int, n_late: int) -> Any:
    """Return a callable that notes which rows are to be copied into a buffer."""
    late = LateRows(
        X, np.empty(max_rows, np.intp), np.empty((n_late, X.shape[1]), X.dtype)
    )

    def postpone(rows: np.ndarray) -> LateRows:
        late.order[: len(rows)] = rows
        return late[: len(rows)]

    return postpone
