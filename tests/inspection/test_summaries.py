"""The table of a network's layers says what there is."""

import json
import sys
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropEmbedder, BackpropRegressor
from skbackprop.inspection import summary
from skbackprop.pruning import prune, sparsify

KINDS = [BackpropClassifier, BackpropRegressor, BackpropEmbedder]


def fitted(kind, data, **settings):
    defaults = {"hidden_layer_sizes": (6, 4), "max_iter": 2, "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return kind(**(defaults | settings)).fit(*data)


def everything_stored(model):
    extra = [array for arrays in model.extra_params_.values() for array in arrays]
    return [*model.coefs_, *model.intercepts_, *extra]


# The counts of a course's exercises.
@pytest.mark.parametrize(
    ("hidden", "n_outputs", "weights", "total"),
    [((4,), 2, 20, 26), ((4, 4), 1, 32, 41)],
)
def test_parameters_of_a_network_on_paper(hidden, n_outputs, weights, total):
    model = BackpropRegressor(hidden_layer_sizes=hidden)
    table = summary(model, n_features=3, n_outputs=n_outputs)
    assert table.n_params == table.n_trainable == total
    assert table.n_multiply_adds == weights


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"normalization": "batch", "dropout": 0.2, "scaling": "standard"},
        {"normalization": "layer", "input_dropout": 0.1, "activation": "prelu"},
        {"dropconnect": 0.2},
    ],
    ids=lambda settings: "-".join(settings) or "plain",
)
def test_counts_are_those_of_the_fitted_arrays(kind, settings, multiclass):
    model = fitted(kind, multiclass, **settings)
    table, stored = summary(model), everything_stored(model)
    assert table.n_params == sum(array.size for array in stored)
    assert table.param_bytes == sum(array.nbytes for array in stored)
    assert table.n_params == sum(layer.n_params for layer in table.layers)


@pytest.mark.parametrize("kind", KINDS)
def test_what_will_be_is_what_comes_to_be(kind, multiclass):
    settings = {"normalization": "batch", "dropout": 0.2, "hidden_layer_sizes": (6,)}
    before = summary(kind(**settings), n_features=5, n_outputs=3)
    y = multiclass.y
    if kind is BackpropRegressor:
        y = np.eye(3)[y]
    after = summary(fitted(kind, (multiclass.X, y), **settings))
    assert before == after


def test_layers_with_their_shapes(multiclass):
    model = fitted(
        BackpropClassifier,
        multiclass,
        scaling="standard",
        normalization="batch",
        dropout=[0.0, 0.1],
        batch_size=30,
    )
    table = summary(model)
    assert [(layer.layer, layer.output_shape[1]) for layer in table.layers] == [
        ("Standardize", 5),
        *(("Dense", 6), ("BatchNorm", 6), ("ReLU", 6)),
        *(("Dense", 4), ("BatchNorm", 4), ("ReLU", 4), ("Dropout", 4)),
        ("Dense", 3),
    ]
    assert {layer.output_shape[0] for layer in table.layers} == {30}
    # Centers, spreads, running means and variances are no solver's to move.
    assert table.n_params - table.n_trainable == 10 + 12 + 8
    # A division for each input, a scale for each normalised unit.
    assert table.n_multiply_adds == 5 + (30 + 6) + (24 + 4) + 12


def test_activations_that_write_over_their_input_take_no_memory(multiclass):
    model = fitted(BackpropRegressor, multiclass)
    table = summary(model, batch_size=10)
    assert [layer.activation_bytes for layer in table.layers] == [
        *(10 * 6 * 8, 0, 10 * 4 * 8, 0, 10 * 8)
    ]
    smooth = summary(fitted(BackpropRegressor, multiclass, activation="gelu"))
    assert smooth.layers[1].activation_bytes > 0


def test_dropout_and_batch_normalisation_are_seen_as_in_training(multiclass):
    settings = {"normalization": "batch", "dropout": 0.2}
    table = summary(fitted(BackpropRegressor, multiclass, **settings))
    own = {layer.layer: layer.activation_bytes > 0 for layer in table.layers}
    assert own == {"Dense": True, "BatchNorm": True, "ReLU": False, "Dropout": True}


