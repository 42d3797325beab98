"""Operators, matrices, diagonals and factors of a fitted estimator."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse.linalg import LinearOperator, cg
from sklearn.exceptions import NotFittedError

from skbackprop import BackpropEmbedder
from skbackprop.core.spec import resolve
from skbackprop.curvature import (
    Curvature,
    critical_point,
    curvature_diagonal,
    curvature_matrix,
    hessian_operator,
    kronecker_factors,
)
from skbackprop.evaluation import Evaluation
from skbackprop.layers import Activation
from skbackprop.pruning import prune

from ._fitted import classifier, fitted, regressor

KINDS = sorted(Curvature.members())
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def model(multiclass):
    return fitted(classifier(hidden_layer_sizes=(4, 3)), *multiclass)


def test_all_kinds_are_there():
    assert {"hessian", "gauss_newton", "fisher", "empirical_fisher"} <= set(KINDS)


@every_kind
def test_operator_is_a_linear_operator_of_the_matrix(model, multiclass, kind):
    operator = hessian_operator(model, *multiclass, kind=kind)
    matrix = curvature_matrix(model, *multiclass, kind=kind)
    rng = np.random.RandomState(0)
    v, V = rng.standard_normal(len(matrix)), rng.standard_normal((len(matrix), 3))
    assert isinstance(operator, LinearOperator)
    assert operator.shape == matrix.shape
    assert operator.dtype == np.float64
    assert_allclose(operator @ v, matrix @ v, atol=1e-12)
    assert_allclose(operator @ V, matrix @ V, atol=1e-12)
    assert_allclose(operator.T @ v, matrix @ v, atol=1e-12)
    assert_allclose(operator.H @ V, matrix @ V, atol=1e-12)
    assert_allclose(operator.diagonal(), matrix.diagonal(), atol=1e-12)


def test_hessian_is_that_of_the_value(model, multiclass):
    operator = hessian_operator(model, *multiclass)
    rng = np.random.RandomState(0)
    v, h = rng.standard_normal(operator.shape[0]), 1e-3
    around = [operator.value(operator.theta + step * v) for step in (h, 0, -h)]
    second = (around[0] - 2 * around[1] + around[2]) / h**2
    assert v @ (operator @ v) == pytest.approx(second, rel=1e-4)


@every_kind
@pytest.mark.parametrize("layers", [[0], [2], [-1], [2, 0], [0, 1, 2]])
def test_layers_pick_rows_and_columns(model, multiclass, kind, layers):
    sizes = [5 * 4, 4 * 3, 3 * 3]
    biases = sum(sizes) + np.cumsum([0, 4, 3, 3])
    starts = np.cumsum([0, *sizes])
    entries = np.concatenate(
        [
            np.r_[starts[i] : starts[i + 1], biases[i] : biases[i + 1]]
            for i in (layer % 3 for layer in layers)
        ]
    )
    whole = curvature_matrix(model, *multiclass, kind=kind)
    part = curvature_matrix(model, *multiclass, kind=kind, layers=layers)
    assert_allclose(part, whole[np.ix_(entries, entries)], atol=1e-13)
    diagonal = curvature_diagonal(model, *multiclass, kind=kind, layers=layers)
    assert_allclose(diagonal, part.diagonal(), atol=1e-12)
    operator = hessian_operator(model, *multiclass, kind=kind, layers=layers)
    gradient = hessian_operator(model, *multiclass).gradient()
    assert_allclose(operator.gradient(), gradient[entries], atol=1e-15)


@pytest.mark.parametrize("layers", [[3], [-4], [0, 9], []])
def test_layers_have_to_exist(model, multiclass, layers):
    with pytest.raises(ValueError, match="positions 0 to 2 in coefs_"):
        hessian_operator(model, *multiclass, layers=layers)


def test_gauss_newton_of_a_linear_model_is_its_hessian(regression):
    model = fitted(regressor(hidden_layer_sizes=()), *regression)
    hessian = curvature_matrix(model, *regression)
    assert_allclose(
        curvature_matrix(model, *regression, kind="gauss_newton"), hessian, atol=1e-15
    )
    X = np.column_stack([regression.X, np.ones(len(regression.X))])
    wanted = X.T @ X / len(X) + np.diag([0.5 / len(X)] * 5 + [0.0])
    assert_allclose(hessian, wanted, atol=1e-12)


def test_newtons_step_solves_a_linear_model(regression):
    model = fitted(regressor(hidden_layer_sizes=(), max_iter=1), *regression)
    operator = hessian_operator(model, *regression)
    step, _ = cg(operator, -operator.gradient(), rtol=1e-12)
    best = fitted(regressor(hidden_layer_sizes=()), *regression)
    solved = np.r_[best.coefs_[0].ravel(), best.intercepts_[0]]
    assert_allclose(operator.theta + step, solved, atol=1e-5)


# ------------------------------------------------------------------------------ fisher


def test_fisher_is_the_mean_over_targets_that_the_model_draws(binary):
    model = fitted(classifier(), *binary)
    yes = model.predict_proba(binary.X)[:, 1]
    wanted = 0.0
    # Both answers, each as likely as the model says.
    for label, weight in [(1, yes), (0, 1 - yes)]:
        y = np.full(len(yes), label)
        share = weight.sum() / len(yes)
        wanted = wanted + share * curvature_matrix(
            model, binary.X, y, weight, kind="empirical_fisher"
        )
    found = curvature_matrix(model, *binary, kind="fisher")
    n_weights = sum(coef.size for coef in model.coefs_)
    found[np.diag_indices(n_weights)] -= model.alpha / len(yes)
    assert_allclose(found, wanted, atol=1e-12)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_losses_with_a_fisher_information(counts, loss):
    model = fitted(regressor(loss=loss), *counts)
    fisher = curvature_matrix(model, *counts, kind="fisher")
    assert_allclose(fisher, curvature_matrix(model, *counts, kind="gauss_newton"))


@pytest.mark.parametrize("loss", ["huber", "gamma", "absolute_error", "quantile"])
def test_losses_without_one_say_so(counts, loss):
    model = fitted(regressor(loss=loss, max_iter=5), counts.X, counts.y + 0.5)
    with pytest.raises(ValueError, match="kind='fisher' needs the log-likelihood"):
        hessian_operator(model, counts.X, counts.y + 0.5, kind="fisher")


def test_rows_that_are_compared_have_no_gradients_of_their_own(binary):
    model = BackpropEmbedder(2, (3,)).partial_fit(*binary)
    with pytest.raises(ValueError, match="compares rows"):
        hessian_operator(model, *binary, kind="empirical_fisher")


@pytest.mark.parametrize("loss", ["contrastive", "triplet"])
def test_the_curvature_of_an_embedder_is_that_of_its_objective(multiclass, loss):
    model = BackpropEmbedder(2, (3,), activation="tanh", loss=loss, random_state=0)
    model.partial_fit(*multiclass)
    weight = np.random.RandomState(1).randint(0, 4, len(multiclass.y)).astype(float)
    operator = hessian_operator(model, *multiclass, weight)
    v, h = np.random.RandomState(0).standard_normal(operator.shape[0]), 1e-7

    # Steps are so small that no other triplets are mined.
    def gradient(theta):
        whole = bound.theta.copy()
        whole[: len(theta)] = theta
        moved = Evaluation(bound.objective, whole, bound.data)
        return moved.value_and_gradient()[1].copy()

    bound = operator.bound
    ahead, back = (gradient(operator.theta + step * v) for step in (h, -h))
    assert_allclose(operator.gradient(), gradient(operator.theta), atol=1e-14)
    assert_allclose(operator @ v, (ahead - back) / (2 * h), atol=1e-7)
    matrices = [
        curvature_matrix(model, *multiclass, weight, kind=kind)
        for kind in ("hessian", "gauss_newton")
    ]
    assert_allclose(matrices[0] @ v, operator @ v, atol=1e-12)
    assert np.linalg.eigvalsh(matrices[1]).min() > -1e-12
    diagonal = curvature_diagonal(model, *multiclass, weight)
    assert_allclose(diagonal, matrices[1].diagonal(), atol=1e-13)


def test_of_an_embedder_too_a_weight_is_a_repetition(multiclass):
    X, y = multiclass
    model = BackpropEmbedder(2, (3,), loss="contrastive", random_state=0)
    model.partial_fit(X, y)
    times = np.random.RandomState(1).randint(0, 3, len(y))
    weighted = critical_point(model, X, y, times.astype(float))
    repeated = critical_point(model, X.repeat(times, axis=0), y.repeat(times))
    for name in ("gradient_norm", "relative_gradient", "smallest", "largest"):
        found, wanted = (getattr(each, name) for each in (weighted, repeated))
        assert found == pytest.approx(wanted, rel=1e-9)


def test_of_an_embedder_kronecker_factors_are_those_of_rows_on_their_own(multiclass):
    model = BackpropEmbedder(2, (3,), loss="contrastive", random_state=0)
    model.partial_fit(*multiclass)
    last = kronecker_factors(model, *multiclass)[-1]
    # A row alone is drawn to its class by the class's share, in both directions.
    same = multiclass.y[:, np.newaxis] == multiclass.y
    share = (same.sum(axis=1) - 1).mean() / len(multiclass.y)
    assert np.linalg.eigvalsh(last.outputs).min() >= 2.0 * share - 1e-12


def test_kind_may_be_an_object(model, multiclass):
    kind = resolve(Curvature, "gauss_newton")
    found = curvature_diagonal(model, *multiclass, kind=kind)
    assert_allclose(found, curvature_diagonal(model, *multiclass, kind="gauss_newton"))
    with pytest.raises(ValueError, match="is not a Curvature"):
        hessian_operator(model, *multiclass, kind="newton")


# ------------------------------------------------------------------------------- masks


@every_kind
def test_what_is_pruned_neither_moves_nor_bends(multiclass, kind):
    dense = fitted(classifier(hidden_layer_sizes=(4, 3)), *multiclass)
    model = prune(dense, amount=0.5)
    operator = hessian_operator(model, *multiclass, kind=kind)
    matrix = curvature_matrix(model, *multiclass, kind=kind)
    assert_allclose(operator.diagonal(), matrix.diagonal(), atol=1e-12)
    gone = np.zeros(operator.shape[0], bool)
    gone[: sum(coef.size for coef in model.coefs_)] = np.concatenate(
        [coef.ravel() == 0 for coef in model.coefs_]
    )
    assert not matrix[gone].any()
    assert operator.value(operator.theta + gone) == operator.value(operator.theta)


# ------------------------------------------------------------------- kronecker factors


def test_factors_are_exact_for_a_linear_model(multi_regression):
    model = fitted(regressor(hidden_layer_sizes=(), alpha=0.0), *multi_regression)
    (factors,) = kronecker_factors(model, *multi_regression)
    wanted = curvature_matrix(model, *multi_regression, kind="gauss_newton", layers=[0])
    assert_allclose(factors.matrix(), wanted, atol=1e-13)


def test_factors_are_the_means_of_their_parts(model, multiclass):
    weight = np.random.RandomState(0).uniform(0.5, 2.0, len(multiclass.y))
    first, *_, last = kronecker_factors(model, *multiclass, weight)
    X = np.column_stack([multiclass.X, np.ones(len(multiclass.X))])
    share = weight / weight.sum()
    assert_allclose(first.inputs, X.T @ (X * share[:, np.newaxis]), atol=1e-13)
    p = model.predict_proba(multiclass.X)
    of_rows = np.einsum("ni,ij->nij", p, np.eye(3)) - np.einsum("ni,nj->nij", p, p)
    assert_allclose(last.outputs, np.einsum("n,nij->ij", share, of_rows), atol=1e-13)


def test_a_damped_block_is_solved_with(model, multiclass):
    factors = kronecker_factors(model, *multiclass)[1]
    vector = np.random.RandomState(0).standard_normal(len(factors.matrix()))
    a, g = factors.inputs, factors.outputs
    ratio = np.sqrt(np.trace(a) / len(a) / (np.trace(g) / len(g)))
    damped = np.kron(a + ratio * 0.1 * np.eye(len(a)), g + 0.1 / ratio * np.eye(len(g)))
    assert_allclose(damped @ factors.solve(vector, 0.01), vector, atol=1e-10)


# ---------------------------------------------------------------------- what is refused


def test_matrices_of_large_networks_are_refused(model, multiclass):
    with pytest.raises(ValueError, match="use hessian_operator, choose layers="):
        curvature_matrix(model, *multiclass, max_params=10)


def test_an_estimator_has_to_be_fitted(multiclass):
    with pytest.raises(NotFittedError):
        hessian_operator(classifier(), *multiclass)


class Jitter(Activation):
    """An activation that is random where nothing may be."""

    def bind_forward(self, site):
        rng = np.random.default_rng()
        return lambda x: x + 0.1 * rng.standard_normal(x.shape)

    def bind_backward(self, site):
        return lambda y, dy: dy

    def derivatives(self, x):
        return np.ones_like(x), None


def test_what_is_random_has_no_curvature(multiclass):
    model = fitted(
        classifier(activation=Jitter(), solver="adam", max_iter=1, tol=10.0),
        *multiclass,
    )
    with pytest.raises(ValueError, match=r"Two evaluations .* differ"):
        hessian_operator(model, *multiclass)


@pytest.mark.parametrize(
    "settings",
    [{"dropout": 0.5}, {"normalization": "batch"}, {"input_dropout": 0.3}],
    ids=str,
)
def test_what_is_random_in_training_is_at_rest(multiclass, settings):
    model = classifier(solver="adam", max_iter=3, tol=10.0, **settings)
    fitted(model, *multiclass)
    one, other = (curvature_matrix(model, *multiclass) for _ in range(2))
    assert np.array_equal(one, other)
    state = {k: [a.copy() for a in v] for k, v in model.extra_params_.items()}
    for kind, arrays in model.extra_params_.items():
        for array, same in zip(arrays, state[kind], strict=True):
            assert np.array_equal(array, same)
