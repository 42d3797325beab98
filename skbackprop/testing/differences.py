"""Finite differences, and comparing with them."""

from collections.abc import Callable

import numpy as np

STEP = 1e-6
# Differences tell derivatives that are smaller from none at all no more.
SMALLEST = 1e-2


def numerical_gradient(
    function: Callable[[np.ndarray], float], at: np.ndarray, step: float = STEP
) -> np.ndarray:
    """Differentiate a function of one array by central differences.

    Parameters
    ----------
    function : callable
        Takes an array like ``at``, which it may not keep, and returns a number.
    at : ndarray
        Where, in float64.
    step : float, default=1e-6
        Half the distance between the two points, relative to entries above 1.

    Returns
    -------
    ndarray
        The gradient, in the shape of ``at``.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.testing import numerical_gradient
    >>> numerical_gradient(lambda x: float(x @ x), np.array([1.0, 2.0])).round(6)
    array([2., 4.])
    """
    gradient = np.empty_like(at, dtype=np.float64)
    for index in np.ndindex(at.shape):
        h = step * max(1.0, float(abs(at[index])))
        values = []
        for sign in (1.0, -1.0):
            moved = at.copy()
            moved[index] += sign * h
            values.append(function(moved))
        gradient[index] = (values[0] - values[1]) / (2.0 * h)
    return gradient


def compare(
    what: str, analytic: np.ndarray, numerical: np.ndarray, rtol: float
) -> float:
    """Compare a derivative with its reference.

    Parameters
    ----------
    what : str
        What is compared, for the message.
    analytic, numerical : ndarray
        The derivative, and what finite differences say.
    rtol : float
        The largest error that passes, relative to the largest entry.

    Returns
    -------
    float
        The error.
    """
    if analytic.size == 0:
        return 0.0
    scale = max(float(np.abs(numerical).max()), SMALLEST)
    error = float(np.abs(analytic - numerical).max()) / scale
    # Not ``error > rtol``: a NaN must not pass.
    assert error <= rtol, f"{what} is off by {error:.1e} of its largest entry"
    return error
