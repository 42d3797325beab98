"""Check a part against finite differences: a layer, a loss, a penalty, an update.

The checks are the ones that the package's own suite runs over everything registered;
they are public so that a part of your own can be held to the same. Each raises an
``AssertionError`` that names what is wrong, and returns the largest relative error.
"""

from collections.abc import Callable

import numpy as np

from skbackprop.core.data import Data
from skbackprop.core.layout import Layout
from skbackprop.core.workspace import Workspace
from skbackprop.evaluation import Evaluation
from skbackprop.layers import Activation, Layer, Site
from skbackprop.losses import Loss
from skbackprop.objective import Objective
from skbackprop.penalties import L2
from skbackprop.updates import Update, bind_chain

__all__ = [
    "check_layer",
    "check_loss",
    "check_objective",
    "check_penalty",
    "check_update",
    "numerical_gradient",
]

STEP = 1e-6


def numerical_gradient(
    function: Callable[[np.ndarray], float], at: np.ndarray, step: float = STEP
) -> np.ndarray:
    """Differentiate a function of one array by central differences.

    Parameters
    ----------
    function : callable
        Takes an array like ``at``, which it may not keep, and returns a number.
    at : ndarray
        Where, in float64.
    step : float, default=1e-6
        Half the distance between the two points, relative to entries above 1.

    Returns
    -------
    ndarray
        The gradient, in the shape of ``at``.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.testing import numerical_gradient
    >>> numerical_gradient(lambda x: float(x @ x), np.array([1.0, 2.0])).round(6)
    array([2., 4.])
    """
    gradient = np.empty_like(at, dtype=np.float64)
    for index in np.ndindex(at.shape):
        h = step * max(1.0, float(abs(at[index])))
        values = []
        for sign in (1.0, -1.0):
            moved = at.copy()
            moved[index] += sign * h
            values.append(function(moved))
        gradient[index] = (values[0] - values[1]) / (2.0 * h)
    return gradient


def check_layer(
    layer: Layer, n_in: int = 5, rows: int = 7, seed: int = 0, rtol: float = 1e-6
) -> float:
    """Check the derivatives of a layer, for its parameters and its input.

    Parameters
    ----------
    layer : Layer
        The layer.
    n_in : int, default=5
        The width of its input.
    rows : int, default=7
        The size of the batch.
    seed : int, default=0
        Sets the random input, parameters and direction.
    rtol : float, default=1e-6
        The largest relative error that passes.

    Returns
    -------
    float
        The largest relative error.

    Examples
    --------
    >>> from skbackprop.layers import Dense, Tanh
    >>> from skbackprop.testing import check_layer
    >>> check_layer(Dense(3)) < 1e-6
    True
    >>> check_layer(Tanh()) < 1e-6
    True
    """
    rng = np.random.RandomState(seed)
    n_out, needed = layer.build(n_in)
    layout = Layout([needed])
    theta, x = rng.standard_normal(layout.size), rng.standard_normal((rows, n_in))
    along = rng.standard_normal((rows, n_out))
    grad = np.full(layout.size, np.nan)
    site = _site(n_in, n_out, rows, layout, theta, grad)
    given = x.copy()
    output = layer.bind_forward(site)(given)
    name = type(layer).__name__
    assert output is given or not isinstance(layer, Activation), (
        f"{name}: an activation works in place: write to x, and return x"
    )
    dx = layer.bind_backward(site)(given, along.copy()).copy()

    def value(parameters: np.ndarray, inputs: np.ndarray) -> float:
        site = _site(n_in, n_out, rows, layout, parameters, None)
        return float(np.sum(along * layer.bind_forward(site)(inputs.copy())))

    return max(
        _compare(
            f"{name}: gradient of the input",
            dx,
            numerical_gradient(lambda at: value(theta, at), x),
            rtol,
        ),
        _compare(
            f"{name}: gradient of the parameters",
            grad,
            numerical_gradient(lambda at: value(at, x), theta),
            rtol,
        ),
    )


