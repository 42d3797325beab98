"""Workspace: buffers by key, one for all smaller batches, and shared constants."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skbackprop.core.workspace import Workspace


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
