"""Preprocessing that is an affine map: found out by trying it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array, vstack

from skbackprop.core.ops import as_dense, slices
from skbackprop.inspection._tables import Table

# So many numbers are tried at once.
NUMBERS_AT_ONCE = 2**20
# Of a matrix with a smaller share of numbers other than zero, only these are kept: that
# of a scaler of wide sparse rows would not fit.
FEW = 0.1


@dataclass(frozen=True)
class AffineMap:
    """The map ``z = end + (x - start) A``.

    Parameters
    ----------
    start : ndarray of shape (n_features,)
        A point.
    end : ndarray of shape (n_outputs,)
        What becomes of it.
    matrix : ndarray or sparse array of shape (n_features, n_outputs)
        What becomes of changes.
    """

    start: np.ndarray
    end: np.ndarray
    matrix: Any

    def check(self, x: np.ndarray, z: np.ndarray) -> None:
        """Raise a ``ValueError`` if some rows became anything else.

        Parameters
        ----------
        x : ndarray of shape (n_rows, n_features)
            The rows.
        z : ndarray of shape (n_rows, n_outputs)
            What became of them.
        """
        change = x - self.start
        error = np.abs(self.end + change @ self.matrix - z).max(axis=0)
        # A scale for each column: beside large numbers, small ones may bend unnoticed.
        scale = (np.abs(change) @ abs(self.matrix)).max(axis=0)
        scale += np.abs(z).max(axis=0)
        precision = min(np.finfo(x.dtype).resolution, np.finfo(z.dtype).resolution)
        precision = max(precision, np.finfo(np.result_type(x, z)).resolution)
        # Written so that what is not a number fails too.
        if not (error <= scale * np.sqrt(precision)).all():
            raise ValueError(
                "The steps before the last one are no affine map of these rows: "
                "attributions to what goes into the pipeline would be unfounded. Use "
                "final_step=True to explain what its last step sees."
            )


def affine_map(transform: Callable[[Any], Any], rows: Table) -> AffineMap:
    """Return a transformation as an affine map, if it is one of some rows.

    Parameters
    ----------
    transform : callable
        The transformation.
    rows : Table
        The rows; changes of single features are tried within their range.

    Returns
    -------
    AffineMap
        The map.
    """

    def dense(values: np.ndarray) -> np.ndarray:
        try:
            z = transform(rows.like(values))
        except (TypeError, ValueError) as refused:
            # The rows went through; codes of categories, say, have none in between.
            raise ValueError(
                "The steps before the last one take the rows, but nothing between "
                "them, and are no affine map: use final_step=True to explain what the "
                "last step sees."
            ) from refused
        return np.asarray(as_dense(z))

    values = rows.values
    start = values.mean(axis=0)
    (end,) = dense(start[np.newaxis])
    step = values.max(axis=0) - start
    step[~(step > 0)] = 1.0
    blocks = []
    for some in slices(len(start), max(1, NUMBERS_AT_ONCE // len(start))):
        probes = np.tile(start, (some.stop - some.start, 1))
        columns = np.arange(some.start, some.stop)
        probes[columns - some.start, columns] += step[some]
        # What a step comes to is not quite the step, after rounding.
        taken = probes[columns - some.start, columns] - start[some]
        blocks.append(csr_array((dense(probes) - end) / taken[:, np.newaxis]))
    matrix = vstack(blocks, format="csr")
    few = matrix.nnz < FEW * len(start) * len(end)
    found = AffineMap(start, end, matrix if few else matrix.toarray())
    found.check(values, dense(values))
    return found
