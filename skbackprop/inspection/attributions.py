"""How a change of the output is shared out between the inputs that changed."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skbackprop.core.spec import Spec
from skbackprop.linearization import Chain

__all__ = ["Attribution", "Rescale"]


@dataclass(frozen=True)
class Points:
    """Some rows, as they are explained and where the prediction ceases to be affine.

    Parameters
    ----------
    x : ndarray of shape (n_rows, n_features)
        Their features, from any origin.
    h : ndarray of shape (n_rows, n_hidden)
        What they are at the cut of the chain.
    """

    x: np.ndarray
    h: np.ndarray


# Multipliers from some of the references to some of the rows at hand, for each output:
# of shape (n_outputs, n_rows, n_references, n_hidden), with 1 where all are the same.
Block = Callable[[slice, slice], np.ndarray]
# From rows, and the position of the first of them among all that are explained.
Rows = Callable[[Points, int], Block]


class Attribution(Spec, ABC, family=True):
    """The family of rules that make multipliers.

    The multipliers of a pair of a row and a reference say what a change of each input
    counts for; times the change they are the attributions. An explanation is the mean
    over references.

    Attributes
    ----------
    makes_up : bool
        Whether what the attributions of a row miss of the change of the output is
        shared out between them, by their mean squares over references.
    """

    makes_up: ClassVar[bool] = False

    @property
    def single_precision(self) -> bool:
        """Whether to compute in single precision where that gives the same."""
        return False

    @abstractmethod
    def bind(self, chain: Chain, matrix: np.ndarray, references: Points) -> Rows:
        """Return multipliers for rows as they come.

        Parameters
        ----------
        chain : Chain
            The prediction.
        matrix : ndarray of shape (n_hidden, n_features)
            What gradients at the cut of the chain are multiplied by: those of the
            features result.
        references : Points
            The references.

        Returns
        -------
        callable
            Takes rows, likewise, and the position of the first of them; returns what
            takes a slice of these rows and one of references, in several threads at
            once.
        """

    def choose(self, n_background: int) -> np.ndarray:
        """Return which rows of the background are the references: all of them.

        Parameters
        ----------
        n_background : int
            How many there are.

        Returns
        -------
        ndarray of int
            Positions, perhaps with repetitions.
        """
        return np.arange(n_background)


class Rescale(Attribution, name="rescale"):
    """The rescale rule of DeepLIFT: at each unit, change over change.

    What the unit gives more for the row than for the reference, over what it gets more,
    takes the place of its derivative. The attributions of a pair then add up to the
    difference of the outputs, exactly. Layers that mix units (row-wise normalisation,
    the softmax) get the mean of their derivative on the way from the one input to the
    other, of which the rule is the special case for single units.

    References
    ----------
    A. Shrikumar, P. Greenside and A. Kundaje, "Learning important features through
    propagating activation differences", ICML 2017.

    Examples
    --------
    >>> from skbackprop.inspection import Rescale
    >>> Rescale()
    Rescale()
    """

    def bind(self, chain: Chain, matrix: np.ndarray, references: Points) -> Rows:
        """Return the multipliers, from what all stages give at both ends."""
        theirs = chain.trace(references.h)

        def rows(points: Points, first: int) -> Block:
            own = chain.trace(points.h)
            return lambda mine, some: chain.multipliers(
                [(x[mine], y[mine]) for x, y in own],
                [(x[some], y[some]) for x, y in theirs],
            )

        return rows
