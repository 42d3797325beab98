"""The largest product of a step, left to those who take it.

Threads that share the rows of a batch each get a whole gradient of their rows, and the
two have to be added. Nobody needs the gradient of the first layer before the step,
though: threads that share out the entries of a step can each compute what is theirs,
over all rows, right before they use it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from skbackprop.core.ops import Product
from skbackprop.layers import Dense
from skbackprop.solvers.base import Problem

__all__ = ["DeferredProduct"]


class DeferredProduct:
    """The gradient of the weights of the first layer, by rows of these weights.

    Parameters
    ----------
    problem : Problem
        Whose first layer.

    Attributes
    ----------
    size : int
        How many leading entries of the gradient it makes up.
    x : ndarray of shape (n_rows, n_in)
        The inputs of the batch at hand.
    """

    def __init__(self, problem: Problem) -> None:
        network = problem.objective.network
        self._width = network.widths[1]
        self.size = network.n_in * self._width
        self._delta = np.empty((problem.batch_size, self._width), problem.theta.dtype)
        self.x = np.empty((0, network.n_in), problem.theta.dtype)

    @staticmethod
    def fits(problem: Problem) -> bool:
        """Tell whether the first layer multiplies the rows of the data as they are.

        What is held at zero has to be so before the step sees the gradient.

        Parameters
        ----------
        problem : Problem
            The problem.

        Returns
        -------
        bool
            False where its weights or inputs are another's in training.
        """
        objective = problem.objective
        plain = type(objective.network.layers[0]) is Dense
        return plain and objective.mask is None and not problem.data.is_sparse

    def product(self, first_row: int) -> Product:
        """Return what the backward pass of some rows calls instead of the product.

        Parameters
        ----------
        first_row : int
            Where the rows begin in their batch.

        Returns
        -------
        callable
            It keeps the second factor.
        """
        delta = self._delta[first_row:]

        def keep(x_t: Any, dy: np.ndarray, out: np.ndarray) -> np.ndarray:
            delta[: len(dy)] = dy
            return out

        return keep

    def cut(self, position: int) -> int:
        """Return the last place before some entry where rows of weights meet.

        Parameters
        ----------
        position : int
            An entry of the gradient.

        Returns
        -------
        int
            The entry itself beyond these weights.
        """
        return position - position % self._width if position < self.size else position

    def bind(self, part: slice, grad: np.ndarray) -> Callable[[], Any]:
        """Return what computes a part of the gradient.

        Parameters
        ----------
        part : slice
            Entries of the gradient, between two cuts.
        grad : ndarray
            Where to.

        Returns
        -------
        callable
            It writes those of the entries that are this product's.
        """
        stop = min(part.stop, self.size)
        rows = slice(part.start // self._width, stop // self._width)
        out = grad[: max(0, stop - part.start)].reshape(-1, self._width)
        delta, dot = self._delta, np.dot

        def write() -> None:
            x = self.x
            dot(x[:, rows].T, delta[: len(x)], out)

        return write if len(out) else _nothing


def _nothing() -> None:
    pass
