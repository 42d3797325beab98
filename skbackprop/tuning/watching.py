"""Looking at a fit epoch by epoch from outside: callbacks of scikit-learn."""

from collections.abc import Callable, Container
from math import isnan
from typing import Any

from sklearn.callback import CallbackSupportMixin

# Takes a score and a step, and tells whether to stop.
Report = Callable[[float, int], bool]


def epoch_of(context: Any, fitted: Any) -> int | None:
    """Return which epoch has ended with a task.

    Parameters
    ----------
    context : CallbackContext
        The task.
    fitted : estimator or None
        What is fitted, as it is now.

    Returns
    -------
    int or None
        The first being 1. None if the task is the fit, or if the epoch was cut short,
        as by a solver that failed: then there is nothing to be scored.
    """
    if context.max_subtasks != 0 or fitted is None:
        return None
    return int(context.task_id) + 1


class FoldWatcher:
    """Scores a network after its epochs.

    Parameters
    ----------
    score : callable
        ``score(network)``, greater being better; NaN if there is nothing to report.
    epochs : container of int
        After which epochs to look, the first being 1.
    report : callable
        Gets score and epoch, and tells whether to stop.
    """

    def __init__(
        self, score: Callable[[Any], float], epochs: Container[int], report: Report
    ) -> None:
        self._score: Any = score
        self._epochs, self._report = epochs, report

    def attach(self, network: Any) -> bool:
        """Set the callback on a network, next to those that it has.

        Parameters
        ----------
        network : estimator
            What is to be fitted.

        Returns
        -------
        bool
            Whether it takes callbacks.
        """
        if not isinstance(network, CallbackSupportMixin):
            return False
        network.set_callbacks(*getattr(network, "_skl_callbacks", ()), self)
        return True

    def setup(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> bool:
        """Score, report, and tell whether to stop.

        Parameters
        ----------
        estimator : estimator
            The network.
        context : CallbackContext
            The task that ends.
        fitted_estimator : estimator
            The network as it is now.

        Returns
        -------
        bool
            Whether training is to end here.
        """
        epoch = epoch_of(context, fitted_estimator)
        if epoch is None or epoch not in self._epochs:
            return False
        score = self._score(fitted_estimator)
        return not isnan(score) and self._report(score, epoch)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Let go of the data."""
        self._score = None
