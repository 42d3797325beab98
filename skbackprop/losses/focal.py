"""The focal loss: a cross-entropy that looks away from easy rows."""

from collections.abc import Callable
from numbers import Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.ops import scalar
from skbackprop.losses.base import ClassificationLoss, Loss
from skbackprop.losses.curved import CurvedLoss
from skbackprop.losses.outputs import CurvedSoftmaxLoss, LogisticLoss, clip_probability

# From the probability of a class, that of the others, and gamma.
Bends = Callable[[np.ndarray, np.ndarray, float], np.ndarray]

_GAMMA = {"gamma": [Interval(Real, 0, None, closed="left")]}


class Focal(ClassificationLoss, name="focal"):
    """The focal loss, ``-(1 - p)**gamma * log(p)`` of the true class.

    Rows that are already right count for less, those of a rare class for more. What is
    learned are probabilities drawn towards the middle: good for ranking, not
    calibrated. The balance between classes is what ``class_weight`` is for.

    It is not convex in the raw scores. With u the cross-entropy, which is, it is the
    increasing function ``h(u) = (1 - exp(-u))**gamma * u``. The Gauss-Newton matrix is
    the Hessian with the second derivative of h raised to zero where it is negative,
    as it is for rows that are far off: that of the cross-entropy where ``gamma`` is 0.

    Parameters
    ----------
    gamma : float, default=2.0
        How much less easy rows count; with 0 it is the cross-entropy.

    Examples
    --------
    >>> from skbackprop.losses import Focal
    >>> Focal(gamma=1.0).independent()
    BinaryFocal(gamma=1.0)
    >>> Focal().exclusive((3,))
    CategoricalFocal(n_classes=(3,))
    """

    gamma: float = 2.0

    _parameter_constraints: ClassVar[dict[str, list]] = _GAMMA

    def independent(self) -> Loss:
        """Return the focal loss of logistic outputs."""
        return BinaryFocal(self.gamma)

    def exclusive(self, n_classes: tuple[int, ...]) -> Loss:
        """Return the focal loss of softmax outputs."""
        return CategoricalFocal(n_classes, self.gamma)


class BinaryFocal(CurvedLoss, LogisticLoss):
    """The focal loss of yes-or-no outputs, summed over them.

    Parameters
    ----------
    gamma : float, default=2.0
        How much less easy rows count.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import BinaryFocal
    >>> BinaryFocal(gamma=1.0).value(np.array([[0.5]]), np.array([[1.0]]))
    array([0.34657359])
    """

    gamma: float = 2.0

    _parameter_constraints: ClassVar[dict[str, list]] = _GAMMA

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the expected focal loss."""
        yes, no = _both(prediction)
        gamma, one = scalar(self.gamma, yes), scalar(1.0, yes)
        if_yes = target * no**gamma * np.log(yes)
        if_no = (one - target) * yes**gamma * np.log(no)
        return -(if_yes + if_no).sum(axis=1)

    def gradient(
        self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray
    ) -> np.ndarray:
        """Write the derivative with respect to the raw scores into ``out``."""
        yes, no = _both(prediction)
        gamma, one = scalar(self.gamma, yes), scalar(1.0, yes)
        if_yes = no**gamma * (gamma * yes * np.log(yes) - no)
        if_no = yes**gamma * (gamma * no * np.log(no) - yes)
        np.multiply(target, if_yes, out)
        if_no *= one - target
        return np.subtract(out, if_no, out)

    def curvature(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the expected second derivative."""
        return self._expected(prediction, target, _bends)

    def convex_curvature(
        self, prediction: np.ndarray, target: np.ndarray
    ) -> np.ndarray:
        """Return the part that is never negative."""
        return self._expected(prediction, target, _convex_bends)

    def _expected(
        self, prediction: np.ndarray, target: np.ndarray, bends: Bends
    ) -> np.ndarray:
        yes, no = _both(prediction)
        slope, of_link = _slopes(yes, no, self.gamma), yes * no
        if_yes = bends(yes, no, self.gamma) * no * no + slope * of_link
        slope = _slopes(no, yes, self.gamma)
        if_no = bends(no, yes, self.gamma) * yes * yes + slope * of_link
        return target * if_yes + (scalar(1.0, target) - target) * if_no


class CategoricalFocal(CurvedSoftmaxLoss):
    """The focal loss of exclusive classes, summed over outputs.

    Parameters
    ----------
    n_classes : tuple of int
        The number of classes of each output; raw scores stand side by side.
    gamma : float, default=2.0
        How much less easy rows count.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import CategoricalFocal
    >>> loss = CategoricalFocal((2,), gamma=1.0)
    >>> loss.value(np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]]))
    array([0.34657359])
    """

    gamma: float = 2.0

    _parameter_constraints: ClassVar[dict[str, list]] = _GAMMA

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the expected focal loss."""
        shares, others = _both(prediction)
        others **= scalar(self.gamma, others)
        others *= target
        return -np.einsum("ij,ij->i", others, np.log(shares))

    def gradient(
        self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray
    ) -> np.ndarray:
        """Write the derivative with respect to the raw scores into ``out``."""
        shares, others = _both(prediction)
        gamma, one = scalar(self.gamma, out), scalar(1.0, out)
        # The share of a class times the derivative with respect to it.
        np.multiply(gamma * shares, np.log(shares), out)
        np.subtract(out, others, out)
        np.multiply(out, others ** (gamma - one), out)
        np.multiply(out, target, out)
        for head in self.heads():
            part, of_head = out[:, head], prediction[:, head]
            part -= of_head * part.sum(axis=1, keepdims=True)
        return out

    def curvature(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the weights of an expectation over the target."""
        return self._expected(prediction, target, _bends)

    def convex_curvature(
        self, prediction: np.ndarray, target: np.ndarray
    ) -> np.ndarray:
        """Return the part that is never negative."""
        return self._expected(prediction, target, _convex_bends)

    def _expected(
        self, prediction: np.ndarray, target: np.ndarray, bends: Bends
    ) -> np.ndarray:
        shares, others = _both(prediction)
        slope = target * _slopes(shares, others, self.gamma)
        out = target * bends(shares, others, self.gamma)
        for head in self.heads():
            whole = slope[:, head].sum(axis=1, keepdims=True)
            out[:, head] += whole * prediction[:, head]
        return out


def _both(prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities and those of the contrary, off 0 and 1."""
    yes = clip_probability(prediction.copy())
    return yes, scalar(1.0, yes) - yes


def _slopes(p: np.ndarray, others: np.ndarray, gamma: float) -> np.ndarray:
    """Return the derivative of the loss by the cross-entropy ``u = -log(p)``."""
    power, one = scalar(gamma, p), scalar(1.0, p)
    return others ** (power - one) * (others - power * p * np.log(p))


def _bends(p: np.ndarray, others: np.ndarray, gamma: float) -> np.ndarray:
    """Return the second derivative of the loss by the cross-entropy."""
    power, one, two = (scalar(number, p) for number in (gamma, 1.0, 2.0))
    bend = two * others - np.log(p) * (power * p - one)
    return power * p * others ** (power - two) * bend


def _convex_bends(p: np.ndarray, others: np.ndarray, gamma: float) -> np.ndarray:
    """Return the second derivative, or zero where it is negative."""
    bend = _bends(p, others, gamma)
    return np.maximum(bend, scalar(0.0, bend), out=bend)
