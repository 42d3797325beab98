"""The way of the data through a prediction."""

from collections.abc import Callable
from typing import Any

import numpy as np

from skbackprop.estimators._start import stored_params
from skbackprop.prediction import predict_rows


def scores(
    estimator: Any, X: Any, finish: Callable[[np.ndarray], np.ndarray] | None = None
) -> np.ndarray:
    """Return raw scores, or predictions, in chunks of bounded memory.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one.
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
        The validated inputs.
    finish : callable, optional
        Turns a chunk of raw scores into predictions.

    Returns
    -------
    ndarray
        A row for each of ``X``.
    """
    network = estimator._network
    params = network.layout.regroup(stored_params(estimator))
    dtype = np.result_type(X.dtype, estimator.coefs_[0].dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        return predict_rows(network, params, X, dtype, finish or _unchanged)


def _unchanged(raw: np.ndarray) -> np.ndarray:
    return raw
