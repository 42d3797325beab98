"""Layout: every parameter has one place in the vector, and views lead to it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skbackprop.core.layout import KINDS, Layout, Param

SHAPES = st.lists(st.integers(0, 4), min_size=1, max_size=3).map(tuple)
PARAMS = st.builds(Param, st.sampled_from(KINDS), SHAPES, st.just((1, 1)))
LAYOUTS = st.lists(st.lists(PARAMS, max_size=3), max_size=4).map(Layout)


def two_layers():
    weight, bias = ("weight", "bias")
    return Layout(
        [
            [Param(weight, (2, 3), (2, 3)), Param(bias, (3,), (2, 3))],
            [],
            [Param(bias, (1,), (3, 1)), Param(weight, (3, 1), (3, 1))],
        ]
    )


def numbered(layout):
    return np.arange(layout.size, dtype=float)


def test_weights_come_first_then_biases_each_in_the_order_of_the_layers():
    layout = two_layers()
    first, nothing, last = layout.views(numbered(layout))
    assert_array_equal(first[0], [[0, 1, 2], [3, 4, 5]])
    assert_array_equal(last[1], [[6], [7], [8]])
    assert_array_equal(first[1], [9, 10, 11])
    assert_array_equal(last[0], [12])
    assert nothing == ()
    assert_array_equal(layout.weights(numbered(layout)), np.arange(9))


@given(LAYOUTS)
def test_views_cover_the_vector_once(layout):
    views = [v for group in layout.views(numbered(layout)) for v in group]
    entries = np.concatenate([v.ravel() for v in views] or [np.empty(0)])
    assert_array_equal(np.sort(entries), numbered(layout))


@given(LAYOUTS)
def test_views_have_the_shapes_that_were_asked_for_and_write_through(layout):
    vector = np.zeros(layout.size)
    for group, params in zip(layout.views(vector), layout.params, strict=True):
        for view, param in zip(group, params, strict=True):
            assert view.shape == param.shape
            assert view.size == param.size
            view += 1.0
    assert_array_equal(vector, 1.0)


@given(LAYOUTS)
def test_the_weights_are_the_leading_slice(layout):
    vector = numbered(layout)
    views = layout.of_kind("weight", vector)
    entries = np.concatenate([v.ravel() for v in views] or [np.empty(0)])
    assert_array_equal(entries, layout.weights(vector))
    assert layout.n_weights == len(entries)
    assert layout.weights(vector).base is vector


@given(LAYOUTS)
def test_packing_what_was_unpacked_gives_the_vector_back(layout):
    vector = numbered(layout)
    arrays = {kind: layout.of_kind(kind, vector) for kind in KINDS}
    again = layout.pack(arrays, vector.dtype)
    assert_array_equal(again, vector)
    assert not np.shares_memory(again, vector)


@given(LAYOUTS)
def test_regrouping_lists_by_kind_gives_the_views_by_layer(layout):
    vector = numbered(layout)
    regrouped = layout.regroup({k: layout.of_kind(k, vector) for k in KINDS})
    for given_back, views in zip(regrouped, layout.views(vector), strict=True):
        for array, view in zip(given_back, views, strict=True):
            assert_array_equal(array, view)
            assert array.size == 0 or np.shares_memory(array, vector)


def test_packing_casts_to_the_type_asked_for():
    layout = two_layers()
    arrays = {"weight": [np.ones((2, 3)), np.ones((3, 1))], "bias": [[1] * 3, [1]]}
    assert layout.pack(arrays, np.dtype(np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    "weights", [[], [np.ones((2, 3))], [np.ones((2, 3)), np.ones((3, 2))]]
)
def test_packing_refuses_arrays_that_do_not_fit(weights):
    with pytest.raises(ValueError, match=r"shorter|broadcast"):
        two_layers().pack({"weight": weights}, np.dtype(float))


def test_lists_of_another_length_are_refused():
    layout = two_layers()
    arrays = {kind: layout.of_kind(kind, numbered(layout)) for kind in KINDS}
    with pytest.raises(ValueError, match="2 arrays of kind 'weight', got 1"):
        layout.regroup({**arrays, "weight": arrays["weight"][:1]})
    with pytest.raises(ValueError, match="0 arrays of kind 'slope', got 1"):
        layout.regroup({**arrays, "slope": arrays["bias"][:1]})
