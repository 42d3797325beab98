"""Attributions by gradients on the straight lines from references to rows."""

from abc import abstractmethod
from collections.abc import Callable
from numbers import Integral
from threading import get_ident
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.inspection.attributions import Attribution, Block, Points, Rows
from skbackprop.linearization.chain import Chain

__all__ = ["ExpectedGradients", "IntegratedGradients"]

# From the position of the first row, and the number of rows: places on the lines, and
# their shares.
Places = Callable[[int, int], tuple[np.ndarray, np.ndarray]]


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

    def bind(self, chain: Chain, matrix: np.ndarray, references: Points) -> Rows:
        """Return mean gradients."""
        gradients = PairGradients(chain)
        places_of = self.draw_places(len(references.h))

        def rows(points: Points, first: int) -> Block:
            places, shares = places_of(first, len(points.h))
            places = places.astype(points.h.dtype)[..., np.newaxis]

            def block(mine: slice, some: slice) -> np.ndarray:
                start = references.h[some]
                change = points.h[mine, np.newaxis] - start

                def at(place: np.ndarray, share: float) -> np.ndarray:
                    h = change * _part(place, mine, some)
                    h += start
                    return gradients(h, share)

                total = at(places[0], shares[0])
                for place, share in zip(places[1:], shares[1:], strict=True):
                    total += at(place, share)
                return total

            return block

        return rows


class PairGradients:
    """Gradients where the chain ceases to be affine, at a point for each pair.

    Parameters
    ----------
    chain : Chain
        The prediction.
    """

    def __init__(self, chain: Chain) -> None:
        chain.check_slopes()
        self._chain = chain
        self._bound: dict[tuple[int, int], Callable[..., np.ndarray]] = {}

    def __call__(self, h: np.ndarray, share: float = 1.0) -> np.ndarray:
        """Return gradients of all outputs.

        Parameters
        ----------
        h : ndarray of shape (n_rows, n_references, n_hidden)
            The points; they may be overwritten.
        share : float, default=1.0
            What gradients are multiplied by.

        Returns
        -------
        ndarray of shape (n_outputs, n_rows, n_references, n_hidden)
            A new array.
        """
        flat = h.reshape(-1, h.shape[-1])
        # Each thread has buffers of its own.
        key = get_ident(), len(flat)
        if key not in self._bound:
            self._bound[key] = self._chain.bind(flat)
        return self._bound[key](flat, share).reshape(-1, *h.shape)


def _part(place: np.ndarray, mine: slice, some: slice) -> np.ndarray:
    """Return the places of some pairs, of all of them where these are the same."""
    return place if place.size == 1 else place[mine, some]


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
        The seed: the same explanations at every call with the same rows. Each row has
        draws of its own, by its place among them.
    single_precision : bool, default=True
        Compute in single precision where gradients at the background come out the
        same, to a ten-thousandth: what is rounded is far below the noise of the draws.

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
    single_precision: bool = True

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "random_state": [Interval(Integral, 0, 2**32 - 1, closed="both")],
        "single_precision": ["boolean"],
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
