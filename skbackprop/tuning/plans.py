"""What all trials of a search have in common, worked out once."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, nan
from numbers import Integral
from typing import Any

from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils import check_random_state

from skbackprop.core.spec import resolve
from skbackprop.tuning.drawing import drawn_from, names_drawn
from skbackprop.tuning.nesting import network_in
from skbackprop.tuning.pruners import Budget, Pruner, as_pruner
from skbackprop.tuning.samplers import Sampler, as_sampler
from skbackprop.tuning.signals import Signal, Source
from skbackprop.tuning.storage import open_storage, open_study, results


@dataclass(frozen=True)
class Plan:
    """What trials need to know; goes to other processes."""

    caller: Any
    estimator: Any
    X: Any
    y: Any
    splits: Sequence[tuple[Any, Any]]
    scorer: Any
    metric: str | None
    fit_params: Mapping[str, Any]
    score_params: Mapping[str, Any]
    budget: Budget
    sampler: Sampler
    pruner: Pruner
    source: Source
    scale: Mapping[str, str]
    seed: int
    n_trials: int | None
    deadline: float

    def open_study(self, storage: Any) -> Any:
        """Return the study, whichever way the storage is given."""
        return open_study(open_storage(storage), self.caller.study_name)

    def is_over(self, study: Any) -> bool:
        """Tell whether there is time and room for one more trial."""
        enough = self.n_trials is not None and len(results(study)) >= self.n_trials
        return enough or time.time() >= self.deadline

    def params(self, trial: Any) -> dict[str, Any]:
        """Return the parameters of a trial, be it new or finished."""
        return drawn_from(self.caller.space, self.estimator, self.caller.prefix)(trial)

    def value(self, scores: Any) -> float:
        """Return the score that counts among those that a scorer gave."""
        if isinstance(scores, Mapping):
            scores = scores[self.metric or next(iter(scores))]
        return nan if isinstance(scores, str) else float(scores)


def plan_of(search: Any, X: Any, y: Any, scorers: Any, routed: Any) -> Plan:
    """Return the plan of a search.

    Parameters
    ----------
    search : BackpropSearchCV
        The search.
    X, y : array-like
        The rows.
    scorers : callable
        What scores, as the searches of scikit-learn make it.
    routed : Bunch
        What else goes to the estimator, the scorer and the splitter.

    Returns
    -------
    Plan
        The plan, with time running from now.
    """
    estimator, timeout = clone(search.estimator), search.timeout
    cv = check_cv(search.cv, y, classifier=is_classifier(estimator))
    splits = list(cv.split(X, y, **routed.splitter.split))
    if not splits:
        raise ValueError("No fits were performed: the CV iterator is empty.")
    source = _source(search, estimator)
    return Plan(
        caller=search,
        estimator=estimator,
        X=X,
        y=y,
        splits=splits,
        scorer=scorers,
        metric=search.refit if isinstance(search.refit, str) else None,
        fit_params=routed.estimator.fit,
        score_params=routed.scorer.score,
        budget=Budget(_max_epochs(estimator), len(splits)),
        sampler=as_sampler(search.sampler),
        pruner=as_pruner(search.pruner),
        source=source,
        scale=source.scale(estimator),
        seed=int(check_random_state(search.random_state).randint(2**31 - 1)),
        n_trials=search.n_trials,
        deadline=inf if timeout is None else time.time() + timeout,
    )


def _source(search: Any, estimator: Any) -> Source:
    """Return where the scores come from that trials are stopped by."""
    drawn = names_drawn(search.space, estimator, search.prefix)
    settled: Source = resolve(Signal, search.prune_on).settled(estimator, drawn)
    return settled


def _max_epochs(estimator: Any) -> int:
    """Return how many epochs a fold has; where there is no bound it counts as one."""
    max_iter: Any = getattr(network_in(estimator), "max_iter", None)
    return max(1, int(max_iter)) if isinstance(max_iter, Integral) else 1
