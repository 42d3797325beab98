"""BFGS with a dense inverse Hessian."""

from numbers import Integral
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.solvers.full_batch import FullBatch, Moves
from skbackprop.solvers.function import Function, Point
from skbackprop.solvers.handover import Memory
from skbackprop.solvers.limits import check_few
from skbackprop.solvers.line_search import strong_wolfe


class BFGS(FullBatch, name="bfgs"):
    """The BFGS method over all rows at once, for small networks.

    It remembers the curvature along all its steps in a dense matrix, where L-BFGS
    remembers that of the last few: it takes fewer iterations, at a cost that grows with
    the square of the number of parameters.

    Parameters
    ----------
    max_params : int, default=5000
        The largest number of parameters it is willing to hold the square of.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> BackpropRegressor(hidden_layer_sizes=(10,), solver="bfgs").solver
    'bfgs'
    """

    max_params: int = 5000

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "max_params": [Interval(Integral, 1, None, closed="left")]
    }

    def bind(self, function: Function) -> Moves:
        """Return steps by the inverse Hessian as it is known so far."""
        check_few(self, function.n_params, self.max_params)
        inverse = _Inverse(function)

        def step(point: Point) -> Point | None:
            direction = -inverse.times_gradient(point)
            if not direction @ point.gradient < 0:
                inverse.forget()
                direction = -inverse.times_gradient(point)
            ahead = strong_wolfe(function, point, direction, 1.0)
            if ahead is not None:
                inverse.learn(ahead.x - point.x, ahead.gradient - point.gradient)
            return ahead

        return Moves(step, memory=Memory((inverse, "matrix", "is_known")))


class _Inverse:
    """An estimate of the inverse of the Hessian."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.matrix = np.empty((function.n_params, function.n_params))
        self.is_known = False

    def times_gradient(self, point: Point) -> np.ndarray:
        if not self.is_known:
            return self.function.first_step(point) * point.gradient
        return self.matrix @ point.gradient

    def forget(self) -> None:
        self.is_known = False

    def learn(self, way: np.ndarray, turn: np.ndarray) -> None:
        """Take in how much the gradient has turned along a way."""
        bend = float(way @ turn)
        if not bend > np.finfo(float).eps * float(turn @ turn):
            return
        if not self.is_known:
            # The scale of the first curvature seen is that of all directions for now.
            self.matrix.fill(0.0)
            np.fill_diagonal(self.matrix, bend / float(turn @ turn))
            self.is_known = True
        image = self.matrix @ turn
        stretch = (1.0 + float(turn @ image) / bend) / bend
        mixed = np.outer(way, image) / bend
        self.matrix -= mixed
        self.matrix -= mixed.T
        self.matrix += np.outer(stretch * way, way)
