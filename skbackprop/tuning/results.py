"""From the records of trials to ``cv_results_``."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

import numpy as np

from skbackprop.tuning.storage import RECORD
from skbackprop.tuning.trials import COMPLETE, PRUNED

COLUMNS = ("status", "last_score", "last_step")


def records(trials: Sequence[Any]) -> list[dict[str, Any]]:
    """Return what is remembered of trials.

    Parameters
    ----------
    trials : sequence of optuna.trial.FrozenTrial
        Those with a record.

    Returns
    -------
    list of dict
        The records.
    """
    return [trial.user_attrs[RECORD] for trial in trials]


def fold_results(
    found: Sequence[Mapping[str, Any]], n_splits: int
) -> list[dict[str, Any]]:
    """Return a result for each trial and fold, as scikit-learn's searches make them.

    A fold that was cut short or never begun scores NaN.

    Parameters
    ----------
    found : sequence of dict
        The records.
    n_splits : int
        The number of folds.

    Returns
    -------
    list of dict
        ``n_splits`` for each record.
    """
    shape = _shape(found)
    rows = []
    for record in found:
        for split in range(n_splits):
            known = record["folds"][split : split + 1]
            rows.append(_row(known[0] if known else None, shape))
    return rows


def more_columns(
    trials: Sequence[Any], found: Sequence[Mapping[str, Any]]
) -> dict[str, list[Any]]:
    """Return the columns that scikit-learn's searches do not have.

    Parameters
    ----------
    trials : sequence of optuna.trial.FrozenTrial
        The trials.
    found : sequence of dict
        Their records.

    Returns
    -------
    dict of str to list
        Columns for ``cv_results_``.
    """
    return {
        "trial": [trial.number for trial in trials],
        **{name: [record[name] for record in found] for name in COLUMNS},
        "n_epochs": [_n_epochs(record) for record in found],
    }


def is_complete(record: Mapping[str, Any]) -> bool:
    """Tell whether all folds of a trial were trained to their ends.

    Parameters
    ----------
    record : dict
        The record.

    Returns
    -------
    bool
        True if so.
    """
    return bool(record["status"] == COMPLETE)


def is_pruned(record: Mapping[str, Any]) -> bool:
    """Tell whether a trial was stopped.

    Parameters
    ----------
    record : dict
        The record.

    Returns
    -------
    bool
        True if so.
    """
    return bool(record["status"] == PRUNED)


def _shape(found: Sequence[Mapping[str, Any]]) -> Any:
    """Return scores to take the names of metrics from."""
    folds = [fold for record in found for fold in record["folds"]]
    fine = [fold for fold in folds if fold["fit_error"] is None]
    return (fine or folds)[0]["test_scores"]


def _row(fold: Any, shape: Any) -> dict[str, Any]:
    row = {"fit_error": None, "n_test_samples": 0, "fit_time": nan, "score_time": nan}
    row |= {"test_scores": _nans(shape), "train_scores": _nans(shape)}
    scores = {"test_scores", "train_scores"}
    for name, value in (fold or {}).items():
        if name in row and (name not in scores or fold["finished"]):
            row[name] = value
    return row


def _nans(shape: Any) -> Any:
    return dict.fromkeys(shape, nan) if isinstance(shape, Mapping) else nan


def _n_epochs(record: Mapping[str, Any]) -> float:
    epochs = [fold["n_epochs"] for fold in record["folds"]]
    return float(np.sum([nan if each is None else each for each in epochs]))
