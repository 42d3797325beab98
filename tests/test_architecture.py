"""Which layers stand in which order, and that what is off is not there at all."""

import numpy as np
import pytest
from scipy import sparse

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.architecture import Architecture, mlp
from skbackprop.core.workspace import Workspace
from skbackprop.layers import (
    BatchNorm,
    Dense,
    DropConnect,
    Dropout,
    ReLU,
    Standardize,
    Tanh,
)
from skbackprop.network import Network


def kinds(network):
    return [type(layer).__name__ for layer in network.layers]


def test_a_plain_perceptron_is_dense_layers_and_activations():
    network = mlp(3, [4, 5], [Tanh(), ReLU()], 2)
    assert kinds(network) == ["Dense", "Tanh", "Dense", "ReLU", "Dense"]
    assert network.widths == [3, 4, 4, 5, 5, 2]


def test_a_hidden_layer_is_scores_normalised_bent_and_dropped():
    network = Architecture(
        hidden=[4, 5],
        activations=[Tanh(), ReLU()],
        normalization=BatchNorm(),
        dropout=[Dropout(0.1), Dropout(0.3)],
        dropconnect=0.2,
        first=[Standardize(), Dropout(0.5)],
    ).network(3, 2)
    hidden = ["DropConnect", "BatchNorm", "{}", "Dropout"]
    layers = [name.format(act) for act in ("Tanh", "ReLU") for name in hidden]
    assert kinds(network) == ["Standardize", "Dropout", *layers, "Dense"]
    assert [x.rate for x in network.layers if isinstance(x, Dropout)] == [0.5, 0.1, 0.3]
    assert {x.rate for x in network.layers if isinstance(x, DropConnect)} == {0.2}
    # The outputs are neither normalised nor dropped.
    assert type(network.layers[-1]) is Dense


def test_layers_that_drop_nothing_are_left_out():
    network = Architecture(
        [4, 5], [Tanh(), ReLU()], dropout=[Dropout(0.0), Dropout(0.3)], dropconnect=0.0
    ).network(3, 2)
    assert kinds(network) == ["Dense", "Tanh", "Dense", "ReLU", "Dropout", "Dense"]


def test_without_hidden_layers_there_is_nothing_to_normalise():
    network = Architecture([], [], BatchNorm(), first=[Standardize()]).network(3, 2)
    assert kinds(network) == ["Standardize", "Dense"]


def test_weights_are_drawn_for_the_activation_behind_the_normalisation():
    plain = Architecture([50], [ReLU()]).network(40, 2)
    normalised = Architecture([50], [ReLU()], BatchNorm()).network(40, 2)
    draws = [
        network.layout.of_kind(
            "weight", network.initial(np.random.RandomState(0), np.dtype(float))
        )
        for network in (plain, normalised)
    ]
    for one, other in zip(*draws, strict=True):
        assert (one == other).all()


class Watched(Dense):
    """A dense layer that writes down whether its input's gradient is asked for."""

    def bind_backward(self, site):
        self.asked.append(site.wants_input_gradient)
        return super().bind_backward(site)


@pytest.mark.parametrize("first", [[], [Standardize()], [Standardize(), Dropout(0.5)]])
def test_no_gradient_goes_past_the_first_layer_that_learns(first):
    layers = [Watched(4), Watched(1)]
    for layer in layers:
        layer.asked = []
    network = Network([*first, *layers], 3)
    params = network.layout.views(np.ones(network.layout.size))
    network.bind(params, params, 2, Workspace(2, np.dtype(float)))
    assert [layer.asked for layer in layers] == [[False], [True]]


OFF = {"normalization": None, "dropout": 0.0, "input_dropout": 0.0, "dropconnect": 0.0}
ALL_ON = {
    "normalization": "batch",
    "dropout": 0.1,
    "input_dropout": Dropout(0.2),
    "dropconnect": 0.1,
    "scaling": "standard",
}


def fitted(model, X=None):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(20, 3)) if X is None else X
    model.set_params(max_iter=2, tol=1e9, hidden_layer_sizes=(4, 4))
    return model.fit(X, np.arange(20) % 2)


@pytest.mark.parametrize("kind", [BackpropClassifier, BackpropRegressor])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_slots_put_layers_in_and_nothing_else_does(kind):
    plain, full = fitted(kind(**OFF)), fitted(kind(**ALL_ON))
    assert kinds(plain._network) == ["Dense", "ReLU", "Dense", "ReLU", "Dense"]
    assert plain.extra_params_ == {}
    hidden = ["DropConnect", "BatchNorm", "ReLU", "Dropout"]
    expected = ["Standardize", "Dropout", *hidden, *hidden, "Dense"]
    assert kinds(full._network) == expected
    assert {kind: len(arrays) for kind, arrays in full.extra_params_.items()} == {
        "scale": 2,
        "shift": 2,
        "mean": 2,
        "variance": 2,
        "center": 1,
        "spread": 1,
    }
    assert (plain.n_layers_, full.n_layers_) == (4, 4)


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csr_matrix])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_all_slots_at_once_take_sparse_rows(make):
    X = make(np.random.RandomState(0).normal(size=(20, 3)))
    model = fitted(BackpropClassifier(**ALL_ON), X)
    assert np.isfinite(model.predict_proba(X)).all()
