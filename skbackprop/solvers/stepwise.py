"""Step-wise solvers: chains of updates over mini-batches."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, repeat
from math import isfinite
from typing import Any, ClassVar

import numpy as np

from skbackprop.core.ops import all_finite
from skbackprop.core.threads import Crew, single_threaded_products, threads_for
from skbackprop.core.workspace import zeros
from skbackprop.evaluation import Evaluation
from skbackprop.solvers.average import Averager
from skbackprop.solvers.base import (
    Problem,
    Solution,
    Solver,
    SolverState,
    Status,
    Verdict,
)
from skbackprop.solvers.deferred import DeferredProducts
from skbackprop.solvers.epoch import Epoch
from skbackprop.solvers.gradients import Gradients
from skbackprop.solvers.handover import Handover
from skbackprop.solvers.step import bind_step, shares_step
from skbackprop.updates import Update

# The loss of an epoch is taken before its steps. There is reason to look at what the
# last steps of a fit have led to only if a parameter is as large as this.
LARGE = 1e3


class Stepwise(Solver):
    """A solver that takes a step a batch, along a chain of updates."""

    stepwise: ClassVar[bool] = True

    @abstractmethod
    def chain(self) -> Sequence[Update]:
        """Return the updates that turn a gradient into a step."""

    def minimise(self, problem: Problem) -> Solution:
        """Run epochs until the budget, the monitor or divergence ends it.

        Parameters
        ----------
        problem : Problem
            What to minimise, over what, and for how long.

        Returns
        -------
        Solution
            What came of it.
        """
        updates = self.chain()
        state = _handed_over(problem) or problem.state or _fresh_state(problem, updates)
        # Weights may have been put in another type since.
        state.moments = _of_type(state.moments, problem.theta.dtype)
        averager = None if problem.averaging is None else Averager(problem, state)
        moving = problem if averager is None else averager.moving
        crew = Crew(threads_for(problem.objective.network.work(problem.batch_size)))
        links = [*problem.clipping, *updates]
        deferred = None
        if shares_step(moving, links, crew.size) and DeferredProducts.fits(moving):
            deferred = DeferredProducts(moving)
        with single_threaded_products(), np.errstate(all="ignore"):
            gradients = Gradients(moving, crew.size, deferred)
            step = bind_step(
                moving,
                links,
                gradients.vectors,
                [*([] for _ in problem.clipping), *state.moments],
                crew.size,
                None if averager is None else averager.after_step,
                deferred,
            )
            epoch = Epoch(moving, gradients, step, crew)
            return _Run(problem, moving.theta, epoch, state, averager).go()


def _handed_over(problem: Problem) -> SolverState | None:
    """Return the memory of the run that is gone on with, if there is one."""
    if problem.handover is None or problem.handover.earlier is None:
        return None
    return SolverState.recalled(problem.handover.earlier["state"])


def _fresh_state(problem: Problem, updates: Sequence[Update]) -> SolverState:
    size, dtype = problem.objective.network.layout.n_trainable, problem.theta.dtype
    moments = [
        [zeros(size, dtype) for _ in range(update.n_moments)] for update in updates
    ]
    return SolverState(moments, float(problem.learning_rate_init))


def _of_type(
    moments: Sequence[Sequence[np.ndarray]], dtype: np.dtype
) -> list[list[np.ndarray]]:
    return [
        [vector.astype(dtype, copy=False) for vector in vectors] for vectors in moments
    ]


class _Run:
    """Epoch after epoch, with the schedule and the monitor."""

    def __init__(
        self,
        problem: Problem,
        moving: np.ndarray,
        epoch: Epoch,
        state: SolverState,
        averager: Averager | None,
    ) -> None:
        self.problem, self.moving, self.epoch = problem, moving, epoch
        self.state, self.averager = state, averager
        self.rates = _bind_rates(problem)
        self.earlier, self.last = problem.theta.copy(), problem.theta.copy()
        self.n_done = 0
        if problem.handover is not None:
            self._hand_over(problem.handover)

    def _hand_over(self, handover: Handover) -> None:
        """Say how to go on from here, and go on from where an earlier run was."""
        handover.offer(self._told)
        if handover.earlier is not None:
            self.n_done = handover.earlier["n_done"]
            self.earlier = handover.earlier["earlier"]
            self.epoch.recall(handover.earlier["epoch"])

    def _told(self) -> dict[str, Any]:
        return {
            "state": self.state.told(),
            "epoch": self.epoch.told(),
            "earlier": self.earlier,
            "n_done": self.n_done,
        }

    def go(self) -> Solution:
        solution = self._epochs()
        if solution.status is Status.DIVERGED or self._can_be_computed_with():
            return solution
        # No epoch came after the last steps, to find what they have led to.
        diverged_to = self.problem.theta.copy()
        n_back = 1 + _go_back(self.problem, self.earlier)
        return Solution(Status.DIVERGED, diverged_to=diverged_to, n_taken_back=n_back)

    def _epochs(self) -> Solution:
        problem, state = self.problem, self.state
        while self.n_done < problem.max_iter:
            problem.monitor.begin_epoch()
            rate, rates = self.rates(state.n_epochs, state.rate)
            loss = self._pass(rates)
            if not self._is_finite(loss):
                diverged_to = self.moving.copy()
                n_back = _go_back(problem, self.last, self.earlier)
                # The moments are no longer finite either: nothing to go on from.
                return Solution(
                    Status.DIVERGED, diverged_to=diverged_to, n_taken_back=n_back
                )
            self._keep()
            verdict = problem.monitor.end_epoch(loss, rate)
            self._look_at_the_schedule()
            status = self._obey(verdict)
            if status is not None:
                return Solution(status, state=state)
        message = (
            f"Stochastic Optimizer: Maximum iterations ({problem.max_iter}) reached "
            "and the optimization hasn't converged yet."
        )
        return Solution(Status.BUDGET_SPENT, message, state)

    def _pass(self, rates: Iterable[float]) -> float:
        if self.averager is None:
            return self.epoch.run(rates, self.state)
        self.averager.begin_epoch(self.state.n_epochs)
        loss = self.epoch.run(rates, self.state)
        self.averager.publish()
        return loss

    def _is_finite(self, loss: float) -> bool:
        vectors = [self.moving, *chain.from_iterable(self.state.moments)]
        return isfinite(loss) and all(map(all_finite, vectors))

    def _can_be_computed_with(self) -> bool:
        """Tell whether the loss is finite at the end, where that is in doubt."""
        problem = self.problem
        # What no step moves, such as the center of the inputs, may be of any size.
        moved = problem.theta[: problem.objective.network.layout.n_trainable]
        if not moved.size or max(moved.max(), -moved.min()) < LARGE:
            return True
        evaluation = Evaluation(problem.objective, problem.theta, problem.data)
        return isfinite(evaluation.loss())

    def _keep(self) -> None:
        self.earlier, self.last = self.last, self.earlier
        np.copyto(self.last, self.problem.theta)
        self.state.n_epochs += 1
        self.n_done += 1

    def _look_at_the_schedule(self) -> None:
        problem, state = self.problem, self.state
        schedule, monitor = problem.schedule, problem.monitor
        initial = float(problem.learning_rate_init)
        rate = schedule.after_epoch(state.rate, initial, monitor.n_seen)
        # A NumPy scalar, which a user's schedule may give, would make every float32
        # step a float64 one.
        state.rate = float(schedule.after_value(rate, monitor.watched, state.memory))

    def _obey(self, verdict: Verdict) -> Status | None:
        """Return how it ended, or None to go on."""
        if verdict is Verdict.STOP:
            return Status.STOPPED
        if verdict is Verdict.GO_ON:
            return None
        schedule = self.problem.schedule
        lowered = schedule.on_plateau(self.state.rate)
        self.problem.monitor.on_plateau(lowered, schedule.farewell)
        if lowered is None:
            return Status.CONVERGED
        self.state.rate = float(lowered)
        return None


def _bind_rates(
    problem: Problem,
) -> Callable[[int, float], tuple[float, Iterable[float]]]:
    """Return the rate that an epoch begins at and those of its steps."""
    schedule, n_batches = problem.schedule, problem.n_batches
    total = problem.total_epochs or problem.max_iter
    rate_at = schedule.bind(float(problem.learning_rate_init), total)
    smooth = schedule.smooth

    def rates(epoch: int, kept: float) -> tuple[float, Iterable[float]]:
        first = float(rate_at(epoch, kept))
        if not smooth:
            return first, repeat(first)
        times = (epoch + step / n_batches for step in range(n_batches))
        return first, (float(rate_at(time, kept)) for time in times)

    return rates


def _go_back(problem: Problem, *candidates: np.ndarray) -> int:
    """Put back the latest parameters that give a finite loss; return how many do not.

    The loss of an epoch is that of its batches before their steps: finite parameters at
    its end may still be too large to compute with.
    """
    evaluation = Evaluation(problem.objective, problem.theta, problem.data)
    for n_back, theta in enumerate(candidates):
        problem.theta[...] = theta
        if isfinite(evaluation.loss()):
            return n_back
    return len(candidates) - 1
