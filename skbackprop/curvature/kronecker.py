"""Kronecker-factored blocks of the Gauss-Newton matrix."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skbackprop.curvature._arguments import check
from skbackprop.curvature.determinism import checked_objective

__all__ = ["KroneckerFactors", "kronecker_factors"]


@dataclass(frozen=True)
class KroneckerFactors:
    """The block of one layer, approximated by the product of two small matrices.

    Parameters
    ----------
    inputs : ndarray of shape (n_in + 1, n_in + 1)
        The mean outer product of the layer's inputs, followed by a one for the bias.
    outputs : ndarray of shape (n_out, n_out)
        The Gauss-Newton matrix with respect to the layer's outputs, a mean over rows.
    """

    inputs: np.ndarray
    outputs: np.ndarray

    def matrix(self) -> np.ndarray:
        """Return the block, without the penalty.

        Returns
        -------
        ndarray of shape ((n_in + 1) * n_out, (n_in + 1) * n_out)
            In the order of ``hessian_operator(..., layers=[i])``.
        """
        return np.kron(self.inputs, self.outputs)

    def solve(self, vector: np.ndarray, damping: float) -> np.ndarray:
        """Return a vector times the inverse of the damped block.

        Parameters
        ----------
        vector : ndarray of shape ((n_in + 1) * n_out,)
            Such as the layer's gradient.
        damping : float
            Above zero; its square root is added to both factors, shared out so that
            both have the same mean eigenvalue.

        Returns
        -------
        ndarray of the same shape
            The solution.
        """
        check("KroneckerFactors.solve", damping=damping)
        a, g = self.inputs, self.outputs
        means = np.trace(a) / len(a), np.trace(g) / len(g)
        balance = np.sqrt(means[0] / means[1]) if min(means) > 0 else 1.0
        root = np.sqrt(damping)
        a = a + balance * root * np.eye(len(a), dtype=a.dtype)
        g = g + root / balance * np.eye(len(g), dtype=g.dtype)
        matrix = vector.reshape(len(a), len(g))
        return np.linalg.solve(g, np.linalg.solve(a, matrix).T).T.ravel()


def kronecker_factors(
    estimator: Any, X: Any, y: Any, sample_weight: Any = None
) -> list[KroneckerFactors]:
    """Return the Kronecker factors of the Gauss-Newton blocks of all layers.

    The expectation over the model's own predictions is taken exactly, with a square
    root of the loss's curvature instead of drawn targets. The approximation is that
    inputs and gradients of a layer are independent; it is exact for a single row, and
    for a linear model under the squared error. Where the loss compares rows, as those
    of an embedder do, each row is taken to move on its own.

    Parameters
    ----------
    estimator, X, y, sample_weight
        As for :func:`hessian_operator`.

    Returns
    -------
    list of KroneckerFactors
        One for each layer, in the order of ``coefs_``.

    References
    ----------
    J. Martens and R. Grosse, "Optimizing neural networks with Kronecker-factored
    approximate curvature", ICML 2015.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.curvature import kronecker_factors
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((5,), solver="lbfgs", random_state=0).fit(X, y)
    >>> [(f.inputs.shape, f.outputs.shape) for f in kronecker_factors(model, X, y)]
    [((5, 5), (5, 5)), ((6, 6), (3, 3))]
    """
    bound = checked_objective(estimator, X, y, sample_weight)
    return [KroneckerFactors(*pair) for pair in bound.products().kronecker_factors()]
