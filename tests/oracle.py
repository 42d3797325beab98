"""The slow, obvious network: Python loops over numbers, no matrix products.

An independent reference for the network and its objective. One row, one unit and one
weight at a time, as in a textbook; it shares no code with the package. All functions
accept complex numbers, so that a derivative can be taken with a complex step, which
has no rounding error to speak of.
"""

import copy
from dataclasses import dataclass

import numpy as np

ACTIVATIONS = {
    "identity": lambda z: z,
    "logistic": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: z if np.real(z) > 0 else 0 * z,
}

# Derivatives with respect to the pre-activation ``z``.
DERIVATIVES = {
    "identity": lambda z: 1.0 + 0 * z,
    "logistic": lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2,
    "tanh": lambda z: 1 / np.cosh(z) ** 2,
    "relu": lambda z: 1.0 if np.real(z) > 0 else 0.0,
}


@dataclass
class Network:
    """A network as nested lists.

    ``weights[layer][i][j]`` leads from unit ``i`` to unit ``j`` of the next layer,
    ``biases[layer][j]`` belongs to unit ``j``, and ``activations[layer]`` names the
    function applied to that layer's outputs, the last layer included.
    """

    weights: list
    biases: list
    activations: list

    @classmethod
    def from_arrays(cls, coefs, intercepts, hidden, output="identity"):
        """Take coefficient arrays; ``hidden`` is one name or one name per layer."""
        n_hidden = len(coefs) - 1
        names = [hidden] * n_hidden if isinstance(hidden, str) else list(hidden)
        weights = [np.asarray(w).tolist() for w in coefs]
        biases = [np.asarray(b).tolist() for b in intercepts]
        return cls(weights, biases, [*names, output])

    def n_parameters(self):
        """Count weights and biases one by one."""
        count = 0
        for layer in self.weights:
            for row in layer:
                count += len(row)
        for layer in self.biases:
            count += len(layer)
        return count


def forward(network, row):
    """Return pre-activations and activations of every layer for one row."""
    zs, outputs = [], [list(row)]
    for weight, bias, name in zip(
        network.weights, network.biases, network.activations, strict=True
    ):
        z = []
        for j in range(len(bias)):
            total = bias[j]
            for i in range(len(outputs[-1])):
                total = total + outputs[-1][i] * weight[i][j]
            z.append(total)
        zs.append(z)
        outputs.append([ACTIVATIONS[name](value) for value in z])
    return zs, outputs


def predict(network, rows):
    """Return the outputs of the last layer for several rows."""
    return [forward(network, row)[1][-1] for row in rows]


def squared_error(scores, target):
    """Half the squared error, summed over outputs, and its gradient."""
    value, gradient = 0.0, []
    for score, wanted in zip(scores, target, strict=True):
        value = value + 0.5 * (score - wanted) ** 2
        gradient.append(score - wanted)
    return value, gradient


def poisson(scores, target):
    """Half the Poisson deviance with a log link, summed over outputs."""
    value, gradient = 0.0, []
    for score, wanted in zip(scores, target, strict=True):
        constant = wanted * np.log(wanted) - wanted if wanted > 0 else 0.0
        value = value + np.exp(score) - wanted * score + constant
        gradient.append(np.exp(score) - wanted)
    return value, gradient


def binary_log_loss(scores, target):
    """Minus the log-likelihood of independent yes-or-no outputs."""
    value, gradient = 0.0, []
    for score, wanted in zip(scores, target, strict=True):
        value = value + np.log(1 + np.exp(score)) - wanted * score
        gradient.append(1 / (1 + np.exp(-score)) - wanted)
    return value, gradient


def categorical_log_loss(scores, target):
    """Minus the log-likelihood of one class out of several, one-hot in ``target``."""
    total = 0.0
    for score in scores:
        total = total + np.exp(score)
    value, gradient = 0.0, []
    for score, wanted in zip(scores, target, strict=True):
        value = value - wanted * (score - np.log(total))
        gradient.append(np.exp(score) / total - wanted)
    return value, gradient


def loss(network, rows, targets, per_row, *, weights=None, alpha=0.0, normaliser=None):
    """Return the weighted mean loss plus the ridge penalty, as scikit-learn scales it.

    ``normaliser`` divides both; by default it is the sum of the weights.
    """
    weights = [1.0] * len(rows) if weights is None else weights
    normaliser = sum(weights) if normaliser is None else normaliser
    total = 0.0
    for row, target, weight in zip(rows, targets, weights, strict=True):
        value, _ = per_row(forward(network, row)[1][-1], target)
        total = total + weight * value
    for layer in network.weights:
        for line in layer:
            for w in line:
                total = total + 0.5 * alpha * w**2
    return total / normaliser


def backward(network, row, target, per_row):
    """Return the error terms of every layer for one row: the chain rule, unrolled."""
    zs, outputs = forward(network, row)
    _, downstream = per_row(outputs[-1], target)
    deltas = []
    for layer in reversed(range(len(zs))):
        derivative = DERIVATIVES[network.activations[layer]]
        delta = [d * derivative(z) for d, z in zip(downstream, zs[layer], strict=True)]
        deltas.insert(0, delta)
        downstream = []
        for line in network.weights[layer]:
            term = 0.0
            for j in range(len(delta)):
                term = term + line[j] * delta[j]
            downstream.append(term)
    return outputs, deltas


def gradient(
    network, rows, targets, per_row, *, weights=None, alpha=0.0, normaliser=None
):
    """Return the gradient of `loss` as nested lists: of the weights, of the biases."""
    weights = [1.0] * len(rows) if weights is None else weights
    normaliser = sum(weights) if normaliser is None else normaliser
    of_weights = copy.deepcopy(network.weights)
    for layer in of_weights:
        for line in layer:
            for j in range(len(line)):
                line[j] = alpha * line[j] / normaliser
    of_biases = [[0.0] * len(layer) for layer in network.biases]
    for row, target, weight in zip(rows, targets, weights, strict=True):
        outputs, deltas = backward(network, row, target, per_row)
        for layer, delta in enumerate(deltas):
            for j in range(len(delta)):
                of_biases[layer][j] += weight * delta[j] / normaliser
                for i in range(len(outputs[layer])):
                    of_weights[layer][i][j] += (
                        weight * outputs[layer][i] * delta[j] / normaliser
                    )
    return of_weights, of_biases


def complex_step_gradient(network, *args, step=1e-30, **kwargs):
    """Differentiate `loss` numerically: an imaginary step in one number at a time."""

    def derivative(line, j):
        kept = line[j]
        line[j] = kept + 1j * step
        value = np.imag(loss(network, *args, **kwargs)) / step
        line[j] = kept
        return float(value)

    of_weights = [
        [[derivative(line, j) for j in range(len(line))] for line in layer]
        for layer in network.weights
    ]
    of_biases = [
        [derivative(layer, j) for j in range(len(layer))] for layer in network.biases
    ]
    return of_weights, of_biases


def descend(network, gradients, rate):
    """Return the network after one step of gradient descent."""
    of_weights, of_biases = gradients
    stepped = copy.deepcopy(network)
    for layer in range(len(stepped.weights)):
        for i in range(len(stepped.weights[layer])):
            for j in range(len(stepped.weights[layer][i])):
                stepped.weights[layer][i][j] -= rate * of_weights[layer][i][j]
        for j in range(len(stepped.biases[layer])):
            stepped.biases[layer][j] -= rate * of_biases[layer][j]
    return stepped
