"""Gradient descent over all rows at once."""

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from skbackprop._compat import StrOptions
from skbackprop.solvers.full_batch import FullBatch, Moves
from skbackprop.solvers.function import Function, Point
from skbackprop.solvers.handover import Memory
from skbackprop.solvers.line_search import backtracking, strong_wolfe

# A step is to get below the highest of so many values.
MEMORY = 10


class GD(FullBatch, name="gd"):
    """Gradient descent over all rows, with a line search.

    A step first tries the length that the last two gradients suggest (Barzilai and
    Borwein), and the line search shortens it where it has to.

    Parameters
    ----------
    line_search : {'backtracking', 'strong_wolfe'} or None, default='backtracking'
        How the length of a step is found. With 'backtracking' the objective is to fall
        below the highest of its last 10 values: it may rise for some steps, which makes
        the method several times faster. With 'strong_wolfe' it falls in each step. None
        is for steps of ``learning_rate_init`` times the gradient, which may diverge.

    References
    ----------
    M. Raydan, "The Barzilai and Borwein gradient method for the large scale
    unconstrained minimization problem", SIAM Journal on Optimization, 1997.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.solvers import GD
    >>> BackpropRegressor(solver=GD("strong_wolfe")).solver
    GD(line_search='strong_wolfe')
    """

    line_search: str | None = "backtracking"

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "line_search": [StrOptions({"backtracking", "strong_wolfe"}), None]
    }

    def bind(self, function: Function) -> Moves:
        """Return steps along the negative gradient."""
        return RULES[self.line_search](function)


def _fixed(function: Function) -> Moves:
    rate = function.problem.learning_rate_init

    def step(point: Point) -> Point:
        return function.at(point.x - rate * point.gradient)

    return Moves(step, memory=Memory())


def _backtracking(function: Function) -> Moves:
    def search(point: Point, length: float, highest: float) -> Point | None:
        return backtracking(function, point, -point.gradient, length, highest)

    return _Searched(function, search).moves()


def _strong_wolfe(function: Function) -> Moves:
    def search(point: Point, length: float, highest: float) -> Point | None:
        return strong_wolfe(function, point, -point.gradient, length)

    return _Searched(function, search).moves()


class _Searched:
    """Steps that begin with the length that the last one suggests."""

    def __init__(
        self,
        function: Function,
        search: Callable[[Point, float, float], Point | None],
    ) -> None:
        self.function, self.search = function, search
        self.length: float | None = None
        self.values: list[float] = []

    def moves(self) -> Moves:
        return Moves(self.step, memory=Memory((self, "length", "values")))

    def step(self, point: Point) -> Point | None:
        if self.length is None:
            self.length = self.function.first_step(point)
        self.values = [*self.values[1 - MEMORY :], point.value]
        ahead = self.search(point, self.length, max(self.values))
        if ahead is not None:
            self.length = _suggestion(point, ahead)
        return ahead


def _suggestion(point: Point, ahead: Point) -> float:
    """Return the inverse of the curvature along the way; without any, twice the way."""
    way, turn = ahead.x - point.x, ahead.gradient - point.gradient
    length, bend = float(way @ way), float(way @ turn)
    if bend > 0:
        return length / bend
    return 2.0 * float(np.sqrt(length) / np.linalg.norm(point.gradient))


RULES: dict[str | None, Callable[[Function], Moves]] = {
    "backtracking": _backtracking,
    "strong_wolfe": _strong_wolfe,
    None: _fixed,
}
