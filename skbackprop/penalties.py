"""Penalties on the weights."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.spec import Spec

__all__ = [
    "L2",
]


@dataclass(repr=False)
class L2(Spec):
    """Half the squared norm of the weights, times ``alpha``.

    Parameters
    ----------
    alpha : float
        Its strength.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.penalties import L2
    >>> L2(alpha=2.0).value(np.array([1.0, 2.0]))
    5.0
    """

    alpha: float = 1e-4

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "alpha": [Interval(Real, 0, None, closed="left")]
    }

    def value(self, weights: np.ndarray) -> float:
        """Return the penalty.

        Parameters
        ----------
        weights : ndarray of shape (n_weights,)
            All weights.

        Returns
        -------
        float
            Its value.
        """
        if self.alpha == 0:
            return 0.0
        return 0.5 * self.alpha * float(np.dot(weights, weights))

    def bind(
        self, weights: np.ndarray, gradient: np.ndarray
    ) -> Callable[[float], float]:
        """Return a callable that adds a share of the penalty's gradient.

        Parameters
        ----------
        weights, gradient : ndarray of shape (n_weights,)
            All weights, and the part of the gradient that belongs to them.

        Returns
        -------
        callable
            Takes the share, updates ``gradient`` in place and returns the whole value
            of the penalty. Costs nothing at ``alpha=0``.
        """
        if self.alpha == 0:
            return lambda share: 0.0
        alpha = float(self.alpha)
        scratch = np.empty_like(weights)
        multiply, add, dot = np.multiply, np.add, np.dot

        def add_gradient(share: float) -> float:
            multiply(weights, alpha * share, scratch)
            add(gradient, scratch, gradient)
            return 0.5 * alpha * float(dot(weights, weights))

        return add_gradient
