"""Stopping at epoch level for objectives that users write themselves."""

from numbers import Integral
from typing import Any

from sklearn.utils import check_scalar

from skbackprop.estimators._base import BaseBackprop
from skbackprop.tuning._optuna import import_optuna
from skbackprop.tuning.judging import Reports
from skbackprop.tuning.signals import newest_score
from skbackprop.tuning.watching import epoch_of

__all__ = ["PruningCallback"]


class PruningCallback:
    """Reports the epochs of a fit to a trial of Optuna, and stops it if told so.

    A callback of :mod:`sklearn.callback`, for a network of this package; in a Pipeline
    it is set on the last step. The fit ends as if it had reached its last epoch, with
    all fitted attributes set; then ``optuna.TrialPruned`` is raised out of ``fit``, for
    Optuna to catch.

    Parameters
    ----------
    trial : optuna.trial.Trial
        The trial.
    X, y : array-like, default=None
        What to score on after each epoch, as the network itself sees it. Without them
        the estimator's own ``validation_scores_`` are reported: it needs
        ``early_stopping=True``.
    scoring : str or callable, default=None
        What to score by, greater being better; None for the estimator's ``score``. To a
        study that minimises, the negative is reported.
    every : int, default=1
        Epochs from one report to the next.

    Attributes
    ----------
    stopped_ : bool
        Whether the fit was stopped.

    Notes
    -----
    Each further fit with the same callback, such as the next fold of
    ``cross_val_score``, counts its epochs on from ``max_iter`` times the number of fits
    before, and reports the mean of their last scores and its own. Searches of
    scikit-learn turn errors into scores of NaN: give them ``error_score='raise'``, so
    that ``optuna.TrialPruned`` comes through. The folds are to be fitted one after the
    other in the process of the trial: a copy of the callback in another one, as
    ``n_jobs=2`` would make it, could not be heard, and refuses to fit.

    Examples
    --------
    >>> import optuna
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.tuning import PruningCallback, suggest
    >>> X, y = load_iris(return_X_y=True)
    >>> def objective(trial):
    ...     model = BackpropClassifier(
    ...         learning_rate="cosine", early_stopping=True, max_iter=20, random_state=0
    ...     )
    ...     model.set_params(**suggest(trial, model, "small"))
    ...     model.set_callbacks(PruningCallback(trial)).fit(X, y)
    ...     return model.best_validation_score_
    >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
    >>> study = optuna.create_study(
    ...     direction="maximize", sampler=optuna.samplers.TPESampler(seed=0)
    ... )
    >>> study.optimize(objective, n_trials=3)
    >>> len(study.trials)
    3
    """

    def __init__(
        self,
        trial: Any,
        *,
        X: Any = None,
        y: Any = None,
        scoring: Any = None,
        every: int = 1,
    ) -> None:
        if (X is None) != (y is None):
            raise ValueError("X and y go together: give both or neither.")
        if X is None and scoring is not None:
            raise ValueError(
                "scoring is for X and y; validation_scores_ are scored as the "
                "estimator's own scoring says."
            )
        if not (scoring is None or isinstance(scoring, str) or callable(scoring)):
            raise ValueError(f"scoring is to be one metric, got {scoring!r}.")
        check_scalar(every, "every", Integral, min_val=1)
        self._trial = trial
        self._X, self._y = X, y
        self._scoring, self._every = scoring, every
        self._scorer: Any = None
        self._reports: Reports | None = None
        self._last: float | None = None
        self._is_copy = False
        self.stopped_ = False

    def __getstate__(self) -> dict[str, Any]:
        """Tell copies, in other processes as a rule, that they are copies."""
        return vars(self) | {"_is_copy": True}

    def setup(self, estimator: Any, context: Any) -> None:
        """Begin to follow a fit.

        Parameters
        ----------
        estimator : estimator
            What is fitted.
        context : CallbackContext
            The task.
        """
        if not isinstance(estimator, BaseBackprop):
            raise TypeError(
                "PruningCallback follows the epochs of a network, not "
                f"{type(estimator).__name__}: set it on the network itself, as in "
                "pipeline[-1].set_callbacks(...)."
            )
        if self._is_copy:
            raise RuntimeError(
                "A copy of a PruningCallback cannot reach its trial: fit in the "
                "process of the trial, with n_jobs=1, or without set_callbacks."
            )
        if self._reports is None:
            sign = _sign(self._trial)
            self._reports = Reports(self._trial, estimator.max_iter, sign)
        if self._last is not None:
            self._reports.finish(self._last)
        self._last, self.stopped_ = None, False
        if self._X is not None:
            from sklearn.metrics import check_scoring

            self._scorer = check_scoring(estimator, self._scoring)

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> bool:
        """After an epoch, report and tell whether to stop; after a fit, raise.

        Parameters
        ----------
        estimator : estimator
            What is fitted.
        context : CallbackContext
            The task that ends.
        fitted_estimator : estimator
            The estimator as it is now.

        Returns
        -------
        bool
            Whether training is to end here.
        """
        if context.max_subtasks != 0:
            if self.stopped_:
                raise import_optuna().TrialPruned(f"Stopped at {self._last:.6g}.")
            return False
        epoch = epoch_of(context, fitted_estimator)
        if epoch is None or epoch % self._every:
            return False
        assert self._reports is not None  # Since `setup`.
        self._last = self._score(fitted_estimator)
        self.stopped_ = self._reports.report(self._last, epoch)
        return self.stopped_

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def _score(self, fitted: Any) -> float:
        if self._scorer is not None:
            return float(self._scorer(fitted, self._X, self._y))
        if not fitted.validation_scores_:
            raise ValueError(
                "There are no scores to report: set early_stopping=True, or give "
                "PruningCallback X and y to score on."
            )
        return newest_score(fitted)


def _sign(trial: Any) -> float:
    """Return what scores are to be multiplied by for the study of a trial."""
    optuna = import_optuna()
    # Trials with fixed parameters belong to no study.
    if not isinstance(trial, optuna.Trial):
        return 1.0
    minimises = trial.study.direction == optuna.study.StudyDirection.MINIMIZE
    return -1.0 if minimises else 1.0
