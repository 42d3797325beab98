"""The objective: a network, a loss and a penalty as one function of one vector.

This is all that solvers see. Per batch or over all rows, the value is

    weighted mean of the loss  +  penalty / S

where ``S`` is the total weight of the rows: as in scikit-learn, the penalty is shared
out over the rows of a batch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from skbackprop.core.ops import Product
from skbackprop.core.randomness import Pass
from skbackprop.core.workspace import Workspace
from skbackprop.losses import Loss
from skbackprop.network import Network
from skbackprop.penalties import Penalty

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
    penalty : Penalty
        Judges the weights.
    mask : ndarray of shape (n_trainable,) or None
        0 for parameters that are held at zero, 1 for all others; None if all are free.
    """

    network: Network
    loss: Loss
    penalty: Penalty
    mask: np.ndarray | None = None

    def hold(self, vectors: np.ndarray) -> np.ndarray:
        """Put zeros where parameters are held at zero.

        Parameters
        ----------
        vectors : ndarray of shape (..., n_params)
            Parameters, gradients or directions; overwritten.

        Returns
        -------
        ndarray
            The same.
        """
        if self.mask is not None:
            free = vectors[..., : self.mask.size]
            np.multiply(free, self.mask, free)
        return vectors

    def bind_gradient(
        self,
        theta: np.ndarray,
        grad: np.ndarray,
        rows: int,
        workspace: Workspace,
        sparse: bool,
        first_row: int = 0,
        now: Pass | None = None,
        products: Mapping[int, Product] | None = None,
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
        first_row : int, default=0
            Where the rows begin in their batch, which threads may share.
        now : Pass, optional
            In training, tells layers of the batch at hand.
        products : dict of int to callable, optional
            What layers call for the gradient of their weights, by their positions.

        Returns
        -------
        callable
            ``gradient(x, target, scale)`` writes the gradient of the loss, each row's
            times ``scale``, and returns the predictions in a buffer.
        """
        layout = self.network.layout
        bound = self.network.bind(
            layout.views(theta),
            layout.views(grad),
            rows,
            workspace,
            sparse,
            first_row,
            now,
            products,
        )
        forward, backward = bound.forward, bound.backward
        inverse_link, loss_gradient = self.loss.inverse_link, self.loss.scaled_gradient
        delta = self.network.score_buffer(rows, workspace.dtype)

        def gradient(x: Any, target: np.ndarray, scale: Any) -> np.ndarray:
            prediction = inverse_link(forward(x))
            loss_gradient(prediction, target, scale, delta)
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
