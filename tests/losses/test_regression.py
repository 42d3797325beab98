"""Losses of regression: scikit-learn's metrics, closed forms, kinks, quantiles."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import (
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
)

from skbackprop.losses import (
    AbsoluteError,
    Gamma,
    Huber,
    LogCosh,
    Poisson,
    Quantile,
    SquaredError,
)

from .cases import every_type, judged, numbers

RAW, TARGET = numbers(2), numbers(2)
POSITIVE = np.exp(TARGET)

# The loss, what its value is multiplied by, the metric, and targets.
METRICS = {
    "squared_error": (SquaredError(), 2.0, mean_squared_error, TARGET),
    "absolute_error": (AbsoluteError(), 1.0, mean_absolute_error, TARGET),
    "median": (Quantile(), 2.0, mean_absolute_error, TARGET),
    "low": (Quantile(0.2), 1.0, partial(mean_pinball_loss, alpha=0.2), TARGET),
    "high": (Quantile(0.9), 1.0, partial(mean_pinball_loss, alpha=0.9), TARGET),
    "poisson": (Poisson(), 2.0, mean_poisson_deviance, POSITIVE),
    "gamma": (Gamma(), 2.0, mean_gamma_deviance, POSITIVE),
}


@pytest.mark.parametrize(
    ("loss", "factor", "metric", "target"), METRICS.values(), ids=METRICS
)
def test_values_are_those_of_the_metrics(loss, factor, metric, target):
    prediction = loss.inverse_link(RAW.copy())
    mean = loss.value(prediction, target).mean() / RAW.shape[1]
    expected = metric(target.ravel(), prediction.ravel())
    assert_allclose(factor * mean, expected)


def test_several_quantiles_cost_the_sum_over_levels():
    levels, target = [0.1, 0.5, 0.8], TARGET[:, :1]
    raw = numbers(3)
    each = [
        mean_pinball_loss(target, column, alpha=q)
        for q, column in zip(levels, raw.T, strict=True)
    ]
    assert_allclose(Quantile(levels).value(raw, target).mean(), sum(each))


# ------------------------------------------------------------------------ closed forms


def at(loss, residuals):
    """Return value and gradient where the target is 0."""
    raw = np.array(residuals, float)[:, np.newaxis]
    values, gradient = judged(loss, raw, np.zeros_like(raw))
    return values, gradient.ravel()


def test_huber_is_quadratic_near_and_linear_far():
    values, gradient = at(Huber(2.0), [-5.0, -2.0, -1.0, 0.0, 1.0, 2.0, 5.0])
    assert_allclose(values, [8.0, 2.0, 0.5, 0.0, 0.5, 2.0, 8.0])
    assert_allclose(gradient, [-2.0, -2.0, -1.0, 0.0, 1.0, 2.0, 2.0])


def test_huber_has_squared_and_absolute_error_as_its_limits():
    residuals = [-3.0, 0.5, 2.0]
    assert_allclose(at(Huber(1e6), residuals)[0], at(SquaredError(), residuals)[0])
    narrow = at(Huber(1e-9), residuals)[0] / 1e-9
    assert_allclose(narrow, at(AbsoluteError(), residuals)[0], rtol=1e-8)


@every_type
def test_log_cosh_is_half_a_square_near_and_absolute_far(dtype):
    near, far = np.array([[1e-2]], dtype), np.array([[-1e4]], dtype)
    zero = np.zeros((1, 1), dtype)
    assert_allclose(LogCosh().value(near, zero), 0.5e-4, rtol=1e-2)
    assert_allclose(LogCosh().value(far, zero), 1e4 - np.log(2), rtol=1e-6)
    assert LogCosh().value(zero, zero) == 0


def test_a_count_of_zero_predicted_as_zero_costs_nothing():
    assert Poisson().value(np.zeros((1, 1)), np.zeros((1, 1))) == 0.0
    assert Poisson().value(np.zeros((1, 1)), np.ones((1, 1))) == np.inf


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_gamma_sees_ratios_alone(scale):
    target, prediction = POSITIVE, np.exp(RAW)
    assert_allclose(
        Gamma().value(scale * prediction, scale * target),
        Gamma().value(prediction, target),
    )


# ------------------------------------------------------------------------------- kinks


@pytest.mark.parametrize("loss", [AbsoluteError(), Quantile(0.9), Quantile(0.1)])
def test_where_the_target_is_met_the_gradient_is_zero(loss):
    values, gradient = at(loss, [0.0, -1e-300, 1e-300])
    assert values[0] == 0
    assert gradient[0] == 0
    # It lies between those of either side.
    assert gradient[1] < gradient[0] < gradient[2]


def test_levels_pull_by_their_share():
    assert_allclose(at(Quantile(0.9), [-2.0, 3.0])[1], [-0.9, 0.1])


@pytest.mark.parametrize("level", [0.1, 0.5, 0.75])
def test_the_best_constant_is_the_quantile(level):
    y = np.sort(np.random.RandomState(0).normal(size=101))[:, np.newaxis]
    totals = [Quantile(level).value(np.full_like(y, c), y).sum() for c in y.ravel()]
    best = y[int(np.argmin(totals))]
    assert_allclose(best, np.quantile(y, level, method="inverted_cdf"))


# -------------------------------------------------------------------- several quantiles


def test_a_level_takes_a_score_each():
    assert Quantile(0.3).n_scores(2) == 2
    assert Quantile([0.3]).n_scores(2) == 2
    assert Quantile([0.3, 0.6, 0.9]).n_scores(1) == 3
    assert Quantile([0.3, 0.6]).levels() == (0.3, 0.6)
    assert Quantile([0.3]).levels() == Quantile(0.3).levels() == (0.3,)
    assert Quantile(np.array([0.3, 0.6])).levels() == (0.3, 0.6)
    assert SquaredError().levels() == ()


def test_several_levels_of_several_targets_are_refused():
    with pytest.raises(
        ValueError, match=r"3 levels predicts a single target.*2 columns"
    ):
        Quantile([0.1, 0.5, 0.9]).n_scores(2)


@pytest.mark.parametrize(
    "levels",
    [[0.5, 0.1], [0.5, 0.5], [], [0.0, 0.5], [0.5, 1.0], [[0.1, 0.5]], [np.nan]],
)
def test_levels_ascend_strictly_within_their_range(levels):
    with pytest.raises(ValueError, match="strictly between 0 and 1, in ascending"):
        Quantile(levels).n_scores(1)


@every_type
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_columns_in_order_never_cross(dtype, scale):
    loss = Quantile([0.1, 0.5, 0.6, 0.9], non_crossing=True)
    raw = (scale * np.random.RandomState(0).normal(size=(200, 4))).astype(dtype)
    prediction = loss.inverse_link(raw.copy())
    assert prediction.dtype == dtype
    assert (np.diff(prediction, axis=1) >= 0).all()
    assert_array_equal(prediction[:, 0], raw[:, 0])


def test_order_has_nothing_to_say_about_one_level():
    raw = numbers(2)
    kept = raw.copy()
    assert_array_equal(Quantile(0.9, non_crossing=True).inverse_link(raw), kept)
    assert Quantile(0.9, non_crossing=True).link == "identity"
    assert Quantile([0.1, 0.9], non_crossing=True).link == "cumulative_softplus"
