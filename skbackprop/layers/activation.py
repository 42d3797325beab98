"""Activation functions: a class each, found by its name."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skbackprop.core.layout import Param
from skbackprop.core.ops import logistic
from skbackprop.layers.base import Backward, Forward, Layer, Site

InPlace = Callable[[np.ndarray], np.ndarray]
Pullback = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Activation(Layer, family=True):
    """A function applied to each entry, in place.

    A member provides ``apply`` and ``pull_back``, whose derivative is a function of
    the output, so that one buffer serves for input and output.

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

    def bind(self, site: Site) -> tuple[Forward, Backward]:
        """Return the function and its pull-back."""
        return self.apply(site), self.pull_back(site)

    @abstractmethod
    def apply(self, site: Site) -> InPlace:
        """Return a callable that replaces ``x`` by the activation of ``x``."""

    @abstractmethod
    def pull_back(self, site: Site) -> Pullback:
        """Return a callable that multiplies ``dy`` by the derivative, given ``y``."""


@dataclass(repr=False)
class Identity(Activation, name="identity"):
    """The identity, ``f(x) = x``.

    Examples
    --------
    >>> from skbackprop.layers import Identity
    >>> Identity()
    Identity()
    """

    def apply(self, site: Site) -> InPlace:
        """Do nothing."""
        return lambda x: x

    def pull_back(self, site: Site) -> Pullback:
        """Hand the gradient on."""
        return lambda y, dy: dy


@dataclass(repr=False)
class ReLU(Activation, name="relu"):
    """The rectified linear unit, ``f(x) = max(0, x)``.

    Its derivative at the kink is taken to be 0.

    Examples
    --------
    >>> from skbackprop.layers import ReLU
    >>> ReLU()
    ReLU()
    """

    def apply(self, site: Site) -> InPlace:
        """Clip at zero from below."""
        zeros, maximum = site.constant(0.0, site.n_in), np.maximum
        return lambda x: maximum(x, zeros, out=x)

    def pull_back(self, site: Site) -> Pullback:
        """Pass the gradient where the unit is active."""
        zeros = site.constant(0.0, site.n_in)
        active = site.buffer("active", site.n_in, bool)
        greater, multiply = np.greater, np.multiply

        def pull_back(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
            greater(y, zeros, active)
            return multiply(dy, active, dy)

        return pull_back


@dataclass(repr=False)
class Logistic(Activation, name="logistic"):
    """The logistic sigmoid, ``f(x) = 1 / (1 + exp(-x))``.

    Examples
    --------
    >>> from skbackprop.layers import Logistic
    >>> Logistic()
    Logistic()
    """

    glorot_factor: ClassVar[float] = 2.0

    def apply(self, site: Site) -> InPlace:
        """Squash into (0, 1)."""
        return logistic

    def pull_back(self, site: Site) -> Pullback:
        """Multiply by ``y (1 - y)``."""
        scratch = site.buffer("derivative", site.n_in)
        ones = site.constant(1.0, site.n_in)
        subtract, multiply = np.subtract, np.multiply

        def pull_back(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
            multiply(dy, y, dy)
            subtract(ones, y, scratch)
            return multiply(dy, scratch, dy)

        return pull_back


@dataclass(repr=False)
class Tanh(Activation, name="tanh"):
    """The hyperbolic tangent.

    Examples
    --------
    >>> from skbackprop.layers import Tanh
    >>> Tanh()
    Tanh()
    """

    def apply(self, site: Site) -> InPlace:
        """Squash into (-1, 1)."""
        tanh = np.tanh
        return lambda x: tanh(x, x)

    def pull_back(self, site: Site) -> Pullback:
        """Multiply by ``1 - y ** 2``."""
        scratch = site.buffer("derivative", site.n_in)
        ones = site.constant(1.0, site.n_in)
        subtract, multiply = np.subtract, np.multiply

        def pull_back(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
            multiply(y, y, scratch)
            subtract(ones, scratch, scratch)
            return multiply(dy, scratch, dy)

        return pull_back
