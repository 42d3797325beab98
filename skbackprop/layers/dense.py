"""The fully connected layer."""

from dataclasses import dataclass
from numbers import Integral
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.layout import Param
from skbackprop.layers.base import Backward, Forward, Layer, Site


@dataclass(repr=False)
class Dense(Layer, name="dense"):
    """The affine map ``y = x W + b``.

    Parameters
    ----------
    units : int
        The width of the output.

    Examples
    --------
    >>> from skbackprop.layers import Dense
    >>> width, (weight, bias) = Dense(4).build(3)
    >>> weight.shape, bias.shape
    ((3, 4), (4,))
    """

    units: int = 1

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "units": [Interval(Integral, 1, None, closed="left")]
    }

    def build(self, n_in: int) -> tuple[int, list[Param]]:
        """Return the width, one weight matrix and one bias."""
        fan = (n_in, self.units)
        return self.units, [Param("weight", fan, fan), Param("bias", fan[1:], fan)]

    def bind(self, site: Site) -> tuple[Forward, Backward]:
        """Return the affine map and its transpose, writing into buffers."""
        return _bind_forward(site), _bind_backward(site)


def _bind_forward(site: Site) -> Forward:
    weight, bias = site.params
    product, add = site.product, np.add
    if site.column_major:
        transposed = np.empty((site.n_out, site.rows), site.workspace.dtype)
        y, weight_t, bias_column = transposed.T, weight.T, bias[:, np.newaxis]

        def forward(x: np.ndarray) -> np.ndarray:
            product(weight_t, x.T, transposed)
            add(transposed, bias_column, transposed)
            return y

        return forward
    output = site.buffer("output", site.n_out)

    def forward_by_rows(x: np.ndarray) -> np.ndarray:
        product(x, weight, output)
        return add(output, bias, output)

    return forward_by_rows


def _bind_backward(site: Site) -> Backward:
    if not site.grads:
        return _no_gradient
    weight, _ = site.params
    weight_t = weight.T
    weight_gradient, bias_gradient = site.grads
    product, dot = site.product, np.dot
    # A product with a row of ones sums columns several times faster than ``sum(0)``.
    ones = site.constant(1.0, 1).reshape(-1)

    def gradients(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
        product(x.T, dy, weight_gradient)
        dot(ones, dy, bias_gradient)
        return dy

    if not site.wants_input_gradient:
        return gradients
    dx = site.buffer("input gradient", site.n_in)

    def backward(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
        gradients(x, dy)
        return dot(dy, weight_t, dx)

    return backward


def _no_gradient(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    raise RuntimeError("This network was bound without a gradient vector.")
