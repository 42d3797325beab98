"""Extreme eigenvalues of symmetric operators, and the signs of all of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import eigh, eigvalsh
from scipy.sparse.linalg import (
    ArpackError,
    ArpackNoConvergence,
    LinearOperator,
    eigsh,
)
from sklearn.utils import check_random_state

from skbackprop.curvature._arguments import check, symmetric
from skbackprop.curvature.matrices import dense

__all__ = ["Eigenpairs", "Inertia", "extreme_eigenvalues", "inertia"]

# Up to this size a whole matrix is sooner had than iterated with.
SMALL = 150
# What an eigenvalue may be off by, relative to the largest, by the size of the numbers.
PRECISION = {8: 1e-10, 4: 1e-5}
# Vectors that the iteration keeps beside twice those asked for.
SPARE_VECTORS = 24

# How many of ``k`` are wanted at the lower and at the upper end.
ENDS = {"largest": (0, 1), "smallest": (1, 0), "both": (1, 1)}


@dataclass(frozen=True)
class Eigenpairs:
    """Some eigenvalues, in ascending order, and their eigenvectors.

    Parameters
    ----------
    values : ndarray of shape (k,)
        The eigenvalues.
    vectors : ndarray of shape (n, k)
        The eigenvectors, as columns of length one; the entry of each that is largest in
        size is positive.
    """

    values: np.ndarray
    vectors: np.ndarray


@dataclass(frozen=True)
class Inertia:
    """How many eigenvalues are positive, negative, and zero up to a tolerance.

    Parameters
    ----------
    positive, negative, zero : int
        The numbers.
    """

    positive: int
    negative: int
    zero: int


def extreme_eigenvalues(
    operator: Any,
    k: int = 1,
    *,
    which: str = "both",
    tol: float | None = None,
    max_iter: int | None = None,
    random_state: Any = None,
) -> Eigenpairs:
    """Return eigenvalues at the ends of the spectrum, and their eigenvectors.

    By Lanczos iterations, in products alone; the lower end is often the slower one.

    Parameters
    ----------
    operator : LinearOperator or ndarray of shape (n, n)
        Symmetric; see :func:`hessian_operator`.
    k : int, default=1
        How many at each end.
    which : {'both', 'largest', 'smallest'}, default='both'
        Which end, with regard to signs.
    tol : float, default=None
        The residual that passes, relative to the largest eigenvalue: by default 1e-10
        in float64 and 1e-5 in float32. The eigenvalue itself is far closer.
    max_iter : int, default=None
        The number of restarts; by default scipy's.
    random_state : int, RandomState instance or None, default=None
        Draws the vector to start from.

    Returns
    -------
    Eigenpairs
        ``2 * k`` or ``k`` of them; all there are, if these are fewer.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.curvature import extreme_eigenvalues
    >>> extreme_eigenvalues(np.diag([3.0, -1.0, 2.0])).values
    array([-1.,  3.])
    """
    operator = symmetric(operator)
    tol = PRECISION[operator.dtype.itemsize] if tol is None else tol
    check("extreme_eigenvalues", k=k, which=which, tol=tol, max_iter=max_iter)
    n = operator.shape[0]
    low, high = (k * wanted for wanted in ENDS[which])
    if n <= SMALL or 2 * k >= n - 1:
        values, vectors = eigh(dense(operator))
        upper = max(n - high, min(low, n))
        some = np.r_[: min(low, n), upper:n]
        return Eigenpairs(values[some], _signed(vectors[:, some]))
    search = _Search(operator, tol, max_iter, check_random_state(random_state))
    top = search.largest(operator, high or 1)
    if not low:
        return Eigenpairs(top[0], _signed(top[1]))
    values, vectors = search.smallest(operator, low, float(abs(top[0][-1])))
    if high:
        values = np.concatenate([values, top[0]])
        vectors = np.concatenate([vectors, top[1]], axis=1)
    return Eigenpairs(values, _signed(vectors))


class _Search:
    """Lanczos iterations with one set of options."""

    def __init__(
        self,
        operator: Any,
        tol: float,
        max_iter: int | None,
        rng: np.random.RandomState,
    ) -> None:
        self.n, self.dtype = operator.shape[0], np.dtype(operator.dtype)
        self.tol, self.max_iter, self.rng = tol, max_iter, rng

    def largest(self, operator: Any, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the largest eigenvalues, ascending, and their vectors."""
        start = self.rng.standard_normal(self.n).astype(self.dtype)
        try:
            values, vectors = eigsh(
                operator,
                k=k,
                which="LA",
                v0=start,
                tol=self.tol,
                maxiter=self.max_iter,
                ncv=min(self.n, 2 * k + SPARE_VECTORS),
            )
        except ArpackNoConvergence as failure:
            raise RuntimeError(
                f"The eigenvalues have not converged ({failure}): pass a larger tol, "
                "a larger max_iter, or another k."
            ) from failure
        except ArpackError as failure:
            if (operator @ start).any():
                raise ValueError(
                    "The eigenvalues could not be computed: products with the operator "
                    "may not be finite."
                ) from failure
            # Nothing was left of a random vector: every vector is an eigenvector.
            return np.zeros(k, self.dtype), np.eye(self.n, k, dtype=self.dtype)
        order = np.argsort(values)
        return values[order], vectors[:, order]

    def smallest(
        self, operator: Any, k: int, shift: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the smallest eigenvalues, ascending, and their vectors.

        The operator is turned round and shifted: convergence is judged relative to the
        eigenvalue, which near zero would never be good enough.
        """
        shift = shift or 1.0
        turned = LinearOperator(
            operator.shape,
            matvec=lambda x: shift * x.ravel() - operator @ x.ravel(),
            dtype=self.dtype,
        )
        values, vectors = self.largest(turned, k)
        return shift - values[::-1], vectors[:, ::-1]


def _signed(vectors: np.ndarray) -> np.ndarray:
    """Return eigenvectors, whose signs mean nothing, with signs of their own."""
    largest = np.abs(vectors).argmax(axis=0)
    return vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])])


def inertia(operator: Any, *, tol: float = 1e-6, max_params: int = 3000) -> Inertia:
    """Count the positive, negative and zero eigenvalues of a symmetric operator.

    All eigenvalues are computed, for which the matrix is formed.

    Parameters
    ----------
    operator : LinearOperator or ndarray of shape (n, n)
        Symmetric.
    tol : float, default=1e-6
        What counts as zero, relative to the eigenvalue that is largest in size.
    max_params : int, default=3000
        The size up to which the matrix is formed.

    Returns
    -------
    Inertia
        The three numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.curvature import inertia
    >>> inertia(np.diag([3.0, -1.0, 0.0]))
    Inertia(positive=1, negative=1, zero=1)
    """
    check("inertia", tol=tol, max_params=max_params)
    operator = symmetric(operator)
    n = operator.shape[0]
    if n > max_params:
        raise ValueError(
            f"To count the signs of {n} eigenvalues the whole matrix would be formed: "
            f"set max_params (now {max_params}), or estimate their shares with "
            "spectral_density(operator).share(-inf, 0)."
        )
    return count_signs(eigvalsh(dense(operator)), tol)


def count_signs(values: np.ndarray, tol: float) -> Inertia:
    """Count the signs of eigenvalues.

    Parameters
    ----------
    values : ndarray
        All eigenvalues.
    tol : float
        What counts as zero, relative to the one that is largest in size.

    Returns
    -------
    Inertia
        The counts.
    """
    zero = tol * np.abs(values).max(initial=0.0)
    positive, negative = int((values > zero).sum()), int((values < -zero).sum())
    return Inertia(positive, negative, len(values) - positive - negative)
