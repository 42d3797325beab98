"""The spectral density, by stochastic Lanczos quadrature."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import eigh_tridiagonal
from sklearn.utils import check_random_state

from skbackprop.curvature._arguments import check, symmetric

__all__ = ["SpectralDensity", "spectral_density"]

# What the vectors of several runs that go side by side may take.
BYTES_AT_ONCE = 2**28


@dataclass(frozen=True)
class SpectralDensity:
    """A spectrum, as a distribution of mass one over some nodes.

    Parameters
    ----------
    nodes : ndarray of shape (n_nodes,)
        Where there is mass, ascending.
    weights : ndarray of shape (n_nodes,)
        How much; they add up to 1.
    n_params : int
        The number of eigenvalues that the mass of 1 stands for.
    """

    nodes: np.ndarray
    weights: np.ndarray
    n_params: int

    @property
    def trace(self) -> float:
        """An estimate of the sum of all eigenvalues."""
        return self.n_params * float(self.weights @ self.nodes)

    def share(self, low: float, high: float) -> float:
        """Return an estimate of the share of eigenvalues between two numbers.

        Parameters
        ----------
        low, high : float
            The numbers; ``-np.inf`` and ``np.inf`` will do.

        Returns
        -------
        float
            From 0 to 1.
        """
        inside = (self.nodes >= low) & (self.nodes <= high)
        return float(self.weights[inside].sum())

    def smooth(self, grid: np.ndarray, width: float) -> np.ndarray:
        """Return the density, smoothed by normal distributions.

        Parameters
        ----------
        grid : ndarray of shape (n_points,)
            Where.
        width : float
            Their standard deviation.

        Returns
        -------
        ndarray of shape (n_points,)
            The density of the eigenvalues; its integral is 1.
        """
        check("SpectralDensity.smooth", width=width)
        apart = (grid[:, np.newaxis] - self.nodes) / width
        bells = np.exp(-0.5 * apart**2) / (width * np.sqrt(2.0 * np.pi))
        return bells @ self.weights


def spectral_density(
    operator: Any,
    *,
    n_vectors: int = 10,
    n_steps: int = 80,
    random_state: Any = None,
) -> SpectralDensity:
    """Estimate the spectral density of a symmetric operator.

    Lanczos iterations from random vectors, with full re-orthogonalisation, give the
    nodes and weights of Gauss's quadrature; their mean over vectors is the estimate.

    Parameters
    ----------
    operator : LinearOperator or ndarray of shape (n, n)
        Symmetric.
    n_vectors : int, default=10
        The number of random vectors.
    n_steps : int, default=80
        The number of steps, a product each, from every vector.
    random_state : int, RandomState instance or None, default=None
        Draws the vectors.

    Returns
    -------
    SpectralDensity
        The estimate.

    References
    ----------
    B. Ghorbani, S. Krishnan and Y. Xiao, "An investigation into neural net optimization
    via Hessian eigenvalue density", ICML 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.curvature import spectral_density
    >>> density = spectral_density(np.diag(np.arange(100.0)), random_state=0)
    >>> round(density.share(-np.inf, 49.5), 1)
    0.5
    """
    check("spectral_density", n_vectors=n_vectors, n_steps=n_steps)
    operator = symmetric(operator)
    n, rng = operator.shape[0], check_random_state(random_state)
    n_steps = min(n_steps, n)
    row = n * n_steps * np.dtype(operator.dtype).itemsize
    at_once = max(1, min(n_vectors, BYTES_AT_ONCE // row))
    nodes, weights = [], []
    for first in range(0, n_vectors, at_once):
        starts = rng.standard_normal((min(at_once, n_vectors - first), n))
        for diagonal, beside in _lanczos(operator, starts, n_steps):
            values, vectors = eigh_tridiagonal(diagonal, beside)
            nodes.append(values)
            weights.append(vectors[0] ** 2 / n_vectors)
    found, mass = np.concatenate(nodes), np.concatenate(weights)
    order = np.argsort(found)
    return SpectralDensity(found[order], mass[order], n)


def _lanczos(
    operator: Any, starts: np.ndarray, n_steps: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return, for each vector, the tridiagonal matrix that the iteration leads to."""
    k, n = starts.shape
    basis = np.zeros((k, n_steps, n), operator.dtype)
    diagonal, beside = np.zeros((k, n_steps)), np.zeros((k, n_steps))
    lengths, going = np.full(k, n_steps), np.ones(k, bool)
    v = (starts / np.linalg.norm(starts, axis=1, keepdims=True)).astype(operator.dtype)
    tiny = 100 * np.finfo(operator.dtype).eps
    for step in range(n_steps):
        basis[:, step] = v
        w = np.ascontiguousarray((operator @ v.T).T)
        diagonal[:, step] = np.einsum("kn,kn->k", v, w)
        so_far = basis[:, : step + 1]
        for _ in range(2):  # twice is enough
            along = so_far @ w[:, :, np.newaxis]
            w -= (so_far.swapaxes(1, 2) @ along)[:, :, 0]
        beside[:, step] = np.linalg.norm(w, axis=1)
        size = np.abs(diagonal).max(axis=1) + beside.max(axis=1)
        # Where nothing new is left the quadrature is exact already.
        over = going & (beside[:, step] <= tiny * size)
        lengths[over], going = step + 1, going & ~over
        v = np.zeros_like(w)
        v[going] = w[going] / beside[going, step, np.newaxis]
    return [
        (diagonal[i, :length], beside[i, : length - 1])
        for i, length in enumerate(lengths)
    ]