def test_single_precision_takes_half(multiclass):
    single = multiclass.X.astype(np.float32), multiclass.y
    one = summary(fitted(BackpropClassifier, single))
    two = summary(fitted(BackpropClassifier, multiclass))
    assert 2 * one.param_bytes == two.param_bytes
    assert 2 * one.activation_bytes == two.activation_bytes
    assert "float32" in str(one)


def test_batches_are_those_of_the_estimator(multiclass):
    def rows(**settings):
        return summary(BackpropRegressor(**settings), n_features=5).layers[0]

    assert rows().output_shape[0] == 200
    assert rows(batch_size=17).output_shape[0] == 17
    assert rows(solver="lbfgs").output_shape[0] > 200


def test_pruned_parameters_are_counted(multiclass):
    model = fitted(BackpropClassifier, multiclass)
    assert summary(model).n_pruned == 0
    pruned = prune(model, amount=0.5)
    masks = [*pruned.masks_, *pruned.intercept_masks_]
    gone = sum(int((~mask).sum()) for mask in masks)
    table = summary(pruned)
    assert table.n_pruned == gone > 0
    assert table.n_params == summary(model).n_params
    assert table.n_multiply_adds == summary(model).n_multiply_adds


def test_sparse_storage_multiplies_what_is_left(multiclass):
    pruned = prune(fitted(BackpropClassifier, multiclass), amount=0.9)
    table = summary(sparsify(pruned))
    assert table.n_multiply_adds == sum(np.count_nonzero(c) for c in pruned.coefs_)
    assert table.n_pruned == summary(pruned).n_pruned
    assert table.param_bytes != summary(pruned).param_bytes


def test_pipelines_show_their_last_step(multiclass):
    model = BackpropClassifier((4,), tol=10, random_state=0)
    pipeline = make_pipeline(StandardScaler(), model).fit(*multiclass)
    assert summary(pipeline) == summary(pipeline[-1])


def test_it_prints_as_a_table(multiclass):
    text = str(summary(fitted(BackpropClassifier, multiclass)))
    title, head, *layers, rule, total = text.splitlines()
    assert title == "BackpropClassifier: 5 inputs, float64"
    assert len(layers) == 5
    assert {len(line) for line in (head, *layers, rule, total)} == {len(head)}
    assert total.split()[:3] == ["all", "79", "0"]


def test_it_renders_in_a_notebook(multiclass):
    table = summary(fitted(BackpropClassifier, multiclass))
    html = table._repr_html_()
    assert html.count("<tr>") == len(table.layers) + 2
    assert "<td>79</td>" in html


def test_it_turns_into_numbers(multiclass):
    table = summary(fitted(BackpropClassifier, multiclass))
    numbers = json.loads(json.dumps(table.to_dict()))
    assert numbers["n_params"] == 79
    assert numbers["layers"][0]["output_shape"] == [200, 6]


def test_it_turns_into_a_frame(multiclass):
    pytest.importorskip("pandas")
    frame = summary(fitted(BackpropClassifier, multiclass)).to_frame()
    assert frame["n_params"].sum() == 79
    assert list(frame["layer"]) == ["Dense", "ReLU", "Dense", "ReLU", "Dense"]


def test_pandas_is_asked_for_when_it_is_missing(multiclass, monkeypatch):
    table = summary(fitted(BackpropClassifier, multiclass))
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"skbackprop\[frames\]"):
        table.to_frame()


def test_without_a_fit_the_inputs_are_asked_for():
    with pytest.raises(NotFittedError, match="give n_features"):
        summary(BackpropClassifier())


def test_parameters_are_validated_as_a_fit_would():
    with pytest.raises(ValueError, match="activation"):
        summary(BackpropClassifier(activation="no"), n_features=2)


def test_other_estimators_are_refused():
    with pytest.raises(TypeError, match="not StandardScaler"):
        summary(StandardScaler())


@pytest.mark.parametrize("name", ["batch_size", "n_features", "n_outputs"])
@pytest.mark.parametrize("wrong", [0, -3, 1.5, "many"])
def test_numbers_of_nothing_are_refused(name, wrong):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of summary"):
        summary(BackpropRegressor(), **({"n_features": 3} | {name: wrong}))
