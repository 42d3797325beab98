"""Attributions by gradients where some inputs are the row's, others the reference's."""

from collections.abc import Callable
from numbers import Integral
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.inspection.attributions import Attribution, Block, Points, Rows
from skbackprop.inspection.paths import PairGradients
from skbackprop.linearization.chain import Chain

__all__ = ["CoalitionGradients"]

# From the position of the first row, and the number of rows.
Parts = Callable[[int, int], list[np.ndarray]]

# For what part of the way from the reference to the row each feature changes.
PART_OF_THE_WAY = 0.5


class CoalitionGradients(Attribution, name="coalition_gradients"):
    r"""Gradients at random coalitions, made to add up.

    Shapley values are what a feature adds to a random coalition of others. Here a
    gradient tells it for all features at once: features go from the reference to the
    row one after another, in random order, and the gradient is taken at a random point
    of the way,

    .. math::

       \phi_j = \operatorname{E} \, (x_j - r_j) \, \partial_j f(r + u (x - r)) , \quad
       u_j = \operatorname{clip}\left(\frac{t - s_j}{w} + \frac12, 0, 1\right) ,

    with :math:`t` and the turns :math:`s_j` from 0 to 1, and :math:`w = 1 / 2`. Were
    :math:`w` zero, each feature would be all the row's or all the reference's, and its
    gradient no more than the slope there; were it large, this would be the straight
    line of integrated gradients, which meets no coalitions. Each order is used
    backwards too. As :math:`f` bends within a step, the sum misses the change of the
    output by a little; features make up for it by their mean squares, as where
    sampling misses a sum that is known.

    Parameters
    ----------
    n_samples : int, default=100
        The number of gradients for each explained row, or a little more: each row of
        the background is used equally often, and at least once.
    random_state : int, default=0
        The seed: the same explanations at every call with the same rows. Each row has
        draws of its own, by its place among them.
    single_precision : bool, default=True
        Compute gradients in single precision where those at the background come out
        the same, to a ten-thousandth; the values add up in double precision. What is
        rounded is far below the noise of the draws.

    References
    ----------
    R. Okhrati and A. Lipani, "A multilinear sampling algorithm to estimate Shapley
    values", ICPR 2020.

    Examples
    --------
    >>> from skbackprop.inspection import CoalitionGradients
    >>> CoalitionGradients(n_samples=400)
    CoalitionGradients(n_samples=400)
    """

    n_samples: int = 100
    random_state: int = 0
    single_precision: bool = True

    makes_up: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "random_state": [Interval(Integral, 0, 2**32 - 1, closed="both")],
        "single_precision": ["boolean"],
    }

    def choose(self, n_background: int) -> np.ndarray:
        """Return the rows of the background, each as often as the others."""
        return np.tile(np.arange(n_background), -(-self.n_samples // n_background))

    def bind(self, chain: Chain, matrix: np.ndarray, references: Points) -> Rows:
        """Return gradients, at a point for each pair."""
        gradients, ahead = PairGradients(chain), np.ascontiguousarray(matrix.T)
        m, n_features = references.x.shape
        parts_of = self.draw_parts(m, n_features, chain.dtype)

        def rows(points: Points, first: int) -> Block:
            parts = parts_of(first, len(points.x))

            def block(mine: slice, some: slice) -> np.ndarray:
                step = points.x[mine, np.newaxis] - references.x[some]
                for own, part in zip(step, parts[mine], strict=True):
                    own *= part[some]
                h = np.dot(step.reshape(-1, len(ahead)), ahead)
                h = h.reshape(*step.shape[:2], -1)
                h += references.h[some]
                return gradients(h)

            return block

        return rows

    def draw_parts(self, m: int, n_features: int, dtype: np.dtype) -> Parts:
        """Return how far features are on the way to rows as they come.

        Parameters
        ----------
        m : int
            The number of references.
        n_features : int
            The number of features.
        dtype : dtype
            The type of what is returned.

        Returns
        -------
        callable
            Takes the position of the first row, and the number of rows; returns an
            array of shape (m, n_features) for each, of parts from 0 to 1.
        """
        rng = np.random.Generator(np.random.PCG64(self.random_state))
        half = -(-m // 2)
        time = (rng.permutation(half) + rng.random(half))[:, np.newaxis] / half
        turn = rng.random((half, n_features)).argsort(axis=1) + rng.random((half, 1))
        part = (time - turn / n_features) / PART_OF_THE_WAY
        # The other half is the first one backwards.
        part = np.clip(np.concatenate([part, -part])[:m] + 0.5, 0.0, 1.0)
        # Each row has it turned about both axes, from a place of its own: two copies
        # side by side make that a view.
        wide = np.tile(part.astype(dtype), (2, 2))

        def parts(first: int, n_rows: int) -> list[np.ndarray]:
            # A place in one sequence for each row: neither chunks nor threads show.
            sequence = np.random.PCG64([self.random_state, 1]).advance(2 * first)
            starts = np.random.Generator(sequence).random((n_rows, 2))
            found = (starts * [m, n_features]).astype(int)
            return [wide[i : i + m, j : j + n_features] for i, j in found]

        return parts
