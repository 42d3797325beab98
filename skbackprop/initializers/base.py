"""What an initialiser is, and how a network draws its parameters."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.random import RandomState

from skbackprop.core.layout import Layout
from skbackprop.core.spec import Spec

Shape = tuple[int, ...]
Fan = tuple[int, int]


class Initializer(Spec, ABC, family=True):
    """A distribution of starting weights.

    Numbers are drawn in float64 and then cast, so that a seed means the same start in
    every type.
    """

    @abstractmethod
    def draw(self, shape: Shape, fan: Fan, rng: RandomState) -> np.ndarray:
        """Return starting values of weights, in float64.

        Parameters
        ----------
        shape : tuple of int
            The shape of the array.
        fan : tuple of int
            Inputs and outputs of its layer.
        rng : RandomState
            The source of randomness.
        """

    def draw_bias(self, shape: Shape, fan: Fan, rng: RandomState) -> np.ndarray:
        """Return starting values of biases: zeros, which take no random numbers.

        Parameters
        ----------
        shape : tuple of int
            The shape of the array.
        fan : tuple of int
            Inputs and outputs of its layer.
        rng : RandomState
            The source of randomness.
        """
        return np.zeros(shape)


def draw_parameters(
    layout: Layout,
    initializers: Sequence[Initializer],
    rng: RandomState,
    dtype: np.dtype,
) -> np.ndarray:
    """Draw all parameters of a network.

    The draws come layer by layer, weights before biases, as scikit-learn's do.

    Parameters
    ----------
    layout : Layout
        The plan of the vector.
    initializers : sequence of Initializer
        One for each layer. Parameters with a start of their own draw nothing.
    rng : RandomState
        The source of randomness.
    dtype : dtype
        The type of the vector.

    Returns
    -------
    ndarray of shape (layout.size,)
        The parameters.
    """
    theta = np.empty(layout.size, dtype)
    for group, views, initializer in zip(
        layout.params, layout.views(theta), initializers, strict=True
    ):
        draws = {"bias": initializer.draw_bias}
        for param, view in zip(group, views, strict=True):
            if param.start is not None:
                view[...] = param.start
                continue
            draw = draws.get(param.kind, initializer.draw)
            view[...] = draw(param.shape, param.fan, rng)
    return theta
