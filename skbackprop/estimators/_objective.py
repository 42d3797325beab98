"""What a fitted estimator minimised: the same function, of any rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skbackprop.core.data import Data
from skbackprop.estimators._masks import flat_mask
from skbackprop.estimators._params import Slots, resolve_slots
from skbackprop.estimators._start import fitted_params, packed
from skbackprop.evaluation import Evaluation
from skbackprop.linearization import CurvatureProducts
from skbackprop.objective import Objective


@dataclass(frozen=True)
class BoundObjective:
    """The objective of a fit, at its parameters and on some rows.

    Parameters
    ----------
    objective : Objective
        Network, loss and penalty.
    theta : ndarray of shape (n_params,)
        A copy of the fitted parameters.
    data : Data
        The rows, encoded, weighed and scaled as in ``fit``.
    penalty_weight : float
        The weight of the rows that share the penalty: of all of them, or of a
        mini-batch where the solver went by these.
    """

    objective: Objective
    theta: np.ndarray
    data: Data
    penalty_weight: float

    def products(self) -> CurvatureProducts:
        """Return the gradient there, and products with the curvature.

        Returns
        -------
        CurvatureProducts
            At ``theta``.
        """
        return CurvatureProducts(
            self.objective,
            self.theta,
            self.data,
            penalty_weight=self.penalty_weight,
        )

    def value(self, theta: np.ndarray | None = None) -> float:
        """Return the objective.

        Parameters
        ----------
        theta : ndarray of shape (n_trainable,), optional
            Where, but for what is held at zero; by default at the fitted parameters.

        Returns
        -------
        float
            The mean loss and the penalty's share.
        """
        whole = self.theta.copy()
        if theta is not None:
            whole[: len(theta)] = theta
            self.objective.hold(whole)
        loss = Evaluation(self.objective, whole, self.data).loss()
        weights = self.objective.network.layout.weights(whole)
        return loss + self.objective.penalty.value(weights) / self.penalty_weight


def bound_objective(
    estimator: Any, X: Any, y: Any, sample_weight: Any = None
) -> BoundObjective:
    """Return what an estimator minimised in its fit, of the given rows.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one; it is not changed.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Inputs.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets, as ``fit`` takes them.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows; those of classes are multiplied in.

    Returns
    -------
    BoundObjective
        The objective without what is random in training: nothing is dropped, and
        statistics of batches are those of prediction.
    """
    check_is_fitted(estimator)
    slots = resolve_slots(estimator)
    dtype = estimator.coefs_[0].dtype
    task = estimator._task
    X, y = task.validate(X, y, [dtype], reset=False)
    y = task.read_target(y)
    target, loss = estimator._target, estimator._loss
    target.check_known(y)
    data = task.rows(X, y, target, loss, sample_weight).data()
    if not data.total_weight > 0:
        raise ValueError(
            "Sample weights must contain at least one non-zero number, class_weight "
            "included."
        )
    if estimator._scaling is not None:
        data = Data(X, estimator._scaling.scaled(data.target), data.weight)
    network = estimator._network
    theta = packed(network, fitted_params(estimator), dtype)
    rows = _rows_of_a_step(estimator, slots, len(data))
    mask = flat_mask(estimator, network, dtype)
    objective = Objective(network, loss, slots.penalty, mask)
    return BoundObjective(objective, theta, data, rows * data.mean_weight)


def _rows_of_a_step(estimator: Any, slots: Slots, n_rows: int) -> int:
    """Return how many rows share the penalty in training."""
    if not slots.solver.stepwise:
        return n_rows
    return min(200 if estimator.batch_size == "auto" else estimator.batch_size, n_rows)
