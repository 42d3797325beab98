"""A network: layers in a row, over one flat parameter vector."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skbackprop.core.layout import Layout
from skbackprop.core.ops import dense_product, sparse_product
from skbackprop.core.workspace import Workspace
from skbackprop.initializers import glorot_uniform
from skbackprop.layers import Activation, Dense, Layer, Site
from skbackprop.layers.base import Backward, Forward

# Up to this many outputs the raw scores are kept column-major, so that a softmax runs
# along the samples rather than along a handful of classes.
FEW_OUTPUTS = 64
CHUNK_BYTES = 3 * 2**19

ParamViews = Sequence[tuple[np.ndarray, ...]]


@dataclass(frozen=True)
class BoundNetwork:
    """A network bound to parameters, buffers and a number of rows.

    Parameters
    ----------
    forward : callable
        ``forward(x)`` returns the raw scores, in a buffer that the next call reuses.
    backward : callable
        ``backward(d)`` writes the gradient of the parameters, given the gradient with
        respect to the raw scores, which it may overwrite. Follows a ``forward``.
    """

    forward: Callable[[Any], np.ndarray]
    backward: Callable[[np.ndarray], None]


class Network:
    """Layers in a row.

    Parameters
    ----------
    layers : sequence of Layer
        The layers, first to last.
    n_in : int
        The number of inputs.

    Attributes
    ----------
    layout : Layout
        Where each parameter lives in the flat vector.
    n_out : int
        The number of raw scores.

    Examples
    --------
    A network with 3 inputs, a hidden layer of 4 units and 2 outputs has 26 parameters.

    >>> from skbackprop.layers import Dense, ReLU
    >>> from skbackprop.network import Network
    >>> Network([Dense(4), ReLU(), Dense(2)], n_in=3).layout.size
    26
    """

    def __init__(self, layers: Sequence[Layer], n_in: int) -> None:
        self.layers = list(layers)
        widths, params = [n_in], []
        for layer in self.layers:
            width, needed = layer.build(widths[-1])
            widths.append(width)
            params.append(needed)
        self.widths = widths
        self.layout = Layout(params)

    @property
    def n_in(self) -> int:
        """The number of inputs."""
        return self.widths[0]

    @property
    def n_out(self) -> int:
        """The number of raw scores."""
        return self.widths[-1]

    @property
    def n_dense(self) -> int:
        """The number of dense layers."""
        return sum(isinstance(layer, Dense) for layer in self.layers)

    @property
    def has_few_outputs(self) -> bool:
        """Whether raw scores are kept column-major."""
        return self.n_out <= FEW_OUTPUTS

    def work(self, rows: int) -> int:
        """Return the multiplications of a forward pass; a gradient takes three times.

        Parameters
        ----------
        rows : int
            The size of the batch.

        Returns
        -------
        int
            Rows times weights.
        """
        return rows * self.layout.n_weights

    def score_buffer(self, rows: int, dtype: np.dtype) -> np.ndarray:
        """Return an uninitialised matrix in the order of the raw scores.

        Parameters
        ----------
        rows : int
            The number of rows.
        dtype : dtype
            Its type.

        Returns
        -------
        ndarray of shape (rows, n_out)
            Column-major where raw scores are.
        """
        shape = (rows, self.n_out)
        return np.empty(shape, dtype, order="F" if self.has_few_outputs else "C")

    def chunk_rows(self, dtype: np.dtype) -> int:
        """Return how many rows to evaluate at once.

        Parameters
        ----------
        dtype : dtype
            The floating type in use.

        Returns
        -------
        int
            A number whose activations fit in 1.5 megabytes, so that they stay in
            the cache and memory does not grow with the data.
        """
        row = sum(self.widths[1:]) * np.dtype(dtype).itemsize
        return min(max(CHUNK_BYTES // row, 64), 4096)

    def initial(
        self, rng: np.random.RandomState, dtype: np.dtype, output_factor: float = 6.0
    ) -> np.ndarray:
        """Draw the parameters that training starts from.

        Parameters
        ----------
        rng : RandomState
            The source of randomness.
        dtype : dtype
            The floating type of the parameters.
        output_factor : float, default=6.0
            Glorot factor of layers that no activation follows.

        Returns
        -------
        ndarray of shape (layout.size,)
            The parameters.
        """
        followers = [*self.layers[1:], None]
        factors = [
            follower.glorot_factor
            if isinstance(follower, Activation)
            else output_factor
            for follower in followers
        ]
        return glorot_uniform(self.layout, factors, rng, dtype)

    def bind(
        self,
        params: ParamViews,
        grads: ParamViews | None,
        rows: int,
        workspace: Workspace,
        sparse: bool = False,
    ) -> BoundNetwork:
        """Bind the layers to parameters, a gradient and a number of rows.

        Parameters
        ----------
        params : sequence of tuple of ndarray
            For each layer, its parameters, as ``layout.views`` gives them.
        grads : sequence of tuple of ndarray or None
            Likewise for the gradient; None if only ``forward`` is wanted.
        rows : int
            The size of the batch.
        workspace : Workspace
            Where buffers come from.
        sparse : bool, default=False
            Whether the input is a sparse matrix.

        Returns
        -------
        BoundNetwork
            The two maps.
        """
        last = len(self.layers) - 1
        forwards, backwards = [], []
        for key, layer in enumerate(self.layers):
            site = Site(
                key=key,
                rows=rows,
                n_in=self.widths[key],
                n_out=self.widths[key + 1],
                params=params[key],
                grads=grads[key] if grads is not None else (),
                workspace=workspace,
                product=sparse_product if sparse and key == 0 else dense_product,
                wants_input_gradient=key > 0,
                column_major=self.has_few_outputs and key == last,
            )
            forwards.append(layer.bind_forward(site))
            if grads is not None:
                backwards.append(layer.bind_backward(site))
        return _chain(forwards, backwards)


def _chain(forwards: list[Forward], backwards: list[Backward]) -> BoundNetwork:
    ascending = list(enumerate(forwards))
    descending = list(enumerate(backwards))[::-1]
    inputs: list[Any] = [None] * len(forwards)

    def forward(x: Any) -> np.ndarray:
        for index, step in ascending:
            inputs[index] = x
            x = step(x)
        return x

    def backward(d: np.ndarray) -> None:
        for index, step in descending:
            d = step(inputs[index], d)

    return BoundNetwork(forward, backward)


def mlp(
    n_in: int, hidden: Sequence[int], activations: Sequence[Activation], n_out: int
) -> Network:
    """Build a multi-layer perceptron.

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
    layers: list[Layer] = []
    for width, activation in zip(hidden, activations, strict=True):
        layers += [Dense(width), activation]
    return Network([*layers, Dense(n_out)], n_in)
