"""Schedules that go by time alone: the rate as a function of the epoch."""

import math
from abc import abstractmethod
from numbers import Integral, Real
from typing import ClassVar

from skbackprop._compat import Interval
from skbackprop.schedules.base import RateAt, Schedule

FACTOR = Interval(Real, 0, 1, closed="both")


class Timed(Schedule):
    """The initial rate times a factor that depends on the epoch.

    To add one, write ``factor``, and have ``smooth`` return False if it is to be looked
    up once an epoch rather than once a step.
    """

    @property
    def smooth(self) -> bool:
        """Whether the rate changes with each step, rather than with each epoch."""
        return True

    @abstractmethod
    def factor(self, epoch: float, n_epochs: int) -> float:
        """Return what the initial rate is multiplied by.

        Parameters
        ----------
        epoch : float
            The epochs since the start, 0.5 being half way through the first. More than
            ``n_epochs`` where training goes on for longer, by ``partial_fit``.
        n_epochs : int
            How many epochs there are to be: the estimator's ``max_iter``.
        """

    def bind(self, initial: float, n_epochs: int) -> RateAt:
        """Return the initial rate times the factor."""
        factor = self.factor
        return lambda epoch, rate: initial * factor(epoch, n_epochs)

    def after_epoch(self, rate: float, initial: float, n_seen: int) -> float:
        """Return the same rate: time alone matters."""
        return rate


