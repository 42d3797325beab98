"""How sharp a minimum is, and the learning rate that it bears."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skbackprop.curvature._arguments import check
from skbackprop.curvature.eigenvalues import extreme_eigenvalues
from skbackprop.curvature.operators import CurvatureOperator, hessian_operator

__all__ = ["Sharpness", "learning_rate_bound", "sharpness"]

# Steps uphill from each start.
N_STEPS = 5


@dataclass(frozen=True)
class Sharpness:
    """How steeply the objective rises around a point.

    Parameters
    ----------
    largest_eigenvalue : float
        That of the Hessian: the curvature along the sharpest direction.
    rise : float
        The largest rise of the objective that was found within the radius.
    expected_rise : float
        What the largest eigenvalue and the gradient lead one to expect of it.
    radius : float
        The norm of the change of the parameters: the given share of their own norm.
    """

    largest_eigenvalue: float
    rise: float
    expected_rise: float
    radius: float


def sharpness(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    radius: float = 0.05,
    layers: Sequence[int] | None = None,
    random_state: Any = None,
) -> Sharpness:
    """Measure how sharp the place is that training has come to.

    The rise within the radius is that of the worst change of the parameters, to which
    steps along the gradient lead from the sharpest direction, both ways, and from the
    point itself.

    Parameters
    ----------
    estimator, X, y, sample_weight, layers
        As for :func:`hessian_operator`.
    radius : float, default=0.05
        How far to go, relative to the norm of the parameters.
    random_state : int, RandomState instance or None, default=None
        Draws the vector that the search for the eigenvalue starts from.

    Returns
    -------
    Sharpness
        The eigenvalue and the rise.

    References
    ----------
    N. S. Keskar et al., "On large-batch training for deep learning: generalization gap
    and sharp minima", ICLR 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.curvature import sharpness
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((5,), solver="lbfgs", random_state=0).fit(X, y)
    >>> found = sharpness(model, X, y, random_state=0)
    >>> bool(found.largest_eigenvalue > 0 and found.rise > 0)
    True
    """
    check("sharpness", radius=radius)
    operator = hessian_operator(estimator, X, y, sample_weight, layers=layers)
    top = extreme_eigenvalues(operator, which="largest", random_state=random_state)
    return measured(operator, float(top.values[-1]), top.vectors[:, -1], radius)


def measured(
    operator: CurvatureOperator, largest: float, vector: np.ndarray, radius: float
) -> Sharpness:
    """Measure the rise around a point whose sharpest direction is known.

    Parameters
    ----------
    operator : CurvatureOperator
        The Hessian there.
    largest : float
        Its largest eigenvalue.
    vector : ndarray of shape (n_params,)
        The eigenvector.
    radius : float
        As for ``sharpness``.

    Returns
    -------
    Sharpness
        The measures.
    """
    reach = radius * float(np.linalg.norm(operator.theta)) or radius
    base, slope = operator.value(operator.theta), operator.gradient()
    highest = base
    for start in (vector, -vector, _unit(slope)):
        step = reach * start
        for _ in range(N_STEPS):
            highest = max(highest, operator.value(operator.theta + step))
            step = reach * _unit(_gradient(operator, operator.theta + step))
    expected = reach * float(np.linalg.norm(slope)) + largest * reach**2 / 2
    return Sharpness(largest, highest - base, expected, reach)


def _gradient(operator: CurvatureOperator, theta: np.ndarray) -> np.ndarray:
    whole = operator.bound.theta.copy()
    whole[operator.entries] = theta
    return replace(operator.bound, theta=whole).products().gradient()[operator.entries]


def _unit(vector: np.ndarray) -> np.ndarray:
    norm = float(np.linalg.norm(vector))
    return vector / vector.dtype.type(norm) if norm > 0 else vector


def learning_rate_bound(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    random_state: Any = None,
) -> float:
    """Return the learning rate above which gradient descent cannot stay here.

    It is 2 over the largest eigenvalue of the Hessian. Around a minimum, plain gradient
    descent on all rows converges below it and diverges above.

    Parameters
    ----------
    estimator, X, y, sample_weight
        As for :func:`hessian_operator`.
    random_state : int, RandomState instance or None, default=None
        Draws the vector that the search for the eigenvalue starts from.

    Returns
    -------
    float
        The bound; infinite where no eigenvalue is positive.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.curvature import learning_rate_bound
    >>> X, y = np.array([[-2.0], [2.0]]), np.array([-1.0, 1.0])
    >>> model = BackpropRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0.0).fit(
    ...     X, y
    ... )
    >>> round(learning_rate_bound(model, X, y), 6)  # the mean square of X is 4
    0.5
    """
    operator = hessian_operator(estimator, X, y, sample_weight)
    top = extreme_eigenvalues(operator, which="largest", random_state=random_state)
    return bound_of(float(top.values[-1]))


def bound_of(largest: float) -> float:
    """Return the bound that belongs to a largest eigenvalue.

    Parameters
    ----------
    largest : float
        The eigenvalue.

    Returns
    -------
    float
        2 over it, or infinity.
    """
    return 2.0 / largest if largest > 0 else float("inf")
