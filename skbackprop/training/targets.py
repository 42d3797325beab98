"""Targets: from what the user calls y to arrays, and back.

There is a class for each kind of target; it knows the loss that such a target trains
with, and how predictions are read. Those of classes are in ``classes.py``.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import column_or_1d

from skbackprop.core.data import MatrixTarget, TargetRows
from skbackprop.losses import Loss, RegressionLoss


class Target(ABC):
    """A kind of target, as seen in training.

    Attributes
    ----------
    width : int
        The number of columns of the encoded target; a loss may take more raw scores.
    """

    width: int

    @abstractmethod
    def encode(self, y: Any, dtype: np.dtype) -> TargetRows:
        """Return targets as arrays."""

    @abstractmethod
    def check_known(self, y: Any) -> None:
        """Raise a ``ValueError`` if targets do not fit what was seen before."""

    def strata(self, rows: TargetRows) -> np.ndarray | None:
        """Return what a split is stratified by; None for nothing."""
        return None

    @abstractmethod
    def score(
        self,
        prediction: np.ndarray,
        rows: TargetRows,
        weight: np.ndarray | None,
        loss: Loss,
    ) -> float:
        """Return the estimator's own score of some predictions of a loss."""


class PredictedTarget(Target):
    """A kind of target that a network predicts."""

    @abstractmethod
    def positions(self, prediction: np.ndarray, loss: Loss) -> np.ndarray:
        """Return what a chunk of a loss's predictions says, a row a sample."""

    def positions_by_score(self, raw: np.ndarray, loss: Loss) -> np.ndarray:
        """Return what a chunk of raw scores says; they may be overwritten."""
        return self.positions(loss.inverse_link(raw), loss)

    @abstractmethod
    def decode(self, positions: np.ndarray) -> Any:
        """Return what ``predict`` is to answer, given what all chunks say."""


class RegressionTarget(PredictedTarget):
    """Real numbers, one or several a row.

    Parameters
    ----------
    n_outputs : int
        How many.
    """

    def __init__(self, n_outputs: int) -> None:
        self.width = n_outputs

    @staticmethod
    def loss(slot: RegressionLoss) -> Loss:
        """Return the loss to train with: the one in the slot."""
        return slot

    def encode(self, y: np.ndarray, dtype: np.dtype) -> MatrixTarget:
        """Return the numbers as a matrix."""
        with np.errstate(over="ignore"):
            matrix = y.reshape(len(y), -1).astype(dtype, copy=False)
        if not np.isfinite(matrix).all():
            raise ValueError(
                f"y holds values too large for {dtype}, the type of X: scale y, or "
                "pass X as float64."
            )
        return MatrixTarget(matrix)

    def positions(self, prediction: np.ndarray, loss: Loss) -> np.ndarray:
        """Return the predictions."""
        return prediction

    def decode(self, positions: np.ndarray) -> np.ndarray:
        """Return a vector for one column, else a matrix."""
        return positions.ravel() if positions.shape[1] == 1 else positions

    def check_known(self, y: np.ndarray) -> None:
        """Demand the same number of outputs."""
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        if n_outputs != self.width:
            raise ValueError(f"y has {n_outputs} outputs, expected {self.width}.")

    def score(
        self,
        prediction: np.ndarray,
        rows: TargetRows,
        weight: np.ndarray | None,
        loss: Loss,
    ) -> float:
        """Return R2, or D2 of quantiles: the mean over outputs and levels."""
        # Undefined for a single row, as in ``sklearn.metrics.r2_score``.
        if len(prediction) < 2 or not np.isfinite(prediction).all():
            return np.nan
        truth = np.empty((len(prediction), self.width))
        rows.expand(slice(None), truth)
        if loss.levels():
            return d2_of_quantiles(truth, prediction, loss.levels(), weight)
        return _r2(truth, prediction, weight)


def _r2(truth: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None) -> float:
    residual = ((truth - prediction) ** 2.0).T
    spread = ((truth - np.average(truth, axis=0, weights=weight)) ** 2.0).T
    if weight is not None:
        residual, spread = residual * weight, spread * weight
    unexplained, total = residual.sum(axis=1), spread.sum(axis=1)
    # A constant target: 1 if it is met, else 0, as in ``sklearn.metrics.r2_score``.
    safe = np.where(total == 0, 1.0, total)
    r2 = np.where(
        total == 0, np.where(unexplained == 0, 1.0, 0.0), 1 - unexplained / safe
    )
    return float(r2.mean())


def d2_of_quantiles(
    truth: np.ndarray,
    prediction: np.ndarray,
    levels: Sequence[float],
    weight: np.ndarray | None,
) -> float:
    """Return the share of the pinball loss that quantiles explain.

    Parameters
    ----------
    truth : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The targets; a single one if there are several levels.
    prediction : ndarray of shape (n_samples,) or (n_samples, n_columns)
        A column for each target, or for each level.
    levels : sequence of float
        One level, or several.
    weight : ndarray of shape (n_samples,) or None
        Weights of the rows.

    Returns
    -------
    float
        The mean over targets or levels: 1 at best, 0 where constant predictions do as
        well.
    """
    # Imported when used: it takes long.
    from sklearn.metrics import d2_pinball_score

    columns, n_levels = prediction.reshape(len(prediction), -1), len(levels)
    scores = [
        d2_pinball_score(
            truth, columns[:, position::n_levels], sample_weight=weight, alpha=level
        )
        for position, level in enumerate(levels)
    ]
    return float(np.mean(scores))


def as_column(y: Any) -> Any:
    """Return a target of one column as a vector, with scikit-learn's warning.

    Parameters
    ----------
    y : ndarray or sparse matrix
        A target.

    Returns
    -------
    ndarray or sparse matrix
        A vector if there is one column, else ``y``.
    """
    if y.ndim == 2 and y.shape[1] == 1 and not issparse(y):
        return column_or_1d(y, warn=True)
    return y
