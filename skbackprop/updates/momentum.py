"""Momentum: steps that keep a share of the ones before."""

from collections.abc import Sequence
from numbers import Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.blas import bind_axpy
from skbackprop.core.ops import scalar
from skbackprop.updates.base import BoundUpdate, Span, Update


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
    >>> from skbackprop.updates import Momentum, Span
    >>> span, velocity = Span(np.zeros(1), np.array([1.0])), np.array([0.5])
    >>> rate = Momentum(0.9, nesterov=False).bind(span, [velocity])(0.1, 1)
    >>> rate, span.grad
    (1.0, array([-0.35]))
    """

    momentum: float = 0.9
    nesterov: bool = True

    n_moments: ClassVar[int] = 1
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterov": ["boolean"],
    }

    def bind(self, span: Span, moments: Sequence[np.ndarray]) -> BoundUpdate:
        """Return ``v <- momentum * v - rate * grad``, and a step along ``v``."""
        grad, (velocity,) = span.grad, moments
        momentum, nesterov = scalar(self.momentum, grad), self.nesterov
        multiply, subtract, negative = np.multiply, np.subtract, np.negative
        look_ahead = bind_axpy(velocity, grad)

        def update(rate: float, t: int) -> float:
            multiply(grad, rate, grad)
            multiply(velocity, momentum, velocity)
            subtract(velocity, grad, velocity)
            if nesterov:
                look_ahead(-self.momentum)
            else:
                negative(velocity, grad)
            return 1.0

        return update


class SignMomentum(Update, name="lion"):
    """The sign of a running mean of gradients: Lion's step.

    Parameters
    ----------
    b1 : float, default=0.9
        The share of the running mean in the step; the rest is the new gradient's.
    b2 : float, default=0.99
        What the running mean keeps at each step.

    Notes
    -----
    The sum ``m / (1 - b2)`` is kept rather than the mean: two passes less.

    References
    ----------
    X. Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.updates import SignMomentum, Span
    >>> span = Span(np.zeros(2), np.array([3.0, -0.2]))
    >>> SignMomentum().bind(span, [np.zeros(2)])(0.1, 1), span.grad
    (0.1, array([ 1., -1.]))
    """

    b1: float = 0.9
    b2: float = 0.99

    n_moments: ClassVar[int] = 1
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "b1": [Interval(Real, 0, 1, closed="left")],
        "b2": [Interval(Real, 0, 1, closed="left")],
    }

    def bind(self, span: Span, moments: Sequence[np.ndarray]) -> BoundUpdate:
        """Return ``sign(b1 * m + (1 - b1) * grad)``, then the update of ``m``."""
        grad, (total,) = span.grad, moments
        # The step's sign is that of the total times this, plus the gradient.
        weight = scalar(self.b1 * (1.0 - self.b2) / (1.0 - self.b1), grad)
        keep, scratch = scalar(self.b2, grad), np.empty_like(grad)
        add, multiply, sign = np.add, np.multiply, np.sign

        def update(rate: float, t: int) -> float:
            multiply(total, weight, scratch)
            add(scratch, grad, scratch)
            multiply(total, keep, total)
            add(total, grad, total)
            sign(scratch, grad)
            return rate

        return update
