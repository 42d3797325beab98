"""What a layer is, and what it is given to work with."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from skbackprop.core.layout import Param
from skbackprop.core.ops import Product, dense_product
from skbackprop.core.randomness import Pass
from skbackprop.core.spec import Spec
from skbackprop.core.workspace import Workspace
from skbackprop.layers.linearized import Linearized

Forward = Callable[[np.ndarray], np.ndarray]
Backward = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(slots=True)
class Site:
    """The place of one layer in a network bound to a batch size.

    Parameters
    ----------
    key : int
        The position of the layer, which sets its buffers apart from other layers'.
    rows, n_in, n_out : int
        The size of the batch, and the widths of the layer.
    params : tuple of ndarray
        Views of its parameters, in the order of ``Layer.build``.
    grads : tuple of ndarray
        Views into the gradient, likewise; empty where no gradient is wanted.
    workspace : Workspace
        Where buffers come from.
    product : callable
        The matrix product for this layer's input, which may be sparse.
    gradient_product : callable or None
        What writes the gradient of the weights; None for ``product``.
    wants_input_gradient : bool
        False for the first layer: nobody reads the gradient of the data.
    column_major : bool
        Whether the output is to be column-major.
    sparse : bool
        Whether the input is a sparse matrix.
    first_row : int
        Where these rows begin in their batch, which threads may share.
    now : Pass or None
        In training, tells of the batch at hand; None in prediction, where nothing is
        random and the statistics of batches are frozen.
    single_threaded : bool
        Whether products are known to stay on the thread that asks for them, so that
        calls of SciPy's BLAS start none either.
    """

    key: int
    rows: int
    n_in: int
    n_out: int
    params: tuple[np.ndarray, ...]
    grads: tuple[np.ndarray, ...]
    workspace: Workspace
    product: Product = dense_product
    gradient_product: Product | None = None
    wants_input_gradient: bool = True
    column_major: bool = False
    sparse: bool = False
    first_row: int = 0
    now: Pass | None = None
    single_threaded: bool = False

    def buffer(self, role: str, width: int, dtype: Any = None) -> np.ndarray:
        """Return a buffer of this layer's own for the rows of the batch."""
        key = (self.key, role)
        return self.workspace.buffer(key, self.rows, width, dtype)

    def array(self, role: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return an array of this layer's own, whatever the rows of the batch."""
        return self.workspace.array((self.key, role), shape)

    def constant(self, value: float, width: int) -> np.ndarray:
        """Return a read-only matrix of one value with the rows of the batch."""
        return self.workspace.constant(value, self.rows, width)


class Layer(Spec, ABC, family=True):
    """A differentiable map from one matrix of rows to another.

    A layer knows its own derivative and nothing of its neighbours. When a network is
    bound to a batch size, the layer hands out two callables with their views and
    buffers already inside, because on small networks looking these up costs as much as
    the arithmetic:

    - ``forward(x)`` returns the output, and may overwrite ``x`` with it.
    - ``backward(x, dy)`` writes the gradients of the parameters, and returns the
      gradient with respect to ``x``. It may overwrite ``dy``, but not ``x``. Where
      ``forward`` worked in place, ``x`` holds the output by then.

    Attributes
    ----------
    keeps_sparse : bool
        Whether a sparse input has a sparse output.
    mixes_columns : bool
        Whether, without weights in between, units act on each other: then none can be
        taken out without a change of the others.
    is_affine : bool
        Whether, in prediction, the output is an affine function of the input.
    """

    keeps_sparse: ClassVar[bool] = False
    is_affine: ClassVar[bool] = False
    mixes_columns: ClassVar[bool] = False

    @property
    def mixes_rows(self) -> bool:
        """Whether, in training, what a row becomes depends on its batch."""
        return False

    @property
    def is_random(self) -> bool:
        """Whether, in training, the output is random."""
        return False

    @abstractmethod
    def build(self, n_in: int) -> tuple[int, list[Param]]:
        """Return the width of the output, and the parameters the layer needs.

        Parameters
        ----------
        n_in : int
            The width of the input.
        """

    @abstractmethod
    def bind_forward(self, site: Site) -> Forward:
        """Return the map from input to output for one batch size.

        Parameters
        ----------
        site : Site
            Views, buffers and sizes.
        """

    @abstractmethod
    def bind_backward(self, site: Site) -> Backward:
        """Return the map from the gradient of the output to that of the input.

        Parameters
        ----------
        site : Site
            The same, with views of the gradient.
        """

    def linearize(self, x: Any, params: tuple[np.ndarray, ...]) -> Linearized:
        """Return what the layer is near a point, as in prediction.

        Training does without: it is what curvature takes.

        Parameters
        ----------
        x : ndarray or sparse matrix of shape (n_rows, n_in)
            The input. It may be kept, unless the layer's forward map overwrites it.
        params : tuple of ndarray
            The parameters, in the order of ``build``.

        Returns
        -------
        Linearized
            Its derivative there, and how that changes.
        """
        raise NotImplementedError(
            f"{type(self).__name__} does not define linearize(x, params): there is no "
            "curvature without."
        )
