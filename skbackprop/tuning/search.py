"""A search over Optuna's samplers with scikit-learn's interface."""

import time
import warnings
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone
from sklearn.utils import indexable

from skbackprop._compat import (
    BaseSearchCV,
    Interval,
    StrOptions,
    _check_method_params,
    _fit_context,
    _insert_error_scores,
    _warn_or_raise_about_fit_failures,
)
from skbackprop.tuning._optuna import import_optuna
from skbackprop.tuning.plans import Plan, plan_of
from skbackprop.tuning.results import (
    fold_results,
    is_complete,
    is_pruned,
    more_columns,
    records,
)
from skbackprop.tuning.signals import Signal
from skbackprop.tuning.slots import run_trials
from skbackprop.tuning.storage import results

__all__ = ["BackpropSearchCV"]


class BackpropSearchCV(BaseSearchCV):
    """Search parameters with Optuna, and stop trials that lag behind; needs Optuna.

    The interface is that of scikit-learn's searches. A *trial* draws parameters and
    cross-validates them, fold after fold. A pruner may stop it after any epoch, by the
    validation scores of its early stopping, or by scores on the rows that the fold
    holds out, as ``prune_on`` says: the mean over the finished folds and the present
    one is compared with what other trials had at the same epoch of the same fold.

    Parameters
    ----------
    estimator : estimator
        One of this package's, a Pipeline that ends with one, a
        ``TransformedTargetRegressor`` of these, or any other: trials of those that take
        no callbacks are stopped between folds only.

    space : {'small', 'standard', 'wide'}, Space, mapping, callable or list, \
            default='standard'
        What to draw, as :func:`suggest` takes it.

    n_trials : int or None, default=30
        So many trials there are to be in the study, those that are there already
        included: going on with a stored study of 20 adds 10. None for as many as
        ``timeout`` allows.

    timeout : float, default=None
        Seconds after which no trial is begun.

    sampler : {'tpe', 'random', 'qmc', 'gp'}, Sampler or optuna sampler, default='tpe'
        What suggests the next parameters.

    pruner : {'median', 'halving', 'hyperband', 'none'}, Pruner, optuna pruner or \
            None, default='hyperband'
        What stops trials.

    prune_on : {'auto', 'validation', 'test'}, default='auto'
        The scores that it stops them by, greater being better. 'validation' are the
        network's own ``validation_scores_``, by its ``scoring``, on the rows that
        ``early_stopping=True`` splits off, or on ``X_val`` and ``y_val``: they are
        computed in any case, and leave the rows held out alone. 'test' are what the
        search goes by: ``scoring`` on the rows that the fold holds out, computed for
        the epochs that the pruner looks at, of any candidate. 'auto' is 'validation' if
        the network has ``early_stopping=True`` and the space draws nothing that its
        validation scores depend on (``early_stopping``, ``scoring``, ``class_weight``,
        and where they are losses, or a regressor's own score, ``loss``), else 'test'.
        Of one search all scores come from one source, on one scale; with 'validation' a
        candidate with another is refused.

    storage : str, path-like or optuna storage, default=None
        Where the trials are kept: a URL such as ``"sqlite:///study.db"``, the path of a
        journal file, or memory. A search that was killed goes on from there, with
        nothing lost but the trials in flight; processes that share it share the study.

    study_name : str, default='skbackprop'
        The name of the study in the storage.

    prefix : str, default=None
        What leads to the parameters of a named space; found by itself.

    scoring : str, callable, list, tuple or dict, default=None
        As in :class:`~sklearn.model_selection.GridSearchCV`. Of several metrics, the
        search goes by the one that ``refit`` names, or else by the first.

    n_jobs : int, default=None
        Trials that run at once, in processes of joblib. With more than one the result
        depends on which is ready first.

    refit : bool, str or callable, default=True
        Whether to fit the best parameters on all rows, or what chooses them. The refit
        trains as each fold of the best trial did, which nobody stopped: to its own
        ``max_iter``, ``early_stopping`` or ``stopping``.

    cv : int, splitter or iterable, default=None
        As in :class:`~sklearn.model_selection.GridSearchCV`. All trials see the same
        folds; with a storage they must also be those of the trials that are in it, and
        so must ``space``, ``scoring``, ``max_iter`` and ``prune_on``.

    verbose : int, default=0
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    pre_dispatch : int or str, default='2*n_jobs'
        Trials that are handed to the workers ahead.

    random_state : int, RandomState or None, default=None
        The seed of the sampler. Processes that share a study should not share it.

    error_score : 'raise' or float, default=nan
        The score of a fit that raises.

    return_train_score : bool, default=False
        Whether to score the training rows of each fold as well.

    Attributes
    ----------
    cv_results_ : dict of str to ndarray
        As in :class:`~sklearn.model_selection.GridSearchCV`, a row for each trial, and
        'trial', its number in the study; 'status', which is 'complete', 'pruned' or
        'failed'; 'n_epochs', over all its folds; 'last_score' and 'last_step', the
        mean score that it was stopped by, or else its final one, and when. Folds that a
        pruned trial did not finish score NaN, and so does the trial, which thereby
        ranks last.

    best_estimator_ : estimator
        The one that was fitted with the best parameters. Only with ``refit``.

    best_score_ : float
        Its mean score over the folds.

    best_params_ : dict
        Its parameters.

    best_index_ : int
        Its row in ``cv_results_``.

    study_ : optuna.study.Study
        The study, for Optuna's own analyses.

    prune_on_ : {'validation', 'test'}
        The scores that trials were stopped by, and that ``study_`` has at their steps.

    scorer_ : callable or dict
        What scored.

    n_splits_ : int
        The number of folds.

    refit_time_ : float
        Seconds for the last fit.

    multimetric_ : bool
        Whether there are several metrics.

    classes_ : ndarray
        The classes, of classifiers.

    feature_names_in_ : ndarray
        Their names, if all are strings.

    See Also
    --------
    suggest : The spaces, for objectives of one's own.
    PruningCallback : Stopping at epoch level, for objectives of one's own.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.tuning import BackpropSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> network = BackpropClassifier(
    ...     learning_rate="cosine", max_iter=30, random_state=0
    ... )
    >>> search = BackpropSearchCV(
    ...     make_pipeline(StandardScaler(), network),
    ...     "small",
    ...     n_trials=8,
    ...     cv=3,
    ...     random_state=0,
    ... )
    >>> bool(search.fit(X, y).best_score_ > 0.9)
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseSearchCV._parameter_constraints,
        "space": "no_validation",
        "n_trials": [Interval(Integral, 1, None, closed="left"), None],
        "timeout": [Interval(Real, 0, None, closed="left"), None],
        "sampler": "no_validation",
        "pruner": "no_validation",
        "prune_on": [StrOptions(Signal.members().keys())],
        "storage": "no_validation",
        "study_name": [str],
        "prefix": [str, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any,
        space: Any = "standard",
        *,
        n_trials: Any = 30,
        timeout: Any = None,
        sampler: Any = "tpe",
        pruner: Any = "hyperband",
        prune_on: Any = "auto",
        storage: Any = None,
        study_name: Any = "skbackprop",
        prefix: Any = None,
        scoring: Any = None,
        n_jobs: Any = None,
        refit: Any = True,
        cv: Any = None,
        verbose: Any = 0,
        pre_dispatch: Any = "2*n_jobs",
        random_state: Any = None,
        error_score: Any = np.nan,
        return_train_score: Any = False,
    ) -> None:
        super().__init__(
            estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.space = space
        self.n_trials = n_trials
        self.timeout = timeout
        self.sampler = sampler
        self.pruner = pruner
        self.prune_on = prune_on
        self.storage = storage
        self.study_name = study_name
        self.prefix = prefix
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None, **params: Any) -> "BackpropSearchCV":
        """Run the trials, and fit the best parameters on all rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The inputs.
        y : array-like, default=None
            The targets.
        **params : dict
            What goes to the estimator, the scorer and the splitter, as in searches of
            scikit-learn: ``sample_weight``, ``groups``, or what metadata routing is
            asked for. What has as many entries as there are rows is split with them.

        Returns
        -------
        BackpropSearchCV
            The search.
        """
        import_optuna()
        if self.n_trials is None and self.timeout is None:
            raise ValueError("The search would not end: give n_trials or timeout.")
        scorers, _ = self._get_scorers()
        X, y = indexable(X, y)
        params = _check_method_params(X, params=params)
        routed = self._get_routed_params_for_fit(params)
        weight = params.get("sample_weight")
        metadata = None if weight is None else {"sample_weight": weight}
        seen = {"estimator": self, "X": X, "y": y, "metadata": metadata}
        root = self._init_callback_context(max_subtasks=1 + (self.refit is not False))
        root.call_on_fit_task_begin(**seen)
        plan = plan_of(self, X, y, scorers, routed)
        self.n_splits_, self.prune_on_ = plan.budget.n_splits, plan.source.name
        self._run_search(plan, callback_ctx=root)
        self._read_results(plan)
        if self.refit:
            self._fit_best(plan, root, seen)
        self.scorer_ = getattr(scorers, "_scorers", scorers)
        root.call_on_fit_task_end(**seen)
        return self

    def _run_search(self, plan: Plan, *, callback_ctx: Any = None) -> None:
        """Add trials to the study, and take it over."""
        self.study_ = run_trials(plan, callback_ctx)

    def _read_results(self, plan: Plan) -> None:
        """Make ``cv_results_`` of the study, and find the best."""
        trials = results(self.study_)
        if not trials:
            raise ValueError(f"No trial was begun within timeout={self.timeout!r} s.")
        found = records(trials)
        folds = [fold for record in found for fold in record["folds"]]
        _warn_or_raise_about_fit_failures(folds, self.error_score)
        rows = fold_results(found, self.n_splits_)
        if callable(self.scoring):
            _insert_error_scores(rows, self.error_score)
        self._check_metrics(rows[0]["test_scores"])
        params = [plan.params(trial) for trial in trials]
        with warnings.catch_warnings():
            if any(map(is_pruned, found)):
                # That these have no score is nothing to warn of.
                warnings.filterwarnings("ignore", "One or more of the (test|train)")
            self.cv_results_ = self._format_results(
                params, self.n_splits_, rows, more_columns(trials, found)
            )
        if not any(map(is_complete, found)) and self.refit:
            raise ValueError(
                "No trial came to its end with a score: there is nothing to refit. Ask "
                "for more trials or a pruner that stops fewer, or see why scores are "
                "NaN."
            )
        self._choose(self.cv_results_)

    def _check_metrics(self, scores: Any) -> None:
        """Look whether a scorer gave one score or several."""
        self.multimetric_ = isinstance(scores, Mapping)
        if callable(self.scoring) and self.multimetric_:
            self._check_refit_for_multimetric(scores)

    def _choose(self, found: dict[str, Any]) -> None:
        if not self.refit and self.multimetric_:
            return
        metric = self.refit if self.multimetric_ else "score"
        self.best_index_ = self._select_best_index(self.refit, metric, found)
        if not callable(self.refit):
            self.best_score_ = found[f"mean_test_{metric}"][self.best_index_]
        self.best_params_ = found["params"][self.best_index_]

    def _fit_best(self, plan: Plan, root: Any, seen: dict[str, Any]) -> None:
        """Fit the best parameters on all rows."""
        best = clone(plan.estimator)
        best.set_params(**clone(self.best_params_, safe=False))
        self.best_estimator_ = best
        task = root.subcontext(task_name="refit-with-best-params")
        with task.propagate_callback_context(best):
            task.call_on_fit_task_begin(**seen)
            begun = time.time()
            targets = () if plan.y is None else (plan.y,)
            best.fit(plan.X, *targets, **plan.fit_params)
            self.refit_time_ = time.time() - begun
        if hasattr(best, "feature_names_in_"):
            self.feature_names_in_ = best.feature_names_in_
        task.call_on_fit_task_end(**seen)
