"""Which weights matter least: the family, and criteria that need no data."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from skbackprop.core.spec import Spec
from skbackprop.masking.point import Point

__all__ = ["LAMP", "Criterion", "Magnitude", "MagnitudePerLayer", "Random"]

# No layer is divided by less, should all its weights be zero.
TINY = np.finfo(np.float32).tiny


class Criterion(Spec, ABC, family=True):
    """The family that fills the slot ``criterion`` of :func:`prune` and of schedules.

    A member says how much each weight matters. What matters least, of all layers
    together, goes first.

    Attributes
    ----------
    needs_data : bool
        Whether it looks at rows.
    rounds : int
        In how many rounds it prunes unless the user says so.
    """

    needs_data: ClassVar[bool] = False
    rounds: ClassVar[int] = 1

    @abstractmethod
    def saliency(self, point: Point) -> np.ndarray:
        """Return how much each weight matters.

        Parameters
        ----------
        point : Point
            Parameters and objective.

        Returns
        -------
        ndarray of shape (n_weights,)
            Not negative.
        """

    def check(self, point: Point) -> None:
        """Refuse a loss that it cannot score by, before a fit begins.

        By default, it takes any.

        Parameters
        ----------
        point : Point
            With a few rows.
        """
        return

    def unit_saliency(self, point: Point) -> list[np.ndarray]:
        """Return how much what feeds each layer matters: inputs, or hidden units.

        Parameters
        ----------
        point : Point
            Parameters and objective.

        Returns
        -------
        list of ndarray of shape (n_in,)
            For each layer, by default the sums over the weights of a unit to it.
        """
        return [m.sum(axis=1) for m in point.matrices(self.saliency(point))]

    def comparable(self, saliencies: list[np.ndarray]) -> list[np.ndarray]:
        """Return scores that can be compared across layers.

        Parameters
        ----------
        saliencies : list of ndarray
            For each layer, those of its weights or units.

        Returns
        -------
        list of ndarray
            By default the same.
        """
        return saliencies

    def compensated(self, point: Point, free: np.ndarray) -> np.ndarray:
        """Return parameters that make up for what is taken away.

        Parameters
        ----------
        point : Point
            Parameters and objective before.
        free : ndarray of bool of shape (n_trainable,)
            What stays.

        Returns
        -------
        ndarray of shape (n_params,)
            New parameters; by default the others stay as they are.
        """
        return point.theta.copy()


class Random(Criterion, name="random"):
    """Any weight may go: what every other criterion has to beat.

    Examples
    --------
    >>> from skbackprop.pruning import Criterion
    >>> sorted(Criterion.members())[:4]
    ['lamp', 'magnitude', 'magnitude_per_layer', 'obd']
    """

    def saliency(self, point: Point) -> np.ndarray:
        """Draw them."""
        return point.rng.uniform(size=point.layout.n_weights)

    def unit_saliency(self, point: Point) -> list[np.ndarray]:
        """Draw them: sums would depend on the number of weights."""
        widths = [len(m) for m in point.matrices(point.weights)]
        return [point.rng.uniform(size=width) for width in widths]


class Magnitude(Criterion, name="magnitude"):
    """The absolute value of a weight.

    For units, it is the mean over what they feed, relative to that of their layer.

    References
    ----------
    S. Han, J. Pool, J. Tran and W. Dally, "Learning both weights and connections for
    efficient neural networks", NeurIPS 2015.

    Examples
    --------
    >>> from skbackprop.pruning import Magnitude
    >>> Magnitude()
    Magnitude()
    """

    def saliency(self, point: Point) -> np.ndarray:
        """Return absolute values."""
        return np.abs(point.weights)

    def unit_saliency(self, point: Point) -> list[np.ndarray]:
        """Return means, relative to the layer's: widths and scales differ."""
        means = [np.abs(m).mean(axis=1) for m in point.matrices(point.weights)]
        return [mean / max(mean.mean(), TINY) for mean in means]


class MagnitudePerLayer(Magnitude, name="magnitude_per_layer"):
    """The absolute value of a weight, with the same share taken from every layer.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.pruning import MagnitudePerLayer
    >>> MagnitudePerLayer().comparable([np.array([3.0, 1.0]), np.array([9.0, 8.0])])
    [array([1. , 0.5]), array([1. , 0.5])]
    """

    def comparable(self, saliencies: list[np.ndarray]) -> list[np.ndarray]:
        """Return ranks, as shares of a layer."""
        return [_ranks(values) for values in saliencies]


class LAMP(Criterion, name="lamp"):
    """Layer-adaptive magnitudes: a weight's square, by those of its layer not smaller.

    The largest weight of each layer scores 1: no layer is emptied before the others.

    References
    ----------
    J. Lee, S. Park, S. Mo, S. Ahn and J. Shin, "Layer-adaptive sparsity for the
    magnitude-based pruning", ICLR 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.pruning import LAMP
    >>> LAMP().comparable([np.array([4.0, 1.0, 3.0])])
    [array([1.        , 0.125     , 0.42857143])]
    """

    def saliency(self, point: Point) -> np.ndarray:
        """Return squares."""
        return np.square(point.weights)

    def comparable(self, saliencies: list[np.ndarray]) -> list[np.ndarray]:
        """Divide each by the sum of those that are not smaller."""
        return [_share_of_larger(values) for values in saliencies]


def _ranks(values: np.ndarray) -> np.ndarray:
    flat = values.ravel()
    ranks = np.empty(flat.size)
    ranks[np.argsort(flat, kind="stable")] = np.arange(1, flat.size + 1) / flat.size
    return ranks.reshape(values.shape)


def _share_of_larger(values: np.ndarray) -> np.ndarray:
    flat = values.ravel().astype(np.float64)
    order = np.argsort(flat, kind="stable")
    falling = flat[order[::-1]]
    sums = np.cumsum(falling)
    scores = np.zeros(flat.size)
    scores[order[::-1]] = np.divide(
        falling, sums, out=np.zeros_like(sums), where=sums > 0.0
    )
    return scores.reshape(values.shape)
