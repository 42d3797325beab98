"""How a change of the output is shared out between the inputs that changed."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from numbers import Integral
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.ops import scalar
from skbackprop.core.spec import Spec
from skbackprop.linearization.chain import Chain

__all__ = ["Attribution", "ExpectedGradients", "IntegratedGradients", "Rescale"]

# Multipliers from some of the references to all rows at hand, for each output: of shape
# (n_outputs, n_rows, n_references, n_hidden), with 1 where all are the same.
Block = Callable[[slice], np.ndarray]
# From rows, and the position of the first of them among all that are explained.
Rows = Callable[[np.ndarray, int], Block]
# From that position and the number of rows: places on the lines, and their shares.
Places = Callable[[int, int], tuple[np.ndarray, np.ndarray]]


class Attribution(Spec, ABC, family=True):
    """The family of rules that make multipliers.

    The multipliers of a pair of a row and a reference say what a change of each input
    counts for; times the change they are the attributions. An explanation is the mean
    over references.
    """

    @abstractmethod
    def bind(self, chain: Chain, references: np.ndarray) -> Rows:
        """Return multipliers for rows as they come.

        Parameters
        ----------
        chain : Chain
            The prediction.
        references : ndarray of shape (n_references, n_hidden)
            What the references are where the chain ceases to be affine.

        Returns
        -------
        callable
            Takes rows, likewise, and the position of the first of them; returns what
            takes a slice of references. It is for one thread.
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

    def bind(self, chain: Chain, references: np.ndarray) -> Rows:
        """Return the multipliers, from what all stages give at both ends."""
        theirs = chain.trace(references)

        def rows(h: np.ndarray, first: int) -> Block:
            own = chain.trace(h)
            return lambda some: chain.multipliers(
                own, [(x[some], y[some]) for x, y in theirs]
            )

        return rows


class PathAttribution(Attribution):
    """A mean of gradients on the straight line from a reference to a row."""

    @abstractmethod
    def draw_places(self, n_references: int) -> Places:
        """Return where on the lines gradients are taken, for rows as they come.

        Parameters
        ----------
        n_references : int
            The number of references.

        Returns
        -------
        callable
            Takes the position of the first row, and the number of rows; returns places
            from 0 to 1 of shape (m, n_rows, n_references), with 1 where all are the
            same, and the shares of these m in the mean.
        """

    def bind(self, chain: Chain, references: np.ndarray) -> Rows:
        """Return mean gradients."""
        chain.check_slopes()
        places_of = self.draw_places(len(references))
        bound: dict[tuple[int, ...], Callable[[np.ndarray], np.ndarray]] = {}

        def rows(h: np.ndarray, first: int) -> Block:
            places, shares = places_of(first, len(h))
            wide = places.shape[2] > 1

            def block(some: slice) -> np.ndarray:
                start = references[some]
                change = h[:, np.newaxis] - start
                shape = change.shape
                if shape not in bound:
                    bound[shape] = chain.bind(change.reshape(-1, shape[-1]))
                total = np.zeros((chain.n_out, *shape), h.dtype)
                for place, share in zip(places, shares, strict=True):
                    here = place[:, some] if wide else place
                    x = change * here[..., np.newaxis].astype(h.dtype)
                    x += start
                    found = bound[shape](x.reshape(-1, shape[-1]))
                    total += found.reshape(total.shape) * scalar(share, h)
                return total

            return block

        return rows


class IntegratedGradients(PathAttribution, name="integrated_gradients"):
    """Integrated gradients from every row of the background, by Gauss's quadrature.

    Nothing is random. Attributions add up to the difference of the outputs as exactly
    as the integral is met: nearly so where activations are smooth.

    Parameters
    ----------
    n_nodes : int, default=16
        At how many points of each line gradients are taken.

    References
    ----------
    M. Sundararajan, A. Taly and Q. Yan, "Axiomatic attribution for deep networks", ICML
    2017.

    Examples
    --------
    >>> from skbackprop.inspection import IntegratedGradients
    >>> IntegratedGradients(n_nodes=32)
    IntegratedGradients(n_nodes=32)
    """

    n_nodes: int = 16

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_nodes": [Interval(Integral, 1, None, closed="left")]
    }

    def draw_places(self, n_references: int) -> Places:
        """Return the nodes of Gauss and Legendre, and their weights."""
        nodes, weights = np.polynomial.legendre.leggauss(self.n_nodes)
        places = ((nodes + 1) / 2)[:, np.newaxis, np.newaxis]
        return lambda first, n_rows: (places, weights / 2)


class ExpectedGradients(PathAttribution, name="expected_gradients"):
    """Expected gradients: a Monte Carlo mean over references and places on the line.

    Attributions add up to the difference of the outputs on average only. Rows of the
    background are used equally often, and places are spread evenly over the line for
    each explained row, which leaves less to chance than drawing them independently.

    Parameters
    ----------
    n_samples : int, default=200
        The number of gradients for each explained row.
    random_state : int, default=0
        The seed: the same explanations at every call.

    References
    ----------
    G. Erion et al., "Improving performance of deep learning models with axiomatic
    attribution priors and expected gradients", Nature Machine Intelligence 3, 2021.

    Examples
    --------
    >>> from skbackprop.inspection import ExpectedGradients
    >>> ExpectedGradients(n_samples=50)
    ExpectedGradients(n_samples=50)
    """

    n_samples: int = 200
    random_state: int = 0

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "random_state": [Interval(Integral, 0, 2**32 - 1, closed="both")],
    }

    def choose(self, n_background: int) -> np.ndarray:
        """Return rows of the background, each as often as the others."""
        rng = np.random.RandomState(self.random_state)
        rounds = -(-self.n_samples // n_background)
        order = [rng.permutation(n_background) for _ in range(rounds)]
        return np.concatenate(order)[: self.n_samples]

    def draw_places(self, n_references: int) -> Places:
        """Return one place for each pair, in random order and evenly spread."""

        def place(row: int) -> np.ndarray:
            # A sequence for each row: neither chunks nor threads show.
            rng = np.random.Generator(np.random.PCG64([self.random_state, row]))
            spread = rng.permutation(n_references) + rng.random(n_references)
            return spread / n_references

        def places(first: int, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
            rows = range(first, first + n_rows)
            return np.stack([place(row) for row in rows])[np.newaxis], np.ones(1)

        return places
