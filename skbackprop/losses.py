"""Losses: what training minimises, on the raw scores of a network.

A loss holds its inverse link, which turns raw scores into predictions in place; its
value and its gradient are functions of the same two arrays, a prediction and a target.
The gradient is the one with respect to the raw scores.
"""

from abc import ABC, abstractmethod
from itertools import accumulate, pairwise
from typing import ClassVar

import numpy as np
from scipy.special import xlogy

from skbackprop.core.ops import logistic, softmax
from skbackprop.core.spec import Spec

__all__ = [
    "BinaryCrossEntropy",
    "CanonicalLoss",
    "ClassificationLoss",
    "CrossEntropy",
    "LogLoss",
    "Loss",
    "Poisson",
    "RegressionLoss",
    "SquaredError",
]


class Loss(Spec, ABC):
    """A differentiable loss on raw scores.

    Attributes
    ----------
    link : str
        The name of the inverse link, reported as ``out_activation_``.
    """

    link: ClassVar[str]

    @abstractmethod
    def inverse_link(self, raw: np.ndarray) -> np.ndarray:
        """Replace raw scores by predictions, in place, and return them.

        Parameters
        ----------
        raw : ndarray of shape (n_samples, n_outputs)
            Raw scores; overwritten.
        """

    @abstractmethod
    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the loss of each sample, summed over outputs.

        Parameters
        ----------
        prediction : ndarray of shape (n_samples, n_outputs)
            What ``inverse_link`` gave.
        target : ndarray of shape (n_samples, n_outputs)
            The targets, of the same floating type.
        """

    @abstractmethod
    def gradient(
        self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray
    ) -> np.ndarray:
        """Write the derivative with respect to the raw scores into ``out``.

        Parameters
        ----------
        prediction, target, out : ndarray of shape (n_samples, n_outputs)
            As for ``value``; ``out`` may not be ``target``.
        """

    def check_target(self, y: np.ndarray) -> None:
        """Raise a ``ValueError`` if a target is out of the range of the loss.

        Parameters
        ----------
        y : ndarray
            Targets, as the user gave them; all are in range unless a loss objects.
        """

    def reported_share(self, n_outputs: int) -> float:
        """Return what the reported loss is multiplied by: 1 unless it is a mean.

        Parameters
        ----------
        n_outputs : int
            The number of outputs.
        """
        return 1.0


class CanonicalLoss(Loss):
    """A loss whose link is its canonical one.

    The derivative with respect to the raw scores is then the residual, whatever the
    loss.
    """

    def gradient(
        self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray
    ) -> np.ndarray:
        """Write ``prediction - target`` into ``out``."""
        return np.subtract(prediction, target, out)


class RegressionLoss(Loss, family=True):
    """The family that fills the ``loss`` slot of a regressor.

    Attributes
    ----------
    positive_only : bool
        Whether negative targets are out of range.
    """

    positive_only: ClassVar[bool] = False


class SquaredError(CanonicalLoss, RegressionLoss, name="squared_error"):
    """Half the squared error, summed over outputs, with the identity link.

    Reported losses are the mean over outputs, as scikit-learn reports them.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import SquaredError
    >>> SquaredError().value(np.array([[3.0]]), np.array([[1.0]]))
    array([2.])
    """

    link: ClassVar[str] = "identity"

    def inverse_link(self, raw: np.ndarray) -> np.ndarray:
        """Return the raw scores."""
        return raw

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return half the squared error."""
        residual = prediction - target
        return 0.5 * np.einsum("ij,ij->i", residual, residual)

    def reported_share(self, n_outputs: int) -> float:
        """Return one part in ``n_outputs``."""
        return 1.0 / n_outputs


