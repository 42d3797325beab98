"""Stages of a prediction: links of losses, and multipliers between two inputs."""

import numpy as np
import pytest

from skbackprop.core.spec import resolve
from skbackprop.layers import Activation, Layer, Normalization, Softplus, Tanh
from skbackprop.linearization.layer_stages import Bindable, layer_stage
from skbackprop.linearization.links import Link, SoftmaxStage
from skbackprop.linearization.stages import Ends
from skbackprop.losses import Quantile

from ..builders import every_loss
from ._fitted import SMOOTH, differences

FLOAT = np.dtype(float)
RNG = np.random.default_rng(0)
LOSSES = {name: loss for name, (loss, _) in every_loss().items()}
LOSSES["ordered quantiles"] = Quantile([0.1, 0.5, 0.9], non_crossing=True)


def stages_of(loss, n_scores):
    return resolve(Link, loss.link).stages(loss, n_scores, FLOAT)


def n_scores_of(loss):
    return sum(getattr(loss, "n_classes", ())) or loss.n_scores(1)


def stage_of(layer, n):
    _, params = layer.build(n)
    values = tuple(np.full(param.shape, param.start) for param in params)
    return layer_stage(Bindable(layer, values, n, n), FLOAT)


def ends(stage, x, x0):
    return Ends(x, stage.apply(x), x0, stage.apply(x0))


# --------------------------------------------------------------------------- the links


@pytest.mark.parametrize("name", LOSSES)
def test_the_stages_of_a_link_are_the_inverse_link_of_the_loss(name):
    loss = LOSSES[name]
    raw = RNG.normal(size=(6, n_scores_of(loss)))
    found = raw
    for stage in stages_of(loss, raw.shape[1]):
        found = stage.apply(found)
    np.testing.assert_allclose(found, loss.inverse_link(raw.copy()), rtol=1e-14)


@pytest.mark.parametrize("name", LOSSES)
def test_they_know_their_derivative(name):
    loss = LOSSES[name]
    raw = RNG.normal(size=(6, n_scores_of(loss)))

    def predict(raw):
        for stage in stages_of(loss, raw.shape[1]):
            raw = stage.apply(raw)
        return raw

    d = np.eye(raw.shape[1])[:, np.newaxis]
    pulls, at = [], raw
    for stage in stages_of(loss, raw.shape[1]):
        forward, pull = stage.bind(at)
        at = forward(at.copy()).copy()
        pulls.append(pull)
    for pull in reversed(pulls):
        d = pull(d)
    wanted = differences(predict, raw).transpose(2, 0, 1)
    found = np.broadcast_to(d, wanted.shape)
    np.testing.assert_allclose(found, wanted, atol=1e-8)


# ---------------------------------------------------------------------- what is affine

LAYERS = {
    name: member
    for family in (Layer, Activation, Normalization)
    for name, member in family.members().items()
    if member.__module__.startswith("skbackprop.")
}


def drawn_stage(layer, n):
    """Return a layer with random parameters as a stage; all spreads are above zero."""
    width, params = layer.build(n)
    values = tuple(RNG.uniform(0.5, 1.5, param.shape) for param in params)
    return layer_stage(Bindable(layer, values, n, width), FLOAT)


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_affine_where_they_say_so_and_nowhere_else(name):
    stage = drawn_stage(LAYERS[name](), 8)
    a, b = RNG.normal(size=(2, 3, 8))
    middle = stage.apply((a + b) / 2)
    bend = np.abs((stage.apply(a) + stage.apply(b)) / 2 - middle).max()
    assert (bend < 1e-12) == stage.is_affine == LAYERS[name].is_affine


