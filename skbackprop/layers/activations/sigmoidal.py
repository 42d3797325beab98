"""Activations in the shape of an S."""

from numbers import Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.ops import logistic, scalar
from skbackprop.initializers import GlorotUniform, Initializer
from skbackprop.layers.activations.base import Activation
from skbackprop.layers.base import Backward, Forward, Site
from skbackprop.layers.linearized import Elementwise, Linearized

ABOVE_0 = [Interval(Real, 0, None, closed="neither")]


class Logistic(Activation, name="logistic"):
    """The logistic sigmoid, ``f(x) = 1 / (1 + exp(-x))``.

    Examples
    --------
    >>> from skbackprop.layers import Logistic
    >>> Logistic()
    Logistic()
    """

    # As scikit-learn.
    initializer: ClassVar[Initializer] = GlorotUniform(factor=2.0, bias=True)

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

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return ``y (1 - y)``, and that times ``1 - 2 y``."""
        return _of_logistic(logistic(x.copy()))

    def linearize(self, x: np.ndarray, params: tuple[np.ndarray, ...]) -> Linearized:
        """Return the same with the output, which it takes to get there."""
        y = logistic(x.copy())
        return Elementwise(*_of_logistic(y), y)


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

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return ``1 - y ** 2``, and that times ``-2 y``."""
        return _of_tanh(np.tanh(x))

    def linearize(self, x: np.ndarray, params: tuple[np.ndarray, ...]) -> Linearized:
        """Return the same with the output, which it takes to get there."""
        y = np.tanh(x)
        return Elementwise(*_of_tanh(y), y)


class Softsign(Activation, name="softsign"):
    """The softsign, ``f(x) = x / (1 + |x|)``: an S with long tails.

    Examples
    --------
    >>> from skbackprop.layers import Softsign
    >>> Softsign()
    Softsign()
    """

    # Softsign is one of the functions that this start was proposed for.
    initializer: ClassVar[Initializer] = GlorotUniform(bias=True)

    def bind_forward(self, site: Site) -> Forward:
        """Squash into (-1, 1), and keep the factor that did it."""
        factor = site.buffer("factor", site.n_in)
        one = scalar(1.0, factor)
        absolute, add = np.absolute, np.add
        divide, multiply = np.divide, np.multiply

        def forward(x: np.ndarray) -> np.ndarray:
            absolute(x, factor)
            add(factor, one, factor)
            divide(one, factor, factor)
            return multiply(x, factor, x)

        return forward

    def bind_backward(self, site: Site) -> Backward:
        """Multiply by the square of the factor."""
        # Also ``(1 - |y|) ** 2``, which far from zero has no digits left.
        factor, multiply = site.buffer("factor", site.n_in), np.multiply

        def backward(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
            multiply(dy, factor, dy)
            return multiply(dy, factor, dy)

        return backward

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return powers of ``1 / (1 + |x|)``."""
        factor = 1 / (1 + np.abs(x))
        slope = factor * factor
        return slope, -2 * np.sign(x) * slope * factor


class Soboleva(Activation, name="soboleva"):
    """The Soboleva modified hyperbolic tangent.

    ``f(x) = (exp(a x) - exp(-b x)) / (exp(c x) + exp(-d x))``; with all four equal to 1
    it is the hyperbolic tangent. It is bounded where ``a <= c`` and ``b <= d``, with
    limits 1 and -1 where they are equal; otherwise it grows exponentially.

    Parameters
    ----------
    a, b, c, d : float, default=1.0
        The four rates.

    References
    ----------
    E. Soboleva and V. Beskorovainyi, "The utility function in problems of structural
    optimization of distributed objects", 2008.

    Examples
    --------
    >>> from skbackprop.layers import Soboleva
    >>> Soboleva(a=0.5, b=0.5)
    Soboleva(a=0.5, b=0.5)
    """

    a: float = 1.0
    b: float = 1.0
    c: float = 1.0
    d: float = 1.0

    # Like the hyperbolic tangent, the identity near zero.
    initializer: ClassVar[Initializer] = GlorotUniform(bias=True)
    _parameter_constraints: ClassVar[dict[str, list]] = dict.fromkeys("abcd", ABOVE_0)

    def bind_forward(self, site: Site) -> Forward:
        """Squash between the limits, and keep the shares that do it."""
        # All four exponents are lowered by the larger one of the denominator: what is
        # bounded cannot overflow.
        rates = (self.a, -self.b, self.c, -self.d)
        names = ("rise", "fall", "share", "total")
        powers = [site.buffer(name, site.n_in) for name in names]
        y = site.buffer("output", site.n_in)
        exponents = [
            (scalar(rate, y), power) for rate, power in zip(rates, powers, strict=True)
        ]
        one, shift = scalar(1.0, y), y
        rise, fall, share, total = powers
        multiply, subtract, exp, maximum = np.multiply, np.subtract, np.exp, np.maximum
        add, divide = np.add, np.divide

        def forward(x: np.ndarray) -> np.ndarray:
            for rate, power in exponents:
                multiply(x, rate, power)
            maximum(share, total, out=shift)
            for power in powers:
                subtract(power, shift, power)
                exp(power, power)
            add(share, total, total)
            divide(one, total, total)
            for power in (rise, fall, share):
                multiply(power, total, power)
            return subtract(rise, fall, y)

        return forward

    def bind_backward(self, site: Site) -> Backward:
        """Multiply by the derivative, a mix of the shares."""
        names = ("rise", "fall", "share", "total", "slope")
        rise, fall, share, scratch, slope = (
            site.buffer(name, site.n_in) for name in names
        )
        spread = scalar(self.c + self.d, slope)
        rising, falling = (
            scalar(self.a + self.d, slope),
            scalar(self.b - self.d, slope),
        )
        multiply, subtract, add = np.multiply, np.subtract, np.add

        def backward(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
            multiply(share, spread, scratch)
            subtract(rising, scratch, slope)
            multiply(slope, rise, slope)
            add(scratch, falling, scratch)
            multiply(scratch, fall, scratch)
            add(slope, scratch, slope)
            return multiply(dy, slope, dy)

        return backward

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return both derivatives, from the shares of the powers."""
        rates = (self.a, -self.b, self.c, -self.d)
        powers = [x * x.dtype.type(rate) for rate in rates]
        shift = np.maximum(powers[2], powers[3])
        rise, fall, share, rest = (np.exp(power - shift) for power in powers)
        total = share + rest
        rise, fall, share = rise / total, fall / total, share / total
        spread = x.dtype.type(self.c + self.d)
        up = x.dtype.type(self.a + self.d) - spread * share
        down = x.dtype.type(self.d - self.b) - spread * share
        bend = spread * spread * share * (rest / total)
        slope = rise * up - fall * down
        return slope, rise * (up * up - bend) - fall * (down * down - bend)


def _of_logistic(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both derivatives, given the output."""
    slope = y * (1 - y)
    return slope, slope * (1 - 2 * y)


def _of_tanh(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both derivatives, given the output."""
    slope = y * y
    np.subtract(1, slope, out=slope)
    curvature = slope * y
    return slope, np.multiply(curvature, -2, out=curvature)