def check_loss(
    loss: Loss, target: np.ndarray, seed: int = 0, rtol: float = 1e-6
) -> float:
    """Check the gradient of a loss against its value, through its link.

    Parameters
    ----------
    loss : Loss
        The loss.
    target : ndarray of shape (n_samples, n_outputs)
        Targets in its range.
    seed : int, default=0
        Sets the random scores.
    rtol : float, default=1e-6
        The largest relative error that passes.

    Returns
    -------
    float
        The largest relative error.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import Poisson
    >>> from skbackprop.testing import check_loss
    >>> check_loss(Poisson(), np.array([[0.0], [3.0]])) < 1e-6
    True
    """
    raw = np.random.RandomState(seed).standard_normal(target.shape)
    gradient = loss.gradient(loss.inverse_link(raw.copy()), target, np.empty_like(raw))
    numerical = numerical_gradient(
        lambda at: float(np.sum(loss.value(loss.inverse_link(at), target))), raw
    )
    return _compare(f"{type(loss).__name__}: gradient", gradient, numerical, rtol)


def check_penalty(penalty: L2, seed: int = 0, rtol: float = 1e-6) -> float:
    """Check the gradient of a penalty against its value.

    Parameters
    ----------
    penalty : L2
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
    numerical = numerical_gradient(lambda at: 0.5 * penalty.value(at), weights)
    return _compare(f"{type(penalty).__name__}: gradient", gradient, numerical, rtol)


def check_objective(
    objective: Objective, data: Data, theta: np.ndarray, rtol: float = 1e-5
) -> float:
    """Check the gradient of a whole objective: network, loss, penalty and weights.

    Parameters
    ----------
    objective : Objective
        The objective.
    data : Data
        The rows.
    theta : ndarray of float64 of shape (n_params,)
        Where.
    rtol : float, default=1e-5
        The largest relative error that passes.

    Returns
    -------
    float
        The relative error.
    """
    at = theta.copy()
    evaluation = Evaluation(objective, at, data)
    gradient = evaluation.value_and_gradient()[1].copy()

    def value(parameters: np.ndarray) -> float:
        at[...] = parameters
        return evaluation.loss() + evaluation.penalty()

    return _compare(
        "objective: gradient", gradient, numerical_gradient(value, theta), rtol
    )


def check_update(update: Update, rate: float = 0.01, seed: int = 0) -> float:
    """Check that an update goes downhill, and block by block as it does in one piece.

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
    parts = _descend(update, curvature, start, rate, [slice(0, 5), slice(5, None)])
    np.testing.assert_allclose(
        whole, parts, rtol=1e-12, err_msg=f"{name}: differs from itself in two blocks"
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
        bind_chain([update], theta[b], grad[b], [[vector[b] for vector in moments]])
        for b in blocks
    ]
    path = []
    for t in range(1, 21):
        np.multiply(curvature, theta, grad)
        for step in steps:
            step(rate, t)
        path.append(theta.copy())
    return np.array(path)


def _site(
    n_in: int,
    n_out: int,
    rows: int,
    layout: Layout,
    theta: np.ndarray,
    grad: np.ndarray | None,
) -> Site:
    return Site(
        key=0,
        rows=rows,
        n_in=n_in,
        n_out=n_out,
        params=layout.views(theta)[0],
        grads=layout.views(grad)[0] if grad is not None else (),
        workspace=Workspace(rows, np.dtype(np.float64)),
    )


def _compare(
    what: str, analytic: np.ndarray, numerical: np.ndarray, rtol: float
) -> float:
    if analytic.size == 0:
        return 0.0
    scale = max(float(np.abs(numerical).max()), 1e-12)
    error = float(np.abs(analytic - numerical).max()) / scale
    # Not ``error > rtol``: a NaN must not pass.
    assert error <= rtol, f"{what} is off by {error:.1e} of its largest entry"
    return error
