"""Whole layers: merged as nearly as the data allows."""

import numpy as np
import pytest

from skbackprop.pruning import Sample, prune
from skbackprop.pruning.depth import affine_fit, merged

from ._fitted import X, Y, classifier, is_held


def test_a_linear_layer_goes_without_a_trace():
    model = classifier((8, 6, 5), activation=["tanh", "identity", "relu"])
    shorter = merged(model, 1, *affine_fit(Sample(X, Y).bound(model), 1))
    assert shorter.hidden_layer_sizes == (8, 5)
    assert shorter.activation == ["tanh", "relu"]
    np.testing.assert_allclose(
        shorter.predict_proba(X), model.predict_proba(X), atol=1e-4
    )


def test_the_layer_goes_that_the_objective_misses_least():
    model = classifier((8, 6, 5), max_iter=100)
    sample = Sample(X, Y)
    bound = sample.bound(model)
    shorter = [merged(model, i, *affine_fit(bound, i)) for i in range(3)]
    tried = [sample.bound(each).value() for each in shorter]
    shorter = prune(model, X, Y, unit="layers", amount=0.34)
    assert sample.bound(shorter).value() == pytest.approx(min(tried))
    assert max(tried) > min(tried)


def test_merging_is_least_squares():
    model = classifier((8, 6), activation="tanh", alpha=0.0)
    weight = np.arange(150) % 3
    shorter = merged(model, 0, *affine_fit(Sample(X, Y, weight).bound(model), 0))
    scores = np.tanh(X @ model.coefs_[0] + model.intercepts_[0]) @ model.coefs_[1]
    scores += model.intercepts_[1]
    root = np.sqrt(weight)[:, np.newaxis]
    extended = np.column_stack([X, np.ones(150)])
    expected = np.linalg.lstsq(root * extended, root * scores, rcond=None)[0]
    np.testing.assert_allclose(shorter.coefs_[0], expected[:-1], atol=1e-4)
    np.testing.assert_allclose(shorter.intercepts_[0], expected[-1], atol=1e-4)


@pytest.mark.parametrize(
    "settings",
    [
        {"normalization": "batch", "activation": "prelu", "dropout": [0.1, 0.0, 0.2]},
        {"scaling": "standard", "normalization": "layer"},
    ],
)
def test_what_the_layers_have_learned_goes_with_them(settings):
    model = classifier((8, 6, 5), **settings)
    shorter = prune(model, X, Y, unit="layers", amount=0.7, fine_tune_epochs=2)
    assert shorter.n_layers_ == 3
    assert len(shorter.hidden_layer_sizes) == 1
    assert shorter.score(X, Y) > 0.3
    assert shorter.partial_fit(X, Y).n_layers_ == 3


def test_all_layers_may_go():
    model = classifier((8, 6))
    line = prune(model, X, Y, unit="layers", amount=0.99)
    assert [coef.shape for coef in line.coefs_] == [(4, 3)]


@pytest.mark.parametrize("n_rounds", [1, 2, 7])
def test_the_share_is_of_the_layers_at_first(n_rounds):
    model = classifier((8, 6, 5, 4))
    shorter = prune(model, X, Y, unit="layers", amount=0.5, n_rounds=n_rounds)
    assert len(shorter.coefs_) == 3


def test_masks_elsewhere_stay():
    pruned = prune(classifier((8, 6, 5)), amount=0.5)
    shorter = prune(pruned, X, Y, unit="layers", amount=0.34)
    assert is_held(shorter.partial_fit(X, Y))


def test_rows_without_differences_will_do():
    shorter = prune(classifier((8, 6)), X[:1], Y[:1], unit="layers", amount=0.5)
    assert len(shorter.coefs_) == 2
    assert all(np.isfinite(array).all() for array in shorter.coefs_)
