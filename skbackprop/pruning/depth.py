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

__all__ = ["Layers"]

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
                merged(estimator, bound, layer)
                for layer in range(len(estimator.coefs_) - 1)
            ]
            best = min(shorter, key=lambda each: sample.bound(each).value())
            estimator.__dict__.update(best.__dict__)


def merged(estimator: Any, bound: BoundObjective, layer: int) -> Any:
    """Return a fitted estimator without one of its hidden layers.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one; not changed.
    bound : BoundObjective
        Its objective of the rows to merge by.
    layer : int
        Which hidden layer, from 0.

    Returns
    -------
    BaseBackprop
        With ``coefs_[layer]`` and the next merged.
    """
    weight, bias = _affine_fit(bound, layer)
    params = {kind: list(arrays) for kind, arrays in fitted_params(estimator).items()}
    masks, bias_masks = masks_of(estimator)
    for arrays, new in ((params["weight"], weight), (params["bias"], bias)):
        arrays[layer : layer + 2] = [new]
    for held, new in ((masks, weight), (bias_masks, bias)):
        held[layer : layer + 2] = [np.ones(new.shape, bool)]
    _drop_extra(estimator, layer, params)
    hidden = [w.shape[1] for w in params["weight"][:-1]]
    n_in = estimator._network.n_in
    shape = Shape(n_in, hidden, params, masks, bias_masks)
    settings = {name: _without(getattr(estimator, name), layer) for name in BY_LAYER}
    return rebuilt(estimator, shape, **settings)


def _affine_fit(bound: BoundObjective, layer: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the affine map from a layer's inputs to the next layer's scores."""
    inputs, scores = _around(bound, layer)
    weight = bound.data.weight
    share = np.ones(len(inputs)) if weight is None else bound.data.pick(weight)
    share = (share / share.sum())[:, np.newaxis]
    means = (share * inputs).sum(axis=0), (share * scores).sum(axis=0)
    x, z = inputs - means[0], scores - means[1]
    moment = x.T @ (share * x)
    ridge = RIDGE * max(np.trace(moment) / len(moment), np.finfo(float).tiny)
    moment[np.diag_indices_from(moment)] += ridge
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
