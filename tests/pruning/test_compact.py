"""Compaction: what does nothing goes, and predictions stay."""

import copy
import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skbackprop import BackpropClassifier, BackpropEmbedder, BackpropRegressor
from skbackprop.layers import Activation
from skbackprop.pruning import (
    Gradual,
    KeptInputs,
    compact,
    densify,
    prune,
    pruning_report,
    sparsify,
)

from ._fitted import X, Y, all_arrays, classifier, fitted, is_held

SMOOTH = {name for name in Activation.members() if name != "binary_step"}


def assert_same(small, model, X=X):
    np.testing.assert_allclose(
        small.predict_proba(X), model.predict_proba(X), rtol=0, atol=1e-12
    )


def kill(model, layer, unit, side):
    """Put the weights into or out of a hidden unit to zero."""
    if side == "in":
        model.coefs_[layer][:, unit] = 0.0
    else:
        model.coefs_[layer + 1][unit] = 0.0


@pytest.mark.parametrize("activation", sorted(SMOOTH))
@pytest.mark.parametrize("normalization", [None, "batch"])
def test_predictions_stay_whatever_the_activation(activation, normalization):
    model = classifier(activation=activation, normalization=normalization)
    pruned = prune(model, amount=0.5, unit="neurons")
    # Constant, and not at zero: a bias without weights.
    kill(pruned, 0, np.flatnonzero(pruned.intercept_masks_[0])[0], "in")
    small = compact(pruned)
    # What bends nothing is no layer of its own.
    assert sum(small.hidden_layer_sizes) == (0 if activation == "identity" else 6)
    assert_same(small, pruned)


@pytest.mark.parametrize("side", ["in", "out"])
@pytest.mark.parametrize("layer", [0, 1])
def test_units_that_nothing_feeds_and_that_feed_nothing(side, layer):
    model = classifier()
    kill(model, layer, 2, side)
    small = compact(model)
    sizes = [8, 6]
    sizes[layer] -= 1
    assert small.hidden_layer_sizes == tuple(sizes)
    assert small.masks_ is None
    assert_same(small, model)


def test_what_hangs_on_dead_units_goes_too():
    model = classifier((5, 4, 3))
    # Into the last layer, unit 0 alone is fed by unit 1, and that by unit 2.
    model.coefs_[1][2] = 0.0
    model.coefs_[1][2, 1] = 1.0
    model.coefs_[2][1] = 0.0
    model.coefs_[2][1, 0] = 1.0
    kill(model, 2, 0, "out")
    assert compact(model).hidden_layer_sizes == (4, 3, 2)
    assert_same(compact(model), model)


def test_constants_run_through_the_layers():
    model = classifier((5, 4, 3))
    model.coefs_[0][...] = 0.0
    small = compact(model)
    assert small.hidden_layer_sizes == (1, 1, 1)
    assert_same(small, model)


def test_a_bias_that_takes_something_in_is_held_no_longer():
    pruned = prune(classifier(activation="logistic"), amount=0.4)
    pruned.intercept_masks_[1][...] = False
    pruned.intercepts_[1][...] = 0.0
    kill(pruned, 0, 0, "in")
    small = compact(pruned)
    assert small.intercepts_[1].any()
    assert_same(small, pruned)
    np.testing.assert_array_equal(small.intercept_masks_[1], small.intercepts_[1] != 0)


def test_units_that_are_normalised_together_stay():
    pruned = prune(classifier(normalization="layer"), amount=0.5, unit="neurons")
    assert compact(pruned).hidden_layer_sizes == (8, 6)
    assert_same(compact(pruned), pruned)


@pytest.mark.parametrize("settings", [{"scaling": "standard"}, {"dropout": [0.1, 0.2]}])
def test_weights(settings):
    pruned = prune(classifier((40, 30), **settings), amount=0.97)
    small = compact(pruned)
    assert small.hidden_layer_sizes < (40, 30)
    assert is_held(small)
    assert_same(small, pruned)


def test_the_small_one_is_an_ordinary_estimator():
    model = classifier(n_hidden_layers=2, hidden=6, normalization="batch")
    small = compact(prune(model, amount=0.5, unit="neurons"))
    assert_same(pickle.loads(pickle.dumps(small)), small)
    before = copy.deepcopy(all_arrays(small))
    small.partial_fit(X, Y)
    assert not np.array_equal(small.coefs_[0], before[0])
    again = fitted(clone(small))
    assert [coef.shape for coef in again.coefs_] == [c.shape for c in small.coefs_]
    assert small.n_features_in_ == 4
    assert sum(array.size for array in all_arrays(small)) < sum(
        array.size for array in all_arrays(model)
    )


@pytest.mark.parametrize("normalization", [None, "batch"])
@pytest.mark.parametrize("scaling", [None, "standard"])
@pytest.mark.parametrize("layer", [0, 1])
def test_layers_that_bend_nothing_are_multiplied_out(layer, normalization, scaling):
    activation = ["tanh", "tanh"]
    activation[layer] = "identity"
    model = classifier(
        (7, 6),
        activation=activation,
        dropout=[0.1, 0.2],
        normalization=normalization,
        scaling=scaling,
    )
    small = compact(model)
    assert small.hidden_layer_sizes == ((6,) if layer == 0 else (7,))
    assert small.activation == ["tanh"]
    assert small.masks_ is None
    assert_same(small, model)
    assert fitted(clone(small)).score(X, Y) > 0.3


