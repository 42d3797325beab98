"""What holds for every loss: its values, its gradient, types, extremes, ranges."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skbackprop.core.spec import resolve
from skbackprop.losses import ClassificationLoss, RegressionLoss
from skbackprop.testing import check_loss

from .. import oracle_losses
from .cases import CASES, N_ROWS, every_case, every_type, judged, scores

NOT_CONVEX = ("focal", "squared_error of", "soft squared_error")
# One number tells values and gradients of far scores apart: it must not overflow.
FAR = 1e4
MEANS = {"squared_error", "absolute_error", "huber", "log_cosh", "quantile"}


@every_case
def test_value_and_gradient_are_those_of_the_loops(loss, target):
    raw = scores(loss, target)
    values, gradient = judged(loss, raw, target)
    assert values.shape == (N_ROWS,)
    by_loops = oracle_losses.of(loss)
    for row in range(N_ROWS):
        value, slope = by_loops(raw[row].tolist(), target[row].tolist())
        assert_allclose(values[row], value, rtol=1e-10, atol=1e-14)
        assert_allclose(gradient[row], slope, rtol=1e-9, atol=1e-13)


@every_case
@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_is_the_derivative_of_the_value(loss, target, seed):
    assert check_loss(loss, target, seed) < 1e-6


@every_case
@pytest.mark.parametrize("order", ["C", "F"])
@every_type
def test_types_stay_and_orders_do_not_matter(loss, target, dtype, order):
    raw = scores(loss, target, dtype=dtype, order=order)
    typed = target.astype(dtype, order=order)
    prediction = loss.inverse_link(raw)
    assert np.shares_memory(prediction, raw)
    gradient = loss.gradient(prediction, typed, np.empty_like(raw))
    values = loss.value(prediction, typed)
    assert prediction.dtype == gradient.dtype == values.dtype == dtype
    expected = judged(loss, scores(loss, target), target)
    assert_allclose(values, expected[0], rtol=1e-5, atol=2e-6)
    assert_allclose(gradient, expected[1], rtol=1e-4, atol=2e-6)


@every_case
def test_the_gradient_lands_in_what_it_is_given(loss, target):
    prediction = loss.inverse_link(scores(loss, target))
    wide = np.full((N_ROWS, prediction.shape[1] + 2), np.nan)
    out = wide[:, 1:-1]
    assert np.shares_memory(loss.gradient(prediction, target, out), out)
    assert np.isnan(wide[:, [0, -1]]).all()
    expected = loss.gradient(prediction, target, np.empty_like(prediction))
    assert_array_equal(out, expected)


@every_case
def test_the_arguments_of_value_and_gradient_are_left_alone(loss, target):
    given = target.copy()
    prediction = loss.inverse_link(scores(loss, target))
    kept = prediction.copy()
    loss.value(prediction, target)
    loss.gradient(prediction, target, np.empty_like(prediction))
    assert_array_equal(prediction, kept)
    assert_array_equal(target, given)


@every_case
def test_rows_do_not_depend_on_each_other(loss, target):
    raw = scores(loss, target)
    values, gradient = judged(loss, raw, target)
    assert not loss.mixes_rows
    for row in range(N_ROWS):
        one = slice(row, row + 1)
        value, slope = judged(loss, raw[one], target[one])
        assert_allclose(value, values[one], rtol=1e-12, atol=1e-15)
        assert_allclose(slope, gradient[one], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("loss", "target"),
    [case for name, case in CASES.items() if not any(n in name for n in NOT_CONVEX)],
)
def test_along_any_line_the_slope_of_a_convex_loss_rises(loss, target):
    start, end = scores(loss, target), scores(loss, target, scale=-2.0)
    slopes = [
        np.einsum(
            "ij,ij->i", judged(loss, start + s * (end - start), target)[1], end - start
        )
        for s in np.linspace(0, 1, 9)
    ]
    if loss.link != "cumulative_softplus":
        assert (np.diff(slopes, axis=0) >= -1e-12).all()


@every_case
def test_values_are_not_negative(loss, target):
    assert (judged(loss, scores(loss, target, 3.0), target)[0] >= 0).all()


@every_case
@every_type
@pytest.mark.parametrize("sign", [-1, 1])
def test_far_scores_have_finite_values_and_gradients(loss, target, sign, dtype):
    shape = len(target), loss.n_scores(target.shape[1])
    pattern = np.where(np.indices(shape).sum(axis=0) % 2, sign, -sign)
    # The exponential of a far score is no number: those of log links are as far as
    # goes.
    raw = pattern.astype(dtype) * (40.0 if loss.link == "exp" else FAR)
    with np.errstate(over="ignore"):
        values, gradient = judged(loss, raw.astype(dtype), target.astype(dtype))
    assert values.dtype == gradient.dtype == dtype
    assert np.isfinite(values).all()
    assert np.isfinite(gradient).all()


# --------------------------------------------------------------------- what it declares


@pytest.mark.parametrize("name", RegressionLoss.members())
def test_targets_out_of_range_are_refused_by_the_name_of_the_loss(name):
    loss = RegressionLoss.members()[name]()
    loss.check_target(np.array([0.5, 3.0]))
    loss.check_target(np.empty(0))
    if loss.positive_only:
        with pytest.raises(ValueError, match=rf"'{name}' requires y .*-2.*Use loss="):
            loss.check_target(np.array([1.0, -2.0]))
    else:
        loss.check_target(np.array([-1.0, 0.0, 2.0]))


def test_only_gamma_refuses_zeros():
    zeros = np.array([0.0, 1.0])
    members = RegressionLoss.members()
    with pytest.raises(ValueError, match=r"'gamma' requires y > 0.*minimum of 0.*pois"):
        members.pop("gamma")().check_target(zeros)
    for member in members.values():
        member().check_target(zeros)


@pytest.mark.parametrize("name", RegressionLoss.members())
def test_only_a_mean_is_reported_as_one(name):
    loss = RegressionLoss.members()[name]()
    assert loss.reported_share(5) == (0.2 if name in MEANS else 1.0)


@every_case
def test_the_link_is_one_that_is_known(loss, target):
    assert loss.link in {
        "identity",
        "exp",
        "logistic",
        "softmax",
        "cumulative_softplus",
    }


@pytest.mark.parametrize("name", RegressionLoss.members())
def test_a_loss_of_the_residual_alone_allows_for_scaling_the_target(name):
    loss = RegressionLoss.members()[name]()
    assert loss.location_scale == (name in MEANS)
    assert loss.scale_only == (loss.link == "exp") == (not loss.location_scale)
    assert not loss.has_probabilities


@pytest.mark.parametrize("name", ["poisson", "gamma"])
def test_in_other_units_a_deviance_is_the_same_but_for_a_factor(name):
    loss, rng = RegressionLoss.members()[name](), np.random.RandomState(0)
    raw, target = rng.normal(size=(6, 2)), rng.uniform(0.5, 3.0, (6, 2))
    value, slope = judged(loss, raw, target)
    moved, moved_slope = judged(loss, raw + np.log(8.0), 8.0 * target)
    factor = 8.0 if name == "poisson" else 1.0
    assert_allclose(moved, factor * value)
    assert_allclose(moved_slope, factor * slope)


@pytest.mark.parametrize("name", ClassificationLoss.members())
def test_probabilities_are_halved_and_margins_cut_at_zero(name):
    slot = ClassificationLoss.members()[name]()
    margins = "hinge" in name
    for loss in (slot.independent(), slot.exclusive((3,))):
        assert loss.has_probabilities != margins
        assert loss.threshold == (0.0 if margins else 0.5)
        assert loss.link == ("identity" if margins else loss.link)
        raw = np.zeros((1, 3))
        if loss.link == "logistic":
            assert_array_equal(loss.inverse_link(raw), loss.threshold)


BAD = [
    (RegressionLoss, "huber", {"delta": 0.0}),
    (RegressionLoss, "huber", {"delta": "wide"}),
    (RegressionLoss, "quantile", {"quantile": 1.0}),
    (RegressionLoss, "quantile", {"quantile": 0.0}),
    (RegressionLoss, "quantile", {"non_crossing": "yes"}),
    (ClassificationLoss, "log_loss", {"label_smoothing": 1.0}),
    (ClassificationLoss, "log_loss", {"label_smoothing": -0.1}),
    (ClassificationLoss, "focal", {"gamma": -1.0}),
]


@pytest.mark.parametrize(("family", "name", "settings"), BAD)
def test_settings_are_validated(family, name, settings):
    with pytest.raises(ValueError, match=f"'{next(iter(settings))}' parameter of"):
        resolve(family, family.members()[name](**settings))
