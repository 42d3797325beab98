"""The architecture of a multi-layer perceptron: which layers stand in which order."""

from collections.abc import Sequence
from dataclasses import dataclass

from skbackprop.layers import (
    Activation,
    Dense,
    DropConnect,
    Dropout,
    Layer,
    Normalization,
)
from skbackprop.network import Network

__all__ = ["Architecture", "mlp"]


@dataclass(frozen=True)
class Architecture:
    """What the slots of an estimator say about its layers.

    A hidden layer is a dense layer, then what normalises its scores, then the
    activation, then dropout.

    Parameters
    ----------
    hidden : sequence of int
        The widths of the hidden layers.
    activations : sequence of Activation
        One for each hidden layer.
    normalization : Normalization, optional
        What normalises the scores of each hidden layer.
    dropout : sequence of Dropout, optional
        One for each hidden layer; by default none has any.
    dropconnect : float, default=0.0
        The share of the hidden layers' weights that is switched off in training.
    first : sequence of Layer, optional
        What the inputs go through before the first dense layer.
    last : sequence of Layer, optional
        What the raw scores go through after the last one.

    Examples
    --------
    >>> from skbackprop.architecture import Architecture
    >>> from skbackprop.layers import BatchNorm, ReLU
    >>> network = Architecture([4], [ReLU()], BatchNorm()).network(n_in=3, n_out=2)
    >>> [type(layer).__name__ for layer in network.layers]
    ['Dense', 'BatchNorm', 'ReLU', 'Dense']
    """

    hidden: Sequence[int]
    activations: Sequence[Activation]
    normalization: Normalization | None = None
    dropout: Sequence[Dropout] = ()
    dropconnect: float = 0.0
    first: Sequence[Layer] = ()
    last: Sequence[Layer] = ()

    def network(self, n_in: int, n_out: int) -> Network:
        """Build the network.

        Parameters
        ----------
        n_in : int
            The number of inputs.
        n_out : int
            The number of raw scores.

        Returns
        -------
        Network
            The network, with raw scores as its output.
        """
        layers = [*self.first]
        dropout = self.dropout or [Dropout(0.0)] * len(self.hidden)
        for width, activation, forget in zip(
            self.hidden, self.activations, dropout, strict=True
        ):
            layers.append(self._dense(width))
            if self.normalization is not None:
                layers.append(self.normalization)
            layers.append(activation)
            if forget.is_random:
                layers.append(forget)
        return Network([*layers, Dense(n_out), *self.last], n_in)

    def _dense(self, width: int) -> Dense:
        if self.dropconnect > 0:
            return DropConnect(width, self.dropconnect)
        return Dense(width)


def mlp(
    n_in: int, hidden: Sequence[int], activations: Sequence[Activation], n_out: int
) -> Network:
    """Build a plain multi-layer perceptron.

    Parameters
    ----------
    n_in : int
        The number of inputs.
    hidden : sequence of int
        The widths of the hidden layers.
    activations : sequence of Activation
        One for each hidden layer.
    n_out : int
        The number of raw scores.

    Returns
    -------
    Network
        The network, with raw scores as its output.
    """
    return Architecture(hidden, activations).network(n_in, n_out)
