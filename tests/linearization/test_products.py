"""Products with curvature matrices: exact, through every part of the package."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from skbackprop.core.data import Data, MatrixTarget
from skbackprop.evaluation import Evaluation
from skbackprop.layers import (
    Activation,
    Dense,
    DropConnect,
    Dropout,
    Layer,
    Normalization,
    Standardize,
    Tanh,
    UnitLength,
)
from skbackprop.layers.normalization import GroupNorm
from skbackprop.objective import Objective
from skbackprop.penalties import L1, ElasticNet

from ..builders import every_loss
from ._point import Point, between, off

# Differences of gradients are no better than that.
CLOSE = 1e-7

smooth = sorted(
    name
    for name, kind in Activation.members().items()
    if not kind.surrogate and kind.__module__.startswith("skbackprop.")
)
LAYERS = {
    **{name: between(Activation.members()[name]()) for name in smooth},
    **{n: between(kind(), Tanh()) for n, kind in Normalization.members().items()},
    "group of two": between(GroupNorm(2), Tanh()),
    "slopes first": [Activation.members()["prelu"](), Dense(3), Tanh(), Dense(2)],
    "slopes last": [Dense(3), Activation.members()["prelu"]()],
    "dropout": between(Dropout(0.5), Tanh()),
    "dropconnect": [DropConnect(5, 0.5), Tanh(), DropConnect(2, 0.5)],
    "standardize": [Standardize(), Dropout(0.2), *between(Tanh())],
    "unit_length": [*between(Tanh(), n_out=3), UnitLength()],
    "linear": [Dense(2)],
    "deep": [*between(Tanh()), Tanh(), *between(Tanh())],
}
LOSSES = every_loss()
every_layer = pytest.mark.parametrize("name", LAYERS)
every_loss_case = pytest.mark.parametrize("name", LOSSES)


def point_of(name):
    return Point(LAYERS[name])


def judged_by(name):
    loss, target = LOSSES[name]
    n_out = loss.n_scores(target.width)
    return Point([Dense(5), Tanh(), Dense(n_out)], loss, target)


@pytest.fixture
def point():
    return Point(between(Tanh()))


# ------------------------------------------------------------------ against differences


@every_layer
def test_gradient_is_that_of_training(name):
    point = point_of(name)
    assert off(point.products().gradient(), point.gradient()) < 1e-12


@every_layer
def test_hessian_through_every_layer(name):
    point = point_of(name)
    products = point.products().hessian(point.directions)
    assert off(products, point.hessian(point.directions)) < CLOSE


@every_loss_case
def test_hessian_of_every_loss(name):
    point = judged_by(name)
    products = point.products().hessian(point.directions)
    assert off(products, point.hessian(point.directions)) < CLOSE


@every_layer
def test_gauss_newton_through_every_layer(name):
    point = point_of(name)
    found = point.products().gauss_newton(np.eye(point.n))
    assert off(found, point.gauss_newton()) < CLOSE


@every_loss_case
def test_gauss_newton_of_every_loss(name):
    point = judged_by(name)
    found = point.products().gauss_newton(np.eye(point.n))
    assert off(found, point.gauss_newton()) < CLOSE
    assert np.linalg.eigvalsh(found).min() > -1e-12


@every_loss_case
def test_empirical_fisher_of_every_loss(name):
    point = judged_by(name)
    found = point.products().empirical_fisher(np.eye(point.n))
    assert off(found, point.empirical_fisher()) < CLOSE


# ---------------------------------------------------------------------------- symmetry


@every_layer
@pytest.mark.parametrize("kind", ["hessian", "gauss_newton", "empirical_fisher"])
def test_matrices_are_symmetric(name, kind):
    point = point_of(name)
    matrix = getattr(point.products(), kind)(np.eye(point.n))
    assert off(matrix, matrix.T) < 1e-13


@every_loss_case
def test_hessians_are_symmetric(name):
    point = judged_by(name)
    matrix = point.products().hessian(np.eye(point.n))
    assert off(matrix, matrix.T) < 1e-13


# --------------------------------------------------------------------------- diagonals


@every_layer
def test_diagonals_are_those_of_the_matrices(name):
    point = point_of(name)
    products, eye = point.products(), np.eye(point.n)
    wanted = products.gauss_newton(eye).diagonal()
    assert off(products.gauss_newton_diagonal(), wanted) < 1e-13
    wanted = products.empirical_fisher(eye).diagonal()
    assert off(products.empirical_fisher_diagonal(), wanted) < 1e-13


@every_loss_case
def test_gauss_newton_diagonal_of_every_loss(name):
    point = judged_by(name)
    wanted = point.products().gauss_newton(np.eye(point.n)).diagonal()
    assert off(point.products().gauss_newton_diagonal(), wanted) < 1e-13


def test_kronecker_factors_of_one_row_are_its_gauss_newton_blocks():
    whole = Point(between(Tanh()))
    target = MatrixTarget(whole.data.target.encoded[:1])
    point = whole.on(X=whole.data.X[:1], target=target, weight=None)
    matrix = point.products().gauss_newton(np.eye(point.n))
    matrix -= np.diag(np.r_[np.full(4 * 8 + 8 * 8 + 8 * 2, 0.3), np.zeros(8 + 8 + 2)])
    layout = point.objective.network.layout
    where = np.arange(layout.size)
    layers = zip(
        layout.of_kind("weight", where), layout.of_kind("bias", where), strict=True
    )
    factors = point.products().kronecker_factors()
    for (weight, bias), (a, g) in zip(layers, factors, strict=True):
        block = np.r_[weight.ravel(), bias]
        assert off(np.kron(a, g), matrix[np.ix_(block, block)]) < 1e-13


# ----------------------------------------------------- the same, whichever way it goes


@every_layer
@pytest.mark.parametrize("kind", ["hessian", "gauss_newton", "empirical_fisher"])
def test_several_vectors_at_once_are_as_one_by_one(name, kind):
    point = point_of(name)
    product = getattr(point.products(), kind)
    together = product(point.directions)
    one_by_one = np.array([product(v) for v in point.directions])
    assert off(together, one_by_one) < 1e-13


@pytest.mark.parametrize("kind", ["hessian", "gauss_newton", "empirical_fisher"])
def test_blocks_of_vectors_are_cut_where_they_take_too_much(monkeypatch, point, kind):
    whole = getattr(point.products(), kind)(np.eye(point.n))
    monkeypatch.setattr("skbackprop.linearization.products.TANGENTS_AT_ONCE", 40)
    assert off(getattr(point.products(), kind)(np.eye(point.n)), whole) < 1e-13


@pytest.mark.parametrize("kind", ["hessian", "gauss_newton", "empirical_fisher"])
def test_chunks_add_up(point, kind):
    in_chunks = getattr(point.products(), kind)(point.directions)
    point.objective.network.rows_at_once = 100
    assert off(getattr(point.products(), kind)(point.directions), in_chunks) < 1e-13


@pytest.mark.parametrize("cache_bytes", [0, 2**28])
def test_value_and_gradient_are_those_of_an_evaluation(point, cache_bytes):
    evaluation = Evaluation(point.objective, point.theta, point.data)
    loss, gradient = evaluation.value_and_gradient()
    value, own = point.products(cache_bytes=cache_bytes).value_and_gradient()
    assert abs(value - loss) < 1e-13 * abs(loss)
    assert off(own, gradient[: point.n]) < 1e-13


def test_nothing_is_kept_that_is_too_large(point):
    without, kept = point.products(cache_bytes=0), point.products()
    for products in (without, kept):
        assert (
            off(products.hessian(point.directions), kept.hessian(point.directions)) == 0
        )
    assert (len(without._records), len(kept._records)) == (0, 4)


def test_threads_of_the_user_do_not_share_buffers(point):
    products = point.products(cache_bytes=0)
    mine = products._record(0)
    before = mine.prediction.copy()
    with ThreadPoolExecutor(1) as another:
        theirs = another.submit(products._record, 1).result()
    assert not np.array_equal(theirs.prediction, before)
    assert np.array_equal(mine.prediction, before)


@pytest.mark.parametrize("kind", ["hessian", "gauss_newton", "empirical_fisher"])
def test_sparse_rows_are_as_dense_ones(point, kind):
    as_dense, as_sparse = point.sparse()
    wanted = getattr(as_dense.products(), kind)(point.directions)
    assert off(getattr(as_sparse.products(), kind)(point.directions), wanted) < 1e-13


def test_sparse_diagonals_and_factors_are_as_dense_ones(point):
    as_dense, as_sparse = (each.products() for each in point.sparse())
    for kind in ("gauss_newton_diagonal", "empirical_fisher_diagonal"):
        wanted = getattr(as_dense, kind)()
        assert off(getattr(as_sparse, kind)(), wanted) < 1e-13
    pairs = zip(
        as_sparse.kronecker_factors(), as_dense.kronecker_factors(), strict=True
    )
    for found, wanted in pairs:
        assert all(off(a, b) < 1e-13 for a, b in zip(found, wanted, strict=True))


def test_sparse_rows_are_divided_by_their_spread():
    as_dense, as_sparse = Point(LAYERS["standardize"]).sparse()
    for each in (as_dense, as_sparse):
        # What is sparse is not centered.
        each.objective.network.layout.views(each.theta)[0][0][...] = 0.0
    wanted = as_dense.hessian(as_dense.directions)
    assert off(as_sparse.products().hessian(as_sparse.directions), wanted) < CLOSE


@pytest.mark.parametrize("kind", ["hessian", "gauss_newton", "empirical_fisher"])
def test_a_weight_is_a_repetition(point, kind):
    times = np.array([1, 2, 3, 1, 1, 2, 1])
    repeated = np.repeat(np.arange(7), times)
    target = MatrixTarget(point.data.target.encoded[repeated])
    more = point.on(X=point.data.X[repeated], target=target, weight=None)
    weighted = point.on(weight=times.astype(float))
    products = getattr(weighted.products(), kind)(point.directions)
    assert off(products, getattr(more.products(), kind)(point.directions)) < 1e-13


def test_a_subset_of_rows_is_as_these_rows_alone(point):
    rows = np.array([5, 0, 3, 3])
    some = point.on(rows=rows)
    data = point.data
    alone = point.on(
        X=data.X[rows], target=data.target.take(rows), weight=data.weight[rows]
    )
    wanted = alone.products().hessian(point.directions)
    assert off(some.products().hessian(point.directions), wanted) < 1e-13


@pytest.mark.parametrize("kind", ["hessian", "gauss_newton"])
def test_float32_stays_float32(point, kind):
    single = Point.__new__(Point)
    single.__dict__.update(point.__dict__)
    single.theta = point.theta.astype(np.float32)
    single.data = Data(point.data.X.astype(np.float32), point.data.target)
    found = getattr(single.products(), kind)(point.directions.astype(np.float32))
    assert found.dtype == np.float32
    wanted = getattr(point.on(weight=None).products(), kind)(point.directions)
    assert off(found, wanted) < 1e-5


@every_layer
def test_every_layer_stays_in_float32(name):
    point = point_of(name)
    point.theta = point.theta.astype(np.float32)
    point.data = Data(point.data.X.astype(np.float32), point.data.target)
    products = point.products()
    assert products.hessian(point.directions.astype(np.float32)).dtype == np.float32
    assert products.gauss_newton_diagonal().dtype == np.float32
    assert products.gradient().dtype == np.float32


# ------------------------------------------------------------------------------- masks


def test_what_is_held_at_zero_has_no_curvature(point):
    free = np.random.RandomState(0).uniform(size=point.n) < 0.5
    both = np.outer(free, free)
    wanted = {
        kind: getattr(point.products(), kind)(np.eye(point.n)) * both
        for kind in ("hessian", "gauss_newton", "empirical_fisher")
    }
    objective = point.objective
    point.objective = Objective(
        objective.network, point.loss, objective.penalty, free.astype(float)
    )
    held = point.products()
    for kind, matrix in wanted.items():
        assert off(getattr(held, kind)(np.eye(point.n)), matrix) < 1e-13
    assert off(held.gauss_newton_matrix(), wanted["gauss_newton"]) < 1e-13
    for kind in ("gauss_newton", "empirical_fisher"):
        diagonal = getattr(held, f"{kind}_diagonal")()
        assert off(diagonal, wanted[kind].diagonal()) < 1e-13


# ----------------------------------------------------------------------------- penalty


def test_absolute_values_do_not_bend(point):
    plain = point.products().gauss_newton(np.eye(point.n)) - point.penalty()
    objective = point.objective
    network, loss = objective.network, objective.loss
    for penalty, share in [(L1(0.3), 0.0), (ElasticNet(0.3, l1_ratio=0.25), 0.75)]:
        point.objective = Objective(network, loss, penalty)
        found = point.products().gauss_newton(np.eye(point.n))
        assert off(found, plain + share * point.penalty()) < 1e-13


def test_a_batch_may_bear_the_whole_penalty(point):
    whole = point.products().hessian(np.eye(point.n))
    batch = point.products(penalty_weight=1.0).hessian(np.eye(point.n))
    more = point.penalty() * (point.data.total_weight - 1.0)
    assert off(batch, whole + more) < 1e-13


# ---------------------------------------------------------------- what has no curvature


class Opaque(Layer):
    """A layer that does not tell its derivatives."""

    def build(self, n_in):
        return n_in, []

    def bind_forward(self, site):
        return lambda x: x

    def bind_backward(self, site):
        return lambda x, dy: dy


def test_a_layer_without_second_derivatives_is_named():
    with pytest.raises(NotImplementedError, match="Opaque does not define linearize"):
        Point([Dense(3), Opaque(), Dense(1)]).products().gradient()


def test_a_step_has_no_curvature():
    step = Point(between(Activation.members()["binary_step"]()))
    with pytest.raises(NotImplementedError, match="no curvature"):
        step.products().gradient()
