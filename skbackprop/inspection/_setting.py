"""What explanations are computed with, in the precision that they need."""

from dataclasses import dataclass

import numpy as np

from skbackprop.inspection.attributions import Points
from skbackprop.inspection.paths import PairGradients
from skbackprop.linearization.chain import Chain

__all__ = ["Setting"]

# Gradients that differ by less in all are the same beside the noise of random draws,
# which is some hundredths as a rule.
SAME = 1e-4

# At how many references gradients are compared.
N_COMPARED = 100


@dataclass(frozen=True)
class Setting:
    """A prediction and references, all of one type.

    Parameters
    ----------
    chain : Chain
        The prediction.
    matrix : ndarray of shape (n_hidden, n_features)
        From gradients at the cut of the chain to those of the features.
    references : Points
        The references.
    units : ndarray of shape (n_features,)
        What features count in.
    """

    chain: Chain
    matrix: np.ndarray
    references: Points
    units: np.ndarray

    def points(self, x: np.ndarray, h: np.ndarray) -> Points:
        """Return some rows in these units and this type.

        Parameters
        ----------
        x : ndarray of shape (n_rows, n_features)
            Their features, from the same origin as those of the references.
        h : ndarray of shape (n_rows, n_hidden)
            What they are at the cut of the chain.

        Returns
        -------
        Points
            The rows.
        """
        dtype = self.chain.dtype
        return Points((x / self.units).astype(dtype), h.astype(dtype, copy=False))

    def lighter(self, chain: Chain) -> "Setting":
        """Return the same in the type of another chain, if gradients are the same.

        Parameters
        ----------
        chain : Chain
            The same prediction in single precision.

        Returns
        -------
        Setting
            This one, where the other type will not do.
        """
        # In units that make columns of the matrix some ones, whatever features count
        # in: powers of two round nothing.
        _, exponent = np.frexp(np.abs(self.matrix).max(axis=0))
        most = np.finfo(self.matrix.dtype).maxexp - 2
        units = np.ldexp(self.matrix.dtype.type(1), np.clip(-exponent, -most, most))
        other = Setting(
            chain, (self.matrix * units).astype(chain.dtype), self.references, units
        )
        mine, theirs = self._gradients() * units, other._gradients()
        difference, size = np.linalg.norm(theirs - mine), np.linalg.norm(mine)
        if not difference <= SAME * size:
            return self
        references = other.points(self.references.x, self.references.h)
        return Setting(chain, other.matrix, references, units)

    def _gradients(self) -> np.ndarray:
        """Return those at some of the references, in double precision."""
        h = np.array(self.references.h[:N_COMPARED], self.chain.dtype)
        found = PairGradients(self.chain)(h[np.newaxis]) @ self.matrix
        return found.astype(np.float64)
