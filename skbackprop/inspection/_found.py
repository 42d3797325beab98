"""What comes of explaining some rows."""

from dataclasses import dataclass

import numpy as np

from skbackprop.linearization.chain import Chain

__all__ = ["Found"]


@dataclass(frozen=True)
class Found:
    """What comes of some rows.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features, n_outputs)
        The attributions.
    output : ndarray of shape (n_rows, n_outputs)
        What is explained.
    missing : ndarray of shape (n_rows, n_outputs)
        By what attributions miss what they should add up to.
    """

    values: np.ndarray
    output: np.ndarray
    missing: np.ndarray

    @classmethod
    def of(cls, n_rows: int, n_features: int, chain: Chain) -> "Found":
        """Return room for some rows."""
        output, missing = np.empty((2, n_rows, chain.n_out), chain.dtype)
        values = np.empty((n_rows, n_features, chain.n_out), chain.dtype)
        return cls(values, output, missing)

    def is_known(self) -> np.ndarray:
        """Return for each row whether all its attributions are finite."""
        known: np.ndarray = np.isfinite(self.values).all(axis=(1, 2))
        return known

    def lost(self, change: np.ndarray, adds_up: bool) -> list[int]:
        """Return the positions of rows that a narrow type was not enough for.

        Parameters
        ----------
        change : ndarray of shape (n_rows, n_outputs)
            What attributions should add up to.
        adds_up : bool
            Whether what they miss has been shared out among them: it is not where all
            that counts has been rounded to zero.

        Returns
        -------
        list of int
            Rows that are not known, or do not add up.
        """
        known = self.is_known()
        if adds_up:
            rounding = np.sqrt(np.finfo(change.dtype).eps)
            size = np.abs(change) + np.abs(self.output)
            left = np.abs(change - self.values.sum(axis=1))
            known &= (left <= rounding * size).all(axis=1)
        return np.flatnonzero(~known).tolist()
