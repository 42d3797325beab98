"""Updates: the small steps that first-order solvers are chains of.

An update turns a gradient and a rate into a direction and a rate, in place on the one
flat gradient vector, so that ``theta -= rate * direction`` is the step. A solver is a
chain of these: each may scale the direction and hand on what is left of the rate. All
work entry by entry: of a long vector, threads take a part each.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from numbers import Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.ops import scalar
from skbackprop.core.spec import Spec

__all__ = [
    "Momentum",
    "ScaleByAdam",
    "Update",
    "bind_chain",
]

# update(rate, t) -> what is left of the rate; t counts steps from 1.
BoundUpdate = Callable[[float, int], float]


class Update(Spec, ABC, family=True):
    """A link in the chain that makes a step of a gradient."""

    @property
    @abstractmethod
    def n_moments(self) -> int:
        """How many vectors it remembers from step to step; they start at zero."""

    @abstractmethod
    def bind(self, grad: np.ndarray, moments: Sequence[np.ndarray]) -> BoundUpdate:
        """Return the update, bound to its vectors.

        Parameters
        ----------
        grad : ndarray
            The gradient, turned into a direction in place.
        moments : sequence of ndarray
            ``n_moments`` vectors of the same shape.

        Returns
        -------
        callable
            ``update(rate, t)`` returns the rate that is left to be applied.
        """


class Momentum(Update, name="momentum"):
    """Classical or Nesterov's momentum, with the rate inside the velocity.

    Parameters
    ----------
    momentum : float, default=0.9
        The share of the velocity that a step keeps.
    nesterov : bool, default=True
        Whether to look one step ahead.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.updates import Momentum
    >>> grad, velocity = np.array([1.0]), np.array([0.5])
    >>> rate = Momentum(0.9, nesterov=False).bind(grad, [velocity])(0.1, 1)
    >>> rate, grad
    (1.0, array([-0.35]))
    """

    momentum: float = 0.9
    nesterov: bool = True

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterov": ["boolean"],
    }

    @property
    def n_moments(self) -> int:
        """The velocity."""
        return 1

    def bind(self, grad: np.ndarray, moments: Sequence[np.ndarray]) -> BoundUpdate:
        """Return ``v <- momentum * v - rate * grad``, and a step along ``v``."""
        (velocity,) = moments
        momentum, nesterov = scalar(self.momentum, grad), self.nesterov
        scratch = np.empty_like(grad) if nesterov else grad
        multiply, subtract, negative = np.multiply, np.subtract, np.negative

        def update(rate: float, t: int) -> float:
            multiply(grad, rate, grad)
            multiply(velocity, momentum, velocity)
            subtract(velocity, grad, velocity)
            if nesterov:
                multiply(velocity, momentum, scratch)
                subtract(grad, scratch, grad)
            else:
                negative(velocity, grad)
            return 1.0

        return update


class ScaleByAdam(Update, name="adam"):
    """Adam's running mean of gradients over the root of that of their squares.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9, 0.999
        What the two running means keep at each step.
    epsilon : float, default=1e-8
        Added to the root, outside the correction of the bias, as scikit-learn does.

    Notes
    -----
    The sums ``m / (1 - beta_1)`` and ``v / (1 - beta_2)`` are kept rather than the
    means: two passes less. The factors go into epsilon and the rate.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.updates import ScaleByAdam
    >>> grad = np.array([4.0])
    >>> rate = ScaleByAdam().bind(grad, [np.zeros(1), np.zeros(1)])(0.001, 1)
    >>> (rate * grad).round(6)
    array([0.001])
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
    }

    @property
    def n_moments(self) -> int:
        """The sums of the gradients and of their squares."""
        return 2

    def bind(self, grad: np.ndarray, moments: Sequence[np.ndarray]) -> BoundUpdate:
        """Return the update of both sums and their quotient."""
        first, second = moments
        beta_1, beta_2 = float(self.beta_1), float(self.beta_2)
        keep_1, keep_2 = scalar(beta_1, grad), scalar(beta_2, grad)
        root_share = (1.0 - beta_2) ** 0.5
        epsilon = scalar(self.epsilon / root_share, grad)
        factor = (1.0 - beta_1) / root_share
        add, multiply, divide, sqrt = np.add, np.multiply, np.divide, np.sqrt

        def update(rate: float, t: int) -> float:
            multiply(first, keep_1, first)
            add(first, grad, first)
            multiply(second, keep_2, second)
            multiply(grad, grad, grad)
            add(second, grad, second)
            sqrt(second, grad)
            add(grad, epsilon, grad)
            divide(first, grad, grad)
            return rate * factor * (1.0 - beta_2**t) ** 0.5 / (1.0 - beta_1**t)

        return update


def bind_chain(
    chain: Sequence[Update],
    theta: np.ndarray,
    grad: np.ndarray,
    moments: Sequence[Sequence[np.ndarray]],
) -> Callable[[float, int], None]:
    """Bind a chain of updates to its vectors.

    Parameters
    ----------
    chain : sequence of Update
        The links, first to last.
    theta, grad : ndarray of shape (n_params,)
        Parameters, moved in place, and their gradient, used up.
    moments : sequence of sequence of ndarray
        For each link, the vectors it remembers.

    Returns
    -------
    callable
        ``step(rate, t)`` takes one step.
    """
    links = [
        update.bind(grad, vectors)
        for update, vectors in zip(chain, moments, strict=True)
    ]
    multiply, subtract = np.multiply, np.subtract

    def step(rate: float, t: int) -> None:
        for link in links:
            rate = link(rate, t)
        if rate != 1.0:
            multiply(grad, rate, grad)
        subtract(theta, grad, theta)

    return step
