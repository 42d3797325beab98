"""The two estimators with scikit-learn's interface."""

from __future__ import annotations

import numpy as np

from ..workloads import ALPHA, LEARNING_RATE, SEED
from .base import Contender, Fitted


class EstimatorContender(Contender):
    """An MLPClassifier/MLPRegressor or what can stand in its place."""

    solvers = ("adam", "lbfgs")

    def classes(self) -> tuple[type, type]:
        """Classifier and regressor."""
        raise NotImplementedError

    def estimator(self, epochs: int):
        """An unfitted estimator that will not stop early."""
        classifier, regressor = self.classes()
        cls = regressor if self.workload.task == "regression" else classifier
        return cls(
            hidden_layer_sizes=self.workload.hidden,
            solver=self.workload.solver,
            alpha=ALPHA,
            batch_size=min(self.workload.batch, self.workload.n_samples),
            learning_rate_init=LEARNING_RATE,
            max_iter=epochs,
            tol=0.0,
            n_iter_no_change=np.inf,
            random_state=SEED,
        )

    def fit(self, epochs: int) -> Fitted:
        self.model = self.estimator(epochs).fit(self.X, self.y)
        return Fitted(float(self.model.loss_), int(self.model.n_iter_))

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.model.predict(X)


class ScikitLearn(EstimatorContender):
    """scikit-learn's own."""

    def classes(self):
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        return MLPClassifier, MLPRegressor


class Skbackprop(EstimatorContender):
    """This package."""

    def classes(self):
        from skbackprop import BackpropClassifier, BackpropRegressor

        return BackpropClassifier, BackpropRegressor
