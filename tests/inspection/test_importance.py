"""Importance from gradients, over all rows."""

import numpy as np
import pytest
from sklearn.inspection import permutation_importance

from skbackprop.inspection import gradient_importance

from ._fitted import CLASSES, NUMBERS, F, N, X, classifier, differences, regressor


def test_of_a_linear_model_it_is_the_weights_in_spreads():
    model = regressor(hidden=(), scaling=None)
    found = gradient_importance(model, X)
    expected = np.abs(model.coefs_[0][:, 0]) * X.std(axis=0)
    np.testing.assert_allclose(found.importances_mean, expected)
    np.testing.assert_allclose(found.importances_std, 0.0, atol=1e-12)
    plain = gradient_importance(model, X, scaled=False)
    np.testing.assert_allclose(plain.importances_mean, np.abs(model.coefs_[0][:, 0]))


def test_it_is_the_mean_size_of_derivatives():
    model = classifier(activation="tanh")
    found = gradient_importance(model, X, response_method="predict_proba")
    sizes = np.abs(differences(model.predict_proba, X)) * X.std(axis=0)[:, np.newaxis]
    np.testing.assert_allclose(found.by_output, sizes.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.importances, sizes.mean(axis=2).T, atol=1e-6)
    np.testing.assert_allclose(found.importances_mean, sizes.mean(axis=(0, 2)))
    assert found.importances.shape == (F, N)


def test_the_result_is_that_of_permutation_importance():
    model = regressor()
    theirs = permutation_importance(model, X, NUMBERS, n_repeats=2, random_state=0)
    ours = gradient_importance(model, X)
    assert set(theirs) <= set(ours)
    assert ours.importances_mean.shape == theirs.importances_mean.shape


def test_a_feature_in_other_units_counts_the_same():
    model = regressor(hidden=(), scaling="standard")
    units = np.array([1000.0, 1.0, 1.0, 1.0, 0.001])
    other = regressor(hidden=(), scaling="standard", X=X * units)
    np.testing.assert_allclose(
        gradient_importance(other, X * units).importances_mean,
        gradient_importance(model, X).importances_mean,
    )


def test_names_come_with_it():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcde"))
    found = gradient_importance(classifier(CLASSES, frame), frame)
    assert found.feature_names == list("abcde")