@pytest.mark.parametrize("name", [n for n in LAYERS if LAYERS[n].is_affine])
def test_their_slope_needs_no_point(name):
    stage = drawn_stage(LAYERS[name](), 8)
    x = RNG.normal(size=(3, 8))
    wanted = differences(stage.apply, x).transpose(2, 0, 1)
    d = np.eye(wanted.shape[0])[:, np.newaxis]
    found = np.broadcast_to(stage.pull(d), wanted.shape)
    np.testing.assert_allclose(found, wanted, atol=1e-8)


# --------------------------------------------------------------------- the multipliers


@pytest.mark.parametrize("name", [*SMOOTH, "binary_step"])
def test_a_multiplier_times_the_change_is_the_change(name):
    stage = stage_of(Activation.members()[name](), 4)
    x, x0 = RNG.normal(size=(5, 4)), RNG.normal(size=(3, 4))
    x[0] = x0[0]  # nothing changes, and nothing is divided by zero
    between = ends(stage, x, x0)
    change, difference = between.change()
    ones = np.ones((1, 5, 3, 4))
    found = stage.between(between)(ones)[0]
    np.testing.assert_allclose(found * change, difference, atol=1e-14)


def test_large_numbers_in_other_rows_hide_no_kink():
    stage = stage_of(Activation.members()["relu"](), 1)
    x, x0 = np.array([[1e-3], [1e150]]), np.array([[-1e-3], [1.0]])
    found = stage.between(ends(stage, x, x0))(np.ones((1, 2, 2, 1)))
    np.testing.assert_allclose(found[0, 0, 0], 0.5)


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("step", [0.0, 1e-16, 1e-13, 1e-10, 1e-7])
def test_it_becomes_the_slope_as_the_change_becomes_small(name, step):
    layer = Activation.members()[name]()
    stage = stage_of(layer, 3)
    x0 = np.array([[-1.3, 0.7, 2.1]])
    between = ends(stage, x0 + step, x0)
    found = stage.between(between)(np.ones((1, 1, 1, 3)))[0, 0]
    wanted = differences(stage.apply, x0)[0].diagonal()
    np.testing.assert_allclose(found[0], wanted, rtol=1e-4, atol=1e-4)


def test_single_precision_stays():
    dtype = np.dtype(np.float32)
    stage = layer_stage(Bindable(Tanh(), (), 3, 3), dtype)
    x, x0 = (RNG.normal(size=(2, 3)).astype(dtype) for _ in range(2))
    found = stage.between(ends(stage, x, x0))(np.ones((1, 2, 2, 3), dtype))
    assert found.dtype == dtype
    mixing = SoftmaxStage([slice(0, 3)])
    found = mixing.between(ends(mixing, x, x0))(np.ones((1, 2, 2, 3), dtype))
    assert found.dtype == dtype


def test_the_softmax_has_the_mean_derivative_on_the_way():
    stage = SoftmaxStage([slice(0, 2), slice(2, 5)])
    x, x0 = RNG.normal(size=(1, 5)), RNG.normal(size=(1, 5))
    d = np.eye(5)[:, np.newaxis, np.newaxis]
    found = stage.between(ends(stage, x, x0))(d)[:, 0, 0]
    places = (np.arange(2000) + 0.5) / 2000
    on_the_way = x0 + places[:, np.newaxis] * (x - x0)
    wanted = differences(stage.apply, on_the_way).mean(axis=0).T
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_the_softmax_adds_up_however_large_the_change():
    stage = SoftmaxStage([slice(0, 2)])
    x, x0 = np.array([[1e200, 0.0]]), np.zeros((1, 2))
    d = np.eye(2)[:, np.newaxis, np.newaxis]
    found = stage.between(ends(stage, x, x0))(d)[:, 0, 0] @ x[0]
    np.testing.assert_allclose(found, [0.5, -0.5])


def test_the_input_of_a_stage_is_left_alone():
    x = RNG.normal(size=(4, 3))
    before = x.copy()
    stage_of(Softplus(), 3).apply(x)
    SoftmaxStage([slice(0, 3)]).apply(x)
    assert np.array_equal(x, before)
