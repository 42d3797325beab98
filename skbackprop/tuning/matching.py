"""What a search and the study that it goes on with must have in common."""

from typing import Any

import numpy as np
from joblib import hash as hash_of

from skbackprop.tuning._optuna import import_optuna
from skbackprop.tuning.plans import Plan
from skbackprop.tuning.signals import printed
from skbackprop.tuning.storage import results

# Under this name a study holds what its scores are from.
SETTING = "skbackprop:setting"


def check_study(study: Any, plan: Plan) -> None:
    """Refuse a study whose trials could not be compared with those of a search.

    Parameters
    ----------
    study : optuna.study.Study
        The study.
    plan : Plan
        The search.
    """
    setting = _setting(plan)
    known = study.user_attrs.get(SETTING)
    if known is None:
        study.set_user_attr(SETTING, setting)
        known = setting
    for what, value in setting.items():
        if known.get(what) != value:
            raise ValueError(
                f"The study {study.study_name!r} was made with other {what}: choose "
                "another study_name. Splitters that shuffle need a random_state."
            )
    for trial in results(study):
        _check_space(study, plan, trial)


def _setting(plan: Plan) -> dict[str, Any]:
    """Return what scores and the steps at which they are known depend on."""
    folds = [[np.asarray(part) for part in split] for split in plan.splits]
    return {
        "rows or folds": hash_of(folds),
        "scoring": [printed(plan.scorer), plan.metric],
        "prune_on": [plan.source.name, dict(plan.scale)],
        "max_iter": plan.budget.max_epochs,
    }


def _check_space(study: Any, plan: Plan, trial: Any) -> None:
    """Refuse a trial that the space does not explain, wholly."""
    again = import_optuna().trial.FixedTrial(trial.params, trial.number)
    try:
        plan.params(again)
    except ValueError as unexplained:
        reason: Exception | None = unexplained
    else:
        if again.params == trial.params:
            return
        reason = None
    raise ValueError(
        f"The study {study.study_name!r} was made with another space: its trial "
        f"{trial.number} drew {trial.params}. Choose another study_name."
    ) from reason
