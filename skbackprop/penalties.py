"""Penalties on the weights: a smooth part, and absolute values."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from numbers import Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.blas import bind_axpy
from skbackprop.core.ops import slices
from skbackprop.core.spec import Spec

__all__ = [
    "L1",
    "L2",
    "ElasticNet",
    "Penalty",
]

# Weights are gone through in pieces of this size, which need no more scratch memory.
BLOCK = 2**15
STRENGTH = [Interval(Real, 0, None, closed="left")]

# add_gradient(share) -> the whole value of the penalty
BoundPenalty = Callable[[float], float]


class Penalty(Spec, ABC, family=True):
    """What is minimised along with the loss, as a function of all weights.

    It is a smooth part, whose gradient ``bind`` adds to that of the loss, plus
    ``absolute`` times the sum of the absolute values of the weights. These have a kink
    at zero, where solvers keep the weights that the loss does not pull away.
    """

    @property
    def absolute(self) -> float:
        """The strength of the absolute values."""
        return 0.0

    @abstractmethod
    def value(self, weights: np.ndarray) -> float:
        """Return the whole penalty.

        Parameters
        ----------
        weights : ndarray of shape (n_weights,)
            All weights.

        Returns
        -------
        float
            Its value.
        """

    @abstractmethod
    def bind(self, weights: np.ndarray, gradient: np.ndarray) -> BoundPenalty:
        """Return a callable that adds a share of the gradient of the smooth part.

        Parameters
        ----------
        weights, gradient : ndarray of shape (n_weights,)
            All weights, and the part of the gradient that belongs to them.

        Returns
        -------
        callable
            Takes the share, updates ``gradient`` in place and returns the whole value
            of the penalty.
        """

    def curvature(self, weights: np.ndarray) -> float | np.ndarray:
        """Return the second derivative with respect to each weight.

        Parameters
        ----------
        weights : ndarray of shape (n_weights,)
            All weights.

        Returns
        -------
        float or ndarray of shape (n_weights,)
            0 for a penalty made of absolute values alone, but for their kinks.
        """
        return 0.0


class L2(Penalty, name="l2"):
    """Half the squared norm of the weights, times ``alpha``.

    Parameters
    ----------
    alpha : float, default=1e-4
        Its strength.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.penalties import L2
    >>> L2(alpha=2.0).value(np.array([1.0, 2.0]))
    5.0
    """

    alpha: float = 1e-4

    _parameter_constraints: ClassVar[dict[str, list]] = {"alpha": STRENGTH}

    def value(self, weights: np.ndarray) -> float:
        """Return ``alpha / 2 * sum(w ** 2)``."""
        return _half_squares(self.alpha, weights)

    def curvature(self, weights: np.ndarray) -> float:
        """Return ``alpha``."""
        return float(self.alpha)

    def bind(self, weights: np.ndarray, gradient: np.ndarray) -> BoundPenalty:
        """Return the addition of ``alpha * w``; it costs nothing at ``alpha=0``."""
        return _bind_squares(float(self.alpha), weights, gradient)


class L1(Penalty, name="l1"):
    """The sum of the absolute values of the weights, times ``alpha``.

    It makes weights exactly zero.

    Parameters
    ----------
    alpha : float, default=1e-4
        Its strength.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.penalties import L1
    >>> L1(alpha=2.0).value(np.array([1.0, -2.0]))
    6.0
    """

    alpha: float = 1e-4

    _parameter_constraints: ClassVar[dict[str, list]] = {"alpha": STRENGTH}

    @property
    def absolute(self) -> float:
        """All of ``alpha``."""
        return float(self.alpha)

    def value(self, weights: np.ndarray) -> float:
        """Return ``alpha * sum(abs(w))``."""
        return _bind_absolutes(self.absolute, weights)()

    def bind(self, weights: np.ndarray, gradient: np.ndarray) -> BoundPenalty:
        """Return the value alone: there is no smooth part."""
        absolutes = _bind_absolutes(self.absolute, weights)
        return lambda share: absolutes()


class ElasticNet(Penalty, name="elasticnet"):
    """A blend of L1 and L2, as in :class:`sklearn.linear_model.SGDClassifier`.

    Parameters
    ----------
    alpha : float, default=1e-4
        Its strength.
    l1_ratio : float, default=0.15
        The share of the absolute values in it.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.penalties import ElasticNet
    >>> ElasticNet(alpha=1.0, l1_ratio=0.5).value(np.array([1.0, -2.0]))
    2.75
    """

    alpha: float = 1e-4
    l1_ratio: float = 0.15

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "alpha": STRENGTH,
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
    }

    @property
    def absolute(self) -> float:
        """The share ``l1_ratio`` of ``alpha``."""
        return float(self.alpha * self.l1_ratio)

    @property
    def _squares(self) -> float:
        return float(self.alpha * (1.0 - self.l1_ratio))

    def value(self, weights: np.ndarray) -> float:
        """Return the blend of both."""
        squares = _half_squares(self._squares, weights)
        return squares + _bind_absolutes(self.absolute, weights)()

    def curvature(self, weights: np.ndarray) -> float:
        """Return ``alpha * (1 - l1_ratio)``."""
        return self._squares

    def bind(self, weights: np.ndarray, gradient: np.ndarray) -> BoundPenalty:
        """Return the addition of ``alpha * (1 - l1_ratio) * w``."""
        add_squares = _bind_squares(self._squares, weights, gradient)
        absolutes = _bind_absolutes(self.absolute, weights)
        return lambda share: add_squares(share) + absolutes()


def _half_squares(strength: float, weights: np.ndarray) -> float:
    if strength == 0:
        return 0.0
    return 0.5 * strength * float(np.dot(weights, weights))


def _bind_absolutes(strength: float, weights: np.ndarray) -> Callable[[], float]:
    if strength == 0:
        return lambda: 0.0
    scratch = np.empty_like(weights[:BLOCK])
    blocks = [
        (weights[block], scratch[: block.stop - block.start])
        for block in slices(weights.size, BLOCK)
    ]
    absolute, total = np.absolute, np.add.reduce

    def value() -> float:
        return strength * sum(
            float(total(absolute(of_weights, part))) for of_weights, part in blocks
        )

    return value


def _bind_squares(
    strength: float, weights: np.ndarray, gradient: np.ndarray
) -> BoundPenalty:
    if strength == 0:
        return lambda share: 0.0
    add_multiple, squares = bind_axpy(weights, gradient), weights.dot

    def add_gradient(share: float) -> float:
        add_multiple(strength * share)
        return 0.5 * strength * float(squares(weights))

    return add_gradient
