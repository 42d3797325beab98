"""Masks: which parameters of an estimator are held at zero."""

from typing import Any

import numpy as np

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
        view[...] = mask
    for view, mask in zip(biases, estimator.intercept_masks_, strict=True):
        view[...] = mask
    return vector[: layout.n_trainable]
