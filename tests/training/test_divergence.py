"""The words for a divergence: where it shows first, and what to try."""

import numpy as np
import pytest

from skbackprop.training.divergence import advice, diagnose

from ..builders import perceptron

NAMES = [
    "hidden layer 1 (coefs_[0])",
    "hidden layer 2 (coefs_[1])",
    "the output layer (coefs_[2])",
]


def spoiled(changes):
    """A network, finite parameters, and those with some layers changed."""
    network = perceptron((3, 4, 4, 1))
    kept = np.random.RandomState(0).normal(size=network.layout.size)
    gone = kept.copy()
    weights = network.layout.of_kind("weight", gone)
    for layer, value in changes.items():
        weights[layer][...] = value
    return network, kept, gone


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_the_one_layer_that_broke_is_named(layer, bad):
    assert diagnose(*spoiled({layer: bad})) == NAMES[layer]


def test_of_several_that_broke_the_one_nearest_the_data_is_named():
    assert diagnose(*spoiled({1: np.nan, 2: np.inf})) == NAMES[1]


@pytest.mark.parametrize("layer", [0, 1, 2])
@pytest.mark.parametrize("huge", [1e20, 1e300])
def test_where_none_broke_it_is_the_one_that_grew(layer, huge):
    assert diagnose(*spoiled({layer: huge})) == NAMES[layer]


def test_one_that_broke_goes_before_one_that_only_grew():
    assert diagnose(*spoiled({0: 1e300, 1: np.nan})) == NAMES[1]


def test_where_all_broke_some_layer_is_named():
    assert diagnose(*spoiled({0: np.nan, 1: np.nan, 2: np.nan})) in NAMES


def test_a_bias_that_broke_counts_as_its_layer():
    network, kept, gone = spoiled({})
    network.layout.of_kind("bias", gone)[1][0] = np.nan
    assert diagnose(network, kept, gone) == NAMES[1]


def test_without_hidden_layers_it_is_the_output():
    network = perceptron((3, 1))
    theta = np.ones(network.layout.size)
    assert diagnose(network, theta, theta * np.nan) == "the output layer (coefs_[0])"


def test_single_precision_that_overflows_when_squared_is_diagnosed_in_silence():
    network, kept, gone = spoiled({2: 1e30})
    assert diagnose(network, *(t.astype(np.float32) for t in (kept, gone))) == NAMES[2]


def test_the_advice_names_epoch_layer_and_remedies():
    text = advice(NAMES[1], n_finite=4)
    for part in (NAMES[1], "in epoch 5", "(4) are kept", "learning_rate_init"):
        assert part in text
    assert "scaling='standard'" in text
