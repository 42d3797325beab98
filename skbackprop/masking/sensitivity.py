"""Criteria that ask the loss: by gradients, and by the diagonal of its curvature."""

from collections.abc import Callable
from numbers import Integral
from typing import Any, ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.masking.criteria import Criterion
from skbackprop.masking.point import Point

__all__ = ["OBD", "SNIP", "Taylor"]


class Taylor(Criterion, name="taylor"):
    """The square of weight times gradient, a mean over batches.

    A first-order estimate of what each weight is worth to the loss of each batch. At a
    minimum the gradient of all rows vanishes; those of batches do not. A unit is worth
    the square of its weights' sum: that is its output times the output's gradient.

    Parameters
    ----------
    batch_size : int, default=32
        Rows in a batch.

    References
    ----------
    P. Molchanov, A. Mallya, S. Tyree, I. Frosio and J. Kautz, "Importance estimation
    for neural network pruning", CVPR 2019.

    Examples
    --------
    >>> from skbackprop.pruning import Taylor
    >>> Taylor(batch_size=1)
    Taylor(batch_size=1)
    """

    batch_size: int = 32

    needs_data: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "batch_size": [Interval(Integral, 1, None, closed="left")]
    }

    def saliency(self, point: Point) -> np.ndarray:
        """Return mean squares of weight times gradient."""
        return self._mean(point, np.square)

    def unit_saliency(self, point: Point) -> list[np.ndarray]:
        """Return mean squares of the sums over a unit's weights."""

        def squares(worth: np.ndarray) -> np.ndarray:
            units = [matrix.sum(axis=1) for matrix in point.matrices(worth)]
            return np.square(np.concatenate(units))

        widths = [len(m) for m in point.matrices(point.weights)]
        return np.split(self._mean(point, squares), np.cumsum(widths)[:-1])

    def _mean(
        self, point: Point, term: Callable[[np.ndarray], np.ndarray]
    ) -> np.ndarray:
        total: Any = 0.0
        for share, gradient in point.batch_gradients(self.batch_size):
            total = total + share * term(point.weights * gradient)
        return total


class SNIP(Criterion, name="snip"):
    """The absolute value of weight times gradient, of the loss of all rows.

    Meant for networks at the start of training. At a minimum it says little: there
    the gradient is the penalty's.

    References
    ----------
    N. Lee, T. Ajanthan and P. Torr, "SNIP: single-shot network pruning based on
    connection sensitivity", ICLR 2019.

    Examples
    --------
    >>> from skbackprop.pruning import SNIP
    >>> SNIP().needs_data
    True
    """

    needs_data: ClassVar[bool] = True

    def saliency(self, point: Point) -> np.ndarray:
        """Return absolute values of weight times gradient."""
        gradient = point.layout.weights(point.loss_products().gradient())
        return np.abs(point.weights * gradient)


class OBD(Criterion, name="obd"):
    """Optimal brain damage: half the square of a weight times its curvature.

    The curvature is the exact diagonal of the Gauss-Newton matrix, penalty included:
    at a minimum, what the objective rises by if the weight goes and nothing else
    changes.

    References
    ----------
    Y. LeCun, J. Denker and S. Solla, "Optimal brain damage", NeurIPS 1989.

    Examples
    --------
    >>> from skbackprop.pruning import OBD
    >>> OBD().needs_data
    True
    """

    needs_data: ClassVar[bool] = True

    def check(self, point: Point) -> None:
        """Refuse a loss without curvature."""
        point.products().gauss_newton_diagonal()

    def saliency(self, point: Point) -> np.ndarray:
        """Return ``w ** 2 * h / 2``."""
        diagonal = point.products().gauss_newton_diagonal()
        return np.square(point.weights) * point.layout.weights(diagonal) / 2
