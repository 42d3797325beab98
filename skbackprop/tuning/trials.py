"""One trial of a search: parameters are drawn, folds run, and a record is kept."""

from collections.abc import Iterator, Mapping, Sequence
from math import isnan
from typing import Any

import numpy as np
from sklearn.base import clone

from skbackprop._compat import _fit_and_score
from skbackprop.tuning._optuna import import_optuna
from skbackprop.tuning.judging import Judge
from skbackprop.tuning.nesting import network_in
from skbackprop.tuning.plans import Plan
from skbackprop.tuning.signals import difference
from skbackprop.tuning.storage import RECORD
from skbackprop.tuning.watching import FoldWatcher

COMPLETE, PRUNED, FAILED = "complete", "pruned", "failed"


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
    reason = difference(plan.source, plan.scale, _candidate(plan, params))
    if reason is not None and plan.pruner.stops:
        raise ValueError(reason)
    steps = plan.pruner.steps(plan.budget)
    judge = Judge(trial, steps, plan.budget, reports=reason is None)
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


def _candidate(plan: Plan, params: dict[str, Any]) -> Any:
    """Return an estimator to fit."""
    return clone(plan.estimator).set_params(**clone(params, safe=False))


def _folds(
    plan: Plan, params: dict[str, Any], judge: Judge, contexts: Sequence[Any]
) -> Iterator[dict[str, Any]]:
    for split, context in enumerate(contexts):
        estimator = _candidate(plan, params)
        _watch(plan, estimator, split, judge)
        fold = _fold(plan, estimator, split, context)
        fitted = fold.pop("estimator")
        if judge.stopped:
            # Cut short: what it scores is no score of these parameters.
            yield fold | {"finished": False}
            return
        yield fold | {"finished": True}
        if judge.end_fold(plan.source.of_fold(plan, fold, fitted)):
            return


def _watch(plan: Plan, estimator: Any, split: int, judge: Judge) -> None:
    """Have a fold scored after its epochs, where anybody is to hear of it."""
    epochs = judge.epochs
    if epochs:
        score = plan.source.of_epochs(plan, estimator, split)
        FoldWatcher(score, epochs, judge.report).attach(network_in(estimator))


def _fold(plan: Plan, estimator: Any, split: int, context: Any) -> dict[str, Any]:
    """Fit and score, as scikit-learn's searches do; return the estimator too."""
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
    fitted = fold.pop("estimator")
    fold["n_epochs"] = getattr(network_in(fitted), "n_iter_", None)
    return {key: _plain(value) for key, value in fold.items()} | {"estimator": fitted}


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
