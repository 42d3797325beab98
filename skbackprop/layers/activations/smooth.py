"""Smooth relatives of the rectifier."""

from typing import ClassVar

import numpy as np
from scipy.special import erfc

from skbackprop.core.ops import logistic, scalar
from skbackprop.initializers import HeUniform, Initializer
from skbackprop.layers.activations.base import Activation
from skbackprop.layers.base import Backward, Forward, Site

# Far above zero these functions are the identity, far below they vanish: to the first
# order they do to variances what the rectifier does.
LIKE_A_RECTIFIER = HeUniform(bias=True)

# From here on the hyperbolic tangent of softplus is 1 in float64.
SATURATED = 20.0


class Softplus(Activation, name="softplus"):
    """The smooth ramp, ``f(x) = log(1 + exp(x))``.

    References
    ----------
    C. Dugas et al., "Incorporating second-order functional knowledge for better option
    pricing", NeurIPS 2000.

    Examples
    --------
    >>> from skbackprop.layers import Softplus
    >>> Softplus()
    Softplus()
    """

    initializer: ClassVar[Initializer] = LIKE_A_RECTIFIER

    def bind_forward(self, site: Site) -> Forward:
        """Add a bump of height ``log(2)`` to the ramp with a kink."""
        bump, zeros = site.buffer("scratch", site.n_in), site.constant(0.0, site.n_in)
        absolute, negative, maximum, add = (
            np.absolute,
            np.negative,
            np.maximum,
            np.add,
        )
        exp, log1p = np.exp, np.log1p

        def forward(x: np.ndarray) -> np.ndarray:
            # Five fast passes: ``logaddexp`` takes several times as long.
            absolute(x, bump)
            negative(bump, bump)
            exp(bump, bump)
            log1p(bump, bump)
            maximum(x, zeros, out=x)
            return add(x, bump, x)

        return forward

    def bind_backward(self, site: Site) -> Backward:
        """Multiply by ``1 - exp(-y)``."""
        scratch = site.buffer("scratch", site.n_in)
        negative, expm1, multiply = np.negative, np.expm1, np.multiply

        def backward(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
            negative(y, scratch)
            expm1(scratch, scratch)
            multiply(dy, scratch, dy)
            return negative(dy, dy)

        return backward

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the logistic function, and its derivative."""
        slope = logistic(x.copy())
        return slope, slope * (1 - slope)


class GELU(Activation, name="gelu"):
    """The Gaussian error linear unit, ``f(x) = x P(Z <= x)`` for a standard normal Z.

    Exact, with the error function rather than an approximation.

    References
    ----------
    D. Hendrycks and K. Gimpel, "Gaussian error linear units", 2016, arXiv:1606.08415.

    Examples
    --------
    >>> from skbackprop.layers import GELU
    >>> GELU()
    GELU()
    """

    initializer: ClassVar[Initializer] = LIKE_A_RECTIFIER

    def bind_forward(self, site: Site) -> Forward:
        """Multiply by the distribution function, and keep it."""
        y, below = site.buffer("output", site.n_in), site.buffer("below", site.n_in)
        scale, half = scalar(-np.sqrt(0.5), y), scalar(0.5, y)
        multiply = np.multiply

        def forward(x: np.ndarray) -> np.ndarray:
            # ``1 + erf`` would lose its digits far below zero.
            multiply(x, scale, below)
            erfc(below, below)
            multiply(below, half, below)
            return multiply(x, below, y)

        return forward

    def bind_backward(self, site: Site) -> Backward:
        """Multiply by the distribution function plus ``x`` times the density."""
        below, slope = site.buffer("below", site.n_in), site.buffer("slope", site.n_in)
        minus_half = scalar(-0.5, slope)
        height = scalar(1.0 / np.sqrt(2.0 * np.pi), slope)
        multiply, add, exp = np.multiply, np.add, np.exp

        def backward(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
            multiply(x, x, slope)
            multiply(slope, minus_half, slope)
            exp(slope, slope)
            multiply(slope, height, slope)
            multiply(slope, x, slope)
            add(slope, below, slope)
            return multiply(dy, slope, dy)

        return backward

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return both, by the normal distribution and its density."""
        below = 0.5 * erfc(-np.sqrt(0.5).astype(x.dtype) * x)
        density = np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi).astype(x.dtype)
        return below + x * density, density * (2 - x * x)


