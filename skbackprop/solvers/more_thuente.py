"""The line search of Moré and Thuente, which L-BFGS-B goes by too."""

from collections.abc import Callable
from math import copysign, inf, sqrt

import numpy as np

from skbackprop.solvers.function import Point
from skbackprop.solvers.line_search import Trial

# As in L-BFGS-B: a share of what the slope promises, how much flatter it is to become,
# and the width of an interval, as a share of its end, that is worth no further trial.
SUFFICIENT, FLATTER, NARROW = 1e-3, 0.9, 0.1
# How far to go on at least and at most while the slope goes down, in last advances.
NEAR, FAR = 1.1, 4.0
# An interval that does not shrink to this share in two trials is halved.
SHRUNK = 0.66
LONGEST, MAX_TRIALS = 1e10, 20


def more_thuente(
    at: Callable[[np.ndarray], Point], point: Point, direction: np.ndarray, step: float
) -> Point | None:
    """Find a step after which the objective is lower, and flatter along the direction.

    Parameters
    ----------
    at : callable
        ``at(x)`` evaluates the objective.
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
    J. Moré and D. Thuente, "Line search algorithms with guaranteed sufficient
    decrease", 1994.
    """
    start = Trial(0.0, point, direction)
    bracket = _Bracket(start, step)
    for _ in range(MAX_TRIALS):
        trial = Trial(step, at(point.x + step * direction), direction)
        low = trial.value <= start.value + SUFFICIENT * step * start.slope
        if low and abs(trial.slope) <= -FLATTER * start.slope:
            return trial.point
        if trial.value < inf:
            if bracket.is_spent(step):
                break
            step = bracket.narrowed(trial)
        else:
            step = bracket.low.step + 0.1 * (step - bracket.low.step)
    return bracket.low.point if bracket.low.value < start.value else None


class _Bracket:
    """The interval between the lowest trial and another, once there is a minimum in it.

    As long as no trial is low enough without going down, the function less what it has
    to fall by, a straight line, is searched instead.
    """

    def __init__(self, start: Trial, step: float) -> None:
        self.start = self.low = self.other = start
        self.is_closed = self.is_second_stage = False
        self.least, self.most = 0.0, (1.0 + FAR) * step
        self.width, self.earlier_width = LONGEST, 2.0 * LONGEST

    def is_spent(self, step: float) -> bool:
        """Whether a further trial is not worth it."""
        if not self.is_closed:
            return step >= LONGEST
        outside = not self.least < step < self.most
        return outside or self.most - self.least <= NARROW * self.most

    def narrowed(self, trial: Trial) -> float:
        """Take a trial in, and return the next step."""
        line = SUFFICIENT * self.start.slope
        level = self.start.value + trial.step * line
        if trial.value <= level and trial.slope >= 0:
            self.is_second_stage = True
        is_first = not self.is_second_stage
        tilt = line if is_first and level < trial.value <= self.low.value else 0.0
        step = self._chosen(trial, tilt)
        if self.is_closed:
            step = self._halved(step)
            ends = self.low.step, self.other.step
            self.least, self.most = min(ends), max(ends)
        else:
            advance = step - self.low.step
            self.least, self.most = step + NEAR * advance, step + FAR * advance
        step = min(max(step, 0.0), LONGEST)
        return self.low.step if self.is_closed and self.is_spent(step) else step

    def _halved(self, step: float) -> float:
        """Return the middle instead where the interval hardly shrinks."""
        width = abs(self.other.step - self.low.step)
        if width >= SHRUNK * self.earlier_width:
            step = self.low.step + 0.5 * (self.other.step - self.low.step)
        self.earlier_width, self.width = self.width, width
        return step

    def _chosen(self, trial: Trial, tilt: float) -> float:
        """Return the next step by cubic and parabola, and move the ends."""
        low, other = _Tilted(self.low, tilt), _Tilted(self.other, tilt)
        new = _Tilted(trial, tilt)
        if new.value > low.value:
            step = _after_rise(low, new)
            self.other, self.is_closed = trial, True
            return step
        turns = new.slope * copysign(1.0, low.slope) < 0
        if turns:
            step = _further(new, _cubic(low, new), _secant(low, new))
            self.other, self.is_closed = self.low, True
        elif abs(new.slope) < abs(low.slope):
            step = self._flatter(low, other, new)
        elif self.is_closed:
            step = _cubic(other, new)
        else:
            step = self.most if new.step > low.step else self.least
        self.low = trial
        return step

    def _flatter(self, low: "_Tilted", other: "_Tilted", new: "_Tilted") -> float:
        """Return the next step where the function falls on, but less steeply."""
        ahead = new.step > low.step
        cubic, secant = _cubic(low, new), _secant(low, new)
        if not (cubic - new.step) * (new.step - low.step) > 0:
            cubic = self.most if ahead else self.least
        if not self.is_closed:
            step = _further(new, cubic, secant)
            return min(max(step, self.least), self.most)
        near = cubic if abs(cubic - new.step) < abs(secant - new.step) else secant
        end = new.step + SHRUNK * (other.step - new.step)
        return min(end, near) if ahead else max(end, near)


class _Tilted:
    """A trial, of the function less a straight line."""

    def __init__(self, trial: Trial, tilt: float) -> None:
        self.step, self.slope = trial.step, trial.slope - tilt
        self.value = trial.value - trial.step * tilt


def _cubic(a: _Tilted, b: _Tilted) -> float:
    """Return the minimum of the cubic through values and slopes."""
    width = b.step - a.step
    theta = a.slope + b.slope - 3.0 * (b.value - a.value) / width
    root = copysign(sqrt(max(theta * theta - a.slope * b.slope, 0.0)), width)
    bottom = b.slope - a.slope + 2.0 * root
    if bottom == 0:
        return a.step + 0.5 * width
    return b.step - width * (b.slope + root - theta) / bottom


def _secant(a: _Tilted, b: _Tilted) -> float:
    """Return where a slope that is a straight line is zero."""
    return b.step + b.slope / (b.slope - a.slope) * (a.step - b.step)


def _after_rise(low: _Tilted, new: _Tilted) -> float:
    """Return the minimum of the cubic, or go half-way to that of the parabola."""
    cubic, width = _cubic(low, new), new.step - low.step
    share = low.slope / ((low.value - new.value) / width + low.slope) / 2.0
    parabola = low.step + share * width
    if abs(cubic - low.step) < abs(parabola - low.step):
        return cubic
    return cubic + 0.5 * (parabola - cubic)


def _further(new: _Tilted, cubic: float, secant: float) -> float:
    return cubic if abs(cubic - new.step) > abs(secant - new.step) else secant
