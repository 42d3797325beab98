"""Workspace: buffers by key, one for all smaller batches, and shared constants."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skbackprop.core.workspace import (
    LARGE_PAGE,
    LARGE_VECTOR,
    Window,
    Workspace,
    zeros,
)


@pytest.fixture
def workspace():
    return Workspace(8, np.float32)


def test_a_buffer_is_contiguous_and_of_the_type_of_the_workspace(workspace):
    buffer = workspace.buffer("a", 8, 3)
    assert buffer.shape == (8, 3)
    assert buffer.dtype == np.float32
    assert buffer.flags.c_contiguous


def test_a_buffer_may_have_a_type_of_its_own(workspace):
    assert workspace.buffer("mask", 8, 3, bool).dtype == bool


def test_the_same_key_means_the_same_buffer(workspace):
    workspace.buffer("a", 8, 3)[...] = 5.0
    assert_array_equal(workspace.buffer("a", 8, 3), 5.0)


def test_another_key_means_another_buffer(workspace):
    first = workspace.buffer((0, "output"), 8, 3)
    for key in [(0, "input"), (1, "output"), "output"]:
        assert not np.shares_memory(first, workspace.buffer(key, 8, 3))


def test_a_smaller_batch_gets_the_leading_rows(workspace):
    few, all_rows = workspace.buffer("a", 3, 2), workspace.buffer("a", 8, 2)
    few[...], all_rows[3:] = 1.0, 2.0
    assert_array_equal(all_rows[:, 0], [1, 1, 1, 2, 2, 2, 2, 2])


REQUESTS = st.tuples(st.sampled_from([0.0, 1.0]), st.integers(1, 8), st.integers(1, 6))


@given(st.lists(REQUESTS))
def test_constants_hold_their_value_whatever_else_is_asked_for(requests):
    workspace = Workspace(8, np.float32)
    held = [workspace.constant(*request) for request in requests]
    for matrix, (value, rows, width) in zip(held, requests, strict=True):
        assert matrix.shape == (rows, width)
        assert matrix.dtype == np.float32
        assert matrix.flags.c_contiguous
        assert_array_equal(matrix, value)


def test_constants_of_one_value_share_memory(workspace):
    wide, narrow = workspace.constant(1.0, 8, 5), workspace.constant(1.0, 4, 2)
    assert np.shares_memory(wide, narrow)


# -------------------------------------------------------------- windows of threads


def test_buffers_of_windows_are_rows_of_one(workspace):
    first, second = Window(workspace, 0, 5, "a"), Window(workspace, 5, 8, "b")
    first.buffer("key", 5, 2)[...] = 1.0
    second.buffer("key", 3, 2)[...] = 2.0
    assert_array_equal(workspace.buffer("key", 8, 2)[:, 0], [1, 1, 1, 1, 1, 2, 2, 2])


def test_arrays_of_windows_are_their_own(workspace):
    first, second = Window(workspace, 0, 5, "a"), Window(workspace, 5, 8, "b")
    array = first.array("key", (3,))
    assert not np.shares_memory(array, second.array("key", (3,)))
    assert array is Window(workspace, 0, 2, "a").array("key", (3,))


def test_windows_share_constants(workspace):
    window = Window(workspace, 5, 8, "b")
    assert window.max_rows == 3
    assert np.shares_memory(window.constant(1.0, 3, 2), workspace.constant(1.0, 8, 2))
    assert_array_equal(window.constant(1.0, 3, 2), np.ones((3, 2)))


# ------------------------------------------------------------------- large pages


def test_large_buffers_are_side_by_side_from_a_large_page_on():
    workspace = Workspace(512, np.float32)
    buffers = [workspace.buffer(key, 512, 600) for key in range(3)]
    first, *others = (buffer.ctypes.data for buffer in buffers)
    assert first % LARGE_PAGE == 0
    assert others == [first + buffers[0].nbytes, first + 2 * buffers[0].nbytes]


@given(st.lists(st.tuples(st.integers(1, 900), st.booleans()), max_size=20))
def test_large_and_small_buffers_are_apart(asked_for):
    workspace = Workspace(512, np.float32)
    widths = [width for width, _ in asked_for]
    held = [
        workspace.buffer(key, 512, width, np.int64 if wide else None)
        for key, (width, wide) in enumerate(asked_for)
    ]
    for number, buffer in enumerate(held):
        buffer.fill(number)
    for number, (buffer, width) in enumerate(zip(held, widths, strict=True)):
        assert buffer.shape == (512, width)
        assert buffer.flags.c_contiguous
        assert (buffer == number).all()


@pytest.mark.parametrize("size", [0, 5, LARGE_VECTOR // 8 - 1, LARGE_VECTOR // 8])
def test_zeros_of_any_number(size):
    vector = zeros(size, np.float64)
    assert vector.dtype == np.float64
    assert vector.flags.c_contiguous
    assert vector.flags.writeable
    assert_array_equal(vector, np.zeros(size))
    if vector.nbytes >= LARGE_VECTOR:
        assert vector.ctypes.data % LARGE_PAGE == 0
