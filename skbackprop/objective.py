"""The objective: a network, a loss and a penalty as one function of one vector.

This is all that solvers see. Per batch or over all rows, the value is

    weighted mean of the loss  +  penalty / S

where ``S`` is the total weight of the rows: as in scikit-learn, the penalty is shared
out over the rows of a batch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from skbackprop.core.data import ChunkReader, Data
from skbackprop.core.ops import slices
from skbackprop.core.workspace import Workspace
from skbackprop.losses import Loss
from skbackprop.network import Network
from skbackprop.penalties import L2

BatchGradient = Callable[[Any, np.ndarray, Any], np.ndarray]


@dataclass(frozen=True)
class Objective:
    """What training minimises.

    Parameters
    ----------
    network : Network
        Gives raw scores.
    loss : Loss
        Judges them.
    penalty : L2
        Judges the weights.
    """

    network: Network
    loss: Loss
    penalty: L2

    def bind_gradient(
        self,
        theta: np.ndarray,
        grad: np.ndarray,
        rows: int,
        workspace: Workspace,
        sparse: bool,
    ) -> BatchGradient:
        """Bind forward pass, loss and backward pass to a number of rows.

        Parameters
        ----------
        theta, grad : ndarray of shape (n_params,)
            Parameters, and where their gradient is written.
        rows : int
            The size of the batch.
        workspace : Workspace
            Where buffers come from.
        sparse : bool
            Whether inputs are sparse.

        Returns
        -------
        callable
            ``gradient(x, target, scale)`` writes the gradient of the loss, each row's
            times ``scale``, and returns the predictions in a buffer.
        """
        layout = self.network.layout
        bound = self.network.bind(
            layout.views(theta), layout.views(grad), rows, workspace, sparse
        )
        forward, backward = bound.forward, bound.backward
        predict, loss_gradient = self.loss.predict, self.loss.gradient
        # In the order of the raw scores, which is column-major where these are few.
        delta = np.empty((self.network.n_out, rows), workspace.dtype).T
        if not self.network.has_few_outputs:
            delta = np.empty((rows, self.network.n_out), workspace.dtype)
        multiply = np.multiply

        def gradient(x: Any, target: np.ndarray, scale: Any) -> np.ndarray:
            prediction = predict(forward(x))
            loss_gradient(prediction, target, delta)
            multiply(delta, scale, delta)
            backward(delta)
            return prediction

        return gradient

    def reported(self, data_loss: float, penalty: float) -> float:
        """Return the loss that is shown to the user.

        Parameters
        ----------
        data_loss, penalty : float
            The two parts of the objective.

        Returns
        -------
        float
            Their sum, after the loss has had its say (a mean over outputs, say).
        """
        return data_loss * self.loss.reported_share(self.network.n_out) + penalty


class Evaluation:
    """The objective over all rows of some data, in chunks that reuse buffers.

    Parameters
    ----------
    objective : Objective
        What to evaluate.
    theta : ndarray of shape (n_params,)
        The parameters, read anew at each call: whoever owns them may change them.
    data : Data
        The rows.

    Attributes
    ----------
    predictions : ndarray of shape (n_samples, n_outputs)
        What ``loss`` last saw.
    total_weight : float
        The sum of the rows' weights.
    largest_product : int
        Multiplications in the largest matrix product of a chunk.
    """

    def __init__(self, objective: Objective, theta: np.ndarray, data: Data) -> None:
        self.objective = objective
        self.theta = theta
        self.data = data
        self.total_weight = data.total_weight
        network = objective.network
        size = min(len(data), network.chunk_rows(theta.dtype))
        self._slices = slices(len(data), size)
        self._reader = ChunkReader(data, size, theta.dtype)
        self._workspace = Workspace(size, theta.dtype)
        self._grad = np.empty_like(theta)
        self._part = np.empty_like(theta)
        self._bound: dict[tuple[str, int], Any] = {}
        self.largest_product = network.largest_product(size)

    def loss(self) -> float:
        """Return the weighted mean loss, without the penalty.

        Returns
        -------
        float
            The mean; ``predictions`` are kept.
        """
        self.predictions = np.empty(
            (len(self.data), self.objective.network.n_out), self.theta.dtype
        )
        total = 0.0
        for rows in self._slices:
            chunk = self._reader.read(rows, rows.stop - rows.start)
            raw = self._forward(rows.stop - rows.start)(chunk.x)
            prediction = self.objective.loss.predict(raw)
            self.predictions[rows] = prediction
            total += weighted_loss(self.objective.loss, prediction, *chunk[1:])
        return total / self.total_weight

    def value_and_gradient(self) -> tuple[float, np.ndarray]:
        """Return the weighted mean loss and the gradient of the whole objective.

        Returns
        -------
        loss : float
            Without the penalty.
        gradient : ndarray of shape (n_params,)
            With the penalty's; the next call overwrites it.
        """
        total, grad = 0.0, self._grad
        grad.fill(0.0)
        for rows in self._slices:
            n_rows = rows.stop - rows.start
            chunk = self._reader.read(rows, n_rows)
            scale = _row_scale(chunk.weight, self.total_weight)
            prediction = self._gradient(n_rows)(chunk.x, chunk.target, scale)
            np.add(grad, self._part, grad)
            total += weighted_loss(self.objective.loss, prediction, *chunk[1:])
        weights = self.objective.network.layout.weights
        share = 1.0 / self.total_weight
        self.objective.penalty.bind(weights(self.theta), weights(grad))(share)
        return total / self.total_weight, grad

    def penalty(self) -> float:
        """Return the penalty's share in the objective.

        Returns
        -------
        float
            The penalty divided by the total weight.
        """
        weights = self.objective.network.layout.weights(self.theta)
        return self.objective.penalty.value(weights) / self.total_weight

    def _forward(self, n_rows: int) -> Callable[[Any], np.ndarray]:
        key = ("forward", n_rows)
        if key not in self._bound:
            network = self.objective.network
            self._bound[key] = network.bind(
                network.layout.views(self.theta),
                None,
                n_rows,
                self._workspace,
                self.data.is_sparse,
            ).forward
        return self._bound[key]

    def _gradient(self, n_rows: int) -> BatchGradient:
        key = ("gradient", n_rows)
        if key not in self._bound:
            self._bound[key] = self.objective.bind_gradient(
                self.theta, self._part, n_rows, self._workspace, self.data.is_sparse
            )
        return self._bound[key]


def weighted_loss(
    loss: Loss, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None
) -> float:
    """Return the sum of the losses of some rows, each times its weight.

    Parameters
    ----------
    loss : Loss
        The loss.
    prediction, target : ndarray of shape (n_samples, n_outputs)
        Its arguments.
    weight : ndarray of shape (n_samples,) or None
        Weights.

    Returns
    -------
    float
        The sum, accumulated in float64.
    """
    values = loss.value(prediction, target)
    if weight is not None:
        # A row of weight zero counts for nothing, even where its loss overflows.
        values = np.where(weight != 0, values, 0.0) * weight
    return float(values.sum(dtype=np.float64))


def _row_scale(weight: np.ndarray | None, total: float) -> Any:
    if weight is None:
        return 1.0 / total
    return weight[:, np.newaxis] / weight.dtype.type(total)
