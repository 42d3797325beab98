"""Losses of classification: scikit-learn's metrics, soft targets, kinks."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import brier_score_loss, hinge_loss, log_loss

from skbackprop.core.workspace import Workspace
from skbackprop.layers import Dense, Logistic
from skbackprop.losses import (
    BinaryCrossEntropy,
    BinaryHinge,
    BinarySquaredError,
    CategoricalHinge,
    ClassificationLoss,
    CrossEntropy,
    Focal,
    LogLoss,
    ProbabilitySquaredError,
)
from skbackprop.network import Network

from .cases import MEMBERS, N_ROWS, every_type, judged, scores, soft

SLOTS = {name: member() for name, member in ClassificationLoss.members().items()}
every_slot = pytest.mark.parametrize("slot", SLOTS.values(), ids=SLOTS)
YES = np.array([1, 0, 0, 1, 1, 0, 1])
CLASS = np.array([0, 2, 1, 1, 0, 2, 2])


def binary(slot):
    """Return values and raw scores of one yes-or-no output."""
    loss, target = slot.independent(), YES[:, np.newaxis].astype(float)
    raw = scores(loss, target)
    return judged(loss, raw, target)[0], raw.ravel()


def multiclass(slot):
    """Return values and raw scores of three classes."""
    loss, target = slot.exclusive((3,)), np.eye(3)[CLASS]
    raw = scores(loss, target)
    return judged(loss, raw, target)[0], raw


def logistic(raw):
    return 1 / (1 + np.exp(-raw))


def softmax(raw):
    return np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)


# -------------------------------------------------------------------- published metrics


def test_log_loss():
    values, raw = binary(LogLoss())
    assert_allclose(values.mean(), log_loss(YES, logistic(raw)))
    values, raw = multiclass(LogLoss())
    assert_allclose(values.mean(), log_loss(CLASS, softmax(raw)))


@pytest.mark.parametrize("dtype", [np.int64, np.bool_, np.float32])
def test_hard_targets_may_be_of_any_type(dtype):
    target, prediction = np.array([[1.0], [0.0]]), np.array([[0.9], [0.3]])
    assert_array_equal(
        BinaryCrossEntropy().value(prediction, target.astype(dtype)),
        BinaryCrossEntropy().value(prediction, target),
    )


def test_hinge_loss():
    values, raw = binary(SLOTS["hinge"])
    assert_allclose(values.mean(), hinge_loss(YES, raw))
    values, raw = multiclass(SLOTS["hinge"])
    assert_allclose(values.mean(), hinge_loss(CLASS, raw))


def test_squared_hinge_is_the_square_of_the_hinge():
    for of in (binary, multiclass):
        assert_allclose(of(SLOTS["squared_hinge"])[0], of(SLOTS["hinge"])[0] ** 2)


def test_squared_error_is_half_the_brier_score():
    values, raw = binary(ProbabilitySquaredError())
    assert_allclose(2 * values.mean(), brier_score_loss(YES, logistic(raw)))
    values, raw = multiclass(ProbabilitySquaredError())
    brier = brier_score_loss(CLASS, softmax(raw), labels=[0, 1, 2], scale_by_half=False)
    assert_allclose(2 * values.mean(), brier)


def test_focal_loss_weighs_the_cross_entropy():
    for of, share in ((binary, logistic), (multiclass, softmax)):
        plain, raw = of(LogLoss())
        likelihood = np.exp(-plain)
        assert share(raw).shape == raw.shape
        assert_allclose(of(Focal(2.0))[0], (1 - likelihood) ** 2 * plain)
        assert_allclose(of(Focal(0.0))[0], plain)


# ------------------------------------------------------------------- kinds of targets


def test_the_log_loss_suits_the_kind_of_target():
    assert LogLoss().independent() == BinaryCrossEntropy()
    assert LogLoss().exclusive((3, 2)) == CrossEntropy((3, 2))


@every_slot
def test_settings_reach_the_loss(slot):
    for key, value in slot.get_params().items():
        slot = type(slot)(**{key: value + 0.5})
        for loss in (slot.independent(), slot.exclusive((3,))):
            assert loss.get_params()[key] == value + 0.5


@every_slot
def test_several_outputs_are_summed_up(slot):
    loss = slot.exclusive((2, 3))
    target = np.hstack([np.eye(2)[YES], np.eye(3)[CLASS]])
    raw = scores(loss, target)
    heads = [slice(0, 2), slice(2, 5)]
    assert loss.heads() == heads
    parts = [
        judged(slot.exclusive((k,)), raw[:, head], target[:, head])
        for k, head in zip((2, 3), heads, strict=True)
    ]
    values, gradient = judged(loss, raw, target)
    assert_allclose(values, sum(part[0] for part in parts))
    assert_allclose(gradient, np.hstack([part[1] for part in parts]))


def test_each_output_has_a_softmax():
    loss, target = MEMBERS["log_loss of (2, 3)"]
    prediction = loss.inverse_link(scores(loss, target))
    for head in loss.heads():
        assert_allclose(prediction[:, head].sum(axis=1), 1.0)


@every_slot
def test_scores_of_exclusive_classes_count_by_their_differences(slot):
    loss, target = slot.exclusive((3,)), np.eye(3)[CLASS]
    raw = scores(loss, target)
    shifted = judged(loss, raw + 5.0, target)
    for one, other in zip(judged(loss, raw, target), shifted, strict=True):
        assert_allclose(one, other, atol=1e-12)
    assert_allclose(shifted[1].sum(axis=1), 0.0, atol=1e-12)


# ------------------------------------------------------------------------ soft targets


@every_slot
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_a_soft_target_means_the_expectation(slot, smoothing):
    if smoothing:
        slot = LogLoss(smoothing)
    loss, target = slot.exclusive((3,)), soft((3,))
    raw = scores(loss, target)
    expected = [0.0, 0.0]
    for k in range(3):
        hard = np.broadcast_to(np.eye(3)[k], target.shape)
        parts = judged(loss, raw, hard)
        expected[0] += target[:, k] * parts[0]
        expected[1] += target[:, k, np.newaxis] * parts[1]
    values, gradient = judged(loss.softened(), raw, target)
    assert_allclose(values, expected[0], rtol=1e-10)
    assert_allclose(gradient, expected[1], atol=1e-12)


@every_slot
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_a_soft_yes_means_the_expectation(slot, smoothing):
    if smoothing:
        slot = LogLoss(smoothing)
    loss, share = slot.independent(), np.linspace(0, 1, N_ROWS)[:, np.newaxis]
    raw = scores(loss, share)
    yes, no = (judged(loss, raw, np.full_like(share, hard)) for hard in (1.0, 0.0))
    values, gradient = judged(loss.softened(), raw, share)
    assert_allclose(
        values, (share * yes[0][:, None] + (1 - share) * no[0][:, None])[:, 0]
    )
    assert_allclose(gradient, share * yes[1] + (1 - share) * no[1], atol=1e-12)


@pytest.mark.parametrize("name", [name for name in MEMBERS if " of " in name])
def test_softened_losses_agree_on_hard_targets(name):
    loss, target = MEMBERS[name]
    raw = scores(loss, target)
    softened = loss.softened()
    assert softened.softened() == softened
    assert softened.link == loss.link
    for one, other in zip(
        judged(loss, raw, target), judged(softened, raw, target), strict=True
    ):
        assert_allclose(one, other, rtol=1e-12, atol=1e-15)


def test_smoothed_labels_are_best_predicted_short_of_certainty():
    loss, target = LogLoss(0.1).exclusive((2,)), np.array([[1.0, 0.0]])
    raw = np.log(np.array([[0.95, 0.05]]))
    assert_allclose(judged(loss, raw, target)[1], 0.0, atol=1e-15)


# ---------------------------------------------------------------------- kinks, extremes


def test_on_the_margin_the_hinge_is_flat():
    one = np.ones((1, 1))
    for target, raw in ((one, one), (0 * one, -one)):
        for power in (1, 2):
            value, gradient = judged(BinaryHinge(power), raw, target)
            assert value == gradient == 0
    assert judged(BinaryHinge(), one - 1e-12, one)[1] == -1
    assert judged(BinaryHinge(), one + 1e-12, one)[1] == 0


def test_a_lead_of_one_is_on_the_margin():
    target = np.array([[0.0, 1.0, 0.0]])
    for power in (1, 2):
        value, gradient = judged(
            CategoricalHinge((3,), power), np.array([[0.5, 1.5, 0.0]]), target
        )
        assert value == 0
        assert_array_equal(gradient, np.zeros((1, 3)))
    raw = np.array([[0.6, 1.5, 0.0]])
    assert_array_equal(judged(CategoricalHinge((3,)), raw, target)[1], [[1, -1, 0]])


def test_of_rivals_with_the_same_score_the_first_is_pushed():
    raw, target = np.array([[2.0, 0.0, 2.0]]), np.array([[0.0, 1.0, 0.0]])
    assert_array_equal(judged(CategoricalHinge((3,)), raw, target)[1], [[1, -1, 0]])
    raw, target = np.array([[1.0, 1.0, 1.0]]), np.array([[1.0, 0.0, 0.0]])
    assert_array_equal(judged(CategoricalHinge((3,)), raw, target)[1], [[-1, 1, 0]])


@every_slot
@every_type
def test_a_classifier_that_is_sure_and_wrong_has_a_finite_loss(slot, dtype):
    for loss, target in (
        (slot.independent(), YES[:, np.newaxis]),
        (slot.exclusive((3,)), np.eye(3)[CLASS]),
    ):
        raw = (1e4 * (1 - 2 * target)).astype(dtype)
        with np.errstate(over="ignore"):
            values, gradient = judged(loss, raw, target.astype(dtype))
            right = judged(loss, -raw, target.astype(dtype))
        assert np.isfinite(values).all()
        assert np.isfinite(gradient).all()
        # That of probabilities is bounded: half a squared difference, or two.
        bounded = isinstance(slot, ProbabilitySquaredError)
        assert (values >= 0.5).all() if bounded else (values > 5).all()
        assert_allclose(right[0], 0.0, atol=1e-6)
        assert_allclose(right[1], 0.0, atol=1e-6)


# --------------------------------------------------------------- the notes' example A


def test_the_worked_example_trains_with_the_squared_error_of_a_probability():
    weights = [
        np.array([[0.2, -0.3], [0.4, 0.1], [-0.5, 0.2]]),
        np.array([[-0.3], [-0.2]]),
    ]
    biases = [np.array([-0.4, 0.2]), np.array([0.1])]
    network = Network([Dense(2), Logistic(), Dense(1)], n_in=3)
    layout = network.layout
    theta = layout.pack({"weight": weights, "bias": biases}, np.dtype(float))
    gradient = np.empty_like(theta)
    bound = network.bind(
        layout.views(theta), layout.views(gradient), 1, Workspace(1, np.dtype(float))
    )
    loss, target = BinarySquaredError(), np.ones((1, 1))
    prediction = loss.inverse_link(bound.forward(np.array([[1.0, 0.0, 1.0]])))
    assert_allclose(prediction, 0.474, atol=5e-4)
    delta = loss.gradient(prediction, target, np.empty((1, 1)))
    assert_allclose(delta, -0.1311, atol=1e-4)
    bound.backward(delta)
    after = layout.of_kind("weight", theta - 0.9 * gradient)
    expected = [[0.192, -0.306], [0.4, 0.1], [-0.508, 0.194]]
    assert_allclose(after[0], expected, atol=6e-4)
    assert_allclose(after[1].ravel(), [-0.261, -0.138], atol=6e-4)
