"""The task of a regressor."""

from typing import Any

import numpy as np
from scipy.sparse import issparse

from skbackprop._compat import _check_y
from skbackprop.core.spec import resolve
from skbackprop.estimators._task import Given, PredictionTask
from skbackprop.losses import Loss, RegressionLoss
from skbackprop.training.targets import RegressionTarget, as_column


class RegressionTask(PredictionTask):
    """To predict numbers."""

    def loss_of(self, target: RegressionTarget) -> Loss:
        """Return the loss that a kind of target trains with."""
        return target.loss(resolve(RegressionLoss, self.estimator.loss))

    def check_target(
        self, given: Given, y: Any, going_on: bool
    ) -> tuple[Any, RegressionTarget]:
        """Validate targets, and find out their kind."""
        y = self.read_target(y)
        return y, RegressionTarget(1 if y.ndim == 1 else y.shape[1])

    def read_target(self, y: Any) -> np.ndarray:
        """Validate targets."""
        y = _check_y(y, multi_output=True, y_numeric=True)
        if issparse(y):
            raise TypeError("Sparse targets are not supported: pass y.toarray().")
        if y.dtype.kind not in "biuf":
            raise TypeError(
                f"y holds {y.dtype}, which are no numbers: convert it first."
            )
        return as_column(y)

    def weigh(
        self, weight: np.ndarray | None, y: Any, target: RegressionTarget
    ) -> np.ndarray | None:
        """Return the weights of rows."""
        return weight

    def needs_positive_targets(self) -> bool:
        """Tell whether the loss is one of positive targets; a wrong name's is not."""
        loss = self.estimator.loss
        if not isinstance(loss, RegressionLoss):
            loss = RegressionLoss.members().get(str(loss), RegressionLoss)
        return loss.positive_only
