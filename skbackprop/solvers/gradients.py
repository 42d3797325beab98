"""Gradients of batches, each computed by one thread or by several."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from skbackprop.core.ops import slices
from skbackprop.core.randomness import Pass
from skbackprop.core.relay import Rounds, without_rounds
from skbackprop.core.workspace import Window, Workspace, zeros
from skbackprop.objective import BatchGradient
from skbackprop.solvers.base import Problem
from skbackprop.solvers.deferred import DeferredProducts

__all__ = ["BoundGradient", "Gradients"]

# gradient(x, target, scale) -> rounds that write the gradient, and return predictions
BoundGradient = Callable[[Any, np.ndarray, np.ndarray], Rounds[np.ndarray]]


class Gradients:
    """Binds the gradient of a problem to batch sizes.

    Parameters
    ----------
    problem : Problem
        The objective, its parameters and the largest batch.
    n_threads : int
        How many share the rows of each batch.
    deferred : DeferredProducts, optional
        What is left to the step.

    Attributes
    ----------
    vectors : list of ndarray of shape (n_params,)
        What a bound gradient writes: the gradient is their sum.
    fetches : bool
        Whether a bound gradient takes ``LateRows``, of which each thread fetches its
        own.
    """

    def __init__(
        self,
        problem: Problem,
        n_threads: int,
        deferred: DeferredProducts | None = None,
    ) -> None:
        self._problem, self._deferred = problem, deferred
        theta, network = problem.theta, problem.objective.network
        self._n_threads = 1 if problem.keeps_rows_together else n_threads
        self.fetches = self._n_threads > 1 and problem.gathers_rows
        # Of those of further threads, what is left to the step is never touched.
        self.vectors = [zeros(theta.size, theta.dtype) for _ in range(self._n_threads)]
        self._workspace = Workspace(problem.batch_size, theta.dtype)
        self._now: Pass | None = None
        if network.mixes_rows(problem.data.is_sparse) or network.is_random:
            self._now = Pass(
                problem.seed, problem.monitor.n_seen, problem.data.mean_weight
            )
        self._bound: dict[int, BoundGradient] = {}

    def bind(self, n_rows: int) -> BoundGradient:
        """Return the gradient for batches of some size.

        Parameters
        ----------
        n_rows : int
            The size.

        Returns
        -------
        callable
            ``gradient(x, target, scale)``, as of ``Objective.bind_gradient``, for
            ``relay``; a single scale is an array too, without dimensions.
        """
        if n_rows not in self._bound:
            if self._n_threads > 1:
                gradient = self._shared(n_rows)
            else:
                gradient = without_rounds(self._part(0, slice(0, n_rows)))
            if self._now is not None:
                gradient = _announced(gradient, self._now, n_rows)
            self._bound[n_rows] = gradient
        return self._bound[n_rows]

    def _part(self, thread: int, rows: slice) -> BatchGradient:
        problem, deferred = self._problem, self._deferred
        return problem.objective.bind_gradient(
            problem.theta,
            self.vectors[thread],
            rows.stop - rows.start,
            Window(self._workspace, rows.start, rows.stop, owner=thread),
            problem.data.is_sparse,
            rows.start,
            self._now,
            None if deferred is None else deferred.products(rows.start),
        )

    def _shared(self, n_rows: int) -> BoundGradient:
        parts = slices(n_rows, -(-n_rows // self._n_threads))
        gradients = [self._part(thread, part) for thread, part in enumerate(parts)]
        # A batch of fewer rows than threads leaves some of them without any.
        idle = self.vectors[len(parts) :]
        network, dtype = self._problem.objective.network, self._problem.theta.dtype
        predictions, deferred = network.score_buffer(n_rows, dtype), self._deferred
        fetches = self.fetches

        def gradient(
            x: Any, target: np.ndarray, scale: np.ndarray
        ) -> Rounds[np.ndarray]:
            def run(thread: int) -> None:
                rows = parts[thread]
                of_rows = scale[rows] if scale.ndim else scale
                inputs = x.fetch(rows) if fetches else x[rows]
                predictions[rows] = gradients[thread](inputs, target[rows], of_rows)

            for vector in idle:
                vector.fill(0.0)
            yield [partial(run, thread) for thread in range(len(parts))]
            if deferred is not None:
                deferred.gather(x.buffer if fetches else x)
            return predictions

        return gradient


def _announced(gradient: BoundGradient, now: Pass, n_rows: int) -> BoundGradient:
    """Return a gradient that tells the layers of each batch."""

    def announced(x: Any, target: np.ndarray, scale: np.ndarray) -> Rounds[np.ndarray]:
        total, now.n_counted = 1.0, n_rows
        if scale.ndim:
            total = float(scale.sum(dtype=np.float64))
            now.share = scale / total if total > 0.0 else None
            now.n_counted = int(np.count_nonzero(scale))
        now.total = total * n_rows * now.mean_weight
        prediction = yield from gradient(x, target, scale)
        now.first_row += n_rows
        return prediction

    return announced
