"""How far to go along a direction."""

from math import inf, isfinite, nan

import numpy as np

from skbackprop.solvers.function import Function, Point

# A step is long enough where it brings this share of what the slope promises ...
SUFFICIENT = 1e-4
# ... and not too short where the slope has flattened to this share.
FLATTER = 0.9
MAX_TRIALS = 40


def backtracking(
    function: Function,
    point: Point,
    direction: np.ndarray,
    step: float,
    ceiling: float | None = None,
) -> Point | None:
    """Shorten a step until the objective falls by a share of what the slope promises.

    Parameters
    ----------
    function : Function
        The objective.
    point : Point
        Where from.
    direction : ndarray of shape (n_params,)
        Where to: downhill.
    step : float
        What to multiply it by at first.
    ceiling : float, optional
        What the objective is to fall below; by default, its value at the point.

    Returns
    -------
    Point or None
        The point; None where none is lower beyond rounding.

    References
    ----------
    L. Armijo, "Minimization of functions having Lipschitz continuous first partial
    derivatives", 1966.
    """
    slope = float(point.gradient.dot(direction))
    level = point.value if ceiling is None else ceiling
    for _ in range(MAX_TRIALS):
        trial = function.at(point.x + step * direction)
        if trial.is_finite and trial.value < level + SUFFICIENT * step * slope:
            return trial
        if function.is_rounding(point, -step * slope):
            return None
        step *= _shrinkage(point.value, slope * step, trial.value)
    return None


def _shrinkage(value: float, promised: float, found: float) -> float:
    """Go to the minimum of the parabola through what is known, within limits."""
    bend = found - value - promised
    if not np.isfinite(bend) or bend <= 0:
        return 0.1
    return float(np.clip(-promised / (2.0 * bend), 0.1, 0.5))


def strong_wolfe(
    function: Function, point: Point, direction: np.ndarray, step: float
) -> Point | None:
    """Find a step after which the objective is lower, and flatter along the direction.

    Parameters
    ----------
    function : Function
        The objective.
    point : Point
        Where from.
    direction : ndarray of shape (n_params,)
        Where to: downhill.
    step : float
        What to multiply it by at first.

    Returns
    -------
    Point or None
        The point; where no step is flatter, the lowest; None where none is lower.

    References
    ----------
    J. Nocedal and S. Wright, "Numerical Optimization", 2006, algorithms 3.5 and 3.6.
    """
    ray = _Ray(function, point, direction)
    low, high, trial = ray.start, None, ray.at(step)
    for _ in range(MAX_TRIALS):
        if ray.is_good(trial):
            return trial.point
        # The interval from low to high holds good steps, once there is a high.
        if ray.is_too_high(trial) or trial.value >= low.value:
            high = trial
        else:
            outward = trial.step - low.step if high is None else high.step - low.step
            if trial.slope * outward >= 0:
                high = low
            low = trial
        if high is None:
            step = 2.0 * trial.step
        elif ray.is_too_short(low, high):
            break
        else:
            step = _between(low, high)
        trial = ray.at(step)
    return None if low is ray.start else low.point


class Trial:
    """A point on a ray; of infinite value where value or slope is no number.

    Parameters
    ----------
    step : float
        What the direction is multiplied by.
    point : Point
        The objective there.
    direction : ndarray of shape (n_params,)
        That of the ray.
    """

    def __init__(self, step: float, point: Point, direction: np.ndarray) -> None:
        self.step, self.point = step, point
        self.value, self.slope = point.value, float(point.gradient.dot(direction))
        if not isfinite(self.value + self.slope):
            self.value, self.slope = inf, nan


class _Ray:
    """The objective along a direction."""

    def __init__(self, function: Function, point: Point, direction: np.ndarray) -> None:
        self.function, self.direction = function, direction
        self.start = Trial(0.0, point, direction)

    def at(self, step: float) -> Trial:
        x = self.start.point.x + step * self.direction
        return Trial(step, self.function.at(x), self.direction)

    def is_too_high(self, trial: Trial) -> bool:
        promised = SUFFICIENT * trial.step * self.start.slope
        return not trial.value <= self.start.value + promised

    def is_good(self, trial: Trial) -> bool:
        flat = abs(trial.slope) <= -FLATTER * self.start.slope
        return flat and not self.is_too_high(trial)

    def is_too_short(self, low: Trial, high: Trial) -> bool:
        width = abs(high.step - low.step)
        return self.function.is_rounding(self.start.point, -width * self.start.slope)


def _between(low: Trial, high: Trial) -> float:
    """Return the minimum of the cubic through both, away from the ends."""
    width = high.step - low.step
    share = 0.1
    if np.isfinite(high.value):
        share = 0.5
        a = low.slope + high.slope - 3.0 * (high.value - low.value) / width
        root = a * a - low.slope * high.slope
        if root >= 0:
            b = np.copysign(np.sqrt(root), width)
            bottom = high.slope - low.slope + 2.0 * b
            if bottom != 0:
                share = 1.0 - (high.slope + b - a) / bottom
    return float(low.step + np.clip(share, 0.1, 0.9) * width)
