"""Gradients of batches, each computed by one thread or by several."""

from functools import partial
from typing import Any

import numpy as np

from skbackprop.core.ops import slices
from skbackprop.core.threads import Crew
from skbackprop.core.workspace import Workspace
from skbackprop.objective import BatchGradient
from skbackprop.solvers.base import Problem

__all__ = ["Gradients"]


class Gradients:
    """Binds the gradient of a problem to batch sizes.

    Parameters
    ----------
    problem : Problem
        The objective, its parameters and the largest batch.
    crew : Crew
        The threads that share the rows of each batch.

    Attributes
    ----------
    vectors : list of ndarray of shape (n_params,)
        What a bound gradient writes: the gradient is their sum.
    """

    def __init__(self, problem: Problem, crew: Crew) -> None:
        self._problem, self._crew = problem, crew
        theta = problem.theta
        self.vectors = [np.zeros_like(theta) for _ in range(crew.size)]
        most_rows = -(-problem.batch_size // crew.size)
        self._workspaces = [Workspace(most_rows, theta.dtype) for _ in range(crew.size)]
        self._bound: dict[int, BatchGradient] = {}

    def bind(self, n_rows: int) -> BatchGradient:
        """Return the gradient for batches of some size.

        Parameters
        ----------
        n_rows : int
            The size.

        Returns
        -------
        callable
            ``gradient(x, target, scale)``, as of ``Objective.bind_gradient``.
        """
        if n_rows not in self._bound:
            shared = self._crew.size > 1
            self._bound[n_rows] = (
                self._shared(n_rows) if shared else self._part(0, n_rows)
            )
        return self._bound[n_rows]

    def _part(self, thread: int, n_rows: int) -> BatchGradient:
        problem = self._problem
        return problem.objective.bind_gradient(
            problem.theta,
            self.vectors[thread],
            n_rows,
            self._workspaces[thread],
            problem.data.is_sparse,
        )

    def _shared(self, n_rows: int) -> BatchGradient:
        parts = slices(n_rows, -(-n_rows // self._crew.size))
        gradients = [
            self._part(thread, part.stop - part.start)
            for thread, part in enumerate(parts)
        ]
        # A batch of fewer rows than threads leaves some of them without any.
        idle, crew = self.vectors[len(parts) :], self._crew
        network, dtype = self._problem.objective.network, self._problem.theta.dtype
        predictions = network.score_buffer(n_rows, dtype)

        def gradient(x: Any, target: np.ndarray, scale: Any) -> np.ndarray:
            def run(thread: int) -> None:
                rows = parts[thread]
                of_rows = scale[rows] if isinstance(scale, np.ndarray) else scale
                predictions[rows] = gradients[thread](x[rows], target[rows], of_rows)

            for vector in idle:
                vector.fill(0.0)
            crew.run([partial(run, thread) for thread in range(len(parts))])
            return predictions

        return gradient
