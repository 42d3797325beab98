"""Some rows, linearised: what products with curvature matrices are made of."""

from typing import Any

import numpy as np

from skbackprop.core.data import Chunk
from skbackprop.core.ops import slices
from skbackprop.core.workspace import Workspace
from skbackprop.layers.linearized import Linearized
from skbackprop.objective import Objective

# Square roots of the loss's curvature are taken back in groups of this size.
FACTORS_AT_ONCE = 16

# For each dense layer, the second moments of its inputs and of its outputs' gradients.
Moments = list[tuple[np.ndarray, np.ndarray]]


class Record:
    """A network at one point and on some rows, with everything derivatives need.

    Parameters
    ----------
    objective : Objective
        The network and its loss.
    theta : ndarray of shape (n_params,)
        Where.
    chunk : Chunk
        The rows; kept, and not written to.
    scale : ndarray of shape (n_rows, 1) or float
        What the loss of each row counts for.
    sparse : bool
        Whether inputs are sparse.
    """

    def __init__(
        self,
        objective: Objective,
        theta: np.ndarray,
        chunk: Chunk,
        scale: Any,
        sparse: bool,
    ) -> None:
        network, layout = objective.network, objective.network.layout
        params, n_rows = layout.views(theta), len(chunk.target)
        workspace = Workspace(n_rows, theta.dtype)
        bound = network.bind(params, None, n_rows, workspace, sparse)
        self._loss, self._layout, self._size = objective.loss, layout, theta.size
        self._scale, self._target, self._dtype = scale, chunk.target, theta.dtype
        self._first = network.first_trainable
        self._layers: list[Linearized] = []
        x = chunk.x
        for key, (layer, step) in enumerate(
            zip(network.layers, bound.steps, strict=True)
        ):
            self._layers.append(layer.linearize(x, params[key]))
            x = step(x)
        self.prediction = self._loss.inverse_link(x)
        self._delta = np.empty_like(x)
        self._loss.scaled_gradient(self.prediction, chunk.target, scale, self._delta)
        self._outer: list[Any] = []

    def _block(self, k: int) -> np.ndarray:
        """Return the gradients of k functions; only the layers' parts are written."""
        return np.zeros((k, self._size), self._dtype)

    def jacobian(self, vectors: np.ndarray) -> np.ndarray:
        """Return the change of the raw scores along some vectors.

        Parameters
        ----------
        vectors : ndarray of shape (k, n_params)
            Directions.

        Returns
        -------
        ndarray of shape (k, n_rows, n_scores)
            The changes.
        """
        return self._forward(vectors)[-1]

    def transposed(self, scores: np.ndarray) -> np.ndarray:
        """Return the gradients of the parameters for some gradients of the raw scores.

        Parameters
        ----------
        scores : ndarray of shape (k, n_rows, n_scores)
            Gradients of the raw scores.

        Returns
        -------
        ndarray of shape (k, n_params)
            Gradients of the parameters.
        """
        block = self._block(len(scores))
        grads = self._layout.block_views(block)
        d = scores
        for key in range(len(self._layers) - 1, self._first - 1, -1):
            self._layers[key].gradients(d, grads[key])
            if key > self._first:
                d = self._layers[key].cotangent(d)
        return block

    def gradient(self) -> np.ndarray:
        """Return the gradient of the rows' loss.

        Returns
        -------
        ndarray of shape (n_params,)
            Without the penalty's.
        """
        return self.transposed(self._delta[np.newaxis])[0]

    def gauss_newton(self, vectors: np.ndarray) -> np.ndarray:
        """Return products with the Gauss-Newton matrix.

        Parameters
        ----------
        vectors : ndarray of shape (k, n_params)
            The vectors.

        Returns
        -------
        ndarray of shape (k, n_params)
            The products.
        """
        changes = self.jacobian(vectors)
        curved = self._loss.gauss_newton_product(self.prediction, self._target, changes)
        return self.transposed(curved * self._scale)

    def hessian(self, vectors: np.ndarray) -> np.ndarray:
        """Return products with the Hessian.

        Parameters
        ----------
        vectors : ndarray of shape (k, n_params)
            The vectors.

        Returns
        -------
        ndarray of shape (k, n_params)
            The products.
        """
        changes = self._forward(vectors)
        d = self._loss.hessian_product(self.prediction, self._target, changes[-1])
        d = d * self._scale
        block, first = self._block(len(vectors)), self._first
        tangents = self._layout.block_views(vectors)
        grads = self._layout.block_views(block)
        outer = self._gradients_of_outputs()
        for key in range(len(self._layers) - 1, first, -1):
            layer = self._layers[key]
            layer.gradients(d, grads[key])
            d = layer.cotangent(d)
            d += layer.bend(changes[key - 1], tangents[key], outer[key], grads[key])
        # The input of the first layer stays: it has no part in what bends.
        self._layers[first].gradients(d, grads[first])
        return block

    def empirical_fisher(self, vectors: np.ndarray) -> np.ndarray:
        """Return products with the mean of the outer products of rows' gradients.

        Parameters
        ----------
        vectors : ndarray of shape (k, n_params)
            The vectors.

        Returns
        -------
        ndarray of shape (k, n_params)
            The products.
        """
        residual = self._residual()
        slopes = np.einsum("knc,nc->kn", self.jacobian(vectors), residual)
        return self.transposed(slopes[:, :, np.newaxis] * (residual * self._scale))

    def gauss_newton_diagonal(self) -> np.ndarray:
        """Return the diagonal of the Gauss-Newton matrix.

        Returns
        -------
        ndarray of shape (n_params,)
            The diagonal, exact.
        """
        squared = np.zeros(self._size, self._dtype)
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
        squared = np.zeros(self._size, self._dtype)
        scores = self._residual() * np.sqrt(self._scale)
        self._add_squares(scores[np.newaxis], squared)
        return squared

    def kronecker_factors(self, rng: np.random.RandomState | None = None) -> Moments:
        """Return what the Gauss-Newton matrix of each dense layer is approximated by.

        Parameters
        ----------
        rng : RandomState, optional
            Draws one random combination of the directions in which the loss of a row
            is curved, in place of all of them: less work where there are many outputs.

        Returns
        -------
        list of tuple of two ndarray
            The second moment of the inputs of the layer, with a one for the bias, and
            that of the gradients of its outputs, both summed over rows.
        """
        found = [layer.input_moment(self._scale) for layer in self._layers]
        dense = {key: moment for key, moment in enumerate(found) if moment is not None}
        outputs: dict[int, Any] = dict.fromkeys(dense, 0.0)
        for factors in self._factors() if rng is None else [self._drawn_factor(rng)]:
            for key, d in self._cotangents(factors):
                if key in dense:
                    flat = d.reshape(-1, d.shape[-1])
                    outputs[key] = outputs[key] + flat.T @ flat
        return [(dense[key], outputs[key]) for key in dense]

    def _residual(self) -> np.ndarray:
        """Return the gradients of the raw scores, whatever a row counts for."""
        out = np.empty_like(self._delta)
        return self._loss.gradient(self.prediction, self._target, out)

    def _factors(self) -> list[np.ndarray]:
        """Return a square root of the loss's curvature, a few columns at once."""
        factors = self._loss.factor(self.prediction, self._target)
        root = np.sqrt(self._scale)
        parts = slices(len(factors), FACTORS_AT_ONCE)
        return [factors[part] * root for part in parts]

    def _drawn_factor(self, rng: np.random.RandomState) -> np.ndarray:
        """Return one column whose outer product is the loss's curvature on average."""
        factors = self._loss.factor(self.prediction, self._target)
        signs = rng.choice([-1.0, 1.0], (*factors.shape[:2], 1)).astype(self._dtype)
        return (factors * signs).sum(axis=0, keepdims=True) * np.sqrt(self._scale)

    def _row_gradients(self, scores: np.ndarray) -> np.ndarray:
        """Return the gradient of each row, given those of the raw scores."""
        rows = self._block(len(scores))
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
        """Return the gradient of the loss for the output of each layer."""
        if not self._outer:
            self._outer = [None] * len(self._layers)
            for key, d in self._cotangents(self._delta[np.newaxis]):
                self._outer[key] = d[0]
        return self._outer

    def _cotangents(self, scores: np.ndarray) -> list[tuple[int, np.ndarray]]:
        """Return, last layer first, the gradients of the layers' outputs."""
        found, d = [], scores
        for key in range(len(self._layers) - 1, self._first - 1, -1):
            found.append((key, d))
            if key > self._first:
                d = self._layers[key].cotangent(d)
        return found

    def _forward(self, vectors: np.ndarray) -> list[Any]:
        """Return the changes of the outputs of all layers."""
        tangents = self._layout.block_views(vectors)
        change, changes = None, []
        for key, layer in enumerate(self._layers):
            if key >= self._first:
                change = layer.tangent(change, tangents[key])
            changes.append(change)
        return changes
