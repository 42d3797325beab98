"""Classes as what tells an embedding which rows belong together."""

from typing import Any

import numpy as np
from sklearn.utils.multiclass import type_of_target

from skbackprop.core.data import MatrixTarget, TargetRows
from skbackprop.losses import Loss
from skbackprop.training.targets import Target


class EmbeddingTarget(Target):
    """Classes, of which only counts which rows share one."""

    width = 1

    def encode(self, y: np.ndarray, dtype: np.dtype) -> MatrixTarget:
        """Return the positions of the labels among those of ``y``."""
        classes, positions = np.unique(y, return_inverse=True)
        smallest = np.min_scalar_type(len(classes))
        return MatrixTarget(positions.reshape(-1, 1).astype(smallest))

    def check_known(self, y: Any) -> None:
        """Take any labels: new classes are as good as old ones."""

    def strata(self, rows: TargetRows) -> np.ndarray | None:
        """Return the encoded labels."""
        return rows.encoded

    def score(
        self,
        prediction: np.ndarray,
        rows: TargetRows,
        weight: np.ndarray | None,
        loss: Loss,
    ) -> float:
        """Return minus the mean loss."""
        truth = np.empty((len(prediction), self.width), prediction.dtype)
        rows.expand(slice(None), truth)
        total = float(len(prediction) if weight is None else weight.sum())
        return -loss.total(prediction, truth, weight) / total


def check_labels(y: Any) -> np.ndarray:
    """Refuse a target that is not one class for each row.

    Parameters
    ----------
    y : ndarray or sparse matrix
        The target.

    Returns
    -------
    ndarray of shape (n_samples,)
        ``y``.
    """
    kind = type_of_target(y, input_name="y")
    if kind not in ("binary", "multiclass") or np.ndim(y) != 1:
        raise ValueError(
            f"Unknown label type: {kind}. An embedding is learned from one class a "
            "row: y must be a vector of class labels."
        )
    return y
