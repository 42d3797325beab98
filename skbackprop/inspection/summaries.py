"""What a network is made of, counted layer by layer."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import NotFittedError

from skbackprop._compat import Interval, validate_parameter_constraints
from skbackprop.core.layout import STATES, Param
from skbackprop.core.randomness import Pass
from skbackprop.core.workspace import Workspace
from skbackprop.estimators._base import BaseBackprop
from skbackprop.estimators._masks import flat_mask
from skbackprop.estimators._params import Slots, resolve_slots
from skbackprop.estimators._start import stored_params
from skbackprop.inspection._networks import of_skbackprop
from skbackprop.inspection.layer_table import LayerSummary, NetworkSummary
from skbackprop.network import Network

__all__ = ["summary"]

# What each row is multiplied or divided by.
FACTORS = frozenset({"weight", "scale", "slope", "spread"})
AUTO_BATCH = 200
COUNT = Interval(Integral, 1, None, closed="left")
CONSTRAINTS = {
    "batch_size": [COUNT, None],
    "n_features": [COUNT, None],
    "n_outputs": [COUNT],
}


def summary(
    estimator: Any,
    *,
    batch_size: int | None = None,
    n_features: int | None = None,
    n_outputs: int = 1,
) -> NetworkSummary:
    """Return the layers of an estimator's network, with their numbers.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor, BackpropEmbedder or Pipeline
        One, or a pipeline that ends with one.
    batch_size : int, default=None
        The rows of a batch that activations are counted for; by default, those of the
        estimator, where 'auto' is taken for 200. Solvers of all rows at once go by
        chunks, and have those.
    n_features : int, default=None
        The number of inputs, for an estimator that is not fitted yet.
    n_outputs : int, default=1
        Its number of raw scores: of two classes there is 1, of more as many as there
        are classes. An embedder knows by itself.

    Returns
    -------
    NetworkSummary
        It prints as a table.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.inspection import summary
    >>> model = BackpropRegressor(hidden_layer_sizes=(4,), batch_size=32)
    >>> print(summary(model, n_features=3, n_outputs=2))
    BackpropRegressor: 3 inputs, float64
    layer  output shape  parameters  pruned  multiply-adds  memory  activations
    Dense       (32, 4)          16       0             12   128 B      1.02 kB
    ReLU        (32, 4)           0       0              0     0 B          0 B
    Dense       (32, 2)          10       0              8    80 B        512 B
    ---------------------------------------------------------------------------
    all                          26       0             20   208 B      1.54 kB
    """
    last = of_skbackprop(estimator)
    given = {"batch_size": batch_size, "n_features": n_features, "n_outputs": n_outputs}
    validate_parameter_constraints(CONSTRAINTS, given, "summary")
    last._validate_params()
    slots = resolve_slots(last)
    if last.__sklearn_is_fitted__():
        network, dtype = last._network, last.coefs_[0].dtype
        stored = network.layout.regroup(stored_params(last))
        mask = flat_mask(last, network, dtype)
    else:
        network, dtype = _planned(last, slots, n_features, n_outputs), np.dtype(float)
        stored, mask = network.layout.views(np.ones(network.layout.size)), None
    rows = batch_size or _rows_of_a_batch(last, slots, network, dtype)
    layers = _layers(network, stored, mask, rows, dtype)
    name = type(last).__name__
    return NetworkSummary(f"{name}: {network.n_in} inputs, {dtype}", layers)


@dataclass(frozen=True)
class _Width:
    """Stands in for a loss and a target: a network asks for the width alone."""

    width: int
    jumps: bool = False

    def n_scores(self, width: int) -> int:
        """Return as many scores as there are outputs."""
        return width


def _planned(
    estimator: BaseBackprop, slots: Slots, n_features: int | None, n_outputs: int
) -> Network:
    """Return the network that a fit would build."""
    if n_features is None:
        raise NotFittedError(
            f"This {type(estimator).__name__} is not fitted: call fit, or give "
            "n_features and n_outputs."
        )
    width: Any = _Width(n_outputs)
    return estimator._task.build_network(slots, n_features, width, width)


def _rows_of_a_batch(
    estimator: Any, slots: Slots, network: Network, dtype: np.dtype
) -> int:
    if not slots.solver.stepwise:
        return network.chunk_rows(dtype)
    given = estimator.batch_size
    return AUTO_BATCH if isinstance(given, str) else int(given)


def _layers(
    network: Network, stored: Any, mask: np.ndarray | None, rows: int, dtype: np.dtype
) -> tuple[LayerSummary, ...]:
    layout = network.layout
    free = np.ones(layout.size, dtype)
    if mask is not None:
        free[: len(mask)] = mask
    return tuple(
        LayerSummary(
            layer=type(layer).__name__,
            output_shape=(rows, width),
            n_params=sum(param.size for param in params),
            n_trainable=sum(p.size for p in params if p.kind not in STATES),
            n_pruned=sum(int((view == 0).sum()) for view in views),
            n_multiply_adds=sum(map(_products, params, arrays)),
            param_bytes=sum(map(_bytes, arrays)),
            activation_bytes=own * rows * width * dtype.itemsize,
        )
        for layer, width, params, arrays, views, own in zip(
            network.layers,
            network.widths[1:],
            layout.params,
            stored,
            layout.views(free),
            _own_outputs(network, dtype),
            strict=True,
        )
    )


def _products(param: Param, array: Any) -> int:
    """Return the multiplications by a parameter for one row."""
    if param.kind not in FACTORS:
        return 0
    return int(array.nnz) if issparse(array) else param.size


def _bytes(array: Any) -> int:
    if not issparse(array):
        return int(array.nbytes)
    # Whatever the format, its arrays are its attributes.
    parts = vars(array).values()
    return sum(part.nbytes for part in parts if isinstance(part, np.ndarray))


def _own_outputs(network: Network, dtype: np.dtype) -> list[bool]:
    """Tell which layers, in training, do not write over their input."""
    theta, rows = np.ones(network.layout.size, dtype), 2
    bound = network.bind(
        network.layout.views(theta),
        network.layout.views(np.empty_like(theta)),
        rows,
        Workspace(rows, dtype),
        now=Pass(seed=0, first_row=0),
    )
    with np.errstate(all="ignore"):
        raw = bound.forward(np.ones((rows, network.n_in), dtype))
    pairs = zip(bound.inputs, [*bound.inputs[1:], raw], strict=True)
    return [not np.shares_memory(before, after) for before, after in pairs]
