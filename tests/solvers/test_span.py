"""A model on a span: what the whole model would give, were there nothing else."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import solve

from skbackprop.solvers.span import Leg, Span

N = 9
rng = np.random.RandomState(0)
BASIS = np.linalg.qr(rng.normal(size=(N, N)))[0]
MATRIX = (BASIS * np.geomspace(0.01, 10.0, N)) @ BASIS.T
GRADIENT = rng.normal(size=N)


def legs_of(ways):
    return [Leg(way, MATRIX @ way) for way in ways]


def value(x, damping=0.0):
    return 0.5 * x @ MATRIX @ x + 0.5 * damping * x @ x + GRADIENT @ x


@pytest.mark.parametrize("damping", [0.0, 0.1, 100.0])
def test_on_everything_it_solves_the_damped_equations(damping):
    found = Span(GRADIENT, legs_of(rng.normal(size=(N, N)))).descend(damping)
    damped = MATRIX + damping * np.eye(N)
    assert_allclose(found.way, solve(damped, -GRADIENT), rtol=1e-6)
    assert_allclose(found.promised, -value(found.way, damping), rtol=1e-8)


@pytest.mark.parametrize("damping", [0.0, 0.1, 100.0])
def test_on_a_part_nothing_in_it_is_lower(damping):
    ways = rng.normal(size=(3, N)) * [[1e-6], [1.0], [1e6]]
    found = Span(GRADIENT, legs_of(ways)).descend(damping)
    slope = MATRIX @ found.way + damping * found.way + GRADIENT
    units = ways / np.linalg.norm(ways, axis=1, keepdims=True)
    assert_allclose(units @ slope, 0.0, atol=1e-9)
    outside = found.way - units.T @ np.linalg.lstsq(units.T, found.way)[0]
    assert_allclose(outside, 0.0, atol=1e-9)
    assert_allclose(found.promised, -value(found.way, damping))


def test_directions_may_say_the_same_twice_or_nothing():
    ways = rng.normal(size=(2, N))
    plain = Span(GRADIENT, legs_of(ways)).descend(0.1)
    more = [*ways, ways[0] - 2 * ways[1], 1e-9 * ways[0], np.zeros(N)]
    assert_allclose(Span(GRADIENT, legs_of(more)).descend(0.1).way, plain.way)
    nothing = Span(GRADIENT, []).descend()
    assert not nothing.way.any()
    assert nothing.promised == 0.0


def test_steps_get_shorter_with_the_damping():
    span = Span(GRADIENT, legs_of(rng.normal(size=(4, N))))
    found = [span.descend(damping) for damping in np.geomspace(1e-3, 1e6, 10)]
    assert (np.diff([np.linalg.norm(step.way) for step in found]) < 0).all()
    assert (np.diff([step.promised for step in found]) < 0).all()
