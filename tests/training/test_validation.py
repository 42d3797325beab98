"""Validation data: how they are split off, and what they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import train_test_split

from skbackprop.core.data import Data
from skbackprop.evaluation import Evaluation
from skbackprop.losses import SquaredError
from skbackprop.objective import Objective
from skbackprop.penalties import L2
from skbackprop.training.validation import Validation, split_rows

from ..builders import perceptron, regression_data


def split(n_samples, fraction=0.25, strata=None, seed=0):
    return split_rows(n_samples, fraction, np.random.RandomState(seed), strata)


@given(st.integers(20, 60), st.floats(0.1, 0.9), st.integers(0, 9))
def test_each_row_is_in_one_part(n_samples, fraction, seed):
    parts = split(n_samples, fraction, seed=seed)
    assert_array_equal(np.sort(np.concatenate(parts)), np.arange(n_samples))
    assert len(parts[1]) == np.ceil(n_samples * fraction)


@given(st.integers(2, 4), st.integers(5, 10), st.integers(0, 9))
def test_both_parts_hold_the_classes_in_equal_shares(n_classes, n_each, seed):
    strata = np.repeat(np.arange(n_classes), 4 * n_each)
    for part, share in zip(split(len(strata), 0.25, strata, seed), (3, 1), strict=True):
        assert_array_equal(np.bincount(strata[part]), share * n_each)


def test_the_split_is_that_of_scikit_learn():
    strata = np.arange(20) % 2
    theirs = train_test_split(
        np.arange(20),
        random_state=np.random.RandomState(0),
        test_size=0.2,
        stratify=strata,
    )
    for ours, expected in zip(split(20, 0.2, strata), theirs, strict=True):
        assert_array_equal(ours, expected)


RARE = {
    "a class of one row": np.array([0] * 20 + [1] * 20 + [2]),
    "more classes than rows": np.repeat(np.arange(20), 2),
}


@pytest.mark.parametrize("strata", RARE.values(), ids=RARE)
def test_where_strata_are_too_small_the_split_warns_and_does_without(strata):
    with pytest.warns(UserWarning, match=r"not stratified.*X_val and y_val"):
        parts = split(len(strata), 0.1, strata)
    assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(strata)))


def test_of_two_classes_one_with_a_single_row_is_an_error():
    with pytest.raises(ValueError, match="least populated class"):
        split(20, strata=np.array([0] * 19 + [1]))


def test_fewer_than_two_rows_to_validate_on_are_an_error():
    with pytest.raises(ValueError, match="validation set is too small"):
        split(5, 0.1)


def make(weight=None):
    network = perceptron((3, 4, 2))
    objective = Objective(network, SquaredError(), L2(5.0))
    theta = np.random.RandomState(0).normal(size=network.layout.size)
    return objective, theta, regression_data(n_out=2, weight=weight)


@pytest.mark.parametrize("weight", [None, np.arange(10.0)])
def test_the_loss_is_reported_as_in_training_without_the_penalty(weight):
    objective, theta, data = make(weight)
    seen = []
    check = Validation(objective, theta, data, lambda *given: seen.append(given) or 0.7)
    score, loss = check.check()
    expected = Evaluation(objective, theta, data)
    assert_allclose(loss, expected.loss() / 2)
    assert score == 0.7
    [(predictions, given_loss)] = seen
    assert_allclose(predictions, expected.predictions)
    assert given_loss == loss


def test_it_judges_the_parameters_as_they_move():
    objective, theta, data = make()
    validation = Validation(objective, theta, data, lambda predictions, loss: -loss)
    before = validation.check()
    theta *= 0.5
    assert validation.check() != before
    fresh = Validation(objective, theta, data, lambda predictions, loss: -loss)
    assert validation.check() == fresh.check()


def test_a_subset_of_rows_is_judged_alone():
    objective, theta, data = make()
    rows = np.array([7, 2])
    part = Data(data.X, data.target, None, rows)
    copy = Data(data.X[rows], data.target.take(rows))
    checks = [
        Validation(objective, theta, each, lambda p, loss: float(p.sum())).check()
        for each in (part, copy)
    ]
    assert_allclose(*checks)
