"""L-BFGS, by SciPy's driver or in single precision."""

from collections.abc import Callable
from math import isfinite
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from skbackprop._compat import Interval
from skbackprop.core.ops import all_finite
from skbackprop.core.threads import single_threaded_products
from skbackprop.evaluation import Evaluation
from skbackprop.solvers.base import Problem, Solution, Solver, Status, Verdict
from skbackprop.solvers.coordinates import Plain, Split
from skbackprop.solvers.handover import Handover
from skbackprop.solvers.limited_memory import (
    STUCK,
    Limits,
    minimize_limited_memory,
)


class LBFGS(Solver, name="lbfgs"):
    """The limited-memory BFGS method over all rows at once.

    Absolute values in the penalty are minimised exactly, by bounds on the positive and
    the negative parts of the weights. SciPy's L-BFGS-B does that, and all of float64;
    in float32, without absolute values, a driver of this package's own takes about as
    many evaluations, and much less time around them.

    Parameters
    ----------
    max_fun : int, default=15000
        The largest number of evaluations of loss and gradient.
    memory : int, default=10
        How many of the last steps it learns the curvature from. 50 often takes half of
        the iterations to a precise minimum, each at a little more cost.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.solvers import LBFGS
    >>> BackpropRegressor(solver=LBFGS(max_fun=100)).solver
    LBFGS(max_fun=100)
    """

    max_fun: int = 15000
    memory: int = 10

    stepwise: ClassVar[bool] = False
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "memory": [Interval(Integral, 1, None, closed="left")],
    }

    def minimise(self, problem: Problem) -> Solution:
        """Run L-BFGS, with each iteration reported as an epoch.

        Parameters
        ----------
        problem : Problem
            What to minimise, over what, and for how long.

        Returns
        -------
        Solution
            What came of it.
        """
        run = _Run(problem)
        options: dict[str, Any] = {
            "maxcor": self.memory,
            "maxfun": self.max_fun,
            "maxiter": problem.max_iter,
            "gtol": problem.tol,
        }
        if run.is_single:
            # Differences below the rounding of the loss are no progress to wait for.
            options["ftol"] = float(np.finfo(np.float32).eps)
        own = run.is_single and run.coordinates.bounds is None
        drive = _in_single_precision if own else _by_scipy
        # The vector operations are short: threads would only wait for them.
        with single_threaded_products(), np.errstate(all="ignore"):
            return run.solution(drive(run, options))


