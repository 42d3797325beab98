"""The task of a classifier."""

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.multiclass import check_classification_targets

from skbackprop.core.spec import resolve
from skbackprop.estimators._task import Given, PredictionTask
from skbackprop.losses import ClassificationLoss, Loss
from skbackprop.network import Network
from skbackprop.training.class_weights import weights_of_classes
from skbackprop.training.classes import ClassTarget, class_target
from skbackprop.training.targets import as_column


class ClassificationTask(PredictionTask):
    """To tell classes apart."""

    def loss_of(self, target: ClassTarget) -> Loss:
        """Return the loss that a kind of target trains with."""
        return target.loss(resolve(ClassificationLoss, self.estimator.loss))

    def check_request(self, given: Given) -> None:
        """Refuse combinations of arguments that say two things."""
        super().check_request(given)
        if given.incremental and isinstance(self.estimator.class_weight, str):
            raise ValueError(
                "class_weight='balanced' is not supported for partial_fit, which does "
                "not see all rows. Compute the weights from all of y with "
                "sklearn.utils.class_weight.compute_class_weight and pass them as a "
                "dict."
            )

    def read_target(self, y: Any) -> Any:
        """Validate targets."""
        y = as_column(y)
        if issparse(y) and y.shape[1] == 1:
            raise TypeError(
                "y is a sparse matrix of one column: pass y.toarray().ravel(). Sparse "
                "targets are for multilabel classification."
            )
        check_classification_targets(y)
        return y

    def check_target(
        self, given: Given, y: Any, going_on: bool
    ) -> tuple[Any, ClassTarget]:
        """Validate targets, and find out their kind."""
        y = self.read_target(y)
        if not going_on:
            if given.incremental and given.classes is None:
                raise ValueError(
                    "classes must be passed on the first call to partial_fit."
                )
            target = class_target(y, given.classes)
            if given.classes is not None:
                target.check_declared(given.classes)
                target.check_known(y)
            return y, target
        target = self.estimator._target
        if given.classes is not None:
            target.check_declared(given.classes)
        if given.incremental:
            target.check_known(y)
        else:
            target.check_same(y)
        return y, target

    def describe(self, network: Network, loss: Loss, target: ClassTarget) -> None:
        """Set what predictions need beside the parameters."""
        super().describe(network, loss, target)
        self.estimator.classes_ = target.classes

    def weigh(
        self, weight: np.ndarray | None, y: Any, target: ClassTarget
    ) -> np.ndarray | None:
        """Return the weights of rows, times those of their classes."""
        class_weight = self.estimator.class_weight
        if class_weight is None:
            return weight
        of_class = weights_of_classes(class_weight, y, target, weight)
        return of_class if weight is None else weight * of_class
