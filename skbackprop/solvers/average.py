"""The average of the parameters, kept beside those that the solver moves."""

from dataclasses import replace

import numpy as np

from skbackprop.solvers.base import Average, Problem, SolverState

__all__ = ["Averager"]


class Averager:
    """Follows the parameters from step to step.

    The solver moves a vector of its own; that of the problem, which the monitor judges
    and the fit keeps, gets the average after each epoch.

    Parameters
    ----------
    problem : Problem
        With an averaging.
    state : SolverState
        Its average is gone on with if the problem's parameters are those that it left
        behind. Otherwise, they are where both start.

    Attributes
    ----------
    moving : Problem
        The problem, with the parameters that the solver moves.
    """

    def __init__(self, problem: Problem, state: SolverState) -> None:
        assert problem.averaging is not None
        n = problem.objective.network.layout.n_trainable
        if state.average is None or not _left_behind(state.average, problem.theta[:n]):
            state.average = Average(problem.theta.copy(), problem.theta[:n].copy())
        self.average, self._averaging = state.average, problem.averaging
        self._published, self._n = problem.theta, n
        # What no solver moves may have changed since.
        self.average.raw[n:] = problem.theta[n:]
        self.moving = replace(problem, theta=self.average.raw)
        self._started = False

    def begin_epoch(self, epoch: int) -> None:
        """Hear which epoch begins, counted from 0."""
        # A schedule that is changed counts its epochs anew; what has begun goes on.
        self._started = self.average.n_steps > 0 or epoch >= self._averaging.start

    def after_step(self, scratch: np.ndarray) -> None:
        """Move the average towards the parameters; ``scratch`` is overwritten."""
        if not self._started:
            return
        average = self.average
        average.n_steps += 1
        share = self._averaging.share(average.n_steps)
        if share == 1.0:
            np.copyto(average.mean, average.raw[: self._n])
            return
        np.subtract(average.raw[: self._n], average.mean, scratch)
        np.multiply(scratch, share, scratch)
        np.add(average.mean, scratch, average.mean)

    def publish(self) -> None:
        """Write the average to the problem's parameters; the rest is not averaged."""
        self._published[...] = self.average.raw
        self._published[: self._n] = _present(self.average, self._n)


def _present(average: Average, n: int) -> np.ndarray:
    return average.mean if average.n_steps else average.raw[:n]


def _left_behind(average: Average, theta: np.ndarray) -> bool:
    present = _present(average, theta.size)
    return present.dtype == theta.dtype and np.array_equal(present, theta)
