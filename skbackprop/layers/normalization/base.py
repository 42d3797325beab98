"""What the layers that normalise scores share."""

import numpy as np

from skbackprop.core.layout import Param
from skbackprop.layers.base import Layer


class Normalization(Layer, family=True):
    """The family that fills the ``normalization`` slot.

    Members bring scores to mean 0 and variance 1 over some set of them, and learn a
    scale and a shift for each unit.
    """

    def build(self, n_in: int) -> tuple[int, list[Param]]:
        """Return the unchanged width, a scale and a shift for each unit."""
        fan, shape = (n_in, n_in), (n_in,)
        return n_in, [
            Param("scale", shape, fan, start=1.0),
            Param("shift", shape, fan, start=0.0),
        ]


def ones(size: int, like: np.ndarray) -> np.ndarray:
    """Return a row of ones: a product with it sums columns faster than ``sum``.

    Parameters
    ----------
    size : int
        Its length.
    like : ndarray
        Whose type it gets.

    Returns
    -------
    ndarray of shape (size,)
        The ones.
    """
    return np.ones(size, like.dtype)
