"""The fully connected layer."""

from collections.abc import Callable
from functools import partial
from numbers import Integral
from typing import Any, ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.blas import bind_row_addition
from skbackprop.core.layout import Param
from skbackprop.core.ops import Product, bind_product, dense_product
from skbackprop.layers.base import Backward, Forward, Layer, Site
from skbackprop.layers.linearized import Linearized, LinearizedDense


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

    is_affine: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "units": [Interval(Integral, 1, None, closed="left")]
    }

    def build(self, n_in: int) -> tuple[int, list[Param]]:
        """Return the width, one weight matrix and one bias."""
        fan = (n_in, self.units)
        return self.units, [Param("weight", fan, fan), Param("bias", fan[1:], fan)]

    def bind_forward(self, site: Site) -> Forward:
        """Return the affine map, by rows or by columns."""
        return _forward_by_columns(site) if site.column_major else _forward(site)

    def bind_backward(self, site: Site) -> Backward:
        """Return the transposed map, which also writes the two gradients."""
        weight_t = site.params[0].T
        weight_gradient, bias_gradient = site.grads
        product, dot = _gradient_product(site), dense_product
        # A product with a row of ones sums columns several times faster than ``sum``.
        ones = site.constant(1.0, 1).reshape(-1)

        def gradients(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
            product(x.T, dy, weight_gradient)
            dot(ones, dy, bias_gradient)
            return dy

        if not site.wants_input_gradient:
            return gradients
        dx = site.buffer("input gradient", site.n_in)

        def backward(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
            product(x.T, dy, weight_gradient)
            dot(ones, dy, bias_gradient)
            return dot(dy, weight_t, dx)

        return backward

    def linearize(self, x: Any, params: tuple[np.ndarray, ...]) -> Linearized:
        """Return the affine map near an input."""
        return LinearizedDense(x, params[0])


def _forward(site: Site) -> Forward:
    weight, bias = site.params
    product, y = site.product, site.buffer("output", site.n_out)
    add_bias = _bind_addition(site, bias, y)

    def forward(x: np.ndarray) -> np.ndarray:
        product(x, weight, y)
        add_bias()
        return y

    return forward


def _gradient_product(site: Site) -> Product:
    if site.gradient_product is not None:
        return site.gradient_product
    if site.product is not dense_product:
        return site.product
    return bind_product(site.n_in, site.rows, site.n_out)


def _forward_by_columns(site: Site) -> Forward:
    if site.product is dense_product:
        in_blocks = bind_product(site.rows, site.n_in, site.n_out)
        if in_blocks is not dense_product:
            return _forward_in_blocks(site, in_blocks)
    weight, bias = site.params
    product, weight_t = site.product, weight.T
    transposed = np.empty((site.n_out, site.rows), site.workspace.dtype)
    y = transposed.T
    add_bias = _bind_addition(site, bias, y)

    def forward(x: np.ndarray) -> np.ndarray:
        product(weight_t, x.T, transposed)
        add_bias()
        return y

    return forward


def _forward_in_blocks(site: Site, product: Product) -> Forward:
    """Return the map for blocks of rows, brought into columns in the end."""
    weight, bias = site.params
    by_rows = site.buffer("rows", site.n_out)
    y = np.empty((site.n_out, site.rows), site.workspace.dtype).T
    add_bias = _bind_addition(site, bias, y)

    def forward(x: np.ndarray) -> np.ndarray:
        product(x, weight, by_rows)
        y[...] = by_rows
        add_bias()
        return y

    return forward


def _bind_addition(site: Site, bias: np.ndarray, y: np.ndarray) -> Callable[[], Any]:
    if site.single_threaded:
        return bind_row_addition(bias, y)
    return partial(np.add, y, bias, y)
