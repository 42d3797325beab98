"""A rate of its own for each entry, by the squares of its gradients."""

from collections.abc import Sequence
from numbers import Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.ops import scalar
from skbackprop.updates.base import BoundUpdate, Span, Update

SHARE = Interval(Real, 0, 1, closed="left")
POSITIVE = Interval(Real, 0, None, closed="neither")


class ScaleByAdaGrad(Update, name="adagrad"):
    """The gradient over the root of the sum of all squares so far.

    Parameters
    ----------
    eps : float, default=1e-10
        Added to the root for stability.

    References
    ----------
    J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning
    and stochastic optimization", JMLR 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.updates import ScaleByAdaGrad, Span
    >>> span = Span(np.zeros(2), np.array([3.0, -0.5]))
    >>> rate = ScaleByAdaGrad().bind(span, [np.zeros(2)])(0.1, 1)
    >>> span.grad.round(6)
    array([ 1., -1.])
    """

    eps: float = 1e-10

    n_moments: ClassVar[int] = 1
    _parameter_constraints: ClassVar[dict[str, list]] = {"eps": [POSITIVE]}

    def bind(self, span: Span, moments: Sequence[np.ndarray]) -> BoundUpdate:
        """Return ``s <- s + grad ** 2`` and ``grad / (sqrt(s) + eps)``."""
        grad, (total,) = span.grad, moments
        eps, scratch = scalar(self.eps, grad), np.empty_like(grad)
        add, multiply, divide, sqrt = np.add, np.multiply, np.divide, np.sqrt

        def update(rate: float, t: int) -> float:
            multiply(grad, grad, scratch)
            add(total, scratch, total)
            sqrt(total, scratch)
            add(scratch, eps, scratch)
            divide(grad, scratch, grad)
            return rate

        return update


class ScaleByRMS(Update, name="rms"):
    """The gradient over the root of the running mean of its square.

    Parameters
    ----------
    rho : float, default=0.99
        What the mean keeps at each step.
    eps : float, default=1e-8
        Added to the root for stability.

    References
    ----------
    T. Tieleman and G. Hinton, "Lecture 6.5: RMSprop", Coursera 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.updates import ScaleByRMS, Span
    >>> span = Span(np.zeros(2), np.array([3.0, -0.5]))
    >>> rate = ScaleByRMS(rho=0.75).bind(span, [np.zeros(2)])(0.1, 1)
    >>> span.grad.round(6)
    array([ 2., -2.])
    """

    rho: float = 0.99
    eps: float = 1e-8

    n_moments: ClassVar[int] = 1
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "rho": [SHARE],
        "eps": [POSITIVE],
    }

    def bind(self, span: Span, moments: Sequence[np.ndarray]) -> BoundUpdate:
        """Return the update of the sum of squares, and the quotient."""
        grad, (total,) = span.grad, moments
        # Kept without the factor 1 - rho, which goes into eps and the rate.
        root_share = (1.0 - float(self.rho)) ** 0.5
        keep, eps = scalar(self.rho, grad), scalar(self.eps / root_share, grad)
        scratch = np.empty_like(grad)
        add, multiply, divide, sqrt = np.add, np.multiply, np.divide, np.sqrt
        factor = scalar(1.0 / root_share, grad)

        def update(rate: float, t: int) -> float:
            multiply(grad, grad, scratch)
            multiply(total, keep, total)
            add(total, scratch, total)
            sqrt(total, scratch)
            add(scratch, eps, scratch)
            divide(grad, scratch, grad)
            multiply(grad, factor, grad)
            return rate

        return update


class ScaleByDeviation(Update, name="centered_rms"):
    """The gradient over its running standard deviation: centered RMSprop.

    Parameters
    ----------
    rho : float, default=0.99
        What the running means of the gradient and of its square keep at each step.
    eps : float, default=1e-8
        Added to the deviation for stability.

    References
    ----------
    A. Graves, "Generating sequences with recurrent neural networks", 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.updates import ScaleByDeviation, Span
    >>> span = Span(np.zeros(2), np.array([3.0, -0.5]))
    >>> rate = ScaleByDeviation(rho=0.5).bind(span, np.zeros((2, 2)))(0.1, 1)
    >>> span.grad.round(6)
    array([ 2., -2.])
    """

    rho: float = 0.99
    eps: float = 1e-8

    n_moments: ClassVar[int] = 2
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "rho": [SHARE],
        "eps": [POSITIVE],
    }

    def bind(self, span: Span, moments: Sequence[np.ndarray]) -> BoundUpdate:
        """Return the update of both means, and the quotient."""
        grad, (square, mean) = span.grad, moments
        keep, fresh = scalar(self.rho, grad), scalar(1.0 - self.rho, grad)
        eps, zero = scalar(self.eps, grad), scalar(0.0, grad)
        scratch = np.empty_like(grad)
        add, multiply, divide, sqrt = np.add, np.multiply, np.divide, np.sqrt
        subtract, maximum = np.subtract, np.maximum

        def update(rate: float, t: int) -> float:
            multiply(grad, fresh, scratch)
            multiply(mean, keep, mean)
            add(mean, scratch, mean)
            multiply(scratch, grad, scratch)
            multiply(square, keep, square)
            add(square, scratch, square)
            multiply(mean, mean, scratch)
            subtract(square, scratch, scratch)
            # Rounding may leave the variance of a steady gradient below zero.
            maximum(scratch, zero, out=scratch)
            sqrt(scratch, scratch)
            add(scratch, eps, scratch)
            divide(grad, scratch, grad)
            return rate

        return update


class ScaleByAdadelta(Update, name="adadelta"):
    """The gradient times the root mean square of steps over that of gradients.

    Parameters
    ----------
    rho : float, default=0.9
        What the two running means keep at each step.
    eps : float, default=1e-6
        Added to both means: it sets the first steps.

    References
    ----------
    M. Zeiler, "ADADELTA: an adaptive learning rate method", 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.updates import ScaleByAdadelta, Span
    >>> span = Span(np.zeros(2), np.array([3.0, -0.5]))
    >>> rate = ScaleByAdadelta().bind(span, np.zeros((2, 2)))(1.0, 1)
    >>> span.grad.round(5)
    array([ 0.00316, -0.00316])
    """

    rho: float = 0.9
    eps: float = 1e-6

    n_moments: ClassVar[int] = 2
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "rho": [SHARE],
        "eps": [POSITIVE],
    }

    def bind(self, span: Span, moments: Sequence[np.ndarray]) -> BoundUpdate:
        """Return the update of both means, with the step between them."""
        grad, (square, moved) = span.grad, moments
        keep, fresh = scalar(self.rho, grad), scalar(1.0 - self.rho, grad)
        eps = scalar(self.eps, grad)
        scratch, root = np.empty_like(grad), np.empty_like(grad)
        add, multiply, divide, sqrt = np.add, np.multiply, np.divide, np.sqrt

        def blend(mean: np.ndarray) -> None:
            multiply(grad, grad, scratch)
            multiply(scratch, fresh, scratch)
            multiply(mean, keep, mean)
            add(mean, scratch, mean)

        def update(rate: float, t: int) -> float:
            blend(square)
            add(square, eps, scratch)
            add(moved, eps, root)
            divide(root, scratch, root)
            sqrt(root, root)
            multiply(grad, root, grad)
            blend(moved)
            return rate

        return update
