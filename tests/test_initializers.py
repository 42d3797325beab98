"""Where training starts: bounds, the order of the draws, and types."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skbackprop.initializers import glorot_uniform
from skbackprop.layers import Activation

from .builders import perceptron

WIDTHS = (4, 30, 20, 2)


def start(activation="tanh", seed=0, dtype=np.float64, **factor):
    network = perceptron(WIDTHS, activation)
    theta = network.initial(np.random.RandomState(seed), np.dtype(dtype), **factor)
    return network.layout, theta


@pytest.mark.parametrize("activation", Activation.members())
def test_parameters_fill_the_interval_of_glorot_and_bengio(activation):
    own = Activation.members()[activation].glorot_factor
    layout, theta = start(activation, output_factor=3.0)
    weights, biases = (layout.of_kind(kind, theta) for kind in ("weight", "bias"))
    for weight, bias, factor in zip(weights, biases, [own, own, 3.0], strict=True):
        bound = np.sqrt(factor / sum(weight.shape))
        assert np.abs(weight).max() <= bound
        assert np.abs(bias).max() <= bound
        assert np.abs(weight).max() > 0.9 * bound


SETTINGS = {
    "regression": (MLPRegressor, "relu", 6.0),
    "classification": (MLPClassifier, "logistic", 2.0),
}


@pytest.mark.parametrize(
    ("estimator", "activation", "output_factor"), SETTINGS.values(), ids=SETTINGS
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_draws_are_those_of_scikit_learn(estimator, activation, output_factor):
    rng = np.random.RandomState(7)
    X, y = rng.normal(size=(8, WIDTHS[0])), np.eye(2, dtype=int)[np.arange(8) % 2]
    theirs = estimator(
        hidden_layer_sizes=WIDTHS[1:-1],
        activation=activation,
        solver="sgd",
        learning_rate_init=1e-300,
        max_iter=1,
        random_state=0,
    ).fit(X, y)
    layout, theta = start(activation, output_factor=output_factor)
    for ours, expected in zip(
        layout.of_kind("weight", theta) + layout.of_kind("bias", theta),
        theirs.coefs_ + theirs.intercepts_,
        strict=True,
    ):
        assert_allclose(ours, expected, rtol=1e-15)


def test_the_same_seed_means_the_same_start_in_every_type():
    _, double = start()
    _, single = start(dtype=np.float32)
    assert single.dtype == np.float32
    assert_array_equal(single, double.astype(np.float32))


def test_another_seed_means_another_start():
    assert (start(seed=0)[1] != start(seed=1)[1]).all()


def test_every_entry_of_the_vector_is_drawn():
    network = perceptron(WIDTHS)
    factors = [0.0] * len(network.layers)
    theta = glorot_uniform(
        network.layout, factors, np.random.RandomState(0), np.dtype(float)
    )
    assert_array_equal(theta, 0.0)
