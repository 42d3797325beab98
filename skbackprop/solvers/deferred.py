"""The largest products of a step, left to those who take it.

Threads that share the rows of a batch each get a whole gradient of their rows, and the
two have to be added. Nobody needs the gradient of weights before the step, though:
threads that share out the entries of a step can each compute what is theirs, over all
rows, right before they use it.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from skbackprop.core.ops import Product
from skbackprop.layers import Dense
from skbackprop.solvers.base import Problem

__all__ = ["DeferredProducts"]

FIRST_ROW = itemgetter(0)


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
            factors = self._layers[key] = _Factors(self.size, shape)
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
            By the position of the layer. They keep the factors, which later layers of
            the backward pass leave alone.
        """
        return {key: each.keeper(first_row) for key, each in self._layers.items()}

    def gather(self, x: np.ndarray) -> None:
        """Take the factors that threads have kept together.

        Parameters
        ----------
        x : ndarray of shape (n_rows, n_in)
            The batch: the inputs of the first layer.
        """
        for key, layer in self._layers.items():
            layer.gather(x if key == 0 else None)

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

    def __init__(self, start: int, shape: tuple[int, int]) -> None:
        self.start, (n_in, self.width) = start, shape
        self.size = n_in * self.width
        self._kept: list[tuple[int, np.ndarray, np.ndarray]] = []
        self.x = self.delta = np.empty((0, 0))

    def keeper(self, first_row: int) -> Product:
        """Return what keeps the factors of some rows."""

        def keep(x_t: np.ndarray, dy: np.ndarray, out: np.ndarray) -> np.ndarray:
            self._kept.append((first_row, x_t.T, dy))
            return out

        return keep

    def gather(self, x: np.ndarray | None) -> None:
        """Take the rows of all threads together, but for inputs that are given."""
        first_rows, xs, deltas = zip(*sorted(self._kept, key=FIRST_ROW), strict=True)
        self._kept.clear()
        self.x = _together(first_rows, xs) if x is None else x
        self.delta = _together(first_rows, deltas)

    def bind(self, part: slice, grad: np.ndarray) -> Callable[[], Any] | None:
        """Return what computes the product's share of a part, if it has one."""
        start = max(part.start, self.start)
        stop = min(part.stop, self.start + self.size)
        if start >= stop:
            return None
        rows = slice(*((end - self.start) // self.width for end in (start, stop)))
        out = grad[start - part.start : stop - part.start].reshape(-1, self.width)
        # ``dot`` would copy some columns of a matrix first.
        matmul = np.matmul
        return lambda: matmul(self.x[:, rows].T, self.delta, out)


def _together(first_rows: Sequence[int], parts: Sequence[np.ndarray]) -> np.ndarray:
    """Return rows of a batch as one matrix: where they are, if one follows another."""
    start, memory = parts[0].ctypes.data, parts[0].base
    if isinstance(memory, np.ndarray) and all(
        part.base is memory
        and memory.flags.c_contiguous
        and part.flags.c_contiguous
        and part.ctypes.data == start + row * part[0].nbytes
        for row, part in zip(first_rows, parts, strict=True)
    ):
        shape = first_rows[-1] + len(parts[-1]), *parts[0].shape[1:]
        offset = start - memory.ctypes.data
        return np.ndarray(shape, parts[0].dtype, memory, offset)
    return np.concatenate(parts)


def _pays(problem: Problem, shape: tuple[int, int]) -> bool:
    """Tell whether to add two gradients moves more numbers than to keep the factors."""
    n_in, n_out = shape
    return 3 * n_in * n_out > 2 * problem.batch_size * (n_in + n_out)
