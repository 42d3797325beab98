"""What criteria see: parameters, what is free of them, and the objective."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from skbackprop.core.data import Data
from skbackprop.core.layout import Layout
from skbackprop.core.ops import slices
from skbackprop.estimators._masks import flat_mask
from skbackprop.estimators._objective import BoundObjective, bound_objective
from skbackprop.estimators._start import extra_params, fitted_params, packed
from skbackprop.linearization import CurvatureProducts
from skbackprop.network import Network
from skbackprop.penalties import L2

__all__ = ["Point", "Sample"]


@dataclass(frozen=True)
class Sample:
    """The rows that pruning looks at, as the user gives them.

    Parameters
    ----------
    X : array-like or None
        Inputs; None if there are none to look at.
    y : array-like or None
        Targets.
    weight : array-like or None
        Weights of the rows.
    """

    X: Any = None
    y: Any = None
    weight: Any = None

    @property
    def is_empty(self) -> bool:
        """Whether there are no rows."""
        return self.X is None or self.y is None

    def bound(self, estimator: Any) -> BoundObjective:
        """Return the objective of an estimator, of these rows.

        Parameters
        ----------
        estimator : BaseBackprop
            A fitted one.

        Returns
        -------
        BoundObjective
            The objective.
        """
        return bound_objective(estimator, self.X, self.y, self.weight)


class Point:
    """A fitted estimator as criteria see it: vectors, and an objective.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one; it is not changed.
    sample : Sample
        The rows.
    rng : RandomState
        The source of randomness.

    Attributes
    ----------
    layout : Layout
        Where the weights of each layer are.
    theta : ndarray of shape (n_params,)
        A copy of the parameters.
    free : ndarray of bool of shape (n_trainable,)
        False where a parameter is held at zero.
    """

    def __init__(
        self, estimator: Any, sample: Sample, rng: np.random.RandomState
    ) -> None:
        network: Network = estimator._network
        dtype = estimator.coefs_[0].dtype
        self.network, self.layout, self.rng = network, network.layout, rng
        self.theta = packed(network, fitted_params(estimator), dtype)
        mask = flat_mask(estimator, network, dtype)
        n_trainable = self.layout.n_trainable
        self.free = np.ones(n_trainable, bool) if mask is None else mask > 0
        self._estimator, self._sample = estimator, sample
        self._shared: dict[str, Any] = {}

    @cached_property
    def bound(self) -> BoundObjective:
        """The objective of the rows."""
        return self._sample.bound(self._estimator)

    def shared(self, name: str, compute: Callable[[], Any]) -> Any:
        """Return what is computed once at this point, and needed again.

        Parameters
        ----------
        name : str
            What it is.
        compute : callable
            Computes it.

        Returns
        -------
        object
            The same at every call.
        """
        if name not in self._shared:
            self._shared[name] = compute()
        return self._shared[name]

    @property
    def weights(self) -> np.ndarray:
        """All weights, as one vector."""
        return self.layout.weights(self.theta)

    def matrices(self, vector: np.ndarray) -> list[np.ndarray]:
        """Return views of a vector over all weights, a matrix for each layer.

        Parameters
        ----------
        vector : ndarray of shape (n_weights,) or longer
            Numbers, one a weight.

        Returns
        -------
        list of ndarray of shape (n_in, n_out)
            In the order of ``coefs_``.
        """
        return matrices(self.layout, vector)

    def loss_products(self, data: Data | None = None) -> CurvatureProducts:
        """Return the loss near the parameters, without the penalty.

        Parameters
        ----------
        data : Data, optional
            Its rows; by default all.

        Returns
        -------
        CurvatureProducts
            Gradient and curvature.
        """
        bound = self.bound
        objective = replace(bound.objective, penalty=L2(0.0))
        return CurvatureProducts(objective, self.theta, data or bound.data)

    def batch_gradients(self, size: int) -> Iterator[tuple[float, np.ndarray]]:
        """Go through the rows in batches drawn at random.

        Parameters
        ----------
        size : int
            Rows in a batch.

        Yields
        ------
        share : float
            The share of the batch in all rows.
        gradient : ndarray of shape (n_weights,)
            The gradient of its mean loss.
        """
        data = self.bound.data
        order = self.rng.permutation(len(data))
        for part in slices(len(data), size):
            batch = replace(data, rows=data.pick(order[part]))
            if batch.total_weight > 0:
                gradient = self.loss_products(batch).gradient()
                # Weights count relative to those of all rows, not of the batch.
                gradient *= gradient.dtype.type(batch.mean_weight / data.mean_weight)
                yield len(batch) / len(data), self.layout.weights(gradient)


def matrices(layout: Layout, vector: np.ndarray) -> list[np.ndarray]:
    """Return views of a vector over all weights, a matrix for each layer.

    Parameters
    ----------
    layout : Layout
        Where the weights are.
    vector : ndarray of shape (n_weights,) or longer
        Numbers, one a weight.

    Returns
    -------
    list of ndarray of shape (n_in, n_out)
        In the order of the layers.
    """
    shapes = [p.shape for group in layout.params for p in group if p.kind == "weight"]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    parts = np.split(vector[: layout.n_weights], ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def biases(layout: Layout, vector: np.ndarray) -> list[np.ndarray]:
    """Return views of the biases of each layer.

    Parameters
    ----------
    layout : Layout
        Where they are.
    vector : ndarray of shape (n_trainable,) or longer
        Numbers, one a parameter.

    Returns
    -------
    list of ndarray of shape (n_out,)
        In the order of the layers.
    """
    sizes = [p.size for group in layout.params for p in group if p.kind == "bias"]
    ends = layout.n_weights + np.cumsum([0, *sizes])
    return [vector[start:end] for start, end in pairwise(ends)]


def write_back(estimator: Any, theta: np.ndarray, free: np.ndarray) -> None:
    """Make parameters and masks those of an estimator.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one; changed.
    theta : ndarray of shape (n_params,)
        The parameters.
    free : ndarray of bool of shape (n_trainable,)
        False where they are held at zero.
    """
    layout = estimator._network.layout
    theta[: free.size][~free] = 0.0
    estimator.coefs_ = layout.of_kind("weight", theta)
    estimator.intercepts_ = layout.of_kind("bias", theta)
    estimator.extra_params_ = extra_params(estimator._network, theta)
    estimator.masks_ = [mask.copy() for mask in matrices(layout, free)]
    estimator.intercept_masks_ = [mask.copy() for mask in biases(layout, free)]
    # Averages and best parameters of a stream of calls know nothing of masks.
    estimator._progress = None
