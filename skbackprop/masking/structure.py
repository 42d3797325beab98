"""Where the weights of a network stand, and what lies between them."""

from collections.abc import Sequence

import numpy as np

from skbackprop.core.workspace import Workspace
from skbackprop.layers import Site
from skbackprop.network import Network

__all__ = ["Structure"]


class Structure:
    """The layers of a network, by the weight matrices they stand between.

    Parameters
    ----------
    network : Network
        The network.

    Attributes
    ----------
    dense : list of int
        The positions of the layers that have weights.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.dense = [
            index
            for index, group in enumerate(network.layout.params)
            if any(param.kind == "weight" for param in group)
        ]

    def between(self, layer: int) -> range:
        """Return the positions of the layers that a hidden layer's scores go through.

        Parameters
        ----------
        layer : int
            Its index in ``coefs_``.

        Returns
        -------
        range
            Up to the next weights.
        """
        ends = [*self.dense[1:], len(self.network.layers)]
        return range(self.dense[layer] + 1, ends[layer])

    def is_separable(self, layer: int) -> bool:
        """Tell whether the units of a hidden layer do not act on each other.

        Parameters
        ----------
        layer : int
            Its index in ``coefs_``.

        Returns
        -------
        bool
            False where a row's units are normalised together, say.
        """
        layers = self.network.layers
        return not any(layers[index].mixes_columns for index in self.between(layer))

    def is_affine(self, layer: int) -> bool:
        """Tell whether, in prediction, a hidden layer bends nothing.

        Parameters
        ----------
        layer : int
            Its index in ``coefs_``.

        Returns
        -------
        bool
            True where the weights before and behind could be one matrix.
        """
        layers = self.network.layers
        return all(layers[index].is_affine for index in self.between(layer))

    def outputs(
        self, layer: int, scores: np.ndarray, params: Sequence[tuple[np.ndarray, ...]]
    ) -> np.ndarray:
        """Return what a hidden layer makes of its scores, as in prediction.

        Parameters
        ----------
        layer : int
            Its index in ``coefs_``.
        scores : ndarray of shape (n_rows, width)
            The scores; left alone.
        params : sequence of tuple of ndarray
            For each layer of the network, its parameters.

        Returns
        -------
        ndarray of shape (n_rows, width)
            What goes to the next weights.
        """
        rows, x = len(scores), scores.copy()
        workspace, widths = Workspace(rows, scores.dtype), self.network.widths
        for index in self.between(layer):
            n_in, n_out = widths[index], widths[index + 1]
            site = Site(index, rows, n_in, n_out, params[index], (), workspace)
            x = self.network.layers[index].bind_forward(site)(x)
        return x
