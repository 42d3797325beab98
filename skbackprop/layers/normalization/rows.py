"""Normalisation over the units of single rows."""

from abc import abstractmethod
from collections.abc import Callable
from numbers import Integral, Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.layout import Param
from skbackprop.core.ops import dense_product, scalar
from skbackprop.layers.base import Backward, Forward, Site
from skbackprop.layers.linearized import Linearized, Scaled, Standardised
from skbackprop.layers.normalization.base import Normalization, ones


class RowNormalization(Normalization):
    """Normalises single rows, over one or several groups of their units."""

    epsilon: float

    mixes_columns: ClassVar[bool] = True

    @property
    @abstractmethod
    def groups(self) -> int:
        """Into how many groups of equal width a row is split."""

    def bind_forward(self, site: Site) -> Forward:
        """Normalise each row."""
        scale, shift = site.params
        grouped, n_rows, size = self._grouped(site)
        y = site.buffer("output", site.n_in)
        equal = ones(size, scale) / scale.dtype.type(size)
        mean, root = np.empty(n_rows, scale.dtype), self._root(site, n_rows)
        scratch, epsilon = grouped(y), scalar(self.epsilon, scale)
        mean_column, root_column = mean[:, np.newaxis], root[:, np.newaxis]
        subtract, multiply, add = np.subtract, np.multiply, np.add

        def forward(x: np.ndarray) -> np.ndarray:
            groups = grouped(x)
            dense_product(groups, equal, mean)
            subtract(groups, mean_column, groups)
            dense_product(multiply(groups, groups, scratch), equal, root)
            np.reciprocal(np.sqrt(add(root, epsilon, root), root), root)
            multiply(groups, root_column, groups)
            multiply(x, scale, y)
            return add(y, shift, y)

        return forward

    def bind_backward(self, site: Site) -> Backward:
        """Return the transposed derivative, which knows of mean and variance."""
        scale = site.params[0]
        scale_gradient, shift_gradient = site.grads
        grouped, n_rows, size = self._grouped(site)
        product, unit = site.buffer("product", site.n_in), ones(site.rows, scale)
        equal = ones(size, scale) / scale.dtype.type(size)
        mean = np.empty(n_rows, scale.dtype)
        column, root = mean[:, np.newaxis], self._root(site, n_rows)[:, np.newaxis]
        scratch = grouped(product)
        subtract, multiply = np.subtract, np.multiply

        def backward(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
            multiply(dy, x, product)
            dense_product(unit, product, scale_gradient)
            dense_product(unit, dy, shift_gradient)
            multiply(dy, scale, dy)
            groups, standardised = grouped(dy), grouped(x)
            dense_product(multiply(groups, standardised, scratch), equal, mean)
            multiply(standardised, column, scratch)
            dense_product(groups, equal, mean)
            subtract(groups, scratch, groups)
            subtract(groups, column, groups)
            multiply(groups, root, groups)
            return dy

        return backward

    def _grouped(self, site: Site) -> tuple[Callable, int, int]:
        """Return a view with a row for each group, and the view's shape."""
        shape = (site.rows * self.groups, site.n_in // self.groups)
        return lambda x: x.reshape(shape), *shape

    @staticmethod
    def _root(site: Site, n_rows: int) -> np.ndarray:
        return site.buffer("inverse root", n_rows // site.rows).reshape(-1)

    def linearize(self, x: np.ndarray, params: tuple[np.ndarray, ...]) -> Linearized:
        """Return the layer near an input."""
        groups = x.reshape(len(x) * self.groups, -1)
        centered = groups - groups.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", centered, centered) / groups.shape[1]
        root = 1.0 / np.sqrt(variance + scalar(self.epsilon, x))
        standard = (centered * root[:, np.newaxis]).reshape(x.shape)
        return Scaled(standard, params[0], Standardised(standard, root, self.groups))


class GroupNorm(RowNormalization, name="group"):
    """Each row brought to mean 0 and variance 1 over each group of its units.

    It works on single rows, alike in training and in prediction.

    Parameters
    ----------
    n_groups : int, default=4
        The number of groups; it has to divide the width of the layer.
    epsilon : float, default=1e-5
        Added to the variance.

    References
    ----------
    Y. Wu and K. He, "Group normalization", ECCV 2018.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.layers import GroupNorm
    >>> BackpropClassifier(normalization=GroupNorm(n_groups=10)).normalization
    GroupNorm(n_groups=10)
    """

    n_groups: int = 4
    epsilon: float = 1e-5

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_groups": [Interval(Integral, 1, None, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
    }

    def build(self, n_in: int) -> tuple[int, list[Param]]:
        """Return the unchanged width, a scale and a shift for each unit."""
        if n_in % self.n_groups:
            raise ValueError(
                f"GroupNorm(n_groups={self.n_groups}) does not divide a hidden layer "
                f"of width {n_in}: choose hidden_layer_sizes or n_groups so that it "
                "does, or normalization='layer'."
            )
        return super().build(n_in)

    @property
    def groups(self) -> int:
        """The number of groups."""
        return self.n_groups


class LayerNorm(RowNormalization, name="layer"):
    """Each row brought to mean 0 and variance 1 over all units of the layer.

    It works on single rows, alike in training and in prediction.

    Parameters
    ----------
    epsilon : float, default=1e-5
        Added to the variance.

    References
    ----------
    J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", arXiv:1607.06450,
    2016.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.layers import LayerNorm
    >>> BackpropRegressor(normalization=LayerNorm(epsilon=1e-6)).normalization
    LayerNorm(epsilon=1e-06)
    """

    epsilon: float = 1e-5

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "epsilon": [Interval(Real, 0, None, closed="neither")],
    }

    @property
    def groups(self) -> int:
        """One: the whole row."""
        return 1
