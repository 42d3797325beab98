"""Hinge losses: rows that are right by a margin cost nothing."""

from numbers import Integral
from typing import ClassVar

import numpy as np

from skbackprop._compat import Options
from skbackprop.core.ops import scalar
from skbackprop.losses.base import ClassificationLoss, Loss
from skbackprop.losses.curved import CurvedLoss
from skbackprop.losses.outputs import ExclusiveLoss

_POWER = {"power": [Options(Integral, {1, 2})]}


class Hinge(ClassificationLoss, name="hinge"):
    """The hinge loss: Crammer and Singer's for exclusive classes.

    There are no probabilities, as scores are margins. At its kink, a row that is right
    by exactly the margin, the gradient is 0.

    Examples
    --------
    >>> from skbackprop.losses import Hinge
    >>> Hinge().independent()
    BinaryHinge()
    >>> Hinge().exclusive((3,))
    CategoricalHinge(n_classes=(3,))
    """

    def independent(self) -> Loss:
        """Return the binary hinge loss."""
        return BinaryHinge()

    def exclusive(self, n_classes: tuple[int, ...]) -> Loss:
        """Return Crammer and Singer's hinge loss."""
        return CategoricalHinge(n_classes)


class SquaredHinge(ClassificationLoss, name="squared_hinge"):
    """The squared hinge loss, whose derivative has no jump at the margin.

    There are no probabilities, as scores are margins.

    Examples
    --------
    >>> from skbackprop.losses import SquaredHinge
    >>> SquaredHinge().independent()
    BinaryHinge(power=2)
    >>> SquaredHinge().exclusive((3,))
    CategoricalHinge(n_classes=(3,), power=2)
    """

    def independent(self) -> Loss:
        """Return the squared binary hinge loss."""
        return BinaryHinge(power=2)

    def exclusive(self, n_classes: tuple[int, ...]) -> Loss:
        """Return the square of Crammer and Singer's hinge loss."""
        return CategoricalHinge(n_classes, power=2)


class BinaryHinge(CurvedLoss):
    """The hinge loss of yes-or-no outputs, summed over them.

    A yes costs ``max(0, 1 - f)``, a no ``max(0, 1 + f)``, to some power. At the kink
    of power 1, a margin of exactly 1, the gradient is 0.

    Parameters
    ----------
    power : {1, 2}, default=1
        The power.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import BinaryHinge
    >>> BinaryHinge().value(np.array([[0.5], [2.0]]), np.ones((2, 1)))
    array([0.5, 0. ])
    """

    power: int = 1

    link: ClassVar[str] = "identity"
    threshold: ClassVar[float] = 0.0
    _parameter_constraints: ClassVar[dict[str, list]] = _POWER

    def inverse_link(self, raw: np.ndarray) -> np.ndarray:
        """Return the raw scores."""
        return raw

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the expected hinge loss."""
        one = scalar(1.0, prediction)
        yes = _cost(one - prediction, self.power)
        no = _cost(one + prediction, self.power)
        return (target * yes + (one - target) * no).sum(axis=1)

    def gradient(
        self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray
    ) -> np.ndarray:
        """Write the derivative, 0 beyond the margin, into ``out``."""
        one = scalar(1.0, out)
        yes = _slope(np.subtract(one, prediction, out), self.power) * target
        no = _slope(np.add(one, prediction, out), self.power)
        no *= one - target
        return np.subtract(no, yes, out)

    def curvature(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return 2 within the margin for power 2, and 0 beyond, at, or without it."""
        one = scalar(1.0, prediction)
        yes = _bend(one - prediction, self.power)
        no = _bend(one + prediction, self.power)
        return target * yes + (one - target) * no


