"""Initialisers that are the same for layers of every size."""

from numbers import Real
from typing import ClassVar

import numpy as np
from numpy.random import RandomState

from skbackprop._compat import Interval
from skbackprop.initializers.base import Fan, Initializer, Shape

ANY_NUMBER = Interval(Real, None, None, closed="neither")
AT_LEAST_0 = Interval(Real, 0, None, closed="left")


class Zeros(Initializer, name="zeros"):
    """All weights zero: right for a linear model, and for nothing else.

    Notes
    -----
    Units that start alike get the same gradient and stay alike, so that hidden layers
    do not learn to differ.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> model = BackpropRegressor(
    ...     hidden_layer_sizes=(), weight_init="zeros", solver="lbfgs", alpha=0
    ... )
    >>> model.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).predict([[3.0]]).round(3)
    array([7.])
    """

    def draw(self, shape: Shape, fan: Fan, rng: RandomState) -> np.ndarray:
        """Return zeros, without a draw."""
        return np.zeros(shape)


class Constant(Initializer, name="constant"):
    """All weights the same number; see :class:`Zeros` for why that seldom trains.

    Parameters
    ----------
    value : float, default=0.0
        The number.

    Examples
    --------
    >>> from skbackprop.initializers import Constant
    >>> Constant(value=0.5)
    Constant(value=0.5)
    """

    value: float = 0.0

    _parameter_constraints: ClassVar[dict[str, list]] = {"value": [ANY_NUMBER]}

    def draw(self, shape: Shape, fan: Fan, rng: RandomState) -> np.ndarray:
        """Return the number everywhere, without a draw."""
        return np.full(shape, float(self.value))


class Uniform(Initializer, name="uniform"):
    """Uniform between two limits, whatever the size of the layer.

    Parameters
    ----------
    low : float, default=-0.05
        The lower limit.
    high : float, default=0.05
        The upper limit.

    Examples
    --------
    >>> from skbackprop.initializers import Uniform
    >>> Uniform(low=-0.1, high=0.1)
    Uniform(high=0.1, low=-0.1)
    """

    low: float = -0.05
    high: float = 0.05

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "low": [ANY_NUMBER],
        "high": [ANY_NUMBER],
    }

    def draw(self, shape: Shape, fan: Fan, rng: RandomState) -> np.ndarray:
        """Draw between the limits."""
        if self.low > self.high:
            raise ValueError(
                f"Uniform draws from low to high, got low={self.low} and "
                f"high={self.high}."
            )
        return rng.uniform(self.low, self.high, shape)


class Normal(Initializer, name="normal"):
    """Normal with a given mean and deviation, whatever the size of the layer.

    Parameters
    ----------
    mean : float, default=0.0
        The mean.
    std : float, default=0.05
        The standard deviation.

    Examples
    --------
    >>> from skbackprop.initializers import Normal
    >>> Normal(std=0.01)
    Normal(std=0.01)
    """

    mean: float = 0.0
    std: float = 0.05

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "mean": [ANY_NUMBER],
        "std": [AT_LEAST_0],
    }

    def draw(self, shape: Shape, fan: Fan, rng: RandomState) -> np.ndarray:
        """Draw around the mean."""
        return rng.normal(self.mean, self.std, shape)
