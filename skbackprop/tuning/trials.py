"""One trial of a search: parameters are drawn, folds run, and a record is kept."""

from collections.abc import Container, Iterator, Mapping, Sequence
from math import isnan, nan
from typing import Any

import numpy as np
from sklearn.base import clone

from skbackprop._compat import _check_method_params, _fit_and_score, _safe_split
from skbackprop.estimators._pipelines import last_step
from skbackprop.tuning._optuna import import_optuna
from skbackprop.tuning.plans import Plan
from skbackprop.tuning.pruners import Budget
from skbackprop.tuning.storage import RECORD
from skbackprop.tuning.watching import FoldWatcher

COMPLETE, PRUNED, FAILED = "complete", "pruned", "failed"


class Judge:
    """Tells Optuna what a trial scores, and hears whether to stop it.

    What is reported is the mean over the finished folds and the present one.

    Parameters
    ----------
    trial : optuna.trial.Trial
        The trial.
    steps : container of int
        The steps at which it is judged.
    budget : Budget
        What it may use.
    """

    def __init__(self, trial: Any, steps: Container[int], budget: Budget) -> None:
        self._trial, self._steps, self._budget = trial, steps, budget
        self._finished: list[float] = []
        self.stopped, self.last_score, self.last_step = False, nan, 0

    @property
    def epochs(self) -> set[int]:
        """The epochs of the present fold after which to look."""
        before = len(self._finished) * self._budget.max_epochs
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
        if self.stopped:
            return True
        self.last_score = float(np.mean([*self._finished, score]))
        self.last_step = len(self._finished) * self._budget.max_epochs + epoch
        self._trial.report(self.last_score, self.last_step)
        self.stopped = self._trial.should_prune()
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
        left = self._budget.n_splits - len(self._finished) - 1
        if left and not isnan(score):
            self.report(score, self._budget.max_epochs)
        self._finished.append(score)
        return self.stopped


def run_trial(plan: Plan, storage: Any, slot: int, contexts: Sequence[Any]) -> None:
    """Run one more trial of a study, unless there are enough.

    Parameters
    ----------
    plan : Plan
        The search.
    storage : str, path-like or optuna.storages.BaseStorage
        Where the study is.
    slot : int
        A number of its own among the calls that run at once, for its seed.
    contexts : sequence of CallbackContext or None
        The tasks of the folds.
    """
    study = plan.open_study(storage)
    if plan.is_over(study):
        return
    n_trials = len(study.get_trials(deepcopy=False))
    study.sampler = plan.sampler.build(plan.seed, n_trials + slot * 2**20)
    study.pruner = plan.pruner.build(plan.budget)
    trial = study.ask()
    states = import_optuna().trial.TrialState
    try:
        record = _record(plan, trial, contexts)
    except BaseException:
        study.tell(trial, state=states.FAIL)
        raise
    trial.set_user_attr(RECORD, record)
    if record["status"] == COMPLETE:
        study.tell(trial, record["last_score"])
    else:
        state = states.PRUNED if record["status"] == PRUNED else states.FAIL
        study.tell(trial, state=state)


def _record(plan: Plan, trial: Any, contexts: Sequence[Any]) -> dict[str, Any]:
    """Run the folds of a trial, and return what to remember."""
    params = plan.params(trial)
    judge = Judge(trial, plan.pruner.steps(plan.budget), plan.budget)
    folds = list(_folds(plan, params, judge, contexts))
    for context in contexts[len(folds) :]:
        if context is not None:
            _skip(plan, context)
    if judge.stopped:
        status, score, step = PRUNED, judge.last_score, judge.last_step
    else:
        score = float(np.mean([plan.value(f["test_scores"]) for f in folds]))
        status, step = (FAILED if isnan(score) else COMPLETE), plan.budget.total
    return {"status": status, "last_score": score, "last_step": step, "folds": folds}


def _folds(
    plan: Plan, params: dict[str, Any], judge: Judge, contexts: Sequence[Any]
) -> Iterator[dict[str, Any]]:
    for split, context in enumerate(contexts):
        estimator = clone(plan.estimator).set_params(**clone(params, safe=False))
        _watch(plan, estimator, split, judge)
        fold = _fold(plan, estimator, split, context)
        if judge.stopped:
            # Cut short: what it scores is no score of these parameters.
            yield fold | {"finished": False}
            return
        yield fold | {"finished": True}
        if judge.end_fold(plan.value(fold["test_scores"])):
            return


def _watch(plan: Plan, estimator: Any, split: int, judge: Judge) -> None:
    """Have a fold scored after its epochs, where anybody is to hear of it."""
    epochs = judge.epochs
    if not epochs:
        return
    train, test = plan.splits[split]
    X_test, y_test = _safe_split(estimator, plan.X, plan.y, test, train)
    weights = _check_method_params(plan.X, params=plan.score_params, indices=test)

    def score(network: Any, X: Any, y: Any) -> float:
        given = (X,) if y is None else (X, y)
        return plan.value(plan.scorer(network, *given, **weights))

    FoldWatcher(estimator, X_test, y_test, score, epochs, judge.report).attach()


def _fold(plan: Plan, estimator: Any, split: int, context: Any) -> dict[str, Any]:
    """Fit and score, as scikit-learn's searches do."""
    caller = plan.caller
    train, test = plan.splits[split]
    fold = _fit_and_score(
        estimator,
        plan.X,
        plan.y,
        scorer=plan.scorer,
        train=train,
        test=test,
        verbose=caller.verbose,
        parameters=None,
        fit_params=plan.fit_params,
        score_params=plan.score_params,
        return_train_score=caller.return_train_score,
        return_n_test_samples=True,
        return_times=True,
        return_estimator=True,
        split_progress=(split, plan.budget.n_splits),
        error_score=caller.error_score,
        caller=caller,
        callback_ctx=context,
    )
    network = last_step(fold.pop("estimator"))
    fold["n_epochs"] = getattr(network, "n_iter_", None)
    return {key: _plain(value) for key, value in fold.items()}


def _plain(value: Any) -> Any:
    """Return a value as JSON can keep it."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, np.ndarray):
        return int(np.max(value))
    return value.item() if isinstance(value, np.generic) else value


def _skip(plan: Plan, context: Any) -> None:
    """Tell callbacks that nothing more comes of a fold."""
    context.call_on_fit_task_begin(estimator=plan.caller)
    context.call_on_fit_task_end(estimator=plan.caller)
