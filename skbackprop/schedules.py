"""Learning-rate schedules: what the rate is after each epoch."""

from abc import ABC, abstractmethod
from numbers import Real
from typing import ClassVar

from skbackprop._compat import Interval
from skbackprop.core.spec import Spec

__all__ = [
    "Adaptive",
    "Constant",
    "InverseScaling",
    "Schedule",
]


class Schedule(Spec, ABC, family=True):
    """The course of the learning rate, starting from ``learning_rate_init``.

    Attributes
    ----------
    farewell : str
        What ``verbose`` prints when a plateau ends training.
    """

    farewell: ClassVar[str] = "Stopping."

    @abstractmethod
    def after_epoch(self, rate: float, initial: float, n_seen: int) -> float:
        """Return the rate of the next epoch.

        Parameters
        ----------
        rate : float
            The rate of the epoch that ended.
        initial : float
            The estimator's ``learning_rate_init``.
        n_seen : int
            Training samples seen so far, over all epochs.
        """

    def on_plateau(self, rate: float) -> float | None:
        """Return the rate to go on with when patience runs out, or None to stop.

        Parameters
        ----------
        rate : float
            The present rate.
        """
        return None


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
