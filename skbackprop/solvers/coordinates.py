"""What L-BFGS sees of the parameters: themselves, or weights split by sign.

A weight under an absolute value is written as the difference of two numbers that are
not negative; ``|w|`` then is their sum, which is smooth, and a weight is exactly zero
where both are at their bound.
"""

from collections.abc import Sequence
from itertools import repeat

import numpy as np

Bounds = Sequence[tuple[float | None, float | None]] | None


class Plain:
    """The parameters as they are.

    Parameters
    ----------
    n_trainable : int
        How many leading entries are moved.
    dtype : dtype
        The type of coordinates and gradients.
    """

    bounds: Bounds = None

    def __init__(self, n_trainable: int, dtype: np.dtype) -> None:
        self.n, self.dtype = n_trainable, dtype

    def start(self, theta: np.ndarray) -> np.ndarray:
        """Return the coordinates of some parameters."""
        return theta[: self.n].astype(self.dtype)

    def write(self, x: np.ndarray, theta: np.ndarray) -> None:
        """Write the parameters with some coordinates."""
        theta[: self.n] = x

    def absolutes(self, x: np.ndarray) -> float:
        """Return what stands for the absolute values beyond the parameters' own."""
        return 0.0

    def gradient(self, gradient: np.ndarray) -> np.ndarray:
        """Return the gradient with respect to the coordinates."""
        # A copy: solvers may keep what they are given.
        return gradient[: self.n].astype(self.dtype)


class Split:
    """Positive and negative parts of the weights, then all else.

    Parameters
    ----------
    n_trainable, n_weights : int
        How many leading entries are moved, and are weights.
    strength : float
        What the sum of absolute values is multiplied by in the objective.
    """

    def __init__(self, n_trainable: int, n_weights: int, strength: float) -> None:
        self.n, self.n_weights, self.strength = n_trainable, n_weights, strength
        free = repeat((None, None), n_trainable - n_weights)
        self.bounds: Bounds = [*repeat((0.0, None), 2 * n_weights), *free]

    def start(self, theta: np.ndarray) -> np.ndarray:
        """Return the coordinates of some parameters."""
        weights = theta[: self.n_weights].astype(np.float64)
        others = theta[self.n_weights : self.n]
        return np.concatenate([weights.clip(0.0), (-weights).clip(0.0), others])

    def write(self, x: np.ndarray, theta: np.ndarray) -> None:
        """Write the parameters with some coordinates."""
        n = self.n_weights
        theta[:n] = x[:n] - x[n : 2 * n]
        theta[n : self.n] = x[2 * n :]

    def absolutes(self, x: np.ndarray) -> float:
        """Return what stands for the absolute values beyond the parameters' own.

        A weight with both parts above zero pays for both, until one is gone.
        """
        n = self.n_weights
        return 2.0 * self.strength * float(np.minimum(x[:n], x[n : 2 * n]).sum())

    def gradient(self, gradient: np.ndarray) -> np.ndarray:
        """Return the gradient with respect to the coordinates."""
        of_weights = gradient[: self.n_weights].astype(np.float64)
        others = gradient[self.n_weights : self.n]
        return np.concatenate(
            [self.strength + of_weights, self.strength - of_weights, others]
        )
