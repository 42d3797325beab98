"""Check what steps are made of: a penalty, an update."""

import numpy as np

from skbackprop.penalties import Penalty
from skbackprop.testing.differences import STEP, compare, numerical_gradient
from skbackprop.updates import Span, Update, bind_chain


def check_penalty(penalty: Penalty, seed: int = 0, rtol: float = 1e-6) -> float:
    """Check the gradient of a penalty against its value, away from zero.

    Parameters
    ----------
    penalty : Penalty
        The penalty.
    seed : int, default=0
        Sets the random weights.
    rtol : float, default=1e-6
        The largest relative error that passes.

    Returns
    -------
    float
        The largest relative error.

    Examples
    --------
    >>> from skbackprop.penalties import L2
    >>> from skbackprop.testing import check_penalty
    >>> check_penalty(L2(0.3)) < 1e-6
    True
    """
    weights = np.random.RandomState(seed).standard_normal(11)
    gradient = np.zeros_like(weights)
    whole = penalty.bind(weights, gradient)(0.5)
    np.testing.assert_allclose(whole, penalty.value(weights))
    # What ``bind`` leaves to the solver.
    gradient += 0.5 * penalty.absolute * np.sign(weights)
    numerical = numerical_gradient(lambda at: 0.5 * penalty.value(at), weights)
    return compare(f"{type(penalty).__name__}: gradient", gradient, numerical, rtol)


def check_update(update: Update, rate: float = 0.01, seed: int = 0) -> float:
    """Check that an update goes downhill, and block by block as it does in one piece.

    The latter is not asked of an update that says that it is not ``entrywise``.

    Parameters
    ----------
    update : Update
        The update.
    rate : float, default=0.01
        A learning rate that suits it.
    seed : int, default=0
        Sets the random quadratic.

    Returns
    -------
    float
        The slope of the quadratic along the first step, by finite differences and
        relative to the steepest: below zero.

    Examples
    --------
    >>> from skbackprop.testing import check_update
    >>> from skbackprop.updates import Momentum
    >>> check_update(Momentum()) < 0
    True
    """
    rng = np.random.RandomState(seed)
    curvature, start = rng.uniform(0.5, 2.0, 12), rng.standard_normal(12)

    def value(theta: np.ndarray) -> float:
        return 0.5 * float(theta @ (curvature * theta))

    name = type(update).__name__
    whole = _descend(update, curvature, start, rate, [slice(None)])
    if update.entrywise:
        parts = _descend(update, curvature, start, rate, [slice(0, 5), slice(5, None)])
        np.testing.assert_allclose(
            whole,
            parts,
            rtol=1e-12,
            err_msg=f"{name}: differs from itself in two blocks",
        )
    assert value(whole[-1]) < value(start), f"{name}: does not go downhill"
    step = whole[0] - start
    rise = (value(start + STEP * step) - value(start - STEP * step)) / (2.0 * STEP)
    slope = rise / float(np.linalg.norm(curvature * start) * np.linalg.norm(step))
    assert slope < 0, f"{name}: the first step goes uphill"
    return slope


def _descend(
    update: Update,
    curvature: np.ndarray,
    start: np.ndarray,
    rate: float,
    blocks: list[slice],
) -> np.ndarray:
    theta, grad = start.copy(), np.empty_like(start)
    moments = [np.zeros_like(start) for _ in range(update.n_moments)]
    steps = [
        bind_chain(
            [update],
            Span(theta[b], grad[b], theta[b].size),
            [[vector[b] for vector in moments]],
        )
        for b in blocks
    ]
    path = []
    for t in range(1, 21):
        np.multiply(curvature, theta, grad)
        for step in steps:
            step(rate, t)
        path.append(theta.copy())
    return np.array(path)