class _Run:
    """One run: keeps the latest accepted parameters in the problem's vector."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.is_single = problem.theta.dtype == np.float32
        self.trial = problem.theta.copy()
        self.evaluation = Evaluation(problem.objective, self.trial, problem.data)
        self.coordinates = _coordinates(problem, self.evaluation.total_weight)
        self.verdict = Verdict.GO_ON
        self.in_iteration = False
        self.overflowed: np.ndarray | None = None
        self.evaluated: np.ndarray | None = None
        self.penalty = 0.0
        self.start = self.coordinates.start(problem.theta)
        self.evaluate = self.evaluation.value_and_gradient
        self.n_done = self.n_replayed = 0
        if problem.handover is not None:
            self._hand_over(problem.handover)

    def _hand_over(self, handover: Handover) -> None:
        """Keep all evaluations; go through those of an earlier run once more.

        SciPy does not tell of its memory. Given the same answers, each driver takes the
        same way.
        """
        n_trainable = self.problem.objective.network.layout.n_trainable
        answers = _Answers(self.evaluate, n_trainable)
        if handover.earlier is not None:
            self.start, self.n_replayed = handover.earlier["run"]
            answers.recall(handover.earlier["answers"])
        self.evaluate = answers.next
        handover.offer(
            lambda: {"run": [self.start, self.n_done], "answers": answers.told()}
        )

    @property
    def replays(self) -> bool:
        """Whether this is what the monitor has heard of already."""
        return self.n_done < self.n_replayed

    def value_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        if not (self.in_iteration or self.replays):
            self.problem.monitor.begin_epoch()
            self.in_iteration = True
        self.coordinates.write(x, self.trial)
        loss, gradient = self.evaluate()
        self.evaluated, self.penalty = x, self.evaluation.penalty()
        value = loss + self.penalty + self.coordinates.absolutes(x)
        gradient = self.coordinates.gradient(gradient)
        if not isfinite(value + float(gradient.dot(gradient))):
            self.overflowed = self.trial.copy()
        return value, gradient

    # SciPy learns from the parameter's name that it is to hand over a result.
    def end_iteration(self, intermediate_result: OptimizeResult) -> None:
        value, x = intermediate_result.fun, intermediate_result.x
        if not (isfinite(value) and all_finite(x)):
            raise StopIteration
        problem, replays = self.problem, self.replays
        self.n_done += 1
        self.overflowed = None
        if replays:
            return
        self.coordinates.write(x, problem.theta)
        value -= self.coordinates.absolutes(x)
        penalty = self._penalty(x)
        self.in_iteration = False
        loss = problem.objective.reported(value - penalty, penalty)
        self.verdict = problem.monitor.end_epoch(loss)
        if self.verdict is Verdict.PLATEAU:
            problem.monitor.on_plateau(None)
        if self.verdict is not Verdict.GO_ON:
            raise StopIteration

    def _penalty(self, x: np.ndarray) -> float:
        """Return that of accepted parameters.

        The driver in single precision hands on the very vector that it evaluated last;
        SciPy's hands on a copy.
        """
        if x is not self.evaluated:
            self.coordinates.write(x, self.trial)
            self.evaluated, self.penalty = x, self.evaluation.penalty()
        return self.penalty

    def solution(self, result: OptimizeResult) -> Solution:
        n_iter = min(result.nit, self.problem.max_iter)
        status = self._status(result)
        diverged_to = self.overflowed if status is Status.DIVERGED else None
        message = _advice(result, n_iter, self.problem.max_iter)
        return Solution(status, message, diverged_to=diverged_to)

    def _status(self, result: OptimizeResult) -> Status:
        if self.verdict is Verdict.STOP:
            return Status.STOPPED
        if self.verdict is Verdict.PLATEAU or result.status == 0:
            return Status.CONVERGED
        if self.overflowed is not None and result.status != 1:
            return Status.DIVERGED
        # A line search that fails in float32 has reached the rounding of the loss.
        if self.is_single and result.status == 2:
            return Status.CONVERGED
        return Status.BUDGET_SPENT


def _by_scipy(run: _Run, options: dict[str, Any]) -> OptimizeResult:
    return minimize(
        run.value_and_gradient,
        run.start,
        method="L-BFGS-B",
        bounds=run.coordinates.bounds,
        jac=True,
        callback=run.end_iteration,
        options=options,
    )


def _in_single_precision(run: _Run, options: dict[str, Any]) -> OptimizeResult:
    result = minimize_limited_memory(
        run.value_and_gradient, run.start, Limits(**options), run.end_iteration
    )
    if result.nit == 0 and result.status == STUCK:
        # The squares of a gradient, say, may leave the range of float32 alone.
        return _by_scipy(run, options)
    return result


class _Answers:
    """Evaluations, each of which is kept.

    They take as much memory as the parameters, each.
    """

    def __init__(
        self, evaluate: Callable[[], tuple[float, np.ndarray]], n_trainable: int
    ) -> None:
        self._evaluate, self._n = evaluate, n_trainable
        self._losses: list[float] = []
        self._gradients: list[np.ndarray] = []
        self._n_given = 0

    def next(self) -> tuple[float, np.ndarray]:
        """Return the next one of those that are kept, or a new one."""
        if self._n_given == len(self._losses):
            loss, gradient = self._evaluate()
            self._losses.append(float(loss))
            self._gradients.append(gradient[: self._n].copy())
        self._n_given += 1
        return self._losses[self._n_given - 1], self._gradients[self._n_given - 1]

    def told(self) -> list:
        return [self._losses, np.array(self._gradients)]

    def recall(self, told: list) -> None:
        self._losses, self._gradients = told[0], [*told[1]]


def _coordinates(problem: Problem, total_weight: float) -> Plain | Split:
    layout = problem.objective.network.layout
    strength = problem.objective.penalty.absolute / total_weight
    if strength == 0:
        return Plain(layout.n_trainable, problem.theta.dtype)
    return Split(layout.n_trainable, layout.n_weights, strength)


def _advice(result: OptimizeResult, n_iter: int, max_iter: int) -> str:
    return (
        f"lbfgs failed to converge after {n_iter} iteration(s) "
        f"(status={result.status}):\n{result.message}\n\n"
        f"You might want to increase the number of iterations (max_iter={max_iter}) or "
        "to scale the data if it is not (scaling='standard' does that)."
    )
