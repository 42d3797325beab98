"""Check what a layer says of itself near a point against finite differences."""

from collections.abc import Callable

import numpy as np

from skbackprop.core.layout import Layout
from skbackprop.layers import Layer
from skbackprop.layers.linearized import Linearized
from skbackprop.testing.differences import compare
from skbackprop.testing.layers import POSITIVE, _site

STEP = 1e-4


def check_curvature(
    layer: Layer, n_in: int = 5, rows: int = 7, seed: int = 0, rtol: float = 1e-6
) -> float:
    """Check what ``layer.linearize`` returns, which second derivatives are made of.

    Its tangent is compared with differences of the layer's forward map, as in
    prediction, its gradients with those of the backward map, those of single rows and
    their squares included, and its bend with differences of these: none at all, where
    it calls itself straight. An output that it has at hand is compared as well.

    Parameters
    ----------
    layer : Layer
        The layer; it has no kinks near the random point.
    n_in : int, default=5
        The width of its input.
    rows : int, default=7
        The size of the batch.
    seed : int, default=0
        Sets the random input, parameters and directions.
    rtol : float, default=1e-6
        The largest relative error that passes.

    Returns
    -------
    float
        The largest relative error.

    Examples
    --------
    >>> from skbackprop.layers import Dense, Tanh
    >>> from skbackprop.testing import check_curvature
    >>> check_curvature(Dense(3)) < 1e-6
    True
    >>> check_curvature(Tanh()) < 1e-6
    True
    """
    line = _Line(layer, n_in, rows, np.random.RandomState(seed))
    near = layer.linearize(line.x.copy(), line.layout.views(line.theta)[0])
    name = type(layer).__name__
    dx, gradient = line.backward(0.0)
    own, bent = line.own_gradient(near), line.own_bend(near)
    each, squared = line.own_rows(near)
    alone = line.rows()
    output = line.forward(0.0)
    checks = [
        ("output", output if near.output is None else near.output, output),
        ("tangent", line.own_tangent(near), _differenced(line.forward)),
        ("gradient of the input", near.cotangent(line.dy[np.newaxis])[0], dx),
        ("gradient of the parameters", own, gradient),
        ("gradients of the parameters by row", each, alone),
        ("squares of the parameters' gradients", squared, (alone**2).sum(axis=0)),
        ("bend of the input's gradient", bent[0], _differenced(line.of_input)),
        ("bend of the parameters'", bent[1], _differenced(line.of_parameters)),
    ]
    return max(
        compare(f"{name}: {what}", found, wanted, rtol)
        for what, found, wanted in checks
    )


class _Line:
    """A layer along a line through a random point: input and parameters move."""

    def __init__(
        self, layer: Layer, n_in: int, rows: int, rng: np.random.RandomState
    ) -> None:
        self.layer = layer
        n_out, needed = layer.build(n_in)
        self.layout = Layout([needed])
        self.moved = slice(self.layout.n_trainable)
        self.theta = rng.standard_normal(self.layout.size)
        for kind in POSITIVE:
            for view in self.layout.of_kind(kind, self.theta):
                view[...] = np.abs(view) + 0.5
        self.x, self.tx = rng.standard_normal((2, rows, n_in))
        self.dy = rng.standard_normal((rows, n_out))
        self.along = np.zeros(self.layout.size)
        self.along[self.moved] = rng.standard_normal(self.layout.n_trainable)

    def forward(self, step: float) -> np.ndarray:
        theta, x = self.theta + step * self.along, self.x + step * self.tx
        site = _site(self.layout, theta, None, x, self.dy, None)
        return self.layer.bind_forward(site)(x).copy()

    def backward(
        self, step: float, dy: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        theta, x = self.theta + step * self.along, self.x + step * self.tx
        dy = self.dy if dy is None else dy
        grad = np.zeros(self.layout.size)
        site = _site(self.layout, theta, grad, x, dy, None)
        self.layer.bind_forward(site)(x)
        dx = self.layer.bind_backward(site)(x, dy.copy()).copy()
        return dx, grad[self.moved]

    def rows(self) -> np.ndarray:
        """Return the gradient of the parameters for each row alone."""
        alone = self.dy * np.eye(len(self.dy))[:, :, np.newaxis]
        return np.array([self.backward(0.0, dy)[1] for dy in alone])

    def of_input(self, step: float) -> np.ndarray:
        return self.backward(step)[0]

    def of_parameters(self, step: float) -> np.ndarray:
        return self.backward(step)[1]

    def own_tangent(self, near: Linearized) -> np.ndarray:
        (tangents,) = self.layout.block_views(self.along[np.newaxis])
        found = near.tangent(self.tx[np.newaxis], tangents)
        return np.zeros_like(self.dy) if found is None else found[0]

    def own_gradient(self, near: Linearized) -> np.ndarray:
        block = np.zeros((1, self.layout.size))
        near.gradients(self.dy[np.newaxis], self.layout.block_views(block)[0])
        return block[0, self.moved]

    def own_rows(self, near: Linearized) -> tuple[np.ndarray, np.ndarray]:
        rows, squared = np.zeros((len(self.dy), self.layout.size)), self.theta * 0.0
        near.row_gradients(self.dy, self.layout.block_views(rows)[0])
        near.squares(self.dy[np.newaxis], self.layout.views(squared)[0])
        return rows[:, self.moved], squared[self.moved]

    def own_bend(self, near: Linearized) -> tuple[np.ndarray, np.ndarray]:
        block = np.zeros((1, self.layout.size))
        (tangents,) = self.layout.block_views(self.along[np.newaxis])
        (bends,) = self.layout.block_views(block)
        dx = None
        if not near.is_straight:  # else nobody asks
            dx = near.bend(self.tx[np.newaxis], tangents, self.dy, bends)
        bent = np.zeros_like(self.x) if dx is None else dx[0]
        return bent, block[0, self.moved]


def _differenced(function: Callable[[float], np.ndarray]) -> np.ndarray:
    """Differentiate at zero, by differences over four points."""
    near, far = (function(h) - function(-h) for h in (STEP, 2 * STEP))
    return (8 * near - far) / (12 * STEP)
