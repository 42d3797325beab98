"""What solvers of all rows at once share: one function of one vector, and a run."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from skbackprop.core.threads import single_threaded_products
from skbackprop.evaluation import Evaluation
from skbackprop.linearization import CurvatureProducts
from skbackprop.solvers.base import Problem, Solution, Solver, Status, Verdict
from skbackprop.solvers.handover import Handover, Memory

# After so many steps in a row without a change beyond rounding, nothing more will come.
IDLE = 5
# A first step promises so many roundings of the value at least.
SEEN = 1e3
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Point:
    """The objective at some parameters.

    Parameters
    ----------
    x : ndarray of float64 of shape (n_trainable,)
        What the solver moves.
    value : float
        The objective, with its penalty.
    gradient : ndarray of float64 of shape (n_trainable,)
        Its gradient.
    penalty : float
        The penalty's share of the value.
    """

    x: np.ndarray
    value: float
    gradient: np.ndarray
    penalty: float

    @property
    def is_finite(self) -> bool:
        """Whether value and gradient are, and the gradient has a norm."""
        return bool(np.isfinite(self.value + self.gradient @ self.gradient))

    @property
    def steepness(self) -> float:
        """The largest entry of the gradient, by its size."""
        return float(np.abs(self.gradient).max(initial=0.0))


class Function:
    """The objective over all rows, as a function of what a solver moves.

    Vectors are of float64 here. The network is evaluated in the type of the data.

    Parameters
    ----------
    problem : Problem
        What to minimise.

    Attributes
    ----------
    eps : float
        The rounding of the type of the data.
    n_params : int
        The length of all vectors.
    linearizes : bool
        Whether the network is linearised where it is evaluated, because products with
        its curvature are going to be asked for: they then share the forward pass.
    overflowed : ndarray or None
        The last parameters whose value was not finite, since the latest that were
        accepted.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.eps = float(np.finfo(problem.theta.dtype).eps)
        self.n_params = problem.objective.network.layout.n_trainable
        self.overflowed: np.ndarray | None = None
        self.linearizes = False
        self._latest: tuple[Any, CurvatureProducts | None] = None, None
        self._trial = problem.theta.copy()
        self._evaluation = Evaluation(problem.objective, self._trial, problem.data)

    def start(self) -> Point:
        """Return the point that the problem starts at.

        Returns
        -------
        Point
            The objective there.
        """
        return self.at(self.problem.theta[: self.n_params].astype(np.float64))

    def at(self, x: np.ndarray) -> Point:
        """Evaluate the objective and its gradient.

        Parameters
        ----------
        x : ndarray of shape (n_trainable,)
            Where; kept.

        Returns
        -------
        Point
            The objective there.
        """
        self._trial[: self.n_params] = x
        loss, gradient = self._value_and_gradient(x)
        penalty = self._evaluation.penalty()
        own = gradient[: self.n_params].astype(np.float64)
        point = Point(x, loss + penalty, own, penalty)
        if not point.is_finite:
            self.overflowed = self._trial.copy()
        return point

    def _value_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        if not self.linearizes:
            return self._evaluation.value_and_gradient()
        products = self.curvature(x)
        self._latest = x, products
        return products.value_and_gradient()

    def curvature(self, x: np.ndarray, dtype: type | None = None) -> CurvatureProducts:
        """Return products with curvature matrices.

        Parameters
        ----------
        x : ndarray of shape (n_trainable,)
            Where.
        dtype : type, optional
            What to compute in; by default, the type of the data.

        Returns
        -------
        CurvatureProducts
            The products.
        """
        problem = self.problem
        wanted = np.dtype(dtype or problem.theta.dtype)
        where, products = self._latest
        if products is not None and where is x and wanted == problem.theta.dtype:
            return products
        theta = problem.theta.astype(wanted)
        theta[: self.n_params] = x
        return CurvatureProducts(problem.objective, theta, problem.data)

    def lowers(self, point: Point, trial: Point, decrease: float = 0.0) -> bool:
        """Tell whether a trial is lower than a point by some decrease.

        Parameters
        ----------
        point, trial : Point
            Where from, and where to.
        decrease : float, default=0.0
            By how much.

        Returns
        -------
        bool
            False as well where the trial is not finite.
        """
        return trial.is_finite and trial.value < point.value - decrease

    def is_rounding(self, point: Point, decrease: float) -> bool:
        """Tell whether a decrease would be lost in the rounding of the value.

        Parameters
        ----------
        point : Point
            Where the value is that of.
        decrease : float
            How much lower it would be.

        Returns
        -------
        bool
            Whether it is too little to be seen.
        """
        return not decrease > self.eps * abs(point.value)

    def first_step(self, point: Point) -> float:
        """Return how far to go along the gradient where no curvature is known yet.

        Parameters
        ----------
        point : Point
            Where from.

        Returns
        -------
        float
            What to multiply the gradient by. The step is no longer than 1, unless so
            little would be lost in the rounding of the value, as where targets are of
            many digits.
        """
        slope = float(point.gradient @ point.gradient)
        seen = SEEN * self.eps * abs(point.value) / max(slope, TINY)
        return max(1.0 / max(1.0, float(np.sqrt(slope))), seen)


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
            f"(max_iter={self.problem.max_iter}), to scale the data, with "
            "StandardScaler for instance, or to raise tol."
        )
