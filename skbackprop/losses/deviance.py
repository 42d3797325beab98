"""Deviances of positive targets, with the exponential as inverse link."""

from typing import ClassVar

import numpy as np
from scipy.special import xlogy

from skbackprop.core.ops import scalar
from skbackprop.losses.base import CanonicalLoss, RegressionLoss
from skbackprop.losses.curved import CurvedLoss


class LogLinkLoss(CurvedLoss, RegressionLoss):
    """A deviance whose predictions are exponentials of the raw scores.

    In other units of the target it is the same but for a factor.
    """

    link: ClassVar[str] = "exp"
    scale_only: ClassVar[bool] = True
    positive_only: ClassVar[bool] = True

    def inverse_link(self, raw: np.ndarray) -> np.ndarray:
        """Return the exponential of the raw scores."""
        return np.exp(raw, out=raw)


class Poisson(CanonicalLoss, LogLinkLoss, name="poisson"):
    """Half the Poisson deviance, with the exponential as inverse link.

    For counts and frequencies: targets are 0 or above.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import Poisson
    >>> Poisson().value(np.array([[2.0]]), np.array([[2.0]]))
    array([0.])
    """

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return half the deviance."""
        # Not ``xlogy(target, target / prediction)``: 0 predicted for 0 costs nothing.
        logs = xlogy(target, target) - xlogy(target, prediction)
        return (logs - target + prediction).sum(axis=1)

    def curvature(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the prediction."""
        return prediction

    def check_target(self, y: np.ndarray) -> None:
        """Demand non-negative targets."""
        if y.size and y.min() < 0:
            raise ValueError(
                "loss='poisson' requires y >= 0, got a minimum of "
                f"{y.min():g}. Use loss='squared_error' for targets of either sign."
            )


class Gamma(LogLinkLoss, name="gamma"):
    """Half the gamma deviance, with the exponential as inverse link.

    For amounts whose spread grows with their size: targets are above 0, and only the
    ratio of prediction and target counts.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import Gamma
    >>> Gamma().value(np.array([[2.0]]), np.array([[2.0]]))
    array([0.])
    """

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return half the deviance."""
        # Two logarithms: the ratio of two tiny numbers may not be a number.
        logs = np.log(prediction) - np.log(target)
        return (logs + target / prediction - scalar(1.0, logs)).sum(axis=1)

    def gradient(
        self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray
    ) -> np.ndarray:
        """Write one minus the ratio of target and prediction into ``out``."""
        np.divide(target, prediction, out)
        return np.subtract(scalar(1.0, out), out, out)

    def curvature(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the ratio of target and prediction."""
        return target / prediction

    def check_target(self, y: np.ndarray) -> None:
        """Demand positive targets."""
        if y.size and y.min() <= 0:
            raise ValueError(
                f"loss='gamma' requires y > 0, got a minimum of {y.min():g}. Use "
                "loss='poisson' if y may be 0, loss='squared_error' for targets of "
                "either sign."
            )
