"""Batch, layer and group normalisation: closed forms, PyTorch, running statistics."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skbackprop.core.spec import resolve
from skbackprop.layers import BatchNorm, Dense, GroupNorm, LayerNorm, Normalization
from skbackprop.network import Network
from skbackprop.testing import check_layer

from ._bound import Bound

DTYPES = [np.float32, np.float64]
PRECISION = {np.float32: 2e-5, np.float64: 1e-12}


def drawn(bound, seed=0):
    """Give a layer random scales and shifts."""
    rng = np.random.RandomState(seed)
    bound["scale"][...] = rng.uniform(0.5, 2.0, bound.n_in)
    bound["shift"][...] = rng.normal(size=bound.n_in)
    return bound


def rows(n=9, n_in=6, seed=1, dtype=np.float64):
    return np.random.RandomState(seed).normal(3.0, 2.0, (n, n_in)).astype(dtype)


# ------------------------------------------------------------------------ derivatives


@pytest.mark.parametrize("name", Normalization.members())
@pytest.mark.parametrize(("n_in", "n_rows"), [(8, 7), (4, 1), (12, 2)])
def test_every_member_passes_in_prediction_and_in_training(name, n_in, n_rows):
    check_layer(Normalization.members()[name](), n_in, n_rows)


@pytest.mark.parametrize("layer", [BatchNorm(), LayerNorm(), GroupNorm(n_groups=1)])
@pytest.mark.parametrize("epsilon", [1e-5, 0.3])
def test_other_widths_and_epsilons_pass(layer, epsilon):
    for n_in, n_rows in [(1, 4), (5, 3)]:
        check_layer(layer.set_params(epsilon=epsilon), n_in, n_rows)


def test_a_fault_in_a_training_derivative_is_caught():
    class FrozenStatistics(BatchNorm):
        def bind_backward(self, site):
            scale, root = site.params[0], site.array("inverse root", (site.n_in,))

            def backward(x, dy):
                site.grads[0][...] = (x * dy).sum(axis=0)
                site.grads[1][...] = dy.sum(axis=0)
                return dy * scale * root

            return backward

    with pytest.raises(AssertionError, match="gradient of the input in training"):
        check_layer(FrozenStatistics())


# ------------------------------------------------------------------- batches: the law


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_batch_comes_out_with_mean_0_and_variance_1(dtype):
    y = Bound(BatchNorm(epsilon=1e-12), 6, dtype).train(rows())
    assert y.dtype == dtype
    assert_allclose(y.mean(axis=0), 0.0, atol=PRECISION[dtype])
    assert_allclose(y.var(axis=0), 1.0, rtol=PRECISION[dtype])


def test_scale_and_shift_come_last():
    bound = drawn(Bound(BatchNorm(), 6))
    x = rows()
    standard = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
    assert_allclose(bound.train(x), standard * bound["scale"] + bound["shift"])


def test_running_statistics_are_moving_means_of_the_batches():
    bound, mean, variance = Bound(BatchNorm(momentum=0.3), 6), 0.0, 1.0
    for seed, n in enumerate((9, 5, 2)):
        x = rows(n, seed=seed)
        bound.train(x)
        mean = 0.7 * mean + 0.3 * x.mean(axis=0)
        variance = 0.7 * variance + 0.3 * x.var(axis=0, ddof=1)
    assert_allclose(bound["mean"], mean)
    assert_allclose(bound["variance"], variance)


def test_prediction_goes_by_running_statistics_and_leaves_them_alone():
    bound, x = drawn(Bound(BatchNorm(), 6)), rows()
    bound["mean"][...], bound["variance"][...] = 2.0, 4.0
    before = bound.theta.copy()
    expected = (x - 2.0) / np.sqrt(4.0 + 1e-5) * bound["scale"] + bound["shift"]
    assert_allclose(bound.predict(x), expected)
    # Row by row as all at once.
    assert_allclose(np.vstack([bound.predict(row[np.newaxis]) for row in x]), expected)
    assert_array_equal(bound.theta, before)


def test_prediction_follows_its_parameters():
    bound, x = Bound(BatchNorm(), 6), rows()
    forward = bound.layer.bind_forward(bound.site(len(x), training=False))
    forward(x.copy())
    bound["scale"][...], bound["shift"][...] = 0.0, 5.0
    assert_array_equal(forward(x.copy()), 5.0)


# ------------------------------------------------------------------ batches: weights


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_weight_is_a_repetition(dtype):
    x, dy = rows(), rows(seed=2)
    times = np.array([1, 3, 0, 2, 1, 1, 4, 1, 2])
    weighted, repeated = (drawn(Bound(BatchNorm(), 6, dtype)) for _ in range(2))
    y, dx = weighted.train(x, dy * times[:, np.newaxis], weight=times)
    y_all, dx_all = repeated.train(x.repeat(times, 0), dy.repeat(times, 0))
    tolerance = {"rtol": PRECISION[dtype], "atol": 10 * PRECISION[dtype]}
    assert_allclose(y.repeat(times, 0), y_all, **tolerance)
    first = np.cumsum(times)[times > 0] - 1
    assert_allclose(
        dx[times > 0] / times[times > 0, np.newaxis], dx_all[first], **tolerance
    )
    assert_allclose(weighted["mean"], repeated["mean"], **tolerance)
    assert_allclose(weighted["variance"], repeated["variance"], **tolerance)
    for kind in ("scale", "shift"):
        assert_allclose(weighted.gradient(kind), repeated.gradient(kind), **tolerance)


def test_weights_of_any_scale_normalise():
    x, weight = rows(), np.array([1.0, 3, 1, 2, 1, 1, 4, 1, 2])
    y = Bound(BatchNorm(), 6).train(x, weight=weight)
    small = Bound(BatchNorm(), 6)
    assert_allclose(small.train(x, weight=weight / 1e4), y)
    assert_allclose(small["mean"], 0.1 * np.average(x, axis=0, weights=weight))


@pytest.mark.parametrize(
    ("n_rows", "weight"),
    [(1, None), (1, [0.3]), (1, [5.0]), (3, [0.0, 0.0, 0.0]), (3, [0.0, 2.0, 0.0])],
    ids=["one row", "a light row", "a heavy row", "none counts", "one counts"],
)
def test_a_batch_without_a_variance_goes_by_running_statistics(n_rows, weight):
    bound = drawn(Bound(BatchNorm(), 6))
    bound["mean"][...], bound["variance"][...] = 2.0, 4.0
    before, x = bound.theta.copy(), rows(n_rows)
    y, dx = bound.train(x, np.ones((n_rows, 6)), weight=weight)
    assert_allclose(y, bound.predict(x))
    assert_allclose(dx[0], bound["scale"] / np.sqrt(4.0 + 1e-5))
    assert_array_equal(bound.theta, before)
    assert np.isfinite(bound.gradient("scale")).all()


# ------------------------------------------------------------------------------- rows


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_each_group_of_a_row_comes_out_with_mean_0_and_variance_1(groups, dtype):
    x = rows(n_in=12)
    y = Bound(GroupNorm(n_groups=groups, epsilon=1e-20), 12, dtype).train(x)
    parts = y.reshape(len(x), groups, -1)
    assert y.dtype == dtype
    assert_allclose(parts.mean(axis=2), 0.0, atol=PRECISION[dtype])
    assert_allclose(parts.var(axis=2), 1.0, rtol=10 * PRECISION[dtype])


def test_layer_norm_is_one_group():
    x = rows(n_in=12)
    layer, group = (
        drawn(Bound(LayerNorm(), 12)),
        drawn(Bound(GroupNorm(n_groups=1), 12)),
    )
    assert_array_equal(layer.train(x), group.train(x))


@pytest.mark.parametrize("layer", [LayerNorm(), GroupNorm(n_groups=3)])
def test_rows_do_not_know_of_each_other(layer):
    bound, x = drawn(Bound(layer, 12)), rows(n_in=12)
    together = bound.train(x, weight=np.arange(9.0))
    assert_allclose(together, np.vstack([bound.predict(row[np.newaxis]) for row in x]))
    assert not layer.mixes_rows


def test_groups_have_to_divide_the_width():
    with pytest.raises(ValueError, match=r"n_groups=4.*width 10.*hidden_layer_sizes"):
        Network([Dense(10), GroupNorm(), Dense(1)], n_in=3)


@pytest.mark.parametrize(
    "layer",
    [
        BatchNorm(momentum=0.0),
        BatchNorm(momentum=1.5),
        BatchNorm(epsilon=0.0),
        LayerNorm(epsilon=-1.0),
        GroupNorm(n_groups=0),
        GroupNorm(n_groups=1.5),
    ],
    ids=repr,
)
def test_settings_out_of_range_are_refused(layer):
    with pytest.raises(ValueError, match=f"parameter of {type(layer).__name__}"):
        resolve(Normalization, layer)


def test_the_family_has_its_names():
    assert {"batch", "layer", "group"} <= set(Normalization.members())


# ---------------------------------------------------------------------------- PyTorch


def torch_step(module, bound, x, dy):
    """Return output, and the gradients of input, scale and shift, by PyTorch."""
    torch = pytest.importorskip("torch")
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(bound["scale"].copy()))
        module.bias.copy_(torch.from_numpy(bound["shift"].copy()))
    inputs = torch.from_numpy(x.copy()).requires_grad_()
    module.zero_grad()
    y = module(inputs)
    y.backward(torch.from_numpy(dy.copy()))
    tensors = (y, inputs.grad, module.weight.grad, module.bias.grad)
    return [tensor.detach().numpy().copy() for tensor in tensors]


def assert_as_torch(bound, module, x, dy, dtype):
    y, dx = bound.train(x, dy)
    expected = torch_step(module, bound, x, dy)
    mine = [y, dx, bound.gradient("scale"), bound.gradient("shift")]
    for one, other in zip(mine, expected, strict=True):
        tolerance = 20 * PRECISION[dtype]
        assert one.dtype == other.dtype == dtype
        assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
def test_batch_norm_is_that_of_pytorch(dtype):
    torch = pytest.importorskip("torch")
    bound = drawn(Bound(BatchNorm(momentum=0.2, epsilon=1e-4), 6, dtype))
    module = torch.nn.BatchNorm1d(6, eps=1e-4, momentum=0.2)
    module.to(torch.float32 if dtype == np.float32 else torch.float64)
    for seed, n in enumerate((9, 4, 2, 30)):
        x, dy = rows(n, seed=seed, dtype=dtype), rows(n, seed=9 + seed, dtype=dtype)
        assert_as_torch(bound, module, x, dy, dtype)
        tolerance = {"rtol": 20 * PRECISION[dtype]}
        assert_allclose(bound["mean"], module.running_mean.numpy(), **tolerance)
        assert_allclose(bound["variance"], module.running_var.numpy(), **tolerance)
    x = rows(seed=50, dtype=dtype)
    expected = module.eval()(torch.from_numpy(x)).detach().numpy()
    tolerance = 50 * PRECISION[dtype]
    assert_allclose(bound.predict(x), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
def test_layer_norm_is_that_of_pytorch(dtype):
    torch = pytest.importorskip("torch")
    module = torch.nn.LayerNorm(6).to(getattr(torch, np.dtype(dtype).name))
    x, dy = rows(dtype=dtype), rows(seed=3, dtype=dtype)
    assert_as_torch(drawn(Bound(LayerNorm(), 6, dtype)), module, x, dy, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_group_norm_is_that_of_pytorch(dtype):
    torch = pytest.importorskip("torch")
    module = torch.nn.GroupNorm(3, 12).to(getattr(torch, np.dtype(dtype).name))
    x, dy = rows(n_in=12, dtype=dtype), rows(n_in=12, seed=3, dtype=dtype)
    bound = drawn(Bound(GroupNorm(n_groups=3), 12, dtype))
    assert_as_torch(bound, module, x, dy, dtype)
