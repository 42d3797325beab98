"""Validated rows, in the user's terms and in the network's."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skbackprop.core.data import Data, TargetRows


@dataclass(frozen=True)
class Rows:
    """Validated inputs and targets, with their weights.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Inputs.
    y : ndarray or sparse matrix
        Targets, as the user means them.
    target : TargetRows
        Targets, as the network sees them.
    weight : ndarray of shape (n_samples,) or None
        Weights of the rows.
    """

    X: Any
    y: Any
    target: TargetRows
    weight: np.ndarray | None

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.X.shape[0]

    def data(self, rows: np.ndarray | None = None) -> Data:
        """Return what a solver reads; a subset copies no inputs.

        Parameters
        ----------
        rows : ndarray of int, optional
            The rows to read.

        Returns
        -------
        Data
            Inputs, targets and weights.
        """
        return Data(self.X, self.target, self.weight, rows)

    def take(self, rows: np.ndarray) -> "Rows":
        """Return a copy of some rows.

        Parameters
        ----------
        rows : ndarray of int
            Which.

        Returns
        -------
        Rows
            The copy.
        """
        weight = None if self.weight is None else self.weight[rows]
        return Rows(self.X[rows], self.y[rows], self.target.take(rows), weight)
