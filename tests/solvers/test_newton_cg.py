"""Newton-CG: a quadratic in one step, saddles left, and what preconditioners do."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from sklearn.datasets import load_digits

from skbackprop.core.data import Data, MatrixTarget
from skbackprop.core.spec import resolve
from skbackprop.evaluation import Evaluation
from skbackprop.layers import Dense, LayerNorm
from skbackprop.layers.linearized.dense import LinearizedDense
from skbackprop.linearization import CurvatureProducts
from skbackprop.losses import SquaredError
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.penalties import L2
from skbackprop.solvers import GD, NewtonCG, Solver, Status, preconditioners
from skbackprop.solvers.conjugate import conjugate_gradients
from skbackprop.solvers.preconditioners import (
    Diagonal,
    Identity,
    KroneckerFactored,
)

from ..builders import perceptron, problem

rng = np.random.RandomState(0)
X = rng.normal(size=(40, 3))
Y = np.tanh(X @ rng.normal(size=(3, 2))) + 0.1 * rng.normal(size=(40, 2))
BOTH = [NewtonCG(), NewtonCG("hessian")]


def make(network, target=None, start=None, **changes):
    objective = Objective(network, SquaredError(), L2(0.1))
    theta = network.initial(np.random.RandomState(1), np.dtype(float))
    if start is not None:
        theta.fill(start)
    data = Data(X, target or MatrixTarget(Y))
    return problem(objective, data, theta, **({"max_iter": 300} | changes))


def gradient(given):
    at = Evaluation(given.objective, given.theta.copy(), given.data)
    return at.value_and_gradient()[1]


def test_a_quadratic_takes_one_step_where_its_equations_are_solved():
    given = make(Network([Dense(2)], 3), start=0.0, tol=1e-9)
    exact = NewtonCG("hessian", forcing=1e-12)
    assert exact.minimise(given).status is Status.CONVERGED
    # Its minimum lies within the first trust region.
    assert len(given.monitor.losses) == 1
    assert_allclose(gradient(given), 0.0, atol=1e-12)


@pytest.mark.parametrize("solver", BOTH, ids=repr)
def test_a_network_gets_to_a_minimum_of_scipy(solver):
    given = make(perceptron((3, 2, 2)), max_iter=2000, tol=1e-8)
    at = given.theta.copy()
    evaluation = Evaluation(given.objective, at, given.data)

    def value_and_gradient(theta):
        at[...] = theta
        loss, gradient = evaluation.value_and_gradient()
        return loss + evaluation.penalty(), gradient.copy()

    assert solver.minimise(given).status is Status.CONVERGED
    near = given.theta + 1e-3
    theirs = minimize(value_and_gradient, near, jac=True, method="BFGS", tol=1e-9)
    assert_allclose(given.theta, theirs.x, atol=1e-5)
    assert_allclose(value_and_gradient(given.theta)[0], theirs.fun, rtol=1e-9)


def test_it_needs_far_fewer_iterations_than_gradient_descent():
    given, plain = make(perceptron((3, 4, 2))), make(perceptron((3, 4, 2)))
    assert NewtonCG("hessian").minimise(given).status is Status.CONVERGED
    plain.max_iter = 10 * len(given.monitor.losses)
    assert GD().minimise(plain).status is Status.BUDGET_SPENT


# --------------------------------------------------------------------------- saddles


def test_all_weights_zero_is_a_saddle_that_only_the_hessian_sees():
    # Centred targets: there is no slope, but one through two layers.
    target = MatrixTarget(Y - Y.mean(axis=0))
    stays, leaves = (
        make(perceptron((3, 4, 2)), target=target, start=0.0) for _ in BOTH
    )
    assert NewtonCG().minimise(stays).status is Status.CONVERGED
    assert_array_equal(stays.theta, 0.0)
    start = Evaluation(leaves.objective, leaves.theta.copy(), leaves.data).loss()
    assert NewtonCG("hessian").minimise(leaves).status is Status.CONVERGED
    assert leaves.monitor.losses[-1] < 0.3 * start
    assert_allclose(gradient(leaves), 0.0, atol=1e-8)


def test_it_leaves_a_saddle_without_what_is_held_at_zero():
    target = MatrixTarget(Y - Y.mean(axis=0))
    given = make(perceptron((3, 4, 2)), target=target, start=0.0)
    free = np.random.RandomState(1).uniform(size=given.theta.size) < 0.6
    given.objective = replace(given.objective, mask=free.astype(float))
    NewtonCG("hessian").minimise(given)
    assert given.monitor.losses
    assert_array_equal(given.theta[~free], 0.0)


def test_where_it_ends_the_hessian_has_no_negative_eigenvalue():
    given = make(perceptron((3, 4, 2)))
    NewtonCG("hessian").minimise(given)
    at = CurvatureProducts(given.objective, given.theta, given.data)
    values = np.linalg.eigvalsh(at.hessian(np.eye(at.n_params)))
    assert values[0] > -1e-3 * values[-1]


# -------------------------------------------------------------------- preconditioners


def near(network, target=None, scale=1.0):
    given = make(network, target)
    given.data = Data(X * scale, given.data.target)
    return CurvatureProducts(given.objective, given.theta, given.data)


def test_on_a_linear_least_squares_problem_kfac_is_the_inverse():
    at = near(Network([Dense(1)], 3), target=MatrixTarget(Y[:, :1]))
    vector, damping = rng.normal(size=at.n_params), 0.3
    matrix = at.gauss_newton(np.eye(at.n_params))
    matrix[np.arange(3), np.arange(3)] -= 0.1 / 40  # it leaves the penalty out
    expected = np.linalg.solve(matrix + damping * np.eye(4), vector)
    found = KroneckerFactored(at)
    assert_allclose(found.solve(vector, damping), expected, rtol=1e-9)
    assert_allclose(found.curvature(vector), vector @ matrix @ vector, rtol=1e-9)


def test_moments_of_the_data_are_taken_apart_once(monkeypatch):
    taken_apart = []
    given = make(perceptron((3, 4, 2)))
    points = [given.theta, given.theta + 0.1]
    at, later = (
        CurvatureProducts(given.objective, point, given.data) for point in points
    )
    own, vector = np.linalg.eigh, rng.normal(size=at.n_params)
    first = KroneckerFactored(at)
    expected = KroneckerFactored(later).solve(vector, 0.1)
    monkeypatch.setattr(
        np.linalg, "eigh", lambda m: taken_apart.append(len(m)) or own(m)
    )
    renewed = first.renewed(later)
    assert_array_equal(renewed.solve(vector, 0.1), expected)
    # All but the moments of the three features and the bias.
    assert taken_apart == [4, 5, 2]


def test_they_know_the_curvature_along_a_vector():
    at = near(perceptron((3, 4, 2)))
    vector = rng.normal(size=at.n_params)
    by_diagonal = vector**2 @ at.gauss_newton_diagonal()
    assert_allclose(Diagonal(at).curvature(vector), by_diagonal)
    exact = vector @ at.gauss_newton(vector)
    assert_allclose(Identity(at).curvature(vector), exact)
    # The blocks leave out what layers do to each other, and are approximate themselves.
    assert 0.2 * exact < KroneckerFactored(at).curvature(vector) < 5 * exact


@pytest.mark.parametrize(("name", "n_made"), [("kfac", 8), ("diagonal", 2)])
def test_what_takes_as_long_as_many_products_serves_several_steps(
    monkeypatch, name, n_made
):
    made, given = [], make(perceptron((3, 4, 2)), max_iter=8, tol=0.0)
    method = {"kfac": "kronecker_blocks", "diagonal": "gauss_newton_diagonal"}[name]
    original = getattr(CurvatureProducts, method)

    def counted(self, *args):
        made.append(self)
        return original(self, *args)

    monkeypatch.setattr(CurvatureProducts, method, counted)
    NewtonCG(preconditioner=name).minimise(given)
    assert len(given.monitor.losses) == 8
    assert len(made) == n_made


def test_more_damping_takes_no_more_products(monkeypatch):
    given = make(perceptron((3, 4, 2)), max_iter=1)
    counts = {"gauss_newton": 0, "value_and_gradient": 0}

    def counted(name):
        original = getattr(CurvatureProducts, name)

        def method(self, *args):
            counts[name] += 1
            return original(self, *args)

        monkeypatch.setattr(CurvatureProducts, name, method)

    for name in counts:
        counted(name)
    # Far from what the weights can tell at once, steps promise too much.
    given.data = Data(X, MatrixTarget(1e3 * Y))
    NewtonCG(forcing=0.9).minimise(given)
    assert given.monitor.losses
    assert counts["value_and_gradient"] > 2  # the start, and several trials
    assert counts["gauss_newton"] == 1


def n_products(at, kind, damping=1e-4):
    """How many products solve the damped equations with a preconditioner."""
    calls, precondition = [], kind(at)

    def product(vector):
        calls.append(vector)
        return at.gauss_newton(vector) + damping * vector

    conjugate_gradients(
        product, at.gradient(), lambda v: precondition.solve(v, damping), 1e-2, 1000
    )
    return len(calls)


def test_the_diagonal_makes_up_for_inputs_of_different_scales():
    network = Network([Dense(2)], 3)
    at = near(network, scale=[1.0, 10.0, 1000.0])
    inverse = np.stack([Diagonal(at).solve(unit, 1e-4) for unit in np.eye(at.n_params)])
    matrix = at.gauss_newton(np.eye(at.n_params))
    values = np.abs(np.linalg.eigvals(inverse @ matrix))
    assert values.max() / values.min() < 1e-3 * np.linalg.cond(matrix)


def test_kfac_saves_most_of_the_products_of_an_autoencoder():
    digits = load_digits().data[:400] / 16.0
    given = make(perceptron((64, 10, 64)))
    given.data = Data(digits, MatrixTarget(digits))
    given.max_iter = 10
    NewtonCG().minimise(given)
    at = CurvatureProducts(given.objective, given.theta, given.data)
    plain, by_diagonal, by_blocks = (
        n_products(at, kind) for kind in (Identity, Diagonal, KroneckerFactored)
    )
    assert by_blocks < 0.5 * plain
    assert by_blocks < by_diagonal < plain


def test_draws_of_its_blocks_are_right_on_average():
    at, rng = near(perceptron((3, 4, 2))), np.random.RandomState(0)
    draws = [at.kronecker_blocks(rng) for _ in range(400)]
    for layer, (inputs, outputs) in at.kronecker_blocks().items():
        assert_allclose(draws[0][layer][0], inputs, rtol=1e-12)
        mean = np.mean([draw[layer][1] for draw in draws], axis=0)
        assert_allclose(mean, outputs, atol=0.05 * np.abs(outputs).max())


def test_kfac_leaves_what_is_not_dense_to_the_diagonal():
    first, activation, last = perceptron((3, 4, 2), "prelu").layers
    network = Network([first, LayerNorm(), activation, last], 3)
    at = near(network)
    ones, layout = np.ones(at.n_params), network.layout
    solved = KroneckerFactored(at).solve(ones, 0.1)
    entries = at.gauss_newton_diagonal()
    for kind in ("scale", "shift", "slope"):
        for ours, theirs in zip(
            layout.of_kind(kind, solved), layout.of_kind(kind, entries), strict=True
        ):
            assert_allclose(ours, 1.0 / (theirs + 0.1))


class NearTabulated(LinearizedDense):
    """An affine map that does not say what its input is like."""

    def input_moment(self, scale):
        return None


class Tabulated(Dense):
    """A layer of one's own with weights, and without Kronecker factors."""

    def linearize(self, x, params):
        return NearTabulated(x, params[0])


