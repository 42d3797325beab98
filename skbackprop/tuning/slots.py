"""The trials that a search is to run, and running them in processes of joblib."""

import time
from typing import Any

from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

from skbackprop.tuning.matching import check_study
from skbackprop.tuning.plans import Plan
from skbackprop.tuning.storage import (
    in_memory,
    open_storage,
    results,
    shared_storage,
)
from skbackprop.tuning.trials import run_trial


class Slots:
    """The trials to come, each with a number and the tasks of its folds.

    Callbacks hear of them where it is known how many there will be.

    Parameters
    ----------
    plan : Plan
        The search.
    study : optuna.study.Study
        With the trials that there are.
    root : CallbackContext
        The task of the whole search.
    """

    def __init__(self, plan: Plan, study: Any, root: Any) -> None:
        self._plan, self._n, n_folds = plan, None, None
        if plan.n_trials is not None:
            self._n = max(0, plan.n_trials - len(results(study)))
            n_folds = self._n * plan.budget.n_splits
        self._task = root.subcontext(task_name="search", max_subtasks=n_folds)
        self._task.call_on_fit_task_begin(estimator=plan.caller)
        # Before any is handed out: workers get copies of the whole tree.
        self._contexts = [self._folds() for _ in range(self._n or 0)]

    def __iter__(self) -> Any:
        if self._n is not None:
            yield from enumerate(self._contexts)
            return
        slot = 0
        while time.time() < self._plan.deadline:
            yield slot, [None] * self._plan.budget.n_splits
            slot += 1

    def close(self) -> None:
        """Tell callbacks that the trials are over."""
        self._task.call_on_fit_task_end(estimator=self._plan.caller)

    def _folds(self) -> list[Any]:
        name = "candidate-split-evaluation"
        splits = range(self._plan.budget.n_splits)
        return [self._task.subcontext(task_name=name) for _ in splits]


def run_trials(plan: Plan, root: Any) -> Any:
    """Add trials to a study until there are enough.

    Parameters
    ----------
    plan : Plan
        The search.
    root : CallbackContext
        The task of the whole search.

    Returns
    -------
    optuna.study.Study
        The study.
    """
    caller = plan.caller
    several = effective_n_jobs(caller.n_jobs) > 1
    with shared_storage(caller.storage, several) as storage:
        study = plan.open_study(storage)
        check_study(study, plan)
        slots = Slots(plan, study, root)
        parallel = Parallel(n_jobs=caller.n_jobs, pre_dispatch=caller.pre_dispatch)
        parallel(
            delayed(run_trial)(plan, storage, slot if several else 0, contexts)
            for slot, contexts in slots
        )
        slots.close()
        study = plan.open_study(storage)
        if several and caller.storage is None:
            study = in_memory(open_storage(storage), caller.study_name)
    study.sampler = plan.sampler.build(plan.seed, 0)
    study.pruner = plan.pruner.build(plan.budget)
    return study
