"""Absolute values in a step: weights that come to zero stop there.

The slope of ``|w|`` is the sign of ``w``, and jumps at zero. Off zero, the sign is
added to the gradient; at zero, the absolute value holds against the pull of the loss,
and the gradient is what is left of it. Whatever the chain of updates makes of that, a
weight may not cross zero in one step, nor leave it without a pull: it is put to exactly
zero instead. For plain gradient descent that is the soft threshold of the proximal
gradient method; with momentum and adaptive rates, the minima are the same.
"""

from collections.abc import Callable

import numpy as np

__all__ = ["bind_orthant"]


def bind_orthant(
    strength: float, weights: np.ndarray, gradient: np.ndarray
) -> tuple[Callable[[float], None], Callable[[], None]]:
    """Bind what goes before and after the step of some weights.

    Parameters
    ----------
    strength : float
        What the sum of absolute values is multiplied by.
    weights, gradient : ndarray of shape (n_weights,)
        The weights, and the gradient of everything else.

    Returns
    -------
    lean : callable
        ``lean(share)`` adds the share of the slope to the gradient.
    hold : callable
        ``hold()``, after the step, sets weights that have gone astray to zero.

    References
    ----------
    G. Andrew and J. Gao, "Scalable training of L1-regularized log-linear models",
    ICML 2007.
    """
    side, pull, slope = (np.empty_like(weights) for _ in range(3))
    at_zero = np.empty(weights.shape, bool)
    sign, negative, equal, copyto = np.sign, np.negative, np.equal, np.copyto
    add, multiply, minimum, maximum = np.add, np.multiply, np.minimum, np.maximum

    def lean(share: float) -> None:
        limit = strength * share
        sign(weights, side)
        equal(side, 0, at_zero)
        multiply(side, limit, slope)
        minimum(gradient, limit, out=pull)
        maximum(pull, -limit, out=pull)
        negative(pull, pull)
        copyto(slope, pull, where=at_zero)
        add(gradient, slope, gradient)
        # At zero, the side to which the weight may leave, if to any.
        sign(gradient, pull)
        negative(pull, pull)
        copyto(side, pull, where=at_zero)

    def hold() -> None:
        multiply(weights, side, pull)
        np.greater(pull, 0, at_zero)
        multiply(weights, at_zero, weights)

    return lean, hold
