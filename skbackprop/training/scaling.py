"""Scaling inside the network: statistics of the training rows, and how they merge."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse

from skbackprop.core.data import Data
from skbackprop.core.ops import slices
from skbackprop.core.spec import Spec

__all__ = ["Robust", "Scaling", "Standard", "Statistics"]

CHUNK_BYTES = 2**21
# The distance between the quartiles of a standard normal variable.
NORMAL_QUARTILES = 1.3489795003921634


@dataclass
class Statistics:
    """Center and spread of some columns.

    Parameters
    ----------
    weight : float
        The total weight of the rows they are taken from.
    center, spread : ndarray of float64 of shape (n_columns,)
        Where the values are, and how far apart; 0 for a constant column.
    """

    weight: float
    center: np.ndarray
    spread: np.ndarray

    @property
    def divisor(self) -> np.ndarray:
        """The spread, with 1 for constant columns."""
        return np.where(self.spread > 0.0, self.spread, 1.0)

    def merged(self, other: "Statistics") -> "Statistics":
        """Return mean and standard deviation of both sets of rows together.

        Parameters
        ----------
        other : Statistics
            Mean and standard deviation of further rows.

        Returns
        -------
        Statistics
            Those of all rows.
        """
        total = self.weight + other.weight
        if not total > 0.0:
            return self
        mine, theirs = self.weight / total, other.weight / total
        apart = other.center - self.center
        parts = (
            np.sqrt(mine) * self.spread,
            np.sqrt(theirs) * other.spread,
            np.sqrt(mine * theirs) * apart,
        )
        # Not by squares, which overflow or vanish for columns of extreme scale.
        spread = np.hypot(np.hypot(parts[0], parts[1]), parts[2])
        center = self.center + theirs * apart
        # What rounding makes of a constant column is no spread. All is in float64, and
        # so is the rounding: float32 columns far from zero do vary.
        spread[spread <= 10.0 * np.finfo(np.float64).eps * np.abs(center)] = 0.0
        return Statistics(total, center, spread)


class Scaling(Spec, ABC, family=True):
    """The family that fills the ``scaling`` slot.

    Attributes
    ----------
    merges : bool
        Whether statistics of rows that come bit by bit can be put together.
    """

    merges: ClassVar[bool]
    target: bool

    @abstractmethod
    def statistics(self, data: Data) -> Statistics:
        """Return center and spread of the inputs.

        Parameters
        ----------
        data : Data
            The training rows.
        """

    def target_statistics(self, data: Data) -> Statistics:
        """Return center and spread of the targets.

        Parameters
        ----------
        data : Data
            The training rows.

        Returns
        -------
        Statistics
            For each output.
        """
        return self.statistics(_targets(data))

    def target_means(self, data: Data) -> Statistics:
        """Return mean and standard deviation of the targets, whatever the member.

        Losses that allow for another scale but no other place fit means, even where
        extreme values set these: the mean is where their best constant lies, and it is
        positive where a median of counts may be 0.

        Parameters
        ----------
        data : Data
            The training rows.

        Returns
        -------
        Statistics
            For each output.
        """
        return _means(_targets(data))


class Standard(Scaling, name="standard"):
    """Mean 0 and standard deviation 1, as of ``StandardScaler``.

    Sparse features are not centered, so that they stay sparse.

    Parameters
    ----------
    target : bool, default=True
        Whether a regressor scales its targets too, where the loss allows it.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.training.scaling import Standard
    >>> BackpropRegressor(scaling=Standard(target=False)).scaling
    Standard(target=False)
    """

    target: bool = True

    merges: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, list]] = {"target": ["boolean"]}

    def statistics(self, data: Data) -> Statistics:
        """Return the weighted mean and standard deviation."""
        return _means(data)


class Robust(Scaling, name="robust"):
    """Median 0 and quartiles as far apart as those of a standard normal variable.

    A few extreme values do not move it. Sparse features are not centered.

    Parameters
    ----------
    target : bool, default=True
        Whether a regressor scales its targets too, where the loss allows it.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> BackpropClassifier(scaling="robust").scaling
    'robust'
    """

    target: bool = True

    merges: ClassVar[bool] = False
    _parameter_constraints: ClassVar[dict[str, list]] = {"target": ["boolean"]}

    def statistics(self, data: Data) -> Statistics:
        """Return the weighted median and the distance of the weighted quartiles."""
        rows = slice(None) if data.rows is None else data.rows
        X = data.X[rows].tocsc() if data.is_sparse else data.X
        weight = np.ones(len(data)) if data.weight is None else data.weight[rows]
        quartiles = np.zeros((3, data.X.shape[1]))
        for column in _spread_columns(X, weight):
            values = (
                X[:, [column]].toarray().ravel() if data.is_sparse else X[rows, column]
            )
            quartiles[:, column] = _quartiles(values, weight)
        # Quartiles of extreme columns, each by itself: their difference may overflow.
        spread = quartiles[2] / NORMAL_QUARTILES - quartiles[0] / NORMAL_QUARTILES
        return Statistics(float(weight.sum()), quartiles[1], spread)


def _targets(data: Data) -> Data:
    """Return the targets of the rows in use, in the place of the inputs."""
    rows = data.rows if data.rows is not None else slice(None)
    weight = None if data.weight is None else data.weight[rows]
    return Data(data.target.encoded[rows], data.target, weight)


def _means(data: Data) -> Statistics:
    """Return weighted means and standard deviations."""
    n_columns = data.X.shape[1]
    total = Statistics(0.0, np.zeros(n_columns), np.zeros(n_columns))
    for x, weight in _chunks(data):
        total = total.merged(_moments(x, weight))
    return total


def _spread_columns(X: Any, weight: np.ndarray) -> Iterable[int]:
    """Return the columns whose quartiles may differ from zero: of text, a few."""
    if not issparse(X):
        return range(X.shape[1])
    share = weight / max(weight.max(), np.finfo(np.float64).tiny)
    entries = X.tocoo()
    stored = np.bincount(entries.col, share[entries.row], X.shape[1])
    # Below a quarter all quartiles are zeros; a fifth, for the sake of rounding.
    return np.flatnonzero(stored > 0.2 * share.sum()).tolist()


def _chunks(data: Data) -> Iterator[tuple[Any, np.ndarray]]:
    """Go through the rows that count, a few at a time, with weights; in float64."""
    size = max(1, CHUNK_BYTES // (8 * max(1, data.X.shape[1])))
    order = np.arange(len(data)) if data.rows is not None else None
    for rows in slices(len(data), max(size, 64)):
        picked = data.pick(rows if order is None else order[rows])
        n_rows = rows.stop - rows.start
        weight = np.ones(n_rows) if data.weight is None else data.weight[picked]
        x = data.X[picked].astype(np.float64)
        counts = weight > 0.0
        # A row of weight zero is not there: its values set no scale of their own.
        yield (x, weight) if counts.all() else (x[counts], weight[counts])


def _moments(x: Any, weight: np.ndarray) -> Statistics:
    """Return mean and standard deviation of a few rows, whatever their scale."""
    total = float(weight.sum())
    if not total > 0.0:
        return Statistics(0.0, np.zeros(x.shape[1]), np.zeros(x.shape[1]))
    largest = abs(x).max(axis=0)
    largest = largest.toarray().ravel() if issparse(x) else largest
    # Squares of other units may overflow or vanish.
    unit = np.where(largest > 0.0, largest, 1.0)
    of_rows = _sparse_moments if issparse(x) else _dense_moments
    mean, variance = of_rows(x, weight / total, unit)
    return Statistics(total, mean * unit, np.sqrt(variance) * unit)


def _dense_moments(
    x: np.ndarray, share: np.ndarray, unit: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    x = x / unit
    mean = share @ x
    # Once more, for what rounding has left, however the product sums: a constant
    # column has no spread.
    mean += share @ (x - mean)
    return mean, share @ (x - mean) ** 2


def _sparse_moments(
    x: Any, share: np.ndarray, unit: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    x.sum_duplicates()
    entries, (n_rows, n_columns) = x.tocoo(), x.shape
    columns, of_entry = entries.col, share[entries.row]
    values = entries.data / unit[columns]

    def summed(terms: np.ndarray) -> np.ndarray:
        # Of no entries at all ``bincount`` makes integers.
        return np.bincount(columns, of_entry * terms, n_columns).astype(np.float64)

    zeros = np.maximum(0.0, 1.0 - summed(np.ones_like(values)))
    # Rounding must not put a zero into a column without any.
    zeros[np.bincount(columns, minlength=n_columns) == n_rows] = 0.0
    mean = summed(values)
    mean += summed(values - mean[columns]) - zeros * mean
    return mean, summed((values - mean[columns]) ** 2) + zeros * mean**2


def _quartiles(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return weighted quartiles; a weight is a repetition, whatever its scale."""
    order = np.argsort(values)
    values, weight = values[order].astype(np.float64), weight[order]
    values, weight = values[weight > 0.0], weight[weight > 0.0]
    reached = np.cumsum(weight)
    wanted = np.array([0.25, 0.5, 0.75]) * reached[-1]
    last = len(values) - 1
    below = np.minimum(np.searchsorted(reached, wanted, side="left"), last)
    above = np.minimum(np.searchsorted(reached, wanted, side="right"), last)
    return 0.5 * values[below] + 0.5 * values[above]