def test_kfac_leaves_weights_without_factors_to_the_diagonal():
    activation = perceptron((3, 4, 2)).layers[1]
    at = near(Network([Tabulated(4), activation, Dense(2)], 3))
    layout, ones = at.objective.network.layout, np.ones(at.n_params)
    own, entries = (
        layout.views(vector)[0]
        for vector in (
            KroneckerFactored(at).solve(ones, 0.1),
            at.gauss_newton_diagonal(),
        )
    )
    for ours, theirs in zip(own, entries, strict=True):
        assert_allclose(ours, 1.0 / (theirs + 0.1))
    assert list(at.kronecker_blocks()) == [2]
    with pytest.raises(ValueError, match=r"Tabulated.* has weights, but no Kronecker"):
        at.kronecker_factors()


def test_kfac_leaves_very_wide_layers_to_the_diagonal(monkeypatch):
    monkeypatch.setattr(preconditioners, "WIDEST", 3)
    at = near(perceptron((3, 4, 2)))
    layout, ones = at.objective.network.layout, np.ones(at.n_params)
    assert list(at.kronecker_blocks(widest=4)) == [0, 2]
    assert not at.kronecker_blocks(widest=3)
    entries = at.gauss_newton_diagonal()
    for solved, entry in zip(
        layout.of_kind("weight", KroneckerFactored(at).solve(ones, 0.1)),
        layout.of_kind("weight", entries),
        strict=True,
    ):
        assert_allclose(solved, 1.0 / (entry + 0.1))


# ---------------------------------------------------------------------------- limits


WRONG = [
    {"curvature": "fisher"},
    {"preconditioner": "jacobi"},
    {"forcing": 1.0},
    {"max_products": 0},
]


@pytest.mark.parametrize("params", WRONG, ids=str)
def test_settings_that_mean_nothing_are_refused(params):
    with pytest.raises(ValueError, match="parameter of NewtonCG"):
        resolve(Solver, NewtonCG(**params))
