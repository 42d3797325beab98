"""What every contender can do."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..workloads import Workload


class Fitted(NamedTuple):
    """What a fit reports: enough to see that all did the same work."""

    loss: float
    n_iter: int


class Unsupported(Exception):
    """The contender has no such solver; it is left out of that table."""


class Contender:
    """One way to train the network of a workload.

    Parameters
    ----------
    workload : Workload
        Network, data and number of epochs.
    dtype : {"float32", "float64"}
        Type of data and parameters.
    threads : int or None
        Threads a library is told to use; None leaves it its own choice.
    """

    solvers: tuple[str, ...] = ("adam",)

    def __init__(self, workload: Workload, dtype: str, threads: int | None = None):
        if workload.solver not in self.solvers:
            raise Unsupported(f"{type(self).__name__} has no {workload.solver}")
        self.workload = workload
        self.dtype = dtype
        self.threads = threads
        self.X, self.y = workload.data(dtype)
        self.prepare()

    def prepare(self) -> None:
        """Work that no fit should be charged for (conversion, compilation)."""

    def fit(self, epochs: int) -> Fitted:
        """Train from fresh parameters for exactly so many epochs."""
        raise NotImplementedError

    def ready_to_predict(self) -> None:
        """Bring about a fitted model; how well it is fitted does not matter."""
        self.fit(1)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Classes or values for rows the contender has not seen."""
        raise NotImplementedError
