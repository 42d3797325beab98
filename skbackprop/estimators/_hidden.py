"""What the hidden units of a fitted estimator give."""

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted

from skbackprop.core.ops import slices
from skbackprop.core.workspace import Workspace
from skbackprop.estimators._start import fitted_params
from skbackprop.layers import Activation


def hidden_activations(estimator: Any, X: Any) -> list[np.ndarray]:
    """Return what each hidden layer gives, chunk by chunk.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The inputs.

    Returns
    -------
    list of ndarray of shape (n_samples, n_units)
        One for each hidden layer.
    """
    check_is_fitted(estimator)
    X = estimator._check_inputs(X)
    network, dtype = estimator._network, estimator.coefs_[0].dtype
    dtype = np.result_type(X.dtype, dtype)
    params = network.layout.regroup(fitted_params(estimator))
    params = [tuple(array.astype(dtype, copy=False) for array in p) for p in params]
    keys = [k for k, each in enumerate(network.layers) if isinstance(each, Activation)]
    found = {k: np.empty((X.shape[0], network.widths[k + 1]), dtype) for k in keys}
    size = min(X.shape[0], network.chunk_rows(dtype))
    workspace = Workspace(size, dtype)
    for rows in slices(X.shape[0], size):
        x, n_rows = X[rows].astype(dtype, copy=False), rows.stop - rows.start
        bound = network.bind(params, None, n_rows, workspace, issparse(x))
        with np.errstate(over="ignore", invalid="ignore"):
            for key, step in enumerate(bound.steps):
                x = step(x)
                if key in found:
                    found[key][rows] = x
    return list(found.values())
