"""Penalties on the weights."""

from collections.abc import Callable
from numbers import Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.ops import slices
from skbackprop.core.spec import Spec

__all__ = [
    "L2",
]

# Weights are gone through in pieces of this size, which need no more scratch memory.
BLOCK = 2**15


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
        scratch = np.empty_like(weights[:BLOCK])
        blocks = [
            (weights[block], gradient[block], scratch[: block.stop - block.start])
            for block in slices(weights.size, BLOCK)
        ]
        multiply, add, dot = np.multiply, np.add, np.dot

        def add_gradient(share: float) -> float:
            factor = alpha * share
            for of_weights, of_gradient, part in blocks:
                multiply(of_weights, factor, part)
                add(of_gradient, part, of_gradient)
            return 0.5 * alpha * float(dot(weights, weights))

        return add_gradient
