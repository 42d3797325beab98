"""The affine map near a point."""

from typing import Any

import numpy as np
from scipy.sparse import issparse

from skbackprop.layers.linearized.base import (
    Arrays,
    Linearized,
    column_sums,
    each_times,
    times_each,
)


class LinearizedDense(Linearized):
    """The affine map ``y = x W + b`` near an input and a weight matrix.

    Parameters
    ----------
    x : ndarray or sparse matrix of shape (n_rows, n_in)
        The input.
    weight : ndarray of shape (n_in, n_out)
        The weights.
    """

    def __init__(self, x: Any, weight: np.ndarray) -> None:
        self.x, self.weight = x, weight

    def tangent(self, tx: np.ndarray | None, tparams: Arrays) -> np.ndarray:
        """Return ``tx W + x tW + tb``."""
        tangent_weight, tangent_bias = tparams
        ty = self._forward(tangent_weight)
        ty += tangent_bias[:, np.newaxis]
        if tx is not None:
            ty += each_times(tx, self.weight)
        return ty

    def gradients(self, dy: np.ndarray, dparams: Arrays) -> None:
        """Write ``x' dy`` and the sums of columns."""
        weight_gradient, bias_gradient = dparams
        self._backward(dy, weight_gradient)
        bias_gradient[...] = column_sums(dy)

    def cotangent(self, dy: np.ndarray) -> np.ndarray:
        """Return ``dy W'``."""
        return each_times(dy, self.weight.T)

    def bend(
        self,
        tx: np.ndarray | None,
        tparams: Arrays,
        dy: np.ndarray,
        dparams: Arrays,
    ) -> np.ndarray:
        """Return ``dy tW'``; the gradient of the weights changes by ``tx' dy``."""
        if tx is not None:
            for gradient, change in zip(dparams[0], tx, strict=True):
                gradient += np.dot(change.T, dy)
        return _products(dy, tparams[0].transpose(0, 2, 1))

    def squares(self, dy: np.ndarray, squared: Arrays) -> None:
        """Add ``(x * x)' (dy * dy)`` and the sums of ``dy * dy``."""
        squares = np.einsum("kij,kij->ij", dy, dy)
        x = self.x.power(2) if issparse(self.x) else self.x * self.x
        squared[0][...] += x.T @ squares
        squared[1][...] += squares.sum(axis=0)

    def row_gradients(self, dy: np.ndarray, rows: Arrays) -> None:
        """Write the outer products of rows of ``x`` and ``dy``, and ``dy``."""
        x = self.x.toarray() if issparse(self.x) else self.x
        np.multiply(x[:, :, np.newaxis], dy[:, np.newaxis], out=rows[0])
        rows[1][...] = dy

    def input_moment(self, scale: Any) -> np.ndarray:
        """Return ``x' x`` with a column of ones beside ``x``."""
        x = self.x.toarray() if issparse(self.x) else self.x
        extended = np.concatenate([x, np.ones((len(x), 1), x.dtype)], axis=1)
        return extended.T @ (extended * scale)

    def _forward(self, weights: np.ndarray) -> np.ndarray:
        """Return the products of the input with several matrices."""
        if not issparse(self.x):
            return _products(self.x, weights)
        # Side by side: one product, which passes over the sparse matrix once.
        k, n_in, n_out = weights.shape
        flat = self.x @ weights.transpose(1, 0, 2).reshape(n_in, k * n_out)
        return np.ascontiguousarray(flat.reshape(-1, k, n_out).transpose(1, 0, 2))

    def _backward(self, dy: np.ndarray, out: np.ndarray) -> None:
        """Write the products of the transposed input with several matrices."""
        if not issparse(self.x):
            times_each(self.x.T, dy, out)
            return
        k, n_rows, n_out = dy.shape
        flat = self.x.T @ dy.transpose(1, 0, 2).reshape(n_rows, k * n_out)
        out[...] = flat.reshape(-1, k, n_out).transpose(1, 0, 2)


def _products(matrix: np.ndarray, stack: np.ndarray) -> np.ndarray:
    """Return the products of one matrix with several."""
    shape = (len(stack), len(matrix), stack.shape[2])
    dtype = np.result_type(matrix, stack)
    return times_each(matrix, stack, np.empty(shape, dtype))
