"""One epoch of mini-batches: the hot loop.

Everything that can be looked up, sliced or allocated is so beforehand. Rows are
gathered some thousand at a time, and batches are slices of that chunk; where threads
share a batch, each gathers its own rows when they are due.
"""

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from skbackprop.core.data import Chunk, ChunkReader
from skbackprop.core.ops import scalar, slices
from skbackprop.core.relay import Rounds, relay
from skbackprop.core.threads import Crew
from skbackprop.solvers.base import Problem, SolverState
from skbackprop.solvers.gradients import BoundGradient, Gradients
from skbackprop.solvers.step import BoundStep

CHUNK_ROWS = 2048
CHUNK_BYTES = 2**20
MANY_ROWS = 2**20


class Batch(NamedTuple):
    """A batch, as views into the buffers of its chunk, ready to be run."""

    x: Any
    target: np.ndarray
    scale: np.ndarray
    prediction: np.ndarray
    gradient: BoundGradient
    share: float


class Epoch:
    """An epoch over the rows of a problem, bound to its buffers.

    Parameters
    ----------
    problem : Problem
        The objective, the rows and how to batch them.
    gradients : Gradients
        The gradient, to be bound to batch sizes.
    step : callable
        What follows a gradient, as of ``bind_step``.
    crew : Crew
        The threads that gradients and steps may be shared out to.
    """

    def __init__(
        self, problem: Problem, gradients: Gradients, step: BoundStep, crew: Crew
    ) -> None:
        data, theta, objective = problem.data, problem.theta, problem.objective
        self._problem, self._gradients = problem, gradients
        self._step, self._crew = step, crew
        self._n_rows = len(data)
        self._order: np.ndarray = np.arange(
            self._n_rows, dtype=_position_type(self._n_rows)
        )
        self._mean_weight = data.mean_weight
        n_late = problem.batch_size if gradients.fetches else 0
        chunk_rows = min(_rows_per_chunk(problem, n_late), self._n_rows)
        self._chunks = slices(self._n_rows, chunk_rows)
        self._reader = ChunkReader(data, chunk_rows, theta.dtype, n_late)
        self._predictions = objective.network.score_buffer(chunk_rows, theta.dtype)
        self._scale = None if data.weight is None else np.empty(chunk_rows, theta.dtype)
        self._augment: np.random.Generator | None = None
        if problem.augmentation is not None:
            self._augment = np.random.Generator(
                np.random.SFC64([problem.seed, problem.monitor.n_seen])
            )
        # Only what is not gathered anew may be a view of the user's data.
        self._gathers = problem.shuffle or self._augment is not None
        self._plans: dict[int, list[Batch]] = {}

    def run(self, rates: Iterable[float], state: SolverState) -> float:
        """Go through all rows once, a step a batch.

        Parameters
        ----------
        rates : iterable of float
            The learning rate of each step.
        state : SolverState
            Counts the steps: also those before an interrupt, which moments are of.

        Returns
        -------
        float
            The mean of the batches' losses, each taken before its step. Not finite,
            and the epoch cut short, as soon as a chunk's is not.
        """
        return relay(self._crew, self._rounds(iter(rates), state))

    def _rounds(self, rates: Iterator[float], state: SolverState) -> Rounds[float]:
        problem, step = self._problem, self._step
        loss = penalty = 0.0
        for chunk, n_rows in self._read_chunks():
            for batch, rate in zip(self._plan(chunk, n_rows), rates, strict=False):
                x, target, scale, kept, gradient, share = batch
                kept[...] = yield from gradient(x, target, scale)
                state.n_steps += 1
                penalty += yield from step(share, rate, state.n_steps)
            predictions = self._predictions[:n_rows]
            loss += problem.objective.loss.total(predictions, *chunk[1:])
            if not isfinite(loss):
                break
        return problem.objective.reported(
            loss / self._n_rows, penalty / (self._n_rows * self._mean_weight)
        )

    def told(self) -> dict[str, Any]:
        """Return where the order of rows and the augmentation have come to.

        Returns
        -------
        dict of str to object
            What ``recall`` takes.
        """
        rng = self._augment
        return {
            "order": self._order,
            "augment": None if rng is None else rng.bit_generator.state,
        }

    def recall(self, told: Mapping[str, Any]) -> None:
        """Go on from where an earlier run has come to.

        Parameters
        ----------
        told : dict of str to object
            What ``told`` returned.
        """
        self._order[...] = told["order"]
        if self._augment is not None:
            self._augment.bit_generator.state = told["augment"]

    def _read_chunks(self) -> Iterator[tuple[Chunk, int]]:
        if self._problem.shuffle:
            # Each epoch permutes the order of the one before, as scikit-learn does.
            # In place, which draws the same as a permutation and needs no room.
            self._problem.rng.shuffle(self._order)
        for rows in self._chunks:
            n_rows = rows.stop - rows.start
            order = self._order[rows] if self._gathers else rows
            chunk = self._reader.read(order, n_rows)
            if self._augment is not None:
                chunk = self._augmented(chunk, self._augment)
            if self._scale is not None:
                self._write_scale(chunk.weight, n_rows, self._scale)
            yield chunk, n_rows

    def _augmented(self, chunk: Chunk, rng: np.random.Generator) -> Chunk:
        """Return changed rows, in the same buffers."""
        augmentation, (X, target, weight) = self._problem.augmentation, chunk
        assert augmentation is not None
        changed, changed_target = augmentation.apply(X, target, rng, weight)
        if changed_target is not target:
            target[...] = changed_target
        if changed is X:
            return chunk
        if not self._reader.in_place:
            return Chunk(changed.astype(X.dtype, copy=False), target, weight)
        X[...] = changed
        return chunk

    def _write_scale(self, weight: Any, n_rows: int, scale: np.ndarray) -> None:
        """Write what the gradient of each row of a chunk is multiplied by."""
        for batch in slices(n_rows, self._problem.batch_size):
            np.divide(weight[batch], batch.stop - batch.start, scale[batch])

    def _plan(self, chunk: Chunk, n_rows: int) -> list[Batch]:
        """Return the batches of a chunk: the same views as long as buffers are."""
        if n_rows in self._plans:
            return self._plans[n_rows]
        batches = [
            self._batch(chunk, rows)
            for rows in slices(n_rows, self._problem.batch_size)
        ]
        if self._gathers and self._reader.in_place:
            self._plans[n_rows] = batches
        return batches

    def _batch(self, chunk: Chunk, rows: slice) -> Batch:
        n_rows = rows.stop - rows.start
        return Batch(
            chunk.x[rows],
            chunk.target[rows],
            self._scale_of(rows),
            self._predictions[rows],
            self._gradients.bind(n_rows),
            1.0 / (n_rows * self._mean_weight),
        )

    def _scale_of(self, rows: slice) -> np.ndarray:
        """Return what gradients are multiplied by: one number, or a column of them."""
        if self._scale is None:
            return scalar(1.0 / (rows.stop - rows.start), self._problem.theta)
        # Not divided by the weight of the batch: weights relative to the mean of all
        # rows act between batches too, as repeated rows would.
        return self._scale[rows, np.newaxis]


def _rows_per_chunk(problem: Problem, n_late: int) -> int:
    """Return how many rows a chunk has: whole batches, about a megabyte if gathered.

    A single batch where the loss compares its rows: that is what it is reported for.
    """
    if problem.objective.loss.mixes_rows:
        return problem.batch_size
    rows = CHUNK_ROWS
    # Late rows are in the buffer a batch at a time, however many there are.
    if not n_late:
        row_bytes = problem.objective.network.n_in * problem.theta.itemsize
        rows = min(rows, CHUNK_BYTES // max(1, row_bytes))
    return problem.batch_size * max(1, rows // problem.batch_size)


def _position_type(n_rows: int) -> type:
    """Return a type for positions of rows: of many, one of half the memory.

    NumPy shuffles those of its own size a third faster, and takes rows by them as they
    are.
    """
    return np.int32 if MANY_ROWS <= n_rows <= np.iinfo(np.int32).max else np.intp
