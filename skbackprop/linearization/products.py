"""Products with curvature matrices over all rows of some data, chunk by chunk."""

from collections.abc import Callable
from functools import partial
from threading import get_ident
from typing import Any, NamedTuple

import numpy as np

from skbackprop.core.data import ChunkReader, Data
from skbackprop.core.ops import slices
from skbackprop.core.threads import Crew, single_threaded_products, threads_for
from skbackprop.core.workspace import Workspace, keep_freed_memory
from skbackprop.layers import base
from skbackprop.linearization.mixed import MixedRecord
from skbackprop.linearization.record import Moments, Record
from skbackprop.network import ParamViews
from skbackprop.objective import Objective

__all__ = ["CurvatureProducts"]

# Linearised chunks are kept from product to product up to this size, all together.
CACHE_BYTES = 2**28
# What a linearised chunk holds, in arrays of the width of each layer: for a hidden unit
# three of the affine map; slope, curvature, both gradients and the output otherwise.
ARRAYS_A_LAYER = 4
# Chunks are so much larger than those of gradients: there is more to do for each.
LARGER = 2
# Tangents of so many numbers go through a chunk at once: more would leave the cache.
TANGENTS_AT_ONCE = 2**18
# Products of up to this size are asked to leave their memory to the next ones.
KEPT_BYTES = 2**24

