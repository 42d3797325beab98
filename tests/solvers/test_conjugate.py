"""Conjugate gradients against dense solutions of the same equations."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import eigh, solve

from skbackprop.solvers.conjugate import (
    conjugate_gradients,
    lowest_direction,
    steihaug,
)
from skbackprop.solvers.span import Span

N = 12
rng = np.random.RandomState(0)
BASIS = np.linalg.qr(rng.normal(size=(N, N)))[0]
GRADIENT = rng.normal(size=N)


def with_eigenvalues(values):
    return (BASIS * values) @ BASIS.T


CONVEX = with_eigenvalues(np.geomspace(0.1, 10.0, N))
BENT = with_eigenvalues(np.linspace(-1.0, 3.0, N))


def value(matrix, x):
    return 0.5 * x @ matrix @ x + GRADIENT @ x


def solved(preconditioner=lambda v: v, forcing=1e-12, n=100):
    count = []

    def product(v):
        count.append(v)
        return CONVEX @ v

    legs = conjugate_gradients(product, GRADIENT, preconditioner, forcing, n)
    assert sum(leg.n_products for leg in legs) == len(count)
    return Span(GRADIENT, legs).descend(), len(count)


def test_it_solves_the_equations_in_as_many_products_as_there_are_eigenvalues():
    found, n_products = solved()
    assert_allclose(found.way, solve(CONVEX, -GRADIENT), rtol=1e-8)
    assert_allclose(found.promised, -value(CONVEX, found.way), rtol=1e-10)
    assert n_products <= N + 3


def test_the_inverse_as_a_preconditioner_takes_one_product():
    found, n_products = solved(lambda v: solve(CONVEX, v))
    assert n_products == 1
    assert_allclose(found.way, solve(CONVEX, -GRADIENT), rtol=1e-8)


@pytest.mark.parametrize("forcing", [0.5, 0.1, 1e-3])
def test_it_leaves_so_much_of_the_gradient(forcing):
    found, n_products = solved(forcing=forcing)
    left = np.linalg.norm(CONVEX @ found.way + GRADIENT)
    assert left <= forcing * np.linalg.norm(GRADIENT)
    before, _ = solved(n=n_products - 1)
    assert np.linalg.norm(CONVEX @ before.way + GRADIENT) > forcing * np.linalg.norm(
        GRADIENT
    )


def test_every_product_lowers_the_model():
    values = [solved(n=n)[0].promised for n in range(1, N)]
    assert (np.diff(values) > 0).all()


def test_its_legs_double_and_end_where_the_path_ends():
    legs = conjugate_gradients(
        lambda v: CONVEX @ v, GRADIENT, lambda v: v, 1e-12, N - 1
    )
    assert [leg.n_products for leg in legs] == [1, 1, 2, 4, 3]
    for leg in legs:
        assert_allclose(leg.image, CONVEX @ leg.way, atol=1e-12)
    # Conjugate, so that the end of the path is where the model is lowest.
    end = sum(leg.way for leg in legs)
    assert_allclose(end, Span(GRADIENT, legs).descend().way, rtol=1e-8)


USELESS = {"zero": 0.0 * GRADIENT, "downwards": GRADIENT, "overflow": np.inf * GRADIENT}


@pytest.mark.parametrize("image", USELESS.values(), ids=USELESS)
def test_where_the_first_product_is_useless_there_is_no_step(image):
    legs = conjugate_gradients(lambda v: image, GRADIENT, lambda v: v, 1e-12, 5)
    found = Span(GRADIENT, legs).descend()
    assert not found.way.any()
    assert found.promised == 0.0


def test_within_the_ball_it_is_newtons_step():
    found = steihaug(lambda v: CONVEX @ v, GRADIENT, 1e3, 1e-12, 100)
    assert not found.at_edge
    assert_allclose(found.way, solve(CONVEX, -GRADIENT), rtol=1e-8)


@pytest.mark.parametrize("matrix", [CONVEX, BENT], ids=["convex", "bent"])
@pytest.mark.parametrize("radius", [0.01, 0.5])
def test_it_goes_to_the_edge_at_least_as_low_as_the_gradient_does(matrix, radius):
    found = steihaug(lambda v: matrix @ v, GRADIENT, radius, 1e-12, 100)
    assert found.at_edge
    assert_allclose(np.linalg.norm(found.way), radius)
    assert_allclose(found.promised, -value(matrix, found.way), rtol=1e-10)
    down = -GRADIENT / np.linalg.norm(GRADIENT)
    lengths = np.linspace(0.0, radius, 50)
    cauchy = min(value(matrix, length * down) for length in lengths)
    assert -found.promised <= cauchy + 1e-12


def test_negative_curvature_is_followed_in_however_large_a_ball():
    found = steihaug(lambda v: BENT @ v, GRADIENT, 1e6, 1e-12, 100)
    assert found.at_edge
    assert found.promised > 1e9


def test_the_lowest_direction_is_the_eigenvector():
    lowest, largest, way = lowest_direction(lambda v: BENT @ v, N, 60)
    values, vectors = eigh(BENT)
    assert_allclose([lowest, largest], [values[0], values[-1]], rtol=1e-6)
    assert_allclose(abs(way @ vectors[:, 0]), 1.0, rtol=1e-5)
