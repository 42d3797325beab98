"""Sums whose older terms fade, at one pass over the vector for each new term."""

from collections.abc import Callable
from math import log

import numpy as np

from skbackprop.core.blas import bind_axpy
from skbackprop.core.ops import scalar

__all__ = ["bind_decaying_sum", "decayed"]

# What a new term is multiplied by at most: far from any overflow of its own.
LARGEST_FACTOR = 16.0
LONGEST_PERIOD = 64


def bind_decaying_sum(
    term: np.ndarray, total: np.ndarray, decay: float
) -> Callable[[int], float]:
    """Bind the sum of all terms, each times ``decay`` for every step that it is old.

    Rather than to shrink the whole sum before each addition, which takes a pass of its
    own, new terms are grown, and the sum is to be read times a factor that falls from
    step to step. Every so many steps the sum is really shrunk, and the factor is 1.

    Parameters
    ----------
    term : ndarray of shape (n,)
        What is added at each step.
    total : ndarray of shape (n,)
        The sum up to that factor, which depends on the number of the step alone.
    decay : float
        From 0 to less than 1.

    Returns
    -------
    callable
        ``add(t)`` adds the term of step number ``t``, and returns the factor.
    """
    period = _period(decay)
    keep, add_multiple = scalar(decay**period, total), bind_axpy(term, total)
    factors = [decay**step for step in range(period)]
    growth = [1.0 / factor for factor in factors]
    multiply = np.multiply

    def add(t: int) -> float:
        step = t % period
        if step == 0:
            multiply(total, keep, total)
        add_multiple(growth[step])
        return factors[step]

    return add


def decayed(total: np.ndarray, decay: float, t: int) -> np.ndarray:
    """Return a sum in the form that ``bind_decaying_sum`` keeps it in.

    Parameters
    ----------
    total : ndarray of shape (n,)
        The sum itself.
    decay : float
        From 0 to less than 1.
    t : int
        The number of the step after which it is that.

    Returns
    -------
    ndarray of shape (n,)
        What the next step can be added to.
    """
    return total / decay ** (t % _period(decay))


def _period(decay: float) -> int:
    """Return after how many steps a sum is shrunk."""
    if decay * LARGEST_FACTOR <= 1.0:
        return 1
    return max(1, min(LONGEST_PERIOD, int(log(LARGEST_FACTOR) / -log(decay))))
