"""Activations: what holds for every one of them."""

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skbackprop.core.workspace import Workspace
from skbackprop.initializers import Initializer
from skbackprop.layers import Activation
from skbackprop.losses import SquaredError
from skbackprop.objective import Objective
from skbackprop.penalties import L2
from skbackprop.testing import check_objective

from ..builders import perceptron, regression_data
from .activations import CASES, Bound, evaluate

DTYPES = [np.float32, np.float64]
every_activation = pytest.mark.parametrize("name", Activation.members())
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
every_dtype = pytest.mark.parametrize("dtype", DTYPES)

FAR = np.array([-1e4, -700, -100, -30, -8, -1, -1e-3, 0, 1e-3, 1, 8, 30, 100, 700, 1e4])
# In units of the rounding of the type. Exponentials are off by up to a few, too.
ROUNDING = 16


def member(name):
    return Activation.members()[name]()


def draw(dtype, shape=(5, 4), seed=0):
    return np.random.RandomState(seed).normal(size=shape).astype(dtype)


def test_every_member_has_a_closed_form():
    own = {
        name
        for name, kind in Activation.members().items()
        if kind.__module__.startswith("skbackprop.")
    }
    assert own <= set(CASES)


@every_dtype
@every_case
@pytest.mark.parametrize("x", [FAR, np.linspace(-6, 6, 301)], ids=["far", "near"])
def test_function_and_derivative_are_those_of_the_closed_form(case, x, dtype):
    layer, function, derivative = case
    x = x.astype(dtype)
    y, slope = evaluate(layer, x)
    rounding = ROUNDING * np.finfo(dtype).eps
    within = {"rtol": rounding, "atol": rounding}
    assert_allclose(y, [function(float(each)) for each in x], **within)
    assert_allclose(slope, [derivative(float(each)) for each in x], **within)


@every_activation
@every_dtype
def test_gradients_are_multiplied_by_the_derivative(name, dtype):
    x, dy = draw(dtype), draw(dtype, seed=1)
    _, dx = Bound(member(name), dtype, x.shape).both(x, dy)
    _, slope = Bound(member(name), dtype, x.shape).both(x, np.ones_like(x))
    assert_allclose(dx, dy * slope, rtol=1e-5)


@every_activation
def test_it_keeps_the_width(name):
    width, params = member(name).build(3)
    assert width == 3
    assert all(param.start is not None for param in params)


@every_activation
@every_dtype
def test_it_works_in_place_or_leaves_the_input_alone(name, dtype):
    x = draw(dtype)
    given = x.copy()
    bound = Bound(member(name), dtype, x.shape)
    y = bound.forward(given)
    seen = given.copy()
    dx = bound.backward(given, np.ones_like(x))
    assert y is given or not np.shares_memory(y, given)
    if y is not given:
        assert_array_equal(given, x)
    assert_array_equal(given, seen)
    assert y.dtype == dx.dtype == dtype


@every_activation
def test_backward_may_be_asked_twice(name):
    x = draw(np.float64)
    given = x.copy()
    bound = Bound(member(name), np.float64, x.shape)
    bound.forward(given)
    first = bound.backward(given, np.ones_like(x)).copy()
    assert_array_equal(bound.backward(given, np.ones_like(x)), first)


@every_activation
def test_batches_of_different_sizes_share_buffers(name):
    # As the last batch of an epoch does with the others.
    workspace = Workspace(5, np.dtype(float))
    shapes = [(5, 4), (3, 4), (5, 4)]
    bound = [Bound(member(name), float, shape, workspace) for shape in shapes]
    for seed, (shape, each) in enumerate(zip(shapes, bound, strict=True)):
        x, dy = draw(float, shape, seed), draw(float, shape, seed + 9)
        alone = Bound(member(name), float, shape).both(x, dy)
        for ours, expected in zip(each.both(x, dy), alone, strict=True):
            assert_array_equal(ours, expected)


@every_activation
def test_what_is_not_a_number_stays_so(name):
    # A divergence has to show in the loss.
    y, _ = evaluate(member(name), np.array([np.nan, 1.0]))
    assert np.isnan(y).tolist() == [True, False]


@every_activation
def test_passes_allocate_next_to_nothing(name):
    x = draw(np.float64, (2000, 200))
    bound = Bound(member(name), np.float64, x.shape)
    given, dy = x.copy(), np.ones_like(x)
    tracemalloc.start()
    bound.forward(given)
    bound.backward(given, dy)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # A comparison widens its booleans in pieces of 8192.
    assert peak < x.nbytes / 10


@every_activation
def test_it_names_a_start_for_the_weights_before_it(name):
    assert isinstance(member(name).initializer, Initializer)


@pytest.mark.parametrize("name", sorted(set(Activation.members()) - {"binary_step"}))
def test_the_gradient_of_a_network_is_exact(name):
    network = perceptron((3, 4, 3, 1), name)
    theta = np.random.RandomState(1).normal(size=network.layout.size)
    objective = Objective(network, SquaredError(), L2(0.3))
    check_objective(objective, regression_data(), theta)


def test_only_the_step_has_a_surrogate_for_its_derivative():
    told = {name for name, kind in Activation.members().items() if kind.surrogate}
    assert told == {"binary_step"}
