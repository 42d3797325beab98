"""The limited-memory BFGS method, in the precision of its vectors.

SciPy's driver works in float64 and checks much at each call: with a small network that
takes nearly as long as the network does. This one stays in float32.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import OptimizeResult

from skbackprop.solvers.function import Point
from skbackprop.solvers.inverse_hessian import InverseHessian
from skbackprop.solvers.more_thuente import more_thuente

ValueAndGradient = Callable[[np.ndarray], tuple[float, np.ndarray]]

# What SciPy calls the outcomes.
CONVERGED, SPENT, STUCK, STOPPED = 0, 1, 2, 99


class Limits(NamedTuple):
    """When to end, and what to remember: named as SciPy's options.

    Parameters
    ----------
    maxcor : int
        How many steps are remembered.
    maxfun : int
        The number of evaluations; the iteration that passes it is the last.
    maxiter : int
        The number of iterations.
    gtol : float
        The largest entry of a gradient that is small enough.
    ftol : float
        The fall of the value in an iteration that is no progress, as a share of the
        value, or of 1 if that is larger.
    """

    maxcor: int
    maxfun: int
    maxiter: int
    gtol: float
    ftol: float


def minimize_limited_memory(
    function: ValueAndGradient,
    start: np.ndarray,
    limits: Limits,
    callback: Callable[[OptimizeResult], None] = lambda result: None,
) -> OptimizeResult:
    """Minimise a smooth function, as SciPy's ``minimize(method="L-BFGS-B")`` does.

    Parameters
    ----------
    function : callable
        ``function(x)`` returns the value, a float, and the gradient, which is kept.
    start : ndarray of shape (n_params,)
        Where to start; its type is that of all vectors.
    limits : Limits
        When to end.
    callback : callable, optional
        Is called after each iteration with ``x`` and ``fun``; a ``StopIteration`` that
        it raises ends the run.

    Returns
    -------
    OptimizeResult
        With ``x``, ``fun``, ``nit``, ``nfev``, ``status`` and ``message``.
    """
    run = _Run(function, start, limits)
    status, message = run.go(callback)
    return OptimizeResult(
        x=run.point.x,
        fun=run.point.value,
        nit=run.n_done,
        nfev=run.function.n_calls,
        status=status,
        message=message,
    )


class _Run:
    """One run, and how far it has come."""

    def __init__(
        self, function: ValueAndGradient, start: np.ndarray, limits: Limits
    ) -> None:
        self.function = _Counted(function)
        memory = min(limits.maxcor, limits.maxiter)
        self.inverse = InverseHessian(start.size, memory, start.dtype)
        self.limits, self.n_done = limits, 0
        self.point = self.function.at(start)

    def go(self, callback: Callable[[OptimizeResult], None]) -> tuple[int, str]:
        if not self.point.is_finite:
            return STUCK, "The objective is not finite at the start."
        while self.point.steepness > self.limits.gtol:
            before, ahead = self.point, self._next(self.point)
            if ahead is None:
                return STUCK, "No step lowers the objective."
            self.point, self.n_done = ahead, self.n_done + 1
            try:
                callback(OptimizeResult(x=ahead.x, fun=ahead.value))
            except StopIteration:
                return STOPPED, "The callback says to stop."
            if self.n_done >= self.limits.maxiter:
                return SPENT, "The iterations have reached their limit."
            if self.function.n_calls > self.limits.maxfun:
                return SPENT, "The evaluations have passed their limit."
            scale = max(abs(before.value), abs(ahead.value), 1.0)
            if before.value - ahead.value <= self.limits.ftol * scale:
                return CONVERGED, "The objective hardly falls any more."
        return CONVERGED, "The gradient is small."

    def _next(self, point: Point) -> Point | None:
        """Return a lower point: by the curvature, and if that fails, straight down."""
        ahead, inverse = None, self.inverse
        if inverse.is_known:
            direction = inverse.descent(point.gradient)
            if float(direction.dot(point.gradient)) < 0:
                ahead = more_thuente(self.function.at, point, direction, 1.0)
            if ahead is None:
                inverse.forget()
        if ahead is None:
            # Where the squares underflow, the largest entry still is a length.
            length = max(float(np.linalg.norm(point.gradient)), point.steepness)
            step = 1.0 / length
            ahead = more_thuente(self.function.at, point, -point.gradient, step)
        if ahead is not None:
            inverse.learn(point, ahead)
        return ahead


class _Counted:
    """A function of a vector that counts its calls."""

    def __init__(self, function: ValueAndGradient) -> None:
        self.function, self.n_calls = function, 0

    def at(self, x: np.ndarray) -> Point:
        self.n_calls += 1
        return Point(x, *self.function(x), penalty=0.0)
