"""Rectifiers that bend below zero instead of breaking off."""

from numbers import Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.ops import scalar
from skbackprop.initializers import HeUniform, Initializer, LecunNormal
from skbackprop.layers.activations.base import Activation, kinked
from skbackprop.layers.base import Backward, Forward, Site


def _forward(site: Site, above: float, below: float) -> Forward:
    """Return ``above x`` above zero, and ``below (exp(x) - 1)`` below."""
    low, zeros = site.buffer("low", site.n_in), site.constant(0.0, site.n_in)
    steep, flat = scalar(above, low), scalar(below, low)
    minimum, maximum, expm1 = np.minimum, np.maximum, np.expm1
    multiply, add = np.multiply, np.add

    def forward(x: np.ndarray) -> np.ndarray:
        minimum(x, zeros, out=low)
        expm1(low, low)
        multiply(low, flat, low)
        maximum(x, zeros, out=x)
        if above != 1.0:
            multiply(x, steep, x)
        return add(x, low, x)

    return forward


def _backward(site: Site, above: float, below: float) -> Backward:
    """Return the derivative: ``above`` above zero, and ``below + y`` below."""
    low, zeros = site.buffer("low", site.n_in), site.constant(0.0, site.n_in)
    minimum, multiply, add = np.minimum, np.multiply, np.add
    one_slope = scalar(above, low)

    def backward_smooth(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
        minimum(y, zeros, out=low)
        add(low, one_slope, low)
        return multiply(dy, low, dy)

    if above == below:
        return backward_smooth
    slopes, held = kinked(site, above, below), site.buffer("slopes", site.n_in)

    def backward(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
        minimum(y, zeros, out=low)
        add(low, slopes(y, held), low)
        return multiply(dy, low, dy)

    return backward


def _derivatives(
    x: np.ndarray, above: float, below: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return ``above`` and 0 above zero, ``below exp(x)`` twice elsewhere."""
    is_above = np.greater(x, 0)
    bent = x.dtype.type(below) * np.exp(np.minimum(x, 0))
    curvature = np.where(is_above, x.dtype.type(0), bent)
    return np.where(is_above, x.dtype.type(above), bent), curvature


class ELU(Activation, name="elu"):
    """The exponential linear unit: ``x`` above zero, ``alpha (exp(x) - 1)`` below.

    With ``alpha=1`` it is smooth; otherwise the derivative at the kink is taken to be
    ``alpha``, that of the side below.

    Parameters
    ----------
    alpha : float, default=1.0
        Minus the limit far below zero; 0 makes it the rectifier.

    References
    ----------
    D.-A. Clevert, T. Unterthiner and S. Hochreiter, "Fast and accurate deep network
    learning by exponential linear units", ICLR 2016.

    Examples
    --------
    >>> from skbackprop.layers import ELU
    >>> ELU(alpha=0.5)
    ELU(alpha=0.5)
    """

    alpha: float = 1.0

    # As in the paper: to the first order it is a rectifier.
    initializer: ClassVar[Initializer] = HeUniform(bias=True)
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "alpha": [Interval(Real, 0, None, closed="left")]
    }

    def bind_forward(self, site: Site) -> Forward:
        """Bend what is below zero."""
        return _forward(site, 1.0, self.alpha)

    def bind_backward(self, site: Site) -> Backward:
        """Multiply by 1, or by ``alpha + y`` where the output is below zero."""
        return _backward(site, 1.0, self.alpha)

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return those of both sides."""
        return _derivatives(x, 1.0, self.alpha)


class SELU(Activation, name="selu"):
    """The scaled exponential linear unit, which keeps mean 0 and variance 1.

    ``scale`` times an :class:`ELU` of ``alpha``, two constants for which independent
    standard normal inputs have outputs of mean 0 and variance 1. The derivative at the
    kink is taken to be ``scale * alpha``, that of the side below.

    References
    ----------
    G. Klambauer et al., "Self-normalizing neural networks", NeurIPS 2017.

    Examples
    --------
    >>> from skbackprop.layers import SELU
    >>> round(SELU.scale, 4), round(SELU.alpha, 4)
    (1.0507, 1.6733)
    """

    scale: ClassVar[float] = 1.0507009873554804934193349852946
    alpha: ClassVar[float] = 1.6732632423543772848170429916717
    # The variance that the two constants were found for; biases would add to it.
    initializer: ClassVar[Initializer] = LecunNormal()

    def bind_forward(self, site: Site) -> Forward:
        """Stretch what is above zero, bend what is below."""
        return _forward(site, self.scale, self.scale * self.alpha)

    def bind_backward(self, site: Site) -> Backward:
        """Multiply by the slope above, or by the limit plus ``y`` below zero."""
        return _backward(site, self.scale, self.scale * self.alpha)

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return those of both sides."""
        return _derivatives(x, self.scale, self.scale * self.alpha)
