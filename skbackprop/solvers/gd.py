"""Gradient descent over all rows at once."""

from typing import ClassVar

import numpy as np

from skbackprop._compat import StrOptions
from skbackprop.solvers.full_batch import FullBatch, Function, Moves, Point, Step
from skbackprop.solvers.line_search import LineSearch, backtracking, strong_wolfe

LINE_SEARCHES: dict[str, LineSearch] = {
    "backtracking": backtracking,
    "strong_wolfe": strong_wolfe,
}


class GD(FullBatch, name="gd"):
    """Gradient descent over all rows, with a line search.

    A step first tries the length that the last two gradients suggest (Barzilai and
    Borwein), and the line search shortens it until the objective falls.

    Parameters
    ----------
    line_search : {'backtracking', 'strong_wolfe'} or None, default='backtracking'
        How the length of a step is found: by Armijo's rule, or by the strong conditions
        of Wolfe, which take more evaluations for better steps. None for steps of
        ``learning_rate_init`` times the gradient, which may diverge.

    References
    ----------
    J. Barzilai and J. Borwein, "Two-point step size gradient methods", 1988.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.solvers import GD
    >>> BackpropRegressor(solver=GD("strong_wolfe")).solver
    GD(line_search='strong_wolfe')
    """

    line_search: str | None = "backtracking"

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "line_search": [StrOptions(LINE_SEARCHES.keys()), None]
    }

    def bind(self, function: Function) -> Moves:
        """Return steps along the negative gradient."""
        if self.line_search is None:
            return Moves(_fixed(function, function.problem.learning_rate_init))
        return Moves(_searched(function, LINE_SEARCHES[self.line_search]))


def _fixed(function: Function, rate: float) -> Step:
    def step(point: Point) -> Point:
        return function.at(point.x - rate * point.gradient)

    return step


def _searched(function: Function, line_search: LineSearch) -> Step:
    length: float | None = None

    def step(point: Point) -> Point | None:
        nonlocal length
        if length is None:
            length = 1.0 / max(1.0, float(np.linalg.norm(point.gradient)))
        ahead = line_search(function, point, -point.gradient, length)
        if ahead is not None:
            length = _suggestion(point, ahead)
        return ahead

    return step


def _suggestion(point: Point, ahead: Point) -> float:
    """Return the inverse of the curvature along the way; twice it where there is none."""
    way, turn = ahead.x - point.x, ahead.gradient - point.gradient
    length, bend = float(way @ way), float(way @ turn)
    if bend > 0:
        return length / bend
    return 2.0 * float(np.sqrt(length) / np.linalg.norm(point.gradient))
