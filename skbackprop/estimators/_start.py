"""Where the parameters of a fit start: drawn, given by the user, or gone on with."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skbackprop.core.layout import KINDS, Kind
from skbackprop.core.ops import all_finite, as_dense
from skbackprop.network import Network

# What the attributes ``coefs_`` and ``intercepts_`` do not hold.
EXTRA_KINDS: tuple[Kind, ...] = tuple(
    kind for kind in KINDS if kind not in ("weight", "bias")
)


def extra_params(network: Network, theta: np.ndarray) -> dict[Kind, list[np.ndarray]]:
    """Return views of all parameters that are neither weights nor biases.

    Parameters
    ----------
    network : Network
        The network.
    theta : ndarray of shape (n_params,)
        Its parameters.

    Returns
    -------
    dict of str to list of ndarray
        By kind; kinds that the network has none of are left out.
    """
    views = {kind: network.layout.of_kind(kind, theta) for kind in EXTRA_KINDS}
    return {kind: arrays for kind, arrays in views.items() if arrays}


def stored_params(estimator: Any) -> dict[Kind, Sequence[Any]]:
    """Return all parameters of a fitted estimator, by kind, as they are stored.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one.

    Returns
    -------
    dict of str to sequence of ndarray or sparse array
        What prediction takes: weights may be sparse.
    """
    return {
        "weight": estimator.coefs_,
        "bias": estimator.intercepts_,
        **estimator.extra_params_,
    }


def fitted_params(estimator: Any) -> dict[Kind, Sequence[np.ndarray]]:
    """Return all parameters of a fitted estimator, by kind.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one.

    Returns
    -------
    dict of str to sequence of ndarray
        What ``Layout.pack`` and ``Layout.regroup`` take.
    """
    weights = [as_dense(coef) for coef in estimator.coefs_]
    return {**stored_params(estimator), "weight": weights}


def given_params(
    network: Network, coefs: Sequence, intercepts: Sequence, extra: dict
) -> dict[Kind, Sequence]:
    """Return the user's own weights and biases by kind, after a look at their shapes.

    Parameters
    ----------
    network : Network
        The network.
    coefs, intercepts : sequence of array-like
        Weights and biases.
    extra : dict
        Parameters of other kinds; what is missing starts as in a new fit.

    Returns
    -------
    dict of str to sequence
        What ``packed`` takes.
    """
    params = [param for group in network.layout.params for param in group]
    wanted = {
        kind: [param.shape for param in params if param.kind == kind]
        for kind in ("weight", "bias")
    }
    given = {
        "weight": [np.shape(array) for array in coefs],
        "bias": [np.shape(array) for array in intercepts],
    }
    if given != wanted:
        raise ValueError(
            f"coefs_init and intercepts_init must have shapes {wanted['weight']} and "
            f"{wanted['bias']}, got {given['weight']} and {given['bias']}."
        )
    return {"weight": coefs, "bias": intercepts, **extra}


def packed(
    network: Network, params: Mapping[Kind, Sequence], dtype: np.dtype
) -> np.ndarray:
    """Pack parameters into a vector, if they are finite.

    Parameters
    ----------
    network : Network
        The network.
    params : dict of str to sequence of array-like
        By kind.
    dtype : dtype
        The type of the vector.

    Returns
    -------
    ndarray of shape (n_params,)
        The vector.
    """
    theta = network.layout.pack(params, dtype)
    if not all_finite(theta):
        raise ValueError(
            "The weights to start from (coefs_init and intercepts_init, or those of "
            "the last fit) must be finite."
        )
    return theta


def check_same_shape(estimator: Any, network: Network) -> None:
    """Refuse to go on with another network than the fitted one.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one.
    network : Network
        What its parameters ask for now.
    """
    params = [param for group in network.layout.params for param in group]
    present = [coef.shape[1] for coef in estimator.coefs_]
    wanted = [param.shape[1] for param in params if param.kind == "weight"]
    if present[:-1] != wanted[:-1]:
        raise ValueError(
            f"hidden_layer_sizes changed from {present[:-1]} to {wanted[:-1]} "
            "since the last fit: the weights cannot be gone on with. Call fit with "
            "warm_start=False to start again."
        )
    if present[-1] != wanted[-1]:
        raise ValueError(
            f"The number of outputs changed from {present[-1]} to {wanted[-1]} "
            "since the last fit. Call fit with warm_start=False to start again."
        )
    extra = {
        kind: [array.shape for array in arrays]
        for kind, arrays in estimator.extra_params_.items()
    }
    needed: dict[str, list] = {}
    for param in params:
        if param.kind in EXTRA_KINDS:
            needed.setdefault(param.kind, []).append(param.shape)
    before, now = _with_extra_params(estimator._network), _with_extra_params(network)
    if extra != needed or before != now:
        raise ValueError(
            "normalization, scaling or activation changed since the last fit: the "
            f"layers with parameters beside weights and biases are now {now}, and were "
            f"{before}. Call fit with warm_start=False to start again."
        )


def _with_extra_params(network: Network) -> list[str]:
    """Return the names of the layers that ``extra_params_`` belongs to."""
    return [
        type(layer).__name__
        for layer, params in zip(network.layers, network.layout.params, strict=True)
        if any(param.kind in EXTRA_KINDS for param in params)
    ]
