"""Muon: steps whose matrices have all singular values near one."""

from collections.abc import Callable, Iterator, Sequence
from numbers import Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.layout import Layout
from skbackprop.updates.adam import ADAM_CONSTRAINTS, ScaleByAdam
from skbackprop.updates.base import BoundUpdate, Span, Update

# A polynomial that takes singular values in (0, 1] to about 1 when it is repeated.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
N_REPEATS = 5
# Gives a step the mean square of Adam's, so that the same rates suit.
SCALE = 0.2


class ScaleByMuon(Update, name="muon"):
    """Momentum made orthogonal for hidden weights; Adam's scaling for all else.

    The momentum of a weight matrix ``U diag(s) V`` becomes about ``U V``: rare
    directions count as much as frequent ones. Weights of the outputs, biases, and
    everything where shapes are not known, are left to Adam.

    Parameters
    ----------
    heavy_ball : float, default=0.95
        The share of the momentum, in Nesterov's form, that a step keeps.
    beta_1, beta_2, epsilon : float, default=0.9, 0.999, 1e-8
        Those of Adam.

    References
    ----------
    K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024.
    J. Liu et al., "Muon is scalable for LLM training", 2025, for the scale.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.core.layout import Layout, Param
    >>> from skbackprop.updates import ScaleByMuon, Span
    >>> layout = Layout([[Param("weight", (2, 2), (2, 2))] for _ in range(2)])
    >>> span = Span(np.zeros(8), np.array([5.0, 0, 0, 1.0] * 2), 8, layout)
    >>> rate = ScaleByMuon().bind(span, np.zeros((2, 8)))(1.0, 1)
    >>> (span.grad[:4] / (0.2 * 2**0.5)).round(1)  # singular values were 5 and 1
    array([0.7, 0. , 0. , 0.8])
    """

    heavy_ball: float = 0.95
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    n_moments: ClassVar[int] = 2
    entrywise: ClassVar[bool] = False
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "heavy_ball": [Interval(Real, 0, 1, closed="left")],
        **ADAM_CONSTRAINTS,
    }

    def bind(self, span: Span, moments: Sequence[np.ndarray]) -> BoundUpdate:
        """Return the orthogonal steps of the matrices, and Adam's of the rest."""
        grad, (first, second) = span.grad, moments
        matrices = list(_hidden_weights(span.layout)) if span.layout else []
        end = matrices[-1][0].stop if matrices else 0
        steps = [
            self._bind_matrix(grad[at].reshape(shape), first[at].reshape(shape))
            for at, shape in matrices
        ]
        of_rest = grad[end:]
        adam = ScaleByAdam(self.beta_1, self.beta_2, self.epsilon, corrected=True)
        rest = adam.bind(Span(span.theta[end:], of_rest), [first[end:], second[end:]])
        multiply = np.multiply

        def update(rate: float, t: int) -> float:
            for step in steps:
                step(rate)
            multiply(of_rest, rest(rate, t), of_rest)
            return 1.0

        return update

    def _bind_matrix(
        self, grad: np.ndarray, mean: np.ndarray
    ) -> Callable[[float], None]:
        keep, scratch = float(self.heavy_ball), np.empty_like(grad)
        orthogonal, iterate = _bind_orthogonal(grad)
        scale = SCALE * max(grad.shape) ** 0.5
        add, multiply = np.add, np.multiply

        def step(rate: float) -> None:
            multiply(mean, keep, mean)
            multiply(grad, 1.0 - keep, grad)
            add(mean, grad, mean)
            multiply(mean, keep, scratch)
            add(grad, scratch, grad)
            iterate()
            multiply(orthogonal, rate * scale, grad)

        return step


def _hidden_weights(layout: Layout) -> Iterator[tuple[slice, tuple[int, ...]]]:
    """Yield place and shape of all weights but the last, as long as they are matrices.

    Weights come first in the vector, in the order of the layers.
    """
    given = [p for group in layout.params for p in group if p.kind == "weight"]
    start = 0
    for param in given[:-1]:
        if len(param.shape) != 2:
            return
        yield slice(start, start + param.size), param.shape
        start += param.size


def _bind_orthogonal(matrix: np.ndarray) -> tuple[np.ndarray, Callable[[], None]]:
    """Return where the orthogonal equal of a matrix is written, and what does it."""
    small, large = sorted(matrix.shape)
    tall = matrix.shape[0] > matrix.shape[1]
    source = matrix.T if tall else matrix
    x, product = np.empty((2, small, large), matrix.dtype)
    square, fourth = np.empty((2, small, small), matrix.dtype)
    flat, (a, b, c) = matrix.reshape(-1), COEFFICIENTS
    add, dot, multiply = np.add, np.ndarray.dot, np.multiply

    def iterate() -> None:
        multiply(source, 1.0 / (float(dot(flat, flat)) ** 0.5 + 1e-7), x)
        for _ in range(N_REPEATS):
            dot(x, x.T, square)
            dot(square, square, fourth)
            multiply(square, b, square)
            multiply(fourth, c, fourth)
            add(square, fourth, square)
            dot(square, x, product)
            multiply(x, a, x)
            add(x, product, x)

    return (x.T if tall else x), iterate
