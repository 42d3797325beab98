"""The bridge to ``sklearn.callback``: a fit is a task, and each epoch a task in it."""

from collections.abc import Callable
from typing import Any


class NoCallbacks:
    """Nobody wants to know."""

    def skip(self, n_epochs: int) -> None:
        """Do nothing."""

    def begin_epoch(self) -> None:
        """Do nothing."""

    def end_epoch(self) -> bool:
        """Do nothing, and ask for nothing."""
        return False

    def close(self) -> None:
        """Do nothing."""


class FitCallbacks:
    """Calls the hooks of an estimator's callbacks around a fit and its epochs.

    Parameters
    ----------
    estimator : estimator
        The one that is fitted.
    max_iter : int
        The largest number of epochs.
    X, y : array-like
        What it is fitted on.
    metadata : dict
        What else scorers may want: the sample weights.
    snapshot : callable
        Returns the fitted attributes as they would be if the fit ended now.
    """

    def __init__(
        self,
        estimator: Any,
        max_iter: int,
        X: Any,
        y: Any,
        metadata: dict[str, Any],
        snapshot: Callable[[], dict[str, Any]],
    ) -> None:
        self._given = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._snapshot = snapshot
        self._fit = estimator._init_callback_context(max_subtasks=max_iter)
        self._fit.call_on_fit_task_begin(**self._given)
        self._epoch: Any = None

    def skip(self, n_epochs: int) -> None:
        """Count epochs that were done before, so that the next has its number.

        Parameters
        ----------
        n_epochs : int
            How many.
        """
        for _ in range(n_epochs):
            self._fit.subcontext(task_name="epoch")

    def begin_epoch(self) -> None:
        """Open a task for the epoch."""
        if self._epoch is not None:
            # Where a solver stops half-way, the next one goes on with the epoch.
            return
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(
            **self._given, reconstruction_attributes=self._snapshot
        )

    def end_epoch(self) -> bool:
        """Close the task of the epoch.

        Returns
        -------
        bool
            Whether a callback asks to stop.
        """
        epoch, self._epoch = self._epoch, None
        return epoch.call_on_fit_task_end(
            **self._given, reconstruction_attributes=self._snapshot
        )

    def close(self) -> None:
        """Close the task of the fit, and that of an epoch that was cut short."""
        if self._epoch is not None:
            self._epoch.call_on_fit_task_end(estimator=self._given["estimator"])
        self._fit.call_on_fit_task_end(**self._given, reconstruction_attributes={})
