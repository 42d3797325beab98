"""Gradient health: what a probe sees of each layer after an epoch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skbackprop.core.data import ChunkReader, Data
from skbackprop.core.workspace import Workspace
from skbackprop.layers import Activation, Dense, Layer, Site
from skbackprop.network import Network
from skbackprop.objective import Objective

__all__ = ["GradientHealth"]

# Where an activation is steepest is looked for on these scores.
SCORES = np.linspace(-8.0, 8.0, 129)
# Epochs until the running statistics of batches tell what batches are like. Before,
# they make a network look other than it is in training.
SETTLING = 10
# An entry is saturated where the slope is below this share of the steepest.
FLAT = 0.01


@dataclass(frozen=True)
class GradientHealth:
    """What was seen of each dense layer after each epoch.

    All arrays have shape (n_epochs, n_layers), the layers in the order of ``coefs_``.
    They are measured on a fixed part of the training rows, as in prediction: nothing
    is dropped, and statistics of batches are frozen.

    Parameters
    ----------
    gradient_norm : ndarray
        The norm of the gradient of the mean loss, without the penalty, with respect to
        the layer's weights.
    weight_norm : ndarray
        The norm of its weights.
    update_ratio : ndarray
        The norm of the change of the weights over the epoch, all of its steps taken
        together, divided by ``weight_norm``.
    input_norm : ndarray
        The norm of the layer's inputs, the data for the first layer and activations
        for the others: the root mean square over the probed rows.
    dead : ndarray
        The share of the units whose activation has the derivative zero on all probed
        rows. NaN for the output layer, which no activation follows.
    saturated : ndarray
        The share of the entries, units times rows, where the derivative is below 1 % of
        the activation's largest. For ReLU these are the inactive ones, a half or more
        of which is no harm. NaN for the output layer.
    alarm : str or None
        What was warned of.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier(
    ...     (8, 8), gradient_health=True, tol=0.01, random_state=0
    ... )
    >>> health = model.fit(X, y).gradient_health_
    >>> health.gradient_norm.shape == (model.n_iter_, 3)
    True
    >>> [*health.to_dict()][:3]
    ['epoch', 'layer', 'gradient_norm']
    """

    gradient_norm: np.ndarray
    weight_norm: np.ndarray
    update_ratio: np.ndarray
    input_norm: np.ndarray
    dead: np.ndarray
    saturated: np.ndarray
    alarm: str | None = None

    def to_dict(self) -> dict[str, np.ndarray]:
        """Return a table with a row for each epoch and layer, as a dict of columns.

        Returns
        -------
        dict of str to ndarray of shape (n_epochs * n_layers,)
            What ``pandas.DataFrame`` takes. Epochs and layers are counted from 1.
        """
        epoch, layer = np.indices(self.gradient_norm.shape).reshape(2, -1) + 1
        measured = {name: getattr(self, name).ravel() for name in MEASURES}
        return {"epoch": epoch, "layer": layer, **measured}

    def rows(self) -> list[np.ndarray]:
        """Return, for each epoch, what was measured, as a probe gives it.

        Returns
        -------
        list of ndarray of shape (n_measures, n_layers)
            For a later fit to go on with.
        """
        return [*np.stack([getattr(self, name) for name in MEASURES], axis=1)]

    @classmethod
    def of_rows(
        cls, rows: Sequence[np.ndarray], alarm: str | None = None
    ) -> "GradientHealth":
        """Put the measures of epochs together.

        Parameters
        ----------
        rows : sequence of ndarray of shape (n_measures, n_layers)
            For each epoch, what a probe measured.
        alarm : str or None
            What was warned of.

        Returns
        -------
        GradientHealth
            The record.
        """
        measured: dict[str, Any]
        measured = dict(zip(MEASURES, np.stack(rows, axis=1), strict=True))
        return cls(**measured, alarm=alarm)


# What a probe measures, in the order of its rows.
MEASURES = tuple(field.name for field in fields(GradientHealth))[:-1]


class Probe:
    """Looks at the layers of a network through a fixed part of the training rows.

    Parameters
    ----------
    objective : Objective
        What is minimised.
    theta : ndarray of shape (n_params,)
        The parameters, in the vector that the solver moves.
    data : Data
        The training rows.
    n_rows : int
        How many of them to look through, spread evenly over all.

    Attributes
    ----------
    settling : int
        The number of epochs at the beginning that are not to be judged.
    before : ndarray of shape (n_params,)
        The parameters at the last measurement, or at the start; changed in place.
    """

    def __init__(
        self, objective: Objective, theta: np.ndarray, data: Data, n_rows: int
    ) -> None:
        network, n_rows = objective.network, min(n_rows, len(data))
        self.settling = SETTLING if network.mixes_rows(data.is_sparse) else 0
        self._loss, self._theta, self.before = objective.loss, theta, theta.copy()
        # No random numbers: the probe must not change the course of training.
        rows = np.arange(n_rows) * len(data) // n_rows
        reader = ChunkReader(data, n_rows, theta.dtype)
        self._x, self._target, weight = reader.read(rows, n_rows)
        # As everywhere, weights are relative to the mean of all rows.
        self._scale = 1.0 / n_rows if weight is None else weight[:, np.newaxis] / n_rows
        self._delta = network.score_buffer(n_rows, theta.dtype)
        self._bind(network, Workspace(n_rows, theta.dtype), data.is_sparse)

    def _bind(self, network: Network, workspace: Workspace, sparse: bool) -> None:
        """Bind the network, as in prediction, and the slopes of its activations."""
        layout, gradient = network.layout, np.zeros_like(self._theta)
        self._weights, self._weights_before, self._weight_gradients = (
            layout.of_kind("weight", vector)
            for vector in (self._theta, self.before, gradient)
        )
        params, grads = layout.views(self._theta), layout.views(gradient)
        n_rows = workspace.max_rows
        self._bound = network.bind(params, grads, n_rows, workspace, sparse)
        self._dense, activations = (
            [
                index
                for index, layer in enumerate(network.layers)
                if isinstance(layer, kind)
            ]
            for kind in (Dense, Activation)
        )
        self._slopes = []
        for index in activations:
            site = _site(
                index, network.widths[index], workspace, params[index], grads[index]
            )
            place = int(np.searchsorted(self._dense, index)) - 1
            self._slopes.append(
                (place, index, _bind_slopes(network.layers[index], site))
            )

    def measure(self) -> np.ndarray:
        """Measure the present parameters, and their change since the last time.

        Returns
        -------
        ndarray of shape (n_measures, n_layers)
            In the order of the fields of ``GradientHealth``.
        """
        with np.errstate(all="ignore"):
            raw = self._bound.forward(self._x)
            inputs = [_row_norm(self._bound.inputs[index]) for index in self._dense]
            dead, saturated = self._shares()
            self._differentiate(raw)
            norms = [_norm(weights) for weights in self._weights]
            gradients = [_norm(weights) for weights in self._weight_gradients]
            ratio = np.array([*map(_change, self._weights, self._weights_before)])
            np.copyto(self.before, self._theta)
            return np.array([gradients, norms, ratio / norms, inputs, dead, saturated])

    def _shares(self) -> np.ndarray:
        """Return the shares of dead units and of saturated entries of each layer."""
        shares = np.full((2, len(self._dense)), np.nan)
        for place, index, slopes in self._slopes:
            shares[:, place] = slopes(self._bound.inputs[index])
        return shares

    def _differentiate(self, raw: np.ndarray) -> None:
        """Write the gradient of the mean loss, given the raw scores."""
        prediction = self._loss.inverse_link(raw)
        self._loss.scaled_gradient(prediction, self._target, self._scale, self._delta)
        self._bound.backward(self._delta)


def _bind_slopes(layer: Layer, site: Site) -> Callable[[Any], tuple[float, float]]:
    """Return what tells the shares of dead units and of saturated entries.

    The layer's own backward map turns ones into its derivative. The site shares the
    buffers of the bound network, where the forward map may have kept something.
    """
    slope = np.empty((site.rows, site.n_in), site.workspace.dtype)
    backward = layer.bind_backward(site)
    flat = FLAT * _steepest(layer, site)

    def shares(x: np.ndarray) -> tuple[float, float]:
        slope.fill(1.0)
        size = np.abs(backward(x, slope))
        return float((size == 0).all(axis=0).mean()), float((size < flat).mean())

    return shares


def _steepest(layer: Layer, like: Site) -> float:
    """Return the largest derivative of an activation over a grid of scores."""
    dtype = like.workspace.dtype
    grads = tuple(np.empty_like(array) for array in like.params)
    workspace = Workspace(len(SCORES), dtype)
    site = _site(like.key, like.n_in, workspace, like.params, grads)
    x = np.repeat(SCORES[:, np.newaxis], like.n_in, axis=1).astype(dtype)
    with np.errstate(all="ignore"):
        layer.bind_forward(site)(x)
        return float(np.abs(layer.bind_backward(site)(x, np.ones_like(x))).max())


def _site(
    key: int,
    width: int,
    workspace: Workspace,
    params: tuple[np.ndarray, ...],
    grads: tuple[np.ndarray, ...],
) -> Site:
    return Site(key, workspace.max_rows, width, width, params, grads, workspace)


def _norm(array: np.ndarray) -> float:
    return float(np.linalg.norm(array))


def _change(after: np.ndarray, before: np.ndarray) -> float:
    return _norm(after - before)


def _row_norm(x: Any) -> float:
    """Return the root mean square of the norms of the rows, dense or sparse."""
    stored = x.data if issparse(x) else x
    return _norm(stored) / float(np.sqrt(x.shape[0]))
