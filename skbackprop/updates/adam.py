"""Adam and its kin: running means of the gradient over the root of its square's."""

from collections.abc import Callable, Sequence
from numbers import Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.blas import bind_axpy
from skbackprop.core.ops import scalar
from skbackprop.updates.base import BoundUpdate, Span, Update
from skbackprop.updates.decay import bind_decaying_sum, decayed

SHARE = Interval(Real, 0, 1, closed="left")
POSITIVE = Interval(Real, 0, None, closed="neither")
ADAM_CONSTRAINTS: dict[str, list] = {
    "beta_1": [SHARE],
    "beta_2": [SHARE],
    "epsilon": [POSITIVE],
}


class ScaleByAdam(Update, name="adam"):
    """Adam's running mean of gradients over the root of that of their squares.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9, 0.999
        What the two running means keep at each step.
    epsilon : float, default=1e-8
        Added to the root for stability.
    corrected : bool, default=False
        Whether epsilon is added after the correction of the bias, as in PyTorch, or
        before it, as in scikit-learn.

    Notes
    -----
    The sums ``m / (1 - beta_1)`` and ``v / (1 - beta_2)`` are kept rather than the
    means, and up to a factor each (see ``updates/decay.py``): four passes less. All
    factors go into epsilon and the rate.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.updates import ScaleByAdam, Span
    >>> span = Span(np.zeros(1), np.array([4.0]))
    >>> rate = ScaleByAdam().bind(span, [np.zeros(1), np.zeros(1)])(0.001, 1)
    >>> (rate * span.grad).round(6)
    array([0.001])
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    corrected: bool = False

    n_moments: ClassVar[int] = 2
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **ADAM_CONSTRAINTS,
        "corrected": ["boolean"],
    }

    def bind(self, span: Span, moments: Sequence[np.ndarray]) -> BoundUpdate:
        """Return the update of both sums and their quotient."""
        grad, (first, second) = span.grad, moments
        beta_1, beta_2 = float(self.beta_1), float(self.beta_2)
        add_to_first = bind_decaying_sum(grad, first, beta_1)
        add_to_second = bind_decaying_sum(grad, second, beta_2)
        epsilon, corrected = float(self.epsilon), self.corrected
        added, root_share = scalar(0.0, grad), (1.0 - beta_2) ** 0.5
        add, multiply, divide, sqrt = np.add, np.multiply, np.divide, np.sqrt

        def update(rate: float, t: int) -> float:
            mean = (1.0 - beta_1) * add_to_first(t)
            multiply(grad, grad, grad)
            root = root_share * add_to_second(t) ** 0.5
            unbiased = (1.0 - beta_2**t) ** 0.5
            added[()] = epsilon * (unbiased if corrected else 1.0) / root
            sqrt(second, grad)
            add(grad, added, grad)
            divide(first, grad, grad)
            return rate * mean / root * unbiased / (1.0 - beta_1**t)

        return update

    def remembered(
        self, means: np.ndarray, squares: np.ndarray, t: int
    ) -> list[np.ndarray]:
        """Return the moments that go with running means.

        Parameters
        ----------
        means, squares : ndarray of shape (n_params,)
            The running means of the gradient and of its square.
        t : int
            Steps taken.

        Returns
        -------
        list of ndarray
            What the next step goes on from.
        """
        return [
            decayed(mean / (1.0 - beta), beta, t)
            for mean, beta in ((means, self.beta_1), (squares, self.beta_2))
        ]


class ScaleByAMSGrad(Update, name="amsgrad"):
    """Adam's scaling, by the largest mean square that there has been so far.

    Steps then never grow because a large gradient is forgotten.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9, 0.999
        What the two running means keep at each step.
    epsilon : float, default=1e-8
        Added to the root, after the correction of the bias.

    References
    ----------
    S. Reddi, S. Kale and S. Kumar, "On the convergence of Adam and beyond", ICLR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.updates import ScaleByAMSGrad, Span
    >>> span = Span(np.zeros(1), np.array([4.0]))
    >>> rate = ScaleByAMSGrad().bind(span, np.zeros((3, 1)))(0.001, 1)
    >>> (rate * span.grad).round(6)
    array([0.001])
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    n_moments: ClassVar[int] = 3
    _parameter_constraints: ClassVar[dict[str, list]] = ADAM_CONSTRAINTS

    def bind(self, span: Span, moments: Sequence[np.ndarray]) -> BoundUpdate:
        """Return the update of both sums, of the maximum, and the quotient."""
        grad, (first, second, largest) = span.grad, moments
        beta_1, beta_2 = float(self.beta_1), float(self.beta_2)
        add_to_first = bind_decaying_sum(grad, first, beta_1)
        # Compared with its maximum: no factor may come between.
        keep_2, root_share = scalar(beta_2, grad), (1.0 - beta_2) ** 0.5
        epsilon, added = self.epsilon / root_share, scalar(0.0, grad)
        factor = (1.0 - beta_1) / root_share
        add, multiply, divide, sqrt = np.add, np.multiply, np.divide, np.sqrt
        maximum = np.maximum

        def update(rate: float, t: int) -> float:
            mean = factor * add_to_first(t)
            multiply(second, keep_2, second)
            multiply(grad, grad, grad)
            add(second, grad, second)
            maximum(largest, second, out=largest)
            sqrt(largest, grad)
            unbiased = (1.0 - beta_2**t) ** 0.5
            added[()] = epsilon * unbiased
            add(grad, added, grad)
            divide(first, grad, grad)
            return rate * mean * unbiased / (1.0 - beta_1**t)

        return update