class Step(Timed, name="step"):
    """The rate is multiplied by ``gamma`` every so many epochs.

    Parameters
    ----------
    step_size : int, default=50
        The epochs between.
    gamma : float, default=0.1
        The factor.

    Examples
    --------
    >>> from skbackprop.schedules import Step
    >>> [Step(2, gamma=0.5).factor(epoch, 10) for epoch in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    step_size: int = 50
    gamma: float = 0.1

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "step_size": [Interval(Integral, 1, None, closed="left")],
        "gamma": [Interval(Real, 0, 1, closed="right")],
    }

    @property
    def smooth(self) -> bool:
        """False: the rate changes between epochs."""
        return False

    def factor(self, epoch: float, n_epochs: int) -> float:
        """Return ``gamma ** (epoch // step_size)``."""
        return float(self.gamma ** (epoch // self.step_size))


class Exponential(Timed, name="exponential"):
    """The rate is multiplied by ``gamma`` after every epoch.

    Parameters
    ----------
    gamma : float, default=0.95
        The factor.

    Examples
    --------
    >>> from skbackprop.schedules import Exponential
    >>> [Exponential(0.5).factor(epoch, 10) for epoch in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    gamma: float = 0.95

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "gamma": [Interval(Real, 0, 1, closed="right")]
    }

    @property
    def smooth(self) -> bool:
        """False: the rate changes between epochs."""
        return False

    def factor(self, epoch: float, n_epochs: int) -> float:
        """Return ``gamma ** epoch``."""
        return float(self.gamma**epoch)


class Polynomial(Timed, name="polynomial"):
    """The rate falls to zero with a power of the time that is left; 1 is a line.

    Parameters
    ----------
    power : float, default=1.0
        The power.
    min_factor : float, default=0.0
        The share of the initial rate that it falls to.

    Examples
    --------
    >>> from skbackprop.schedules import Polynomial
    >>> [Polynomial(2.0).factor(epoch, 4) for epoch in range(5)]
    [1.0, 0.5625, 0.25, 0.0625, 0.0]
    """

    power: float = 1.0
    min_factor: float = 0.0

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "power": [Interval(Real, 0, None, closed="left")],
        "min_factor": [FACTOR],
    }

    @property
    def fills_budget(self) -> bool:
        """True: the last epoch is where it comes to its end."""
        return True

    def factor(self, epoch: float, n_epochs: int) -> float:
        """Return ``(1 - epoch / n_epochs) ** power``, spread over the range."""
        left = max(0.0, 1.0 - epoch / n_epochs)
        return float(self.min_factor + (1.0 - self.min_factor) * left**self.power)


class Cosine(Timed, name="cosine"):
    """The rate falls along half a cosine: slowly, fast, slowly.

    Parameters
    ----------
    min_factor : float, default=0.0
        The share of the initial rate that it falls to.

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts",
    ICLR 2017.

    Examples
    --------
    >>> from skbackprop.schedules import Cosine
    >>> [round(Cosine().factor(epoch, 4), 3) for epoch in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """

    min_factor: float = 0.0

    _parameter_constraints: ClassVar[dict[str, list]] = {"min_factor": [FACTOR]}

    @property
    def fills_budget(self) -> bool:
        """True: the last epoch is where it comes to its end."""
        return True

    def factor(self, epoch: float, n_epochs: int) -> float:
        """Return ``(1 + cos(pi * epoch / n_epochs)) / 2``, spread over the range."""
        return _between(1.0, float(self.min_factor), min(epoch / n_epochs, 1.0))


class CosineRestarts(Timed, name="cosine_restarts"):
    """The rate falls along half a cosine, starts again, and takes longer each time.

    Parameters
    ----------
    period : int, default=10
        The epochs of the first fall.
    multiplier : int, default=2
        How many times longer each fall is than the one before.
    min_factor : float, default=0.0
        The share of the initial rate that it falls to.

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts",
    ICLR 2017.

    Examples
    --------
    >>> from skbackprop.schedules import CosineRestarts
    >>> schedule = CosineRestarts(period=1, multiplier=2)
    >>> [round(schedule.factor(epoch, 7), 3) for epoch in range(7)]
    [1.0, 1.0, 0.5, 1.0, 0.854, 0.5, 0.146]
    """

    period: int = 10
    multiplier: int = 2
    min_factor: float = 0.0

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "period": [Interval(Integral, 1, None, closed="left")],
        "multiplier": [Interval(Integral, 1, None, closed="left")],
        "min_factor": [FACTOR],
    }

    def factor(self, epoch: float, n_epochs: int) -> float:
        """Return the factor of a cosine of its own for each period."""
        since, period = epoch, self.period
        while since >= period:
            since, period = since - period, period * self.multiplier
        return _between(1.0, float(self.min_factor), since / period)


class OneCycle(Timed, name="one_cycle"):
    """The rate rises to many times itself, then falls to next to nothing.

    Parameters
    ----------
    max_factor : float, default=10.0
        How many times ``learning_rate_init`` the rate rises to.
    warm_share : float, default=0.3
        The share of all epochs that it rises for.
    final_factor : float, default=1e-4
        The share of ``learning_rate_init`` that it falls to.

    References
    ----------
    L. Smith and N. Topin, "Super-convergence: very fast training of neural networks
    using large learning rates", 2018.

    Examples
    --------
    >>> from skbackprop.schedules import OneCycle
    >>> schedule = OneCycle(max_factor=5, warm_share=0.5)
    >>> [round(schedule.factor(epoch, 4), 3) for epoch in range(5)]
    [1.0, 3.0, 5.0, 2.5, 0.0]
    """

    max_factor: float = 10.0
    warm_share: float = 0.3
    final_factor: float = 1e-4

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "max_factor": [Interval(Real, 1, None, closed="left")],
        "warm_share": [Interval(Real, 0, 1, closed="both")],
        "final_factor": [FACTOR],
    }

    @property
    def fills_budget(self) -> bool:
        """True: the last epoch is where it comes to its end."""
        return True

    def factor(self, epoch: float, n_epochs: int) -> float:
        """Return the factor along two halves of cosines."""
        top, done = float(self.max_factor), min(epoch / n_epochs, 1.0)
        if done < self.warm_share:
            return _between(1.0, top, done / self.warm_share)
        cooling = 1.0 - self.warm_share
        share = (done - self.warm_share) / cooling if cooling > 0 else 1.0
        return _between(top, float(self.final_factor), share)


def _between(start: float, end: float, share: float) -> float:
    """Return what is a share of the way from start to end, along half a cosine."""
    return end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * share))
