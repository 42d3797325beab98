"""The records of an estimator: the fitted attributes that change while it trains."""

import copy
from typing import Any

import numpy as np

from skbackprop.estimators._start import extra_params
from skbackprop.training.monitor import TrainingMonitor


def forget(estimator: Any) -> None:
    """Start all records anew.

    Parameters
    ----------
    estimator : BaseBackprop
        Whose.
    """
    estimator._progress = None
    estimator.t_ = 0
    estimator.n_steps_ = 0
    estimator.loss_curve_ = []
    estimator.learning_rate_curve_ = []
    estimator.validation_scores_ = None
    estimator.validation_loss_curve_ = None
    estimator.best_validation_score_ = None
    estimator.gradient_health_ = None
    estimator.masks_ = None
    estimator.intercept_masks_ = None


def fitted_state(
    estimator: Any, theta: np.ndarray, monitor: TrainingMonitor
) -> dict[str, Any]:
    """Return the fitted attributes that change from epoch to epoch.

    Parameters
    ----------
    estimator : BaseBackprop
        Whose.
    theta : ndarray of shape (n_params,)
        The parameters; the attributes are views of them.
    monitor : TrainingMonitor
        What followed the training.

    Returns
    -------
    dict of str to object
        By name.
    """
    layout, history = estimator._network.layout, monitor.history
    watched = monitor.checker is not None
    curve = history.loss_curve
    best = monitor.patience.best if monitor.patience is not None else np.nan
    return {
        "coefs_": layout.of_kind("weight", theta),
        "intercepts_": layout.of_kind("bias", theta),
        "extra_params_": extra_params(estimator._network, theta),
        "n_iter_": monitor.n_iter,
        "stopped_by_": monitor.stopped_by,
        "masks_": estimator.masks_,
        "intercept_masks_": estimator.intercept_masks_,
        "gradient_health_": monitor.gradient_health,
        "t_": monitor.n_seen,
        "loss_curve_": curve,
        "learning_rate_curve_": history.learning_rate_curve,
        "loss_": curve[-1] if curve else np.nan,
        "best_loss_": None if watched or not curve else min(curve),
        "validation_scores_": history.validation_scores if watched else None,
        "validation_loss_curve_": (history.validation_loss_curve if watched else None),
        "best_validation_score_": -best if watched else None,
    }


def publish(estimator: Any, state: dict[str, Any]) -> None:
    """Set fitted attributes.

    Parameters
    ----------
    estimator : BaseBackprop
        Whose.
    state : dict of str to object
        What ``fitted_state`` returns.
    """
    for name, value in state.items():
        setattr(estimator, name, value)


def snapshot(estimator: Any, state: dict[str, Any]) -> Any:
    """Return a fitted copy for scorers, which hand it plain arrays.

    Parameters
    ----------
    estimator : BaseBackprop
        Which is being fitted.
    state : dict of str to object
        What ``fitted_state`` returns.

    Returns
    -------
    BaseBackprop
        The copy.
    """
    taken = copy.copy(estimator)
    publish(taken, state)
    taken.__dict__.pop("feature_names_in_", None)
    return taken
