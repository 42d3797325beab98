"""Predicting many rows, chunk by chunk, in memory that does not grow with them."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skbackprop.core.ops import slices
from skbackprop.core.threads import Crew, single_threaded_products, threads_for
from skbackprop.core.workspace import Workspace, keep_freed_memory
from skbackprop.network import CHUNK_BYTES, BoundNetwork, Network, ParamViews

__all__ = ["predict_rows"]

# From so many chunks on, threads that share them out pay for being started.
MANY_CHUNKS = 8


def predict_rows(
    network: Network,
    params: ParamViews,
    X: Any,
    dtype: np.dtype,
    finish: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Apply a network to many rows.

    Parameters
    ----------
    network : Network
        The network.
    params : sequence of tuple of ndarray
        For each layer, its parameters.
    X : ndarray or sparse matrix of shape (n_samples, n_in)
        The inputs.
    dtype : dtype
        The floating type to compute in.
    finish : callable
        Turns the raw scores of a chunk, which it may overwrite, into a matrix with a
        row for each.

    Returns
    -------
    ndarray of shape (n_samples, n_columns)
        What ``finish`` made of all rows.
    """
    params = [tuple([_as_type(array, dtype) for array in p]) for p in params]
    n_samples = X.shape[0]
    size = max(1, min(n_samples, network.chunk_rows(dtype)))
    chunks = slices(n_samples, size)
    _keep_chunks()
    predictor = _Predictor(network, params, X, dtype, size)
    if len(chunks) <= 1:
        return np.ascontiguousarray(finish(predictor.raw(slice(0, n_samples))))
    # One row shows what is to be kept of all.
    shown = finish(predictor.raw(slice(0, 1)))
    result = np.empty((n_samples, shown.shape[1]), shown.dtype)
    if len(chunks) < MANY_CHUNKS:
        predictor.fill(result, chunks, finish)
        return result
    n_threads = threads_for(network.work(n_samples))
    predictors = [predictor] + [
        _Predictor(network, params, X, dtype, size) for _ in range(n_threads - 1)
    ]
    with single_threaded_products():
        Crew(n_threads).run(
            [
                partial(each.fill, result, chunks[first::n_threads], finish)
                for first, each in enumerate(predictors)
            ]
        )
    return result


class _Predictor:
    """One thread's buffers."""

    def __init__(
        self, network: Network, params: ParamViews, X: Any, dtype: np.dtype, size: int
    ) -> None:
        self.network, self.params, self.X = network, params, X
        self.workspace = Workspace(size, dtype)
        self.bound: dict[int, BoundNetwork] = {}

    def raw(self, rows: slice) -> np.ndarray:
        """Return the raw scores of a chunk, in a buffer."""
        n_rows = rows.stop - rows.start
        if n_rows not in self.bound:
            self.bound[n_rows] = self.network.bind(
                self.params, None, n_rows, self.workspace, issparse(self.X)
            )
        x = _as_type(self.X[rows], self.workspace.dtype)
        return self.bound[n_rows].forward(x)

    def fill(
        self,
        result: np.ndarray,
        chunks: list[slice],
        finish: Callable[[np.ndarray], np.ndarray],
    ) -> None:
        """Write what is made of some chunks."""
        for rows in chunks:
            result[rows] = finish(self.raw(rows))


@cache
def _keep_chunks() -> None:
    """Have the buffers of a chunk kept, once and for all.

    A process that has loaded a model and fitted none would give them back each time.
    """
    keep_freed_memory(CHUNK_BYTES)


def _as_type(array: Any, dtype: np.dtype) -> Any:
    """Return an array itself, where ``astype`` would take a while to do the same."""
    return array if array.dtype == dtype else array.astype(dtype)
