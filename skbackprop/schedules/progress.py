"""Schedules that go by the progress of training: rows seen, patience, a plateau."""

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.schedules.base import Schedule


class Constant(Schedule, name="constant"):
    """The rate stays what it is.

    Examples
    --------
    >>> from skbackprop.schedules import Constant
    >>> Constant().after_epoch(0.1, initial=0.1, n_seen=1000)
    0.1
    """

    def after_epoch(self, rate: float, initial: float, n_seen: int) -> float:
        """Return the same rate."""
        return rate


class InverseScaling(Schedule, name="invscaling"):
    """The initial rate divided by a power of the number of samples seen.

    Parameters
    ----------
    power_t : float, default=0.5
        The power.

    Examples
    --------
    >>> from skbackprop.schedules import InverseScaling
    >>> InverseScaling(power_t=0.5).after_epoch(0.1, initial=0.1, n_seen=99)
    0.01
    """

    power_t: float = 0.5

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "power_t": [Interval(Real, 0, None, closed="left")]
    }

    def after_epoch(self, rate: float, initial: float, n_seen: int) -> float:
        """Return ``initial / (n_seen + 1) ** power_t``."""
        return initial / (n_seen + 1) ** self.power_t


class Adaptive(Schedule, name="adaptive"):
    """The rate is divided by a factor each time patience runs out.

    Training stops once patience runs out at a rate of ``min_rate`` or less.

    Parameters
    ----------
    factor : float, default=5.0
        What the rate is divided by.
    min_rate : float, default=1e-6
        The rate that is not lowered any more.

    Examples
    --------
    >>> from skbackprop.schedules import Adaptive
    >>> Adaptive().on_plateau(0.1)
    0.02
    """

    factor: float = 5.0
    min_rate: float = 1e-6

    farewell: ClassVar[str] = "Learning rate too small. Stopping."
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "factor": [Interval(Real, 1, None, closed="neither")],
        "min_rate": [Interval(Real, 0, None, closed="neither")],
    }

    def after_epoch(self, rate: float, initial: float, n_seen: int) -> float:
        """Return the same rate."""
        return rate

    def on_plateau(self, rate: float) -> float | None:
        """Lower the rate, or stop."""
        return None if rate <= self.min_rate else rate / self.factor


class Plateau(Schedule, name="plateau"):
    """The rate is multiplied by a factor when there has been no progress for a while.

    Progress is a validation score that rises or, without validation data, a training
    loss that falls. Unlike 'adaptive', training is stopped by ``n_iter_no_change`` as
    with any other schedule: choose a smaller patience here.

    Parameters
    ----------
    factor : float, default=0.1
        What the rate is multiplied by.
    patience : int, default=5
        Epochs without progress that are borne; the rate is lowered after one more.
    tol : float, default=1e-4
        What counts as progress. By the name 'plateau' it is the estimator's.
    min_rate : float, default=0.0
        The rate is not lowered below this one.

    Examples
    --------
    >>> from skbackprop.schedules import Plateau
    >>> schedule, memory = Plateau(factor=0.5, patience=1), {}
    >>> rates = [0.1]
    >>> for loss in [3.0, 2.0, 2.0, 2.0, 2.0]:
    ...     rates.append(schedule.after_value(rates[-1], loss, memory))
    >>> rates
    [0.1, 0.1, 0.1, 0.1, 0.05, 0.05]
    """

    factor: float = 0.1
    patience: int = 5
    tol: float = 1e-4
    min_rate: float = 0.0

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "factor": [Interval(Real, 0, 1, closed="neither")],
        "patience": [Interval(Integral, 0, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "min_rate": [Interval(Real, 0, None, closed="left")],
    }

    def after_epoch(self, rate: float, initial: float, n_seen: int) -> float:
        """Return the same rate."""
        return rate

    def after_value(self, rate: float, value: float, memory: dict[str, Any]) -> float:
        """Lower the rate if this was one epoch too many without progress."""
        # A NaN is no progress.
        if value < memory.get("best", np.inf) - self.tol:
            memory.update(best=value, count=0)
            return rate
        memory["count"] = memory.get("count", 0) + 1
        if memory["count"] <= self.patience:
            return rate
        memory["count"] = 0
        return max(rate * self.factor, min(rate, self.min_rate))
