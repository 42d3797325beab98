"""A user's own function as a schedule."""

import math
from collections.abc import Callable
from typing import ClassVar

from skbackprop.schedules.base import RateAt, Schedule


class FromFunction(Schedule):
    """The rate that a function gives for each epoch.

    A function in the slot of the schedule becomes one of these.

    Parameters
    ----------
    function : callable
        ``function(epoch)`` returns the rate of an epoch; the first is number 0. The
        estimator's ``learning_rate_init`` is not used.

    Examples
    --------
    >>> from skbackprop.schedules import FromFunction
    >>> FromFunction(lambda epoch: 0.1 / (1 + epoch)).bind(0.001, 10)(1, 0.001)
    0.05
    """

    function: Callable[[int], float] | None = None

    _parameter_constraints: ClassVar[dict[str, list]] = {"function": [callable]}

    def bind(self, initial: float, n_epochs: int) -> RateAt:
        """Return what the function returns, after a look at it."""
        function = self.function
        assert function is not None

        def rate_at(epoch: float, rate: float) -> float:
            answer = function(int(epoch))
            try:
                new = float(answer)
            except (TypeError, ValueError):
                new = math.nan
            if not (math.isfinite(new) and new >= 0):
                raise ValueError(
                    f"learning_rate must return a number that is not negative, got "
                    f"{answer!r} for epoch {int(epoch)} from {function!r}."
                )
            return new

        return rate_at

    def after_epoch(self, rate: float, initial: float, n_seen: int) -> float:
        """Return the same rate: the function alone matters."""
        return rate
