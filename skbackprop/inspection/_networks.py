"""Which network is looked at: that of an estimator, or of a pipeline's last step."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skbackprop.core.ops import as_dense
from skbackprop.estimators._base import BaseBackprop
from skbackprop.estimators._pipelines import last_step

__all__ = ["masks_of", "of_skbackprop", "recorded", "weights_of"]


def of_skbackprop(estimator: Any) -> BaseBackprop:
    """Return what has the network, if it is of this package.

    Parameters
    ----------
    estimator : BaseBackprop or Pipeline
        One, or a pipeline that ends with one.

    Returns
    -------
    BaseBackprop
        Fitted or not.
    """
    last = last_step(estimator)
    if not isinstance(last, BaseBackprop):
        raise TypeError(
            "Only estimators of skbackprop and pipelines that end with one have such "
            f"a network, not {type(last).__name__}. Of a search, pass "
            "best_estimator_; of a TransformedTargetRegressor, regressor_."
        )
    return last


def recorded(estimator: Any, attribute: str, advice: str) -> Any:
    """Return a fitted attribute that is there only if it was asked for.

    Parameters
    ----------
    estimator : estimator
        A fitted one.
    attribute : str
        Its name.
    advice : str
        What to set, for the error.

    Returns
    -------
    object
        Not None, and not empty.
    """
    check_is_fitted(estimator)
    value = getattr(estimator, attribute, None)
    if value is None or (isinstance(value, Sequence) and not value):
        raise ValueError(f"{type(estimator).__name__} has no {attribute}: {advice}.")
    return value


def weights_of(estimator: Any) -> list[np.ndarray]:
    """Return the weights of each layer, as dense matrices.

    Parameters
    ----------
    estimator : estimator
        A fitted one.

    Returns
    -------
    list of ndarray
        In the order of ``coefs_``.
    """
    advice = "only networks have weights to draw. Of a search, pass best_estimator_"
    return [as_dense(each) for each in recorded(estimator, "coefs_", advice)]


def masks_of(estimator: Any) -> list[np.ndarray] | None:
    """Return which weights of each layer are free, as dense matrices.

    Parameters
    ----------
    estimator : estimator
        A fitted one.

    Returns
    -------
    list of ndarray of bool or None
        None if none is held at zero.
    """
    masks = getattr(estimator, "masks_", None)
    return None if masks is None else [as_dense(each) for each in masks]
