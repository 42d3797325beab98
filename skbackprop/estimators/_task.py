"""What an estimator makes of its arguments: how targets are read, encoded, weighed."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from skbackprop._compat import _check_sample_weight
from skbackprop.estimators._params import Slots
from skbackprop.losses import Loss
from skbackprop.network import Network
from skbackprop.training.rows import Rows
from skbackprop.training.targets import Target


@dataclass(frozen=True)
class Given:
    """What ``fit`` and ``partial_fit`` are given."""

    X: Any
    y: Any
    sample_weight: Any = None
    X_val: Any = None
    y_val: Any = None
    sample_weight_val: Any = None
    coefs_init: Sequence | None = None
    intercepts_init: Sequence | None = None
    classes: Any = None
    incremental: bool = False

    @property
    def has_validation(self) -> bool:
        """Whether validation data is given."""
        return self.X_val is not None


class Task(ABC):
    """What distinguishes the training of one estimator from that of another.

    Parameters
    ----------
    estimator : BaseBackprop
        Whose task it is.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    @abstractmethod
    def check_target(self, given: Given, y: Any, going_on: bool) -> tuple[Any, Target]:
        """Validate targets, and find out their kind."""

    @abstractmethod
    def loss_of(self, target: Any) -> Loss:
        """Return the loss that a kind of target trains with."""

    @abstractmethod
    def read_target(self, y: Any) -> Any:
        """Validate targets."""

    @abstractmethod
    def weigh(
        self, weight: np.ndarray | None, y: Any, target: Any
    ) -> np.ndarray | None:
        """Return the weights of rows, times those of their classes."""

    @abstractmethod
    def build_network(
        self, slots: Slots, n_in: int, loss: Loss, target: Any
    ) -> Network:
        """Return the network for a number of inputs, a loss and a kind of target."""

    def training_loss(self, slots: Slots, target: Any) -> Loss:
        """Return the loss; the one for soft targets where augmentation makes them."""
        loss = self.loss_of(target)
        softens = slots.augmentation is not None and slots.augmentation.softens
        return loss.softened() if softens else loss

    def describe(self, network: Network, loss: Loss, target: Any) -> None:
        """Set what predictions need beside the parameters."""
        estimator = self.estimator
        estimator._network, estimator._loss, estimator._target = network, loss, target
        estimator.n_layers_ = network.n_dense + 1
        estimator.n_outputs_ = network.n_out
        estimator.out_activation_ = loss.link

    # ------------------------------------------------------------------ arguments

    def check_request(self, given: Given) -> None:
        """Refuse combinations of arguments that say two things."""
        early_stopping = self.estimator.early_stopping
        if given.has_validation != (given.y_val is not None):
            raise ValueError("X_val and y_val go together: give both or neither.")
        if given.sample_weight_val is not None and not given.has_validation:
            raise ValueError("sample_weight_val needs X_val and y_val.")
        if given.has_validation and not early_stopping:
            raise ValueError(
                "X_val and y_val are given, but early_stopping is False: set "
                "early_stopping=True to use them."
            )
        if given.incremental and early_stopping and not given.has_validation:
            raise ValueError(
                "partial_fit does not support early_stopping=True without validation "
                "data of its own: pass X_val and y_val."
            )
        if (given.coefs_init is None) != (given.intercepts_init is None):
            raise ValueError("coefs_init and intercepts_init go together.")

    def validate(self, X: Any, y: Any, dtypes: list, reset: bool) -> tuple[Any, Any]:
        """Validate rows, with scikit-learn's means."""
        return validate_data(
            self.estimator,
            X,
            y,
            accept_sparse="csr",
            multi_output=True,
            dtype=dtypes,
            reset=reset,
        )

    def rows(
        self, X: Any, y: Any, target: Target, loss: Loss, sample_weight: Any
    ) -> Rows:
        """Put validated rows together."""
        weight = None
        if sample_weight is not None:
            weight = _check_sample_weight(
                sample_weight, X, dtype=np.float64, ensure_non_negative=True
            )
        encoded = target.encode(y, X.dtype)
        loss.check_target(y)
        return Rows(X, y, encoded, self.weigh(weight, y, target))

    def validation_rows(
        self, given: Given, target: Target, loss: Loss, dtype: np.dtype
    ) -> Rows | None:
        """Validate the user's own validation data, if there is any."""
        if not given.has_validation:
            return None
        X, y = self.validate(given.X_val, given.y_val, [dtype], reset=False)
        y = self.read_target(y)
        target.check_known(y)
        return self.rows(X, y, target, loss, given.sample_weight_val)


class PredictionTask(Task):
    """To predict the target with the scores of the network."""

    def build_network(
        self, slots: Slots, n_in: int, loss: Loss, target: Any
    ) -> Network:
        """Return the network for a number of inputs, a loss and a kind of target."""
        return slots.architecture.network(n_in, loss.n_scores(target.width))
