"""Steps of a prediction: their slopes at a point, and between two points."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse

from skbackprop.core.ops import scalar
from skbackprop.layers.base import Forward

# From gradients of the output to those of the input, several functions at once: arrays
# of shape (k, n_rows, n_out) and (k, n_rows, n_in). What is the same for all rows may
# come with a single one.
Pull = Callable[[np.ndarray], np.ndarray]

# Where a stage mixes columns, its slope is averaged over so many points of a line.
LINE_NODES = 8


@dataclass(frozen=True)
class Ends:
    """What goes into a stage and comes out of it, for some rows and for references.

    Parameters
    ----------
    x, y : ndarray of shape (n_rows, n_in) and (n_rows, n_out)
        Input and output of the rows.
    x0, y0 : ndarray of shape (n_references, n_in) and (n_references, n_out)
        Those of the references.
    """

    x: np.ndarray
    y: np.ndarray
    x0: np.ndarray
    y0: np.ndarray

    def change(self) -> tuple[np.ndarray, np.ndarray]:
        """Return how input and output of each row differ from each reference's.

        Returns
        -------
        dx, dy : ndarray of shape (n_rows, n_references, n_in) and (..., n_out)
            The differences.
        """
        return self.x[:, None] - self.x0, self.y[:, None] - self.y0


class Stage(ABC):
    """A step of a prediction, without randomness.

    Attributes
    ----------
    is_affine : bool
        Whether its slope is the same everywhere.
    surrogate : str
        Why the slope is not that of the map; empty where it is.
    """

    is_affine: ClassVar[bool] = False
    surrogate: str = ""

    @abstractmethod
    def bind(self, x: Any) -> tuple[Forward, Pull]:
        """Return the map, and its transposed derivative where it was last applied.

        Parameters
        ----------
        x : ndarray or sparse matrix of shape (n_rows, n_in)
            Any input of the kind that the map is for.

        Returns
        -------
        forward : callable
            May overwrite its input, and returns a buffer that the next call reuses.
        pull : callable
            Returns arrays that no later call touches. That of a function of single
            entries may overwrite what it gets.
        """

    @abstractmethod
    def between(self, ends: Ends) -> Pull:
        """Return multipliers from references to rows, transposed.

        The multipliers of a pair, times the change of the input, make the change of the
        output.

        Parameters
        ----------
        ends : Ends
            Rows and references.

        Returns
        -------
        callable
            From shape (k, n_rows, n_references, n_out) to the same with n_in; axes of
            rows and references may be of length 1 where there is no difference yet.
        """

    def apply(self, x: Any) -> np.ndarray:
        """Return the output in an array of its own, and leave the input alone.

        Parameters
        ----------
        x : ndarray or sparse matrix of shape (n_rows, n_in)
            The input.

        Returns
        -------
        ndarray of shape (n_rows, n_out)
            The output.
        """
        forward, _ = self.bind(x)
        if issparse(x):
            return forward(x)
        # Copied on both sides: layers work in place, and some hand their input on.
        return forward(x.copy()).copy()


class AffineStage(Stage):
    """An affine map: its slope needs no point."""

    is_affine: ClassVar[bool] = True

    @abstractmethod
    def pull(self, dy: np.ndarray) -> np.ndarray:
        """Return the gradient of the input.

        Parameters
        ----------
        dy : ndarray of shape (k, n_rows, n_out)
            That of the output.

        Returns
        -------
        ndarray of shape (k, n_rows, n_in)
            The gradient.
        """

    def between(self, ends: Ends) -> Pull:
        """Return the slope, which is the same everywhere."""

        def pull(dy: np.ndarray) -> np.ndarray:
            # As one matrix: a product of stacked ones would go through them by turns.
            flat = self.pull(dy.reshape(1, -1, dy.shape[-1]))
            return flat.reshape(*dy.shape[:-1], -1)

        return pull


class ElementwiseStage(Stage):
    """A function of each entry: its multiplier is the slope of a chord."""

    @abstractmethod
    def slope(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the derivative.

        Parameters
        ----------
        x, y : ndarray of shape (n_rows, n_in)
            Input and output.

        Returns
        -------
        ndarray of shape (n_rows, n_in)
            The derivative of each entry.
        """

    def between(self, ends: Ends) -> Pull:
        """Return change over change; the mean of both slopes where there is none."""
        change, chord = ends.change()
        # Below it, rounding spoils the quotient, and the slope is as good. Each entry
        # has its own: large numbers in other rows are no reason to miss a kink.
        reach = np.maximum(np.abs(ends.x), np.abs(ends.y))
        reach *= np.finfo(chord.dtype).eps ** (2 / 3)
        size = np.abs(change)
        # As a rule none is: the smallest change exceeds what the largest reach is.
        if not size.min() > reach.max():
            near = size <= reach[:, np.newaxis]
            row, reference, column = near.nonzero()
            mean = self.slope(ends.x, ends.y)[row, column]
            mean = mean + self.slope(ends.x0, ends.y0)[reference, column]
            change[near], chord[near] = 1.0, mean / 2
        np.divide(chord, change, chord)
        return lambda dy: dy * chord


