"""Rows: read the same whatever holds them, a chunk at a time, without a copy of all."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skbackprop.core.data import ChunkReader, Data, MatrixTarget, OneHotTarget

from ..builders import expanded

N_ROWS, N_FEATURES, N_OUT = 11, 3, 2
DTYPES = [np.float32, np.float64]


def strided(X):
    wide = np.zeros((2 * X.shape[0], 3 * X.shape[1]), X.dtype)
    wide[::2, ::3] = X
    return wide[::2, ::3]


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def memory_map(X, tmp_path):
    np.save(tmp_path / "X.npy", X)
    return np.load(tmp_path / "X.npy", mmap_mode="r")


HOLDERS = {
    "rows": np.ascontiguousarray,
    "columns": np.asfortranarray,
    "strided": strided,
    "reversed": lambda X: X[::-1].copy()[::-1],
    "read-only": read_only,
    "sparse array": sparse.csr_array,
    "sparse matrix": sparse.csr_matrix,
}


def make_data(hold=np.asarray, rows=None, weighted=True, dtype=np.float64):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(N_ROWS, N_FEATURES)) * rng.randint(2, size=(N_ROWS, 1))
    target = MatrixTarget(rng.normal(size=(N_ROWS, N_OUT)))
    weight = rng.uniform(0.5, 2.0, N_ROWS) if weighted else None
    return Data(hold(X.astype(dtype)), target, weight, rows)


def dense(x):
    return x.toarray() if sparse.issparse(x) else x


def picked(data, order):
    """The rows in question, out of whole arrays."""
    rows = np.arange(N_ROWS) if data.rows is None else data.rows
    at = rows[order]
    weight = None
    if data.weight is not None:
        weight = data.weight[at] / data.weight[rows].mean()
    return dense(data.X)[at], data.target.encoded[at], weight


SUBSETS = st.none() | st.permutations(range(N_ROWS)).flatmap(
    lambda order: st.integers(1, N_ROWS).map(lambda n: np.array(order[:n]))
)


@pytest.mark.parametrize("hold", HOLDERS.values(), ids=HOLDERS)
@given(rows=SUBSETS, draw=st.data(), weighted=st.booleans())
def test_the_rows_asked_for_are_read_whatever_holds_them(hold, rows, draw, weighted):
    data = make_data(hold, rows, weighted)
    reader = ChunkReader(data, len(data), np.dtype(float))
    for _ in range(3):
        order = draw.draw(st.permutations(range(len(data))))
        start = draw.draw(st.integers(0, len(data) - 1))
        n_rows = len(data) - start
        for which in (np.array(order[start:]), slice(start, len(data))):
            chunk = reader.read(which, n_rows)
            x, target, weight = picked(data, which)
            assert_array_equal(dense(chunk.x), x)
            assert_array_equal(chunk.target, target)
            if weighted:
                assert_allclose(chunk.weight, weight)
            else:
                assert chunk.weight is None


@pytest.mark.parametrize("order", [np.array([4, 0, 7]), slice(2, 5)])
def test_a_memory_map_is_read_like_an_array(tmp_path, order):
    mapped = make_data(lambda X: memory_map(X, tmp_path))
    chunk = ChunkReader(mapped, 3, np.dtype(float)).read(order, 3)
    assert_array_equal(chunk.x, picked(mapped, order)[0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("hold", HOLDERS.values(), ids=HOLDERS)
def test_nothing_changes_its_type(hold, dtype):
    reader = ChunkReader(make_data(hold, dtype=dtype), 4, np.dtype(dtype))
    for order in (np.arange(4), slice(4)):
        assert {array.dtype for array in reader.read(order, 4)} == {np.dtype(dtype)}


@pytest.mark.parametrize("hold", [np.ascontiguousarray, np.asfortranarray, strided])
def test_a_slice_of_all_rows_is_not_copied(hold):
    data = make_data(hold)
    reader = ChunkReader(data, 4, np.dtype(float))
    assert np.shares_memory(reader.read(slice(2, 6), 4).x, data.X)


@pytest.mark.parametrize("hold", HOLDERS.values(), ids=HOLDERS)
def test_a_reader_that_works_in_place_gathers_into_the_same_buffers(hold):
    data = make_data(hold)
    reader = ChunkReader(data, 4, np.dtype(float))
    assert reader.in_place is not data.is_sparse
    if reader.in_place:
        first = reader.read(np.array([0, 1, 2, 3]), 4)
        again = reader.read(np.array([7, 5, 3, 1]), 4)
        for a, b in zip(first, again, strict=True):
            assert_array_equal(a, b)


@given(rows=SUBSETS, draw=st.data())
def test_late_rows_are_copied_by_whoever_fetches_them(rows, draw):
    data = make_data(np.ascontiguousarray, rows)
    reader = ChunkReader(data, len(data), np.dtype(float), n_late=len(data))
    for _ in range(2):
        order = np.array(draw.draw(st.permutations(range(len(data)))))
        late = reader.read(order, len(data)).x
        late.buffer.fill(np.nan)
        cut = draw.draw(st.integers(0, len(data)))
        parts = late[:cut].fetch(slice(0, cut)), late.fetch(slice(cut, len(data)))
        assert_array_equal(np.concatenate(parts), picked(data, order)[0])
        assert_array_equal(late.buffer, picked(data, order)[0])
        assert all(np.shares_memory(part, late.buffer) for part in parts if len(part))


def test_parts_of_late_rows_share_a_buffer_of_their_size():
    X = np.random.RandomState(0).rand(20, 3)
    data = Data(X, MatrixTarget(np.ones((20, 1))))
    order = np.random.RandomState(1).permutation(20)
    late = ChunkReader(data, 20, np.dtype(float), n_late=8).read(order, 20).x
    for some in (slice(0, 8), slice(8, 16), slice(16, 20)):
        part = late[some]
        n_rows = len(order[some])
        assert_array_equal(part.fetch(slice(0, n_rows)), X[order[some]])
        assert part.buffer.shape == (n_rows, 3)
        assert np.shares_memory(part.buffer, late.buffer)
    assert late.buffer.shape == (8, 3)


@pytest.mark.parametrize("rows", [None, np.arange(0, 20_000, 2)])
@pytest.mark.parametrize("hold", [np.ascontiguousarray, np.asfortranarray, strided])
def test_reading_does_not_copy_the_data(hold, rows):
    X = hold(np.ones((20_000, 20)))
    data = Data(X, MatrixTarget(np.ones((20_000, 1))), None, rows)
    order = np.random.RandomState(0).permutation(len(data))[:500]
    tracemalloc.start()
    ChunkReader(data, 500, np.dtype(float)).read(order, 500)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.1 * X.nbytes


def test_weights_in_use_are_those_of_the_subset():
    weight = np.array([1.0, 2.0, 3.0, 10.0])
    whole = Data(np.ones((4, 1)), MatrixTarget(np.ones((4, 1))), weight)
    part = Data(whole.X, whole.target, weight, np.array([2, 0]))
    assert (len(whole), whole.total_weight, whole.mean_weight) == (4, 16.0, 4.0)
    assert (len(part), part.total_weight, part.mean_weight) == (2, 4.0, 2.0)


def test_without_weights_each_row_counts_once():
    data = Data(np.ones((4, 1)), MatrixTarget(np.ones((4, 1))), rows=np.array([1, 2]))
    assert (data.total_weight, data.mean_weight) == (2.0, 1.0)


@pytest.mark.parametrize("n_classes", [(3,), (2, 4), (1, 2, 3)])
@pytest.mark.parametrize("rows", [slice(1, 5), np.array([4, 0, 4])])
def test_labels_expand_to_indicators(n_classes, rows):
    rng = np.random.RandomState(0)
    labels = np.column_stack([rng.randint(k, size=6) for k in n_classes])
    expected = np.hstack(
        [np.eye(k)[column] for k, column in zip(n_classes, labels.T, strict=True)]
    )
    target = OneHotTarget(labels, n_classes)
    assert target.width == sum(n_classes)
    assert_array_equal(expanded(target, 6), expected)
    out = np.full((len(expected[rows]), target.width), np.nan, np.float32)
    target.expand(rows, out)
    assert_array_equal(out, expected[rows])


@pytest.mark.parametrize(
    "target",
    [
        MatrixTarget(np.arange(10).reshape(5, 2)),
        MatrixTarget(np.eye(5, dtype=bool)),
        OneHotTarget(np.array([[0, 1], [2, 0], [1, 1], [0, 0], [2, 1]]), (3, 2)),
    ],
)
def test_some_targets_are_targets_of_their_own(target):
    rows = np.array([3, 0, 3])
    assert_array_equal(expanded(target.take(rows), 3), expanded(target, 5)[rows])
