"""A network: layers in a row, over one flat parameter vector."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skbackprop.core.layout import STATES, Layout
from skbackprop.core.ops import (
    Product,
    dense_product,
    sparse_product,
    thin_product,
)
from skbackprop.core.randomness import Pass
from skbackprop.core.workspace import Workspace
from skbackprop.initializers import GlorotUniform, Initializer, draw_parameters
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
    inputs : list
        After ``forward``, what ``backward`` takes for each layer's input.
    steps : list of callable
        The layers' own forward maps, which may overwrite their input.
    """

    forward: Callable[[Any], np.ndarray]
    backward: Callable[[np.ndarray], None]
    inputs: list[Any]
    steps: list[Forward]


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

    def __getstate__(self) -> dict[str, Any]:
        """Return what the rest can be built from again."""
        return {"layers": self.layers, "n_in": self.n_in}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Build the network."""
        Network.__init__(self, **state)

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

    @property
    def is_random(self) -> bool:
        """Whether a layer draws random numbers in training."""
        return any(layer.is_random for layer in self.layers)

    def mixes_rows(self, sparse: bool) -> bool:
        """Return whether, in training, the rows of a batch have to stay together.

        Parameters
        ----------
        sparse : bool
            Whether the input is a sparse matrix.

        Returns
        -------
        bool
            True if statistics are taken over a batch, or random numbers go by the
            entries that a sparse batch stores.
        """
        first = takewhile(lambda layer: layer.keeps_sparse, self.layers)
        return any(layer.mixes_rows for layer in self.layers) or (
            sparse and any(layer.is_random for layer in first)
        )

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
        self,
        rng: np.random.RandomState,
        dtype: np.dtype,
        initializer: Initializer | None = None,
        output_initializer: Initializer | None = None,
    ) -> np.ndarray:
        """Draw the parameters that training starts from.

        Parameters
        ----------
        rng : RandomState
            The source of randomness.
        dtype : dtype
            The floating type of the parameters.
        initializer : Initializer, optional
            Draws all layers; by default, each layer is drawn as the activation after it
            asks for.
        output_initializer : Initializer, optional
            Draws layers that no activation follows; by default, as scikit-learn does.

        Returns
        -------
        ndarray of shape (layout.size,)
            The parameters.
        """
        if initializer is not None:
            initializers = [initializer] * len(self.layers)
        else:
            last = output_initializer or GlorotUniform(bias=True)
            initializers = self._fitting_initializers(last)
        return draw_parameters(self.layout, initializers, rng, dtype)

    def _fitting_initializers(self, last: Initializer) -> list[Initializer]:
        """Return, for each layer, what the activation of its scores asks for.

        Between the two there may be layers without weights, a normalisation say.
        """
        initializers, following = [], last
        for layer, params in zip(
            reversed(self.layers), reversed(self.layout.params), strict=True
        ):
            if isinstance(layer, Activation):
                following = layer.initializer
            initializers.append(following)
            if any(param.kind == "weight" for param in params):
                following = last
        return initializers[::-1]

    def bind(
        self,
        params: ParamViews,
        grads: ParamViews | None,
        rows: int,
        workspace: Workspace,
        sparse: bool = False,
        first_row: int = 0,
        now: Pass | None = None,
        products: Mapping[int, Product] | None = None,
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
        first_row : int, default=0
            Where the rows begin in their batch, which threads may share.
        now : Pass, optional
            In training, tells of the batch at hand; by default the network works as in
            prediction.
        products : dict of int to callable, optional
            What layers call for the gradient of their weights, if not the matrix
            product, by their positions.

        Returns
        -------
        BoundNetwork
            The two maps.
        """
        last = len(self.layers) - 1
        first = self.first_trainable if grads is not None else last
        by_columns = last if self.has_few_outputs else -1
        forwards: list[Forward] = []
        backwards: list[tuple[int, Backward]] = []
        for key, layer in enumerate(self.layers):
            site = Site(
                key=key,
                rows=rows,
                n_in=self.widths[key],
                n_out=self.widths[key + 1],
                params=params[key],
                grads=grads[key] if grads is not None else (),
                workspace=workspace,
                product=_product(sparse, params[key]),
                gradient_product=products.get(key) if products else None,
                wants_input_gradient=key > first,
                column_major=key == by_columns,
                sparse=sparse,
                first_row=first_row,
                now=now,
                # As all are who compute gradients.
                single_threaded=grads is not None,
            )
            sparse = sparse and layer.keeps_sparse
            forwards.append(layer.bind_forward(site))
            if grads is not None and key >= first:
                backwards.append((key, layer.bind_backward(site)))
        return _chain(forwards, backwards)

    @property
    def first_trainable(self) -> int:
        """The position of the first layer that learns: a gradient goes no further."""
        learns = [
            any(param.kind not in STATES for param in group)
            for group in self.layout.params
        ]
        return learns.index(True)


def _product(sparse: bool, params: tuple[Any, ...]) -> Product:
    """Return the matrix product of a layer; in prediction, weights may be sparse."""
    if any(map(issparse, params)):
        return thin_product
    return sparse_product if sparse else dense_product


def _chain(
    forwards: list[Forward], backwards: list[tuple[int, Backward]]
) -> BoundNetwork:
    ascending = list(enumerate(forwards))
    descending = backwards[::-1]
    inputs: list[Any] = [None] * len(forwards)

    def forward(x: Any) -> np.ndarray:
        for index, step in ascending:
            inputs[index] = x
            x = step(x)
        return x

    def backward(d: np.ndarray) -> None:
        for index, step in descending:
            d = step(inputs[index], d)

    return BoundNetwork(forward, backward, inputs, forwards)