class CategoricalHinge(CurvedLoss, ExclusiveLoss):
    """Crammer and Singer's hinge loss of exclusive classes, summed over outputs.

    The true class costs ``max(0, 1 + r - f)``, to some power, where f is its score and
    r the highest score of another class. At the kink of power 1, a lead of exactly 1,
    the gradient is 0; where several others have the highest score, the first of them
    is the rival.

    Parameters
    ----------
    n_classes : tuple of int
        The number of classes of each output; raw scores stand side by side.
    power : {1, 2}, default=1
        The power.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import CategoricalHinge
    >>> loss = CategoricalHinge((3,))
    >>> loss.value(np.array([[1.5, 1.0, 0.0]]), np.array([[1.0, 0.0, 0.0]]))
    array([0.5])
    """

    power: int = 1

    link: ClassVar[str] = "identity"
    threshold: ClassVar[float] = 0.0
    _parameter_constraints: ClassVar[dict[str, list]] = _POWER

    def inverse_link(self, raw: np.ndarray) -> np.ndarray:
        """Return the raw scores."""
        return raw

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the expected hinge loss."""
        total = np.zeros(len(prediction), prediction.dtype)
        for head in self.heads():
            slack = _slack(prediction[:, head], *_leaders(prediction[:, head]))
            cost = _cost(slack, self.power)
            total += np.einsum("ij,ij->i", target[:, head], cost)
        return total

    def gradient(
        self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray
    ) -> np.ndarray:
        """Write the derivative, 0 beyond the margin, into ``out``."""
        rows = np.arange(len(prediction))
        for head in self.heads():
            scores, part = prediction[:, head], out[:, head]
            first, second = _leaders(scores)
            push = _slope(_slack(scores, first, second), self.power)
            push *= target[:, head]
            np.negative(push, part)
            # Each class is pushed away from its rival: from the first, but for the
            # first itself, whose rival is the second.
            of_first = push[rows, first]
            part[rows, first] += push.sum(axis=1) - of_first
            part[rows, second] += of_first
        return out

    def curvature(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the target's share of 2 for classes that lack a lead, at power 2."""
        out = np.empty_like(prediction)
        for head in self.heads():
            scores = prediction[:, head]
            bend = _bend(_slack(scores, *_leaders(scores)), self.power)
            np.multiply(target[:, head], bend, out[:, head])
        return out

    def components(self, prediction: np.ndarray, tangent: np.ndarray) -> np.ndarray:
        """Return how each class moves relative to its rival."""
        rows, out = np.arange(len(prediction)), np.empty_like(tangent)
        for head in self.heads():
            first, second = _leaders(prediction[:, head])
            part, moves = tangent[..., head], out[..., head]
            of_first = part[:, rows, first]
            np.subtract(part, of_first[..., np.newaxis], moves)
            moves[:, rows, first] = of_first - part[:, rows, second]
        return out

    def combined(self, prediction: np.ndarray, components: np.ndarray) -> np.ndarray:
        """Return what is pushed towards each class, less what its rivals get."""
        rows, out = np.arange(len(prediction)), components.copy()
        for head in self.heads():
            first, second = _leaders(prediction[:, head])
            push, part = components[..., head], out[..., head]
            of_first = push[:, rows, first]
            part[:, rows, first] -= push.sum(axis=2) - of_first
            part[:, rows, second] -= of_first
        return out


def _leaders(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the class of the highest score in each row, and of the next highest."""
    first = scores.argmax(axis=1)
    rest = scores.copy()
    rest[np.arange(len(scores)), first] = -np.inf
    return first, rest.argmax(axis=1)


def _slack(scores: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return what each class lacks of a lead of 1; a single class lacks nothing."""
    if scores.shape[1] == 1:
        return np.zeros_like(scores)
    rows = np.arange(len(scores))
    highest = scores[rows, first]
    slack = highest[:, np.newaxis] - scores
    slack[rows, first] = scores[rows, second] - highest
    slack += scalar(1.0, slack)
    return slack


def _cost(slack: np.ndarray, power: int) -> np.ndarray:
    """Replace what is lacking by what it costs."""
    np.maximum(slack, scalar(0.0, slack), out=slack)
    slack **= power
    return slack


def _slope(slack: np.ndarray, power: int) -> np.ndarray:
    """Return the derivative of ``_cost``, 0 at the kink; may overwrite its input."""
    np.maximum(slack, scalar(0.0, slack), out=slack)
    lacks = np.sign(slack)
    if power == 1:
        return lacks
    lacks *= scalar(power, slack)
    lacks *= slack ** (power - 1)
    return lacks


def _bend(slack: np.ndarray, power: int) -> np.ndarray:
    """Return the derivative of ``_slope``, 0 at the kink."""
    lacks = (slack > 0).astype(slack.dtype)
    return scalar(power * (power - 1), slack) * lacks
