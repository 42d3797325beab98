"""A quadratic model on the span of a few directions, for any damping."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

# What is left of the square of a direction beside all others counts from this share on:
# below, it would be rounding.
SHARE = 1e-10


@dataclass
class Descent:
    """A step down a quadratic model.

    Parameters
    ----------
    way : ndarray of shape (n_params,)
        The step.
    promised : float
        By how much it lowers the quadratic model.
    at_edge : bool
        Whether it ends at the edge of the trust region.
    """

    way: np.ndarray
    promised: float
    at_edge: bool = False


class Leg(NamedTuple):
    """A part of a path, and what it has cost to know how the model curves along it.

    Parameters
    ----------
    way : ndarray of shape (n_params,)
        From its start to its end.
    image : ndarray of shape (n_params,)
        The product of the matrix and the way.
    n_products : int
        How many products that took.
    """

    way: np.ndarray
    image: np.ndarray
    n_products: int = 1


class Span:
    """A quadratic model on all sums of multiples of some directions.

    Parameters
    ----------
    gradient : ndarray of shape (n_params,)
        The slope of the model.
    legs : sequence of Leg
        The directions, with their products with a positive definite matrix.
    """

    def __init__(self, gradient: np.ndarray, legs: Sequence[Leg]) -> None:
        ways = np.stack([np.zeros_like(gradient), *(leg.way for leg in legs)])
        images = np.stack([np.zeros_like(gradient), *(leg.image for leg in legs)])
        lengths = np.linalg.norm(ways, axis=1)
        scale = 1.0 / np.where(lengths > 0, lengths, 1.0)[:, np.newaxis]
        ways *= scale
        basis = _orthonormal(ways)
        bends, turn = np.linalg.eigh(basis @ (ways @ (images * scale).T) @ basis.T)
        # What is not above zero is so by rounding.
        rows = (turn.T @ basis)[bends > 0]
        self._bends, self._directions = bends[bends > 0], rows @ ways
        self._slopes = self._directions @ gradient

    def descend(self, damping: float = 0.0) -> Descent:
        """Return the step to where the model is lowest.

        Parameters
        ----------
        damping : float, default=0.0
            What is added to the diagonal of the matrix.

        Returns
        -------
        Descent
            The step, and what it promises with that damping.
        """
        lengths = -self._slopes / (self._bends + damping)
        promised = -0.5 * float(lengths @ self._slopes)
        return Descent(lengths @ self._directions, promised)


def _orthonormal(vectors: np.ndarray) -> np.ndarray:
    """Return rows of factors: the sums by them are a basis of the vectors' span."""
    sizes, factors = np.linalg.eigh(vectors @ vectors.T)
    kept = sizes > SHARE * sizes[-1]
    return factors.T[kept] / np.sqrt(sizes[kept])[:, np.newaxis]
