"""Curvature of a fitted estimator on some data, as linear operators."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from skbackprop.core.spec import resolve
from skbackprop.curvature.determinism import checked_objective
from skbackprop.curvature.kinds import Curvature
from skbackprop.estimators._objective import BoundObjective
from skbackprop.linearization import CurvatureProducts

__all__ = ["CurvatureOperator", "hessian_operator"]


class CurvatureOperator(LinearOperator):
    """A curvature matrix, known by its products: ``operator @ vector``.

    Made by :func:`hessian_operator`. The matrix is never formed; it is symmetric.

    Parameters
    ----------
    bound : BoundObjective
        The objective, where, and on which rows.
    kind : Curvature
        Which matrix.
    entries : ndarray of int
        The parameters that its rows and columns stand for.
    products : CurvatureProducts, optional
        To share with another operator at the same point.

    Attributes
    ----------
    shape : tuple of int
        The number of parameters, twice.
    theta : ndarray of shape (n_params,)
        The parameters.
    """

    def __init__(
        self,
        bound: BoundObjective,
        kind: Curvature,
        entries: np.ndarray,
        products: CurvatureProducts | None = None,
    ) -> None:
        self.bound, self.kind, self.entries = bound, kind, entries
        self.products = bound.products() if products is None else products
        self.theta = self.products.theta[entries]
        everything = np.arange(self.products.n_params)
        self._is_whole = np.array_equal(entries, everything)
        super().__init__(self.theta.dtype, (len(entries), len(entries)))

    def __reduce__(self) -> tuple:
        """Pickle what it is made from: what products share is made anew."""
        return type(self), (self.bound, self.kind, self.entries)

    def gradient(self) -> np.ndarray:
        """Return the gradient of the objective.

        Returns
        -------
        ndarray of shape (n_params,)
            With respect to the same parameters.
        """
        return self.products.gradient()[self.entries]

    def diagonal(self) -> np.ndarray:
        """Return the diagonal, exactly.

        Returns
        -------
        ndarray of shape (n_params,)
            The diagonal.
        """
        return self.kind.diagonal(self.products, self.entries)

    def rows(self, vectors: np.ndarray) -> np.ndarray:
        """Return products with vectors that are given as rows.

        Parameters
        ----------
        vectors : ndarray of shape (k, n_params)
            Vectors.

        Returns
        -------
        ndarray of shape (k, n_params)
            The products, as rows.
        """
        if np.iscomplexobj(vectors):
            return self.rows(vectors.real) + 1j * self.rows(vectors.imag)
        if self._is_whole:
            return self.kind.product(self.products, vectors)
        whole = np.zeros((len(vectors), self.products.n_params), self.dtype)
        whole[:, self.entries] = vectors
        return self.kind.product(self.products, whole)[:, self.entries]

    def value(self, theta: np.ndarray) -> float:
        """Return the objective elsewhere.

        Parameters
        ----------
        theta : ndarray of shape (n_params,)
            The same parameters; all others stay.

        Returns
        -------
        float
            The mean loss and the penalty's share.
        """
        whole = self.products.theta.copy()
        whole[self.entries] = theta
        return self.bound.value(whole)

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        return self.rows(x.reshape(1, -1))[0]

    def _matmat(self, X: np.ndarray) -> np.ndarray:
        return self.rows(np.ascontiguousarray(X.T)).T

    def _adjoint(self) -> "CurvatureOperator":
        return self

    def _transpose(self) -> "CurvatureOperator":
        return self


def hessian_operator(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    kind: Any = "hessian",
    layers: Sequence[int] | None = None,
) -> CurvatureOperator:
    """Return the curvature of a fitted estimator's objective as a linear operator.

    The objective is the one that ``fit`` minimised, with its loss, penalty, class
    weights and scaling, of the rows that are given here. As in prediction, nothing is
    dropped and the statistics of batches are frozen.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor or BackpropEmbedder
        A fitted one. The losses of an embedder compare rows with each other: of more
        than 1024, those of a group, and triplets are those that are mined at the point.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Inputs.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.
    kind : {'hessian', 'gauss_newton', 'fisher', 'empirical_fisher'} or Curvature, \
            default='hessian'
        Which matrix.
    layers : sequence of int, default=None
        Positions in ``coefs_`` of the layers whose weights and biases it is restricted
        to. By default it is about all parameters that training moves: all weights, then
        all biases, then scales and slopes if there are any.

    Returns
    -------
    CurvatureOperator
        A :class:`scipy.sparse.linalg.LinearOperator`, of the floating type of the
        weights.

    Notes
    -----
    The penalty is divided by the weight of the rows, as full-batch solvers do. In
    training by mini-batches each step divides it by the weight of a batch, and so it is
    done here for an estimator with such a solver.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.curvature import hessian_operator
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((5,), solver="lbfgs", random_state=0).fit(X, y)
    >>> operator = hessian_operator(model, X, y)
    >>> operator.shape
    (43, 43)
    >>> step = operator @ operator.gradient()
    >>> hessian_operator(model, X, y, layers=[1]).shape
    (18, 18)
    """
    matrix = resolve(Curvature, kind)
    bound = checked_objective(estimator, X, y, sample_weight)
    matrix.check(bound.objective.loss)
    return CurvatureOperator(bound, matrix, entries_of(bound, layers))


def entries_of(bound: BoundObjective, layers: Sequence[int] | None) -> np.ndarray:
    """Return where the parameters of some layers are in the vector of all.

    Parameters
    ----------
    bound : BoundObjective
        Whose network.
    layers : sequence of int or None
        Positions in ``coefs_``; None for all parameters that training moves.

    Returns
    -------
    ndarray of int
        Sorted within each layer: the weights, then the biases.
    """
    layout = bound.objective.network.layout
    everything = np.arange(layout.n_trainable)
    if layers is None:
        return everything
    positions = np.arange(layout.size)
    weights, biases = (layout.of_kind(kind, positions) for kind in ("weight", "bias"))
    chosen = [
        (weights[layer].ravel(), biases[layer].ravel())
        for layer in _positions(layers, len(weights))
    ]
    return np.concatenate([part for pair in chosen for part in pair])


def _positions(layers: Sequence[int], n_layers: int) -> list[int]:
    """Return the positions of layers, counted from the first."""
    given = np.asarray(layers, dtype=object)
    known = given.ndim == 1 and all(
        isinstance(layer, int | np.integer)
        and not isinstance(layer, bool)
        and -n_layers <= layer < n_layers
        for layer in given
    )
    found = [int(layer) % n_layers for layer in given] if known else []
    if not found or len({*found}) < len(found):
        raise ValueError(
            f"layers={layers!r} must be a sequence of some of the {n_layers} layers, "
            f"by their positions 0 to {n_layers - 1} in coefs_, each once."
        )
    return found
