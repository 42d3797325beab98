"""Dropout and DropConnect: what is kept, how often, and by what it is divided."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skbackprop.core.ops import sparse_product
from skbackprop.core.spec import resolve
from skbackprop.layers import Dense, DropConnect, Dropout, Layer
from skbackprop.network import Network
from skbackprop.testing import check_layer

from ._bound import Bound, training_pass

RATES = [0.1, 0.5, 0.9]
LEVELS = 2**16


def chance(rate):
    """The probability of being kept: 1 - rate, to the nearest 65,536th."""
    return round((1.0 - rate) * LEVELS) / LEVELS


def assert_share(kept, rate):
    """Assert that as many are kept as chance would have it, within 5 sigma."""
    p = chance(rate)
    assert abs(kept.mean() - p) < 5 * np.sqrt(p * (1 - p) / kept.size)


# ---------------------------------------------------------------------------- dropout


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("layer", [Dropout, lambda rate: DropConnect(3, rate)])
def test_the_derivatives_are_right_with_the_mask_held_fixed(layer, rate):
    assert check_layer(layer(rate=rate)) < 1e-6


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rate", RATES)
def test_units_are_kept_with_the_complement_of_the_rate(rate, dtype):
    x = np.random.RandomState(0).normal(size=(2000, 13)).astype(dtype)
    y = Bound(Dropout(rate), 13, dtype, max_rows=2000).train(x)
    kept = y != 0
    assert_share(kept, rate)
    assert y.dtype == dtype
    # Exactly the inverse of the probability, where rounding allows it.
    assert_allclose(y[kept], x[kept] / chance(rate), rtol=4 * np.finfo(dtype).eps)


def test_half_of_the_units_is_exactly_doubled():
    x = np.random.RandomState(0).normal(size=(50, 8))
    y = Bound(Dropout(0.5), 8).train(x)
    assert_array_equal(y, np.where(y != 0, 2.0 * x, 0.0))


def test_rows_and_units_are_independent():
    kept = Bound(Dropout(0.3), 6, max_rows=20_000).train(np.ones((20_000, 6))) != 0
    limit = 5 / np.sqrt(20_000)
    assert np.abs(np.corrcoef(kept.T) - np.eye(6)).max() < limit
    assert abs(np.corrcoef(kept[1:, 0], kept[:-1, 0])[0, 1]) < limit


def test_the_gradient_goes_through_what_was_kept():
    x, dy = np.ones((40, 6)), np.random.RandomState(1).normal(size=(40, 6))
    y, dx = Bound(Dropout(0.4), 6).train(x, dy)
    assert_allclose(dx, dy * y)


@pytest.mark.parametrize("layer", [Dropout(0.7), DropConnect(4, 0.7)], ids=repr)
def test_in_prediction_it_is_off(layer):
    bound = Bound(layer, 4)
    bound.theta[:] = np.random.RandomState(0).normal(size=bound.theta.size)
    x = np.random.RandomState(1).normal(size=(7, 4))
    plain = Bound(Dense(4), 4)
    plain.theta[:] = bound.theta if bound.theta.size else np.eye(5, 4).ravel()
    expected = plain.predict(x) if bound.theta.size else x
    assert_array_equal(bound.predict(x), expected)


@pytest.mark.parametrize("layer", [Dropout(0.3), DropConnect(2, 0.3)], ids=repr)
def test_seed_and_place_set_the_mask(layer):
    bound, x = Bound(layer, 30), np.ones((9, 30))
    bound.theta[:] = np.random.RandomState(0).normal(size=bound.theta.size)
    first = bound.train(x)
    assert_array_equal(bound.train(x), first)
    assert (bound.train(x, seed=1) != first).any()
    assert (bound.train(x, first_row=9) != first).any()


def test_threads_that_share_a_batch_draw_the_mask_of_the_whole():
    bound, x = Bound(Dropout(0.5), 7), np.ones((10, 7))
    whole, now = bound.train(x), training_pass(10)
    parts = []
    for rows in (slice(0, 4), slice(4, 10)):
        site = bound.site(rows.stop - rows.start, now, first_row=rows.start)
        parts.append(bound.layer.bind_forward(site)(x[rows]).copy())
    assert_array_equal(np.vstack(parts), whole)


def test_the_input_is_left_alone():
    x = np.ones((5, 4))
    x.flags.writeable = False
    bound = Bound(Dropout(0.5), 4)
    bound.layer.bind_forward(bound.site(5, training_pass(5)))(x)


# ----------------------------------------------------------------------------- sparse


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csr_matrix])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rate", RATES)
def test_entries_of_a_sparse_input_are_kept_likewise(rate, dtype, make):
    bound = Bound(Dropout(rate), 40, dtype, max_rows=1000)
    given = sparse.random_array((1000, 40), density=0.3, rng=0, format="csr")
    x = make(given.astype(dtype))
    site = bound.site(1000, training_pass(1000), sparse=True)
    y = bound.layer.bind_forward(site)(x)
    assert sparse.issparse(y)
    assert (y.dtype, y.shape) == (dtype, x.shape)
    kept = y.data != 0
    assert_share(kept, rate)
    assert_allclose(y.data[kept], x.data[kept] / chance(rate), rtol=1e-6)
    assert_allclose(x.toarray(), given.toarray(), rtol=1e-6)


def test_batches_of_sparse_inputs_have_masks_of_their_own():
    bound, now = Bound(Dropout(0.5), 40), training_pass(20)
    x = sparse.csr_array(np.ones((20, 40)))
    forward = bound.layer.bind_forward(bound.site(20, now, sparse=True))
    first = forward(x).toarray()
    now.first_row += 20
    assert 0.4 < (forward(x).toarray() != first).mean() < 0.6


def test_in_prediction_a_sparse_input_goes_through():
    bound, x = Bound(Dropout(0.5), 4), sparse.csr_array(np.eye(4))
    site = bound.site(4, training=False, sparse=True)
    assert bound.layer.bind_forward(site)(x) is x


# ------------------------------------------------------------------------ DropConnect


def drop_connect(rate, now, dtype=np.float64, **changes):
    """Return forward and backward, and the layer with random weights."""
    bound = Bound(DropConnect(60, rate), 50, dtype)
    bound.theta[:] = np.random.RandomState(0).uniform(1, 2, bound.theta.size)
    bound["bias"][...] = 0.0
    site = bound.site(50, now, **changes)
    return bound, bound.layer.bind_forward(site), bound.layer.bind_backward(site)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rate", RATES)
def test_weights_are_kept_with_the_complement_of_the_rate(rate, dtype):
    bound, forward, _ = drop_connect(rate, training_pass(50), dtype)
    effective = forward(np.eye(50, dtype=dtype))
    kept = effective != 0
    assert_share(kept, rate)
    assert effective.dtype == dtype
    expected = bound["weight"][kept] / chance(rate)
    assert_allclose(effective[kept], expected, rtol=4 * np.finfo(dtype).eps)


def test_all_rows_share_the_weights_and_the_gradient_knows_them():
    bound, forward, backward = drop_connect(0.5, training_pass(50))
    mask = forward(np.eye(50)) / bound["weight"]
    rng = np.random.RandomState(2)
    x, dy = rng.normal(size=(50, 50)), rng.normal(size=(50, 60))
    bound2, forward, backward = drop_connect(0.5, training_pass(50))
    assert_allclose(forward(x), x @ (bound2["weight"] * mask))
    dx = backward(x, dy.copy())
    assert_allclose(bound2.gradient("weight"), (x.T @ dy) * mask)
    assert_allclose(dx, dy @ (bound2["weight"] * mask).T)


def test_batches_and_layers_have_weights_of_their_own():
    now = training_pass(50)
    _, forward, _ = drop_connect(0.5, now)
    first = forward(np.eye(50)).copy()
    now.first_row += 50
    assert 0.4 < ((forward(np.eye(50)) != 0) != (first != 0)).mean() < 0.6


def test_drop_connect_takes_sparse_inputs():
    dense = drop_connect(0.5, training_pass(50))[1](np.eye(50)).copy()
    changes = {"product": sparse_product, "sparse": True, "wants_input_gradient": False}
    _, forward, backward = drop_connect(0.5, training_pass(50), **changes)
    x = sparse.csr_array(np.eye(50))
    assert_allclose(forward(x), dense)
    backward(x, np.ones((50, 60)))


@pytest.mark.parametrize("layer", [Dropout(0.4), DropConnect(3, 0.4)], ids=repr)
def test_the_mean_over_masks_is_the_prediction_of_a_linear_layer(layer):
    bound, rng = Bound(layer, 5), np.random.RandomState(0)
    bound.theta[:] = rng.normal(size=bound.theta.size)
    x = rng.normal(size=(4, 5))
    outputs = [bound.train(x, first_row=4 * step) for step in range(4000)]
    standard_error = np.std(outputs, axis=0) / np.sqrt(4000)
    apart = np.mean(outputs, axis=0) - bound.predict(x)
    assert (np.abs(apart) < 5 * standard_error).all()


# --------------------------------------------------------------------------- settings


def test_a_rate_of_zero_is_no_randomness():
    x = np.random.RandomState(0).normal(size=(6, 3))
    assert Bound(Dropout(0.0), 3).train(x).tolist() == x.tolist()
    assert not Network([DropConnect(2, 0.0), Dropout(0.0), Dense(1)], 3).is_random
    assert Network([Dense(2), Dropout(0.1), Dense(1)], 3).is_random


def test_the_smallest_and_the_largest_rates_keep_and_drop_something():
    x = np.ones((5000, 200))
    few = Bound(Dropout(1e-9), 200, max_rows=5000).train(x) == 0
    most = Bound(Dropout(1 - 1e-9), 200, max_rows=5000).train(x) == 0
    # One in 65,536: fifteen are expected.
    assert 1 < few.sum() < 40
    assert 1 < (~most).sum() < 40


@pytest.mark.parametrize("rate", [-0.1, 1.0, "half", None])
@pytest.mark.parametrize("kind", [Dropout, DropConnect])
def test_rates_out_of_range_are_refused(kind, rate):
    with pytest.raises(ValueError, match=f"'rate' parameter of {kind.__name__}"):
        resolve(Layer, kind(rate=rate))
