"""Scaling inside an estimator: inputs by the first layer, targets around it all."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skbackprop.core.data import Data, MatrixTarget, TargetRows
from skbackprop.losses import Loss
from skbackprop.network import Network
from skbackprop.solvers.base import Average
from skbackprop.training.progress import Progress
from skbackprop.training.scaling import Scaling, Statistics


@dataclass
class FittedScaling:
    """What an estimator that scales has learned of its training rows.

    Parameters
    ----------
    inputs : Statistics
        Those of the features.
    targets : Statistics or None
        Those of the targets, where they are scaled.
    centered : bool
        Whether the features are centered; the zeros of sparse ones stay zeros.
    """

    inputs: Statistics
    targets: Statistics | None
    centered: bool = True

    @property
    def line(self) -> tuple[Any, Any]:
        """Center and divisor of the targets; 0 and 1 where they are left alone."""
        if self.targets is None:
            return 0.0, 1.0
        return self.targets.center, self.targets.divisor

    def scaled(self, target: TargetRows) -> TargetRows:
        """Return targets as the network is to predict them.

        Parameters
        ----------
        target : TargetRows
            Targets, as the user means them.

        Returns
        -------
        TargetRows
            Scaled ones.
        """
        if self.targets is None:
            return target
        y = (target.encoded - self.targets.center) / self.targets.divisor
        return MatrixTarget(y.astype(target.encoded.dtype))

    def unscaled(self, prediction: np.ndarray) -> np.ndarray:
        """Return predictions in the user's units.

        Parameters
        ----------
        prediction : ndarray of shape (n_samples, n_outputs)
            What the network predicts.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
            Predictions of the same type.
        """
        if self.targets is None:
            return prediction
        y = prediction * self.targets.divisor + self.targets.center
        return y.astype(prediction.dtype, copy=False)


def fit_scaling(
    scaling: Scaling,
    training: Data,
    loss: Loss,
    scales_targets: bool,
    earlier: FittedScaling | None,
    incremental: bool,
) -> FittedScaling:
    """Learn the statistics of training rows.

    Parameters
    ----------
    scaling : Scaling
        How.
    training : Data
        The rows.
    loss : Loss
        Tells whether targets may be scaled.
    scales_targets : bool
        Whether there are numbers to scale among the targets.
    earlier : FittedScaling or None
        What earlier calls learned.
    incremental : bool
        Whether the rows add to those of earlier calls.

    Returns
    -------
    FittedScaling
        The statistics to scale by.
    """
    if incremental and not scaling.merges:
        raise ValueError(
            f"partial_fit does not support {scaling!r}, whose statistics need all rows "
            "at once: use scaling='standard', or call fit."
        )
    inputs, targets = scaling.statistics(training), None
    centered = not training.is_sparse
    if scales_targets and scaling.target and loss.location_scale:
        targets = scaling.target_statistics(training)
    if incremental and earlier is not None:
        inputs = earlier.inputs.merged(inputs)
        centered = _still_centered(earlier, training)
        if targets is not None and earlier.targets is not None:
            targets = earlier.targets.merged(targets)
    if targets is not None and earlier is not None and loss.levels():
        # The last layer of several quantiles that are kept in order cannot make up for
        # another scale: the first one stays.
        targets = earlier.targets
    return FittedScaling(inputs, targets, centered)


def _still_centered(earlier: FittedScaling, training: Data) -> bool:
    """Return what the first of several calls has decided."""
    if earlier.centered and training.is_sparse:
        raise ValueError(
            "Earlier calls centered the features of a dense X, which would make this "
            "sparse X dense: pass X.toarray(), or sparse X from the first call on."
        )
    return earlier.centered


def write_scaling(
    network: Network,
    theta: np.ndarray,
    fitted: FittedScaling,
    earlier: FittedScaling | None,
) -> None:
    """Put statistics into the parameters of a network.

    Parameters
    ----------
    network : Network
        A network that begins with a ``Standardize`` layer.
    theta : ndarray of shape (n_params,)
        Its parameters; changed in place.
    fitted : FittedScaling
        The statistics.
    earlier : FittedScaling or None
        Those that the parameters were trained with, for ``rescale_outputs``.
    """
    center, spread = network.layout.views(theta)[0]
    center[...] = fitted.inputs.center if fitted.centered else 0.0
    spread[...] = fitted.inputs.divisor
    rescale_outputs(network, theta, fitted, earlier)


def rescale_outputs(
    network: Network,
    theta: np.ndarray,
    fitted: FittedScaling | None,
    earlier: FittedScaling | None,
) -> None:
    """Keep predictions, in the user's units, from jumping as the targets' scale does.

    Parameters
    ----------
    network : Network
        The network; its last layer is dense.
    theta : ndarray of shape (n_params,)
        Its parameters; changed in place.
    fitted : FittedScaling or None
        The statistics.
    earlier : FittedScaling or None
        Those that the parameters were trained with.
    """
    if fitted is None or earlier is None or fitted.targets is earlier.targets:
        # None, where no targets are scaled: then the last layer may be of any kind.
        return
    weight, bias = network.layout.views(theta)[-1]
    (old_center, old), (center, divisor) = earlier.line, fitted.line
    weight *= np.asarray(old / divisor, weight.dtype)
    bias[...] = (bias * old + old_center - center) / divisor


def rescaled(
    progress: Progress,
    network: Network,
    fitted: FittedScaling | None,
    earlier: FittedScaling | None,
) -> Progress:
    """Return what a stream of calls remembers, for the present scale of targets.

    Parameters
    ----------
    progress : Progress
        What an earlier call has left behind; not changed.
    network : Network
        The network.
    fitted, earlier : FittedScaling or None
        As for ``rescale_outputs``.

    Returns
    -------
    Progress
        With best parameters and averages that predict what they did.
    """
    if fitted is None or earlier is None:
        return progress

    def moved(theta: np.ndarray) -> np.ndarray:
        theta = theta.copy()
        rescale_outputs(network, theta, fitted, earlier)
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
