"""PyTorch as one writes it by hand: eager, minibatches by index, fused Adam."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ..workloads import ALPHA, LEARNING_RATE, SEED, Workload
from .base import Contender, Fitted


def build_network(workload: Workload, dtype: str) -> nn.Sequential:
    """A plain stack of linear layers and ReLU, started as scikit-learn starts."""
    layers: list[nn.Module] = []
    for weights, biases in workload.initial_parameters(dtype):
        linear = nn.Linear(*weights.shape, dtype=getattr(torch, dtype))
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weights.T.copy()))
            linear.bias.copy_(torch.from_numpy(biases))
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def target_tensor(workload: Workload, y: np.ndarray, dtype: str) -> torch.Tensor:
    """The target in the form that the loss wants."""
    if workload.task == "multiclass":
        return torch.from_numpy(y)
    return torch.from_numpy(y.astype(dtype)[:, None])


def half_squared_error(scores: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return 0.5 * nn.functional.mse_loss(scores, y)


LOSSES = {
    "multiclass": nn.functional.cross_entropy,
    "binary": nn.functional.binary_cross_entropy_with_logits,
    "regression": half_squared_error,
}


def split_parameters(network: nn.Module) -> tuple[list, list]:
    """Weights, which are penalised, and biases, which are not."""
    weights = [p for p in network.parameters() if p.ndim == 2]
    return weights, [p for p in network.parameters() if p.ndim == 1]


class TorchLoop(Contender):
    """The loop with the fewest calls that eager PyTorch allows."""

    solvers = ("adam", "lbfgs")

    def prepare(self) -> None:
        if self.threads is not None:
            torch.set_num_threads(self.threads)
        torch.manual_seed(SEED)
        self.X_tensor = torch.from_numpy(self.X)
        self.y_tensor = target_tensor(self.workload, self.y, self.dtype)
        self.loss = LOSSES[self.workload.task]

    def fit(self, epochs: int) -> Fitted:
        self.network = build_network(self.workload, self.dtype)
        if self.workload.solver == "lbfgs":
            return self._fit_full_batch(epochs)
        return self._fit_minibatches(epochs)

    def _fit_minibatches(self, epochs: int) -> Fitted:
        network, loss_of = self.network, self.loss
        X, y, n_samples = self.X_tensor, self.y_tensor, self.workload.n_samples
        batch = self.workload.batch
        weights, biases = split_parameters(network)
        # Adam's weight_decay adds its multiple of the weights to the gradient:
        # scikit-learn's penalty, which divides alpha by the rows of the batch.
        groups = [
            {"params": weights, "weight_decay": ALPHA / batch},
            {"params": biases, "weight_decay": 0.0},
        ]
        optimizer = torch.optim.Adam(groups, lr=LEARNING_RATE, fused=True)
        for _ in range(epochs):
            total = torch.zeros((), dtype=X.dtype)
            for rows in torch.randperm(n_samples).split(batch):
                optimizer.zero_grad(set_to_none=True)
                loss = loss_of(network(X[rows]), y[rows])
                loss.backward()
                optimizer.step()
                total += loss.detach() * len(rows)
        return Fitted(total.item() / n_samples, epochs)

    def _fit_full_batch(self, iterations: int) -> Fitted:
        network, X, y = self.network, self.X_tensor, self.y_tensor
        weights, _ = split_parameters(network)
        strength = 0.5 * ALPHA / len(X)
        optimizer = torch.optim.LBFGS(
            network.parameters(),
            max_iter=iterations,
            max_eval=100 * iterations,
            tolerance_grad=0.0,
            tolerance_change=0.0,
            history_size=10,
            line_search_fn="strong_wolfe",
        )
        losses = []

        def closure():
            optimizer.zero_grad(set_to_none=True)
            loss = self.loss(network(X), y)
            loss = loss + strength * sum(w.square().sum() for w in weights)
            loss.backward()
            losses.append(loss.item())
            return loss

        optimizer.step(closure)
        state = optimizer.state[optimizer._params[0]]
        return Fitted(min(losses), int(state["n_iter"]))

    def predict(self, X: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return self.network(torch.from_numpy(X)).argmax(dim=1).numpy()
