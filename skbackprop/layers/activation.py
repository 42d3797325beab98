"""Activation functions: a class each, found by its name."""

from typing import ClassVar

import numpy as np

from skbackprop.core.layout import Param
from skbackprop.core.ops import logistic
from skbackprop.layers.base import Backward, Forward, Layer, Site


class Activation(Layer, family=True):
    """A function applied to each entry, in place.

    The derivative of each member is a function of the output ``y``, so that one buffer
    serves for input and output.

    Attributes
    ----------
    glorot_factor : float
        Weights before this activation start uniform within
        ``sqrt(glorot_factor / (fan_in + fan_out))``.
    """

    glorot_factor: ClassVar[float] = 6.0

    def build(self, n_in: int) -> tuple[int, list[Param]]:
        """Return the unchanged width, and no parameters."""
        return n_in, []


class Identity(Activation, name="identity"):
    """The identity, ``f(x) = x``.

    Examples
    --------
    >>> from skbackprop.layers import Identity
    >>> Identity()
    Identity()
    """

    def bind_forward(self, site: Site) -> Forward:
        """Do nothing."""
        return lambda x: x

    def bind_backward(self, site: Site) -> Backward:
        """Hand the gradient on."""
        return lambda y, dy: dy


class ReLU(Activation, name="relu"):
    """The rectified linear unit, ``f(x) = max(0, x)``.

    Its derivative at the kink is taken to be 0.

    Examples
    --------
    >>> from skbackprop.layers import ReLU
    >>> ReLU()
    ReLU()
    """

    def bind_forward(self, site: Site) -> Forward:
        """Clip at zero from below."""
        zeros, maximum = site.constant(0.0, site.n_in), np.maximum
        return lambda x: maximum(x, zeros, out=x)

    def bind_backward(self, site: Site) -> Backward:
        """Pass the gradient where the unit is active."""
        # Read as an integer, an output above zero has a negative of sign bit 1; shifted
        # over all bits, that is the mask to keep the gradient with. A third faster than
        # a comparison, whose booleans would have to be widened to multiply with.
        integer = np.dtype(f"i{site.workspace.dtype.itemsize}")
        mask = site.buffer("active", site.n_in, integer)
        all_bits = np.array(8 * integer.itemsize - 1, integer)
        negative, right_shift, bitwise_and = (
            np.negative,
            np.right_shift,
            np.bitwise_and,
        )

        # Buffers are the same from batch to batch: so are their views.
        held_y = held_dy = y_bits = dy_bits = mask

        def backward(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
            nonlocal held_y, held_dy, y_bits, dy_bits
            if y is not held_y or dy is not held_dy:
                held_y, held_dy = y, dy
                y_bits, dy_bits = y.view(integer), dy.view(integer)
            negative(y_bits, mask)
            right_shift(mask, all_bits, mask)
            bitwise_and(dy_bits, mask, dy_bits)
            return dy

        return backward


class Logistic(Activation, name="logistic"):
    """The logistic sigmoid, ``f(x) = 1 / (1 + exp(-x))``.

    Examples
    --------
    >>> from skbackprop.layers import Logistic
    >>> Logistic()
    Logistic()
    """

    glorot_factor: ClassVar[float] = 2.0

    def bind_forward(self, site: Site) -> Forward:
        """Squash into (0, 1)."""
        return logistic

    def bind_backward(self, site: Site) -> Backward:
        """Multiply by ``y (1 - y)``."""
        scratch = site.buffer("derivative", site.n_in)
        ones = site.constant(1.0, site.n_in)
        subtract, multiply = np.subtract, np.multiply

        def backward(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
            multiply(dy, y, dy)
            subtract(ones, y, scratch)
            return multiply(dy, scratch, dy)

        return backward


class Tanh(Activation, name="tanh"):
    """The hyperbolic tangent.

    Examples
    --------
    >>> from skbackprop.layers import Tanh
    >>> Tanh()
    Tanh()
    """

    def bind_forward(self, site: Site) -> Forward:
        """Squash into (-1, 1)."""
        tanh = np.tanh
        return lambda x: tanh(x, x)

    def bind_backward(self, site: Site) -> Backward:
        """Multiply by ``1 - y ** 2``."""
        scratch = site.buffer("derivative", site.n_in)
        ones = site.constant(1.0, site.n_in)
        subtract, multiply = np.subtract, np.multiply

        def backward(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
            multiply(y, y, scratch)
            subtract(ones, scratch, scratch)
            return multiply(dy, scratch, dy)

        return backward
