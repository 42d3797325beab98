"""The trace of an operator, out of products with random vectors."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from skbackprop.curvature._arguments import check, symmetric
from skbackprop.curvature.matrices import dense

__all__ = ["TraceEstimate", "estimate_trace"]

# Below so many products a sketch takes more than it gives.
WORTH_A_SKETCH = 12


@dataclass(frozen=True)
class TraceEstimate:
    """A trace and how far it may be off.

    Parameters
    ----------
    value : float
        The estimate.
    standard_error : float
        The standard deviation of the estimate; 0 where it is exact.
    n_products : int
        The products it took.
    """

    value: float
    standard_error: float
    n_products: int


def estimate_trace(
    operator: Any,
    n_products: int = 60,
    *,
    n_sketch: int | None = None,
    random_state: Any = None,
) -> TraceEstimate:
    """Estimate the trace of a symmetric operator.

    By Hutch++: a third of the products finds where the operator is large, a third takes
    the trace there exactly, and the rest estimates that of what is left with random
    signs. Without a sketch that is Hutchinson's estimate, which is better below some
    ten products.

    Parameters
    ----------
    operator : LinearOperator or ndarray of shape (n, n)
        Symmetric.
    n_products : int, default=60
        The number of products, at least 2; the trace is exact from n products on.
    n_sketch : int, default=None
        The number of directions that are treated exactly, each for two products. By
        default a third of the products; none if there are fewer than 12.
    random_state : int, RandomState instance or None, default=None
        Draws the vectors.

    Returns
    -------
    TraceEstimate
        The estimate and its standard error.

    References
    ----------
    R. A. Meyer, C. Musco, C. Musco and D. P. Woodruff, "Hutch++: optimal stochastic
    trace estimation", SOSA 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.curvature import estimate_trace
    >>> matrix = np.diag(1.0 / np.arange(1, 101) ** 2)
    >>> estimate = estimate_trace(matrix, n_products=30, random_state=0)
    >>> bool(abs(estimate.value - np.trace(matrix)) < 4 * estimate.standard_error)
    True
    """
    check("estimate_trace", n_products=n_products, n_sketch=n_sketch)
    operator = symmetric(operator)
    n, rng = operator.shape[0], check_random_state(random_state)
    if n <= n_products:
        return TraceEstimate(float(np.trace(dense(operator))), 0.0, n)
    if n_sketch is None:
        n_sketch = n_products // 3 if n_products >= WORTH_A_SKETCH else 0
    n_random = n_products - 2 * n_sketch
    if n_random < 2:
        raise ValueError(
            f"n_products={n_products} leaves {n_random} random vectors beside "
            f"n_sketch={n_sketch}, which take two products each: at least 2 are needed."
        )
    basis = np.zeros((n, 0), operator.dtype)
    if n_sketch:
        basis = np.linalg.qr(operator @ _signs(rng, n, n_sketch, operator.dtype))[0]
    exact = float(np.einsum("ij,ij->", basis, operator @ basis)) if n_sketch else 0.0
    rest = _signs(rng, n, n_random, operator.dtype)
    rest -= basis @ (basis.T @ rest)
    samples = np.einsum("ij,ij->j", rest, operator @ rest, dtype=float)
    error = float(samples.std(ddof=1) / np.sqrt(n_random))
    return TraceEstimate(exact + float(samples.mean()), error, n_products)


def _signs(rng: np.random.RandomState, n: int, k: int, dtype: Any) -> np.ndarray:
    return (2.0 * rng.randint(0, 2, (n, k)) - 1.0).astype(dtype)
