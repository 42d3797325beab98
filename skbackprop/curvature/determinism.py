"""Curvature is that of a function: the same point has to give the same value."""

from typing import Any

import numpy as np

from skbackprop.estimators._base import BaseBackprop
from skbackprop.estimators._objective import BoundObjective, bound_objective
from skbackprop.evaluation import Evaluation

# Predictions of two evaluations may differ by so many roundings.
ROUNDINGS = 1e3


def checked_objective(
    estimator: Any, X: Any, y: Any, sample_weight: Any = None
) -> BoundObjective:
    """Return the objective of a fitted estimator, once two evaluations agree on it.

    Parameters
    ----------
    estimator, X, y, sample_weight
        As for ``hessian_operator``.

    Returns
    -------
    BoundObjective
        The objective on these rows.
    """
    if not isinstance(estimator, BaseBackprop):
        raise TypeError(
            "Curvature is that of an estimator of skbackprop, got "
            f"{type(estimator).__name__}: of a pipeline, pass the last step and "
            "transformed data; of a search, pass best_estimator_."
        )
    bound = bound_objective(estimator, X, y, sample_weight)
    check_deterministic(bound)
    return bound


def check_deterministic(bound: BoundObjective) -> None:
    """Refuse an objective that two evaluations disagree on.

    Parameters
    ----------
    bound : BoundObjective
        The objective.
    """
    first, second = (_predictions(bound) for _ in range(2))
    size = max(1.0, float(np.abs(first).max(initial=0.0)))
    apart = float(np.abs(first - second).max(initial=0.0))
    if not apart <= ROUNDINGS * float(np.finfo(first.dtype).eps) * size:
        raise ValueError(
            f"Two evaluations of the objective at the same point differ by {apart:.1e} "
            "in their predictions, or are no numbers: there is no curvature of what is "
            "random. A layer has to be deterministic where its site has now=None."
        )


def _predictions(bound: BoundObjective) -> np.ndarray:
    evaluation = Evaluation(bound.objective, bound.theta, bound.data)
    with np.errstate(all="ignore"):
        evaluation.loss()
    return evaluation.predictions
