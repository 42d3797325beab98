"""Check a layer against finite differences."""

import numpy as np

from skbackprop.core.layout import Kind, Layout
from skbackprop.core.randomness import Pass
from skbackprop.core.workspace import Workspace
from skbackprop.layers import Layer, Site
from skbackprop.testing.differences import compare, numerical_gradient

# Parameters of these kinds are above zero.
POSITIVE: tuple[Kind, ...] = ("variance", "spread")


def check_layer(
    layer: Layer, n_in: int = 5, rows: int = 7, seed: int = 0, rtol: float = 1e-6
) -> float:
    """Check the derivatives of a layer, for its parameters and its input.

    They are checked as in prediction, then as in training: with a mask that is held
    fixed where the layer is random, and with rows that weigh alike and that do not
    where it takes statistics over a batch. What no solver moves is left out. The
    backward map has to leave its input as it is.

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
    before = given.copy()
    dx = layer.bind_backward(site)(given, along.copy()).copy()
    if not np.array_equal(given, before):
        # Threads that take a step may still compute with it.
        raise AssertionError(f"{what.format('the backward map')} overwrites its input")

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
        compare(what.format("gradient of the input"), dx, of_inputs, rtol),
        compare(
            what.format("gradient of the parameters"),
            grad[moved],
            of_parameters[moved],
            rtol,
        ),
    )


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
