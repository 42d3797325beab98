"""Averaging: the mean of the parameters over the steps, which is what the fit keeps."""

from abc import ABC, abstractmethod
from numbers import Integral, Real
from typing import ClassVar

from skbackprop._compat import Interval
from skbackprop.core.spec import Spec

__all__ = [
    "EMA",
    "Averaging",
    "Mean",
]


class Averaging(Spec, ABC, family=True):
    """How much the newest parameters count for in the average.

    The average moves by ``share(t)`` of the way to the parameters after each step.

    Parameters
    ----------
    start : int
        How many epochs go by before the average begins; until then the parameters
        themselves take its place.
    """

    start: int

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "start": [Interval(Integral, 0, None, closed="left")],
    }

    @abstractmethod
    def share(self, t: int) -> float:
        """Return the share of the newest parameters.

        Parameters
        ----------
        t : int
            The step, counted from 1 where the average begins.

        Returns
        -------
        float
            In (0, 1]; 1 at the first step.
        """


class EMA(Averaging, name="ema"):
    """The exponential moving average, freed from its start as Adam's means are.

    Parameters
    ----------
    decay : float, default=0.999
        What the average keeps at each step: it looks back over some
        ``1 / (1 - decay)`` steps.
    start : int, default=0
        How many epochs go by before the average begins.

    Examples
    --------
    >>> from skbackprop.averaging import EMA
    >>> EMA(decay=0.5).share(1), round(EMA(decay=0.5).share(2), 3)
    (1.0, 0.667)
    """

    decay: float = 0.999
    start: int = 0

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **Averaging._parameter_constraints,
        "decay": [Interval(Real, 0, 1, closed="left")],
    }

    def share(self, t: int) -> float:
        """Return ``(1 - decay) / (1 - decay ** t)``."""
        return float((1.0 - self.decay) / (1.0 - self.decay**t))


class Mean(Averaging, name="mean"):
    """The plain mean over all steps from an epoch on: Polyak-Ruppert averaging.

    Parameters
    ----------
    start : int, default=0
        How many epochs go by before the average begins: those of the way to the
        neighbourhood of the minimum.

    References
    ----------
    B. Polyak and A. Juditsky, "Acceleration of stochastic approximation by averaging",
    SIAM Journal on Control and Optimization, 1992.

    Examples
    --------
    >>> from skbackprop.averaging import Mean
    >>> Mean().share(1), Mean().share(4)
    (1.0, 0.25)
    """

    start: int = 0

    def share(self, t: int) -> float:
        """Return ``1 / t``."""
        return 1.0 / t
