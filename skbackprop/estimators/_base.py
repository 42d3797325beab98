"""What all estimators share: their state, and where fits and predictions begin."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import Tags
from sklearn.utils.validation import validate_data

from skbackprop.core.ops import all_finite
from skbackprop.estimators._inputs import check_fitted, is_ready
from skbackprop.estimators._later import Constraints
from skbackprop.estimators._persistence import Persistent

if TYPE_CHECKING:
    from skbackprop.estimators._task import Task


class BaseBackprop(Persistent, CallbackSupportMixin, BaseEstimator, ABC):
    """An estimator around a network.

    The methods import what trains and predicts when they are called, see ``_later``.
    """

    # A table; in a subclass it may be a dictionary of its own.
    _parameter_constraints: ClassVar[Any] = Constraints("OF_ALL")
    _scales_targets: ClassVar[bool] = False

    coefs_: list[np.ndarray]
    intercepts_: list[np.ndarray]
    n_features_in_: int
    n_layers_: int
    n_outputs_: int
    out_activation_: str
    n_iter_: int
    t_: int
    loss_: float
    best_loss_: float | None
    loss_curve_: list[float]
    learning_rate_curve_: list[float]
    validation_scores_: list[float] | None
    validation_loss_curve_: list[float] | None
    best_validation_score_: float | None
    stopped_by_: str | None
    masks_: list[np.ndarray] | None
    intercept_masks_: list[np.ndarray] | None

    _network: Any
    _loss: Any
    _target: Any
    _progress: Any
    _scaling: Any = None

    @property
    @abstractmethod
    def _task(self) -> "Task":
        """What the estimator makes of its targets."""

    def _train(self, **given: Any) -> Any:
        from skbackprop.estimators._task import Given
        from skbackprop.estimators._training import train

        return train(self, Given(**given))

    # ------------------------------------------------------------------ predicting

    def _scores(
        self, X: Any, finish: Callable[[np.ndarray], np.ndarray] | None = None
    ) -> np.ndarray:
        """Return raw scores, or predictions, in chunks of bounded memory."""
        check_fitted(self)
        X = self._check_inputs(X)
        from skbackprop.estimators._predicting import scores

        return scores(self, X, finish)

    def _check_inputs(self, X: Any) -> Any:
        """Validate what is to be predicted."""
        if is_ready(X, self) and all_finite(X):
            return X
        X = validate_data(self, X, accept_sparse="csr", reset=False)
        if X.dtype.kind not in "biuf":
            raise TypeError(
                f"X holds {X.dtype}, which are no numbers: convert it first."
            )
        is_ready_type = X.dtype == np.float32 or X.dtype == np.float64
        return X if is_ready_type else X.astype(np.float64)

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
        from skbackprop.estimators._hidden import hidden_activations

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
