"""The objective over all rows as one function of one vector."""

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from skbackprop.evaluation import Evaluation
from skbackprop.linearization import CurvatureProducts
from skbackprop.solvers.base import Problem

# A first step promises so many roundings of the value at least.
SEEN = 1e3
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Point:
    """The objective at some parameters.

    Parameters
    ----------
    x : ndarray of shape (n_trainable,)
        What the solver moves.
    value : float
        The objective, with its penalty.
    gradient : ndarray of shape (n_trainable,)
        Its gradient, of the same type.
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
        return isfinite(self.value + float(self.gradient @ self.gradient))

    @property
    def steepness(self) -> float:
        """The largest entry of the gradient, by its size."""
        return float(np.maximum.reduce(np.abs(self.gradient), initial=0.0))


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

    def first_damping(self, point: Point) -> float:
        """Return a damping where the Gauss-Newton matrix vanishes.

        As where all rows are on the straight parts of Huber's loss.

        Parameters
        ----------
        point : Point
            Where from.

        Returns
        -------
        float
            With it, a step promises the whole value.
        """
        slope = float(point.gradient @ point.gradient)
        return slope / max(2.0 * abs(point.value), self.eps * slope, TINY)

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
