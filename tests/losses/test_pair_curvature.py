"""Second derivatives of losses that compare rows: against differences and PyTorch."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skbackprop.losses import Contrastive, PairLoss, Triplet, pairs
from skbackprop.testing import check_loss

from .test_pairs import CLASSES, N_ROWS, WEIGHT, Z, every_case, gradient

RNG = np.random.RandomState(3)
TANGENTS = RNG.normal(size=(3, *Z.shape))
SCALES = {"equal": 0.3, "weighted": WEIGHT[:, np.newaxis]}
every_scale = pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)


def matrix(product, scale=1.0, z=Z, classes=CLASSES):
    """Return the matrix that a method multiplies by."""
    basis = np.eye(z.size).reshape(-1, *z.shape)
    return product(z, classes, scale, basis).reshape(z.size, z.size)


def positive(whole):
    values, vectors = np.linalg.eigh(whole)
    return (vectors * np.maximum(values, 0.0)) @ vectors.T


# ------------------------------------------------------------------------- the Hessian


@every_case
@every_scale
def test_the_product_is_the_derivative_of_the_gradient(loss, scale):
    def change(along, step):
        ahead, back = (
            gradient(loss, Z + s * along, scale=scale) for s in (step, -step)
        )
        return ahead - back

    h = 1e-5
    differences = [8 * change(t, h) - change(t, 2 * h) for t in TANGENTS]
    expected = np.stack(differences) / (12 * h)
    product = loss.scaled_hessian_product(Z, CLASSES, scale, TANGENTS)
    assert np.abs(product - expected).max() < 1e-8 * np.abs(expected).max()


@every_case
@every_scale
def test_it_is_symmetric_over_all_rows(loss, scale):
    whole = matrix(loss.scaled_hessian_product, scale)
    assert np.abs(whole - whole.T).max() < 1e-13 * np.abs(whole).max()
    assert np.abs(whole[:3, 3:]).max() > 0.0


@every_case
@every_scale
@pytest.mark.parametrize("curved", ["hessian", "gauss_newton"])
def test_several_tangents_at_once_are_as_one_by_one(loss, scale, curved):
    product = getattr(loss, f"scaled_{curved}_product")
    together = product(Z, CLASSES, scale, TANGENTS)
    for one, expected in zip(TANGENTS, together, strict=True):
        alone = product(Z, CLASSES, scale, one[np.newaxis])[0]
        assert_allclose(alone, expected, rtol=1e-13, atol=1e-14)


@every_case
def test_the_plain_products_are_those_of_the_sum_of_values(loss):
    for curved in ("hessian_product", "gauss_newton_product"):
        plain = getattr(loss, curved)(Z, CLASSES, TANGENTS)
        scaled = getattr(loss, f"scaled_{curved}")(Z, CLASSES, 1.0, TANGENTS)
        assert_array_equal(plain, scaled)
    factor = loss.factor(Z, CLASSES)
    assert_array_equal(factor, loss.scaled_factor(Z, CLASSES, 1.0))


def of_contrastive(loss, z, weight, torch):
    """Write the weighted sum with distances of rows, which are nowhere zero."""
    one, other = (torch.tensor(each) for each in np.triu_indices(N_ROWS, 1))
    distance = (z[one] - z[other]).norm(dim=1)
    same = torch.tensor((CLASSES[one] == CLASSES[other]).ravel())
    lack = torch.clamp(loss.margin - distance, min=0.0)
    terms = 0.5 * torch.where(same, distance**2, lack**2)
    return 2 * (weight[one] * weight[other] * terms).sum() / weight.sum()


def of_triplets(loss, z, weight, torch):
    """Write the weighted sum over the triplets that are mined at one point."""
    kept = np.flatnonzero(weight.numpy())
    rows = pairs.Comparison(
        ((Z[kept, np.newaxis] - Z[kept]) ** 2).sum(axis=2),
        CLASSES[kept] == CLASSES[kept].T,
        weight.numpy()[kept],
    )
    triplets = loss.mine(rows)
    a, p, n = (torch.tensor(kept[each]) for each in triplets[:3])
    near, far = ((z[a] - z[b]).pow(2).sum(dim=1) for b in (p, n))
    hinges = torch.clamp(near - far + loss.margin, min=0.0)
    return (weight[a] * torch.tensor(triplets.share) * hinges).sum()


IN_TORCH = {Contrastive: of_contrastive, Triplet: of_triplets}


@every_case
@every_scale
def test_hessians_are_those_of_pytorch(loss, scale):
    torch = pytest.importorskip("torch")
    weight = torch.tensor(np.broadcast_to(scale, (N_ROWS, 1))[:, 0].copy())
    whole = torch.autograd.functional.hessian(
        lambda z: IN_TORCH[type(loss)](loss, z, weight, torch), torch.tensor(Z)
    )
    expected = whole.numpy().reshape(Z.size, Z.size)
    found = matrix(loss.scaled_hessian_product, scale)
    assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


# --------------------------------------------------------------- Gauss-Newton's matrix


@every_case
@every_scale
def test_it_is_the_sum_of_the_positive_parts_of_all_pairs(loss, scale):
    weight = np.broadcast_to(scale, (N_ROWS, 1))[:, 0]
    kept = np.flatnonzero(weight)
    rows = pairs.Comparison(
        ((Z[kept, np.newaxis] - Z[kept]) ** 2).sum(axis=2),
        CLASSES[kept] == CLASSES[kept].T,
        weight[kept],
    )
    slopes, bends = (
        weight[kept, np.newaxis] * part(rows) for part in (loss.slopes, loss.bends)
    )
    expected = np.zeros((N_ROWS, 3, N_ROWS, 3))
    for i, one in enumerate(kept):
        for j, other in enumerate(kept):
            d = Z[one] - Z[other]
            bent = 2 * slopes[i, j] * np.eye(3) + 4 * bends[i, j] * np.outer(d, d)
            for a, b, sign in [(one, one, 1), (other, other, 1), (one, other, -1)]:
                expected[a, :, b] += sign * positive(bent)
            expected[other, :, one] -= positive(bent)
    found = matrix(loss.scaled_gauss_newton_product, scale)
    tiny = 1e-12 * np.abs(found).max()
    assert_allclose(found, expected.reshape(found.shape), atol=tiny)
    assert np.linalg.eigvalsh(found).min() > -tiny


def test_of_the_contrastive_loss_it_is_that_of_least_squares():
    loss, h = Contrastive(margin=3.0), 1e-6

    def residuals(z):
        """Return vectors within classes and what distances lack between them."""
        found = []
        for one, a in enumerate(z):
            for other, b in enumerate(z):
                if CLASSES[one] == CLASSES[other]:
                    found.extend(a - b)
                else:
                    found.append(max(0.0, loss.margin - np.sqrt(((a - b) ** 2).sum())))
        return np.array(found) / np.sqrt(N_ROWS)

    z, units = Z, np.eye(Z.size).reshape(-1, *Z.shape)
    assert_allclose(0.5 * (residuals(z) ** 2).sum(), loss.total(z, CLASSES, None))
    columns = [residuals(z + h * u) - residuals(z - h * u) for u in units]
    jacobian = np.array(columns) / (2 * h)
    found = matrix(loss.scaled_gauss_newton_product)
    assert_allclose(found, jacobian @ jacobian.T, atol=1e-8)


@every_case
@every_scale
def test_factors_are_roots_of_its_blocks_on_the_diagonal(loss, scale):
    whole = matrix(loss.scaled_gauss_newton_product, scale)
    factor = loss.scaled_factor(Z, CLASSES, scale)
    assert factor.shape == (3, N_ROWS, 3)
    each = np.arange(N_ROWS)
    blocks = whole.reshape(N_ROWS, 3, N_ROWS, 3)[each, :, each]
    by_factor = np.einsum("mij,mik->ijk", factor, factor)
    assert_allclose(by_factor, blocks, atol=1e-13 * np.abs(whole).max())


def test_within_one_class_both_are_the_hessian_of_the_spread():
    same, loss = np.zeros_like(CLASSES), Contrastive()
    centered = TANGENTS - TANGENTS.mean(axis=1, keepdims=True)
    for product in (loss.hessian_product, loss.gauss_newton_product):
        assert_allclose(product(Z, same, TANGENTS), 2.0 * centered, atol=1e-14)


# --------------------------------------------------------- what weights and groups mean


@every_case
@pytest.mark.parametrize("curved", ["hessian", "gauss_newton"])
def test_a_weight_is_a_repetition(loss, curved):
    times, product = WEIGHT.astype(int), f"scaled_{curved}_product"
    z, classes = Z.repeat(times, axis=0), CLASSES.repeat(times, axis=0)
    alike = TANGENTS.repeat(times, axis=1)
    owner, together = np.arange(N_ROWS).repeat(times), np.zeros_like(TANGENTS)
    found = getattr(loss, product)(z, classes, 1.0, alike)
    np.add.at(together, (slice(None), owner), found)
    weighted = getattr(loss, product)(Z, CLASSES, SCALES["weighted"], TANGENTS)
    assert_allclose(weighted, together, atol=1e-12)


@every_case
def test_a_row_of_no_weight_has_no_part_in_anything(loss):
    kept, scale = WEIGHT > 0, SCALES["weighted"]
    z = np.where(kept[:, np.newaxis], Z, np.nan)
    for product in (loss.scaled_hessian_product, loss.scaled_gauss_newton_product):
        found = product(z, CLASSES, scale, TANGENTS)
        assert_array_equal(found[:, ~kept], 0.0)
        alone = product(Z[kept], CLASSES[kept], scale[kept], TANGENTS[:, kept])
        assert_allclose(found[:, kept], alone, atol=1e-13)


@every_case
@every_scale
def test_a_large_batch_falls_into_the_groups_of_its_gradient(loss, scale, monkeypatch):
    monkeypatch.setattr(pairs, "MOST_ROWS", 4)
    h, along = 1e-5, TANGENTS[0]
    ahead, back = (gradient(loss, Z + s * along, scale=scale) for s in (h, -h))
    found = loss.scaled_hessian_product(Z, CLASSES, scale, TANGENTS[:1])[0]
    assert_allclose(found, (ahead - back) / (2 * h), atol=1e-6)


# ---------------------------------------------------------------------------- kinks


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("apart", [0.0, 1e-18, 1e-12, 1e-6])
def test_rows_of_two_classes_in_one_place_leave_no_infinities(apart, dtype):
    z = np.array([[0.0, 0.0], [apart, 0.0], [1.0, 1.0]], dtype)
    classes = np.array([[0], [1], [0]], dtype)
    along = np.ones((1, 3, 2), dtype)
    for loss in (Contrastive(), Contrastive(margin=1e3), Triplet()):
        for product in (loss.hessian_product, loss.gauss_newton_product):
            assert np.isfinite(product(z, classes, along)).all()
        assert np.isfinite(loss.factor(z, classes)).all()


@every_case
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_types_stay(loss, dtype):
    z, classes, along = (a.astype(dtype) for a in (Z, CLASSES, TANGENTS))
    scale, kept = SCALES["weighted"].astype(dtype), z.copy()
    for product in (loss.scaled_hessian_product, loss.scaled_gauss_newton_product):
        found = product(z, classes, scale, along)
        assert found.dtype == dtype
        exact = product(Z, CLASSES, SCALES["weighted"], TANGENTS)
        assert_allclose(found, exact, atol=1e-4 * np.abs(exact).max())
    assert loss.scaled_factor(z, classes, scale).dtype == dtype
    assert_array_equal(z, kept)


# ------------------------------------------------------------------------- one's own


class Attraction(PairLoss):
    """Squared distances within classes, a power of them between."""

    def row_values(self, rows):
        return np.where(rows.same, rows.squared, rows.squared**2).sum(axis=1)

    def slopes(self, rows):
        return np.where(rows.same, 1.0, 2.0 * rows.squared)


class Bent(Attraction):
    def bends(self, rows):
        return np.where(rows.same, 0.0, 2.0)


class WronglyBent(Attraction):
    def bends(self, rows):
        return np.where(rows.same, 0.0, 1.0)


class NotConvex(Bent):
    def scaled_gauss_newton_product(self, prediction, target, scale, tangent):
        return -self.scaled_hessian_product(prediction, target, scale, tangent)


class WrongRoots(Bent):
    def scaled_factor(self, prediction, target, scale):
        return 2.0 * super().scaled_factor(prediction, target, scale)


def test_a_loss_without_second_derivatives_trains_but_says_so():
    message = "Attraction has no second derivative: define bends"
    loss = Attraction()
    for method in (loss.hessian_product, loss.gauss_newton_product):
        with pytest.raises(NotImplementedError, match=message):
            method(Z, CLASSES, TANGENTS)
    with pytest.raises(NotImplementedError, match=message):
        loss.factor(Z, CLASSES)
    assert check_loss(loss, CLASSES) < 1e-6


def test_a_right_one_passes_the_check():
    assert check_loss(Bent(), CLASSES) < 1e-6


WRONG = {
    WronglyBent: "WronglyBent: hessian_product is off",
    NotConvex: "NotConvex: gauss_newton_product, by its positive eigenvalues",
    WrongRoots: "WrongRoots: factor, by blocks of gauss_newton_product",
}


@pytest.mark.parametrize("kind", WRONG, ids=lambda kind: kind.__name__)
def test_a_wrong_one_is_caught_by_name(kind):
    with pytest.raises(AssertionError, match=WRONG[kind]):
        check_loss(kind(), CLASSES)
