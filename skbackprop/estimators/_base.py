"""What classifier and regressor share: the way of the data through a fit."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import validate_data

from skbackprop._compat import _check_sample_weight
from skbackprop.core.ops import all_finite
from skbackprop.estimators._hidden import hidden_activations
from skbackprop.estimators._inputs import check_fitted, is_ready
from skbackprop.estimators._masks import starting_mask
from skbackprop.estimators._params import (
    CONSTRAINTS,
    Slots,
    check_trainable,
    resolve_slots,
)
from skbackprop.estimators._persistence import Persistent
from skbackprop.estimators._run import Run
from skbackprop.estimators._scaling import FittedScaling
from skbackprop.estimators._start import (
    check_same_shape,
    extra_params,
    fitted_params,
    given_params,
    packed,
    stored_params,
)
from skbackprop.losses import Loss
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.prediction import predict_rows
from skbackprop.training.health import GradientHealth
from skbackprop.training.keeping import Beginning, keeper_for
from skbackprop.training.monitor import TrainingMonitor
from skbackprop.training.progress import Progress
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


class BaseBackprop(Persistent, CallbackSupportMixin, BaseEstimator, ABC):
    """The way of the data: validate, encode, batch, forward, loss, backward, step."""

    _parameter_constraints: ClassVar[dict[str, list]] = CONSTRAINTS
    _target: Any
    _network: Network
    _loss: Loss
    _progress: Progress | None
    _scaling: FittedScaling | None = None
    _scales_targets: ClassVar[bool] = False

    @abstractmethod
    def _check_target(self, given: Given, y: Any, going_on: bool) -> tuple[Any, Target]:
        """Validate targets, and find out their kind."""

    @abstractmethod
    def _loss_of(self, target: Any) -> Loss:
        """Return the loss that a kind of target trains with."""

    @abstractmethod
    def _read_target(self, y: Any) -> Any:
        """Validate targets."""

    @abstractmethod
    def _weigh(
        self, weight: np.ndarray | None, y: Any, target: Any
    ) -> np.ndarray | None:
        """Return the weights of rows, times those of their classes."""

    @abstractmethod
    def _build_network(
        self, slots: Slots, n_in: int, loss: Loss, target: Target
    ) -> Network:
        """Return the network for a number of inputs, a loss and a kind of target."""

    # ------------------------------------------------------------------- training

    def _train(self, given: Given) -> Any:
        slots = resolve_slots(self)
        self._check_request(given)
        going_on = hasattr(self, "coefs_") and (self.warm_start or given.incremental)
        if not going_on:
            # Should this fit be refused, no mixture of old and new is left behind.
            for name in ("coefs_", "intercepts_"):
                self.__dict__.pop(name, None)
        dtypes = [self.coefs_[0].dtype] if going_on else [np.float64, np.float32]
        X, y = self._validate(given.X, given.y, dtypes, reset=not going_on)
        y, target = self._check_target(given, y, going_on)
        loss = self._training_loss(slots, target)
        network = self._build_network(slots, X.shape[1], loss, target)
        check_trainable(network, slots)
        if going_on:
            check_same_shape(self, network)
        mask = starting_mask(self, network, X.dtype, going_on, slots.pruning)
        objective = Objective(network, loss, slots.penalty, mask)
        rows = self._rows(X, y, target, objective.loss, given.sample_weight)
        held_out = self._validation_rows(given, target, objective.loss, rows.X.dtype)
        rng = check_random_state(self.random_state)
        keeper = keeper_for(Beginning(self, rows, held_out, given, rng, going_on))
        rng = keeper.rewound(rng)
        theta = self._start(network, rng, rows.X.dtype, slots, given, going_on)
        objective.hold(theta)
        before = dict(vars(self)) if going_on else {}
        self._describe(network, objective.loss, target)
        if not going_on:
            self._forget()
        try:
            run = Run(
                self,
                slots,
                objective,
                rows,
                held_out,
                theta,
                rng,
                given,
                going_on,
                keeper,
            )
            run.go()
        except Exception:
            # Weights that are still the old ones go on to predict as they did.
            if before and self.coefs_ is before["coefs_"]:
                self.__dict__.update(before)
            raise
        return self

    def _training_loss(self, slots: Slots, target: Any) -> Loss:
        """Return the loss; the one for soft targets where augmentation makes them."""
        loss = self._loss_of(target)
        softens = slots.augmentation is not None and slots.augmentation.softens
        return loss.softened() if softens else loss

    def _check_request(self, given: Given) -> None:
        """Refuse combinations of arguments that say two things."""
        if given.has_validation != (given.y_val is not None):
            raise ValueError("X_val and y_val go together: give both or neither.")
        if given.sample_weight_val is not None and not given.has_validation:
            raise ValueError("sample_weight_val needs X_val and y_val.")
        if given.has_validation and not self.early_stopping:
            raise ValueError(
                "X_val and y_val are given, but early_stopping is False: set "
                "early_stopping=True to use them."
            )
        if given.incremental and self.early_stopping and not given.has_validation:
            raise ValueError(
                "partial_fit does not support early_stopping=True without validation "
                "data of its own: pass X_val and y_val."
            )
        if (given.coefs_init is None) != (given.intercepts_init is None):
            raise ValueError("coefs_init and intercepts_init go together.")

    def _validate(self, X: Any, y: Any, dtypes: list, reset: bool) -> tuple[Any, Any]:
        return validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            multi_output=True,
            dtype=dtypes,
            reset=reset,
        )

    def _rows(
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
        return Rows(X, y, encoded, self._weigh(weight, y, target))

    def _validation_rows(
        self, given: Given, target: Target, loss: Loss, dtype: np.dtype
    ) -> Rows | None:
        """Validate the user's own validation data, if there is any."""
        if not given.has_validation:
            return None
        X, y = self._validate(given.X_val, given.y_val, [dtype], reset=False)
        y = self._read_target(y)
        target.check_known(y)
        return self._rows(X, y, target, loss, given.sample_weight_val)

    def _start(
        self,
        network: Network,
        rng: np.random.RandomState,
        dtype: np.dtype,
        slots: Slots,
        given: Given,
        going_on: bool,
    ) -> np.ndarray:
        """Return the parameters to start from."""
        if given.coefs_init is not None and given.intercepts_init is not None:
            extra = self.extra_params_ if going_on else {}
            own = given_params(network, given.coefs_init, given.intercepts_init, extra)
            return packed(network, own, dtype)
        if going_on:
            return packed(network, fitted_params(self), dtype)
        return network.initial(rng, dtype, slots.initializer, slots.output_initializer)

    def _describe(self, network: Network, loss: Loss, target: Any) -> None:
        """Set what predictions need beside the parameters."""
        self._network, self._loss, self._target = network, loss, target
        self.n_layers_ = network.n_dense + 1
        self.n_outputs_ = network.n_out
        self.out_activation_ = loss.link

    def _forget(self) -> None:
        """Start all records anew."""
        self._progress = None
        self.t_ = 0
        self.n_steps_ = 0
        self.loss_curve_: list[float] = []
        self.learning_rate_curve_: list[float] = []
        self.validation_scores_: list[float] | None = None
        self.validation_loss_curve_: list[float] | None = None
        self.best_validation_score_: float | None = None
        self.gradient_health_: GradientHealth | None = None
        self.masks_: list[np.ndarray] | None = None
        self.intercept_masks_: list[np.ndarray] | None = None

    def _fitted_state(
        self, theta: np.ndarray, monitor: TrainingMonitor
    ) -> dict[str, Any]:
        """Return the fitted attributes that change from epoch to epoch."""
        layout, history = self._network.layout, monitor.history
        watched = monitor.checker is not None
        curve = history.loss_curve
        best = monitor.patience.best if monitor.patience is not None else np.nan
        return {
            "coefs_": layout.of_kind("weight", theta),
            "intercepts_": layout.of_kind("bias", theta),
            "extra_params_": extra_params(self._network, theta),
            "n_iter_": monitor.n_iter,
            "stopped_by_": monitor.stopped_by,
            "masks_": self.masks_,
            "intercept_masks_": self.intercept_masks_,
            "gradient_health_": monitor.gradient_health,
            "t_": monitor.n_seen,
            "loss_curve_": curve,
            "learning_rate_curve_": history.learning_rate_curve,
            "loss_": curve[-1] if curve else np.nan,
            "best_loss_": None if watched or not curve else min(curve),
            "validation_scores_": history.validation_scores if watched else None,
            "validation_loss_curve_": (
                history.validation_loss_curve if watched else None
            ),
            "best_validation_score_": -best if watched else None,
        }

    def _publish(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    def _snapshot(self, state: dict[str, Any]) -> Any:
        """Return a fitted copy for scorers, which hand it plain arrays."""
        snapshot = copy.copy(self)
        snapshot._publish(state)
        snapshot.__dict__.pop("feature_names_in_", None)
        return snapshot

    # ------------------------------------------------------------------ predicting

    def _scores(
        self, X: Any, finish: Callable[[np.ndarray], np.ndarray] | None = None
    ) -> np.ndarray:
        """Return raw scores, or predictions, in chunks of bounded memory."""
        check_fitted(self)
        X = self._check_inputs(X)
        params = self._network.layout.regroup(stored_params(self))
        dtype = np.result_type(X.dtype, self.coefs_[0].dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            return predict_rows(self._network, params, X, dtype, finish or _unchanged)

    def _check_inputs(self, X: Any) -> Any:
        """Validate what is to be predicted."""
        if is_ready(X, self) and all_finite(X):
            return X
        return validate_data(
            self,
            X,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            reset=False,
        )

    def input_gradient(self, X: Any, *, response_method: Any = "auto") -> np.ndarray:
        """Return the gradients of what is predicted with respect to the inputs.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        response_method : str, default="auto"
            What is differentiated: ``"decision_function"``, the raw scores of the
            network; ``"predict_proba"``, or ``"predict"`` of a regressor, in units of
            the target. ``"auto"`` are the predictions of a regressor, the raw scores
            otherwise.

        Returns
        -------
        gradient : ndarray of shape (n_samples, n_features[, n_outputs])
            The derivative of each output by each feature, at each row; dense, without
            a third axis if there is a single output. At kinks it is that of one side.
        """
        # Imported when used: fits and predictions do without.
        from skbackprop.estimators._responses import input_gradient

        return input_gradient(self, X, response_method)

    def hidden_activations(self, X: Any) -> list[np.ndarray]:
        """Return what the hidden layers make of some rows, as in prediction.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        activations : list of ndarray of shape (n_samples, n_units)
            One for each hidden layer, what its activation function gives.
        """
        return hidden_activations(self, X)

    def __sklearn_is_fitted__(self) -> bool:
        """Tell whether there are parameters: a refused fit leaves none."""
        return hasattr(self, "coefs_")

    def __sklearn_tags__(self) -> Tags:
        """Return the tags: sparse input."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class BasePredictor(BaseBackprop):
    """An estimator whose network predicts the target."""

    def _build_network(
        self, slots: Slots, n_in: int, loss: Loss, target: Target
    ) -> Network:
        return slots.architecture.network(n_in, loss.n_scores(target.width))

    def predict(self, X: Any) -> Any:
        """Predict with the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predictions. For multilabel targets that were sparse, a sparse matrix.
        """
        # In this order: without a fit there is no target to ask either.
        positions = self._scores(X, self._positions)
        return self._target.decode(positions)

    def _positions(self, raw: np.ndarray) -> np.ndarray:
        """Return what a chunk of raw scores predicts, before it is decoded."""
        return self._target.positions_by_score(raw, self._loss)


def _unchanged(raw: np.ndarray) -> np.ndarray:
    return raw
