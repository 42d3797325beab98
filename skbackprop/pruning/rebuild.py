"""The same estimator with a network of another shape."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skbackprop.core.layout import Kind
from skbackprop.core.ops import as_dense
from skbackprop.estimators._params import resolve_slots
from skbackprop.estimators._start import extra_params, packed

__all__ = ["Shape", "rebuilt"]


@dataclass(frozen=True)
class Shape:
    """What a network of another shape is made of.

    Parameters
    ----------
    n_in : int
        The number of inputs.
    hidden : sequence of int
        The widths of the hidden layers.
    params : dict of str to sequence of ndarray
        All parameters, by kind.
    masks, intercept_masks : list of ndarray of bool
        What is free of the weights and the biases.
    """

    n_in: int
    hidden: Sequence[int]
    params: Mapping[Kind, Sequence[np.ndarray]]
    masks: list[np.ndarray]
    intercept_masks: list[np.ndarray]


def rebuilt(estimator: Any, shape: Shape, **settings: Any) -> Any:
    """Return a copy of a fitted estimator with another network.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one; not changed.
    shape : Shape
        The network and its parameters.
    **settings : dict
        Further hyper-parameters that change with it.

    Returns
    -------
    BaseBackprop
        A fitted estimator that can be gone on with.
    """
    dtype, model = estimator.coefs_[0].dtype, copy.deepcopy(estimator)
    hidden = tuple(int(width) for width in shape.hidden)
    model.set_params(hidden_layer_sizes=hidden, n_hidden_layers=None, **settings)
    # What is gone counts no more: the slot would take the same share once again.
    model.set_params(pruning=None)
    slots = resolve_slots(model)
    build = model._task.build_network
    model._network = build(slots, shape.n_in, model._loss, model._target)
    theta = packed(model._network, shape.params, dtype)
    model.coefs_ = model._network.layout.of_kind("weight", theta)
    model.intercepts_ = model._network.layout.of_kind("bias", theta)
    model.extra_params_ = extra_params(model._network, theta)
    model.n_layers_ = model._network.n_dense + 1
    everything_free = all(m.all() for m in [*shape.masks, *shape.intercept_masks])
    model.masks_ = None if everything_free else list(shape.masks)
    model.intercept_masks_ = None if everything_free else list(shape.intercept_masks)
    model._progress = None
    return model


def masks_of(estimator: Any) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the masks of weights and biases, all free where there are none.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one.

    Returns
    -------
    weights, biases : list of ndarray of bool
        New arrays.
    """
    given = (estimator.masks_, estimator.intercept_masks_)
    arrays = (estimator.coefs_, estimator.intercepts_)
    if estimator.masks_ is None:
        dense = [[np.ones(a.shape, bool) for a in some] for some in arrays]
        return dense[0], dense[1]
    return [as_dense(m).copy() for m in given[0]], [m.copy() for m in given[1]]
