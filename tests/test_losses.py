"""Losses: value, link and gradient of each, through everything the slots lead to."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import log_loss, mean_poisson_deviance, mean_squared_error

from skbackprop.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    LogLoss,
    Poisson,
    RegressionLoss,
    SquaredError,
)

from .builders import every_loss, expanded, oracle_loss

N_ROWS = 7
CASES = {
    name: (loss, expanded(target, N_ROWS))
    for name, (loss, target) in every_loss(N_ROWS).items()
}
DTYPES = [np.float32, np.float64]
every_case = pytest.mark.parametrize(("loss", "target"), CASES.values(), ids=CASES)


def scores(target, scale=1.0, dtype=np.float64, order="C"):
    raw = scale * np.random.RandomState(1).normal(size=target.shape)
    return np.asarray(raw, dtype, order=order)


@every_case
def test_value_and_gradient_are_those_of_the_loops(loss, target):
    raw = scores(target)
    prediction = loss.inverse_link(raw.copy())
    gradient = loss.gradient(prediction, target, np.empty_like(raw))
    values = loss.value(prediction, target)
    assert values.shape == (N_ROWS,)
    for row in range(N_ROWS):
        value, slope = oracle_loss(loss)(raw[row].tolist(), target[row].tolist())
        assert_allclose(values[row], value, rtol=1e-10)
        assert_allclose(gradient[row], slope, rtol=1e-10, atol=1e-14)


@every_case
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_types_stay_and_orders_do_not_matter(loss, target, dtype, order):
    raw = scores(target, dtype=dtype, order=order)
    typed = target.astype(dtype)
    prediction = loss.inverse_link(raw)
    assert np.shares_memory(prediction, raw)
    gradient = loss.gradient(prediction, typed, np.empty_like(raw))
    values = loss.value(prediction, typed)
    assert prediction.dtype == gradient.dtype == values.dtype == dtype
    expected = loss.value(loss.inverse_link(scores(target)), target)
    assert_allclose(values, expected, rtol=1e-5, atol=1e-6)


@every_case
def test_the_arguments_of_value_and_gradient_are_left_alone(loss, target):
    given = target.copy()
    prediction = loss.inverse_link(scores(target))
    kept = prediction.copy()
    loss.value(prediction, target)
    loss.gradient(prediction, target, np.empty_like(prediction))
    assert_array_equal(prediction, kept)
    assert_array_equal(target, given)


@every_case
def test_no_score_does_better_than_a_flat_gradient(loss, target):
    # Losses are convex in the raw scores: along any line the slope rises.
    start, end = scores(target), scores(target, scale=-2.0)

    def slope(share):
        raw = start + share * (end - start)
        gradient = loss.gradient(loss.inverse_link(raw), target, np.empty_like(raw))
        return np.einsum("ij,ij->i", gradient, end - start)

    assert (np.diff([slope(s) for s in np.linspace(0, 1, 5)], axis=0) >= -1e-12).all()


@every_case
def test_values_are_not_negative(loss, target):
    assert (loss.value(loss.inverse_link(scores(target, 3.0)), target) >= 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name in CASES if "log_loss" in name])
def test_a_classifier_that_is_sure_and_wrong_has_a_finite_loss(name, dtype):
    loss, target = CASES[name]
    raw = (1e4 * (1 - 2 * target)).astype(dtype)
    with np.errstate(over="ignore"):
        prediction = loss.inverse_link(raw)
    values = loss.value(prediction, target.astype(dtype))
    assert np.isfinite(values).all()
    assert (values > 5).all()


def test_squared_error_is_half_of_it_and_reported_as_a_mean_over_outputs():
    _, target = CASES["squared_error"]
    raw = scores(target)
    mean = SquaredError().value(raw, target).mean() * SquaredError().reported_share(2)
    assert_allclose(2 * mean, mean_squared_error(target, raw))


def test_poisson_is_half_the_deviance():
    _, target = CASES["poisson"]
    prediction = Poisson().inverse_link(scores(target))
    deviance = mean_poisson_deviance(target.ravel(), prediction.ravel())
    assert_allclose(2 * Poisson().value(prediction, target).mean() / 2, deviance)


def test_cross_entropy_is_the_log_loss():
    loss, target = CASES["log_loss of (3,)"]
    prediction = loss.inverse_link(scores(target))
    assert_allclose(
        loss.value(prediction, target).mean(),
        log_loss(target.argmax(axis=1), prediction, labels=[0, 1, 2]),
    )


def test_several_outputs_have_a_softmax_each():
    loss, target = CASES["log_loss of (2, 3)"]
    prediction = loss.inverse_link(scores(target))
    assert loss.heads() == [slice(0, 2), slice(2, 5)]
    for head in loss.heads():
        assert_allclose(prediction[:, head].sum(axis=1), 1.0)
    each = [
        CrossEntropy((k,)).value(prediction[:, head], target[:, head])
        for k, head in zip((2, 3), loss.heads(), strict=True)
    ]
    assert_allclose(loss.value(prediction, target), sum(each))


def test_the_log_loss_suits_the_kind_of_target():
    assert LogLoss().independent() == BinaryCrossEntropy()
    assert LogLoss().exclusive((3, 2)) == CrossEntropy((3, 2))


@every_case
def test_only_a_mean_is_reported_as_one(loss, target):
    share = 0.2 if isinstance(loss, SquaredError) else 1.0
    assert loss.reported_share(5) == share


@pytest.mark.parametrize("name", RegressionLoss.members())
def test_targets_out_of_range_are_refused_by_the_name_of_the_loss(name):
    loss = RegressionLoss.members()[name]()
    loss.check_target(np.array([0.0, 3.0]))
    loss.check_target(np.empty(0))
    if loss.positive_only:
        with pytest.raises(ValueError, match=f"'{name}'.*-2"):
            loss.check_target(np.array([1.0, -2.0]))
    else:
        loss.check_target(np.array([-1.0, 2.0]))


@every_case
def test_the_link_has_the_name_that_scikit_learn_gives_it(loss, target):
    assert loss.link in {"identity", "exp", "logistic", "softmax"}


def test_a_count_of_zero_predicted_as_zero_costs_nothing():
    assert Poisson().value(np.zeros((1, 1)), np.zeros((1, 1))) == 0.0
    assert Poisson().value(np.zeros((1, 1)), np.ones((1, 1))) == np.inf