class SiLU(Activation, name="silu"):
    """The sigmoid linear unit, ``f(x) = x / (1 + exp(-x))``, also known as swish.

    References
    ----------
    S. Elfwing, E. Uchibe and K. Doya, "Sigmoid-weighted linear units for neural network
    function approximation in reinforcement learning", Neural Networks 107 (2018).

    Examples
    --------
    >>> from skbackprop.layers import SiLU
    >>> SiLU()
    SiLU()
    """

    initializer: ClassVar[Initializer] = LIKE_A_RECTIFIER

    def bind_forward(self, site: Site) -> Forward:
        """Multiply by the logistic function, and keep it."""
        y, gate = site.buffer("output", site.n_in), site.buffer("gate", site.n_in)
        one = scalar(1.0, gate)
        negative, exp, add = np.negative, np.exp, np.add
        divide, multiply = np.divide, np.multiply

        def forward(x: np.ndarray) -> np.ndarray:
            negative(x, gate)
            exp(gate, gate)
            add(gate, one, gate)
            divide(one, gate, gate)
            return multiply(x, gate, y)

        return forward

    def bind_backward(self, site: Site) -> Backward:
        """Multiply by ``g (1 + x (1 - g))``, where ``g`` is the logistic function."""
        gate, slope = site.buffer("gate", site.n_in), site.buffer("slope", site.n_in)
        one = scalar(1.0, slope)
        subtract, multiply, add = np.subtract, np.multiply, np.add

        def backward(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
            subtract(one, gate, slope)
            multiply(slope, x, slope)
            add(slope, one, slope)
            multiply(slope, gate, slope)
            return multiply(dy, slope, dy)

        return backward

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return both, by the logistic function."""
        gate = logistic(x.copy())
        rest = 1 - gate
        curvature = gate * rest * (2 + x * (1 - 2 * gate))
        return gate * (1 + x * rest), curvature


class Mish(Activation, name="mish"):
    """Mish, ``f(x) = x tanh(log(1 + exp(x)))``.

    References
    ----------
    D. Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020.

    Examples
    --------
    >>> from skbackprop.layers import Mish
    >>> Mish()
    Mish()
    """

    initializer: ClassVar[Initializer] = LIKE_A_RECTIFIER

    def bind_forward(self, site: Site) -> Forward:
        """Multiply by the gate, and keep what it is made of."""
        # tanh(log(1 + e)) = e (e + 2) / (e (e + 2) + 2): one exponential does.
        y, power = site.buffer("output", site.n_in), site.buffer("power", site.n_in)
        total = site.buffer("total", site.n_in)
        limit, two = site.constant(SATURATED, site.n_in), scalar(2.0, y)
        minimum, exp, add = np.minimum, np.exp, np.add
        multiply, divide = np.multiply, np.divide

        def forward(x: np.ndarray) -> np.ndarray:
            minimum(x, limit, out=power)
            exp(power, power)
            add(power, two, y)
            multiply(y, power, y)
            add(y, two, total)
            divide(y, total, y)
            return multiply(y, x, y)

        return forward

    def bind_backward(self, site: Site) -> Backward:
        """Multiply by the gate plus ``x`` times the slope of the gate."""
        # With p = exp(x) and t = p (p + 2) + 2 the slope of the gate is
        # 4 p (p + 1) / t ** 2, so that the whole is p (p + 2 + 4 x (p + 1) / t) / t.
        names = ("power", "total", "slope", "scratch")
        power, total, slope, scratch = (site.buffer(name, site.n_in) for name in names)
        limit = site.constant(SATURATED, site.n_in)
        one, four = scalar(1.0, slope), scalar(4.0, slope)
        minimum, add, multiply, divide = np.minimum, np.add, np.multiply, np.divide

        def backward(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
            minimum(x, limit, out=slope)
            multiply(slope, four, slope)
            add(power, one, scratch)
            multiply(slope, scratch, slope)
            divide(slope, total, slope)
            add(scratch, one, scratch)
            add(slope, scratch, slope)
            divide(power, total, scratch)
            multiply(slope, scratch, slope)
            return multiply(dy, slope, dy)

        return backward

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return both, by the gate and the logistic function."""
        logistic_ = logistic(x.copy())
        gate = np.tanh(np.logaddexp(x.dtype.type(0), x))
        rest = 1 - gate * gate
        slope = rest * logistic_
        bend = rest * (logistic_ * (1 - logistic_) - 2 * gate * logistic_ * logistic_)
        return gate + x * slope, 2 * slope + x * bend
