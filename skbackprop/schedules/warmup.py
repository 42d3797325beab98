"""Warm-up: a slow start, and any other schedule after it."""

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, ClassVar

from skbackprop._compat import Interval
from skbackprop.core.spec import resolve
from skbackprop.schedules.base import RateAt, Schedule
from skbackprop.schedules.function import FromFunction


class Warmup(Schedule, name="warmup"):
    """The rate rises along a line for some epochs; then another schedule begins.

    Parameters
    ----------
    epochs : int, default=5
        How many epochs the rise takes.
    then : str, Schedule or callable, default='constant'
        What follows. Its own time starts at the end of the rise; what goes by rows or
        by progress, such as 'invscaling' or 'plateau', counts those of the rise too.
    start_factor : float, default=0.01
        The share of the initial rate that the rise begins at.

    Examples
    --------
    >>> from skbackprop.schedules import Warmup
    >>> rate_at = Warmup(epochs=2, then="cosine", start_factor=0.5).bind(0.1, 6)
    >>> [round(rate_at(epoch, 0.1), 4) for epoch in range(6)]
    [0.05, 0.075, 0.1, 0.0854, 0.05, 0.0146]
    """

    epochs: int = 5
    then: str | Schedule | Callable[[int], float] = "constant"
    start_factor: float = 0.01

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "epochs": [Interval(Integral, 0, None, closed="left")],
        "then": [*Schedule.constraint(), callable],
        "start_factor": [Interval(Real, 0, 1, closed="right")],
    }

    @property
    def smooth(self) -> bool:
        """True: the rise is."""
        return True

    @property
    def fills_budget(self) -> bool:
        """Whether what follows does."""
        return self._then().fills_budget

    def bind(self, initial: float, n_epochs: int) -> RateAt:
        """Return the rise, times what follows."""
        epochs, start = self.epochs, float(self.start_factor)
        then = self._then()
        follows, smooth = then.bind(initial, max(1, n_epochs - epochs)), then.smooth

        def rate_at(epoch: float, rate: float) -> float:
            if epoch >= epochs:
                since = epoch - epochs
                return follows(since if smooth else since // 1, rate)
            return follows(0.0, rate) * (start + (1.0 - start) * epoch / epochs)

        return rate_at

    def after_epoch(self, rate: float, initial: float, n_seen: int) -> float:
        """Leave it to what follows."""
        return self._then().after_epoch(rate, initial, n_seen)

    def after_value(self, rate: float, value: float, memory: dict[str, Any]) -> float:
        """Leave it to what follows."""
        return self._then().after_value(rate, value, memory)

    def on_plateau(self, rate: float) -> float | None:
        """Leave it to what follows."""
        return self._then().on_plateau(rate)

    def _then(self) -> Schedule:
        if callable(self.then):
            return FromFunction(self.then)
        follows: Schedule = resolve(Schedule, self.then)
        return follows
