"""The kind of point, its sharpness, and the learning rate that it bears."""

import numpy as np
import pytest

from skbackprop import BackpropRegressor
from skbackprop.curvature import (
    Inertia,
    critical_point,
    curvature_matrix,
    extreme_eigenvalues,
    hessian_operator,
    learning_rate_bound,
    sharpness,
)
from skbackprop.losses import RegressionLoss

from ._fitted import at_start, classifier, fitted, placed, regressor

XOR = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
ODD = np.array([0, 1, 1, 0])


def test_minimum(multiclass):
    point = critical_point(fitted(classifier(), *multiclass), *multiclass)
    assert point.kind == "minimum"
    assert point.relative_gradient < 1e-3
    assert point.signs.negative == 0
    assert point.largest > 0


def test_symmetric_start_of_xor_is_a_saddle():
    # All weights of hidden units are alike, and nothing is made of them yet.
    model = regressor(hidden_layer_sizes=(2,), alpha=0.0)
    same = [[0.5, 0.5], [0.5, 0.5]]
    y = ODD - 0.5
    model = placed(model, XOR, y, [same, [[0.0], [0.0]]], [[0.0, 0.0], [0.0]])
    point = critical_point(model, XOR, y)
    assert point.relative_gradient < 1e-12
    assert point.kind == "saddle"
    assert point.signs == Inertia(positive=3, negative=2, zero=4)


def test_a_hill_in_the_first_layer_is_a_maximum():
    # SiLU is lowest at -1.2785: there, further off the target than anywhere near.
    lowest = -1.2784645427610738
    model = BackpropRegressor(hidden_layer_sizes=(1,), activation="silu")
    X, y = np.ones((3, 1)), np.full(3, 2.0)
    model = placed(model, X, y, [[[lowest]], [[1.0]]], [[0.0], [0.0]])
    point = critical_point(model, X, y, layers=[0])
    assert point.kind == "maximum"
    # The weight and the bias do the same to a constant input.
    assert point.signs == Inertia(positive=0, negative=1, zero=1)
    assert "maximum: gradient" in str(point)


def test_dead_units_are_flat():
    model = BackpropRegressor(hidden_layer_sizes=(2,), activation="relu")
    X, y = np.array([[1.0], [-1.0]]), np.array([1.0, -1.0])
    coefs, intercepts = [[[0.0, 0.0]], [[1.0], [1.0]]], [[-1.0, -1.0], [0.0]]
    model = placed(model, X, y, coefs, intercepts)
    assert critical_point(model, X, y, layers=[0]).kind == "flat"
    assert critical_point(model, X, y).signs.zero == 6


def test_most_points_are_not_critical(multiclass):
    point = critical_point(at_start(classifier(), *multiclass), *multiclass)
    assert point.kind == "not a critical point"
    assert point.relative_gradient > 0.01
    assert point.gradient_norm > 0


def test_large_networks_are_judged_by_their_extreme_eigenvalues(multiclass):
    model = fitted(classifier(hidden_layer_sizes=(20, 10)), *multiclass)
    exact = critical_point(model, *multiclass)
    quick = critical_point(model, *multiclass, max_params=10, random_state=0)
    assert quick.signs is None
    assert quick.kind == exact.kind
    assert quick.largest == pytest.approx(exact.largest, rel=1e-9)
    assert quick.smallest == pytest.approx(exact.smallest, abs=1e-9 * exact.largest)


class Heavy(RegressionLoss):
    """The squared error in another unit."""

    link = "identity"
    factor: float = 1.0

    def inverse_link(self, raw):
        return raw

    def value(self, prediction, target):
        return self.factor * ((prediction - target) ** 2).sum(axis=1) / 2

    def gradient(self, prediction, target, out):
        return np.multiply(self.factor, prediction - target, out)

    def hessian_product(self, prediction, target, tangent):
        return self.factor * tangent


@pytest.mark.parametrize("factor", [1e-4, 1e4])
def test_verdict_does_not_depend_on_the_unit_of_the_loss(regression, factor):
    one, other = (
        critical_point(
            at_start(regressor(alpha=0.0, loss=loss), *regression), *regression
        )
        for loss in (Heavy(), Heavy(factor))
    )
    assert other.relative_gradient == pytest.approx(one.relative_gradient, rel=1e-9)
    assert other.gradient_norm == pytest.approx(factor * one.gradient_norm, rel=1e-9)
    assert other.signs == one.signs


def test_where_every_row_is_fitted_the_gradient_is_rounding():
    X = np.random.RandomState(0).standard_normal((30, 3))
    model = fitted(regressor(hidden_layer_sizes=(), alpha=0.0), X, X @ np.ones(3))
    model.coefs_[0][...], model.intercepts_[0][...] = 1.0, 0.0
    point = critical_point(model, X, X @ np.ones(3))
    assert point.kind == "minimum"
    assert point.gradient_norm < 1e-14


# ---------------------------------------------------------------------------- sharpness


def test_sharpness_of_a_parabola_is_its_own(regression):
    model = fitted(regressor(hidden_layer_sizes=(), alpha=0.0), *regression)
    largest = np.linalg.eigvalsh(curvature_matrix(model, *regression))[-1]
    found = sharpness(model, *regression, radius=0.1)
    norm = np.linalg.norm(np.r_[model.coefs_[0].ravel(), model.intercepts_[0]])
    assert found.radius == pytest.approx(0.1 * norm)
    assert found.largest_eigenvalue == pytest.approx(largest)
    assert found.rise == pytest.approx(largest * found.radius**2 / 2, rel=1e-4)
    assert found.expected_rise == pytest.approx(found.rise, rel=1e-4)


def test_rise_is_found_within_the_radius(multiclass):
    model = fitted(classifier(), *multiclass)
    operator = hessian_operator(model, *multiclass)
    found = sharpness(model, *multiclass, radius=0.2)
    rng, base = np.random.RandomState(0), operator.value(operator.theta)
    for _ in range(100):
        step = rng.standard_normal(len(operator.theta))
        step *= found.radius / np.linalg.norm(step)
        assert operator.value(operator.theta + step) - base < found.rise


def test_a_radius_is_above_zero(multiclass):
    model = fitted(classifier(), *multiclass)
    with pytest.raises(ValueError, match=r"'radius' .* range \(0\.0, inf\)"):
        sharpness(model, *multiclass, radius=0)


# ------------------------------------------------------------------ learning-rate bound


@pytest.mark.parametrize(("share", "change"), [(0.99, 0.1), (1.01, 10.0)])
def test_gradient_descent_diverges_just_above_the_bound(multiclass, share, change):
    model = fitted(classifier(), *multiclass)
    operator = hessian_operator(model, *multiclass)
    rate = share * learning_rate_bound(model, *multiclass)
    theta = operator.bound.theta
    theta += 1e-5 * extreme_eigenvalues(operator, which="largest").vectors[:, 0]
    norms = []
    for _ in range(400):
        gradient = operator.bound.products().gradient()
        norms.append(np.linalg.norm(gradient))
        theta -= rate * gradient
    assert (norms[-1] - change * norms[0]) * (change - 1) > 0


def test_what_does_not_bend_bears_any_rate(regression):
    model = regressor(hidden_layer_sizes=(), loss="absolute_error", alpha=0.0)
    model.set_params(max_iter=3)
    assert learning_rate_bound(fitted(model, *regression), *regression) == np.inf
