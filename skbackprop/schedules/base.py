"""What a schedule is."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from skbackprop.core.spec import Spec

# rate_at(epoch, rate) -> the rate to step with; the epoch may be a broken one
RateAt = Callable[[float, float], float]


class Schedule(Spec, ABC, family=True):
    """The course of the learning rate, starting from ``learning_rate_init``.

    A solver keeps a rate, which ``after_epoch``, ``after_value`` and ``on_plateau`` may
    change, and steps with what ``bind`` makes of it in the course of time.

    Attributes
    ----------
    farewell : str
        What ``verbose`` prints when a plateau ends training.
    """

    farewell: ClassVar[str] = "Stopping."

    @property
    def fills_budget(self) -> bool:
        """Whether it is planned for all epochs, so that their end is no surprise."""
        return False

    @property
    def smooth(self) -> bool:
        """Whether the rate changes with each step, rather than with each epoch."""
        return False

    def bind(self, initial: float, n_epochs: int) -> RateAt:
        """Return the rate as a function of time.

        Parameters
        ----------
        initial : float
            The estimator's ``learning_rate_init``.
        n_epochs : int
            How many epochs there are to be: the estimator's ``max_iter``.

        Returns
        -------
        callable
            ``rate_at(epoch, rate)`` takes the epochs since the start, 0.5 being half
            way through the first, and the rate that is kept.
        """
        return _kept

    @abstractmethod
    def after_epoch(self, rate: float, initial: float, n_seen: int) -> float:
        """Return the rate to keep after an epoch.

        Parameters
        ----------
        rate : float
            The rate that was kept so far.
        initial : float
            The estimator's ``learning_rate_init``.
        n_seen : int
            Training samples seen so far, over all epochs.
        """

    def after_value(self, rate: float, value: float, memory: dict[str, Any]) -> float:
        """Return the rate to keep once an epoch was judged.

        Parameters
        ----------
        rate : float
            The rate that was kept so far.
        value : float
            Minus the validation score, or the training loss without validation data.
        memory : dict
            Empty at the start: what is to be remembered until the next epoch.
        """
        return rate

    def on_plateau(self, rate: float) -> float | None:
        """Return the rate to go on with when patience runs out, or None to stop.

        Parameters
        ----------
        rate : float
            The rate that was kept so far.
        """
        return None


def _kept(epoch: float, rate: float) -> float:
    return rate
