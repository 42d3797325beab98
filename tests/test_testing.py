"""The checks of parts: they pass for everything registered, and catch faults."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skbackprop.layers import Activation, Dense, Layer, SiLU, Tanh
from skbackprop.losses import SquaredError
from skbackprop.objective import Objective
from skbackprop.penalties import L2, Penalty
from skbackprop.testing import (
    check_layer,
    check_loss,
    check_objective,
    check_penalty,
    check_update,
    numerical_gradient,
)
from skbackprop.updates import Momentum, Update

from . import faulty
from .builders import every_loss, expanded, perceptron, regression_data

# ------------------------------------------------------------------ what is registered

LOSSES = every_loss()


@pytest.mark.parametrize("name", Layer.members())
@pytest.mark.parametrize(("n_in", "rows"), [(5, 7), (1, 1), (3, 1), (1, 4)])
def test_every_layer_passes(name, n_in, rows):
    assert check_layer(Layer.members()[name](), n_in, rows) < 1e-6


@pytest.mark.parametrize("units", [1, 2, 5])
def test_every_width_passes(units):
    check_layer(Dense(units))


@pytest.mark.parametrize(
    "name", [name for name, kind in Activation.members().items() if not kind.surrogate]
)
@pytest.mark.parametrize("seed", range(3))
def test_every_activation_passes(name, seed):
    assert check_layer(Activation.members()[name](), seed=seed) < 1e-6


@pytest.mark.parametrize(("loss", "target"), LOSSES.values(), ids=LOSSES)
def test_every_loss_passes(loss, target):
    assert check_loss(loss, expanded(target, 7)) < 1e-6


@pytest.mark.parametrize("name", Update.members())
def test_every_update_passes(name):
    assert check_update(Update.members()[name]()) < 0


@pytest.mark.parametrize("update", [Momentum(0.0), Momentum(nesterov=False)])
def test_other_settings_of_updates_pass(update):
    # Without momentum, the first step goes the steepest way.
    assert_allclose(check_update(update), -1.0)


@pytest.mark.parametrize("alpha", [0.0, 1e-4, 3.0])
@pytest.mark.parametrize("name", Penalty.members())
def test_every_penalty_passes(name, alpha):
    check_penalty(Penalty.members()[name](alpha))


def test_numerical_gradients_have_the_shape_of_the_place():
    at = np.array([[1.0, -2.0], [0.5, 30.0]])
    slope = numerical_gradient(lambda x: float((x**2).sum()), at)
    assert_allclose(slope, 2 * at, rtol=1e-5)
    assert_allclose(at, [[1.0, -2.0], [0.5, 30.0]])


# ----------------------------------------------------------------- what has a fault


LAYERS = {
    "scale": (faulty.HalfATanh(), "HalfATanh: gradient of the input"),
    "factor": (faulty.NotLogistic(), "NotLogistic: gradient of the input"),
    "nan": (faulty.Silent(), "Silent: gradient of the input is off by nan"),
    "bias": (faulty.ForgetsTheBias(3), "ForgetsTheBias: gradient of the parameters"),
    "added": (faulty.AddsUp(3), "AddsUp: gradient of the parameters"),
    "parameters": (faulty.Scale(), "Scale: gradient of the parameters"),
    "input": (faulty.UsesUpItsInput(), "the backward map overwrites its input"),
}


@pytest.mark.parametrize(("layer", "message"), LAYERS.values(), ids=LAYERS)
def test_a_wrong_layer_is_caught_by_name(layer, message):
    with pytest.raises(AssertionError, match=message):
        check_layer(layer)


@pytest.mark.parametrize(
    "loss", [faulty.Uphill(), faulty.MeanOverOutputs(), faulty.WrongLink()], ids=repr
)
def test_a_wrong_loss_is_caught_by_name(loss):
    with pytest.raises(AssertionError, match=f"{type(loss).__name__}: gradient is off"):
        check_loss(loss, np.array([[0.0, 1.0], [1.0, 1.0]]))


@pytest.mark.parametrize(
    "penalty", [faulty.WrongFactor(0.3), faulty.WrongShare(0.3)], ids=repr
)
def test_a_wrong_penalty_is_caught(penalty):
    with pytest.raises(AssertionError):
        check_penalty(penalty)


UPDATES = {
    "sign": (faulty.GoesUphill, "does not go downhill"),
    "no step": (faulty.StandsStill, "does not go downhill"),
    "not by entry": (faulty.LooksAtTheWhole, "differs from itself in two blocks"),
    "first step": (faulty.StartsUphill, "first step goes uphill"),
}


@pytest.mark.parametrize(("update", "message"), UPDATES.values(), ids=UPDATES)
def test_a_wrong_update_is_caught_by_name(update, message):
    with pytest.raises(AssertionError, match=f"{update.__name__}: .*{message}"):
        check_update(update())


@pytest.mark.parametrize(
    ("loss", "penalty"),
    [(SquaredError(), faulty.WrongFactor(0.3)), (faulty.Uphill(), L2(0.3))],
    ids=["penalty", "loss"],
)
def test_a_wrong_part_of_an_objective_is_caught(loss, penalty):
    network = perceptron((3, 4, 1))
    theta = np.random.RandomState(0).normal(size=network.layout.size)
    data = regression_data(weight=np.arange(10.0))
    check_objective(Objective(network, SquaredError(), L2(0.3)), data, theta)
    with pytest.raises(AssertionError, match="objective: gradient is off"):
        check_objective(Objective(network, loss, penalty), data, theta)


def test_a_derivative_of_the_output_needs_a_forward_pass_in_place():
    class Copies(Tanh):
        def bind_forward(self, site):
            return lambda x: np.tanh(x)

    with pytest.raises(AssertionError, match="Copies: gradient of the input"):
        check_layer(Copies())


def test_a_derivative_of_the_input_needs_one_that_keeps_it():
    class Overwrites(SiLU):
        def bind_forward(self, site):
            forward = super().bind_forward(site)
            return lambda x: np.copyto(x, forward(x)) or x

    with pytest.raises(AssertionError, match="Overwrites: gradient of the input"):
        check_layer(Overwrites())
