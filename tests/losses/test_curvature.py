"""Second derivatives: against differences and closed forms; what else is asked."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skbackprop.losses import (
    AbsoluteError,
    BinaryFocal,
    BinaryHinge,
    BinarySquaredError,
    CategoricalFocal,
    CategoricalHinge,
    CategoricalSquaredError,
    CrossEntropy,
    CurvedLoss,
    Huber,
    LogCosh,
    LogLoss,
    Loss,
    Quantile,
    RegressionLoss,
    SquaredError,
)
from skbackprop.testing import check_loss

from .cases import CASES, N_ROWS, every_case, every_type, scores

STEP = 1e-6
RNG = np.random.RandomState(5)
NOT_CONVEX = {
    BinaryFocal,
    CategoricalFocal,
    BinarySquaredError,
    CategoricalSquaredError,
    Quantile,
}
CONVEX = {n: case for n, case in CASES.items() if type(case[0]) not in NOT_CONVEX}


def at(loss, raw):
    return loss.inverse_link(raw.copy())


def gradient(loss, raw, target):
    return loss.gradient(at(loss, raw), target, np.empty_like(raw))


def tangents(raw, k=3):
    return np.random.RandomState(2).normal(size=(k, *raw.shape)).astype(raw.dtype)


def rows_of(product, loss, raw, target):
    """Return the matrix of each row that a method multiplies by."""
    n_rows, n_scores = raw.shape
    basis = np.zeros((n_scores, n_rows, n_scores))
    basis[np.arange(n_scores), :, np.arange(n_scores)] = 1.0
    return np.moveaxis(product(at(loss, raw), target, basis), 0, 2)


def hessians(loss, raw, target):
    return rows_of(loss.hessian_product, loss, raw, target)


def gauss_newtons(loss, raw, target):
    return rows_of(loss.gauss_newton_product, loss, raw, target)


# ------------------------------------------------------------------------- the Hessian


@every_case
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_the_product_is_the_derivative_of_the_gradient(loss, target, scale):
    raw = scores(loss, target, scale)
    along = tangents(raw)
    product = loss.hessian_product(at(loss, raw), target, along)
    numerical = [
        gradient(loss, raw + STEP * t, target) - gradient(loss, raw - STEP * t, target)
        for t in along
    ]
    assert product.shape == along.shape
    expected = np.stack(numerical) / (2 * STEP)
    assert_allclose(product, expected, rtol=1e-7, atol=1e-7 * np.abs(product).max())


@every_case
def test_hessians_are_symmetric(loss, target):
    matrices = hessians(loss, scores(loss, target), target)
    assert_allclose(matrices, matrices.transpose(0, 2, 1), rtol=1e-13, atol=1e-15)


@every_case
@pytest.mark.parametrize("method", ["hessian_product", "gauss_newton_product"])
def test_several_tangents_at_once_are_as_one_by_one(loss, target, method):
    raw = scores(loss, target)
    along, product = tangents(raw, 4), getattr(loss, method)
    together = product(at(loss, raw), target, along)
    for one, expected in zip(along, together, strict=True):
        alone = product(at(loss, raw), target, one[np.newaxis])[0]
        assert_allclose(alone, expected, rtol=1e-14, atol=1e-15)


# --------------------------------------------------------------- Gauss-Newton's matrix


@every_case
@pytest.mark.parametrize("scale", [1.0, 5.0])
def test_the_factors_outer_products_sum_to_the_gauss_newton_matrix(loss, target, scale):
    raw = scores(loss, target, scale)
    factor = loss.factor(at(loss, raw), target)
    assert factor.shape[1:] == raw.shape
    matrices = gauss_newtons(loss, raw, target)
    by_factor = np.einsum("mij,mik->ijk", factor, factor)
    tiny = 1e-14 * max(1.0, np.abs(matrices).max())
    assert_allclose(matrices, by_factor, rtol=1e-12, atol=tiny)
    assert (np.linalg.eigvalsh(matrices) >= -tiny).all()


@pytest.mark.parametrize(("loss", "target"), CONVEX.values(), ids=CONVEX)
def test_it_is_the_hessian_of_a_convex_loss(loss, target):
    raw = scores(loss, target)
    assert_array_equal(gauss_newtons(loss, raw, target), hessians(loss, raw, target))


@pytest.mark.parametrize(
    "loss", [BinarySquaredError(), CategoricalSquaredError((2, 3))]
)
def test_of_squared_probabilities_it_is_the_square_of_the_links_jacobian(loss):
    raw = RNG.normal(size=(N_ROWS, 5))
    shifts = STEP * np.eye(5)
    columns = [at(loss, raw + s) - at(loss, raw - s) for s in shifts]
    jacobian = np.stack(columns, axis=2) / (2 * STEP)
    expected = np.einsum("nij,nik->njk", jacobian, jacobian)
    matrices = gauss_newtons(loss, raw, np.zeros_like(raw))
    assert_allclose(matrices, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", [n for n in CASES if "focal" in n])
def test_of_a_focal_loss_it_differs_by_what_is_negative(name):
    loss, target = CASES[name]
    raw = scores(loss, target, 3.0)
    excess = gauss_newtons(loss, raw, target) - hessians(loss, raw, target)
    assert (np.linalg.eigvalsh(excess) >= -1e-14).all()


@pytest.mark.parametrize(
    ("focal", "other"),
    [
        (BinaryFocal(0.0), LogLoss().independent()),
        (CategoricalFocal((2, 3), 0.0), CrossEntropy((2, 3))),
    ],
)
def test_without_focus_it_is_that_of_the_cross_entropy(focal, other):
    raw = RNG.normal(size=(N_ROWS, 5))
    target = np.hstack([np.eye(k)[RNG.randint(k, size=N_ROWS)] for k in (2, 3)])
    expected = hessians(other, raw, target)
    assert_allclose(gauss_newtons(focal, raw, target), expected, atol=1e-15)
    assert_allclose(hessians(focal, raw, target), expected, atol=1e-15)


@pytest.mark.parametrize("loss", [BinaryFocal(), CategoricalFocal((2,))])
def test_a_focal_loss_is_convex_near_its_minimum(loss):
    raw = np.array([[2.0, -2.0]])
    target = np.array([[1.0, 0.0]])
    matrix = hessians(loss, raw, target)
    assert_array_equal(gauss_newtons(loss, raw, target), matrix)
    far = -2 * raw
    excess = gauss_newtons(loss, far, target) - hessians(loss, far, target)
    assert np.abs(excess).max() > 1e-3


def test_quantiles_in_order_bend_by_their_link_alone():
    loss, target = CASES["three in order"]
    raw = scores(loss, target)
    assert np.abs(hessians(loss, raw, target)).max() > 0.01
    assert_array_equal(gauss_newtons(loss, raw, target), 0.0)


# ------------------------------------------------------------------------ closed forms


def test_worked_examples():
    raw, p = np.log([[0.2, 0.3, 0.5]]), np.array([0.2, 0.3, 0.5])
    softmax = np.diag(p) - np.outer(p, p)
    target = np.array([[0.0, 1.0, 0.0]])
    assert_allclose(hessians(CrossEntropy((3,)), raw, target)[0], softmax)
    assert_allclose(
        hessians(LogLoss().independent(), np.zeros((1, 1)), np.ones((1, 1))), [[[0.25]]]
    )
    assert_allclose(hessians(SquaredError(), raw, target)[0], np.eye(3))
    # The second class lacks a lead over the third, which is first; 2 (e2 - e3)(...)'.
    apart = np.array([0.0, 1.0, -1.0])
    hinge = CategoricalHinge((3,), power=2)
    assert_allclose(hessians(hinge, raw, target)[0], 2 * np.outer(apart, apart))


def test_far_from_the_target_log_cosh_still_bends():
    far = hessians(LogCosh(), np.array([[20.0, -40.0]]), np.zeros((1, 2)))[0]
    assert_allclose(np.diag(far), 4 * np.exp([-40.0, -80.0]), rtol=1e-14)


KINKS = {
    "absolute": (AbsoluteError(), 0.0, 0.0),
    "huber": (Huber(0.5), 0.5, 1.0),
    "quantile": (Quantile(0.3), 0.0, 0.0),
    "hinge": (BinaryHinge(), -1.0, 0.0),
    "squared hinge": (BinaryHinge(power=2), -1.0, 0.0),
}


@pytest.mark.parametrize(("loss", "score", "bend"), KINKS.values(), ids=KINKS)
def test_a_kink_has_the_curvature_of_one_side(loss, score, bend):
    at_kink = hessians(loss, np.array([[score]]), np.zeros((1, 1)))
    assert_array_equal(at_kink, [[[bend]]])


# ---------------------------------------------------------------------- what is asked


@every_case
@every_type
@pytest.mark.parametrize("order", ["C", "F"])
def test_types_stay_and_arguments_are_left_alone(loss, target, dtype, order):
    raw = scores(loss, target, dtype=dtype)
    given = [at(loss, raw), target.astype(dtype), tangents(raw)]
    exact = [a.astype(float) for a in given]
    arrays = [np.asarray(a, order=order) for a in given]
    kept = [a.copy() for a in arrays]
    for array in arrays:
        array.flags.writeable = False
    for method in (loss.hessian_product, loss.gauss_newton_product):
        product = method(*arrays)
        assert product.dtype == dtype
        assert product.flags.writeable
        assert not any(np.shares_memory(product, array) for array in arrays)
        assert_allclose(product, method(*exact), rtol=2e-4, atol=1e-5)
    factor = loss.factor(*arrays[:2])
    assert factor.dtype == dtype
    assert_allclose(factor, loss.factor(*exact[:2]), rtol=2e-4, atol=2e-4)
    for array, before in zip(arrays, kept, strict=True):
        assert_array_equal(array, before)


@every_case
@every_type
@pytest.mark.parametrize("sign", [-1, 1])
def test_far_scores_have_finite_curvature(loss, target, sign, dtype):
    shape = len(target), loss.n_scores(target.shape[1])
    pattern = np.where(np.indices(shape).sum(axis=0) % 2, sign, -sign)
    raw = (pattern * (40.0 if loss.link == "exp" else 1e4)).astype(dtype)
    with np.errstate(over="ignore"):
        prediction = loss.inverse_link(raw)
    typed = target.astype(dtype)
    along = np.ones((2, *shape), dtype)
    assert np.isfinite(loss.hessian_product(prediction, typed, along)).all()
    assert np.isfinite(loss.gauss_newton_product(prediction, typed, along)).all()
    assert np.isfinite(loss.factor(prediction, typed)).all()


# -------------------------------------------------------------------------- of your own


class PseudoHuber(RegressionLoss):
    """It has no second derivative."""

    link = "identity"

    def inverse_link(self, raw):
        return raw

    def value(self, prediction, target):
        return (np.hypot(1.0, prediction - target) - 1.0).sum(axis=1)

    def gradient(self, prediction, target, out):
        np.subtract(prediction, target, out)
        return np.divide(out, np.hypot(1.0, out), out)


class WithProduct(PseudoHuber):
    """The least that one can write."""

    def hessian_product(self, prediction, target, tangent):
        return np.hypot(1.0, prediction - target) ** -3 * tangent


class WithCurvature(CurvedLoss, PseudoHuber):
    """A sum over outputs."""

    def curvature(self, prediction, target):
        return np.hypot(1.0, prediction - target) ** -3


class Coupled(SquaredError):
    """Its outputs are correlated."""

    MATRIX = np.array([[2.0, 0.5], [0.5, 1.0]])

    def value(self, prediction, target):
        r = prediction - target
        return 0.5 * np.einsum("ij,jk,ik->i", r, self.MATRIX, r)

    def gradient(self, prediction, target, out):
        out[...] = (prediction - target) @ self.MATRIX
        return out

    def hessian_product(self, prediction, target, tangent):
        return tangent @ self.MATRIX

    gauss_newton_product = Loss.gauss_newton_product
    factor = Loss.factor


class Lopsided(Coupled):
    """Its Hessian is that of one triangle."""

    def hessian_product(self, prediction, target, tangent):
        return tangent @ np.triu(self.MATRIX)


class Truncated(SquaredError):
    """Its Hessian is off."""

    def curvature(self, prediction, target):
        return 0.9 * np.ones_like(prediction)


class OnlyFirst(WithProduct):
    """It takes the first tangent for all of them."""

    def hessian_product(self, prediction, target, tangent):
        first = np.broadcast_to(tangent[:1], tangent.shape)
        return super().hessian_product(prediction, target, first)


class NotDefinite(PseudoHuber):
    """It is not convex, and does not give a Gauss-Newton product."""

    def value(self, prediction, target):
        return np.sin(prediction).sum(axis=1)

    def gradient(self, prediction, target, out):
        return np.cos(prediction, out)

    def hessian_product(self, prediction, target, tangent):
        return -np.sin(prediction) * tangent


class WrongFactor(WithCurvature):
    """Its factor lacks a root."""

    def factor(self, prediction, target):
        return super().factor(prediction, target) ** 2


TARGET = np.array([[0.5, 1.0], [-2.0, 0.0], [0.1, 3.0]])


def test_a_loss_without_second_derivatives_says_so():
    loss, z = PseudoHuber(), np.eye(2)
    message = "PseudoHuber has no second derivative: define hessian_product"
    for method in (loss.hessian_product, loss.gauss_newton_product):
        with pytest.raises(NotImplementedError, match=message):
            method(z, z, z[np.newaxis])
    with pytest.raises(NotImplementedError, match=message):
        loss.factor(z, z)


@pytest.mark.parametrize("kind", [PseudoHuber, WithProduct, WithCurvature, Coupled])
def test_a_right_one_passes_the_check(kind):
    assert check_loss(kind(), TARGET) < 1e-6


@every_case
def test_every_loss_passes_the_check(loss, target):
    assert check_loss(loss, target, seed=4) < 1e-6


WRONG = {
    Truncated: "Truncated: hessian_product is off by 1.0e-01",
    Lopsided: "Lopsided: hessian_product is off",
    OnlyFirst: "OnlyFirst: hessian_product is off",
    NotDefinite: "NotDefinite: gauss_newton_product, by the outer products of factor",
    WrongFactor: "WrongFactor: gauss_newton_product, by the outer products of factor",
}


@pytest.mark.parametrize("kind", WRONG, ids=lambda kind: kind.__name__)
def test_a_wrong_one_is_caught_by_name(kind):
    with pytest.raises(AssertionError, match=WRONG[kind]):
        check_loss(kind(), TARGET)


def test_a_product_alone_brings_a_factor_along():
    prediction = np.zeros_like(TARGET)
    assert_allclose(
        np.abs(WithProduct().factor(prediction, TARGET)).sum(axis=0),
        WithCurvature().factor(prediction, TARGET).sum(axis=0),
    )
    typed = prediction.astype(np.float32), TARGET.astype(np.float32)
    assert WithProduct().factor(*typed).dtype == np.float32


@every_case
def test_the_general_factor_is_as_good_as_a_special_one(loss, target):
    prediction = at(loss, scores(loss, target))
    # Some have eigenvalues of zero, which come out on either side of it.
    general = Loss.factor(loss, prediction, target)
    own = loss.factor(prediction, target)
    matrices = [np.einsum("mij,mik->ijk", f, f) for f in (general, own)]
    assert_allclose(*matrices, rtol=1e-10, atol=1e-13 * max(1.0, matrices[1].max()))
