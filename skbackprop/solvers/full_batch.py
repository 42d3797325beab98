"""What solvers of all rows at once share: a run from point to point."""

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar, NamedTuple

import numpy as np

from skbackprop.core.threads import single_threaded_products
from skbackprop.solvers.base import Problem, Solution, Solver, Status, Verdict
from skbackprop.solvers.function import Function, Point
from skbackprop.solvers.handover import Handover, Memory

# After so many steps in a row without a change beyond rounding, nothing more will come.
IDLE = 5

# step(point) -> the next point, or None where there is no lower one
Step = Callable[[Point], Point | None]


class Moves(NamedTuple):
    """What a run is made of.

    Parameters
    ----------
    step : callable
        ``step(point)`` returns the next point, or None if none is lower.
    escape : callable, optional
        ``escape(point)`` looks for a lower point where there is no slope.
    memory : Memory, optional
        What ``step`` remembers; ``Memory()`` where that is nothing. Without it, a run
        that was cut off cannot be gone on with.
    """

    step: Step
    escape: Step = lambda point: None
    memory: Memory | None = None


class FullBatch(Solver):
    """A solver of all rows at once that goes from point to point.

    Each step is an epoch. It has converged where the largest entry of the gradient is
    at most ``tol`` times the larger of 1 and that at the start, where no step makes a
    difference beyond rounding, or where the validation score no longer improves. A
    subclass writes ``bind``.
    """

    stepwise: ClassVar[bool] = False

    @abstractmethod
    def bind(self, function: Function) -> Moves:
        """Return the step of one run, which may remember earlier ones.

        Parameters
        ----------
        function : Function
            What to minimise.

        Returns
        -------
        Moves
            The step.
        """

    def minimise(self, problem: Problem) -> Solution:
        """Go from point to point, each step an epoch.

        Parameters
        ----------
        problem : Problem
            What to minimise, over what, and for how long.

        Returns
        -------
        Solution
            What came of it.
        """
        self._check_smooth(problem)
        # Threads share the rows; vectors are too short for them.
        with single_threaded_products(), np.errstate(all="ignore"):
            function = Function(problem)
            return _Run(self._called(), function, self.bind(function)).go()

    def _called(self) -> str:
        """Return what users call it: one of their own may have no name."""
        return getattr(type(self), "name", type(self).__name__)

    def _check_smooth(self, problem: Problem) -> None:
        penalty = problem.objective.penalty
        if penalty.absolute > 0:
            raise ValueError(
                f"{penalty!r} has absolute values, whose kinks {self!r} cannot deal "
                "with: use solver='lbfgs' or a step-wise solver such as 'adam', or "
                "penalty='l2'."
            )


class _Run:
    """One run: keeps the latest accepted parameters in the problem's vector."""

    def __init__(self, name: str, function: Function, moves: Moves) -> None:
        self.name, self.function, self.moves = name, function, moves
        self.problem = function.problem
        self.point: Point
        self.limit = 0.0
        self.n_done = self.n_idle = 0

    def go(self) -> Solution:
        function, problem = self.function, self.problem
        self._begin()
        if not self.point.is_finite:
            return Solution(Status.DIVERGED, diverged_to=function.overflowed)
        limit = self.limit
        while self.n_done < problem.max_iter:
            point = self.point
            ahead = self._next(point, limit)
            if isinstance(ahead, Solution):
                return ahead
            answer = self._accept(ahead)
            if answer is not None:
                return answer
            idles = function.is_rounding(point, abs(point.value - ahead.value))
            self.n_idle = self.n_idle + 1 if idles else 0
            if self.n_idle == IDLE:
                return Solution(Status.CONVERGED)
            self.point, self.n_done = ahead, self.n_done + 1
        if self.point.steepness <= limit:
            return Solution(Status.CONVERGED)
        return Solution(Status.BUDGET_SPENT, self._advice(self.point, limit))

    def _begin(self) -> None:
        """Start at the problem's parameters, or where an earlier run was."""
        handover = self.problem.handover
        earlier = None if handover is None else handover.earlier
        if earlier is None:
            self.point = self.function.start()
            self.limit = self.problem.tol * max(1.0, self.point.steepness)
        else:
            self.point = Point(**earlier["point"])
            self.limit = earlier["limit"]
            self.n_done, self.n_idle = earlier["n_done"], earlier["n_idle"]
        if handover is not None and self.moves.memory is not None:
            self._hand_over(handover, self.moves.memory)

    def _hand_over(self, handover: Handover, memory: Memory) -> None:
        """Say how to go on from here, and remember what an earlier run knew."""
        if handover.earlier is not None:
            memory.recall(handover.earlier["memory"])
        handover.offer(
            lambda: {
                "point": vars(self.point),
                "limit": self.limit,
                "n_done": self.n_done,
                "n_idle": self.n_idle,
                "memory": memory.told(),
            }
        )

    def _next(self, point: Point, limit: float) -> Point | Solution:
        """Take a step, from where there is a slope or an escape."""
        monitor = self.problem.monitor
        if point.steepness <= limit:
            ahead = self.moves.escape(point)
            if ahead is None:
                return Solution(Status.CONVERGED)
            monitor.begin_epoch()
            return ahead
        monitor.begin_epoch()
        ahead = self.moves.step(point)
        return self._stuck(point) if ahead is None else ahead

    def _accept(self, point: Point) -> Solution | None:
        """Move the problem's vector; say what the monitor does to end the run."""
        function, problem = self.function, self.problem
        if not point.is_finite:
            return Solution(Status.DIVERGED, diverged_to=function.overflowed)
        function.overflowed = None
        problem.theta[: function.n_params] = point.x
        loss = problem.objective.reported(point.value - point.penalty, point.penalty)
        verdict = problem.monitor.end_epoch(loss)
        if verdict is Verdict.PLATEAU:
            problem.monitor.on_plateau(None)
            return Solution(Status.CONVERGED)
        return Solution(Status.STOPPED) if verdict is Verdict.STOP else None

    def _stuck(self, point: Point) -> Solution:
        """Say why no step is lower: overflow, rounding, or a kink."""
        if self.function.overflowed is not None:
            return Solution(Status.DIVERGED, diverged_to=self.function.overflowed)
        if point.steepness <= np.sqrt(self.function.eps) * max(1.0, abs(point.value)):
            return Solution(Status.CONVERGED)
        return Solution(
            Status.BUDGET_SPENT,
            f"{self.name} found no step that lowers the loss, though its gradient is "
            f"not zero (its largest entry is {point.steepness:.2g}): the loss may have "
            "a kink here, as that of 'relu' units and absolute errors has. A step-wise "
            "solver such as 'adam' goes on regardless.",
        )

    def _advice(self, point: Point, limit: float) -> str:
        return (
            f"{self.name} has not converged after {self.problem.max_iter} "
            "iteration(s): the largest entry of the gradient is "
            f"{point.steepness:.2g}, and tol asks for {limit:.2g}. You might want to "
            "increase the number of iterations "
            f"(max_iter={self.problem.max_iter}), to scale the data if it is not "
            "(scaling='standard' does that), or to raise tol."
        )
