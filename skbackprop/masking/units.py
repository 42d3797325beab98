"""What goes at once: single weights, hidden units, or inputs."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Protocol

import numpy as np

from skbackprop.core.spec import Spec
from skbackprop.masking.criteria import Criterion
from skbackprop.masking.point import Point, biases
from skbackprop.masking.structure import Structure

__all__ = ["Inputs", "MaskedUnit", "Neurons", "Subject", "Unit", "Weights"]


class Subject(Protocol):
    """What units are taken out of: a fitted estimator, or a fit."""

    def point(self, rng: np.random.RandomState) -> Point:
        """Return it as criteria see it."""

    def write(self, theta: np.ndarray, free: np.ndarray) -> None:
        """Give it other parameters, and hold at zero what is not free."""


class Unit(Spec, ABC, family=True):
    """The family that fills the slot ``unit`` of :func:`prune` and of schedules.

    Attributes
    ----------
    keeps_shape : bool
        Whether the network stays as large as it is: only then, units can go during a
        fit.
    """

    keeps_shape: ClassVar[bool] = True

    @abstractmethod
    def prune(
        self,
        subject: Any,
        criterion: Criterion,
        amount: float,
        rng: np.random.RandomState,
    ) -> None:
        """Take units out.

        Parameters
        ----------
        subject : Subject
            What they are taken out of; changed.
        criterion : Criterion
            Says how much each unit matters.
        amount : float
            The share of all units that is to be gone afterwards.
        rng : RandomState
            The source of randomness.
        """


class MaskedUnit(Unit):
    """Units that are taken out by holding parameters at zero."""

    def prune(
        self,
        subject: Any,
        criterion: Criterion,
        amount: float,
        rng: np.random.RandomState,
    ) -> None:
        """Hold the least important units at zero, and let the others compensate."""
        point = subject.point(rng)
        free = self.free(point, criterion, amount)
        if not np.array_equal(free, point.free):
            subject.write(criterion.compensated(point, free), free)

    @abstractmethod
    def free(self, point: Point, criterion: Criterion, amount: float) -> np.ndarray:
        """Return what stays free.

        Parameters
        ----------
        point : Point
            Parameters and objective before.
        criterion : Criterion
            Says how much each unit matters.
        amount : float
            The share of all units that is to be gone.

        Returns
        -------
        ndarray of bool of shape (n_trainable,)
            A new mask.
        """

    @abstractmethod
    def count(self, point: Point) -> tuple[int, int]:
        """Return how many units are gone, and how many there are.

        Parameters
        ----------
        point : Point
            Tells what is held at zero.

        Returns
        -------
        gone, total : int
            The numbers.
        """


class Weights(MaskedUnit, name="weights"):
    """Single weights, wherever they are; biases stay.

    Examples
    --------
    >>> from skbackprop.pruning import Weights
    >>> Weights()
    Weights()
    """

    def free(self, point: Point, criterion: Criterion, amount: float) -> np.ndarray:
        """Hold the weights of the lowest scores at zero."""
        saliency, free = criterion.saliency(point), point.free.copy()
        weights = point.layout.weights(free)
        if saliency.shape != weights.shape:
            raise ValueError(
                f"{criterion!r} must score each of {weights.size} weights, but gave an "
                f"array of shape {saliency.shape}."
            )
        saliency[~weights] = 0.0
        _check_finite([saliency], criterion)
        scores = criterion.comparable(point.matrices(saliency))
        flat = np.concatenate([score.ravel() for score in scores])
        flat[~weights] = -np.inf
        weights[_lowest(flat, amount)] = False
        return free

    def count(self, point: Point) -> tuple[int, int]:
        """Count weights."""
        weights = point.layout.weights(point.free)
        return int(np.sum(~weights)), weights.size


class Rows(MaskedUnit):
    """Units that feed a layer; each is a row of its weight matrix."""

    @abstractmethod
    def fed(self, point: Point) -> range:
        """Return the indices, in ``coefs_``, of the layers whose feeders may go.

        Parameters
        ----------
        point : Point
            Tells how many there are.
        """

    def free(self, point: Point, criterion: Criterion, amount: float) -> np.ndarray:
        """Hold all weights of the units of the lowest scores at zero."""
        layers, free = self.fed(point), point.free.copy()
        masks = point.matrices(free)
        alive = [masks[layer].any(axis=1) for layer in layers]
        found = criterion.unit_saliency(point)
        saliency = [
            np.where(a, found[i], 0.0) for a, i in zip(alive, layers, strict=True)
        ]
        _check_finite(saliency, criterion)
        scores = [score.astype(float) for score in criterion.comparable(saliency)]
        for score, lives in zip(scores, alive, strict=True):
            score[~lives] = -np.inf
            # A layer without units would be no layer.
            score[np.argmax(score)] = np.inf
        if not layers:
            return free
        gone = _lowest(np.concatenate(scores), amount)
        marks = np.zeros(sum(map(len, scores)), bool)
        marks[gone] = True
        parts = np.split(marks, np.cumsum([len(score) for score in scores])[:-1])
        for layer, part in zip(layers, parts, strict=True):
            _cut(point, free, layer, part)
        return free

    def count(self, point: Point) -> tuple[int, int]:
        """Count those without weights to go."""
        masks = point.matrices(point.free)
        fed = [masks[layer] for layer in self.fed(point)]
        gone = sum(int(np.sum(~mask.any(axis=1))) for mask in fed)
        return gone, sum(map(len, fed))


class Neurons(Rows, name="neurons"):
    """Hidden units, with all their weights and their bias; each layer keeps one.

    Where a layer's units are normalised together, a unit goes on taking part in that:
    only the weights that leave it go.

    Examples
    --------
    >>> from skbackprop.pruning import Neurons
    >>> Neurons()
    Neurons()
    """

    def fed(self, point: Point) -> range:
        """Return all layers but the first."""
        return range(1, len(point.matrices(point.weights)))


class Inputs(Rows, name="inputs"):
    """Features, with all their weights.

    Examples
    --------
    >>> from skbackprop.pruning import Inputs
    >>> Inputs()
    Inputs()
    """

    def fed(self, point: Point) -> range:
        """Return the first layer."""
        return range(1)


def _cut(point: Point, free: np.ndarray, layer: int, gone: np.ndarray) -> None:
    """Mark all weights of some feeders of a layer as held, and their biases."""
    masks = point.matrices(free)
    masks[layer][gone] = False
    if layer > 0 and Structure(point.network).is_separable(layer - 1):
        masks[layer - 1][:, gone] = False
        biases(point.layout, free)[layer - 1][gone] = False


def _check_finite(saliencies: list[np.ndarray], criterion: Criterion) -> None:
    """Refuse what cannot be put in order."""
    if not all(np.isfinite(values).all() for values in saliencies):
        raise ValueError(
            f"criterion={criterion!r} gave scores that are not finite numbers: inputs, "
            "targets or weights are too large to take squares of. Scale the inputs, "
            "or take a criterion without data, such as 'magnitude'."
        )


def _lowest(scores: np.ndarray, amount: float) -> np.ndarray:
    """Return the positions of the lowest scores; of equal ones, the first."""
    # Never those that have to stay.
    count = min(round(amount * scores.size), int(np.sum(scores < np.inf)))
    return np.argsort(scores, kind="stable")[:count]
