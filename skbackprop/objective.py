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
        inverse_link, loss_gradient = self.loss.inverse_link, self.loss.gradient
        delta = self.network.score_buffer(rows, workspace.dtype)
        multiply = np.multiply

        def gradient(x: Any, target: np.ndarray, scale: Any) -> np.ndarray:
            prediction = inverse_link(forward(x))
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
