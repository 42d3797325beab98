"""Check a part against finite differences: a layer, a loss, a penalty, an update.

The checks are the ones that the package's own suite runs over everything registered;
they are public so that a part of your own can be held to the same. Each raises an
``AssertionError`` that names what is wrong, and returns the largest relative error.
"""

from collections.abc import Callable

import numpy as np

from skbackprop._loss_checks import second_derivatives
from skbackprop.core.data import Data
from skbackprop.core.layout import Kind, Layout
from skbackprop.core.randomness import Pass
from skbackprop.core.workspace import Workspace
from skbackprop.evaluation import Evaluation
from skbackprop.layers import Layer, Site
from skbackprop.losses import Loss
from skbackprop.objective import Objective
from skbackprop.penalties import Penalty
from skbackprop.updates import Span, Update, bind_chain

__all__ = [
    "check_layer",
    "check_loss",
    "check_objective",
    "check_penalty",
    "check_update",
    "numerical_gradient",
]

STEP = 1e-6
# Differences tell derivatives that are smaller from none at all no more.
SMALLEST = 1e-2
# Parameters of these kinds are above zero.
POSITIVE: tuple[Kind, ...] = ("variance", "spread")


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

    They are checked as in prediction, then as in training: with a mask that is held
    fixed where the layer is random, and with rows that weigh alike and that do not
    where it takes statistics over a batch. What no solver moves is left out.

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
    for kind in POSITIVE:
        for view in layout.of_kind(kind, theta):
            view[...] = np.abs(view) + 0.5
    along = rng.standard_normal((rows, n_out))
    name = type(layer).__name__
    errors = [
        _check_pass(f"{name}: {{}}{manner}", layer, layout, theta, x, along, now, rtol)
        for manner, now in _passes(rng, rows)
    ]
    return max(errors)


def _passes(rng: np.random.RandomState, rows: int) -> list[tuple[str, Pass | None]]:
    """Return in which manners a layer is run: prediction, training, with weights."""
    plain, weighted = Pass(seed=0, first_row=3), Pass(seed=0, first_row=3)
    plain.total = float(rows)
    weight = rng.uniform(0.5, 3.0, (rows, 1))
    weighted.share, weighted.total = weight / weight.sum(), float(weight.sum())
    plain.n_counted = weighted.n_counted = rows
    return [
        ("", None),
        (" in training", plain),
        (" in training with weights", weighted),
    ]


def _check_pass(
    what: str,
    layer: Layer,
    layout: Layout,
    theta: np.ndarray,
    x: np.ndarray,
    along: np.ndarray,
    now: Pass | None,
    rtol: float,
) -> float:
    """Compare both derivatives of a layer, in one manner of running it."""
    grad, given = np.full(layout.size, np.nan), x.copy()
    site = _site(layout, theta.copy(), grad, x, along, now)
    layer.bind_forward(site)(given)
    dx = layer.bind_backward(site)(given, along.copy()).copy()

    def value(parameters: np.ndarray, inputs: np.ndarray) -> float:
        # In training, layers look for a place for gradients; in prediction for none.
        place = None if now is None else np.empty_like(theta)
        # Copies: running statistics are written to, and so may inputs be.
        site = _site(layout, parameters.copy(), place, x, along, now)
        return float(np.sum(along * layer.bind_forward(site)(inputs.copy())))

    moved = slice(layout.n_trainable)
    of_inputs = numerical_gradient(lambda at: value(theta, at), x)
    of_parameters = numerical_gradient(lambda at: value(at, x), theta)
    return max(
        _compare(what.format("gradient of the input"), dx, of_inputs, rtol),
        _compare(
            what.format("gradient of the parameters"),
            grad[moved],
            of_parameters[moved],
            rtol,
        ),
    )


def check_loss(
    loss: Loss, target: np.ndarray, seed: int = 0, rtol: float = 1e-6
) -> float:
    """Check the gradient of a loss against its value, through its link.

    Its ``hessian_product``, ``gauss_newton_product`` and ``factor`` are, too, if any.

    Parameters
    ----------
    loss : Loss
        The loss.
    target : ndarray of shape (n_samples, n_outputs)
        Targets in its range; soft ones, such as 0.3, for ``loss.softened()``. A loss
        that takes more scores than there are targets gets them.
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
    shape = len(target), loss.n_scores(target.shape[1])
    raw = np.random.RandomState(seed).standard_normal(shape)
    gradient = loss.gradient(loss.inverse_link(raw.copy()), target, np.empty_like(raw))
    numerical = numerical_gradient(
        lambda at: float(np.sum(loss.value(loss.inverse_link(at), target))), raw
    )
    name = type(loss).__name__
    error = _compare(f"{name}: gradient", gradient, numerical, rtol)
    second = second_derivatives(loss, raw, target, STEP)
    return max([error, *(_compare(f"{name}: {w}", a, b, rtol) for w, a, b in second)])


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


def _site(
    layout: Layout,
    theta: np.ndarray,
    grad: np.ndarray | None,
    x: np.ndarray,
    y: np.ndarray,
    now: Pass | None,
) -> Site:
    """Return the place of a layer by itself; ``y`` is like its output."""
    return Site(
        key=0,
        rows=len(x),
        n_in=x.shape[1],
        n_out=y.shape[1],
        params=layout.views(theta)[0],
        grads=layout.views(grad)[0] if grad is not None else (),
        workspace=Workspace(len(x), np.dtype(np.float64)),
        now=now,
    )


def _compare(
    what: str, analytic: np.ndarray, numerical: np.ndarray, rtol: float
) -> float:
    if analytic.size == 0:
        return 0.0
    scale = max(float(np.abs(numerical).max()), SMALLEST)
    error = float(np.abs(analytic - numerical).max()) / scale
    # Not ``error > rtol``: a NaN must not pass.
    assert error <= rtol, f"{what} is off by {error:.1e} of its largest entry"
    return error
