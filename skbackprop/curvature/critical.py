"""The kind of point that training has come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from scipy.linalg import eigvalsh

from skbackprop.curvature._arguments import check
from skbackprop.curvature.eigenvalues import Inertia, count_signs, extreme_eigenvalues
from skbackprop.curvature.matrices import dense
from skbackprop.curvature.operators import CurvatureOperator, hessian_operator

__all__ = ["CriticalPoint", "critical_point"]


class PointKind(StrEnum):
    """What a point can be."""

    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    SADDLE = "saddle"
    FLAT = "flat"
    NOT_CRITICAL = "not a critical point"


@dataclass(frozen=True)
class CriticalPoint:
    """What a point of the objective is, with the numbers that tell so.

    Parameters
    ----------
    kind : {'minimum', 'maximum', 'saddle', 'flat', 'not a critical point'}
        What it is: an enumeration whose members are these strings. Directions that are
        flat up to the tolerance do not count: a minimum may have many.
    gradient_norm : float
        The norm of the gradient.
    relative_gradient : float
        The same, relative to what it could be, see :func:`critical_point`.
    smallest, largest : float
        The extreme eigenvalues of the Hessian.
    signs : Inertia or None
        The number of eigenvalues beyond the tolerance and within; None where only the
        extreme ones were computed.
    """

    kind: PointKind
    gradient_norm: float
    relative_gradient: float
    smallest: float
    largest: float
    signs: Inertia | None

    def __str__(self) -> str:
        """Return two lines that say it all."""
        counts = ""
        if self.signs is not None:
            counts = (
                f"; {self.signs.positive} positive, {self.signs.negative} negative, "
                f"{self.signs.zero} flat"
            )
        return (
            f"{self.kind}: gradient {self.gradient_norm:.2e}, relative "
            f"{self.relative_gradient:.2e}\n"
            f"eigenvalues from {self.smallest:.3e} to {self.largest:.3e}{counts}"
        )


def critical_point(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    layers: Sequence[int] | None = None,
    gradient_tol: float = 1e-3,
    curvature_tol: float = 1e-3,
    max_params: int = 500,
    random_state: Any = None,
) -> CriticalPoint:
    """Tell whether a fitted estimator is at a minimum, a saddle, ... of its objective.

    Parameters
    ----------
    estimator, X, y, sample_weight, layers
        As for :func:`hessian_operator`.
    gradient_tol : float, default=1e-3
        Up to this relative gradient a point counts as critical. The norm of the
        gradient is taken relative to the root mean square of the norms of the gradients
        of single rows, which have to cancel out. Where every row is fitted these vanish
        too, and what counts is rounding: the square root of the machine epsilon times
        the largest eigenvalue in size times the norm of the parameters is added.
    curvature_tol : float, default=1e-3
        An eigenvalue is flat up to this share of the one that is largest in size.
    max_params : int, default=500
        Up to this number of parameters all eigenvalues are computed, and counted.
    random_state : int, RandomState instance or None, default=None
        Draws the vector that the search for eigenvalues starts from.

    Returns
    -------
    CriticalPoint
        Its kind, and the numbers.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.curvature import critical_point
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier(
    ...     (3,),
    ...     activation="tanh",
    ...     alpha=1.0,
    ...     scaling="standard",
    ...     solver="lbfgs",
    ...     tol=1e-8,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> critical_point(model, X, y).kind
    <PointKind.MINIMUM: 'minimum'>
    """
    check(
        "critical_point",
        gradient_tol=gradient_tol,
        curvature_tol=curvature_tol,
        max_params=max_params,
    )
    operator = hessian_operator(estimator, X, y, sample_weight, layers=layers)
    if operator.shape[0] <= max_params:
        values = eigvalsh(dense(operator))
    else:
        values = extreme_eigenvalues(operator, random_state=random_state).values
    return judged(
        operator, values, gradient_tol, curvature_tol, len(values) == operator.shape[0]
    )


def judged(
    operator: CurvatureOperator,
    values: np.ndarray,
    gradient_tol: float,
    curvature_tol: float,
    complete: bool,
) -> CriticalPoint:
    """Judge a point by its gradient and eigenvalues.

    Parameters
    ----------
    operator : CurvatureOperator
        The Hessian there.
    values : ndarray
        Its eigenvalues, ascending; at least the first and the last.
    gradient_tol, curvature_tol : float
        As for ``critical_point``.
    complete : bool
        Whether these are all eigenvalues.

    Returns
    -------
    CriticalPoint
        What it is.
    """
    low, high = float(values[0]), float(values[-1])
    size = max(abs(low), abs(high))
    norm = float(np.linalg.norm(operator.gradient()))
    possible = _possible_gradient(operator, size)
    relative = norm / possible if possible > 0 else 0.0
    signs = count_signs(values, curvature_tol)
    flat = size <= np.finfo(operator.dtype).eps
    kind = PointKind.NOT_CRITICAL
    if relative <= gradient_tol:
        kind = _KINDS[not flat and signs.negative > 0, not flat and signs.positive > 0]
    return CriticalPoint(kind, norm, relative, low, high, signs if complete else None)


# By whether there are negative and positive eigenvalues.
_KINDS = {
    (False, False): PointKind.FLAT,
    (False, True): PointKind.MINIMUM,
    (True, False): PointKind.MAXIMUM,
    (True, True): PointKind.SADDLE,
}


def _possible_gradient(operator: CurvatureOperator, size: float) -> float:
    """Return the norm that a gradient may have where nothing cancels."""
    squares = operator.products.empirical_fisher_diagonal()[operator.entries]
    rounding = float(np.sqrt(np.finfo(operator.dtype).eps)) * size
    return float(
        np.sqrt(squares.sum()) + rounding * float(np.linalg.norm(operator.theta))
    )
