"""The objective over all rows at once, chunk by chunk, on one or several threads.

Full-batch solvers minimise it, and validation reads it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from skbackprop.core.data import Chunk, ChunkReader, Data
from skbackprop.core.ops import scalar, slices
from skbackprop.core.threads import Crew, single_threaded_products, threads_for
from skbackprop.core.workspace import Workspace
from skbackprop.objective import Objective

__all__ = ["Evaluation"]


class Evaluation:
    """The objective over all rows of some data.

    Parameters
    ----------
    objective : Objective
        What to evaluate.
    theta : ndarray of shape (n_params,)
        The parameters, read anew at each call: whoever owns them may change them.
    data : Data
        The rows.
    n_threads : int, optional
        How many threads share the chunks; by default as many as the user leaves to
        the matrix products and the work is worth.

    Attributes
    ----------
    predictions : ndarray of shape (n_samples, n_outputs)
        What ``loss`` last saw.
    total_weight : float
        The sum of the rows' weights.
    """

    def __init__(
        self,
        objective: Objective,
        theta: np.ndarray,
        data: Data,
        n_threads: int | None = None,
    ) -> None:
        self.objective, self.theta, self.data = objective, theta, data
        self.total_weight = data.total_weight
        network = objective.network
        if n_threads is None:
            n_threads = threads_for(network.work(len(data)))
        size = min(-(-len(data) // n_threads), network.chunk_rows(theta.dtype))
        if objective.loss.mixes_rows:
            # A loss that compares rows groups them itself.
            size = len(data)
        chunks = slices(len(data), size)
        self._workers = [
            _Worker(objective, theta, data, size, chunks[first::n_threads])
            for first in range(min(n_threads, len(chunks)))
        ]
        self._crew = Crew(len(self._workers))
        self._add_penalty: Callable[[float], float] | None = None
        self.predictions = np.empty((len(data), network.n_out), theta.dtype)

    def loss(self) -> float:
        """Return the weighted mean loss, without the penalty.

        Returns
        -------
        float
            The mean; ``predictions`` are kept.
        """
        losses = self._run(
            [partial(worker.loss, self.predictions) for worker in self._workers]
        )
        return sum(losses) / len(self.data)

    def value_and_gradient(self) -> tuple[float, np.ndarray]:
        """Return the weighted mean loss and the gradient of the whole objective.

        Returns
        -------
        loss : float
            Without the penalty.
        gradient : ndarray of shape (n_params,)
            With the penalty's; the next call overwrites it.
        """
        losses = self._run([worker.gradient for worker in self._workers])
        first = self._workers[0].grad
        for worker in self._workers[1:]:
            np.add(first, worker.grad, first)
        if self._add_penalty is None:
            weights = self.objective.network.layout.weights
            bind = self.objective.penalty.bind
            self._add_penalty = bind(weights(self.theta), weights(first))
        self._add_penalty(1.0 / self.total_weight)
        return sum(losses) / len(self.data), self.objective.hold(first)

    def penalty(self) -> float:
        """Return the penalty's share in the objective.

        Returns
        -------
        float
            The penalty divided by the total weight.
        """
        weights = self.objective.network.layout.weights(self.theta)
        return self.objective.penalty.value(weights) / self.total_weight

    def _run(self, tasks: list[Callable[[], float]]) -> list[float]:
        """Let every worker do its chunks; the order of sums does not vary."""
        with single_threaded_products():
            return self._crew.run(tasks)


class _Worker:
    """Chunks of the rows, with buffers of its own."""

    def __init__(
        self,
        objective: Objective,
        theta: np.ndarray,
        data: Data,
        size: int,
        chunks: list[slice],
    ) -> None:
        self.objective, self.theta, self.data = objective, theta, data
        self.chunks = chunks
        self.reader = ChunkReader(data, size, theta.dtype)
        self.workspace = Workspace(size, theta.dtype)
        self.bound: dict[tuple[str, int], Any] = {}
        self.grad = self.part = np.empty(0, theta.dtype)
        self.keeps = len(chunks) == 1 and self.reader.in_place
        self.kept: Chunk | None = None
        self.scale = scalar(1.0 / len(data), theta)

    def loss(self, predictions: np.ndarray) -> float:
        """Return the sum of the losses, and write predictions."""
        loss, total = self.objective.loss, 0.0
        for rows in self.chunks:
            n_rows = rows.stop - rows.start
            chunk = self._read(rows)
            prediction = loss.inverse_link(self._forward(n_rows)(chunk.x))
            predictions[rows] = prediction
            total += loss.total(prediction, chunk.target, chunk.weight)
        return total

    def gradient(self) -> float:
        """Return the sum of the losses, and write their mean gradient to ``grad``."""
        total = 0.0
        if not self.grad.size:
            self.grad = self.part = np.zeros_like(self.theta)
            if len(self.chunks) > 1:
                self.part = np.empty_like(self.theta)
        if self.part is not self.grad:
            self.grad.fill(0.0)
        for rows in self.chunks:
            n_rows = rows.stop - rows.start
            x, target, weight = self._read(rows)
            scale = self.scale
            if weight is not None:
                scale = weight[:, np.newaxis] * scale
            prediction = self._gradient(n_rows)(x, target, scale)
            if self.part is not self.grad:
                np.add(self.grad, self.part, self.grad)
            total += self.objective.loss.total(prediction, target, weight)
        return total

    def _read(self, rows: slice) -> Chunk:
        """Read a chunk; what is the only one stays in its buffers."""
        if self.kept is not None:
            return self.kept
        chunk = self.reader.read(rows, rows.stop - rows.start)
        if self.keeps:
            self.kept = chunk
        return chunk

    def _forward(self, n_rows: int) -> Callable[[Any], np.ndarray]:
        key = ("forward", n_rows)
        if key not in self.bound:
            network = self.objective.network
            params, sparse = network.layout.views(self.theta), self.data.is_sparse
            self.bound[key] = network.bind(
                params, None, n_rows, self.workspace, sparse
            ).forward
        return self.bound[key]

    def _gradient(self, n_rows: int) -> Callable[..., np.ndarray]:
        key = ("gradient", n_rows)
        if key not in self.bound:
            self.bound[key] = self.objective.bind_gradient(
                self.theta, self.part, n_rows, self.workspace, self.data.is_sparse
            )
        return self.bound[key]
