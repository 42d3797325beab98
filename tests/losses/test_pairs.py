"""Losses that compare rows: against loops, finite differences, repetition, PyTorch."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skbackprop.losses import Contrastive, PairLoss, Triplet, pairs
from skbackprop.testing import check_loss, numerical_gradient

DTYPES = [np.float32, np.float64]
MEMBERS = {name: member() for name, member in PairLoss.members().items()}
CASES = MEMBERS | {
    "wide contrastive": Contrastive(margin=3.0),
    "narrow triplet": Triplet(margin=0.2),
}
every_case = pytest.mark.parametrize("loss", CASES.values(), ids=CASES)

CLASSES = np.array([0, 2, 1, 0, 0, 2, 1, 3, 0, 2], float)[:, np.newaxis]
N_ROWS = len(CLASSES)
Z = np.random.RandomState(0).normal(size=(N_ROWS, 3))
WEIGHT = np.array([1.0, 2.0, 0.0, 3.0, 1.0, 0.0, 2.0, 1.0, 2.0, 4.0])


# ------------------------------------------------------------- written down in loops


def contrastive_pair(loss, squared, same):
    if same:
        return squared / 2
    return max(0.0, loss.margin - np.sqrt(squared)) ** 2 / 2


def loop_contrastive(loss, z, labels, weight):
    """Return the loss of each row: a weighted mean over all rows, itself among them."""
    return [
        sum(
            w * contrastive_pair(loss, ((a - b) ** 2).sum(), label == other)
            for b, other, w in zip(z, labels, weight, strict=True)
        )
        / sum(weight)
        for a, label in zip(z, labels, strict=True)
    ]


def semi_hard(positive, negatives):
    """Return the nearest of the negatives beyond a positive, else the farthest."""
    beyond = [negative for negative in negatives if negative > positive]
    return min(beyond) if beyond else max(negatives)


def loop_triplet(loss, z, labels, weight):
    """Return the loss of each anchor: a weighted mean over its positives."""
    values = []
    for a, label in zip(z, labels, strict=True):
        seen = [
            (((a - b) ** 2).sum(), other == label, w)
            for b, other, w in zip(z, labels, weight, strict=True)
            if w > 0
        ]
        negatives = [squared for squared, same, _ in seen if not same]
        positives = [(squared, w) for squared, same, w in seen if same]
        if not negatives or not positives:
            values.append(0.0)
            continue
        hinges = [
            w * max(0.0, p - semi_hard(p, negatives) + loss.margin)
            for p, w in positives
        ]
        values.append(sum(hinges) / sum(w for _, w in positives))
    return values


LOOPS = {Contrastive: loop_contrastive, Triplet: loop_triplet}


def loop_values(loss, z=Z, classes=CLASSES, weight=None):
    weight = np.ones(len(z)) if weight is None else weight
    return np.array(LOOPS[type(loss)](loss, z, classes.ravel(), weight))


def gradient(loss, z=Z, classes=CLASSES, scale=1.0):
    return loss.scaled_gradient(z, classes, scale, np.empty_like(z))


# ---------------------------------------------------------------- value and gradient


@every_case
@pytest.mark.parametrize("seed", range(5))
def test_values_are_those_of_the_loops(loss, seed):
    z = np.random.RandomState(seed).normal(size=Z.shape)
    assert_allclose(loss.value(z, CLASSES), loop_values(loss, z), rtol=1e-10)
    assert_allclose(loss.total(z, CLASSES, None), loop_values(loss, z).sum())


@every_case
def test_weights_count_for_both_members_of_a_pair(loss):
    expected = WEIGHT @ loop_values(loss, weight=WEIGHT)
    assert_allclose(loss.total(Z, CLASSES, WEIGHT), expected)


@every_case
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["equal", "weighted"])
def test_the_gradient_is_the_derivative_of_the_total(loss, weight):
    numerical = numerical_gradient(lambda z: loss.total(z, CLASSES, weight), Z)
    scale = 1.0 if weight is None else weight[:, np.newaxis]
    assert_allclose(gradient(loss, scale=scale), numerical, rtol=1e-6, atol=1e-8)


@every_case
def test_a_single_component_passes_the_harness(loss):
    assert check_loss(loss, CLASSES) < 1e-6


@every_case
def test_the_scale_multiplies_the_gradient(loss):
    assert_allclose(gradient(loss, scale=0.25), 0.25 * gradient(loss))
    equal = np.full((N_ROWS, 1), 0.25)
    assert_allclose(gradient(loss, scale=equal), 0.25 * gradient(loss), atol=1e-15)


@every_case
def test_the_plain_gradient_is_that_of_the_sum_of_values(loss):
    plain = loss.gradient(Z, CLASSES, np.full_like(Z, np.nan))
    assert_array_equal(plain, gradient(loss))


# ------------------------------------------------------------------ what weights mean


@every_case
def test_a_weight_is_a_repetition(loss):
    times = WEIGHT.astype(int)
    z, classes = Z.repeat(times, axis=0), CLASSES.repeat(times, axis=0)
    assert_allclose(loss.total(Z, CLASSES, WEIGHT), loss.total(z, classes, None))
    # Of rows given twice each gets its share of the gradient.
    owner = np.arange(N_ROWS).repeat(times)
    together = np.zeros_like(Z)
    np.add.at(together, owner, gradient(loss, z, classes))
    weighted = gradient(loss, scale=WEIGHT[:, np.newaxis])
    assert_allclose(weighted, together, atol=1e-12)


@every_case
def test_a_row_of_no_weight_has_no_part_in_anything(loss):
    kept = WEIGHT > 0
    z = np.where(kept[:, np.newaxis], Z, np.nan)
    assert_allclose(
        loss.total(z, CLASSES, WEIGHT),
        loss.total(Z[kept], CLASSES[kept], WEIGHT[kept]),
    )
    slopes = gradient(loss, z, scale=WEIGHT[:, np.newaxis])
    assert_array_equal(slopes[~kept], 0.0)
    expected = gradient(loss, Z[kept], CLASSES[kept], WEIGHT[kept, np.newaxis])
    assert_allclose(slopes[kept], expected, atol=1e-14)


@every_case
def test_a_batch_of_no_weight_is_harmless(loss):
    nothing = np.zeros(N_ROWS)
    assert loss.total(Z, CLASSES, nothing) == 0.0
    assert_array_equal(gradient(loss, scale=nothing[:, np.newaxis]), 0.0)


@every_case
def test_only_the_ratio_of_weights_matters_to_a_mean(loss):
    tenfold = loss.total(Z, CLASSES, 10 * WEIGHT)
    assert_allclose(tenfold, 10 * loss.total(Z, CLASSES, WEIGHT))


# ------------------------------------------------------------- symmetries and limits


@every_case
def test_where_the_rows_lie_as_a_whole_does_not_matter(loss):
    turn = np.linalg.qr(np.random.RandomState(1).normal(size=(3, 3)))[0]
    moved = Z @ turn + 100.0
    assert_allclose(loss.value(moved, CLASSES), loss.value(Z, CLASSES))
    assert_allclose(gradient(loss, moved), gradient(loss) @ turn, atol=1e-10)


@every_case
def test_the_order_of_the_rows_does_not_matter(loss):
    order = np.random.RandomState(1).permutation(N_ROWS)
    assert_allclose(loss.value(Z[order], CLASSES[order]), loss.value(Z, CLASSES)[order])
    expected = gradient(loss)[order]
    assert_allclose(gradient(loss, Z[order], CLASSES[order]), expected, atol=1e-14)


@every_case
def test_gradients_add_up_to_nothing(loss):
    assert_allclose(gradient(loss).sum(axis=0), 0.0, atol=1e-13)


@every_case
def test_classes_far_apart_and_tight_cost_nothing(loss):
    z = 100.0 * CLASSES + np.zeros((1, 3))
    # Squared distances are differences of squares: they round as the largest do.
    assert_allclose(loss.value(z, CLASSES), 0.0, atol=1e-10)
    assert_allclose(gradient(loss, z), 0.0, atol=1e-10)


@every_case
def test_a_single_row_has_nothing_to_be_compared_with(loss):
    assert_array_equal(loss.value(Z[:1], CLASSES[:1]), [0.0])
    assert_array_equal(gradient(loss, Z[:1], CLASSES[:1]), np.zeros((1, 3)))


@every_case
def test_one_step_downhill_helps(loss):
    before, slopes = loss.total(Z, CLASSES, None), gradient(loss)
    assert loss.total(Z - 1e-4 * slopes, CLASSES, None) < before


def test_a_batch_of_one_class_has_no_triplets_and_is_drawn_together_by_pairs():
    same = np.zeros_like(CLASSES)
    assert_array_equal(gradient(Triplet(), Z, same), 0.0)
    assert_allclose(gradient(Contrastive(), Z, same), 2 * (Z - Z.mean(axis=0)))


def test_a_row_without_its_like_is_held_off_its_neighbour():
    z, classes = np.array([[0.0], [0.5]]), np.array([[0.0], [1.0]])
    for loss in MEMBERS.values():
        slopes = gradient(loss, z, classes)
        assert slopes[0, 0] > 0 > slopes[1, 0]


# --------------------------------------------------------------- where it is not smooth


def test_rows_of_two_classes_in_one_place_have_no_direction_to_part():
    z, classes = np.ones((4, 2)), np.array([[0.0], [0.0], [1.0], [1.0]])
    for loss in MEMBERS.values():
        assert_array_equal(gradient(loss, z, classes), 0.0)
        assert (loss.value(z, classes) > 0).all()


def test_the_contrastive_loss_is_smooth_at_the_margin():
    classes = np.array([[0.0], [1.0]])

    def slope(distance):
        return gradient(Contrastive(), np.array([[0.0], [distance]]), classes)[0, 0]

    assert_allclose([slope(1.0 - 1e-9), slope(1.0 + 1e-9)], 0.0, atol=1e-8)


def test_the_triplet_loss_jumps_where_another_negative_takes_its_turn():
    # The positive at 1 passes the negative at 1: the next one is the farthest.
    classes = np.array([[0.0], [0.0], [1.0], [1.0]])

    def value(positive):
        z = np.array([[0.0, 0.0], [positive, 0.0], [0.0, 1.0], [0.0, 3.0]])
        return Triplet().value(z, classes)[0]

    assert_allclose(value(1.0 - 1e-9) - value(1.0 + 1e-9), 0.5, atol=1e-6)
    assert Triplet.jumps
    assert not Contrastive.jumps


def mined(loss, z=Z, classes=CLASSES):
    """Return the triplets that a loss mines among some rows."""
    squared = ((z[:, np.newaxis] - z) ** 2).sum(axis=2)
    rows = pairs.Comparison(squared, classes == classes.T, np.ones(len(z)))
    return squared, loss.mine(rows)


def test_mined_negatives_are_semi_hard():
    squared, triplets = mined(Triplet())
    labels = CLASSES.ravel()
    expected = {
        (a, p) for a in range(N_ROWS) for p in np.flatnonzero(labels == labels[a])
    }
    assert {*zip(triplets.anchor, triplets.positive, strict=True)} == expected
    for a, p, n in zip(*triplets[:3], strict=True):
        others = squared[a, labels != labels[a]]
        assert_allclose(squared[a, n], semi_hard(squared[a, p], others))
        assert labels[n] != labels[a]


# ------------------------------------------------------------------ types and memory


@every_case
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_types_stay_and_arguments_are_left_alone(loss, dtype, order):
    z, classes = np.array(Z, dtype, order=order), CLASSES.astype(dtype)
    kept, weight = z.copy(), WEIGHT.astype(dtype)
    out = np.empty_like(z)
    assert loss.scaled_gradient(z, classes, weight[:, np.newaxis], out) is out
    assert loss.inverse_link(z) is z
    assert loss.value(z, classes).dtype == dtype
    assert loss.row_values(mined_rows(z, classes)).dtype == dtype
    assert loss.slopes(mined_rows(z, classes)).dtype == dtype
    assert_array_equal(z, kept)
    assert_allclose(out, gradient(loss, scale=WEIGHT[:, np.newaxis]), atol=1e-5)


def mined_rows(z, classes):
    squared = ((z[:, np.newaxis] - z) ** 2).sum(axis=2)
    return pairs.Comparison(squared, classes == classes.T, np.ones(len(z), z.dtype))


@every_case
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["equal", "weighted"])
def test_a_large_batch_falls_into_groups_spread_over_it(loss, weight, monkeypatch):
    monkeypatch.setattr(pairs, "MOST_ROWS", 4)
    kept = np.arange(N_ROWS) if weight is None else np.flatnonzero(weight)
    n_groups = -(-len(kept) // 4)
    groups = [kept[first::n_groups] for first in range(n_groups)]
    together = loss.total(Z, CLASSES, weight)
    slopes = gradient(loss, scale=1.0 if weight is None else weight[:, np.newaxis])
    monkeypatch.undo()
    of = [None if weight is None else weight[rows] for rows in groups]
    assert_allclose(
        together,
        sum(
            loss.total(Z[rows], CLASSES[rows], own)
            for rows, own in zip(groups, of, strict=True)
        ),
    )
    for rows, own in zip(groups, of, strict=True):
        scale = 1.0 if own is None else own[:, np.newaxis]
        expected = gradient(loss, Z[rows], CLASSES[rows], scale)
        assert_allclose(slopes[rows], expected, atol=1e-14)


@every_case
def test_mixed_classes_are_refused(loss):
    mixed = CLASSES + 0.3
    with pytest.raises(ValueError, match="'mixup'"):
        gradient(loss, classes=mixed)


# ---------------------------------------------------------------------------- PyTorch


def test_triplets_cost_what_they_do_in_pytorch():
    torch = pytest.importorskip("torch")
    z = torch.tensor(Z, requires_grad=True)
    _, triplets = mined(Triplet())
    criterion = torch.nn.TripletMarginWithDistanceLoss(
        distance_function=lambda a, b: ((a - b) ** 2).sum(dim=1),
        margin=1.0,
        reduction="none",
    )
    places = [torch.tensor(each) for each in triplets[:3]]
    losses = criterion(*(z[each] for each in places))
    assert_allclose(triplets.loss, losses.detach().numpy(), rtol=1e-12)
    total = (losses * torch.tensor(triplets.share)).sum()
    total.backward()
    assert_allclose(Triplet().total(Z, CLASSES, None), total.item())
    assert_allclose(gradient(Triplet()), z.grad.numpy(), atol=1e-12)


def test_pairs_cost_what_they_do_in_pytorch():
    torch = pytest.importorskip("torch")
    z = torch.tensor(Z, requires_grad=True)
    one, other = np.triu_indices(N_ROWS, 1)
    distance = torch.nn.functional.pairwise_distance(z[one], z[other], eps=0.0)
    same = torch.tensor((CLASSES[one] == CLASSES[other]).ravel())
    lack = torch.clamp(1.0 - distance, min=0.0)
    losses = 0.5 * torch.where(same, distance**2, lack**2)
    # Each pair counts from both sides, in means over all rows.
    total = 2 * losses.sum() / N_ROWS
    total.backward()
    assert_allclose(Contrastive().total(Z, CLASSES, None), total.item())
    assert_allclose(gradient(Contrastive()), z.grad.numpy(), atol=1e-12)
