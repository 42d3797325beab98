"""What criteria see: parameters, what is free of them, and the objective."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from skbackprop.core.data import Data
from skbackprop.core.layout import Layout
from skbackprop.core.ops import slices
from skbackprop.linearization import CurvatureProducts
from skbackprop.losses import Loss
from skbackprop.objective import Objective
from skbackprop.penalties import L2

__all__ = ["Point", "biases", "matrices"]


class Point:
    """A network as criteria see it: vectors, and an objective.

    Parameters
    ----------
    objective : Objective
        Network, loss, penalty, and a mask of what is held at zero.
    theta : ndarray of shape (n_params,)
        The parameters; copied.
    rng : RandomState
        The source of randomness.
    data : Data, optional
        The rows that may be looked at.
    penalty_weight : float, default=1.0
        The weight of the rows that share the penalty.

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
        self,
        objective: Objective,
        theta: np.ndarray,
        rng: np.random.RandomState,
        data: Data | None = None,
        penalty_weight: float = 1.0,
    ) -> None:
        self.network, self.layout = objective.network, objective.network.layout
        self.theta, self.rng = theta.copy(), rng
        mask = objective.mask
        n_trainable = self.layout.n_trainable
        self.free = np.ones(n_trainable, bool) if mask is None else mask > 0
        self._objective, self._data = objective, data
        self._penalty_weight = penalty_weight
        self._shared: dict[str, Any] = {}

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
    def data(self) -> Data:
        """The rows."""
        if self._data is None:
            raise ValueError("There are no rows to look at: give X and y.")
        return self._data

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

    def products(self) -> CurvatureProducts:
        """Return the objective near the parameters, penalty included.

        Returns
        -------
        CurvatureProducts
            Gradient and curvature.
        """
        return CurvatureProducts(
            self._objective, self.theta, self.data, penalty_weight=self._penalty_weight
        )

    def loss_products(
        self, data: Data | None = None, loss: Loss | None = None
    ) -> CurvatureProducts:
        """Return the loss near the parameters, without the penalty.

        Parameters
        ----------
        data : Data, optional
            Its rows; by default all.
        loss : Loss, optional
            Another loss of the same scores than the objective's.

        Returns
        -------
        CurvatureProducts
            Gradient and curvature.
        """
        loss = loss or self._objective.loss
        objective = replace(self._objective, loss=loss, penalty=L2(0.0))
        return CurvatureProducts(objective, self.theta, data or self.data)

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
        data = self.data
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
