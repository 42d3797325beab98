"""What Optuna hears of a trial while it trains, and whether it is to stop."""

from collections.abc import Container
from math import isnan, nan
from typing import Any

import numpy as np

from skbackprop.tuning.pruners import Budget


class Reports:
    """Reports the epochs of folds that are trained one after the other.

    What is reported is the mean over the finished folds and the present one; steps are
    counted on from ``max_epochs`` times the number of finished folds.

    Parameters
    ----------
    trial : optuna.trial.Trial
        The trial.
    max_epochs : int
        The largest number of epochs of a fold.
    sign : float, default=1.0
        What scores are multiplied by for Optuna.
    """

    def __init__(self, trial: Any, max_epochs: int, sign: float = 1.0) -> None:
        self._trial, self._max_epochs, self._sign = trial, max_epochs, sign
        self._finished: list[float] = []
        self.last_score, self.last_step = nan, 0

    @property
    def n_before(self) -> int:
        """The steps of the folds that are finished."""
        return len(self._finished) * self._max_epochs

    def report(self, score: float, epoch: int) -> bool:
        """Report the score after an epoch of the present fold.

        Parameters
        ----------
        score : float
            The score.
        epoch : int
            The first being 1.

        Returns
        -------
        bool
            Whether the trial is to stop.
        """
        self.last_score = float(np.mean([*self._finished, score]))
        self.last_step = self.n_before + epoch
        self._trial.report(self._sign * self.last_score, self.last_step)
        return bool(self._trial.should_prune())

    def finish(self, score: float) -> None:
        """Take note of the score of a whole fold.

        Parameters
        ----------
        score : float
            The score.
        """
        self._finished.append(score)


class Judge:
    """Reports where a pruner is to look, and remembers what it said.

    Parameters
    ----------
    trial : optuna.trial.Trial
        The trial.
    steps : container of int
        The steps at which it is judged; the ends of folds are reported anyway.
    budget : Budget
        What it may use.
    reports : bool, default=True
        Whether Optuna is to hear anything.
    """

    def __init__(
        self, trial: Any, steps: Container[int], budget: Budget, reports: bool = True
    ) -> None:
        self._steps, self._budget, self._is_heard = steps, budget, reports
        self._reports = Reports(trial, budget.max_epochs)
        self._n_left = budget.n_splits
        self.stopped = False

    @property
    def last_score(self) -> float:
        """What was reported last."""
        return self._reports.last_score

    @property
    def last_step(self) -> int:
        """When that was."""
        return self._reports.last_step

    @property
    def epochs(self) -> set[int]:
        """The epochs of the present fold after which to look."""
        if not self._is_heard:
            return set()
        before = self._reports.n_before
        inside = range(1, self._budget.max_epochs)
        return {epoch for epoch in inside if before + epoch in self._steps}

    def report(self, score: float, epoch: int) -> bool:
        """Hear the score after an epoch of the present fold.

        Parameters
        ----------
        score : float
            The score.
        epoch : int
            The first being 1.

        Returns
        -------
        bool
            Whether to stop. Once said it stands: some estimators go on regardless.
        """
        self.stopped = self.stopped or self._reports.report(score, epoch)
        return self.stopped

    def end_fold(self, score: float) -> bool:
        """Hear the score of a whole fold.

        Parameters
        ----------
        score : float
            The score.

        Returns
        -------
        bool
            Whether to stop.
        """
        self._n_left -= 1
        if self._is_heard and self._n_left and not isnan(score):
            self.report(score, self._budget.max_epochs)
        self._reports.finish(score)
        return self.stopped
