"""A fit in phases: what a pruning schedule asks for, with any solver."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np

from skbackprop.core.spec import resolve
from skbackprop.estimators._masks import write_masks
from skbackprop.masking import Criterion, PruningSchedule, Unit
from skbackprop.masking.point import Point
from skbackprop.masking.schedules import Phase
from skbackprop.solvers import Solution, SolverState, Status
from skbackprop.training.monitor import Patience

# Rows that show whether a criterion can do with the loss.
FEW = 2


def minimised(run: Any) -> Solution:
    """Run the solver: once, or once for each phase of the pruning schedule.

    Parameters
    ----------
    run : Run
        The run.

    Returns
    -------
    Solution
        What came of the last phase.
    """
    schedule, solver = run.slots.pruning, run.slots.solver
    # A stream of calls has no end to plan for: it holds what is held, and no more.
    if schedule is None or run.given.incremental:
        return solver.minimise(run.problem)
    fit = _PrunedFit(run, schedule)
    share = fit.share_gone()
    if share is None:
        return solver.minimise(run.problem)
    return fit.go(schedule.phases(run.problem.max_iter, share))


class _PrunedFit:
    """Goes through the phases; what units are taken out of."""

    def __init__(self, run: Any, schedule: PruningSchedule) -> None:
        self.run, self.schedule = run, schedule
        self.unit: Any = resolve(Unit, schedule.unit)
        self.criterion = resolve(Criterion, schedule.criterion)
        # Of a copy: the rows come in the order that they come in without.
        seed = deepcopy(run.rng).randint(2**31 - 1)
        self.rng = np.random.RandomState(seed)
        self.state: SolverState | None = run.problem.state
        self.early: tuple[np.ndarray, SolverState | None] | None = None
        patience = run.monitor.patience
        limits = None if patience is None else (patience.tol, patience.n_iter_no_change)
        self.limits: tuple[float, float] | None = limits
        self.index = self.epochs = 0

    def share_gone(self) -> float | None:
        """Return what share of the units is gone; None if it is enough already."""
        gone, total = self.unit.count(self.point(self.rng))
        if round(self.schedule.amount * total) <= gone:
            return None
        return gone / total

    def go(self, phases: list[Phase]) -> Solution:
        """Prune and train, in turn, until something else ends the fit."""
        if not phases:
            raise ValueError(f"{self.schedule!r} plans no phases: return at least one.")
        self._check()
        kept, solution = self._recalled(), Solution(Status.BUDGET_SPENT)
        for index in range(self.index, len(phases)):
            phase, is_last = phases[index], index == len(phases) - 1
            self.index = index
            if kept is None:
                self._begin(phase)
                self._set_patience(phase.patient or is_last, is_last)
                self.epochs = self._epochs_of(phase)
            if self.epochs:
                solution = self._train(phase, kept)
            kept = None
            if solution.status in (Status.DIVERGED, Status.STOPPED):
                break
            if solution.status is Status.CONVERGED and not is_last:
                self._restart_rate()
            if phase.remembers:
                self.early = self.run.theta.copy(), deepcopy(self.state)
        if solution.message and self.run.monitor.n_iter >= self.run.problem.max_iter:
            # The solver knows of the epochs of the last phase alone.
            solution = replace(solution, message=self._message())
        return solution

    def _message(self) -> str:
        return (
            f"Maximum iterations ({self.run.problem.max_iter}) reached while training "
            f"went on after {self.schedule!r} had pruned, and the optimization hasn't "
            "converged yet."
        )

    def _begin(self, phase: Phase) -> None:
        """Prune, and go back if that is asked for."""
        before, total = self.unit.count(self.point(self.rng))
        if round(phase.share * total) > before:
            self.unit.prune(self, self.criterion, phase.share, self.rng)
            self._say_what_is_gone()
        if phase.rewinds and self.early is not None:
            theta, state = self.early
            self.run.theta[...] = theta
            self.state = deepcopy(state)
            self._hold()

    def _say_what_is_gone(self) -> None:
        if self.run.estimator.verbose:
            gone, total = self.unit.count(self.point(self.rng))
            print(f"Pruned {self.unit!r}: {gone} of {total} are gone.")

    def _set_patience(self, is_patient: bool, is_last: bool) -> None:
        """Start to look for progress anew: what was before is no standard."""
        monitor = self.run.monitor
        monitor.best_theta = monitor.stopped_by = monitor.patience = None
        if self.limits is not None and is_patient:
            monitor.patience = Patience(*self.limits)
        if is_last:
            monitor.keep_start()

    def _epochs_of(self, phase: Phase) -> int:
        left: int = self.run.problem.max_iter - self.run.monitor.n_iter
        return left if phase.epochs is None else min(phase.epochs, left)

    def _train(self, phase: Phase, kept: Any) -> Solution:
        problem = self.run.problem
        whole = problem.handover
        inner = None if whole is None else whole.inner(self.told, kept)
        solution: Solution = self.run.slots.solver.minimise(
            replace(
                problem,
                max_iter=self.epochs,
                state=self.state,
                total_epochs=phase.total or problem.total_epochs,
                handover=inner,
            )
        )
        self.state = solution.state
        return solution

    def _restart_rate(self) -> None:
        """Start from the initial rate: a lowered one would let nothing be learned."""
        if self.state is not None:
            self.state.rate = float(self.run.problem.learning_rate_init)
            self.state.memory = {}

    # ------------------------------------------------- what units are taken out of

    def point(self, rng: np.random.RandomState) -> Point:
        """Return the fit as criteria see it."""
        run = self.run
        weight = run.problem.batch_size * run.training.mean_weight
        return Point(run.objective, run.theta, rng, run.training, weight)

    def _check(self) -> None:
        """Let the criterion refuse the loss now, rather than after long training."""
        run, data = self.run, self.run.training
        rows = data.pick(np.arange(min(FEW, len(data))))
        few = replace(data, rows=rows, weight=None)
        self.criterion.check(Point(run.objective, run.theta, self.rng, few))

    def write(self, theta: np.ndarray, free: np.ndarray) -> None:
        """Go on from other parameters, with what is not free at zero."""
        run = self.run
        run.theta[...] = theta
        run.objective.mask[...] = free
        write_masks(run.estimator, run.objective.network, free)
        self._hold()
        if self.state is not None:
            # A mean over steps before and after would be of two networks.
            self.state.average = None

    def _hold(self) -> None:
        """Put zeros where they belong, in all that the solver remembers too."""
        hold = self.run.objective.hold
        hold(self.run.theta)
        if self.state is None:
            return
        for vectors in self.state.moments:
            for vector in vectors:
                hold(vector)
        if self.state.average is not None:
            hold(self.state.average.raw)
            hold(self.state.average.mean)

    # ------------------------------------------------------------------- checkpoints

    def told(self) -> dict[str, Any]:
        """Return what a fit has to know that goes on from here, but for its solver."""
        early = None
        if self.early is not None:
            theta, state = self.early
            early = {"theta": theta, "state": None if state is None else state.told()}
        return {
            "phase": self.index,
            "epochs": self.epochs,
            "limits": self.limits,
            "rng": self.rng.get_state(legacy=False),
            "mask": self.run.objective.mask,
            "early": early,
        }

    def _recalled(self) -> Any:
        """Go on from where a fit was cut off; return what its solver has left."""
        handover = self.run.problem.handover
        told = None if handover is None else handover.earlier
        if told is None:
            return None
        self.index, self.epochs = told["phase"], told["epochs"]
        self.limits, early = told["limits"], told["early"]
        self.rng.set_state(told["rng"])
        if early is not None:
            state = early["state"]
            recalled = None if state is None else SolverState.recalled(state)
            self.early = early["theta"], recalled
        self.run.objective.mask[...] = told["mask"]
        write_masks(self.run.estimator, self.run.objective.network, told["mask"])
        return told["solver"]
