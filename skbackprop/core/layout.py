"""Where each parameter lives in the one flat vector.

Everything that trains, prunes or differentiates a network sees a single vector; layers
see views into it. The vector is ordered by kind first (all weights, then all biases)
and by layer second, so that "all weights" is one contiguous slice: a penalty is one
pass, and scikit-learn's order of packing is kept. What is no solver's to move comes
last.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

Kind = Literal[
    "weight",
    "bias",
    "scale",
    "shift",
    "slope",
    "mean",
    "variance",
    "center",
    "spread",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
# Statistics of the data, which layers keep and no solver moves.
STATES: frozenset[Kind] = frozenset({"mean", "variance", "center", "spread"})


@dataclass(frozen=True)
class Param:
    """One array of parameters that a layer asks for.

    Parameters
    ----------
    kind : str
        What it is: penalties act on weights alone, and solvers on all but statistics.
    shape : tuple of int
        Its shape.
    fan : tuple of int
        Inputs and outputs of the layer it belongs to, for initialisers.
    start : float or None
        The value of all entries before training; None if an initialiser draws them.
    """

    kind: Kind
    shape: tuple[int, ...]
    fan: tuple[int, int]
    start: float | None = None

    @property
    def size(self) -> int:
        """Number of entries."""
        return int(np.prod(self.shape, dtype=int))


class Layout:
    """The plan of a flat parameter vector.

    Parameters
    ----------
    params : sequence of sequence of Param
        For each layer, the parameters it asks for.

    Attributes
    ----------
    size : int
        Length of the vector.
    n_weights : int
        Number of leading entries that are weights.
    n_trainable : int
        Number of leading entries that solvers move.
    params : list of list of Param
        The plan, as given.
    """

    def __init__(self, params: Sequence[Sequence[Param]]) -> None:
        self.params = [list(group) for group in params]
        offsets_of = [[0] * len(group) for group in self.params]
        end = 0
        for kind in KINDS:
            for group, offsets in zip(self.params, offsets_of, strict=True):
                for position, param in enumerate(group):
                    if param.kind == kind:
                        offsets[position] = end
                        end += param.size
        self.size = end
        # Worked out once: views are made for every product with a curvature matrix.
        self._places = [
            [
                (slice(offset, offset + param.size), param.shape)
                for param, offset in zip(group, offsets, strict=True)
            ]
            for group, offsets in zip(self.params, offsets_of, strict=True)
        ]
        given = [param for group in self.params for param in group]
        self.n_weights = sum(p.size for p in given if p.kind == "weight")
        self.n_trainable = sum(p.size for p in given if p.kind not in STATES)
        # So are these, for every prediction: the kind of each, and its number there.
        self._counts: Counter[Kind] = Counter()
        self._sources = [[self._source(p.kind) for p in group] for group in self.params]

    def _source(self, kind: Kind) -> tuple[Kind, int]:
        self._counts[kind] += 1
        return kind, self._counts[kind] - 1

    def views(self, vector: np.ndarray) -> list[tuple[np.ndarray, ...]]:
        """Return, for each layer, views of its parameters.

        Parameters
        ----------
        vector : ndarray of shape (size,)
            A parameter vector, or a gradient of one.

        Returns
        -------
        list of tuple of ndarray
            Views: writing to them writes to ``vector``.
        """
        return [
            tuple(vector[place].reshape(shape) for place, shape in group)
            for group in self._places
        ]

    def block_views(self, block: np.ndarray) -> list[tuple[np.ndarray, ...]]:
        """Return, for each layer, views of its parameters in several vectors at once.

        Parameters
        ----------
        block : ndarray of shape (k, size)
            The vectors, as rows.

        Returns
        -------
        list of tuple of ndarray
            Views of shape ``(k, *shape)`` of each parameter.
        """
        return [
            tuple(block[:, place].reshape(-1, *shape) for place, shape in group)
            for group in self._places
        ]

    def of_kind(self, kind: Kind, vector: np.ndarray) -> list[np.ndarray]:
        """Return views of all parameters of one kind, in the order of the layers.

        Parameters
        ----------
        kind : str
            The kind to select.
        vector : ndarray of shape (size,)
            A parameter vector.

        Returns
        -------
        list of ndarray
            Views.
        """
        return [
            view
            for group, views in zip(self.params, self.views(vector), strict=True)
            for param, view in zip(group, views, strict=True)
            if param.kind == kind
        ]

    def regroup(
        self, arrays: Mapping[Kind, Sequence[np.ndarray]]
    ) -> list[tuple[np.ndarray, ...]]:
        """Return, for each layer, its parameters out of lists by kind.

        Parameters
        ----------
        arrays : dict of str to sequence of ndarray
            For each kind, its arrays in the order of the layers.

        Returns
        -------
        list of tuple of ndarray
            What ``views`` would give; no copies.
        """
        for kind, sequence in arrays.items():
            needed = self._counts[kind]
            if len(sequence) != needed:
                raise ValueError(
                    f"The network has {needed} arrays of kind {kind!r}, got "
                    f"{len(sequence)}."
                )
        return [tuple([arrays[k][i] for k, i in group]) for group in self._sources]

    def weights(self, vector: np.ndarray) -> np.ndarray:
        """Return the slice of ``vector`` that holds all weights.

        Parameters
        ----------
        vector : ndarray of shape (size,)
            A parameter vector.

        Returns
        -------
        ndarray of shape (n_weights,)
            A view.
        """
        return vector[: self.n_weights]

    def pack(
        self, arrays: Mapping[Kind, Iterable[np.ndarray]], dtype: np.dtype
    ) -> np.ndarray:
        """Copy arrays, given by kind in the order of the layers, into a new vector.

        Parameters of a kind that is not given start where they would in a new fit.

        Parameters
        ----------
        arrays : dict of str to iterable of ndarray
            For each kind, its arrays.
        dtype : dtype
            The type of the new vector.

        Returns
        -------
        ndarray of shape (size,)
            The vector.
        """
        vector = np.empty(self.size, dtype)
        for group, views in zip(self.params, self.views(vector), strict=True):
            for param, view in zip(group, views, strict=True):
                if param.start is not None:
                    view.fill(param.start)
        for kind, given in arrays.items():
            for view, array in zip(self.of_kind(kind, vector), given, strict=True):
                view[...] = array
        return vector
