"""Functions of single entries near a point."""

import numpy as np

from skbackprop.layers.linearized.base import Arrays, Linearized, column_sums


class Elementwise(Linearized):
    """A function of each entry, without parameters.

    Parameters
    ----------
    slope : ndarray of shape (n_rows, n_in)
        Its derivative.
    curvature : ndarray of shape (n_rows, n_in) or None
        Its second derivative; None where it vanishes.
    output : ndarray of shape (n_rows, n_in), optional
        What it gives.
    """

    def __init__(
        self,
        slope: np.ndarray,
        curvature: np.ndarray | None,
        output: np.ndarray | None = None,
    ) -> None:
        self.slope, self.curvature, self.output = slope, curvature, output
        self.is_straight = curvature is None
        self._pull: tuple[np.ndarray | None, np.ndarray | None] = None, None

    def tangent(self, tx: np.ndarray | None, tparams: Arrays) -> np.ndarray | None:
        """Return the change times the slope."""
        return None if tx is None else tx * self.slope

    def cotangent(self, dy: np.ndarray) -> np.ndarray:
        """Return the gradient times the slope."""
        return dy * self.slope

    def bend(
        self,
        tx: np.ndarray | None,
        tparams: Arrays,
        dy: np.ndarray,
        dparams: Arrays,
    ) -> np.ndarray | None:
        """Return the change times gradient and curvature."""
        if tx is None or self.curvature is None:
            return None
        # The gradient is the same for all products at a point: the first multiplies it.
        if self._pull[0] is not dy:
            self._pull = dy, dy * self.curvature
        return tx * self._pull[1]


class LinearizedPReLU(Elementwise):
    """The parametric rectifier near an input.

    Parameters
    ----------
    x : ndarray of shape (n_rows, n_in)
        The input.
    slope : ndarray of shape (n_in,)
        The slopes below zero.
    """

    def __init__(self, x: np.ndarray, slope: np.ndarray) -> None:
        self.below = np.minimum(x, 0.0)
        self.is_below = (x <= 0.0).astype(x.dtype)
        super().__init__(1.0 - self.is_below + self.is_below * slope, None)
        self.is_straight = False

    def tangent(self, tx: np.ndarray | None, tparams: Arrays) -> np.ndarray:
        """Return what both changes make of the entries below zero."""
        ty = self.below * tparams[0][:, np.newaxis]
        return ty if tx is None else ty + tx * self.slope

    def gradients(self, dy: np.ndarray, dparams: Arrays) -> None:
        """Write the gradient of the slopes."""
        dparams[0][...] = column_sums(dy * self.below)

    def bend(
        self,
        tx: np.ndarray | None,
        tparams: Arrays,
        dy: np.ndarray,
        dparams: Arrays,
    ) -> np.ndarray:
        """Return what a change of the slopes does to the gradient."""
        felt = dy * self.is_below
        if tx is not None:
            np.add(dparams[0], column_sums(tx * felt), out=dparams[0])
        return felt * tparams[0][:, np.newaxis]

    def squares(self, dy: np.ndarray, squared: Arrays) -> None:
        """Add the squares of the gradients of the slopes."""
        squared[0][...] += ((dy * self.below) ** 2).sum(axis=(0, 1))

    def row_gradients(self, dy: np.ndarray, rows: Arrays) -> None:
        """Write the gradients of the slopes."""
        np.multiply(dy, self.below, out=rows[0])
