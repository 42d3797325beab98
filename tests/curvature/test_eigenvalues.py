"""Eigenvalues, inertia, trace and density of symmetric operators."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse.linalg import aslinearoperator

from skbackprop.curvature import (
    Inertia,
    curvature_matrix,
    estimate_trace,
    extreme_eigenvalues,
    hessian_operator,
    inertia,
    spectral_density,
)

from ._fitted import classifier, fitted, symmetric

# Large enough to be iterated with; a large part of it is flat, as Hessians are.
VALUES = np.r_[np.zeros(250), np.linspace(-0.3, -0.01, 20), np.geomspace(0.01, 9, 30)]
WHICH = {"largest": slice(-3, None), "smallest": slice(3), "both": np.r_[:3, -3:0]}


@pytest.fixture(scope="module")
def matrix():
    return symmetric(len(VALUES), values=VALUES)


# ------------------------------------------------------------------------- eigenvalues


@pytest.mark.parametrize("which", WHICH)
def test_ends_of_a_spectrum(matrix, which):
    found = extreme_eigenvalues(
        aslinearoperator(matrix), 3, which=which, random_state=0
    )
    wanted = np.sort(VALUES)[WHICH[which]]
    assert_allclose(found.values, wanted, atol=1e-12)
    residual = matrix @ found.vectors - found.vectors * found.values
    assert np.abs(residual).max() < 1e-8
    assert_allclose(found.vectors.T @ found.vectors, np.eye(len(wanted)), atol=1e-10)


@pytest.mark.parametrize("n", [1, 2, 5, 40])
@pytest.mark.parametrize("which", WHICH)
def test_small_matrices_as_well(n, which):
    matrix = symmetric(n)
    found = extreme_eigenvalues(matrix, 3, which=which).values
    everything = np.linalg.eigvalsh(matrix)
    k = min(3, n)
    few = {"largest": everything[n - k :], "smallest": everything[:k]}
    both = everything if n <= 6 else np.r_[everything[:3], everything[-3:]]
    assert_allclose(found, few.get(which, both), atol=1e-12)


def test_semi_definite_operators_have_a_lower_end_too():
    matrix = symmetric(300, values=np.r_[np.zeros(280), np.arange(1.0, 21.0)])
    found = extreme_eigenvalues(aslinearoperator(matrix), 2, random_state=0)
    assert_allclose(found.values, [0, 0, 19, 20], atol=1e-9)


def test_signs_of_vectors_do_not_depend_on_the_start(matrix):
    one, other = (
        extreme_eigenvalues(aslinearoperator(matrix), 2, random_state=seed).vectors
        for seed in (0, 1)
    )
    assert_allclose(one[:, -2:], other[:, -2:], atol=1e-6)


def test_float32_operators(matrix):
    single = aslinearoperator(matrix.astype(np.float32))
    found = extreme_eigenvalues(single, 2, random_state=0)
    assert found.vectors.dtype == np.float32
    assert_allclose(found.values, np.sort(VALUES)[[0, 1, -2, -1]], atol=1e-4)


@pytest.mark.parametrize("wrong", [{"which": "LM"}, {"k": 0}])
def test_wrong_requests(matrix, wrong):
    with pytest.raises(ValueError, match="must be"):
        extreme_eigenvalues(matrix, **wrong)


def test_no_convergence_is_an_error_with_advice(matrix):
    with pytest.raises(RuntimeError, match="pass a larger tol"):
        extreme_eigenvalues(aslinearoperator(matrix), 3, max_iter=1, random_state=0)


def test_eigenvalues_of_an_estimator(multiclass):
    model = fitted(classifier(hidden_layer_sizes=(20, 10)), *multiclass)
    operator = hessian_operator(model, *multiclass)
    found = extreme_eigenvalues(operator, 2, random_state=0).values
    every = np.linalg.eigvalsh(curvature_matrix(model, *multiclass))
    assert_allclose(found, every[[0, 1, -2, -1]], atol=1e-10)


# ------------------------------------------------------------------------------ inertia


def test_signs_are_counted(matrix):
    assert inertia(matrix) == Inertia(30, 20, 250)
    up, down = int((VALUES > 0.09).sum()), int((VALUES < -0.09).sum())
    counted = inertia(aslinearoperator(matrix), tol=0.01)
    assert counted == Inertia(up, down, 300 - up - down)
    assert (up, down) != (30, 20)


def test_nothing_but_zeros():
    assert inertia(np.zeros((4, 4))) == Inertia(0, 0, 4)


def test_large_operators_are_refused(matrix):
    with pytest.raises(ValueError, match="spectral_density"):
        inertia(matrix, max_params=100)


# -------------------------------------------------------------------------------- trace


@pytest.mark.parametrize("settings", [{}, {"n_sketch": 0}, {"n_products": 8}], ids=str)
def test_trace_is_unbiased_and_its_error_honest(matrix, settings):
    found = [
        estimate_trace(matrix, **{"n_products": 30} | settings, random_state=seed)
        for seed in range(200)
    ]
    off = np.array([each.value for each in found]) - np.trace(matrix)
    told = np.sqrt(np.mean([each.standard_error**2 for each in found]))
    assert abs(off.mean()) < 4 * off.std() / np.sqrt(len(off))
    assert off.std() == pytest.approx(told, rel=0.25)


def test_a_sketch_pays(matrix):
    errors = [
        np.std(
            [
                estimate_trace(matrix, 60, n_sketch=n, random_state=seed).value
                for seed in range(50)
            ]
        )
        for n in (0, None)
    ]
    assert errors[1] < errors[0] / 3


def test_few_parameters_have_an_exact_trace():
    matrix = symmetric(20)
    found = estimate_trace(matrix, n_products=20)
    assert found.value == pytest.approx(np.trace(matrix), abs=1e-12)
    assert (found.standard_error, found.n_products) == (0.0, 20)


@pytest.mark.parametrize("n_products", [1, 0])
def test_too_few_products(matrix, n_products):
    with pytest.raises(ValueError, match=r"'n_products' .* in the range \[2, inf\)"):
        estimate_trace(matrix, n_products)


def test_too_many_products_for_a_sketch(matrix):
    with pytest.raises(ValueError, match="at least 2 are needed"):
        estimate_trace(matrix, 20, n_sketch=10)


def test_products_are_counted(matrix):
    class Counting(type(aslinearoperator(matrix))):
        count = 0

        def _matmat(self, X):
            Counting.count += X.shape[1]
            return super()._matmat(X)

    counted = Counting(matrix)
    assert estimate_trace(counted, 31, random_state=0).n_products == 31
    assert Counting.count == 31


# ------------------------------------------------------------------------------ density


def test_density_is_a_distribution_with_the_moments_of_the_spectrum(matrix):
    density = spectral_density(matrix, n_vectors=100, random_state=0)
    assert density.weights.sum() == pytest.approx(1.0)
    assert density.weights.min() >= 0
    assert density.trace == pytest.approx(VALUES.sum(), rel=0.2)
    second = density.weights @ density.nodes**2 * density.n_params
    assert second == pytest.approx((VALUES**2).sum(), rel=0.2)


def test_density_counts_shares(matrix):
    density = spectral_density(matrix, n_vectors=40, random_state=0)
    shares = [(-np.inf, -0.005), (-0.005, 0.005), (0.005, np.inf)]
    found = [density.share(*pair) for pair in shares]
    assert_allclose(found, [20 / 300, 250 / 300, 30 / 300], atol=0.02)


def test_smoothed_density_integrates_to_one(matrix):
    density = spectral_density(matrix, n_vectors=3, random_state=0)
    grid = np.linspace(-3, 12, 3001)
    assert np.trapezoid(density.smooth(grid, 0.1), grid) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("n", [1, 2, 10])
def test_density_of_few_is_their_own(n):
    values = np.arange(n, dtype=float)
    density = spectral_density(symmetric(n, values=values), n_vectors=5, random_state=0)
    assert np.abs(density.nodes - density.nodes.round()).max() < 1e-9


def test_iteration_ends_where_nothing_is_left():
    matrix = symmetric(200, values=np.repeat([0.0, 1.0, 5.0, 7.0], 50))
    density = spectral_density(matrix, n_vectors=4, n_steps=50, random_state=0)
    assert len(density.nodes) == 16
    assert_allclose(np.sort(density.nodes)[::4], [0, 1, 5, 7], atol=1e-10)


def test_runs_go_one_by_one_where_memory_is_short(matrix, monkeypatch):
    together = spectral_density(matrix, n_vectors=3, random_state=0)
    monkeypatch.setattr("skbackprop.curvature.density.BYTES_AT_ONCE", 1)
    alone = spectral_density(matrix, n_vectors=3, random_state=0)
    assert alone.trace == pytest.approx(together.trace, rel=1e-8)
