"""What lies between the weights, and whether units act on each other there."""

import numpy as np
import pytest

from skbackprop.core.workspace import Workspace
from skbackprop.layers import Activation, Dense, Normalization, Standardize, UnitLength
from skbackprop.masking.structure import Structure
from skbackprop.network import Network

from ._fitted import X, classifier

LAYERS = [
    *(kind() for kind in Activation.members().values()),
    *(kind() for kind in Normalization.members().values()),
    Standardize(),
    UnitLength(),
]


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_layers_tell_whether_they_mix_columns(layer):
    network = Network([Dense(8), layer], 8)
    theta = network.layout.pack({"weight": [np.eye(8)], "bias": [np.zeros(8)]}, float)
    bound = network.bind(network.layout.views(theta), None, 1, Workspace(1, float))
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 8))
    before = bound.forward(x.copy()).copy()
    x[0, 0] += 1.0
    others = bound.forward(x.copy())[:, 1:]
    assert np.array_equal(others, before[:, 1:]) is not layer.mixes_columns


def test_layers_by_the_weights_they_stand_between():
    model = classifier(normalization="batch", scaling="standard", dropout=0.1)
    structure = Structure(model._network)
    names = [
        [type(model._network.layers[i]).__name__ for i in structure.between(layer)]
        for layer in range(3)
    ]
    assert names == [["BatchNorm", "ReLU", "Dropout"]] * 2 + [[]]
    assert structure.is_separable(0)
    mixing = classifier(normalization="group", hidden=8)
    assert not Structure(mixing._network).is_separable(0)


def test_outputs_are_those_of_prediction():
    model = classifier((8,), normalization="batch", activation="prelu", alpha=0.0)
    params = model._network.layout.regroup(
        {"weight": model.coefs_, "bias": model.intercepts_, **model.extra_params_}
    )
    scores = X @ model.coefs_[0] + model.intercepts_[0]
    outputs = Structure(model._network).outputs(0, scores, params)
    raw = outputs @ model.coefs_[1] + model.intercepts_[1]
    np.testing.assert_allclose(model.decision_function(X), raw, atol=1e-12)
