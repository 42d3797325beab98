"""Weights stored without their zeros, where that pays."""

import copy
from time import perf_counter
from typing import Any

import numpy as np
from scipy.sparse import csc_array

from skbackprop.core.ops import as_dense
from skbackprop.pruning.sample import check_count, check_prunable

__all__ = ["densify", "sparsify"]


def sparsify(estimator: Any, X: Any = None, *, n_repeats: int = 20) -> Any:
    """Return a copy of an estimator that stores the weights of layers sparse.

    Which layers is measured: with ``X``, a layer is stored sparse if predictions of
    these rows get faster by it, here and now; without, if it takes fewer bytes. What is
    predicted does not change, but for rounding.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor or BackpropEmbedder
        A fitted one, such as :func:`prune` returns; it is not changed.
    X : {array-like, sparse matrix} of shape (n_samples, n_features), optional
        As many rows as will be predicted at once: one row or thousands make a
        difference.
    n_repeats : int, default=20
        How often each prediction is timed, at least once; the fastest counts.

    Returns
    -------
    BackpropClassifier, BackpropRegressor or BackpropEmbedder
        The copy. Some of its ``coefs_`` and ``masks_`` are sparse arrays; what trains
        or looks at it takes them as dense ones, and what goes on training makes them
        dense again.

    Examples
    --------
    >>> import pickle
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.pruning import prune, sparsify
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((200, 50), tol=0.05, random_state=0).fit(X, y)
    >>> pruned = prune(model, amount=0.95)
    >>> small = sparsify(pruned)
    >>> [type(coef).__name__ for coef in small.coefs_]
    ['csc_array', 'csc_array', 'csc_array']
    >>> len(pickle.dumps(small)) < len(pickle.dumps(pruned)) / 4
    True
    """
    check_prunable(estimator, "sparsify")
    check_count("n_repeats", n_repeats, least=1)
    model = densify(estimator)
    # What a stream of calls remembers is as large as the weights.
    model._progress = None
    for layer in range(len(model.coefs_)):
        thin = _with_sparse_layer(model, layer)
        if _is_better(thin, model, layer, X, n_repeats):
            model = thin
    return model


def densify(estimator: Any) -> Any:
    """Return a copy of an estimator with all weights stored dense.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor or BackpropEmbedder
        A fitted one; it is not changed.

    Returns
    -------
    BackpropClassifier, BackpropRegressor or BackpropEmbedder
        The copy, as before :func:`sparsify`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.pruning import densify, prune, sparsify
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((20,), solver="lbfgs", random_state=0).fit(X, y)
    >>> densify(sparsify(prune(model, amount=0.9))).coefs_[0].shape
    (4, 20)
    """
    check_prunable(estimator, "densify")
    model = copy.deepcopy(estimator)
    model.coefs_ = [as_dense(coef) for coef in model.coefs_]
    if model.masks_ is not None:
        model.masks_ = [as_dense(mask) for mask in model.masks_]
    return model


def _with_sparse_layer(model: Any, layer: int) -> Any:
    """Return an estimator that shares all but the weights of a layer."""
    thin, coef = copy.copy(model), model.coefs_[layer]
    mask = None if model.masks_ is None else model.masks_[layer]
    stored = coef != 0 if mask is None else mask | (coef != 0)
    weight = csc_array(stored)
    weight.data = coef.T[stored.T]
    thin.coefs_ = [*model.coefs_]
    thin.coefs_[layer] = weight
    if mask is not None:
        thin.masks_ = [*model.masks_]
        thin.masks_[layer] = _marks(weight, mask.T[stored.T])
    return thin


def _marks(weight: csc_array, values: np.ndarray) -> csc_array:
    """Return numbers at the places of a layer's weights; files hold these once."""
    marks = csc_array(weight.shape, dtype=bool)
    marks.data, marks.indices, marks.indptr = values, weight.indices, weight.indptr
    return marks


def _is_better(thin: Any, model: Any, layer: int, X: Any, n_repeats: int) -> bool:
    if X is None:
        coef = thin.coefs_[layer]
        parts = coef.data, coef.indices, coef.indptr
        return sum(part.nbytes for part in parts) < model.coefs_[layer].nbytes
    times: dict[bool, list[float]] = {True: [], False: []}
    # In turn, so that a busy machine is as busy for both.
    for _ in range(n_repeats):
        for is_thin, each in ((True, thin), (False, model)):
            start = perf_counter()
            each._scores(X)
            times[is_thin].append(perf_counter() - start)
    return min(times[True]) < min(times[False])
