"""The record of a loss that compares rows with each other."""

import numpy as np

from skbackprop.core.ops import slices
from skbackprop.linearization.record import Record

# Vectors that are multiplied at once.
UNITS_AT_ONCE = 64


class MixedRecord(Record):
    """A record of rows whose losses depend on each other.

    The curvature of the loss has blocks between rows: what a :class:`Record` takes row
    by row comes from products with unit vectors. The Kronecker factors are those of
    the blocks on the diagonal, as if each row moved on its own.
    """

    def gauss_newton_diagonal(self) -> np.ndarray:
        """Return the diagonal of the Gauss-Newton matrix, a product an entry."""
        diagonal = np.zeros(self._layout.size, self.prediction.dtype)
        for part in slices(self._layout.n_trainable, UNITS_AT_ONCE):
            columns = self._columns(part)[:, part]
            diagonal[part] = np.einsum("ii->i", columns)
        return diagonal

    def gauss_newton_matrix(self) -> np.ndarray:
        """Return the Gauss-Newton matrix itself, a product a column."""
        n, size = self._layout.n_trainable, self._layout.size
        matrix = np.zeros((size, size), self.prediction.dtype)
        for part in slices(n, UNITS_AT_ONCE):
            matrix[part] = self._columns(part)
        return (matrix + matrix.T) / 2

    def _columns(self, part: slice) -> np.ndarray:
        """Return products with unit vectors, as rows."""
        units = np.zeros((part.stop - part.start, self._layout.size), self._delta.dtype)
        units[np.arange(len(units)), np.arange(part.start, part.stop)] = 1.0
        products = np.zeros_like(units)
        views = self._layout.block_views
        self.gauss_newton(views(units), views(products))
        return products

    def _residual(self) -> np.ndarray:
        """Return what the loss of all rows pulls each of them by, over what it counts.

        No row has a loss to itself; these are what sums to the gradient.
        """
        out, scale = np.zeros_like(self._delta), np.asarray(self._scale)
        return np.divide(self._delta, scale, out=out, where=scale != 0)
