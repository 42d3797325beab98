"""Layers of a network as stages of a prediction."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skbackprop.core.ops import dense_product, sparse_product
from skbackprop.core.workspace import Workspace
from skbackprop.layers import Activation, Layer, Site
from skbackprop.layers.base import Backward, Forward
from skbackprop.linearization.stages import (
    AffineStage,
    ElementwiseStage,
    MixingStage,
    Pull,
    Stage,
)


@dataclass(frozen=True)
class Bindable:
    """A layer of a network, bound to numbers of rows as they come.

    Parameters
    ----------
    layer : Layer
        The layer.
    params : tuple of ndarray
        Its parameters.
    n_in, n_out : int
        Its widths.
    """

    layer: Layer
    params: tuple[np.ndarray, ...]
    n_in: int
    n_out: int

    def site(self, x: Any, dtype: np.dtype) -> Site:
        """Return the place of the layer, as in prediction.

        Parameters
        ----------
        x : ndarray or sparse matrix of shape (n_rows, n_in)
            Tells the number of rows, and whether they are sparse.
        dtype : dtype
            That of all buffers.

        Returns
        -------
        Site
            With room for gradients of the parameters, which nobody reads.
        """
        rows, sparse = x.shape[0], issparse(x)
        return Site(
            key=0,
            rows=rows,
            n_in=self.n_in,
            n_out=self.n_out,
            params=self.params,
            grads=tuple(np.empty_like(param) for param in self.params),
            workspace=Workspace(rows, dtype),
            product=sparse_product if sparse else dense_product,
            sparse=sparse,
        )


class AffineLayer(AffineStage):
    """A layer that is affine in prediction.

    Parameters
    ----------
    bindable : Bindable
        The layer.
    dtype : dtype
        The type to work in.
    """

    def __init__(self, bindable: Bindable, dtype: np.dtype) -> None:
        self.bindable, self.dtype = bindable, dtype
        anywhere = np.zeros((1, bindable.n_in), dtype)
        self._linear = bindable.layer.linearize(anywhere, bindable.params)

    def bind(self, x: Any) -> tuple[Forward, Pull]:
        """Return the layer and its transpose."""
        site = self.bindable.site(x, self.dtype)
        return self.bindable.layer.bind_forward(site), self.pull

    def pull(self, dy: np.ndarray) -> np.ndarray:
        """Return the gradient of the input."""
        return self._linear.cotangent(dy)


class ActivationLayer(ElementwiseStage):
    """An activation.

    Parameters
    ----------
    bindable : Bindable
        The activation.
    dtype : dtype
        The type to work in.
    """

    def __init__(self, bindable: Bindable, dtype: np.dtype) -> None:
        self.bindable, self.dtype = bindable, dtype
        self.surrogate = bindable.layer.surrogate

    def bind(self, x: np.ndarray) -> tuple[Forward, Pull]:
        """Return the activation, and the product with its slope."""
        step, backward, inputs = self._bound(x)

        def forward(x: np.ndarray) -> np.ndarray:
            inputs[:] = [x]
            return step(x)

        def pull(dy: np.ndarray) -> np.ndarray:
            if len(dy) > 1:
                return dy * backward(inputs[0], np.ones_like(inputs[0]))
            shape = (1, *inputs[0].shape)
            if dy.shape != shape:
                dy = np.array(np.broadcast_to(dy, shape), order="C")
            (own,) = dy
            found = backward(inputs[0], own)
            if found is not own:
                np.copyto(own, found)
            return dy

        return forward, pull

    def slope(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the derivative; zero for a step, whatever it trains with."""
        if self.surrogate:
            return np.zeros_like(x)
        step, backward, _ = self._bound(x)
        own = x.copy()
        step(own)
        return backward(own, np.ones_like(own))

    def _bound(self, x: np.ndarray) -> tuple[Forward, Backward, list[np.ndarray]]:
        site, layer = self.bindable.site(x, self.dtype), self.bindable.layer
        backward = layer.bind_backward(site)
        return layer.bind_forward(site), backward, [x]


class MixingLayer(MixingStage):
    """Any other layer, by its own backward pass.

    Parameters
    ----------
    bindable : Bindable
        The layer.
    dtype : dtype
        The type to work in.
    """

    def __init__(self, bindable: Bindable, dtype: np.dtype) -> None:
        self.bindable, self.dtype = bindable, dtype

    def bind(self, x: np.ndarray) -> tuple[Forward, Pull]:
        """Return the layer, and its backward pass for one function after another."""
        site, layer = self.bindable.site(x, self.dtype), self.bindable.layer
        step, backward = layer.bind_forward(site), layer.bind_backward(site)
        inputs = [x]

        def forward(x: np.ndarray) -> np.ndarray:
            inputs[:] = [x]
            return step(x)

        def pull(dy: np.ndarray) -> np.ndarray:
            shape = (len(dy), len(inputs[0]), dy.shape[-1])
            # Written to, and in the order that layers take for granted.
            dy = np.array(np.broadcast_to(dy, shape), order="C")
            return np.stack([backward(inputs[0], each).copy() for each in dy])

        return forward, pull


def layer_stage(bindable: Bindable, dtype: np.dtype) -> Stage:
    """Return a layer as a stage of prediction.

    Parameters
    ----------
    bindable : Bindable
        The layer.
    dtype : dtype
        The type to work in.

    Returns
    -------
    Stage
        Affine, of single entries, or one that mixes columns.
    """
    if bindable.layer.is_affine:
        return AffineLayer(bindable, dtype)
    if isinstance(bindable.layer, Activation):
        return ActivationLayer(bindable, dtype)
    return MixingLayer(bindable, dtype)
