r"""
One step of backpropagation by hand
===================================

A textbook example: three inputs, two hidden units, one output, the logistic function
everywhere, one row of data and one step of gradient descent. We do the arithmetic, then
let the parts of the package do it, then the estimator.
"""

# %%
# By hand
# -------
# The loss is :math:`E = \frac{1}{2} (t - o)^2`. The error term of a unit is minus the
# derivative of the loss with respect to the unit's score.

import numpy as np

x, t, rate = np.array([[1.0, 0.0, 1.0]]), 1.0, 0.9
W1 = np.array([[0.2, -0.3], [0.4, 0.1], [-0.5, 0.2]])
b1 = np.array([-0.4, 0.2])
W2 = np.array([[-0.3], [-0.2]])
b2 = np.array([0.1])


def sigmoid(z):
    """Squash into (0, 1)."""
    return 1 / (1 + np.exp(-z))


hidden = sigmoid(x @ W1 + b1)
output = sigmoid(hidden @ W2 + b2)
output_error = (t - output) * output * (1 - output)
hidden_error = output_error @ W2.T * hidden * (1 - hidden)
by_hand = {
    "W1": W1 + rate * x.T @ hidden_error,
    "b1": b1 + rate * hidden_error[0],
    "W2": W2 + rate * hidden.T @ output_error,
    "b2": b2 + rate * output_error[0],
}
print("hidden", hidden.round(3), "output", output.round(3))
print("error terms", output_error.round(4), hidden_error.round(4))

# %%
# With the parts of the package
# -----------------------------
# A network is a row of layers over one flat vector of parameters. Binding it to that
# vector, to a vector for the gradient and to a number of rows gives two functions.
from skbackprop.architecture import mlp
from skbackprop.core.workspace import Workspace
from skbackprop.layers import Logistic

network = mlp(n_in=3, hidden=[2], activations=[Logistic()], n_out=1)
layout = network.layout
theta = layout.pack({"weight": [W1, W2], "bias": [b1, b2]}, np.float64)
gradient = np.zeros_like(theta)
bound = network.bind(
    layout.views(theta), layout.views(gradient), rows=1, workspace=Workspace(1, float)
)
print(f"{layout.size} parameters")

# %%
# The classifier has this loss as ``loss="squared_error"``; the regressor's has no
# logistic output. To see what a loss is, here it is by hand: a class with three
# methods, and an object of it is an option of the regressor.
from skbackprop.losses import RegressionLoss


class LogisticSquaredError(RegressionLoss, name="logistic_squared_error"):
    """Half the squared error of a logistic output."""

    link = "logistic"

    def inverse_link(self, raw):
        """Replace the scores by their logistic function."""
        raw[...] = sigmoid(raw)
        return raw

    def value(self, prediction, target):
        """Return the loss of each row."""
        return 0.5 * ((prediction - target) ** 2).sum(axis=1)

    def gradient(self, prediction, target, out):
        """Write the derivative with respect to the scores."""
        out[...] = (prediction - target) * prediction * (1 - prediction)
        return out


loss = LogisticSquaredError()
target = np.array([[t]])
prediction = loss.inverse_link(bound.forward(x))
bound.backward(loss.gradient(prediction, target, np.empty_like(target)))
step = theta - rate * gradient
for array, expected in zip(
    [*layout.of_kind("weight", step), *layout.of_kind("bias", step)],
    [by_hand["W1"], by_hand["W2"], by_hand["b1"], by_hand["b2"]],
    strict=True,
):
    assert np.allclose(array, expected)
print("the parts agree")

# %%
# With the estimator
# ------------------
# One row, one epoch, plain gradient descent from given weights.
import warnings

from skbackprop import BackpropRegressor

model = BackpropRegressor(
    loss=loss,
    hidden_layer_sizes=2,
    activation="logistic",
    solver="sgd",
    momentum=0,
    learning_rate_init=rate,
    alpha=0,
    max_iter=1,
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a single step does not converge
    model.fit(x, [t], coefs_init=[W1, W2], intercepts_init=[b1, b2])

for name, array in zip(
    ("W1", "W2", "b1", "b2"), [*model.coefs_, *model.intercepts_], strict=True
):
    assert np.allclose(array, by_hand[name])
    print(name, array.round(3).tolist())

# %%
# What it looks like after the step: positive weights are red, negative ones blue.
from matplotlib import pyplot as plt

from skbackprop.inspection import NetworkDisplay

NetworkDisplay.from_estimator(model, feature_names=["x1 = 1", "x2 = 0", "x3 = 1"])
plt.show()