# product(record, tangents, grads) writes products.
Product = Callable[[Record, ParamViews, ParamViews], None]


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
    linearises the network anew, up to about two and a half times.
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
        size = min(-(-len(data) // n_threads), LARGER * network.chunk_rows(theta.dtype))
        self._record_type = Record
        if objective.loss.mixes_rows:
            # A loss that compares rows groups them itself.
            size, self._record_type = len(data), MixedRecord
        self._chunks = slices(len(data), size)
        self._crew = Crew(min(n_threads, len(self._chunks)))
        row_bytes = ARRAYS_A_LAYER * sum(network.widths) * theta.itemsize
        self._keeps = len(data) * row_bytes <= cache_bytes
        self._vectors_at_once = max(
            1, TANGENTS_AT_ONCE // (size * max(network.widths[1:]))
        )
        keep_freed_memory(KEPT_BYTES)
        self._records: dict[int, Record] = {}
        self._params = network.layout.views(self._theta)
        self._frames: dict[tuple[int, int], _Frame] = {}

    def gradient(self) -> np.ndarray:
        """Return the gradient of the objective, with the smooth part of the penalty.

        Returns
        -------
        ndarray of shape (n_params,)
            The gradient.
        """
        return self._with_penalty(
            self._vectors(1, lambda record, grads, index: record.gradient(grads))[0]
        )

    def _with_penalty(self, gradient: np.ndarray) -> np.ndarray:
        n_weights = self.objective.network.layout.n_weights
        add = self.objective.penalty.bind(self._theta[:n_weights], gradient[:n_weights])
        add(1.0 / self.penalty_weight)
        return self.objective.hold(gradient)

    def value_and_gradient(self) -> tuple[float, np.ndarray]:
        """Return the value of the objective, and its gradient.

        Returns
        -------
        value : float
            The weighted mean loss, without the penalty.
        gradient : ndarray of shape (n_params,)
            As of ``gradient``.
        """
        losses = np.zeros(len(self._chunks))

        def write(record: Record, grads: ParamViews, index: int) -> None:
            record.gradient(grads)
            losses[index] = record.value()

        gradient = self._with_penalty(self._vectors(1, write)[0])
        return float(losses.sum()) / len(self.data), gradient

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
        diagonal = self._sum(lambda record: record.gauss_newton_diagonal())
        self._add_penalty(np.ones(self.n_params, diagonal.dtype), diagonal)
        return self.objective.hold(diagonal)

    def kronecker_factors(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return what the Gauss-Newton matrix of each layer is approximated by.

        Returns
        -------
        list of tuple of two ndarray
            For each layer with weights, its factors as of ``kronecker_blocks``.
        """
        found, network = self.kronecker_blocks(), self.objective.network
        for key, group in enumerate(network.layout.params):
            if key not in found and any(param.kind == "weight" for param in group):
                raise ValueError(
                    f"{network.layers[key]!r} has weights, but no Kronecker factors: "
                    "what its linearize returns has to define input_moment."
                )
        return list(found.values())

    def kronecker_blocks(
        self, rng: np.random.RandomState | None = None, widest: float = np.inf
    ) -> Moments:
        """Return what the Gauss-Newton matrix of dense layers is approximated by.

        Parameters
        ----------
        rng : RandomState, optional
            Draws one random combination of the directions in which the loss of a row
            is curved, in place of all of them: less work where there are many outputs.
        widest : float, default=inf
            Layers of more inputs or outputs are left out.

        Returns
        -------
        dict of int to tuple of two ndarray
            By the position of the layer, the mean second moment of its inputs, with a
            one for the bias, and that of the gradients of its outputs. Layers that do
            not give their ``input_moment`` have none.
        """
        total: Moments = {}
        with single_threaded_products():
            for index in range(len(self._chunks)):
                found = self._record(index).kronecker_blocks(rng, widest)
                for key, (a, g) in found.items():
                    others = total.get(key, (0.0, 0.0))
                    total[key] = others[0] + a, others[1] + g
        return total

    def gauss_newton_matrix(self) -> np.ndarray:
        """Return the Gauss-Newton matrix itself, the penalty's Hessian included.

        For small networks: it takes the square of the number of parameters.

        Returns
        -------
        ndarray of shape (n_params, n_params)
            The matrix.
        """
        matrix = self._sum(lambda record: record.gauss_newton_matrix())[: self.n_params]
        diagonal = np.einsum("ii->i", matrix)  # a view
        self._add_penalty(np.ones(self.n_params, matrix.dtype), diagonal)
        self.objective.hold(matrix.T)
        return self.objective.hold(matrix)

    def empirical_fisher_diagonal(self) -> np.ndarray:
        """Return the diagonal of the empirical Fisher matrix.

        Returns
        -------
        ndarray of shape (n_params,)
            The diagonal, exact.
        """
        return self.objective.hold(
            self._sum(lambda record: record.empirical_fisher_diagonal())
        )

    def _product(
        self, product: Product, vectors: np.ndarray, with_penalty: bool
    ) -> np.ndarray:
        held = self.objective.mask is not None
        block = np.atleast_2d(vectors).astype(self._theta.dtype, copy=held)
        self.objective.hold(block)
        views, parts = self.objective.network.layout.block_views, []
        for some in slices(len(block), self._vectors_at_once):
            tangents = views(self._completed(block[some]))
            write = partial(_along, product, tangents)
            parts.append(self._vectors(some.stop - some.start, write))
        result = parts[0] if len(parts) == 1 else np.concatenate([block[:0], *parts])
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

        def part(thread: int) -> np.ndarray:
            first, *others = self._of_thread(thread)
            total = term(self._record(first))
            for index in others:
                np.add(total, term(self._record(index)), out=total)
            return total

        return self._total(part)

    def _vectors(
        self, k: int, write: Callable[[Record, ParamViews, int], None]
    ) -> np.ndarray:
        """Add up some vectors of parameters that all chunks write."""
        shape, dtype = (k, self._theta.size), self._theta.dtype
        views = self.objective.network.layout.block_views

        def part(thread: int) -> np.ndarray:
            first, *others = self._of_thread(thread)
            total = np.zeros(shape, dtype)
            write(self._record(first), views(total), first)
            if others:
                more = np.zeros(shape, dtype)
                grads = views(more)
                for index in others:
                    write(self._record(index), grads, index)
                    np.add(total, more, out=total)
            return total

        return self._total(part)

    def _of_thread(self, thread: int) -> range:
        return range(thread, len(self._chunks), self._crew.size)

    def _total(self, part: Callable[[int], np.ndarray]) -> np.ndarray:
        """Return the sum of what threads return, for the parameters that are moved."""
        with single_threaded_products():
            tasks = [partial(part, thread) for thread in range(self._crew.size)]
            parts = self._crew.run(tasks)
        return sum(parts[1:], start=parts[0])[..., : self.n_params]

    def _record(self, index: int) -> Record:
        if index in self._records:
            return self._records[index]
        rows = self._chunks[index]
        n_rows = rows.stop - rows.start
        frame = self._frame(n_rows)
        order = rows if self.data.rows is None else np.arange(rows.start, rows.stop)
        chunk = frame.reader.read(order, n_rows)
        scale: Any = self._theta.dtype.type(1.0 / len(self.data))
        if chunk.weight is not None:
            scale = chunk.weight[:, np.newaxis] * scale
        record = self._record_type(
            self.objective, self._params, frame.steps, chunk, scale
        )
        if self._keeps:
            self._records[index] = record
        return record

    def _frame(self, n_rows: int) -> "_Frame":
        """Return buffers: unless records are kept, the same ones again to a thread."""
        key = get_ident(), n_rows
        if not self._keeps and key in self._frames:
            return self._frames[key]
        network, dtype = self.objective.network, self._theta.dtype
        workspace, sparse = Workspace(n_rows, dtype), self.data.is_sparse
        bound = network.bind(self._params, None, n_rows, workspace, sparse)
        frame = _Frame(ChunkReader(self.data, n_rows, dtype), bound.steps)
        if not self._keeps:
            self._frames[key] = frame
        return frame


class _Frame(NamedTuple):
    """What a record is made in."""

    reader: ChunkReader
    steps: list[base.Forward]


def _along(
    product: Product,
    tangents: ParamViews,
    record: Record,
    grads: ParamViews,
    index: int,
) -> None:
    """Write a product, with its arguments in the order that a partial takes."""
    product(record, tangents, grads)
