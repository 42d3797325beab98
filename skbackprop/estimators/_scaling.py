"""Scaling inside an estimator: inputs by the first layer, targets around it all."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skbackprop.augmentation import Augmentation
from skbackprop.core.data import Data, MatrixTarget, TargetRows
from skbackprop.losses import Loss
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
    scale_only : bool
        Whether targets that are scaled are divided by their mean and not centered, as
        the loss allows for no more.
    """

    inputs: Statistics
    targets: Statistics | None
    centered: bool = True
    scale_only: bool = False

    @property
    def line(self) -> tuple[Any, Any]:
        """Center and divisor of the targets; 0 and 1 where they are left alone."""
        if self.targets is None:
            return 0.0, 1.0
        center = self.targets.center
        if self.scale_only:
            # Counts may all be zero.
            return 0.0, np.where(center > 0.0, center, 1.0)
        return center, self.targets.divisor

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
        center, divisor = self.line
        y = (target.encoded - center) / divisor
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
        center, divisor = self.line
        y = prediction * divisor + center
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
    inputs, centered = scaling.statistics(training), not training.is_sparse
    targets = _target_statistics(scaling, training, loss) if scales_targets else None
    if incremental and earlier is not None:
        inputs = earlier.inputs.merged(inputs)
        centered = _still_centered(earlier, training)
        if targets is not None and earlier.targets is not None:
            targets = earlier.targets.merged(targets)
    if targets is not None and earlier is not None and len(loss.levels()) > 1:
        # The last layer of several quantiles that are kept in order cannot make up for
        # another scale: the first one stays.
        targets = earlier.targets
    return FittedScaling(inputs, targets, centered, loss.scale_only)


def _target_statistics(
    scaling: Scaling, training: Data, loss: Loss
) -> Statistics | None:
    """Return those of the targets, as far as scaling is wanted and the loss allows."""
    if not scaling.target:
        return None
    if loss.scale_only:
        return scaling.target_means(training)
    return scaling.target_statistics(training) if loss.location_scale else None


def _still_centered(earlier: FittedScaling, training: Data) -> bool:
    """Return what the first of several calls has decided."""
    if earlier.centered and training.is_sparse:
        raise ValueError(
            "Earlier calls centered the features of a dense X, which would make this "
            "sparse X dense: pass X.toarray(), or sparse X from the first call on."
        )
    return earlier.centered


class InUsersUnits(Augmentation):
    """An augmentation that sees targets as the user means them.

    Parameters
    ----------
    inner : Augmentation
        What changes the rows.
    scaling : FittedScaling
        Tells how the targets that the network is trained on are scaled.
    """

    inner: Any = None
    scaling: Any = None

    def apply(
        self, X: Any, y: np.ndarray, rng: np.random.Generator, weight: Any
    ) -> tuple[Any, np.ndarray]:
        """Return changed rows, the targets scaled again."""
        given = self.scaling.unscaled(y)
        # The rows may be written to.
        before = given.copy()
        changed, target = self.inner.apply(X, given, rng, weight)
        center, divisor = self.scaling.line
        scaled = ((target - center) / divisor).astype(y.dtype)
        # What is left alone is spared the rounding of there and back.
        return changed, np.where(target == before, y, scaled)


def in_users_units(
    augmentation: Augmentation | None, fitted: FittedScaling | None
) -> Augmentation | None:
    """Return what shows an augmentation the targets in the user's units.

    Parameters
    ----------
    augmentation : Augmentation or None
        What changes the training rows.
    fitted : FittedScaling or None
        How these are scaled.

    Returns
    -------
    Augmentation or None
        The given one, unless there are both of them, and targets are scaled.
    """
    if augmentation is None or fitted is None or fitted.targets is None:
        return augmentation
    return InUsersUnits(augmentation, fitted)