class Poisson(CanonicalLoss, RegressionLoss, name="poisson"):
    """Half the Poisson deviance, with the exponential as inverse link.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import Poisson
    >>> Poisson().value(np.array([[2.0]]), np.array([[2.0]]))
    array([0.])
    """

    link: ClassVar[str] = "exp"
    positive_only: ClassVar[bool] = True

    def inverse_link(self, raw: np.ndarray) -> np.ndarray:
        """Return the exponential of the raw scores."""
        return np.exp(raw, out=raw)

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return half the deviance."""
        # Not ``xlogy(target, target / prediction)``: 0 predicted for 0 costs nothing.
        logs = xlogy(target, target) - xlogy(target, prediction)
        return (logs - target + prediction).sum(axis=1)

    def check_target(self, y: np.ndarray) -> None:
        """Demand non-negative targets."""
        if y.size and y.min() < 0:
            raise ValueError(
                "loss='poisson' requires y >= 0, got a minimum of "
                f"{y.min():g}. Use loss='squared_error' for targets of either sign."
            )


class ClassificationLoss(Spec, ABC, family=True):
    """The family that fills the ``loss`` slot of a classifier.

    A member tells which loss each kind of target trains with.
    """

    @abstractmethod
    def independent(self) -> Loss:
        """Return the loss of outputs that are yes or no each (binary, multilabel)."""

    @abstractmethod
    def exclusive(self, n_classes: tuple[int, ...]) -> Loss:
        """Return the loss of one class out of several, for one or several outputs.

        Parameters
        ----------
        n_classes : tuple of int
            The number of classes of each output.
        """


class LogLoss(ClassificationLoss, name="log_loss"):
    """The cross-entropy: logistic for yes-or-no outputs, softmax for exclusive classes.

    Examples
    --------
    >>> from skbackprop.losses import LogLoss
    >>> LogLoss().independent()
    BinaryCrossEntropy()
    >>> LogLoss().exclusive((3,))
    CrossEntropy(n_classes=(3,))
    """

    def independent(self) -> Loss:
        """Return the binary cross-entropy."""
        return BinaryCrossEntropy()

    def exclusive(self, n_classes: tuple[int, ...]) -> Loss:
        """Return the categorical cross-entropy."""
        return CrossEntropy(n_classes)


class BinaryCrossEntropy(CanonicalLoss):
    """The cross-entropy of yes-or-no outputs, summed over them.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import BinaryCrossEntropy
    >>> BinaryCrossEntropy().value(np.array([[0.5]]), np.array([[1.0]]))
    array([0.69314718])
    """

    link: ClassVar[str] = "logistic"

    def inverse_link(self, raw: np.ndarray) -> np.ndarray:
        """Return the logistic function of the raw scores."""
        return logistic(raw)

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return minus the log-probability of the targets."""
        likelihood = np.where(target > 0.5, prediction, 1.0 - prediction)
        return -_log(likelihood).sum(axis=1)


class CrossEntropy(CanonicalLoss):
    """The cross-entropy of exclusive classes, summed over outputs.

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

    n_classes: tuple[int, ...] = (2,)

    link: ClassVar[str] = "softmax"

    def heads(self) -> list[slice]:
        """Return the columns of each output."""
        ends = accumulate(self.n_classes, initial=0)
        return [slice(start, stop) for start, stop in pairwise(ends)]

    def inverse_link(self, raw: np.ndarray) -> np.ndarray:
        """Return the softmax of each output's raw scores."""
        for head in self.heads():
            softmax(raw[:, head])
        return raw

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return minus the log-probability of the targets."""
        likelihood = [
            np.einsum("ij,ij->i", prediction[:, head], target[:, head])
            for head in self.heads()
        ]
        return -_log(np.stack(likelihood)).sum(axis=0)


def _log(likelihood: np.ndarray) -> np.ndarray:
    # scikit-learn's losses keep probabilities an epsilon away from 0 and 1 for the
    # value, not for the gradient; so do the reported curves here.
    eps = np.finfo(likelihood.dtype).eps
    np.maximum(likelihood, eps, out=likelihood)
    np.minimum(likelihood, 1.0 - eps, out=likelihood)
    return np.log(likelihood, out=likelihood)
