"""The cross-entropy, of hard targets, of soft ones, and with smoothed labels."""

from numbers import Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.ops import scalar
from skbackprop.losses.base import CanonicalLoss, ClassificationLoss, Loss
from skbackprop.losses.curved import CurvedLoss
from skbackprop.losses.outputs import (
    CurvedSoftmaxLoss,
    LogisticLoss,
    clip_probability,
    logistic_slope,
)

_SMOOTHING = {"label_smoothing": [Interval(Real, 0, 1, closed="left")]}


class LogLoss(ClassificationLoss, name="log_loss"):
    """The cross-entropy: logistic for yes-or-no outputs, softmax for exclusive classes.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        The share of the target that is spread evenly over all classes, in [0, 1): a
        guard against overconfidence and against wrong labels.

    Examples
    --------
    >>> from skbackprop.losses import LogLoss
    >>> LogLoss().independent()
    BinaryCrossEntropy()
    >>> LogLoss().exclusive((3,))
    CrossEntropy(n_classes=(3,))
    >>> LogLoss(label_smoothing=0.1).exclusive((3,))
    SoftCrossEntropy(label_smoothing=0.1, n_classes=(3,))
    """

    label_smoothing: float = 0.0

    _parameter_constraints: ClassVar[dict[str, list]] = _SMOOTHING

    def independent(self) -> Loss:
        """Return the binary cross-entropy."""
        if self.label_smoothing == 0:
            return BinaryCrossEntropy()
        return SoftBinaryCrossEntropy(label_smoothing=self.label_smoothing)

    def exclusive(self, n_classes: tuple[int, ...]) -> Loss:
        """Return the categorical cross-entropy."""
        if self.label_smoothing == 0:
            return CrossEntropy(n_classes)
        return SoftCrossEntropy(n_classes, self.label_smoothing)


class BinaryCrossEntropy(CanonicalLoss, CurvedLoss, LogisticLoss):
    """The cross-entropy of yes-or-no outputs, summed over them; targets are 0 or 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import BinaryCrossEntropy
    >>> BinaryCrossEntropy().value(np.array([[0.5]]), np.array([[1.0]]))
    array([0.69314718])
    """

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return minus the log-probability of the targets."""
        # |1 - t - p| is p where t is 1, and 1 - p where it is 0, to the bit.
        likelihood = np.subtract(scalar(1.0, prediction), target)
        np.subtract(likelihood, prediction, likelihood)
        np.absolute(likelihood, likelihood)
        logs = _log(likelihood)
        return -(logs[:, 0] if logs.shape[1] == 1 else logs.sum(axis=1))

    def curvature(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the slope of the logistic function."""
        return logistic_slope(prediction)

    def softened(self) -> Loss:
        """Return the one that takes any probability as a target."""
        return SoftBinaryCrossEntropy()


class CrossEntropy(CanonicalLoss, CurvedSoftmaxLoss):
    """The cross-entropy of exclusive classes, summed over outputs; one is the target.

    Parameters
    ----------
    n_classes : tuple of int
        The number of classes of each output; raw scores stand side by side.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import CrossEntropy
    >>> CrossEntropy((2,)).value(np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]]))
    array([0.69314718])
    """

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return minus the log-probability of the targets."""
        # One logarithm a row, not one a class.
        likelihood = [
            np.einsum("ij,ij->i", prediction[:, head], target[:, head])
            for head in self.heads()
        ]
        return -_log(np.stack(likelihood)).sum(axis=0)

    def curvature(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the probabilities."""
        return prediction

    def softened(self) -> Loss:
        """Return the one that takes any distribution as a target."""
        return SoftCrossEntropy(self.n_classes)


class SoftBinaryCrossEntropy(CurvedLoss, LogisticLoss):
    """The cross-entropy of yes-or-no outputs whose targets are probabilities.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        A target t becomes ``(1 - label_smoothing) t + label_smoothing / 2``.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import SoftBinaryCrossEntropy
    >>> SoftBinaryCrossEntropy().value(np.array([[0.5]]), np.array([[0.3]]))
    array([0.69314718])
    """

    is_canonical: ClassVar[bool] = True
    label_smoothing: float = 0.0

    _parameter_constraints: ClassVar[dict[str, list]] = _SMOOTHING

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the expected log-loss."""
        yes = _smooth(target, self.label_smoothing, 2, np.empty_like(prediction))
        log_yes = _log(prediction.copy())
        log_no = _log(1.0 - prediction)
        return -(yes * log_yes + (1.0 - yes) * log_no).sum(axis=1)

    def gradient(
        self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray
    ) -> np.ndarray:
        """Write the prediction minus the smoothed target into ``out``."""
        _smooth(target, self.label_smoothing, 2, out)
        return np.subtract(prediction, out, out)

    def curvature(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the slope of the logistic function."""
        return logistic_slope(prediction)


class SoftCrossEntropy(CurvedSoftmaxLoss):
    """The cross-entropy of exclusive classes whose targets are distributions.

    Parameters
    ----------
    n_classes : tuple of int
        The number of classes of each output; raw scores stand side by side.
    label_smoothing : float, default=0.0
        A target t of k classes becomes
        ``(1 - label_smoothing) t + label_smoothing / k``.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import SoftCrossEntropy
    >>> SoftCrossEntropy((2,)).value(np.array([[0.5, 0.5]]), np.array([[0.3, 0.7]]))
    array([0.69314718])
    """

    is_canonical: ClassVar[bool] = True
    label_smoothing: float = 0.0

    _parameter_constraints: ClassVar[dict[str, list]] = _SMOOTHING

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the expected log-loss."""
        smooth = self._smoothed(target, np.empty_like(prediction))
        return -np.einsum("ij,ij->i", smooth, _log(prediction.copy()))

    def gradient(
        self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray
    ) -> np.ndarray:
        """Write the prediction minus the smoothed target into ``out``."""
        return np.subtract(prediction, self._smoothed(target, out), out)

    def curvature(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the probabilities."""
        return prediction

    def _smoothed(self, target: np.ndarray, out: np.ndarray) -> np.ndarray:
        for head, k in zip(self.heads(), self.n_classes, strict=True):
            _smooth(target[:, head], self.label_smoothing, k, out[:, head])
        return out


def _log(likelihood: np.ndarray) -> np.ndarray:
    clip_probability(likelihood)
    return np.log(likelihood, out=likelihood)


def _smooth(target: np.ndarray, share: float, k: int, out: np.ndarray) -> np.ndarray:
    """Spread a share of the target evenly over k classes."""
    np.multiply(target, scalar(1.0 - share, out), out)
    return np.add(out, scalar(share / k, out), out)
