"""The matrices that are called the curvature of an objective."""

from abc import ABC, abstractmethod

import numpy as np

from skbackprop.core.spec import Spec
from skbackprop.linearization import CurvatureProducts
from skbackprop.losses import Loss

__all__ = ["Curvature", "EmpiricalFisher", "Fisher", "GaussNewton", "Hessian"]

# So many unit vectors are multiplied at once, where a diagonal needs them.
UNITS_AT_ONCE = 64


class Curvature(Spec, ABC, family=True):
    """A curvature matrix, as products with it and its diagonal.

    It fills the slot ``kind`` of the functions of this package.
    """

    @abstractmethod
    def product(self, products: CurvatureProducts, vectors: np.ndarray) -> np.ndarray:
        """Return products with vectors.

        Parameters
        ----------
        products : CurvatureProducts
            The objective near a point.
        vectors : ndarray of shape (k, n_params)
            Vectors, as rows.

        Returns
        -------
        ndarray of shape (k, n_params)
            The products, as rows.
        """

    @abstractmethod
    def diagonal(self, products: CurvatureProducts, entries: np.ndarray) -> np.ndarray:
        """Return entries of the diagonal.

        Parameters
        ----------
        products : CurvatureProducts
            The objective near a point.
        entries : ndarray of int
            Which.

        Returns
        -------
        ndarray of the shape of ``entries``
            The entries.
        """

    def check(self, loss: Loss) -> None:
        """Raise a ``ValueError`` if a loss has no such matrix.

        Parameters
        ----------
        loss : Loss
            The loss; any will do unless a member objects.
        """


class Hessian(Curvature, name="hessian"):
    """The matrix of second derivatives of the objective, penalty included.

    Its diagonal takes a product for each parameter.

    Examples
    --------
    >>> from skbackprop.core.spec import resolve
    >>> from skbackprop.curvature import Curvature
    >>> resolve(Curvature, "hessian")
    Hessian()
    """

    def product(self, products: CurvatureProducts, vectors: np.ndarray) -> np.ndarray:
        """Return products with the Hessian."""
        return products.hessian(vectors)

    def diagonal(self, products: CurvatureProducts, entries: np.ndarray) -> np.ndarray:
        """Return entries of products with unit vectors, some at once."""
        diagonal = np.empty(len(entries), products.theta.dtype)
        for start in range(0, len(entries), UNITS_AT_ONCE):
            some = entries[start : start + UNITS_AT_ONCE]
            units = np.zeros((len(some), products.n_params), diagonal.dtype)
            units[np.arange(len(some)), some] = 1.0
            columns = products.hessian(units)
            diagonal[start : start + len(some)] = columns[np.arange(len(some)), some]
        return diagonal


class GaussNewton(Curvature, name="gauss_newton"):
    """The Hessian without the bends of the network, penalty included.

    The Jacobian of the network, on both sides of the curvature of the loss: it has no
    negative eigenvalues.

    Examples
    --------
    >>> from skbackprop.core.spec import resolve
    >>> from skbackprop.curvature import Curvature
    >>> resolve(Curvature, "gauss_newton")
    GaussNewton()
    """

    def product(self, products: CurvatureProducts, vectors: np.ndarray) -> np.ndarray:
        """Return products with the Gauss-Newton matrix."""
        return products.gauss_newton(vectors)

    def diagonal(self, products: CurvatureProducts, entries: np.ndarray) -> np.ndarray:
        """Return it exactly, in one pass backwards for each raw score."""
        return products.gauss_newton_diagonal()[entries]


class Fisher(GaussNewton, name="fisher"):
    """The Fisher information of the model, and the penalty's Hessian.

    For losses that are a negative log-likelihood under its canonical link, it is the
    Gauss-Newton matrix: the squared error (a normal distribution of variance 1), the
    cross-entropies and the Poisson deviance. Other losses have none here.

    Examples
    --------
    >>> from skbackprop.core.spec import resolve
    >>> from skbackprop.curvature import Curvature
    >>> resolve(Curvature, "fisher")
    Fisher()
    """

    def check(self, loss: Loss) -> None:
        """Demand a likelihood under its canonical link."""
        if not loss.is_canonical:
            raise ValueError(
                "kind='fisher' needs the log-likelihood of a model under its canonical "
                f"link (loss='squared_error', 'log_loss' or 'poisson'), but {loss!r} "
                "is none: use kind='gauss_newton' or 'empirical_fisher'."
            )


class EmpiricalFisher(Curvature, name="empirical_fisher"):
    """The mean outer product of the gradients of single rows, without the penalty.

    Rows count as they do in the objective. Despite its name it is no estimate of the
    Fisher information, unless the model is right.

    Examples
    --------
    >>> from skbackprop.core.spec import resolve
    >>> from skbackprop.curvature import Curvature
    >>> resolve(Curvature, "empirical_fisher")
    EmpiricalFisher()
    """

    def product(self, products: CurvatureProducts, vectors: np.ndarray) -> np.ndarray:
        """Return products with the empirical Fisher matrix."""
        return products.empirical_fisher(vectors)

    def diagonal(self, products: CurvatureProducts, entries: np.ndarray) -> np.ndarray:
        """Return it exactly, in one pass backwards."""
        return products.empirical_fisher_diagonal()[entries]

    def check(self, loss: Loss) -> None:
        """Demand that rows have losses of their own."""
        if loss.mixes_rows:
            raise ValueError(
                f"kind='empirical_fisher' needs the gradient of each row, but {loss!r} "
                "compares rows."
            )
