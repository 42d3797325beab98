"""When gradient health is worth a warning, and what the warning says."""

from collections.abc import Callable, Sequence

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skbackprop.training.divergence import layer_name
from skbackprop.training.health import GradientHealth

__all__ = ["GradientHealthWarning", "alarm_of"]

# Epochs that have to agree: a step that went wrong is no state.
AGREEING = 3
# The error signal in a hidden layer, relative to the output layer's. Networks of one or
# two hidden layers that learn stay between 0.0005 and 200 on scikit-learn's small data
# sets, with any solver and activation; six logistic layers start at 0.00001.
VANISHING, EXPLODING = 1e-4, 1e3
# Shares of a layer. On raw data half of the ReLUs may be dead without harm.
MOSTLY_DEAD, MOSTLY_SATURATED = 0.9, 0.95
# Saturated units that let so much of the signal through are sure of their answer.
WEAK = 0.1


class GradientHealthWarning(ConvergenceWarning):
    """Gradients vanish or explode, or units are dead or saturated in bulk."""


def alarm_of(rows: Sequence[np.ndarray]) -> str | None:
    """Return what the layers suffer from.

    Parameters
    ----------
    rows : sequence of ndarray of shape (n_measures, n_layers)
        For each epoch so far, what a probe measured.

    Returns
    -------
    str or None
        A warning that names the layer and the remedy; None where all is well, or too
        few epochs tell.
    """
    if len(rows) < AGREEING:
        return None
    recent = GradientHealth.of_rows(rows[-AGREEING:])
    if recent.gradient_norm.shape[1] < 2:
        return None
    with np.errstate(all="ignore"):
        signal = error_signals(recent)[:, :-1]
        signs = [_dead(recent), _exploding(signal)]
        # Later on, units that are flat may just have made up their mind.
        signs += [_saturated(recent, signal)] if len(rows) == AGREEING else []
        signs += [_vanishing(signal)]
    return next((sign for sign in signs if sign is not None), None)


def error_signals(health: GradientHealth) -> np.ndarray:
    """Estimate the error signal in each layer, relative to the output layer's.

    The gradient of a layer's weights is the product of its inputs and of the error
    signal that comes back to it. Divided by the size of the inputs, it no longer
    depends on the scale of the data or on what the activation gives out.

    Parameters
    ----------
    health : GradientHealth
        The measures of some epochs.

    Returns
    -------
    ndarray of shape (n_epochs, n_layers)
        The estimates, NaN where the output layer has no signal.
    """
    signal = health.gradient_norm / health.input_norm
    last = signal[:, -1:]
    return signal / np.where(last > 0, last, np.nan)


def _dead(recent: GradientHealth) -> str | None:
    share = recent.dead[:, :-1].min(axis=0)
    return _sign(
        share,
        share > MOSTLY_DEAD,
        lambda layer, worst: (
            f"{worst:.0%} of the units of {layer} are dead: the derivative of their "
            "activation is zero on all rows that were looked at, and they learn no "
            "more. Try a lower learning_rate_init, scaling='standard', or an "
            "activation without a flat half such as 'leaky_relu'."
        ),
    )


def _saturated(recent: GradientHealth, signal: np.ndarray) -> str | None:
    share = recent.saturated[:, :-1].min(axis=0)
    weak = np.nan_to_num(signal.max(axis=0), nan=np.inf) < WEAK
    return _sign(
        share,
        (share > MOSTLY_SATURATED) & weak,
        lambda layer, worst: (
            f"The units of {layer} are saturated in {worst:.0%} of all cases: the "
            "derivative of their activation is next to nothing, from the start. Try "
            "scaling='standard', smaller starting weights, or a lower "
            "learning_rate_init."
        ),
    )


def _exploding(signal: np.ndarray) -> str | None:
    size = signal.min(axis=0)
    return _sign(
        size,
        size > EXPLODING,
        lambda layer, worst: (
            f"Gradients explode: the error signal in {layer} is {worst:.1g} times that "
            "in the output layer. Try smaller starting weights, such as "
            "weight_init='glorot_uniform', normalization='batch', clip_norm=1.0, or a "
            "lower learning_rate_init."
        ),
    )


def _vanishing(signal: np.ndarray) -> str | None:
    size = signal.max(axis=0)
    return _sign(
        -size,
        size < VANISHING,
        lambda layer, worst: (
            f"Gradients vanish: the error signal in {layer} is {-worst:.1g} times that "
            "in the output layer. Try activation='relu' with weight_init='he_normal', "
            "normalization='batch', or fewer hidden layers."
        ),
    )


def _sign(
    badness: np.ndarray, is_bad: np.ndarray, words: Callable[[str, float], str]
) -> str | None:
    """Return the words for the worst of the hidden layers that are bad."""
    if not is_bad.any():
        return None
    place = int(np.argmax(np.where(is_bad, badness, -np.inf)))
    return words(layer_name(place, len(badness) + 1), float(badness[place]))