def test_a_linear_network_has_no_layers_left():
    small = compact(classifier(activation="identity"))
    assert small.hidden_layer_sizes == ()
    assert_same(small, classifier(activation="identity"))


def test_a_bottleneck_stays():
    model = classifier((1,), activation="identity")
    assert compact(model).hidden_layer_sizes == (1,)


def test_what_is_held_at_zero_before_a_linear_layer_is_so_behind_it():
    pruned = prune(classifier(activation="identity"), amount=0.5, unit="inputs")
    small = compact(pruned)
    assert small.hidden_layer_sizes == ()
    assert is_held(small)
    assert_same(small, pruned)


def test_what_the_slot_took_out_is_not_taken_again():
    pruned = classifier(pruning=Gradual(0.5, unit="neurons"), warm_start=True)
    small = compact(pruned)
    assert small.hidden_layer_sizes == (4, 3)
    assert fitted(small).masks_ is None
    assert pruned.pruning is not None


@pytest.mark.parametrize("function", [compact, densify, pruning_report, sparsify])
def test_what_has_no_such_network_is_refused(function):
    small = compact(prune(classifier(), amount=0.5, unit="inputs"), drop_inputs=True)
    with pytest.raises(TypeError, match=f"{function.__name__} takes an estimator"):
        function(small)
    with pytest.raises(NotFittedError):
        function(BackpropClassifier())


def test_the_original_stays_as_it_was():
    pruned = prune(classifier(), amount=0.9)
    before = copy.deepcopy(all_arrays(pruned))
    compact(pruned, drop_inputs=True)
    for array, earlier in zip(all_arrays(pruned), before, strict=True):
        np.testing.assert_array_equal(array, earlier)
    assert pruned.hidden_layer_sizes == (8, 6)


def test_regressors_and_embedders():
    for model in (
        BackpropRegressor(hidden_layer_sizes=(9,), max_iter=5, scaling="standard"),
        BackpropEmbedder(hidden_layer_sizes=(9,), max_iter=2),
    ):
        pruned = prune(fitted(model), amount=0.5, unit="neurons")
        small = compact(pruned)
        assert small.hidden_layer_sizes[0] < 9
        method = "predict" if hasattr(model, "predict") else "transform"
        found, expected = (getattr(m, method)(X) for m in (small, pruned))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_types_stay():
    model = fitted(BackpropClassifier((6,), max_iter=3), X.astype(np.float32))
    small = compact(prune(model, unit="neurons"))
    assert {array.dtype for array in all_arrays(small)} == {np.dtype(np.float32)}


# ------------------------------------------------------------------------------ inputs


@pytest.mark.parametrize("scaling", [None, "standard"])
def test_inputs_that_nobody_looks_at(scaling):
    model = classifier(scaling=scaling)
    pruned = prune(model, amount=0.5, unit="inputs")
    small = compact(pruned, drop_inputs=True)
    assert small[-1].coefs_[0].shape == (2, 8)
    assert small[-1].n_features_in_ == 2
    assert small.n_features_in_ == 4
    assert_same(small, pruned)
    assert_same(small, pruned, sparse.csr_matrix(X))
    assert compact(pruned).coefs_[0].shape == (4, 8)
    features = small[0].transform(X)
    small[-1].partial_fit(features, Y)
    assert small[-1].score(features, Y) > 0.5


def test_a_network_without_inputs_keeps_one():
    model = classifier()
    model.coefs_[0][...] = 0.0
    assert_same(compact(model, drop_inputs=True), model)


def test_kept_inputs_are_a_step_of_their_own():
    step = KeptInputs([True, False, True, False])
    np.testing.assert_array_equal(step.fit_transform(X), X[:, [0, 2]])
    assert list(clone(step).fit(X).get_feature_names_out()) == ["x0", "x2"]
    with pytest.raises(ValueError, match="4 entries"):
        step.fit(X[:, :3])
    for support in ([3, 2, 1, 0], 4, None, "all", [[True] * 4]):
        with pytest.raises(ValueError, match="True or False for each"):
            KeptInputs(support).fit(X)


def test_a_choice_must_be_fitted_and_fit_the_features():
    step = KeptInputs([True, False, True, False])
    with pytest.raises(NotFittedError, match="This KeptInputs instance"):
        step.transform(X)
    step.fit(X).set_params(support=[True, False, True, False, True])
    with pytest.raises(IndexError):
        step.transform(X)


def test_only_features_that_are_looked_at_must_be_there():
    pruned = prune(classifier(), amount=0.5, unit="inputs")
    small = compact(pruned, drop_inputs=True)
    used = small[0].get_support()
    for given in (X, X.astype(np.float32), X.tolist()):
        holes = np.array(given)
        holes[0, ~used] = np.nan
        np.testing.assert_array_equal(small.predict(holes), small.predict(given))
        holes[0, used] = np.nan
        with pytest.raises(ValueError, match="contains NaN"):
            small.predict(holes)


def test_names_of_features_are_looked_at_once():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    model = fitted(BackpropClassifier((6,), max_iter=5, random_state=0), frame)
    pruned = prune(model, amount=0.5, unit="inputs")
    small = compact(pruned, drop_inputs=True)
    assert_same(small, pruned, frame)
    used = pruned.coefs_[0].any(axis=1)
    assert list(small[0].get_feature_names_out()) == list(np.array(list("abcd"))[used])
