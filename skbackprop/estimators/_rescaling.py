"""Going on at another scale: parameters that predict what they did before."""

from dataclasses import replace

import numpy as np

from skbackprop.estimators._scaling import FittedScaling
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.solvers.base import Average
from skbackprop.training.progress import Progress


def write_scaling(
    objective: Objective,
    theta: np.ndarray,
    fitted: FittedScaling,
    earlier: FittedScaling | None,
) -> None:
    """Put statistics into the parameters of a network, whose predictions stay.

    Parameters
    ----------
    objective : Objective
        With a network that begins with a ``Standardize`` layer. What it holds at zero
        stays there, even where it would have to move for predictions to stay.
    theta : ndarray of shape (n_params,)
        The parameters; changed in place.
    fitted : FittedScaling
        The statistics.
    earlier : FittedScaling or None
        Those that the parameters were trained with; None for a start from scratch.
    """
    center, spread = objective.network.layout.views(theta)[0]
    old_center, old_spread = center.astype(np.float64), spread.astype(np.float64)
    center[...] = fitted.inputs.center if fitted.centered else 0.0
    spread[...] = fitted.inputs.divisor
    if earlier is None:
        return
    # As they are stored, after rounding.
    shift, ratio = (center - old_center) / old_spread, spread / old_spread
    learned = _has_learned(earlier)
    shift[~learned], ratio[~learned] = 0.0, 1.0
    _make_up_for_inputs(objective.network, theta, shift, ratio)
    _make_up_for_targets(objective.network, theta, fitted, earlier)
    objective.hold(theta)


def _has_learned(earlier: FittedScaling) -> np.ndarray:
    """Return which features have weights that have learned anything.

    The network has seen nothing but zeros of a feature that was constant so far. Its
    weights are those of the start, meant for whatever its scale turns out to be.
    """
    inputs = earlier.inputs
    seen = 0.0 if earlier.centered else inputs.center
    return (inputs.spread > 0.0) | (seen != 0.0)


def _make_up_for_inputs(
    network: Network, theta: np.ndarray, shift: np.ndarray, ratio: np.ndarray
) -> None:
    """Let the first dense layer make up for centers and spreads that have moved.

    Parameters
    ----------
    network : Network
        The network.
    theta : ndarray of shape (n_params,)
        Its parameters; changed in place.
    shift, ratio : ndarray of shape (n_features,)
        How far the centers have moved, in old spreads, and the new spreads in old ones.
    """
    layout = network.layout
    weight, bias = layout.of_kind("weight", theta)[0], layout.of_kind("bias", theta)[0]
    if shift.any():
        # Not by BLAS, whose sums may depend on where a vector lies in memory: an
        # average has to stay bit for bit what the estimator predicts with.
        bias += np.einsum("i,ij->j", shift, weight, dtype=np.float64)
    if (ratio != 1.0).any():
        weight *= ratio[:, np.newaxis].astype(weight.dtype)


def _make_up_for_targets(
    network: Network, theta: np.ndarray, fitted: FittedScaling, earlier: FittedScaling
) -> None:
    """Let the last layer make up for another scale of the targets."""
    if fitted.targets is earlier.targets or fitted.scale_only != earlier.scale_only:
        # None, where no targets are scaled: then the last layer may be of any kind.
        # Under another link the same scores predict something else in any case.
        return
    weight, bias = network.layout.views(theta)[-1]
    (old_center, old), (center, divisor) = earlier.line, fitted.line
    if fitted.scale_only:
        # Predictions are exponentials of the scores.
        bias += np.log(old) - np.log(divisor)
        return
    weight *= np.asarray(old / divisor, weight.dtype)
    bias[...] = (bias * old + old_center - center) / divisor


def rescaled(
    progress: Progress,
    objective: Objective,
    fitted: FittedScaling | None,
    earlier: FittedScaling | None,
) -> Progress:
    """Return what a stream of calls remembers, for the present scale.

    Parameters
    ----------
    progress : Progress
        What an earlier call has left behind; not changed.
    objective : Objective
        As for ``write_scaling``.
    fitted, earlier : FittedScaling or None
        As for ``write_scaling``.

    Returns
    -------
    Progress
        With best parameters and averages that predict what they did.
    """
    if fitted is None or earlier is None:
        return progress

    def moved(theta: np.ndarray) -> np.ndarray:
        theta = theta.copy()
        write_scaling(objective, theta, fitted, earlier)
        return theta

    best, average = progress.best_theta, progress.state.average
    if average is not None:
        whole = average.raw.copy()
        whole[: average.mean.size] = average.mean
        mean = moved(whole)[: average.mean.size]
        average = Average(moved(average.raw), mean, average.n_steps)
    return replace(
        progress,
        best_theta=None if best is None else moved(best),
        state=replace(progress.state, average=average),
    )
