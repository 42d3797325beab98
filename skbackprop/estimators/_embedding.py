"""The task of an embedder."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from skbackprop.core.spec import resolve
from skbackprop.estimators._params import Slots
from skbackprop.estimators._task import Given, Task
from skbackprop.layers import UnitLength
from skbackprop.losses import PairLoss
from skbackprop.network import Network
from skbackprop.training.embedding import EmbeddingTarget, check_labels
from skbackprop.training.targets import as_column


class EmbeddingTask(Task):
    """To draw rows of one class together, and hold others apart."""

    def loss_of(self, target: EmbeddingTarget) -> PairLoss:
        """Return the loss that a kind of target trains with."""
        return resolve(PairLoss, self.estimator.loss)

    def check_request(self, given: Given) -> None:
        """Refuse arguments that say two things, and warn of what cannot be trained."""
        super().check_request(given)
        if self.estimator.normalize and self.estimator.n_components == 1:
            warnings.warn(
                "n_components=1 with normalize=True leaves nothing but a sign, which "
                "cannot be trained: take more components, or normalize=False.",
                UserWarning,
                stacklevel=6,  # past the training, fit and its decorator
            )

    def build_network(self, slots: Slots, n_in: int, loss: Any, target: Any) -> Network:
        """Return the network for a number of inputs, a loss and a kind of target."""
        if loss.jumps and not slots.solver.stepwise:
            raise ValueError(
                f"{slots.solver!r} needs a continuous loss, but {loss!r} jumps where "
                "another negative takes its turn: use a step-wise solver such as "
                "'adam', or loss='contrastive'."
            )
        last = (UnitLength(),) if self.estimator.normalize else ()
        return replace(slots.architecture, last=last).network(
            n_in, self.estimator.n_components
        )

    def read_target(self, y: Any) -> np.ndarray:
        """Validate targets."""
        return check_labels(as_column(y))

    def check_target(
        self, given: Given, y: Any, going_on: bool
    ) -> tuple[np.ndarray, EmbeddingTarget]:
        """Validate targets, and find out their kind."""
        y = self.read_target(y)
        if not given.incremental and len(np.unique(y)) < 2:
            raise ValueError(
                "BackpropEmbedder tells classes apart and needs at least two, but y "
                f"has 1 class: {y[0]!r}."
            )
        return y, EmbeddingTarget()

    def weigh(
        self, weight: np.ndarray | None, y: Any, target: EmbeddingTarget
    ) -> np.ndarray | None:
        """Return the weights of rows."""
        return weight