class MixingStage(Stage):
    """A map that mixes columns: its multipliers are the mean slope along a line.

    For a function of single entries that would be the slope of the chord. The mean is
    taken over a few points; what is missing for the change of the output goes to the
    inputs in the direction of their change.
    """

    def between(self, ends: Ends) -> Pull:
        """Return the mean slope on the way from each reference to each row."""
        change, difference = ends.change()
        n, m, n_in = change.shape
        places, shares = np.polynomial.legendre.leggauss(LINE_NODES)
        # Of the size of its largest entry: the squares of large changes would overflow.
        largest = np.abs(change).max(axis=-1, keepdims=True)
        # Without any change of the input there is none of the output to make up for.
        direction = change / np.where(largest == 0.0, 1.0, largest)
        along = np.einsum("nmi,nmi->nm", direction, change)
        along[along == 0.0] = 1.0

        def pull(dy: np.ndarray) -> np.ndarray:
            k, n_out = len(dy), dy.shape[-1]
            dy = np.broadcast_to(dy, (k, n, m, n_out))
            flat, total = dy.reshape(k, n * m, n_out), np.zeros((k, n * m, n_in))
            total = total.astype(dy.dtype, copy=False)
            for place, share in zip((places + 1) / 2, shares / 2, strict=True):
                x = (ends.x0 + scalar(place, dy) * change).reshape(n * m, n_in)
                forward, pull_at = self.bind(x)
                forward(x)
                total += scalar(share, dy) * pull_at(flat)
            dx = total.reshape(k, n, m, n_in)
            missing = np.einsum("knmo,nmo->knm", dy, difference)
            missing -= np.einsum("knmi,nmi->knm", dx, change)
            dx += (missing / along)[..., np.newaxis] * direction
            return dx

        return pull


class FunctionStage(ElementwiseStage):
    """A function of each entry whose derivative is a function of its value.

    Parameters
    ----------
    function : callable
        From input to output; it may overwrite the former.
    slope_of : callable
        From output to derivative: a new array.
    """

    def __init__(
        self,
        function: Callable[[np.ndarray], np.ndarray],
        slope_of: Callable[[np.ndarray], np.ndarray],
    ) -> None:
        self.function, self.slope_of = function, slope_of

    def slope(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the derivative."""
        return self.slope_of(y)

    def bind(self, x: np.ndarray) -> tuple[Forward, Pull]:
        """Return the function and its slope."""
        held: list[np.ndarray] = []

        def forward(x: np.ndarray) -> np.ndarray:
            held[:] = [self.function(x)]
            return held[0]

        return forward, lambda dy: dy * self.slope_of(held[0])


class MatrixStage(AffineStage):
    """The affine map ``y = x A + b``.

    Parameters
    ----------
    matrix : ndarray of shape (n_in, n_out)
        The matrix.
    shift : ndarray of shape (n_out,)
        What is added.
    """

    def __init__(self, matrix: np.ndarray, shift: np.ndarray) -> None:
        self.matrix, self.shift = matrix, shift

    def bind(self, x: np.ndarray) -> tuple[Forward, Pull]:
        """Return the map and its transpose."""
        return lambda x: x @ self.matrix + self.shift, self.pull

    def pull(self, dy: np.ndarray) -> np.ndarray:
        """Return the product with the transposed matrix."""
        return dy @ self.matrix.T
