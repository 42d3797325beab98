"""Criteria: each score is what it claims to be."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skbackprop.core.spec import resolve
from skbackprop.pruning import LAMP, OBS, Criterion, MagnitudePerLayer, Sample, Taylor

from ._fitted import X, Y, classifier, linear, point, saliency

STEP = 1e-5


@pytest.fixture(scope="module")
def model():
    return classifier((5, 4), activation="tanh", alpha=0.0)


def objective(model, theta, rows=slice(None)):
    return Sample(X[rows], Y[rows]).bound(model).value(theta)


def slopes(model, directions, rows=slice(None)):
    """Derivatives of the objective along directions, by differences."""
    theta = point(model).theta
    return np.array(
        [
            (objective(model, theta + STEP * d, rows))
            - (objective(model, theta - STEP * d, rows))
            for d in directions
        ]
    ) / (2 * STEP)


# ---------------------------------------------------------------------- without data


def test_magnitude(model):
    expected = np.concatenate([np.abs(coef).ravel() for coef in model.coefs_])
    np.testing.assert_array_equal(saliency("magnitude", point(model)), expected)


def test_layer_adaptive_magnitude(model):
    expected = []
    for coef in model.coefs_:
        squares = np.square(coef)
        expected.append([[s / squares[squares >= s].sum() for s in r] for r in squares])
    squares = point(model).matrices(saliency("lamp", point(model)))
    for found, wanted in zip(LAMP().comparable(squares), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_lamp_of_zeros_is_zero():
    np.testing.assert_array_equal(LAMP().comparable([np.zeros((2, 2))])[0], 0.0)


def test_ranks_are_shares_of_a_layer():
    (first, second) = MagnitudePerLayer().comparable(
        [np.array([[5.0, 1.0], [3.0, 2.0]]), np.array([0.1, 0.2])]
    )
    np.testing.assert_array_equal(first, [[1.0, 0.25], [0.75, 0.5]])
    np.testing.assert_array_equal(second, [0.5, 1.0])


def test_random_goes_by_the_seed(model):
    one, same, other = (saliency("random", point(model, seed=s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


# ---------------------------------------------------------------------- by the loss


def test_snip_is_weight_times_gradient(model):
    at = point(model)
    units = np.eye(at.theta.size)[: at.layout.n_weights]
    expected = np.abs(at.weights * slopes(model, units))
    np.testing.assert_allclose(saliency("snip", at), expected, rtol=1e-5, atol=1e-9)


def test_sensitivities_leave_the_penalty_out(model):
    penalised = classifier((5, 4), activation="tanh", alpha=0.0).set_params(alpha=1e3)
    for name in ("snip", "taylor"):
        np.testing.assert_array_equal(
            saliency(name, point(penalised)), saliency(name, point(model))
        )


def test_taylor_is_the_mean_square_of_weight_times_gradient(model):
    some = slice(0, 150, 30)
    at = point(model, X[some], Y[some])
    units = np.eye(at.theta.size)[: at.layout.n_weights]
    each = [slopes(model, units, slice(r, r + 1)) for r in range(0, 150, 30)]
    expected = np.mean([np.square(at.weights * slope) for slope in each], axis=0)
    found = saliency("taylor", at, batch_size=1)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-10)


def test_taylor_of_a_unit_is_that_of_a_gate_at_its_output(model):
    at = point(model)
    gates = []
    for unit in range(5):
        gate = np.zeros(at.theta.size)
        at.matrices(gate)[1][unit] = model.coefs_[1][unit]
        gates.append(gate)
    found = Taylor(batch_size=150).unit_saliency(at)[1]
    expected = np.square(slopes(model, gates))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-10)


def test_taylor_takes_weights_for_repetitions(model):
    repeats = np.arange(150) % 3
    weighted = point(model, X, Y, weight=repeats)
    repeated = point(model, np.repeat(X, repeats, axis=0), np.repeat(Y, repeats))
    found = saliency("taylor", weighted, batch_size=1000)
    expected = saliency("taylor", repeated, batch_size=1000)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("alpha", [0.0, 5.0])
def test_brain_damage_is_what_a_parabola_rises_by(alpha):
    model, X, y = linear(alpha)
    at, bound = point(model, X, y), Sample(X, y).bound(model)
    found = saliency("obd", at)
    for index in range(5):
        without = at.theta.copy()
        without[index] = 0.0
        rise = bound.value(without) - bound.value()
        np.testing.assert_allclose(found[index], rise, rtol=1e-4)


def test_brain_surgery_is_what_a_parabola_rises_by_at_its_new_minimum():
    model, X, y = linear()
    at, surgeon = point(model, X, y), OBS(damping=1e-10)
    bound = Sample(X, y).bound(model)
    found = surgeon.saliency(at)
    for index in range(5):
        free = at.free.copy()
        free[index] = False
        theta = surgeon.compensated(at, free)
        theta[index] = 0.0
        rise = bound.value(theta) - bound.value()
        np.testing.assert_allclose(found[index], rise, rtol=1e-4)
    np.testing.assert_allclose(surgeon.unit_saliency(at)[0], found, rtol=1e-9)


@pytest.mark.parametrize("weight", [None, np.arange(60) % 4])
def test_what_stays_compensates_as_a_new_fit_would(weight):
    model, X, y = linear(weight=weight)
    at = point(model, X, y, weight)
    free = at.free.copy()
    free[[1, 4]] = False
    theta = OBS(damping=1e-12).compensated(at, free)
    root = np.sqrt(np.ones(60) if weight is None else weight)[:, np.newaxis]
    features = np.column_stack([X[:, [0, 2, 3]], np.ones(60)])
    expected = np.linalg.lstsq(root * features, root[:, 0] * y, rcond=None)[0]
    np.testing.assert_allclose(theta[[0, 2, 3, 5]], expected, rtol=1e-5)


@pytest.mark.parametrize("loss", ["absolute_error", "quantile"])
def test_brain_surgery_without_curvature_goes_by_squared_error(loss):
    squared, X, y = linear()
    # The same weights, to be judged by another loss.
    straight = clone(squared).set_params(loss=loss, max_iter=1)
    with pytest.warns(ConvergenceWarning):
        straight.fit(X, y)
    straight.coefs_, straight.intercepts_ = squared.coefs_, squared.intercepts_
    found, expected = (saliency("obs", point(m, X, y)) for m in (straight, squared))
    assert expected.all()
    np.testing.assert_allclose(found, expected, rtol=1e-12)


# ------------------------------------------------------------------------ all of them


@pytest.mark.parametrize("name", sorted(Criterion.members()))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_are_finite_numbers_above_zero(name, dtype):
    model = classifier((5, 4))
    model.partial_fit(X.astype(dtype), Y)
    at = point(model, X.astype(dtype))
    criterion = resolve(Criterion, name)
    scores = criterion.saliency(at)
    assert scores.shape == (at.layout.n_weights,)
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()
    assert scores.any()
    assert [len(u) for u in criterion.unit_saliency(at)] == [4, 5, 4]
    assert criterion.compensated(at, at.free).dtype == at.theta.dtype
