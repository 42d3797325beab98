"""The last layer of an embedding: rows of length one."""

from numbers import Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.layout import Param
from skbackprop.core.ops import scalar
from skbackprop.layers.base import Backward, Forward, Layer, Site
from skbackprop.layers.linearized import Directed, Linearized


class UnitLength(Layer, name="unit_length"):
    """Divides each row by its Euclidean length.

    Distances between the outputs then depend on directions alone: the squared distance
    of two rows is ``2 - 2 * cosine``.

    Parameters
    ----------
    epsilon : float, default=1e-12
        Added to the squared length. A row of zeros stays one.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.layers import Dense, UnitLength
    >>> from skbackprop.core.workspace import Workspace
    >>> from skbackprop.network import Network
    >>> network = Network([Dense(2), UnitLength()], n_in=2)
    >>> theta = network.layout.pack(
    ...     {"weight": [np.eye(2)], "bias": [np.zeros(2)]}, np.dtype(float)
    ... )
    >>> bound = network.bind(network.layout.views(theta), None, 1, Workspace(1, float))
    >>> bound.forward(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]])
    """

    epsilon: float = 1e-12

    mixes_columns: ClassVar[bool] = True

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "epsilon": [Interval(Real, 0, None, closed="neither")]
    }

    def build(self, n_in: int) -> tuple[int, list[Param]]:
        """Return the unchanged width, and no parameters."""
        return n_in, []

    def bind_forward(self, site: Site) -> Forward:
        """Return the scaled rows, in place."""
        length = site.buffer("length", 1)
        squared, column = length.reshape(-1), length
        epsilon = scalar(self.epsilon, length)
        einsum, add, sqrt, divide = np.einsum, np.add, np.sqrt, np.divide

        def forward(x: np.ndarray) -> np.ndarray:
            einsum("ij,ij->i", x, x, out=squared)
            sqrt(add(squared, epsilon, squared), squared)
            return divide(x, column, x)

        return forward

    def bind_backward(self, site: Site) -> Backward:
        """Take off what points along the row, and divide by its length."""
        length = site.buffer("length", 1)
        along, product = site.buffer("along", 1), site.buffer("product", site.n_in)
        flat = along.reshape(-1)
        einsum, multiply = np.einsum, np.multiply
        subtract, divide = np.subtract, np.divide

        def backward(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
            einsum("ij,ij->i", y, dy, out=flat)
            subtract(dy, multiply(y, along, product), dy)
            return divide(dy, length, dy)

        return backward

    def linearize(self, x: np.ndarray, params: tuple[np.ndarray, ...]) -> Linearized:
        """Return the layer near an input."""
        squared = np.einsum("ij,ij->i", x, x) + scalar(self.epsilon, x)
        length = np.sqrt(squared)[:, np.newaxis]
        return Directed(x / length, length)
