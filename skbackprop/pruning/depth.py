"""Taking out whole hidden layers."""

from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse

from skbackprop.core.layout import Kind
from skbackprop.core.workspace import Workspace
from skbackprop.estimators._objective import BoundObjective
from skbackprop.estimators._start import fitted_params
from skbackprop.masking.criteria import Criterion
from skbackprop.masking.structure import Structure
from skbackprop.masking.units import Unit
from skbackprop.pruning.rebuild import Shape, masks_of, rebuilt

__all__ = ["Layers", "affine_fit", "merged", "without_affine_layers"]

# Relative to the mean of the diagonal, so that constant inputs do no harm.
RIDGE = 1e-6
# Hyper-parameters that may have an entry for each hidden layer.
BY_LAYER = ("activation", "dropout")


class Layers(Unit, name="layers"):
    """Whole hidden layers; the network gets shorter instead of holding zeros.

    The weights into a layer and those out of it are merged: to one matrix and one bias,
    which give the scores of the next layer as nearly as the squared error on the rows
    allows. Each layer is tried, and the one goes that the objective misses least; the
    criterion is not asked. Where the layer was linear, nothing changes.

    Examples
    --------
    >>> from skbackprop.pruning import Layers
    >>> Layers()
    Layers()
    """

    keeps_shape: ClassVar[bool] = False

    def prune(
        self,
        subject: Any,
        criterion: Criterion,
        amount: float,
        rng: np.random.RandomState,
    ) -> None:
        """Merge layers until the share is gone of those there were."""
        estimator, sample = subject.estimator, subject.sample
        if sample.is_empty:
            raise ValueError("unit='layers' needs X and y: the layers' outputs.")
        n_before = len(subject.before.coefs_) - 1
        n_left = n_before - round(amount * n_before)
        while len(estimator.coefs_) - 1 > n_left:
            bound = sample.bound(estimator)
            shorter = [
                merged(estimator, layer, *affine_fit(bound, layer))
                for layer in range(len(estimator.coefs_) - 1)
            ]
            best = min(shorter, key=lambda each: sample.bound(each).value())
            estimator.__dict__.update(best.__dict__)


def merged(
    estimator: Any,
    layer: int,
    weight: np.ndarray,
    bias: np.ndarray,
    free: np.ndarray | None = None,
) -> Any:
    """Return a fitted estimator without one of its hidden layers.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one; not changed.
    layer : int
        Which hidden layer, from 0.
    weight, bias : ndarray
        What takes the place of ``coefs_[layer]`` and the next.
    free : ndarray of bool, optional
        Which of these weights are free; by default all.

    Returns
    -------
    BaseBackprop
        The shorter one.
    """
    params = {kind: list(arrays) for kind, arrays in fitted_params(estimator).items()}
    masks, bias_masks = masks_of(estimator)
    for arrays, new in ((params["weight"], weight), (params["bias"], bias)):
        arrays[layer : layer + 2] = [new]
    masks[layer : layer + 2] = [np.ones(weight.shape, bool) if free is None else free]
    bias_masks[layer : layer + 2] = [np.ones(bias.shape, bool)]
    _drop_extra(estimator, layer, params)
    hidden = [w.shape[1] for w in params["weight"][:-1]]
    n_in = estimator._network.n_in
    shape = Shape(n_in, hidden, params, masks, bias_masks)
    settings = {name: _without(getattr(estimator, name), layer) for name in BY_LAYER}
    return rebuilt(estimator, shape, **settings)


def without_affine_layers(estimator: Any) -> Any:
    """Return a fitted estimator without hidden layers that bend nothing.

    Their weights are multiplied out, where that makes them no more.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one; not changed.

    Returns
    -------
    BaseBackprop
        With the same predictions; itself, if there is no such layer.
    """
    structure = Structure(estimator._network)
    for layer in range(len(estimator.coefs_) - 1):
        if structure.is_affine(layer):
            weight, bias = _multiplied_out(estimator, structure, layer)
            pair = estimator.coefs_[layer : layer + 2]
            if np.count_nonzero(weight) <= sum(map(np.count_nonzero, pair)):
                free = None if estimator.masks_ is None else weight != 0.0
                shorter = merged(estimator, layer, weight, bias, free)
                return without_affine_layers(shorter)
    return estimator


def _multiplied_out(
    estimator: Any, structure: Structure, layer: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the affine map from a layer's inputs to the next layer's scores."""
    (first, second), (low, high) = (
        arrays[layer : layer + 2]
        for arrays in (estimator.coefs_, estimator.intercepts_)
    )
    params = estimator._network.layout.regroup(fitted_params(estimator))
    ends = np.stack([np.zeros_like(low), np.ones_like(low)])
    start, end = structure.outputs(layer, ends, params)
    slope = end - start
    return (first * slope) @ second, (slope * low + start) @ second + high


def affine_fit(bound: BoundObjective, layer: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the affine map nearest to that from a layer's inputs to the next scores.

    Parameters
    ----------
    bound : BoundObjective
        The objective of the rows on which it is to be near.
    layer : int
        Which hidden layer, from 0.

    Returns
    -------
    weight : ndarray of shape (n_in, n_out)
        The slope.
    bias : ndarray of shape (n_out,)
        The value at zero.
    """
    inputs, scores = _around(bound, layer)
    weight = bound.data.weight
    share = np.ones(len(inputs)) if weight is None else bound.data.pick(weight)
    share = (share / share.sum())[:, np.newaxis]
    means = (share * inputs).sum(axis=0), (share * scores).sum(axis=0)
    x, z = inputs - means[0], scores - means[1]
    moment = x.T @ (share * x)
    mean = np.trace(moment) / len(moment)
    # All rows alike, a single one say, have no slope.
    moment[np.diag_indices_from(moment)] += RIDGE * (mean if mean > 0.0 else 1.0)
    slope = np.linalg.solve(moment, x.T @ (share * z))
    return slope, means[1] - means[0] @ slope


def _around(bound: BoundObjective, layer: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the inputs of a layer and the scores of the next one, of all rows."""
    network, X = bound.objective.network, bound.data.X
    dense = Structure(network).dense
    workspace = Workspace(X.shape[0], bound.theta.dtype)
    params = network.layout.views(bound.theta)
    steps = network.bind(params, None, X.shape[0], workspace, issparse(X)).steps
    x, kept = X, X
    for index, step in enumerate(steps[: dense[layer + 1] + 1]):
        if index == dense[layer]:
            kept = x.toarray() if issparse(x) else x.copy()
        x = step(x if index == 0 else x.copy())
    return kept.astype(np.float64), x.astype(np.float64)


def _drop_extra(
    estimator: Any, layer: int, params: dict[Kind, list[np.ndarray]]
) -> None:
    """Take out what the layers between the merged ones have learned."""
    network = estimator._network
    between = set(Structure(network).between(layer))
    for kind in estimator.extra_params_:
        owners = [
            index
            for index, group in enumerate(network.layout.params)
            for param in group
            if param.kind == kind
        ]
        pairs = zip(owners, estimator.extra_params_[kind], strict=True)
        params[kind] = [array for owner, array in pairs if owner not in between]


def _without(value: Any, layer: int) -> Any:
    """Return a hyper-parameter without the entry of a hidden layer."""
    if isinstance(value, list | tuple):
        return [*value[:layer], *value[layer + 1 :]]
    return value
