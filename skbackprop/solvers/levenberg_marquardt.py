"""Levenberg-Marquardt: damped Gauss-Newton steps from dense normal equations."""

from numbers import Integral
from typing import ClassVar

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from skbackprop._compat import Interval
from skbackprop.solvers.full_batch import FullBatch, Moves
from skbackprop.solvers.function import Function, Point
from skbackprop.solvers.handover import Memory
from skbackprop.solvers.limits import check_few

# At the start, the damping is this share of the largest curvature.
FIRST = 2e-2
LARGEST = 1e20
# A step that brings less than this share of what it promised is not taken.
WORTHWHILE = 1e-4


class LevenbergMarquardt(FullBatch, name="levenberg-marquardt"):
    """The Levenberg-Marquardt method, for small networks.

    Each step solves the Gauss-Newton equations with a number added to the diagonal,
    which falls while the steps do what they promise. They are formed in float64,
    whatever the type of the data. Its home is least squares; for other losses that are
    curved, such as the log-loss, the Gauss-Newton matrix is the generalised one.

    Parameters
    ----------
    max_params : int, default=5000
        The largest number of parameters it is willing to hold the square of.

    References
    ----------
    K. Madsen, H. Nielsen and O. Tingleff, "Methods for non-linear least squares
    problems", 2004.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> BackpropRegressor((10,), solver="levenberg-marquardt").solver
    'levenberg-marquardt'
    """

    max_params: int = 5000

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "max_params": [Interval(Integral, 1, None, closed="left")]
    }

    def bind(self, function: Function) -> Moves:
        """Return steps by the damped normal equations."""
        check_few(self, function.n_params, self.max_params)
        function.linearizes = True
        damped = _Damped(function)
        return Moves(damped.step, memory=Memory((damped, "damping", "growth")))


class _Damped:
    """Steps, and the damping that they go by."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.damping = 0.0
        self.growth = 2.0

    def step(self, point: Point) -> Point | None:
        """Raise the damping until a step does what it promises."""
        matrix = self.function.curvature(point.x, np.float64).gauss_newton_matrix()
        diagonal = np.einsum("ii->i", matrix)
        curvature = diagonal.copy()
        largest = float(curvature.max())
        if self.damping == 0.0:
            self.damping = FIRST * largest or self.function.first_damping(point)
        limit = LARGEST * (largest or self.damping)
        while self.damping <= limit:
            np.add(curvature, self.damping, out=diagonal)
            way = _solve(matrix, -point.gradient)
            if way is not None:
                # What the quadratic model promises, from the equations it solves.
                promised = 0.5 * float(way @ (self.damping * way - point.gradient))
                if self.function.is_rounding(point, promised):
                    return None
                trial = self.function.at(point.x + way)
                gain = (point.value - trial.value) / promised
                if self.function.lowers(point, trial, WORTHWHILE * promised):
                    self.damping *= max(1 / 3, 1.0 - (2.0 * gain - 1.0) ** 3)
                    self.growth = 2.0
                    return trial
            self.damping *= self.growth
            self.growth *= 2.0
        return None


def _solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray | None:
    """Solve with a positive definite matrix; None if rounding has made it none."""
    try:
        return cho_solve(cho_factor(matrix, check_finite=False), right)
    except LinAlgError:
        return None
