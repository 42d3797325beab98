"""The squared error of probabilities."""

import numpy as np

from skbackprop.core.ops import scalar
from skbackprop.losses.base import ClassificationLoss, Loss
from skbackprop.losses.curved import CurvedLoss
from skbackprop.losses.outputs import CurvedSoftmaxLoss, LogisticLoss, logistic_slope


class ProbabilitySquaredError(ClassificationLoss, name="squared_error"):
    """Half the squared error of probabilities, as in the first networks of its kind.

    Twice its mean over rows is the Brier score, for exclusive classes. It bounds what
    a wrong label can cost, but where a network is sure and wrong its gradient vanishes:
    training may get stuck where the cross-entropy would not.

    Examples
    --------
    >>> from skbackprop.losses import ProbabilitySquaredError
    >>> ProbabilitySquaredError().independent()
    BinarySquaredError()
    >>> ProbabilitySquaredError().exclusive((3,))
    CategoricalSquaredError(n_classes=(3,))
    """

    def independent(self) -> Loss:
        """Return the loss of logistic outputs."""
        return BinarySquaredError()

    def exclusive(self, n_classes: tuple[int, ...]) -> Loss:
        """Return the loss of softmax outputs."""
        return CategoricalSquaredError(n_classes)


class BinarySquaredError(CurvedLoss, LogisticLoss):
    """Half the squared error of logistic outputs, summed over them.

    It is convex in the probabilities, not in the raw scores. The Gauss-Newton matrix is
    the Hessian of the former, pulled back through the slope of the link.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import BinarySquaredError
    >>> BinarySquaredError().value(np.array([[0.8]]), np.array([[1.0]])).round(3)
    array([0.02])
    """

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return half the expected squared error."""
        return _half_squares(prediction, target)

    def gradient(
        self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray
    ) -> np.ndarray:
        """Write the residual times the slope of the logistic function into ``out``."""
        np.subtract(prediction, target, out)
        np.multiply(out, prediction, out)
        return np.multiply(out, scalar(1.0, out) - prediction, out)

    def curvature(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the square of the logistic slope, and what its change adds."""
        slope, one = logistic_slope(prediction), scalar(1.0, prediction)
        bend = (one - prediction - prediction) * (prediction - target)
        return slope * (slope + bend)

    def convex_curvature(
        self, prediction: np.ndarray, target: np.ndarray
    ) -> np.ndarray:
        """Return the square of the logistic slope."""
        return logistic_slope(prediction) ** 2


class CategoricalSquaredError(CurvedSoftmaxLoss):
    """Half the squared error of softmax outputs, summed over classes.

    It is convex in the probabilities, not in the raw scores. The Gauss-Newton matrix is
    the Hessian of the former, pulled back through the Jacobian of the link.

    Parameters
    ----------
    n_classes : tuple of int
        The number of classes of each output; raw scores stand side by side.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import CategoricalSquaredError
    >>> loss = CategoricalSquaredError((2,))
    >>> loss.value(np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]]))
    array([0.25])
    """

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return half the expected squared error."""
        return _half_squares(prediction, target)

    def gradient(
        self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray
    ) -> np.ndarray:
        """Write the residual times the slopes of the softmax into ``out``."""
        np.subtract(prediction, target, out)
        for head in self.heads():
            part, shares = out[:, head], prediction[:, head]
            part -= np.einsum("ij,ij->i", part, shares)[:, np.newaxis]
        return np.multiply(out, prediction, out)

    def curvature(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the squares of the probabilities plus the gradient."""
        bend = self.gradient(prediction, target, np.empty_like(prediction))
        return self.convex_curvature(prediction, target) + bend

    def convex_curvature(
        self, prediction: np.ndarray, target: np.ndarray
    ) -> np.ndarray:
        """Return the squares of the probabilities."""
        return prediction * prediction


def _half_squares(prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    residual = prediction - target
    squares = np.einsum("ij,ij->i", residual, residual)
    # What a class drawn from a soft target adds: 0 for a hard one.
    squares += np.einsum("ij,ij->i", target, scalar(1.0, target) - target)
    return scalar(0.5, squares) * squares
