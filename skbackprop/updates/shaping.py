"""Links that go before the others: clipping, and decay of the weights."""

from collections.abc import Sequence
from numbers import Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.ops import scalar
from skbackprop.updates.base import BoundUpdate, Span, Update

POSITIVE = Interval(Real, 0, None, closed="neither")


class ClipValue(Update, name="clip_value"):
    """Keep each entry of the gradient within a limit.

    Parameters
    ----------
    limit : float, default=1.0
        The largest absolute value.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.updates import ClipValue, Span
    >>> span = Span(np.zeros(2), np.array([3.0, -0.2]))
    >>> ClipValue(1.0).bind(span, [])(0.1, 1), span.grad
    (0.1, array([ 1. , -0.2]))
    """

    limit: float = 1.0

    _parameter_constraints: ClassVar[dict[str, list]] = {"limit": [POSITIVE]}

    def bind(self, span: Span, moments: Sequence[np.ndarray]) -> BoundUpdate:
        """Return the clipping."""
        grad = span.grad
        high, low = scalar(self.limit, grad), scalar(-self.limit, grad)
        minimum, maximum = np.minimum, np.maximum

        def update(rate: float, t: int) -> float:
            minimum(grad, high, out=grad)
            maximum(grad, low, out=grad)
            return rate

        return update


class ClipNorm(Update, name="clip_norm"):
    """Scale the gradient down to a norm, over all parameters at once.

    Parameters
    ----------
    limit : float, default=1.0
        The largest norm.

    References
    ----------
    R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent
    neural networks", ICML 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.updates import ClipNorm, Span
    >>> span = Span(np.zeros(2), np.array([3.0, 4.0]))
    >>> ClipNorm(1.0).bind(span, [])(0.1, 1), span.grad
    (0.1, array([0.6, 0.8]))
    """

    limit: float = 1.0

    entrywise: ClassVar[bool] = False
    _parameter_constraints: ClassVar[dict[str, list]] = {"limit": [POSITIVE]}

    def bind(self, span: Span, moments: Sequence[np.ndarray]) -> BoundUpdate:
        """Return the scaling."""
        grad, limit = span.grad, float(self.limit)
        square_of, multiply = grad.dot, np.multiply

        def update(rate: float, t: int) -> float:
            square = float(square_of(grad))
            norm = square**0.5 if square < np.inf else _norm(grad)
            if norm > limit:
                multiply(grad, limit / norm, grad)
            return rate

        return update


def _norm(grad: np.ndarray) -> float:
    """Return the norm where the sum of squares overflows, as an explosion's does."""
    peak = float(np.abs(grad).max())
    return peak * float(np.linalg.norm(grad / peak))


class DecayWeights(Update, name="decay"):
    """Shrink the weights a little at each step: weight decay apart from the loss.

    Unlike a penalty it does not go through the scaling of the gradient. Biases are left
    alone.

    Parameters
    ----------
    weight_decay : float, default=0.01
        At each step weights are multiplied by ``1 - rate * weight_decay``.

    References
    ----------
    I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.updates import DecayWeights, Span
    >>> span = Span(np.ones(2), np.zeros(2), n_weights=1)
    >>> DecayWeights(0.5).bind(span, [])(0.1, 1), span.theta
    (0.1, array([0.95, 1.  ]))
    """

    weight_decay: float = 0.01

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "weight_decay": [Interval(Real, 0, None, closed="left")]
    }

    def bind(self, span: Span, moments: Sequence[np.ndarray]) -> BoundUpdate:
        """Return the shrinking; it needs the rate that no link has used up yet."""
        weights, decay = span.theta[: span.n_weights], float(self.weight_decay)
        multiply = np.multiply

        def update(rate: float, t: int) -> float:
            multiply(weights, 1.0 - rate * decay, weights)
            return rate

        return update
