"""Validation data during a fit: splitting it off, and judging on it."""

import warnings
from collections.abc import Callable
from math import isnan, nan

import numpy as np

from skbackprop.core.data import Data
from skbackprop.evaluation import Evaluation
from skbackprop.objective import Objective

Score = Callable[[np.ndarray, float], float]


class Validation:
    """Judges the parameters of a fit on validation data, as the solver moves them.

    Parameters
    ----------
    objective : Objective
        Gives predictions and the loss.
    theta : ndarray of shape (n_params,)
        The parameters, in the vector that the solver moves.
    data : Data
        The validation data.
    score : callable
        ``score(predictions, loss)``, greater being better.
    """

    def __init__(
        self, objective: Objective, theta: np.ndarray, data: Data, score: Score
    ) -> None:
        self._objective = objective
        self._evaluation = Evaluation(objective, theta, data)
        self._score = score

    def check(self) -> tuple[float, float]:
        """Judge the present parameters.

        Returns
        -------
        score : float
            Greater is better.
        loss : float
            The mean loss, as it is reported, without the penalty.
        """
        loss = self._objective.reported(self._evaluation.loss(), 0.0)
        if isnan(loss):
            # Predictions that are no numbers: a score would make classes of them.
            return nan, loss
        return self._score(self._evaluation.predictions, loss), loss


def split_rows(
    n_samples: int,
    fraction: float,
    rng: np.random.RandomState,
    strata: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Choose the rows to train on and the rows to validate on.

    Parameters
    ----------
    n_samples : int
        The number of rows.
    fraction : float
        The share to validate on.
    rng : RandomState
        The source of randomness.
    strata : ndarray or None
        Groups that both parts are to hold in equal shares.

    Returns
    -------
    train, validation : ndarray of int
        Positions of rows.

    Raises
    ------
    ValueError
        If fewer than two rows are left to validate on, or one of two classes has a
        single row.
    """
    from sklearn.model_selection import train_test_split

    train, validation = train_test_split(
        np.arange(n_samples),
        random_state=rng,
        test_size=fraction,
        stratify=_feasible(strata, n_samples, fraction),
    )
    if len(validation) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the "
            "size of your dataset."
        )
    return train, validation


def _feasible(
    strata: np.ndarray | None, n_samples: int, fraction: float
) -> np.ndarray | None:
    """Return the strata if a split can respect them; of two, insist on it."""
    if strata is None:
        return None
    counts = np.unique(strata, return_counts=True)[1]
    n_validation = int(np.ceil(fraction * n_samples))
    if len(counts) <= 2 or (
        counts.min() >= 2 and len(counts) <= min(n_validation, n_samples - n_validation)
    ):
        return strata
    if not 2 <= n_validation < n_samples:
        # Too few rows for any split: an error, of which there is no need to warn.
        return None
    warnings.warn(
        "The validation set of early stopping is not stratified: a class has a single "
        f"row, or {n_validation} rows are fewer than the {len(counts)} classes. Pass "
        "X_val and y_val to fit to choose the rows yourself.",
        UserWarning,
        stacklevel=9,  # past split, run and fit, to the caller
    )
    return None
