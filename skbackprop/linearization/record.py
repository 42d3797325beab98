"""Some rows, linearised: what products with curvature matrices are made of."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skbackprop.core.data import Chunk
from skbackprop.core.ops import slices
from skbackprop.layers.base import Forward
from skbackprop.layers.linearized import Linearized
from skbackprop.network import ParamViews
from skbackprop.objective import Objective

# Square roots of the loss's curvature are taken back in groups of this size.
FACTORS_AT_ONCE = 16

# For each dense layer, by its position, the second moments of its inputs and of its
# outputs' gradients.
Moments = dict[int, tuple[np.ndarray, np.ndarray]]


class Record:
    """A network at one point and on some rows, with everything derivatives need.

    Parameters
    ----------
    objective : Objective
        The network and its loss.
    params : sequence of tuple of ndarray
        Where: for each layer, its parameters.
    steps : sequence of callable
        The forward maps of the layers, bound to these parameters and so many rows.
        Their buffers belong to the record.
    chunk : Chunk
        The rows; kept, and not written to.
    scale : ndarray of shape (n_rows, 1) or float
        What the loss of each row counts for.

    Notes
    -----
    Vectors of parameters come as what ``Layout.block_views`` makes of them, several at
    once, and so do the products: they are written to ``grads``, where there are zeros
    for what no layer has a share in.
    """

    def __init__(
        self,
        objective: Objective,
        params: ParamViews,
        steps: Sequence[Forward],
        chunk: Chunk,
        scale: Any,
    ) -> None:
        network = objective.network
        self._loss, self._layout = objective.loss, network.layout
        self._scale, self._target, self._weight = scale, chunk.target, chunk.weight
        self._first = network.first_trainable
        self._layers: list[Linearized] = []
        x = chunk.x
        for layer, own, step in zip(network.layers, params, steps, strict=True):
            near = layer.linearize(x, own)
            self._layers.append(near)
            x = step(x) if near.output is None else near.output
        self.prediction = self._loss.inverse_link(x)
        self._delta = np.empty_like(x)
        self._loss.scaled_gradient(self.prediction, chunk.target, scale, self._delta)
        self._outer: list[Any] = []

    def jacobian(self, tangents: ParamViews) -> np.ndarray:
        """Return the change of the raw scores along some vectors.

        Parameters
        ----------
        tangents : sequence of tuple of ndarray
            k directions.

        Returns
        -------
        ndarray of shape (k, n_rows, n_scores)
            The changes.
        """
        return self._forward(tangents)[-1]

    def transposed(self, scores: np.ndarray, grads: ParamViews) -> None:
        """Write the gradients of the parameters for some gradients of the raw scores.

        Parameters
        ----------
        scores : ndarray of shape (k, n_rows, n_scores)
            Gradients of the raw scores.
        grads : sequence of tuple of ndarray
            Where the gradients of the parameters are written.
        """
        d = scores
        for key in range(len(self._layers) - 1, self._first - 1, -1):
            self._layers[key].gradients(d, grads[key])
            if key > self._first:
                d = self._layers[key].cotangent(d)

    def value(self) -> float:
        """Return the loss of the rows.

        Returns
        -------
        float
            The weighted sum.
        """
        return self._loss.total(self.prediction, self._target, self._weight)

    def gradient(self, grads: ParamViews) -> None:
        """Write the gradient of the rows' loss, without the penalty's.

        Parameters
        ----------
        grads : sequence of tuple of ndarray
            Where to.
        """
        self.transposed(self._delta[np.newaxis], grads)

    def gauss_newton(self, tangents: ParamViews, grads: ParamViews) -> None:
        """Write products with the Gauss-Newton matrix.

        Parameters
        ----------
        tangents : sequence of tuple of ndarray
            The vectors.
        grads : sequence of tuple of ndarray
            Where the products are written.
        """
        changes = self.jacobian(tangents)
        curved = self._loss.scaled_gauss_newton_product(
            self.prediction, self._target, self._scale, changes
        )
        self.transposed(curved, grads)

    def hessian(self, tangents: ParamViews, grads: ParamViews) -> None:
        """Write products with the Hessian.

        Parameters
        ----------
        tangents : sequence of tuple of ndarray
            The vectors.
        grads : sequence of tuple of ndarray
            Where the products are written.
        """
        changes = self._forward(tangents)
        d = self._loss.scaled_hessian_product(
            self.prediction, self._target, self._scale, changes[-1]
        )
        outer, first = self._gradients_of_outputs(), self._first
        for key in range(len(self._layers) - 1, first, -1):
            layer = self._layers[key]
            layer.gradients(d, grads[key])
            d = layer.cotangent(d)
            if layer.is_straight:
                continue
            bent = layer.bend(changes[key - 1], tangents[key], outer[key], grads[key])
            if bent is not None:
                d += bent
        # The input of the first layer stays: it has no part in what bends.
        self._layers[first].gradients(d, grads[first])

    def empirical_fisher(self, tangents: ParamViews, grads: ParamViews) -> None:
        """Write products with the mean of the outer products of rows' gradients.

        Parameters
        ----------
        tangents : sequence of tuple of ndarray
            The vectors.
        grads : sequence of tuple of ndarray
            Where the products are written.
        """
        residual = self._residual()
        slopes = np.einsum("knc,nc->kn", self.jacobian(tangents), residual)
        self.transposed(slopes[:, :, np.newaxis] * (residual * self._scale), grads)

    def gauss_newton_diagonal(self) -> np.ndarray:
        """Return the diagonal of the Gauss-Newton matrix.

        Returns
        -------
        ndarray of shape (n_params,)
            The diagonal, exact.
        """
        squared = np.zeros(self._layout.size, self.prediction.dtype)
        for factors in self._factors():
            self._add_squares(factors, squared)
        return squared

    def gauss_newton_matrix(self) -> np.ndarray:
        """Return the Gauss-Newton matrix itself.

        Returns
        -------
        ndarray of shape (n_params, n_params)
            The matrix; the gradients of all rows are held at once for it.
        """
        total: Any = 0.0
        for factors in self._factors():
            for factor in factors:
                rows = self._row_gradients(factor)
                total = total + rows.T @ rows
        return total

    def empirical_fisher_diagonal(self) -> np.ndarray:
        """Return the diagonal of the empirical Fisher matrix.

        Returns
        -------
        ndarray of shape (n_params,)
            The diagonal, exact.
        """
        squared = np.zeros(self._layout.size, self.prediction.dtype)
        scores = self._residual() * np.sqrt(self._scale)
        self._add_squares(scores[np.newaxis], squared)
        return squared

    def kronecker_blocks(
        self, rng: np.random.RandomState | None = None, widest: float = np.inf
    ) -> Moments:
        """Return what the Gauss-Newton matrix of each dense layer is approximated by.

        Parameters
        ----------
        rng : RandomState, optional
            Draws one random combination of the directions in which the loss of a row
            is curved, in place of all of them: less work where there are many outputs.
        widest : float, default=inf
            Layers of more inputs or outputs are left out.

        Returns
        -------
        dict of int to tuple of two ndarray
            By the position of the layer, the second moment of its inputs, with a one
            for the bias, and that of the gradients of its outputs, both summed over
            rows.
        """
        found = {
            key: layer.input_moment(self._scale)
            for key, layer in enumerate(self._layers)
            if all(max(p.shape) <= widest for p in self._layout.params[key])
        }
        dense = {key: moment for key, moment in found.items() if moment is not None}
        outputs: dict[int, Any] = dict.fromkeys(dense, 0.0)
        for factors in self._factors() if rng is None else [self._drawn_factor(rng)]:
            for key, d in self._cotangents(factors):
                if key in dense:
                    flat = d.reshape(-1, d.shape[-1])
                    outputs[key] = outputs[key] + flat.T @ flat
        return {key: (dense[key], outputs[key]) for key in dense}

    def _residual(self) -> np.ndarray:
        """Return the gradients of the raw scores, whatever a row counts for."""
        out = np.empty_like(self._delta)
        return self._loss.gradient(self.prediction, self._target, out)

    def _factors(self) -> list[np.ndarray]:
        """Return a square root of the loss's curvature, a few columns at once."""
        factors = self._scaled_factor()
        return [factors[part] for part in slices(len(factors), FACTORS_AT_ONCE)]

    def _drawn_factor(self, rng: np.random.RandomState) -> np.ndarray:
        """Return one column whose outer product is the loss's curvature on average."""
        factors = self._scaled_factor()
        signs = rng.choice([-1.0, 1.0], (*factors.shape[:2], 1)).astype(factors.dtype)
        return (factors * signs).sum(axis=0, keepdims=True)

    def _scaled_factor(self) -> np.ndarray:
        return self._loss.scaled_factor(self.prediction, self._target, self._scale)

    def _row_gradients(self, scores: np.ndarray) -> np.ndarray:
        """Return the gradient of each row, given those of the raw scores."""
        rows = np.zeros((len(scores), self._layout.size), scores.dtype)
        views = self._layout.block_views(rows)
        for key, d in self._cotangents(scores[np.newaxis]):
            self._layers[key].row_gradients(d[0], views[key])
        return rows

    def _add_squares(self, scores: np.ndarray, squared: np.ndarray) -> None:
        """Add the squares of rows' gradients, given those of the raw scores."""
        views = self._layout.views(squared)
        for key, d in self._cotangents(scores):
            self._layers[key].squares(d, views[key])

    def _gradients_of_outputs(self) -> list[Any]:
        """Return the gradient of the loss for the output of each layer that bends."""
        if not self._outer:
            layers, n = self._layers, len(self._layers)
            above = range(self._first + 1, n)
            lowest = next((key for key in above if not layers[key].is_straight), n)
            outer: list[Any] = [None] * n
            d = self._delta[np.newaxis]
            for key in range(n - 1, lowest - 1, -1):
                outer[key] = d[0]
                if key > lowest:
                    d = layers[key].cotangent(d)
            # Whole from the start, for products in several threads.
            self._outer = outer
        return self._outer

    def _cotangents(self, scores: np.ndarray) -> list[tuple[int, np.ndarray]]:
        """Return, last layer first, the gradients of the layers' outputs."""
        found, d = [], scores
        for key in range(len(self._layers) - 1, self._first - 1, -1):
            found.append((key, d))
            if key > self._first:
                d = self._layers[key].cotangent(d)
        return found

    def _forward(self, tangents: ParamViews) -> list[Any]:
        """Return the changes of the outputs of all layers."""
        change, changes = None, []
        for key, layer in enumerate(self._layers):
            if key >= self._first:
                change = layer.tangent(change, tangents[key])
            changes.append(change)
        return changes
