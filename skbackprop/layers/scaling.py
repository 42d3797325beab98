"""The first layer of a network that scales its inputs itself."""

from typing import Any, ClassVar

import numpy as np

from skbackprop.core.layout import Param
from skbackprop.layers.base import Backward, Forward, Layer, Site
from skbackprop.layers.linearized import Elementwise, Linearized


class Standardize(Layer, name="standardize"):
    """Subtracts a center from each feature and divides it by a spread.

    Both are statistics of the training rows, which no solver moves. Sparse inputs stay
    sparse where all centers are zero, as those of sparse training rows are; otherwise
    they become dense, a chunk at a time.

    Examples
    --------
    >>> from skbackprop.layers import Standardize
    >>> width, (center, spread) = Standardize().build(3)
    >>> center.kind, center.start, spread.kind, spread.start
    ('center', 0.0, 'spread', 1.0)
    """

    keeps_sparse: ClassVar[bool] = True
    is_affine: ClassVar[bool] = True

    def build(self, n_in: int) -> tuple[int, list[Param]]:
        """Return the unchanged width, a center and a spread for each feature."""
        fan, shape = (n_in, n_in), (n_in,)
        return n_in, [
            Param("center", shape, fan, start=0.0),
            Param("spread", shape, fan, start=1.0),
        ]

    def bind_forward(self, site: Site) -> Forward:
        """Return the scaled features."""
        center, spread = site.params
        subtract, divide = np.subtract, np.divide
        if site.sparse:
            return _sparse(center, spread)
        y = site.buffer("output", site.n_in)
        return lambda x: divide(subtract(x, center, y), spread, y)

    def bind_backward(self, site: Site) -> Backward:
        """Divide the gradient likewise."""
        spread, divide = site.params[1], np.divide
        return lambda x, dy: divide(dy, spread, dy)

    def linearize(self, x: Any, params: tuple[np.ndarray, ...]) -> Linearized:
        """Return the division of each feature."""
        return Elementwise(1.0 / params[1], None)


def _sparse(center: np.ndarray, spread: np.ndarray) -> Forward:
    def forward(x: Any) -> Any:
        if center.any():
            return (x.toarray() - center) / spread
        data = x.data / spread[x.indices]
        return type(x)((data, x.indices, x.indptr), shape=x.shape)

    return forward
