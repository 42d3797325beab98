"""A prediction as a chain of stages, whose gradients reach the inputs."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import takewhile
from typing import Any

import numpy as np

from skbackprop.core.ops import scalar, slices
from skbackprop.layers import base
from skbackprop.linearization.layer_stages import Bindable, layer_stage
from skbackprop.linearization.stages import Ends, Pull, Stage
from skbackprop.network import Network, ParamViews

# Numbers that all arrays of the widest stage hold at once, for some rows or pairs.
NUMBERS_AT_ONCE = 2**18

# Input and output of some rows at each stage.
Trace = list[tuple[np.ndarray, np.ndarray]]


class Chain:
    """A network and what follows it, cut where it ceases to be affine.

    What comes first, a scaling and the first dense layer as a rule, is one matrix;
    lines between inputs stay lines behind it. The rest is the *tail*, where slopes
    differ from point to point.

    Parameters
    ----------
    network : Network
        The network.
    params : sequence of tuple of ndarray
        The parameters of each layer.
    dtype : dtype
        The type to work in.
    after : sequence of Stage
        What raw scores go through.

    Attributes
    ----------
    n_cut, n_out : int
        The width at the cut, and the number of outputs.
    width : int
        The widths of all stages behind it.
    n_weights : int
        The number of weights, which products take their time by.
    """

    def __init__(
        self,
        network: Network,
        params: ParamViews,
        dtype: np.dtype,
        after: Sequence[Stage] = (),
    ) -> None:
        self.dtype, self.n_in = np.dtype(dtype), network.n_in
        widths = network.widths
        self.stages: list[Stage] = []
        for key, layer in enumerate(network.layers):
            # Copied: the estimator may be trained on.
            own = tuple(np.array(array, dtype) for array in params[key])
            bindable = Bindable(layer, own, widths[key], widths[key + 1])
            self.stages.append(layer_stage(bindable, self.dtype))
        self.stages += after
        cut = sum(1 for _ in takewhile(lambda stage: stage.is_affine, self.stages))
        self.front, self.tail = self.stages[:cut], self.stages[cut:]
        ends = takewhile(lambda stage: stage.is_affine, reversed(self.tail))
        # Behind the last bend, the slope is the same for all rows.
        self.bent = self.tail[: len(self.tail) - sum(1 for _ in ends)]
        somewhere = self.ahead(np.zeros((1, self.n_in), dtype))
        self.n_cut, self.n_out = somewhere.shape[1], self.finish(somewhere).shape[1]
        self.width = sum(widths[cut:])
        self.n_weights = network.layout.n_weights

    @cached_property
    def matrix(self) -> np.ndarray:
        """What gradients at the cut are multiplied by: those of the inputs result."""
        return self.back(np.eye(self.n_cut, dtype=self.dtype)[np.newaxis])[0]

    def back(self, d: np.ndarray) -> np.ndarray:
        """Return gradients of the inputs.

        Parameters
        ----------
        d : ndarray of shape (k, n_rows, n_hidden)
            Gradients at the cut.

        Returns
        -------
        ndarray of shape (k, n_rows, n_in)
            A new array.
        """
        for stage in reversed(self.front):
            d = stage.between(_NOWHERE)(d)
        return d

    def ahead(self, X: Any) -> np.ndarray:
        """Return what rows are where the chain ceases to be affine.

        Parameters
        ----------
        X : ndarray or sparse matrix of shape (n_rows, n_in)
            The inputs; left alone.

        Returns
        -------
        ndarray of shape (n_rows, n_hidden)
            A new array.
        """
        h = X.astype(self.dtype)
        for stage in self.front:
            h = stage.apply(h)
        return h

    def trace(self, h: np.ndarray) -> Trace:
        """Return what goes into each stage up to the last bend, and comes out.

        Parameters
        ----------
        h : ndarray of shape (n_rows, n_hidden)
            Rows at the cut.

        Returns
        -------
        list of tuple of two ndarray
            Input and output of each stage.
        """
        found: Trace = []
        for stage in self.bent:
            y = stage.apply(h)
            found.append((h, y))
            h = y
        return found

    def finish(self, h: np.ndarray) -> np.ndarray:
        """Return the outputs of rows at the cut.

        Parameters
        ----------
        h : ndarray of shape (n_rows, n_hidden)
            Rows at the cut; left alone.

        Returns
        -------
        ndarray of shape (n_rows, n_out)
            The outputs.
        """
        for stage in self.tail:
            h = stage.apply(h)
        return h

    @cached_property
    def slopes(self) -> np.ndarray:
        """Gradients behind the last bend, of shape (n_out, 1, n_hidden)."""
        d = np.eye(self.n_out, dtype=self.dtype)[:, np.newaxis]
        for stage in reversed(self.tail[len(self.bent) :]):
            d = stage.between(_NOWHERE)(d)
        return d

    def bind(self, h: np.ndarray) -> Callable[..., np.ndarray]:
        """Return gradients at the cut, for batches of as many rows.

        Parameters
        ----------
        h : ndarray of shape (n_rows, n_hidden)
            Any rows at the cut.

        Returns
        -------
        callable
            ``gradients(h, share)``, which may overwrite ``h``, returns a new array of
            shape (n_out, n_rows, n_hidden), times a share if one is given.
        """
        self.check_slopes()
        bound: list[tuple[base.Forward, Pull]] = []
        shape = (self.n_out, *h.shape)
        somewhere = np.zeros_like(h[:1])
        for stage in self.bent:
            bound.append(stage.bind(h))
            somewhere = stage.apply(somewhere)
            h = np.empty((len(h), somewhere.shape[1]), h.dtype)

        def gradients(h: np.ndarray, share: float = 1.0) -> np.ndarray:
            for forward, _ in bound:
                h = forward(h)
            d = self.slopes * scalar(share, h)
            for _, pull in reversed(bound):
                d = pull(d)
            return d if d.shape == shape else np.array(np.broadcast_to(d, shape))

        return gradients

    def check_slopes(self) -> None:
        """Refuse what has no slopes but those that it trains with."""
        for stage in self.stages:
            if stage.surrogate:
                raise ValueError(
                    f"There is no gradient of the inputs: {stage.surrogate} "
                    "skbackprop.inspection.RescaleExplainer goes by differences."
                )

    def multipliers(self, rows: Trace, references: Trace) -> np.ndarray:
        """Return what makes changes of the outputs out of changes at the cut.

        Parameters
        ----------
        rows, references : list of tuple of two ndarray
            What ``trace`` gave for both.

        Returns
        -------
        ndarray of shape (n_out, n_rows, n_references, n_hidden)
            For each pair; axes may be of length 1 where all are the same.
        """
        d = self.slopes[:, np.newaxis]
        for stage, of_rows, of_references in zip(
            reversed(self.bent), reversed(rows), reversed(references), strict=True
        ):
            d = stage.between(Ends(*of_rows, *of_references))(d)
        return d

    def rows_at_once(self, n_features: int, copies: int = 1) -> int:
        """Return how many rows, or pairs, to work on at once, for bounded memory.

        Parameters
        ----------
        n_features : int
            How many features gradients are of.
        copies : int, default=1
            How often each appears.

        Returns
        -------
        int
            At least one.
        """
        return max(1, NUMBERS_AT_ONCE // ((self.width + n_features) * copies))

    def gradient(self, X: Any, matrix: np.ndarray | None = None) -> np.ndarray:
        """Return the gradients of the outputs with respect to the inputs.

        Parameters
        ----------
        X : ndarray or sparse matrix of shape (n_rows, n_in)
            The inputs.
        matrix : ndarray of shape (n_hidden, n_features), optional
            In place of the chain's own, where inputs are made of something else.

        Returns
        -------
        ndarray of shape (n_rows, n_in, n_out)
            The gradients.
        """
        n_in = self.n_in if matrix is None else matrix.shape[1]
        result = np.empty((X.shape[0], n_in, self.n_out), self.dtype)
        for rows, gradients in self._chunk_gradients(X, n_in):
            d = self.back(gradients) if matrix is None else gradients @ matrix
            result[rows] = d.transpose(1, 2, 0)
        return result

    def _chunk_gradients(
        self, X: Any, n_features: int
    ) -> Iterator[tuple[slice, np.ndarray]]:
        bound: dict[int, Callable] = {}
        for rows in slices(X.shape[0], self.rows_at_once(n_features, self.n_out)):
            h = self.ahead(X[rows])
            if len(h) not in bound:
                bound[len(h)] = self.bind(h)
            yield rows, bound[len(h)](h)


_NOWHERE = Ends(*[np.empty((0, 0))] * 4)
