"""What outputs look like: probabilities of yes, and classes that exclude each other."""

from functools import cache
from itertools import accumulate, pairwise
from typing import ClassVar

import numpy as np

from skbackprop.core.ops import logistic, scalar, softmax
from skbackprop.losses.base import Loss
from skbackprop.losses.curved import CurvedLoss


class LogisticLoss(Loss):
    """A loss on probabilities of yes, one an output: the logistic link."""

    link: ClassVar[str] = "logistic"
    has_probabilities: ClassVar[bool] = True

    def inverse_link(self, raw: np.ndarray) -> np.ndarray:
        """Return the logistic function of the raw scores."""
        return logistic(raw)


class ExclusiveLoss(Loss):
    """A loss on classes that exclude each other, for one output or for several.

    Parameters
    ----------
    n_classes : tuple of int
        The number of classes of each output; raw scores stand side by side.
    """

    n_classes: tuple[int, ...] = (2,)

    def heads(self) -> list[slice]:
        """Return the columns of each output.

        Returns
        -------
        list of slice
            One for each output, in order.
        """
        ends = accumulate(self.n_classes, initial=0)
        return [slice(start, stop) for start, stop in pairwise(ends)]


class SoftmaxLoss(ExclusiveLoss):
    """A loss on probabilities of exclusive classes: a softmax for each output."""

    link: ClassVar[str] = "softmax"
    has_probabilities: ClassVar[bool] = True

    def inverse_link(self, raw: np.ndarray) -> np.ndarray:
        """Return the softmax of each output's raw scores."""
        if len(self.n_classes) == 1:
            return softmax(raw)
        for head in self.heads():
            softmax(raw[:, head])
        return raw


class CurvedSoftmaxLoss(CurvedLoss, SoftmaxLoss):
    """A loss on softmax outputs with weighted outer products for a Hessian.

    They are those of the vectors ``e_j - p``, one for each class j of an output, with p
    the probabilities and ``e_j`` a unit vector. A sum over classes of functions of
    their probabilities has the weights ``p_j ** 2`` times the second derivative of the
    j-th function, plus the j-th entry of the gradient.
    """

    def components(self, prediction: np.ndarray, tangent: np.ndarray) -> np.ndarray:
        """Return the tangents less their means, weighted by the probabilities."""
        out = np.empty_like(tangent)
        for head in self.heads():
            part = tangent[..., head]
            mean = np.einsum("ij,kij->ki", prediction[:, head], part)
            np.subtract(part, mean[..., np.newaxis], out[..., head])
        return out

    def combined(self, prediction: np.ndarray, components: np.ndarray) -> np.ndarray:
        """Return the components less the probabilities times their sums."""
        out = np.empty_like(components)
        for head in self.heads():
            part = components[..., head]
            whole = np.einsum("kij->ki", part)[..., np.newaxis]
            np.subtract(part, prediction[:, head] * whole, out[..., head])
        return out


def logistic_slope(prediction: np.ndarray) -> np.ndarray:
    """Return the derivative of the logistic function from its value.

    Parameters
    ----------
    prediction : ndarray
        Probabilities.

    Returns
    -------
    ndarray
        Of the same shape.
    """
    return prediction * (scalar(1.0, prediction) - prediction)


def clip_probability(probability: np.ndarray) -> np.ndarray:
    """Keep probabilities an epsilon away from 0 and 1, in place.

    So do scikit-learn's losses for the value, and so do the reported curves here: a
    logarithm stays finite.

    Parameters
    ----------
    probability : ndarray
        Overwritten.

    Returns
    -------
    ndarray
        ``probability``.
    """
    low, high = _ends(probability.dtype)
    np.maximum(probability, low, out=probability)
    return np.minimum(probability, high, out=probability)


@cache
def _ends(dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    eps = np.finfo(dtype).eps
    return np.array(eps, dtype), np.array(1.0 - eps, dtype)
