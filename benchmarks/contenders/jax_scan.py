"""JAX on the CPU: an epoch is one compiled scan over its minibatches."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from ..workloads import ALPHA, LEARNING_RATE, SEED
from .base import Contender, Fitted

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


def scores_of(layers, X):
    """Forward through ReLU layers to the scores."""
    for weights, biases in layers[:-1]:
        X = jax.nn.relu(X @ weights + biases)
    weights, biases = layers[-1]
    return X @ weights + biases


def mean_loss(task, scores, y):
    """The loss of a batch, without the penalty."""
    if task == "multiclass":
        chosen = jnp.take_along_axis(scores, y[:, None], axis=1)[:, 0]
        return jnp.mean(jax.nn.logsumexp(scores, axis=1) - chosen)
    scores = scores[:, 0]
    if task == "binary":
        return jnp.mean(jnp.logaddexp(0.0, scores) - y * scores)
    return 0.5 * jnp.mean((scores - y) ** 2)


def objective(layers, X, y, task):
    """Loss with scikit-learn's penalty; returns also the bare loss."""
    loss = mean_loss(task, scores_of(layers, X), y)
    squares = sum(jnp.sum(weights**2) for weights, _ in layers)
    return loss + 0.5 * ALPHA / len(X) * squares, loss


def adam(state, gradients):
    """One update; state is parameters, both moments and the count of steps."""
    layers, means, squares, t = state
    t = t + 1
    tree_map = jax.tree_util.tree_map
    means = tree_map(lambda m, g: _BETA_1 * m + (1 - _BETA_1) * g, means, gradients)
    squares = tree_map(
        lambda v, g: _BETA_2 * v + (1 - _BETA_2) * g * g, squares, gradients
    )
    rate = LEARNING_RATE * jnp.sqrt(1 - _BETA_2**t) / (1 - _BETA_1**t)
    layers = tree_map(
        lambda p, m, v: p - rate.astype(p.dtype) * m / (jnp.sqrt(v) + _EPSILON),
        layers,
        means,
        squares,
    )
    return layers, means, squares, t


@partial(jax.jit, static_argnames="task", donate_argnums=0)
def run_batches(state, X, y, batches, task):
    """Train on each row of indices in turn; returns also the sum of losses."""

    def step(state, rows):
        gradients, loss = jax.grad(objective, has_aux=True)(
            state[0], X[rows], y[rows], task
        )
        return adam(state, gradients), loss

    state, losses = jax.lax.scan(step, state, batches)
    return state, losses.sum() * batches.shape[1]


class JaxScan(Contender):
    """All batches of an epoch in one call, the short last one in another."""

    def prepare(self) -> None:
        jax.config.update("jax_enable_x64", self.dtype == "float64")
        y = self.y.astype(self.dtype) if self.workload.task == "binary" else self.y
        self.X_device, self.y_device = jnp.asarray(self.X), jnp.asarray(y)
        self.predict_compiled = jax.jit(lambda p, X: scores_of(p, X).argmax(axis=1))

    def fresh_state(self):
        layers = [
            (jnp.asarray(weights), jnp.asarray(biases))
            for weights, biases in self.workload.initial_parameters(self.dtype)
        ]
        zeros = jax.tree_util.tree_map(jnp.zeros_like, layers)
        more_zeros = jax.tree_util.tree_map(jnp.zeros_like, layers)
        return layers, zeros, more_zeros, jnp.zeros((), self.dtype)

    def epoch_batches(self, rng: np.random.Generator) -> list[np.ndarray]:
        """A shuffled epoch: a matrix of full batches, then what is left over."""
        order = rng.permutation(self.workload.n_samples).astype(np.int32)
        batch = min(self.workload.batch, len(order))
        whole = len(order) // batch * batch
        parts = [order[:whole].reshape(-1, batch), order[None, whole:]]
        return [part for part in parts if part.size]

    def fit(self, epochs: int) -> Fitted:
        rng, state = np.random.default_rng(SEED), self.fresh_state()
        for _ in range(epochs):
            total = 0.0
            for batches in self.epoch_batches(rng):
                state, part = run_batches(
                    state, self.X_device, self.y_device, batches, self.workload.task
                )
                total = total + part
        self.layers = jax.block_until_ready(state[0])
        return Fitted(float(total) / self.workload.n_samples, epochs)

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.asarray(self.predict_compiled(self.layers, X))
