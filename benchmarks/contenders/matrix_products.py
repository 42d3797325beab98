"""Only the matrix products of an epoch: what no NumPy training can go below.

Per batch: one product a layer forward, one for the gradient of its weights, one
for the gradient of its input except at the first layer, whose input needs none.
Every operand is laid out beforehand and nothing is gathered, added or allocated.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from importlib.util import find_spec

import numpy as np

from ..timing import best_seconds
from .base import Contender, Fitted

_PREDICTED_AT_A_TIME = 2048
# Sooner there than the function `np.dot`, which looks for other libraries' arrays.
DOT = np.ndarray.dot
# One thread does not suffer from a busy machine: it wins ties.
_WORTH_THREADS = 0.9


class Products(Contender):
    """`dot` into buffers, and nothing else."""

    solvers = ("adam", "lbfgs")

    def prepare(self) -> None:
        self.weights = [w for w, _ in self.workload.initial_parameters(self.dtype)]
        self.gradients = [np.empty_like(w) for w in self.weights]
        rows = min(self.workload.batch, self.workload.n_samples)
        self.activations = self._buffers(rows)
        self.deltas = self._buffers(rows)
        self.deltas[-1][:] = np.random.default_rng(0).standard_normal(
            self.deltas[-1].shape
        )
        self.products = self._bound_products(rows)
        self._choose_threads()

    def _buffers(self, rows: int) -> list[np.ndarray]:
        return [np.empty((rows, width), self.dtype) for width in self.workload.widths]

    def _bound_products(self, rows: int) -> list[Callable[[], np.ndarray]]:
        """All products of an epoch, views made once."""
        products: list[Callable[[], np.ndarray]] = []
        for start in range(0, self.workload.n_samples, rows):
            batch = self.X[start : start + rows]
            activations = [batch] + [a[: len(batch)] for a in self.activations[1:]]
            deltas = [d[: len(batch)] for d in self.deltas]
            products += forward(activations, self.weights)
            products += backward(activations, deltas, self.weights, self.gradients)
        return products

    def _choose_threads(self) -> None:
        """Left to choose, use several threads only where they clearly gain."""
        self._limited = nullcontext
        if self.threads is not None or find_spec("threadpoolctl") is None:
            return
        from threadpoolctl import ThreadpoolController

        one_thread = partial(ThreadpoolController().limit, limits=1, user_api="blas")
        several = best_seconds(self._epoch, 4)
        with one_thread():
            one = best_seconds(self._epoch, 4)
        if several > _WORTH_THREADS * one:
            self._limited = one_thread

    def _epoch(self) -> None:
        for product in self.products:
            product()

    def fit(self, epochs: int) -> Fitted:
        with self._limited():
            for _ in range(epochs):
                self._epoch()
        return Fitted(float("nan"), epochs)

    def predict(self, X: np.ndarray) -> np.ndarray:
        buffers = self._buffers(min(len(X), _PREDICTED_AT_A_TIME))
        for start in range(0, len(X), _PREDICTED_AT_A_TIME):
            rows = X[start : start + _PREDICTED_AT_A_TIME]
            activations = [rows] + [b[: len(rows)] for b in buffers[1:]]
            for product in forward(activations, self.weights):
                product()
        return buffers[-1]


def forward(activations, weights):
    """Products from the input to the scores."""
    return [
        partial(DOT, below, w, above)
        for below, w, above in zip(activations, weights, activations[1:], strict=False)
    ]


def backward(activations, deltas, weights, gradients):
    """Products from the scores' errors back to the first layer's weights."""
    products = []
    for layer in reversed(range(len(weights))):
        below, delta = activations[layer].T, deltas[layer + 1]
        products.append(partial(DOT, below, delta, gradients[layer]))
        if layer:
            products.append(partial(DOT, delta, weights[layer].T, deltas[layer]))
    return products
