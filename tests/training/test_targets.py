"""Numbers as targets, and columns as vectors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import d2_pinball_score, r2_score

from skbackprop.losses import Quantile, SquaredError
from skbackprop.training.targets import RegressionTarget, as_column

from ..builders import expanded

LOSS = SquaredError()
RNG = np.random.RandomState(0)
VECTOR, MATRIX = RNG.normal(size=6), RNG.normal(size=(6, 2))
KINDS = {"vector": (VECTOR, 1), "matrix": (MATRIX, 2)}


@pytest.mark.parametrize(("y", "width"), KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_encoded_is_decoded(y, width, dtype):
    target = RegressionTarget(width)
    rows = target.encode(y, np.dtype(dtype))
    assert (target.width, rows.width) == (width, width)
    prediction = expanded(rows, 6)
    decoded = target.decode(target.positions(prediction, LOSS))
    assert_array_equal(decoded, y.astype(dtype))


def test_numbers_of_the_right_type_are_not_copied():
    rows = RegressionTarget(2).encode(MATRIX, np.dtype(float))
    assert np.shares_memory(rows.encoded, MATRIX)


@pytest.mark.parametrize("bad", [1e39, -1e39])
def test_numbers_too_large_for_the_type_of_the_inputs_are_refused(bad):
    y = np.array([1.0, bad])
    RegressionTarget(1).encode(y, np.dtype(float))
    with pytest.raises(ValueError, match=r"too large for float32.*scale y"):
        RegressionTarget(1).encode(y, np.dtype(np.float32))


@pytest.mark.parametrize(("y", "width"), KINDS.values(), ids=KINDS)
def test_another_number_of_outputs_is_refused(y, width):
    RegressionTarget(width).check_known(y)
    with pytest.raises(ValueError, match=f"y has {width} outputs, expected 5"):
        RegressionTarget(5).check_known(y)


NUMBERS = st.lists(st.integers(-3, 3), min_size=4, max_size=4)


@given(st.lists(NUMBERS, min_size=2, max_size=5), st.booleans(), st.data())
def test_the_score_is_r2(columns, weighted, data):
    truth = np.array(columns, float)
    numbers = data.draw(st.lists(NUMBERS, min_size=len(truth), max_size=len(truth)))
    prediction = np.array(numbers, float)
    weight = np.linspace(0.5, 2.0, len(truth)) if weighted else None
    target = RegressionTarget(4)
    rows = target.encode(truth, np.dtype(float))
    expected = r2_score(truth, prediction, sample_weight=weight)
    assert_allclose(target.score(prediction, rows, weight, LOSS), expected, atol=1e-9)


@pytest.mark.parametrize("weight", [None, np.arange(6.0)])
def test_several_quantiles_score_their_mean_d2(weight):
    levels, target = [0.2, 0.5, 0.9], RegressionTarget(1)
    rows = target.encode(VECTOR, np.dtype(float))
    prediction = np.sort(RNG.normal(size=(6, 3)), axis=1)
    each = [
        d2_pinball_score(VECTOR, column, sample_weight=weight, alpha=q)
        for q, column in zip(levels, prediction.T, strict=True)
    ]
    loss = Quantile(levels)
    assert_allclose(target.score(prediction, rows, weight, loss), np.mean(each))
    assert np.isnan(target.score(prediction[:1], rows.take([0]), None, loss))
    assert target.positions(prediction, loss) is prediction
    assert target.decode(prediction).shape == (6, 3)


@pytest.mark.parametrize("weight", [None, np.arange(6.0)])
@pytest.mark.parametrize("level", [0.9, [0.2]])
@pytest.mark.parametrize(("y", "width"), KINDS.values(), ids=KINDS)
def test_a_single_quantile_scores_its_d2(y, width, level, weight):
    target, prediction = RegressionTarget(width), RNG.normal(size=(6, width))
    rows = target.encode(y, np.dtype(float))
    (alpha,) = np.ravel(level)
    expected = d2_pinball_score(y, prediction, sample_weight=weight, alpha=alpha)
    found = target.score(prediction, rows, weight, Quantile(level))
    assert_allclose(found, expected)
    assert not np.isclose(found, r2_score(y, prediction, sample_weight=weight))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_predictions_that_are_no_numbers_score_nothing(bad):
    target = RegressionTarget(1)
    rows = target.encode(VECTOR, np.dtype(float))
    for loss in (LOSS, Quantile(0.9)):
        assert np.isnan(target.score(np.full((6, 1), bad), rows, None, loss))


def test_the_loss_is_that_of_the_slot():
    assert RegressionTarget(2).loss(LOSS) is LOSS


def test_numbers_have_no_strata():
    target = RegressionTarget(1)
    assert target.strata(target.encode(VECTOR, np.dtype(float))) is None


def test_one_column_is_a_vector_with_a_warning():
    with pytest.warns(DataConversionWarning, match="column-vector"):
        assert_array_equal(as_column(VECTOR[:, np.newaxis]), VECTOR)


@pytest.mark.parametrize("y", [VECTOR, MATRIX, csr_array(MATRIX[:, :1])])
def test_whatever_else_stays_what_it_is(y):
    assert as_column(y) is y
