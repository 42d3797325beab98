"""What to say when training diverges: which layer, and what to try."""

import numpy as np

from skbackprop.layers import Dense
from skbackprop.network import Network


def diagnose(network: Network, kept: np.ndarray, diverged_to: np.ndarray) -> str:
    """Say which layer a divergence shows in first.

    Parameters
    ----------
    network : Network
        The network.
    kept : ndarray of shape (n_params,)
        The last parameters that were finite.
    diverged_to : ndarray of shape (n_params,)
        The parameters that training had come to.

    Returns
    -------
    str
        The place, in words.
    """
    dense = [
        index for index, layer in enumerate(network.layers) if isinstance(layer, Dense)
    ]
    before, after = network.layout.views(kept), network.layout.views(diverged_to)
    broken = [
        place
        for place, index in enumerate(dense)
        if not all(np.isfinite(array).all() for array in after[index])
    ]
    if broken and len(broken) < len(dense):
        # Where only some layers broke, the one nearest the data broke first.
        place = broken[0]
    else:
        growth = [_norm(after[index]) / (1.0 + _norm(before[index])) for index in dense]
        place = int(np.argmax(np.nan_to_num(growth, nan=np.inf, posinf=np.inf)))
    return layer_name(place, len(dense))


def layer_name(place: int, n_layers: int) -> str:
    """Return what a dense layer is called in warnings.

    Parameters
    ----------
    place : int
        Its position in ``coefs_``.
    n_layers : int
        The number of dense layers.

    Returns
    -------
    str
        Its name, and where its weights are.
    """
    name = "the output layer" if place == n_layers - 1 else f"hidden layer {place + 1}"
    return f"{name} (coefs_[{place}])"


def advice(where: str, n_finite: int) -> str:
    """Compose the warning.

    Parameters
    ----------
    where : str
        What ``diagnose`` said.
    n_finite : int
        Epochs after which all was finite.

    Returns
    -------
    str
        The warning.
    """
    return (
        f"Training diverged in epoch {n_finite + 1}: the loss or the parameters are no "
        f"longer finite, first in {where}. The parameters of the last finite epoch "
        f"({n_finite}) are kept. Try a lower learning_rate_init, scaled data "
        "(scaling='standard' does that) or a larger alpha."
    )


def _norm(arrays: tuple[np.ndarray, ...]) -> float:
    with np.errstate(all="ignore"):
        return float(np.sqrt(sum(np.sum(array.astype(float) ** 2) for array in arrays)))
