"""What L-BFGS remembers, against the matrix that BFGS makes of the same steps."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skbackprop.solvers.function import Point
from skbackprop.solvers.inverse_hessian import InverseHessian

N = 6


def a_walk(n_steps, curvature, seed=0):
    """Return points of a quadratic function, at random."""
    rng = np.random.RandomState(seed)
    steps = np.cumsum(rng.normal(size=(n_steps + 1, N)), axis=0)
    return [Point(x, 0.5 * x @ curvature @ x, curvature @ x, 0.0) for x in steps]


def convex(seed=1):
    root = np.random.RandomState(seed).normal(size=(N, N))
    return root @ root.T + np.eye(N)


def after(points, memory):
    inverse = InverseHessian(N, memory, points[0].x.dtype)
    for point, ahead in pairwise(points):
        inverse.learn(point, ahead)
    return inverse


def updated(points):
    """Return the inverse Hessian of BFGS, from the scale of the last step."""
    pairs = [(b.x - a.x, b.gradient - a.gradient) for a, b in pairwise(points)]
    step, change = pairs[-1]
    matrix = np.eye(N) * (step @ change) / (change @ change)
    for step, change in pairs:
        away = np.eye(N) - np.outer(step, change) / (step @ change)
        matrix = away @ matrix @ away.T + np.outer(step, step) / (step @ change)
    return matrix


@pytest.mark.parametrize("n_steps", [1, 2, 4, 5, 9, 12])
@pytest.mark.parametrize("memory", [1, 2, 4])
def test_it_is_the_matrix_of_the_last_few_steps(memory, n_steps):
    points = a_walk(n_steps, convex())
    gradient = np.random.RandomState(2).normal(size=N)
    found = after(points, memory).descent(gradient)
    assert_allclose(found, -updated(points[-memory - 1 :]) @ gradient, rtol=1e-8)


def test_along_the_last_step_it_is_the_inverse():
    points = a_walk(7, convex())
    point, ahead = points[-2:]
    found = after(points, 3).descent(ahead.gradient - point.gradient)
    assert_allclose(found, point.x - ahead.x, rtol=1e-8)


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_any_scale_of_the_function_will_do(scale):
    points = [
        Point(p.x.astype("f4"), 0.0, (scale * p.gradient).astype("f4"), 0.0)
        for p in a_walk(4, convex())
    ]
    gradient = scale * np.ones(N)
    found = after(points, 3).descent(gradient.astype("f4"))
    assert_allclose(found, -updated(points[-4:]) @ gradient, rtol=1e-3)


def test_without_curvature_it_learns_nothing_and_loses_the_oldest():
    points = a_walk(5, convex())
    inverse = after(points, 3)
    last = points[-1]
    inverse.learn(last, Point(last.x + 1.0, 0.0, last.gradient - 1.0, 0.0))
    gradient = np.ones(N)
    assert_allclose(
        inverse.descent(gradient), -updated(points[-3:]) @ gradient, rtol=1e-8
    )


def test_the_next_step_takes_the_place_that_was_lost():
    curvature = convex()
    points = a_walk(8, curvature)
    inverse = after(points[:6], 3)
    inverse.learn(points[5], Point(points[5].x + 1.0, 0.0, points[5].gradient, 0.0))
    for point, ahead in pairwise(points[5:]):
        inverse.learn(point, ahead)
    gradient = np.ones(N)
    assert_allclose(
        inverse.descent(gradient), -updated(points[-4:]) @ gradient, rtol=1e-8
    )


def test_what_is_forgotten_leaves_no_trace():
    points = a_walk(6, convex())
    inverse = after(points[:4], 2)
    inverse.forget()
    assert not inverse.is_known
    inverse.learn(points[4], points[5])
    assert inverse.is_known
    expected = -updated(points[4:6]) @ points[0].gradient
    assert_allclose(inverse.descent(points[0].gradient), expected, rtol=1e-8)


def test_single_precision_stays_and_is_as_good_as_it_can_be():
    points = a_walk(9, convex())
    single = [
        Point(p.x.astype("f4"), p.value, p.gradient.astype("f4"), 0.0) for p in points
    ]
    gradient = np.ones(N, "f4")
    found = after(single, 4).descent(gradient)
    expected = -updated(points[-5:]) @ gradient
    assert found.dtype == np.float32
    assert np.linalg.norm(found - expected) < 1e-4 * np.linalg.norm(expected)
