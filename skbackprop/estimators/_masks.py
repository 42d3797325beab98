"""Masks: which parameters of an estimator are held at zero."""

from typing import Any

import numpy as np

from skbackprop.core.ops import as_dense
from skbackprop.masking import point
from skbackprop.network import Network


def flat_mask(estimator: Any, network: Network, dtype: np.dtype) -> np.ndarray | None:
    """Return the masks of a fitted estimator as one vector.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one; ``masks_`` and ``intercept_masks_`` tell what is free.
    network : Network
        Its network.
    dtype : dtype
        The type of the vector.

    Returns
    -------
    ndarray of shape (n_trainable,) or None
        0 for what is held at zero, 1 for all else; None if nothing is held.
    """
    if estimator.masks_ is None:
        return None
    layout = network.layout
    vector = np.ones(layout.size, dtype)
    weights = layout.of_kind("weight", vector)
    biases = layout.of_kind("bias", vector)
    for view, mask in zip(weights, estimator.masks_, strict=True):
        view[...] = as_dense(mask)
    for view, mask in zip(biases, estimator.intercept_masks_, strict=True):
        view[...] = mask
    return vector[: layout.n_trainable]


def starting_mask(
    estimator: Any, network: Network, dtype: np.dtype, going_on: bool, pruning: Any
) -> np.ndarray | None:
    """Return what a fit holds at zero, as one vector.

    Parameters
    ----------
    estimator : BaseBackprop
        Whose fit it is.
    network : Network
        Its network.
    dtype : dtype
        The type of the vector.
    going_on : bool
        Whether an earlier fit is gone on with, and its masks.
    pruning : PruningSchedule or None
        What will change it during the fit, if anything.

    Returns
    -------
    ndarray of shape (n_trainable,) or None
        None if nothing is held, nor will be.
    """
    mask = flat_mask(estimator, network, dtype) if going_on else None
    if mask is not None:
        # What was stored sparse is dense from here on, as its weights are.
        estimator.masks_ = [as_dense(each) for each in estimator.masks_]
    if mask is None and pruning is not None:
        return np.ones(network.layout.n_trainable, dtype)
    return mask


def write_masks(estimator: Any, network: Network, free: np.ndarray) -> None:
    """Write one vector to the masks of an estimator.

    Parameters
    ----------
    estimator : BaseBackprop
        Changed.
    network : Network
        Its network.
    free : ndarray of shape (n_trainable,)
        0 for what is held at zero.
    """
    layout, marks = network.layout, free > 0
    estimator.masks_ = [mask.copy() for mask in point.matrices(layout, marks)]
    estimator.intercept_masks_ = [mask.copy() for mask in point.biases(layout, marks)]
