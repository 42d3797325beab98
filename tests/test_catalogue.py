"""Textbook facts: one worked step by hand, counts, kinds of descent, XOR."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.core.workspace import Workspace
from skbackprop.layers import Dense, Logistic, ReLU
from skbackprop.network import Network

from . import oracle

SHORT = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # a few epochs are enough here
)

# A network of two logistic hidden units and a logistic output, trained on one row
# with half the squared error of the output.
ROW, TARGET, RATE = [1.0, 0.0, 1.0], [1.0], 0.9
W1 = [[0.2, -0.3], [0.4, 0.1], [-0.5, 0.2]]
B1 = [-0.4, 0.2]
W2 = [[-0.3], [-0.2]]
B2 = [0.1]
HIDDEN, OUTPUT = [0.332, 0.525], [0.474]
OUTPUT_ERROR, HIDDEN_ERROR = [0.1311], [-0.0087, -0.0065]
W1_AFTER = [[0.192, -0.306], [0.4, 0.1], [-0.508, 0.194]]
B1_AFTER = [-0.408, 0.194]
W2_AFTER = [[-0.261], [-0.138]]
B2_AFTER = [0.218]
PRINTED = {"rtol": 0, "atol": 5.1e-4}


def worked_example():
    return oracle.Network([W1, W2], [B1, B2], ["logistic", "logistic"])


def test_the_worked_example_in_loops():
    outputs, deltas = oracle.backward(
        worked_example(), ROW, TARGET, oracle.squared_error
    )
    assert_allclose(outputs[1], HIDDEN, **PRINTED)
    assert_allclose(outputs[2], OUTPUT, **PRINTED)
    # Printed error terms point downhill, and were computed from rounded outputs.
    assert_allclose(np.negative(deltas[1]), OUTPUT_ERROR, rtol=0, atol=1e-4)
    assert_allclose(np.negative(deltas[0]), HIDDEN_ERROR, rtol=0, atol=1e-4)
    gradients = oracle.gradient(worked_example(), [ROW], [TARGET], oracle.squared_error)
    after = oracle.descend(worked_example(), gradients, RATE)
    for loops, expected in [
        (after.weights[0], W1_AFTER),
        (after.weights[1], W2_AFTER),
        (after.biases[0], B1_AFTER),
        (after.biases[1], B2_AFTER),
    ]:
        assert_allclose(loops, expected, **PRINTED)


def test_the_worked_example_in_layers():
    network = Network([Dense(2), Logistic(), Dense(1), Logistic()], n_in=3)
    arrays = {"weight": map(np.array, (W1, W2)), "bias": map(np.array, (B1, B2))}
    theta = network.layout.pack(arrays, np.dtype(float))
    gradient = np.zeros_like(theta)
    views = network.layout.views
    bound = network.bind(views(theta), views(gradient), 1, Workspace(1, theta.dtype))
    output = bound.forward(np.array([ROW]))
    assert_allclose(output, [OUTPUT], **PRINTED)
    bound.backward(output - np.array([TARGET]))
    theta -= RATE * gradient
    for kind, expected in [
        ("weight", (W1_AFTER, W2_AFTER)),
        ("bias", (B1_AFTER, B2_AFTER)),
    ]:
        for array, values in zip(
            network.layout.of_kind(kind, theta), expected, strict=True
        ):
            assert_allclose(array, values, **PRINTED)


@SHORT
def test_the_worked_example_through_a_regressor():
    # A regressor has an identity output: that part of the example is checked in loops.
    network = oracle.Network([W1, W2], [B1, B2], ["logistic", "identity"])
    gradients = oracle.gradient(network, [ROW], [TARGET], oracle.squared_error)
    after = oracle.descend(network, gradients, RATE)
    model = BackpropRegressor(
        hidden_layer_sizes=(2,),
        activation="logistic",
        solver="sgd",
        momentum=0.0,
        alpha=0.0,
        learning_rate_init=RATE,
        max_iter=1,
    )
    start = {"coefs_init": [W1, W2], "intercepts_init": [B1, B2]}
    model.fit([ROW], TARGET, **start)
    for array, loops in zip(model.coefs_, after.weights, strict=True):
        assert_allclose(array, loops)
    for array, loops in zip(model.intercepts_, after.biases, strict=True):
        assert_allclose(array, loops)


LOSSES = {
    "squared error": (oracle.squared_error, [[0.3, -1.0], [2.0, 0.1]]),
    "poisson": (oracle.poisson, [[0.0, 1.0], [2.0, 3.0]]),
    "binary log loss": (oracle.binary_log_loss, [[0.0, 1.0], [1.0, 1.0]]),
    "categorical log loss": (oracle.categorical_log_loss, [[0.0, 1.0], [1.0, 0.0]]),
}


@pytest.mark.parametrize("activation", oracle.ACTIVATIONS)
@pytest.mark.parametrize(("per_row", "targets"), LOSSES.values(), ids=LOSSES)
def test_the_loops_know_their_own_derivative(per_row, targets, activation):
    rng = np.random.RandomState(0)
    coefs = [rng.normal(size=shape) for shape in [(3, 4), (4, 3), (3, 2)]]
    intercepts = [rng.normal(size=width) for width in (4, 3, 2)]
    network = oracle.Network.from_arrays(coefs, intercepts, activation)
    args = (network, rng.normal(size=(2, 3)).tolist(), targets, per_row)
    kwargs = {"weights": [0.5, 2.0], "alpha": 0.3, "normaliser": 1.7}
    exact = oracle.gradient(*args, **kwargs)
    numeric = oracle.complex_step_gradient(*args, **kwargs)
    for loops, expected in zip(exact, numeric, strict=True):
        for layer, wanted in zip(loops, expected, strict=True):
            assert_allclose(layer, wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("hidden", "n_outputs", "weights", "biases"),
    [((4,), 2, 20, 6), ((4, 4), 1, 32, 9)],
)
@SHORT
def test_parameters_are_counted(hidden, n_outputs, weights, biases):
    layers = [layer for width in hidden for layer in (Dense(width), ReLU())]
    network = Network([*layers, Dense(n_outputs)], n_in=3)
    assert network.layout.size == weights + biases
    assert network.layout.n_weights == weights
    rng = np.random.RandomState(0)
    X, Y = rng.normal(size=(10, 3)), rng.normal(size=(10, n_outputs))
    model = BackpropRegressor(hidden_layer_sizes=hidden, max_iter=1)
    model.fit(X, Y if n_outputs > 1 else Y.ravel())
    assert sum(w.size for w in model.coefs_) == weights
    assert sum(b.size for b in model.intercepts_) == biases
    loops = oracle.Network.from_arrays(model.coefs_, model.intercepts_, "relu")
    assert loops.n_parameters() == weights + biases


KINDS = {"batch": (1000, 1), "stochastic": (1, 1000), "mini-batch": (100, 10)}


@pytest.mark.parametrize(("batch_size", "iterations"), KINDS.values(), ids=KINDS)
@SHORT
def test_kinds_of_descent_differ_in_iterations_an_epoch(batch_size, iterations):
    X = np.random.RandomState(0).normal(size=(1000, 2))
    y = X @ [1.0, -2.0]
    model = BackpropRegressor(
        hidden_layer_sizes=(3,), solver="sgd", batch_size=batch_size, max_iter=2
    ).fit(X, y)
    assert model.n_iter_ == 2
    assert model.n_steps_ == 2 * iterations


XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])


def xor_scores(**params):
    X, y = XOR
    return [
        BackpropClassifier(
            solver="lbfgs", alpha=1e-6, max_iter=300, random_state=seed, **params
        )
        .fit(X, y)
        .score(X, y)
        for seed in range(5)
    ]


@SHORT
@pytest.mark.parametrize("hidden", [(), (8,), (8, 8, 8)])
def test_no_depth_of_linear_layers_fits_xor(hidden):
    assert max(xor_scores(hidden_layer_sizes=hidden, activation="identity")) <= 0.75


@SHORT
def test_one_hidden_layer_of_rectifiers_fits_xor():
    assert max(xor_scores(hidden_layer_sizes=(8,), activation="relu")) == 1.0


@SHORT
@pytest.mark.parametrize("batch_size", [4, 1, 2])
def test_each_kind_of_descent_fits_xor(batch_size):
    X, y = XOR
    model = BackpropClassifier(
        hidden_layer_sizes=(16,),
        solver="sgd",
        learning_rate_init=0.1,
        batch_size=batch_size,
        max_iter=500,
        random_state=0,
    )
    assert model.fit(X, y).score(X, y) == 1.0