class ScaleByNadam(Update, name="nadam"):
    """Adam's scaling with Nesterov's momentum, which grows in over the steps.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9, 0.999
        What the two running means keep at each step.
    epsilon : float, default=1e-8
        Added to the root, after the correction of the bias.
    momentum_decay : float, default=0.004
        How fast the momentum grows: at step ``t`` it is
        ``beta_1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))``.

    References
    ----------
    T. Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.updates import ScaleByNadam, Span
    >>> span = Span(np.zeros(1), np.array([4.0]))
    >>> rate = ScaleByNadam().bind(span, np.zeros((2, 1)))(0.001, 1)
    >>> bool((rate * span.grad > 0.0009).all())
    True
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    momentum_decay: float = 0.004

    n_moments: ClassVar[int] = 2
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **ADAM_CONSTRAINTS,
        "momentum_decay": [Interval(Real, 0, None, closed="left")],
    }

    def bind(self, span: Span, moments: Sequence[np.ndarray]) -> BoundUpdate:
        """Return the update of both sums, and the quotient one step ahead."""
        grad, (first, second) = span.grad, moments
        beta_1, beta_2 = float(self.beta_1), float(self.beta_2)
        scratch, shares = np.empty_like(grad), self._shares()
        add_to_first = bind_decaying_sum(grad, first, beta_1)
        add_to_second = bind_decaying_sum(scratch, second, beta_2)
        add_mean = bind_axpy(first, grad)
        epsilon, added = float(self.epsilon), scalar(0.0, grad)
        root_share = (1.0 - beta_2) ** 0.5
        add, multiply, divide, sqrt = np.add, np.multiply, np.divide, np.sqrt

        def update(rate: float, t: int) -> float:
            of_grad, of_mean = shares(t)
            mean = (1.0 - beta_1) * add_to_first(t)
            multiply(grad, grad, scratch)
            root = root_share * add_to_second(t) ** 0.5
            # grad + (what the mean counts for against the gradient) * mean
            add_mean(of_mean * mean / of_grad)
            sqrt(second, scratch)
            unbiased = (1.0 - beta_2**t) ** 0.5
            added[()] = epsilon * unbiased / root
            add(scratch, added, scratch)
            divide(grad, scratch, grad)
            return rate * of_grad / root * unbiased

        return update

    def _shares(self) -> Callable[[int], tuple[float, float]]:
        """Return what gradient and mean count for at a step, each unbiased."""
        beta_1, decay = float(self.beta_1), float(self.momentum_decay)
        last, product = 0, 1.0

        def momentum(t: int) -> float:
            return beta_1 * (1.0 - 0.5 * 0.96 ** (t * decay))

        def shares(t: int) -> tuple[float, float]:
            nonlocal last, product
            # Goes on from the last step: only after a pickle there are more to take.
            for step in range(last + 1, t + 1):
                product *= momentum(step)
            last, ahead = t, momentum(t + 1)
            of_grad = (1.0 - momentum(t)) / (1.0 - product)
            return of_grad, ahead / (1.0 - product * ahead)

        return shares
