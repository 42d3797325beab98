"""The workloads: fixed shapes, synthetic data from a fixed seed.

The five stochastic ones span the range from "all overhead" (tiny products, many
calls) to "all arithmetic" (wide layers). The letters are part of the published
tables: do not renumber them, add new ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import sqrt

import numpy as np

SEED = 0
ALPHA = 1e-4
LEARNING_RATE = 1e-3


@dataclass(frozen=True)
class Workload:
    """One network on one data set.

    Attributes
    ----------
    key : str
        What is typed on the command line.
    title : str
        What is printed beside the key.
    n_samples, n_features : int
        Shape of the data.
    hidden : tuple of int
        Widths of the hidden layers.
    batch : int
        Rows in a batch; for L-BFGS, the rows the bare products take at a time.
    task : {"binary", "multiclass", "regression"}
        Kind of target, which decides the output layer and the loss.
    epochs : int
        Epochs (L-BFGS: iterations) of one timed fit.
    solver : {"adam", "lbfgs"}
        What trains it.
    n_classes : int
        Number of classes of a multiclass task.
    """

    key: str
    title: str
    n_samples: int
    n_features: int
    hidden: tuple[int, ...]
    batch: int
    task: str
    epochs: int
    solver: str = "adam"
    n_classes: int = 2

    @property
    def n_outputs(self) -> int:
        return self.n_classes if self.task == "multiclass" else 1

    @property
    def widths(self) -> tuple[int, ...]:
        """Widths of all layers, input and output included."""
        return (self.n_features, *self.hidden, self.n_outputs)

    @property
    def unit(self) -> str:
        """What one of `epochs` is called."""
        return "iteration" if self.solver == "lbfgs" else "epoch"

    def quick(self) -> Workload:
        """Few rows and epochs: enough to see that all runs."""
        return self.with_rows(max(1000, self.n_samples // 8), max(2, self.epochs // 4))

    def with_rows(self, n_samples: int, epochs: int) -> Workload:
        """The same network on fewer rows, for fewer epochs."""
        return replace(self, n_samples=min(n_samples, self.n_samples), epochs=epochs)

    def describe(self) -> str:
        hidden = ", ".join(str(width) for width in self.hidden)
        rows = f"{self.n_samples:,} x {self.n_features}, ({hidden})"
        batch = "full batch" if self.solver == "lbfgs" else f"batches of {self.batch}"
        kind = f"{self.n_classes} classes" if self.task != "regression" else self.task
        return f"{rows}, {batch}, {kind}"

    def data(self, dtype: str) -> tuple[np.ndarray, np.ndarray]:
        """Normal features and a noisy target that a network can learn.

        The features are drawn in place, so that building them leaves no larger
        peak of memory behind than the array itself.
        """
        rng = np.random.default_rng(SEED)
        X = np.empty((self.n_samples, self.n_features), dtype)
        rng.standard_normal(dtype=X.dtype, out=X)
        teacher = rng.standard_normal((self.n_features, self.n_outputs))
        teacher /= sqrt(self.n_features)
        scores = np.tanh(X @ teacher.astype(dtype)).astype(np.float64)
        scores += 0.3 * rng.standard_normal(scores.shape)
        if self.task == "multiclass":
            return X, scores.argmax(axis=1)
        if self.task == "binary":
            return X, (scores[:, 0] > 0).astype(np.int64)
        return X, scores[:, 0].astype(dtype)

    def initial_parameters(self, dtype: str) -> list[tuple[np.ndarray, np.ndarray]]:
        """The very weights and biases that scikit-learn starts from (ReLU)."""
        rng = np.random.RandomState(SEED)
        layers = []
        for fan_in, fan_out in pairwise(self.widths):
            bound = sqrt(6.0 / (fan_in + fan_out))
            weights = rng.uniform(-bound, bound, (fan_in, fan_out)).astype(dtype)
            layers.append((weights, rng.uniform(-bound, bound, fan_out).astype(dtype)))
        return layers


STOCHASTIC = {
    w.key: w
    for w in (
        Workload("a", "tiny", 1_000, 20, (100,), 200, "binary", 400),
        Workload("b", "tabular", 50_000, 50, (128, 128), 256, "binary", 5),
        Workload(
            "c", "images", 60_000, 784, (300, 100), 128, "multiclass", 2, n_classes=10
        ),
        Workload(
            "d", "wide", 20_000, 256, (1024, 1024), 512, "multiclass", 2, n_classes=10
        ),
        Workload("e", "small batch", 20_000, 30, (64, 64), 32, "regression", 8),
    )
}

FULL_BATCH = {
    w.key: w
    for w in (
        Workload("small", "small", 1_000, 20, (32,), 1000, "binary", 100, "lbfgs"),
        Workload(
            "medium",
            "medium",
            20_000,
            100,
            (256, 256),
            1024,
            "multiclass",
            20,
            "lbfgs",
            n_classes=10,
        ),
    )
}

WORKLOADS = STOCHASTIC | FULL_BATCH

# The network and the data that prediction and memory are measured with.
MEASURED_FOR_MEMORY = STOCHASTIC["c"]
PREDICTED_ROWS = (1, 1_000, 45_000)
