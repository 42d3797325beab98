"""skorch: PyTorch behind scikit-learn's interface."""

from __future__ import annotations

import numpy as np
import skorch
import torch

from ..workloads import ALPHA, LEARNING_RATE, SEED
from .base import Contender, Fitted
from .torch_loop import build_network, half_squared_error


class HalfSquaredError(torch.nn.Module):
    """scikit-learn's regression loss as the module that skorch wants."""

    def forward(self, scores, y):
        return half_squared_error(scores, y)


# task: (estimator, loss)
_KINDS = {
    "multiclass": (skorch.NeuralNetClassifier, torch.nn.CrossEntropyLoss),
    "binary": (skorch.NeuralNetBinaryClassifier, torch.nn.BCEWithLogitsLoss),
    "regression": (skorch.NeuralNetRegressor, HalfSquaredError),
}


class SkorchNet(Contender):
    """A skorch net without its validation split and its printed log."""

    def prepare(self) -> None:
        if self.threads is not None:
            torch.set_num_threads(self.threads)
        torch.manual_seed(SEED)
        task = self.workload.task
        if task == "binary":
            self.y = self.y.astype(self.dtype)
        if task == "regression":
            self.y = self.y[:, None]

    def net(self, epochs: int):
        cls, criterion = _KINDS[self.workload.task]
        return cls(
            build_network(self.workload, self.dtype),
            criterion=criterion,
            optimizer=torch.optim.Adam,
            optimizer__fused=True,
            optimizer__param_groups=[
                ("*.weight", {"weight_decay": ALPHA / self.workload.batch})
            ],
            lr=LEARNING_RATE,
            max_epochs=epochs,
            batch_size=self.workload.batch,
            iterator_train__shuffle=True,
            train_split=None,
            verbose=0,
        )

    def fit(self, epochs: int) -> Fitted:
        self.model = self.net(epochs).fit(self.X, self.y)
        return Fitted(float(self.model.history[-1, "train_loss"]), epochs)

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.model.predict(X)
