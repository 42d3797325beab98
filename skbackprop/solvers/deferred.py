"""The largest products of a step, left to those who take it.

Threads that share the rows of a batch each get a whole gradient of their rows, and the
two have to be added. Nobody needs the gradient of weights before the step, though:
threads that share out the entries of a step can each compute what is theirs, over all
rows, right before they use it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from skbackprop.core.ops import Product
from skbackprop.layers import Dense
from skbackprop.solvers.base import Problem

__all__ = ["DeferredProducts"]


class DeferredProducts:
    """The gradients of the weights of leading layers, by rows of these weights.

    Parameters
    ----------
    problem : Problem
        Whose first layer, and those after it where it pays.

    Attributes
    ----------
    size : int
        How many leading entries of the gradient they make up.
    """

    def __init__(self, problem: Problem) -> None:
        self._layers: dict[int, _Factors] = {}
        self.size = 0
        network = problem.objective.network
        for key, layer in enumerate(network.layers):
            if not network.layout.params[key]:
                continue
            shape = network.widths[key], network.widths[key + 1]
            if type(layer) is not Dense or not (key == 0 or _pays(problem, shape)):
                break
            factors = _Factors(problem, self.size, shape, keeps_inputs=key > 0)
            self._layers[key] = factors
            self.size += factors.size

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

    def products(self, first_row: int) -> Mapping[int, Product]:
        """Return what the backward pass of some rows calls instead of products.

        Parameters
        ----------
        first_row : int
            Where the rows begin in their batch.

        Returns
        -------
        dict of int to callable
            By the position of the layer. They keep the factors.
        """
        return {key: each.keeper(first_row) for key, each in self._layers.items()}

    def begin(self, x: np.ndarray) -> None:
        """Hear of a batch.

        Parameters
        ----------
        x : ndarray of shape (n_rows, n_in)
            Its inputs.
        """
        self._layers[0].x = x
        for layer in self._layers.values():
            layer.n_rows = len(x)

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
        for layer in self._layers.values():
            if layer.start <= position < layer.start + layer.size:
                return position - (position - layer.start) % layer.width
        return position

    def bind(self, part: slice, grad: np.ndarray) -> list[Callable[[], Any]]:
        """Return what computes a part of the gradient.

        Parameters
        ----------
        part : slice
            Entries of the gradient, between two cuts.
        grad : ndarray
            Where to.

        Returns
        -------
        list of callable
            They write those of the entries that are products.
        """
        found = (each.bind(part, grad) for each in self._layers.values())
        return [write for write in found if write is not None]


class _Factors:
    """The factors of one product: a layer's inputs, and the gradient of its outputs."""

    def __init__(
        self, problem: Problem, start: int, shape: tuple[int, int], keeps_inputs: bool
    ) -> None:
        self.start, (n_in, self.width) = start, shape
        self.size, self.n_rows = n_in * self.width, 0
        self.keeps_inputs = keeps_inputs
        rows, dtype = problem.batch_size, problem.theta.dtype
        self.delta = np.empty((rows, self.width), dtype)
        # The data need not be kept: it stays where it is.
        self.x = np.empty((rows if keeps_inputs else 0, n_in), dtype)

    def keeper(self, first_row: int) -> Product:
        """Return what keeps the factors of some rows."""
        delta, x = self.delta[first_row:], self.x[first_row:]

        def keep_delta(x_t: Any, dy: np.ndarray, out: np.ndarray) -> np.ndarray:
            delta[: len(dy)] = dy
            return out

        def keep(x_t: np.ndarray, dy: np.ndarray, out: np.ndarray) -> np.ndarray:
            # Later layers of the backward pass overwrite both.
            delta[: len(dy)] = dy
            x[: len(dy)] = x_t.T
            return out

        return keep if self.keeps_inputs else keep_delta

    def bind(self, part: slice, grad: np.ndarray) -> Callable[[], Any] | None:
        """Return what computes the product's share of a part, if it has one."""
        start = max(part.start, self.start)
        stop = min(part.stop, self.start + self.size)
        if start >= stop:
            return None
        rows = slice(*((end - self.start) // self.width for end in (start, stop)))
        out = grad[start - part.start : stop - part.start].reshape(-1, self.width)
        # ``dot`` would copy some columns of a matrix first.
        delta, matmul = self.delta, np.matmul

        def write() -> None:
            n_rows = self.n_rows
            matmul(self.x[:n_rows, rows].T, delta[:n_rows], out)

        return write


def _pays(problem: Problem, shape: tuple[int, int]) -> bool:
    """Tell whether to add two gradients moves more numbers than to keep the factors."""
    n_in, n_out = shape
    return 3 * n_in * n_out > 2 * problem.batch_size * (n_in + n_out)
