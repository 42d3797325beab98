"""Means of attributions over references, a block of pairs at a time."""

from collections.abc import Iterator

import numpy as np

from skbackprop.core.ops import slices
from skbackprop.core.threads import Crew, single_threaded_products, threads_for
from skbackprop.core.workspace import keep_freed_memory
from skbackprop.inspection._setting import Setting
from skbackprop.inspection.attributions import Attribution, Block
from skbackprop.linearization.chain import NUMBERS_AT_ONCE

__all__ = ["Means"]


class Means:
    """Attributions to features, as means over references.

    Parameters
    ----------
    method : Attribution
        The rule.
    setting : Setting
        The prediction, and the references.

    Attributes
    ----------
    n_rows : int
        How many rows to take at once, for bounded memory.
    """

    def __init__(self, method: Attribution, setting: Setting) -> None:
        self._method, self._setting, self._chain = method, setting, setting.chain
        self._matrix, self._references = setting.matrix, setting.references
        chain, matrix, references = self._chain, self._matrix, self._references
        self._rows_of = method.bind(chain, matrix, references)
        n_features, self._n_references = matrix.shape[1], len(references.h)
        self._n_pairs = chain.rows_at_once(n_features, chain.n_out)
        # Of twice that size what is free is kept: a few arrays of a block at a time.
        keep_freed_memory(4 * NUMBERS_AT_ONCE * matrix.itemsize)
        # Rules may hold a number for each pair.
        n_rows = max(1, NUMBERS_AT_ONCE // self._n_references)
        self.n_rows = min(n_rows, chain.rows_at_once(n_features))

    def crew(self, n_rows: int) -> Crew:
        """Return as many threads as it takes.

        Parameters
        ----------
        n_rows : int
            The number of rows in all.

        Returns
        -------
        Crew
            The threads.
        """
        chain, n_pairs = self._chain, n_rows * self._n_references
        work = n_pairs * chain.n_out * chain.n_weights
        return Crew(min(threads_for(work), len(self._blocks(n_rows))))

    def __call__(
        self, x: np.ndarray, h: np.ndarray, first: int, change: np.ndarray, crew: Crew
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the attributions of some rows, and what they miss.

        Parameters
        ----------
        x : ndarray of shape (n_rows, n_features)
            The rows, from the same origin as the references.
        h : ndarray of shape (n_rows, n_hidden)
            What they are at the cut of the chain.
        first : int
            The position of the first of them among all that are explained.
        change : ndarray of shape (n_rows, n_outputs)
            What they should add up to.
        crew : Crew
            The threads to work in.

        Returns
        -------
        values : ndarray of shape (n_outputs, n_rows, n_features)
            The attributions.
        missing : ndarray of shape (n_outputs, n_rows)
            The change less their sum, before it is made up for.
        """
        points, missing = self._setting.points(x, h), change.T.copy()
        values = np.empty((*missing.shape, points.x.shape[1]), missing.dtype)
        mean = self._made_up if self._method.makes_up else self._mean

        def explain(pending: Iterator[slice]) -> None:
            for mine in pending:
                values[:, mine], sums = mean(block, points.x, mine, missing[:, mine])
                missing[:, mine] -= sums

        with single_threaded_products():
            block = self._rows_of(points, first)
            crew.deal(self._blocks(len(points.h)), explain)
        return values, missing

    def _blocks(self, n_rows: int) -> list[slice]:
        return slices(n_rows, max(1, self._n_pairs // self._n_references))

    def _mean(
        self, block: Block, x: np.ndarray, mine: slice, change: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean of multipliers times changes over all references."""
        own, total = x[mine], np.zeros((len(change), *x[mine].shape), x.dtype)
        for some, pairs in self._pairs(block, mine):
            total += _sums(pairs) * own
            total -= np.einsum("knmf,mf->knf", pairs, self._references.x[some])
        total /= total.dtype.type(self._n_references)
        return total, total.sum(axis=2)

    def _made_up(
        self, block: Block, x: np.ndarray, mine: slice, change: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the same, with what is missing shared out by the mean squares."""
        own, total = x[mine], np.zeros((len(change), *x[mine].shape), x.dtype)
        squares, unit = np.zeros_like(total), _unit(change.astype(x.dtype))
        for some, pairs in self._pairs(block, mine):
            parts = pairs * (own[:, np.newaxis] - self._references.x[some])
            total += _sums(parts)
            parts *= unit
            squares += np.einsum("knmf,knmf->knf", parts, parts)
        # In single precision too they add up to what double precision knows.
        total, squares = total.astype(change.dtype), squares.astype(change.dtype)
        total /= total.dtype.type(self._n_references)
        sums, weight = total.sum(axis=2), squares.sum(axis=2)
        # Where nothing counts there is nobody to share with. Shares of one first: what
        # is missing, divided by the smallest weights, would leave the range.
        weight = weight[..., np.newaxis]
        np.divide(squares, weight, out=squares, where=weight > 0.0)
        total += squares * (change - sums)[..., np.newaxis]
        return total, sums

    def _pairs(self, block: Block, mine: slice) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield slices of references, and multipliers of features from them."""
        matrix, n_rows = self._matrix, mine.stop - mine.start
        for some in slices(self._n_references, self._n_pairs):
            at_cut = block(mine, some)
            pairs = at_cut.reshape(-1, at_cut.shape[-1]) @ matrix
            pairs = pairs.reshape(*at_cut.shape[:-1], -1)
            shape = (len(pairs), n_rows, some.stop - some.start, pairs.shape[-1])
            yield some, np.broadcast_to(pairs, shape)


def _unit(change: np.ndarray) -> np.ndarray:
    """Return a power of two for each, times which it is near 1.

    Squares of outputs in units such as kilograms of stars would leave the range of
    single precision. Powers of two round nothing. A change may be far smaller than the
    parts that it is the sum of: what is tiny is enlarged to some extent only.
    """
    _, exponent = np.frexp(change)
    most = np.finfo(change.dtype).maxexp - 2
    unit = np.ldexp(change.dtype.type(1), np.clip(-exponent, -most, most // 4))
    return unit[..., np.newaxis, np.newaxis]


def _sums(pairs: np.ndarray) -> np.ndarray:
    """Return sums over references: products with ones are faster than ``sum``."""
    return np.matmul(np.ones(pairs.shape[2], pairs.dtype), pairs)
