"""The layers of a fitted estimator, each with the arrays that belong to it."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skbackprop.estimators._start import fitted_params
from skbackprop.layers import Layer

__all__ = ["Stage", "stages", "target_line"]


class Stage(NamedTuple):
    """One layer, as it stands in a fitted network.

    Attributes
    ----------
    layer : Layer
        The layer.
    params : tuple of ndarray
        Its parameters, in the order of ``Layer.build``.
    """

    layer: Layer
    params: tuple[np.ndarray, ...]


def stages(estimator: Any) -> list[Stage]:
    """Return the layers of a fitted estimator with their parameters.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one.

    Returns
    -------
    list of Stage
        First layer first; the arrays are the estimator's own.
    """
    check_is_fitted(estimator)
    network = estimator._network
    params = network.layout.regroup(fitted_params(estimator))
    return [Stage(*each) for each in zip(network.layers, params, strict=True)]


def target_line(estimator: Any) -> tuple[Any, Any] | None:
    """Return how a regressor's predictions get back into the user's units.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one.

    Returns
    -------
    (center, divisor) or None
        What is added to, after what is multiplied with, a prediction; None where
        targets are not scaled.
    """
    scaling = estimator._scaling
    return None if scaling is None or scaling.targets is None else scaling.line
