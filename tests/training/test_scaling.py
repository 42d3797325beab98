"""Statistics to scale by: scikit-learn's, weighted, merged, at any scale."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.preprocessing import MaxAbsScaler, RobustScaler, StandardScaler

from skbackprop.core.data import Data, MatrixTarget
from skbackprop.training import scaling as module
from skbackprop.training.scaling import Robust, Scaling, Standard, Statistics

ROWS, RNG = 40, np.random.RandomState
WEIGHT = np.random.RandomState(5).randint(0, 4, ROWS)


def table(seed=0, n_rows=ROWS):
    """Columns of scales from 1e-6 to 1e6, each with a mean of its own."""
    rng = np.random.RandomState(seed)
    return rng.normal(rng.normal(size=5), 1.0, (n_rows, 5)) * 10.0 ** np.arange(
        -6, 7, 3
    )


def data(X, weight=None, rows=None, y=None):
    y = np.zeros((X.shape[0], 1)) if y is None else y
    weight = None if weight is None else np.asarray(weight, float)
    return Data(X, MatrixTarget(y), weight, rows)


def assert_same(one, other, rtol=1e-12):
    assert_allclose(one.weight, other.weight)
    assert_allclose(one.center, other.center, rtol=rtol)
    assert_allclose(one.spread, other.spread, rtol=rtol)


# --------------------------------------------------------------------------- standard


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["equal", "weighted"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mean_and_deviation_are_those_of_standard_scaler(dtype, weight):
    X = table().astype(dtype)
    mine = Standard().statistics(data(X, weight))
    # In float64 whatever the type of the data.
    reference = StandardScaler().fit(X.astype(float), sample_weight=weight)
    assert_allclose(mine.center, reference.mean_, rtol=1e-12)
    assert_allclose(mine.spread, reference.scale_, rtol=1e-12)
    assert mine.weight == (ROWS if weight is None else weight.sum())
    assert mine.center.dtype == mine.spread.dtype == np.float64


@pytest.mark.parametrize("kind", [Standard, Robust])
@pytest.mark.parametrize("is_sparse", [False, True])
def test_a_weight_is_a_repetition_whatever_its_scale(kind, is_sparse):
    X = np.where(np.abs(table()) > 0.7 * np.abs(table()).mean(axis=0), table(), 0.0)
    make = sparse.csr_array if is_sparse else np.asarray
    repeated = kind().statistics(data(make(X.repeat(WEIGHT, axis=0))))
    assert_same(kind().statistics(data(make(X), WEIGHT)), repeated)
    quarter = kind().statistics(data(make(X), WEIGHT / 4))
    assert_allclose(quarter.center, repeated.center, rtol=1e-12)
    assert_allclose(quarter.spread, repeated.spread, rtol=1e-12)


@pytest.mark.parametrize("kind", [Standard, Robust])
@pytest.mark.parametrize("is_sparse", [False, True])
def test_only_the_rows_in_use_count(kind, is_sparse):
    X, rows = table(), np.array([7, 3, 30, 11, 12, 5])
    make = sparse.csr_array if is_sparse else np.asarray
    for weight in (None, WEIGHT + 1):
        some = None if weight is None else weight[rows]
        alone = kind().statistics(data(make(X[rows]), some))
        assert_same(kind().statistics(data(make(X), weight, rows)), alone)


@pytest.mark.parametrize("exponent", [-150, -6, 6, 150, 300])
def test_no_scale_is_too_large_or_too_small(exponent):
    X, unit = np.random.RandomState(0).normal(2.0, 1.0, (ROWS, 3)), 10.0**exponent
    plain = Standard().statistics(data(X))
    for rows in (X * unit, sparse.csr_array(X * unit)):
        scaled = Standard().statistics(data(rows, np.ones(ROWS)))
        assert_allclose(scaled.center / unit, plain.center)
        assert_allclose(scaled.spread / unit, plain.spread)


def test_what_a_row_of_weight_zero_holds_does_not_matter():
    X, weight = table(), np.ones(ROWS)
    weight[3] = 0.0
    without = Standard().statistics(data(np.delete(X, 3, axis=0)))
    X[3] = 1e300
    assert_same(Standard().statistics(data(X, weight)), without)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6 + 0.1, -1e-150, 1e150])
@pytest.mark.parametrize("kind", [Standard, Robust])
@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("n_rows", [1, 3, 1000, 300_000])
def test_a_constant_column_is_divided_by_one(kind, is_sparse, value, n_rows):
    if n_rows > 1000 and kind is Robust:
        n_rows = 1000
    X = np.full((n_rows, 1), value)
    weight = np.random.RandomState(0).uniform(0.1, 3.0, n_rows)
    given = sparse.csr_array(X) if is_sparse else X
    found = kind().statistics(data(given, weight))
    assert_allclose(found.center, value, rtol=1e-12)
    assert_array_equal(found.divisor, 1.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_column_far_from_zero_is_not_taken_for_a_constant(dtype):
    steps = np.arange(20.0) / 8  # float32 tells sixteenths apart there
    found = Standard().statistics(data((1e6 + steps[:, np.newaxis]).astype(dtype)))
    assert_allclose(found.spread, steps.std(), rtol=1e-9)


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csr_matrix])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["equal", "weighted"])
def test_sparse_statistics_are_those_of_the_dense_rows(weight, make):
    X = table() * (np.random.RandomState(1).uniform(size=(ROWS, 5)) < 0.2)
    X[:, 4] = 0.0
    dense = Standard().statistics(data(X, weight))
    assert_same(Standard().statistics(data(make(X), weight)), dense, rtol=1e-10)


def test_entries_that_are_stored_twice_add_up():
    parts = np.array([1.0, 2.0, 5.0]), np.array([0, 0, 0]), np.array([0, 2, 3])
    X = sparse.csr_array(parts, shape=(2, 1))
    assert_same(
        Standard().statistics(data(X)),
        Standard().statistics(data(np.array([[3.0], [5]]))),
    )


def test_many_rows_are_read_a_few_at_a_time(monkeypatch):
    X, weight = table(n_rows=700), np.random.RandomState(2).uniform(size=700)
    whole = Standard().statistics(data(X, weight))
    monkeypatch.setattr(module, "CHUNK_BYTES", 1)
    assert_same(Standard().statistics(data(X, weight)), whole)
    assert_same(Standard().statistics(data(X, weight, np.arange(700)[::-1])), whole)


# ---------------------------------------------------------------------------- merging


@pytest.mark.parametrize("exponent", [-150, 0, 150])
def test_statistics_merge_to_those_of_all_rows(exponent):
    X, weight = table() * 10.0**exponent, np.random.RandomState(2).uniform(size=ROWS)
    whole = Standard().statistics(data(X, weight))
    for cuts in ([1, 20], [13], range(1, ROWS)):
        parts = np.split(np.arange(ROWS), cuts)
        first, *others = [Standard().statistics(data(X[p], weight[p])) for p in parts]
        for other in others:
            first = first.merged(other)
        assert_same(first, whole)


@pytest.mark.parametrize("is_sparse", [False, True])
def test_constant_columns_stay_constant_in_any_number_of_parts(is_sparse):
    values, rng = np.array([[0.0, 0.1, 1 / 3, 1e6 + 0.1, -7.7]]), RNG(0)
    make = sparse.csr_array if is_sparse else np.asarray
    total = Statistics(0.0, np.zeros(5), np.zeros(5))
    for n_rows in rng.randint(1, 50, size=60):
        part = data(make(values.repeat(n_rows, axis=0)), rng.uniform(size=n_rows))
        total = total.merged(Standard().statistics(part))
    assert_array_equal(total.divisor, 1.0)


def test_nothing_is_merged_where_there_is_nothing():
    some, none = (
        Standard().statistics(data(table())),
        Statistics(0.0, np.zeros(5), np.zeros(5)),
    )
    assert_same(some.merged(none), some)
    assert_same(none.merged(some), some)
    assert none.merged(none).weight == 0.0


def test_only_what_merges_says_so():
    assert Standard.merges
    assert not Robust.merges
    assert {"standard", "robust"} <= set(Scaling.members())


# ----------------------------------------------------------------------------- robust


@pytest.mark.parametrize("n_rows", [1, 2, 5, 40, 41])
@pytest.mark.parametrize("seed", [0, 1])
def test_quartiles_are_those_of_numpy(n_rows, seed):
    X = table(seed, n_rows)
    times = np.random.RandomState(seed + 7).randint(1, 4, n_rows)
    found = Robust().statistics(data(X, times))
    low, median, high = np.quantile(
        X.repeat(times, axis=0),
        [0.25, 0.5, 0.75],
        axis=0,
        method="averaged_inverted_cdf",
    )
    assert_allclose(found.center, median)
    assert_allclose(found.spread, (high - low) / 1.3489795003921634, atol=1e-300)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_quartiles_of_sparse_columns_are_those_of_the_dense_ones(sign, weighted):
    # From columns without an entry to columns without a zero, a quarter on the way.
    X = sign * np.triu(np.arange(1.0, ROWS + 1)[:, np.newaxis] * np.ones(ROWS), 0)
    assert (X != 0).mean(axis=0).min() < 0.25 in (X != 0).mean(axis=0)
    weight = WEIGHT * 1e300 if weighted else None
    dense = Robust().statistics(data(X, weight))
    assert_same(Robust().statistics(data(sparse.csr_array(X), weight)), dense)
    assert 0.0 in dense.spread
    assert dense.spread.max() > 0.0


def test_sparse_columns_that_are_nearly_empty_are_not_sorted(monkeypatch):
    sorted_columns = []

    def spy(values, weight, quartiles=module._quartiles):
        sorted_columns.append(values)
        return quartiles(values, weight)

    monkeypatch.setattr(module, "_quartiles", spy)
    X = sparse.random_array((ROWS, 200), density=0.05, random_state=0, format="csr")
    Robust().statistics(data(sparse.csr_array(X)))
    assert len(sorted_columns) < 20


def test_robust_is_close_to_robust_scaler_on_many_rows():
    X = table(n_rows=4000)
    reference = RobustScaler(unit_variance=True).fit(X)
    found = Robust().statistics(data(X))
    assert_allclose(found.spread, reference.scale_, rtol=5e-3)
    assert (np.abs(found.center - reference.center_) < 2e-3 * reference.scale_).all()


def test_a_few_extreme_values_do_not_move_it():
    X = table()
    before = Robust().statistics(data(X))
    X[[3, 8]] = 1e30
    after = Robust().statistics(data(X))
    assert (np.abs(after.center - before.center) < 0.5 * before.spread).all()
    assert (after.spread < 2 * before.spread).all()


def test_robust_statistics_at_the_ends_of_the_range():
    X = np.array([-1.7, -1.0, 0.0, 1.0, 1.7])[:, np.newaxis] * 1e308
    assert np.isfinite(Robust().statistics(data(X)).spread).all()


# ---------------------------------------------------------------------------- targets


@pytest.mark.parametrize("kind", [Standard, Robust])
def test_targets_have_statistics_of_their_own(kind):
    y, rows = table(seed=3), np.arange(5, 30)
    found = kind().target_statistics(data(table(), WEIGHT, rows, y))
    assert_same(found, kind().statistics(data(y[rows], WEIGHT[rows])))


@pytest.mark.parametrize("kind", [Standard, Robust])
def test_means_of_targets_are_means_whatever_the_member(kind):
    y, rows = table(seed=3), np.arange(5, 30)
    found = kind().target_means(data(table(), WEIGHT, rows, y))
    assert_same(found, Standard().statistics(data(y[rows], WEIGHT[rows])))


def test_max_abs_is_not_what_sparse_rows_are_divided_by():
    # Divided by their deviation, as StandardScaler(with_mean=False) does.
    X = sparse.csr_array(table() * (table(1) > 0))
    reference = StandardScaler(with_mean=False).fit(X).scale_
    found = Standard().statistics(data(X)).divisor
    assert_allclose(found, reference, rtol=1e-10)
    assert not np.allclose(found, MaxAbsScaler().fit(X).scale_)
