"""Weights without their zeros: the same predictions, and everything else goes on."""

import copy
import pickle

import numpy as np
import pytest
from scipy.sparse import csr_matrix, issparse
from sklearn.base import clone

from skbackprop import BackpropClassifier, BackpropEmbedder, BackpropRegressor
from skbackprop.core.ops import thin_product
from skbackprop.pruning import (
    MaskDisplay,
    Sample,
    compact,
    densify,
    prune,
    pruning_report,
    sparsify,
)

from ._fitted import X, Y, all_arrays, classifier, fitted, is_held


@pytest.fixture(scope="module")
def model():
    return prune(classifier((60, 30)), amount=0.95)


@pytest.fixture(scope="module")
def thin(model):
    return sparsify(model)


@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_predictions_stay(model, thin, kind, dtype):
    assert [issparse(coef) for coef in thin.coefs_] == [True] * 3
    rows = kind(X.astype(dtype))
    expected = model.predict_proba(rows)
    np.testing.assert_allclose(thin.predict_proba(rows), expected, atol=1e-7)
    assert thin.predict_proba(rows).dtype == expected.dtype


@pytest.mark.parametrize(
    "estimator",
    [
        BackpropRegressor(hidden_layer_sizes=(40,), scaling="standard", max_iter=5),
        BackpropClassifier((40,), normalization="batch", activation="prelu"),
        BackpropClassifier((), max_iter=5),
        BackpropEmbedder(hidden_layer_sizes=(40,), max_iter=2),
    ],
    ids=repr,
)
def test_every_estimator(estimator):
    pruned = prune(fitted(clone(estimator)), amount=0.9)
    thin = sparsify(pruned)
    assert any(map(issparse, thin.coefs_))
    np.testing.assert_allclose(thin._scores(X), pruned._scores(X), atol=1e-12)


def test_many_rows_in_chunks(model, thin):
    rows = np.tile(X, (60, 1))
    np.testing.assert_allclose(
        thin.predict_proba(rows), model.predict_proba(rows), atol=1e-12
    )


def test_types_stay(model):
    single = fitted(BackpropClassifier((60,), max_iter=3), X.astype(np.float32))
    thin = sparsify(prune(single, amount=0.95))
    assert {coef.dtype for coef in thin.coefs_} == {np.dtype(np.float32)}


def test_the_original_stays_dense(model, thin):
    assert not any(map(issparse, [*model.coefs_, *model.masks_]))


def test_densify_gives_back_what_was(model, thin):
    again = densify(thin)
    for one, other in zip(all_arrays(again), all_arrays(model), strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(again.masks_, model.masks_, strict=True):
        np.testing.assert_array_equal(one, other)


def test_free_weights_that_are_zero_stay_free(model):
    zero = copy.deepcopy(model)
    place = tuple(np.argwhere(zero.masks_[0])[0])
    zero.coefs_[0][place] = 0.0
    assert densify(sparsify(zero)).masks_[0][place]


def test_dense_networks_are_left_alone():
    dense = sparsify(classifier())
    assert not any(map(issparse, dense.coefs_))
    assert dense.masks_ is None


def test_zeros_without_masks_count():
    model = classifier((60, 30))
    model.coefs_[0][np.abs(model.coefs_[0]) < 10.0] = 0.0
    thin = sparsify(model)
    assert issparse(thin.coefs_[0])
    assert thin.masks_ is None


def test_files_are_smaller(model, thin):
    weights = sum(int(mask.sum()) for mask in model.masks_)
    spare = len(pickle.dumps(thin)) - len(pickle.dumps(classifier(()))) - 13 * weights
    assert spare < 3000
    assert len(pickle.dumps(thin)) < len(pickle.dumps(model)) / 3
    loaded = pickle.loads(pickle.dumps(thin))
    np.testing.assert_array_equal(loaded.predict_proba(X), thin.predict_proba(X))


# ----------------------------------------------------------------------- what is faster


def test_a_layer_is_sparse_where_that_was_faster(model, monkeypatch):
    """The clock runs as if predictions with a sparse second layer took half as long."""
    now = [0.0]
    predict = BackpropClassifier._scores

    def timed(self, *args):
        costs = [0.5 if issparse(self.coefs_[1]) else 1.0]
        costs += [2.0 for layer in (0, 2) if issparse(self.coefs_[layer])]
        now[0] += sum(costs)
        return predict(self, *args)

    monkeypatch.setattr(BackpropClassifier, "_scores", timed)
    monkeypatch.setitem(sparsify.__globals__, "perf_counter", lambda: now[0])
    chosen = sparsify(model, X, n_repeats=2)
    assert [issparse(coef) for coef in chosen.coefs_] == [False, True, False]


@pytest.mark.parametrize("n_repeats", [0, 0.5])
def test_something_has_to_be_timed(model, n_repeats):
    with pytest.raises(ValueError, match="n_repeats"):
        sparsify(model, X, n_repeats=n_repeats)


# --------------------------------------------------------------------- what goes on


def test_training_goes_on_dense_and_zeros_stay(model, thin):
    on, same = copy.deepcopy(thin).partial_fit(X, Y), copy.deepcopy(model)
    same.partial_fit(X, Y)
    assert not any(map(issparse, [*on.coefs_, *on.masks_]))
    assert is_held(on)
    for one, other in zip(all_arrays(on), all_arrays(same), strict=True):
        np.testing.assert_array_equal(one, other)


def test_warm_starts_go_on(thin):
    assert is_held(fitted(copy.deepcopy(thin).set_params(warm_start=True)))


def test_it_can_be_pruned_further(thin, model):
    one, other = prune(thin, amount=0.97), prune(model, amount=0.97)
    np.testing.assert_array_equal(one.coefs_[0], other.coefs_[0])


def test_compaction_report_objective_and_pictures_take_it(thin, model):
    assert pruning_report(thin).kept == pruning_report(model).kept
    small, same = compact(thin), compact(model)
    assert small.hidden_layer_sizes == same.hidden_layer_sizes
    np.testing.assert_allclose(small.predict_proba(X), model.predict_proba(X))
    values = [Sample(X, Y).bound(each).value() for each in (thin, model)]
    assert values[0] == values[1]
    pytest.importorskip("matplotlib")
    MaskDisplay.from_estimator(thin)


def test_the_product_of_two_sparse_matrices():
    a, b = np.eye(3), np.arange(12.0).reshape(3, 4)
    out = np.empty((3, 4))
    for one, other in ((csr_matrix(a), b), (a, csr_matrix(b)), (a, b)):
        np.testing.assert_array_equal(thin_product(one, other, out), b)
    thin_product(csr_matrix(a), csr_matrix(b), out)
    np.testing.assert_array_equal(out, b)
