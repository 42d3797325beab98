"""Products with curvature matrices over all rows of some data, chunk by chunk."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from skbackprop.core.data import ChunkReader, Data
from skbackprop.core.ops import slices
from skbackprop.core.threads import Crew, single_threaded_products, threads_for
from skbackprop.linearization.record import Moments, Record
from skbackprop.objective import Objective

__all__ = ["CurvatureProducts"]

# Linearised chunks are kept from product to product up to this size, all together.
CACHE_BYTES = 2**28
# What a linearised chunk holds, in arrays of the width of each layer: for a hidden unit
# three of the affine map, and slope, curvature and gradient of its activation.
ARRAYS_A_LAYER = 3
# Tangents of so many numbers go through a chunk at once: more would leave the cache.
TANGENTS_AT_ONCE = 2**18


class CurvatureProducts:
    """An objective near one point: its gradient, and products with its curvature.

    The network works as in prediction: nothing is random, and the statistics of batches
    are frozen. No matrix is ever formed.

    Parameters
    ----------
    objective : Objective
        The network, its loss and its penalty.
    theta : ndarray of shape (n_params,)
        Where; copied.
    data : Data
        The rows.
    cache_bytes : int, default=2**28
        How much memory may be spent on keeping what products share.
    penalty_weight : float, optional
        The weight of the rows that share the penalty; by default of all of them. In
        training by mini-batches it is that of a batch.

    Attributes
    ----------
    n_params : int
        The number of parameters that solvers move: the length of all vectors.
    theta : ndarray of shape (n_params,)
        Where, without the statistics that layers keep.

    Notes
    -----
    With everything kept, a product with the Hessian takes one to two times as long as a
    gradient, the more the deeper the network is; without it, as every product
    linearises the network anew, two to three times.
    """

    def __init__(
        self,
        objective: Objective,
        theta: np.ndarray,
        data: Data,
        cache_bytes: int = CACHE_BYTES,
        penalty_weight: float | None = None,
    ) -> None:
        self.objective, self.data = objective, data
        self._theta = theta.copy()
        network = objective.network
        self.n_params = network.layout.n_trainable
        self.theta = self._theta[: self.n_params]
        self.penalty_weight = penalty_weight or data.total_weight
        n_threads = threads_for(3 * network.work(len(data)))
        size = min(-(-len(data) // n_threads), network.chunk_rows(theta.dtype))
        if objective.loss.mixes_rows:
            size = len(data)
        self._chunks = slices(len(data), size)
        self._crew = Crew(min(n_threads, len(self._chunks)))
        row_bytes = ARRAYS_A_LAYER * sum(network.widths) * theta.itemsize
        self._keeps = len(data) * row_bytes <= cache_bytes
        self._vectors_at_once = max(
            1, TANGENTS_AT_ONCE // (size * max(network.widths[1:]))
        )
        self._records: dict[int, Record] = {}

    def gradient(self) -> np.ndarray:
        """Return the gradient of the objective, with the smooth part of the penalty.

        Returns
        -------
        ndarray of shape (n_params,)
            The gradient.
        """
        gradient = self._sum(lambda record: record.gradient())
        n_weights = self.objective.network.layout.n_weights
        add = self.objective.penalty.bind(self._theta[:n_weights], gradient[:n_weights])
        add(1.0 / self.penalty_weight)
        return self.objective.hold(gradient)

    def hessian(self, vectors: np.ndarray) -> np.ndarray:
        """Return products with the Hessian of the objective.

        Parameters
        ----------
        vectors : ndarray of shape (n_params,) or (k, n_params)
            One vector, or several as rows.

        Returns
        -------
        ndarray of the same shape
            The products; exact, away from kinks.
        """
        return self._product(Record.hessian, vectors, with_penalty=True)

    def gauss_newton(self, vectors: np.ndarray) -> np.ndarray:
        """Return products with the Gauss-Newton matrix, and the penalty's Hessian.

        For the cross-entropy, the squared error and the Poisson deviance it is the
        Fisher information of the model as well.

        Parameters
        ----------
        vectors : ndarray of shape (n_params,) or (k, n_params)
            One vector, or several as rows.

        Returns
        -------
        ndarray of the same shape
            The products.
        """
        return self._product(Record.gauss_newton, vectors, with_penalty=True)

    def empirical_fisher(self, vectors: np.ndarray) -> np.ndarray:
        """Return products with the mean of the outer products of rows' gradients.

        Parameters
        ----------
        vectors : ndarray of shape (n_params,) or (k, n_params)
            One vector, or several as rows.

        Returns
        -------
        ndarray of the same shape
            The products; the penalty has no share in them.
        """
        return self._product(Record.empirical_fisher, vectors, with_penalty=False)

    def gauss_newton_diagonal(self) -> np.ndarray:
        """Return the diagonal of the Gauss-Newton matrix, the penalty's included.

        Returns
        -------
        ndarray of shape (n_params,)
            The diagonal, exact.
        """
        diagonal = self._sum(Record.gauss_newton_diagonal)
        self._add_penalty(np.ones(self.n_params, diagonal.dtype), diagonal)
        return diagonal

    def kronecker_factors(self, rng: np.random.RandomState | None = None) -> Moments:
        """Return what the Gauss-Newton matrix of each dense layer is approximated by.

        Parameters
        ----------
        rng : RandomState, optional
            Draws one random combination of the directions in which the loss of a row
            is curved, in place of all of them: less work where there are many outputs.

        Returns
        -------
        list of tuple of two ndarray
            The mean second moment of the inputs of the layer, with a one for the bias,
            and that of the gradients of its outputs.
        """
        total: list[Any] = []
        with single_threaded_products():
            for index in range(len(self._chunks)):
                found = self._record(index).kronecker_factors(rng)
                pairs = zip(total, found, strict=True)
                total = [(a + b, c + d) for (a, c), (b, d) in pairs] if total else found
        return total

    def gauss_newton_matrix(self) -> np.ndarray:
        """Return the Gauss-Newton matrix itself, the penalty's Hessian included.

        For small networks: it takes the square of the number of parameters.

        Returns
        -------
        ndarray of shape (n_params, n_params)
            The matrix.
        """
        matrix = self._sum(Record.gauss_newton_matrix)[: self.n_params]
        diagonal = np.einsum("ii->i", matrix)  # a view
        self._add_penalty(np.ones(self.n_params, matrix.dtype), diagonal)
        return matrix

    def empirical_fisher_diagonal(self) -> np.ndarray:
        """Return the diagonal of the empirical Fisher matrix.

        Returns
        -------
        ndarray of shape (n_params,)
            The diagonal, exact.
        """
        return self._sum(Record.empirical_fisher_diagonal)

    def _product(
        self,
        product: Callable[[Record, np.ndarray], np.ndarray],
        vectors: np.ndarray,
        with_penalty: bool,
    ) -> np.ndarray:
        held = self.objective.mask is not None
        block = np.atleast_2d(vectors).astype(self._theta.dtype, copy=held)
        self.objective.hold(block)
        result = np.empty_like(block)
        for some in slices(len(block), self._vectors_at_once):
            whole = self._completed(block[some])
            result[some] = self._sum(partial(_swapped, product, whole))
        if with_penalty:
            self._add_penalty(block, result)
        return self.objective.hold(result).reshape(np.shape(vectors))

    def _completed(self, block: np.ndarray) -> np.ndarray:
        """Return vectors with zeros for what no solver moves."""
        if self._theta.size == self.n_params:
            return block
        whole = np.zeros((len(block), self._theta.size), block.dtype)
        whole[:, : self.n_params] = block
        return whole

    def _add_penalty(self, block: np.ndarray, result: np.ndarray) -> None:
        n_weights = self.objective.network.layout.n_weights
        bend = self.objective.penalty.curvature(self._theta[:n_weights])
        result[..., :n_weights] += block[..., :n_weights] * (bend / self.penalty_weight)

    def _sum(self, term: Callable[[Record], np.ndarray]) -> np.ndarray:
        """Add up what all chunks give, shared by threads in a fixed order."""
        n = self._crew.size

        def part(first: int) -> np.ndarray:
            total = term(self._record(first))
            for index in range(first + n, len(self._chunks), n):
                np.add(total, term(self._record(index)), out=total)
            return total

        with single_threaded_products():
            parts = self._crew.run([partial(part, first) for first in range(n)])
        return sum(parts[1:], start=parts[0])[..., : self.n_params]

    def _record(self, index: int) -> Record:
        if index in self._records:
            return self._records[index]
        rows = self._chunks[index]
        n_rows = rows.stop - rows.start
        reader = ChunkReader(self.data, n_rows, self._theta.dtype)
        order = rows if self.data.rows is None else np.arange(rows.start, rows.stop)
        chunk = reader.read(order, n_rows)
        scale: Any = self._theta.dtype.type(1.0 / len(self.data))
        if chunk.weight is not None:
            scale = chunk.weight[:, np.newaxis] * scale
        sparse = self.data.is_sparse
        record = Record(self.objective, self._theta, chunk, scale, sparse)
        if self._keeps:
            self._records[index] = record
        return record


def _swapped(
    product: Callable[[Record, np.ndarray], np.ndarray],
    vectors: np.ndarray,
    record: Record,
) -> np.ndarray:
    """Return a product, with its arguments in the order that a partial takes."""
    return product(record, vectors)
