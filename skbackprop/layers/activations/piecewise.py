"""Activations made of straight pieces."""

from numbers import Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.layout import Param
from skbackprop.core.ops import dense_product, scalar
from skbackprop.initializers import HeUniform, Initializer, LecunNormal
from skbackprop.layers.activations.base import Activation, kinked
from skbackprop.layers.base import Backward, Forward, Site
from skbackprop.layers.linearized import Linearized, LinearizedPReLU


class Identity(Activation, name="identity"):
    """The identity, ``f(x) = x``.

    Examples
    --------
    >>> from skbackprop.layers import Identity
    >>> Identity()
    Identity()
    """

    is_affine: ClassVar[bool] = True

    def bind_forward(self, site: Site) -> Forward:
        """Do nothing."""
        return lambda x: x

    def bind_backward(self, site: Site) -> Backward:
        """Hand the gradient on."""
        return lambda y, dy: dy

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return ones, and no curvature."""
        return np.ones_like(x), None


class BinaryStep(Activation, name="binary_step"):
    """The step of the perceptron: 1 where ``x >= 0``, else 0.

    Its derivative is zero everywhere but at the step, so that no gradient would pass.
    Training goes *straight through*: ``backward`` multiplies by the derivative of
    ``clip(x, -1, 1)``, which is 1 where ``|x| <= 1`` and 0 elsewhere. That is a
    direction that works in practice, not the gradient of the loss.

    References
    ----------
    Y. Bengio, N. Léonard and A. Courville, "Estimating or propagating gradients through
    stochastic neurons for conditional computation", 2013, arXiv:1308.3432.

    I. Hubara et al., "Binarized neural networks", NeurIPS 2016.

    Examples
    --------
    >>> from skbackprop.layers import BinaryStep
    >>> BinaryStep()
    BinaryStep()
    """

    # Scores of variance 1 mostly fall where the surrogate lets a gradient pass, and
    # steps at random places tell more than steps that all go through the origin.
    initializer: ClassVar[Initializer] = LecunNormal(bias=True)
    surrogate: ClassVar[str] = (
        "The derivative of a step is zero: it trains with that of clip(x, -1, 1)."
    )

    def bind_forward(self, site: Site) -> Forward:
        """Tell the side of zero; what is not a number stays so."""
        y, ones = site.buffer("output", site.n_in), site.constant(1.0, site.n_in)
        one = scalar(1.0, y)
        sign, add, minimum = np.sign, np.add, np.minimum

        def forward(x: np.ndarray) -> np.ndarray:
            sign(x, y)
            add(y, one, y)
            return minimum(y, ones, out=y)

        return forward

    def bind_backward(self, site: Site) -> Backward:
        """Pass the gradient where the input is within 1 of the step."""
        size, near = site.buffer("size", site.n_in), site.buffer("near", site.n_in)
        one = scalar(1.0, size)
        absolute, less_equal, multiply = np.absolute, np.less_equal, np.multiply

        def backward(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
            absolute(x, size)
            less_equal(size, one, out=near)
            return multiply(dy, near, dy)

        return backward

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Raise an error: a step that trains by a surrogate has no curvature."""
        raise NotImplementedError(
            "binary_step has no curvature: its derivative is zero, and the surrogate "
            "it trains with is no derivative of anything."
        )


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
        # Read as integers, outputs have signs of 0 and 1, and the bits of the gradient
        # may be multiplied by these. A third faster than a comparison, whose booleans
        # would have to be widened to multiply with.
        integer = np.dtype(f"u{site.workspace.dtype.itemsize}")
        active = site.buffer("active", site.n_in, integer)
        sign, multiply = np.sign, np.multiply

        # Buffers are the same from batch to batch: so are their views.
        held_y = held_dy = y_bits = dy_bits = active

        def backward(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
            nonlocal held_y, held_dy, y_bits, dy_bits
            if y is not held_y or dy is not held_dy:
                held_y, held_dy = y, dy
                y_bits, dy_bits = y.view(integer), dy.view(integer)
            sign(y_bits, active)
            multiply(dy_bits, active, dy_bits)
            return dy

        return backward

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return 1 above zero, 0 elsewhere."""
        return np.greater(x, 0).astype(x.dtype), None


class LeakyReLU(Activation, name="leaky_relu"):
    """A rectifier that leaks: ``f(x) = x`` above zero, ``negative_slope x`` below.

    Its derivative at the kink is taken to be ``negative_slope``.

    Parameters
    ----------
    negative_slope : float, default=0.01
        The slope below zero, from 0 (the rectifier) to 1 (the identity).

    References
    ----------
    A. Maas, A. Hannun and A. Ng, "Rectifier nonlinearities improve neural network
    acoustic models", ICML 2013.

    Examples
    --------
    >>> from skbackprop.layers import LeakyReLU
    >>> LeakyReLU(negative_slope=0.2)
    LeakyReLU(negative_slope=0.2)
    """

    negative_slope: float = 0.01

    # The same argument as for the rectifier, with what leaks counted in.
    initializer: ClassVar[Initializer] = HeUniform(bias=True, negative_slope=0.01)
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "negative_slope": [Interval(Real, 0, 1, closed="both")]
    }

    def bind_forward(self, site: Site) -> Forward:
        """Take the larger of both lines."""
        low = site.buffer("slopes", site.n_in)
        slope = scalar(self.negative_slope, low)
        multiply, maximum = np.multiply, np.maximum

        def forward(x: np.ndarray) -> np.ndarray:
            multiply(x, slope, low)
            return maximum(x, low, out=x)

        return forward

    def bind_backward(self, site: Site) -> Backward:
        """Multiply by the slope of the side that the output is on."""
        held = site.buffer("slopes", site.n_in)
        slopes = kinked(site, above=1.0, below=self.negative_slope)
        multiply = np.multiply
        return lambda y, dy: multiply(dy, slopes(y, held), dy)

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the slope of each side."""
        is_above = np.greater(x, 0).astype(x.dtype)
        slope = x.dtype.type(self.negative_slope)
        return slope + (1 - slope) * is_above, None


class PReLU(Activation, name="prelu"):
    """The parametric rectifier: a leaky one whose slopes are learned, one a unit.

    ``f(x) = max(0, x) + slope min(0, x)``. No penalty acts on the slopes. The
    derivative at the kink is taken to be the slope.

    Parameters
    ----------
    init : float, default=0.25
        Where the slopes start.

    References
    ----------
    K. He et al., "Delving deep into rectifiers: surpassing human-level performance on
    ImageNet classification", ICCV 2015.

    Examples
    --------
    >>> from skbackprop.layers import PReLU
    >>> width, (slope,) = PReLU().build(3)
    >>> slope.shape, slope.start
    ((3,), 0.25)
    """

    init: float = 0.25

    # The start that was derived for it, in the paper that proposed it.
    initializer: ClassVar[Initializer] = HeUniform(bias=True, negative_slope=0.25)
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "init": [Interval(Real, None, None, closed="neither")]
    }

    def build(self, n_in: int) -> tuple[int, list[Param]]:
        """Return the unchanged width, and a slope for each unit."""
        return n_in, [Param("slope", (n_in,), (n_in, n_in), start=self.init)]

    def bind_forward(self, site: Site) -> Forward:
        """Add up the two sides: a slope may be negative, or steeper than 1."""
        (slope,) = site.params
        y, high = site.buffer("output", site.n_in), site.buffer("high", site.n_in)
        zeros = site.constant(0.0, site.n_in)
        minimum, maximum, multiply, add = np.minimum, np.maximum, np.multiply, np.add

        def forward(x: np.ndarray) -> np.ndarray:
            minimum(x, zeros, out=y)
            multiply(y, slope, y)
            maximum(x, zeros, out=high)
            return add(y, high, y)

        return forward

    def bind_backward(self, site: Site) -> Backward:
        """Multiply each side by its slope, and write the gradient of the slopes."""
        (slope,), (slope_gradient,) = site.params, site.grads
        high, low = site.buffer("high", site.n_in), site.buffer("low", site.n_in)
        zeros = site.constant(0.0, site.n_in)
        ones = site.constant(1.0, 1).reshape(-1)
        minimum, greater, dot = np.minimum, np.greater, dense_product
        multiply, subtract, add = np.multiply, np.subtract, np.add

        def backward(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
            minimum(x, zeros, out=low)
            multiply(low, dy, low)
            dot(ones, low, slope_gradient)
            greater(x, zeros, out=high)
            multiply(high, dy, high)
            subtract(dy, high, dy)
            multiply(dy, slope, dy)
            return add(dy, high, dy)

        return backward

    def linearize(self, x: np.ndarray, params: tuple[np.ndarray, ...]) -> Linearized:
        """Return the function near an input and slopes."""
        return LinearizedPReLU(x, *params)
