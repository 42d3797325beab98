"""Files of arrays and numbers: exact, whole, and without pickle."""

import json
import os
from collections import Counter, deque, namedtuple
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal

from skbackprop.checkpoint.storage import FORMAT, clear_litter, read, write

SCALARS = st.none() | st.booleans() | st.integers() | st.text() | st.floats()
# Each example goes to the disk.
FEW = settings(max_examples=30)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=3)
    ),
    max_leaves=10,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tree.ckpt"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return tmp_path_factory.mktemp("trees") / "tree.ckpt"


@FEW
@given(TREES)
def test_numbers_and_strings_come_back_as_they_were(shared, tree):
    write(shared, tree)
    assert repr(read(shared)) == repr(tree)


@FEW
@given(hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, min_side=0)))
def test_arrays_come_back_bit_by_bit(shared, array):
    write(shared, {"a": [array, 1]})
    back = read(shared)["a"][0]
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize("value", [np.float32(0.1), np.int16(3), np.bool_(True)])
def test_scalars_keep_their_type(path, value):
    write(path, value)
    back = read(path)
    assert back == value
    assert type(back) is type(value)


def test_what_was_read_may_be_written_to_and_is_no_view_of_the_file(path):
    write(path, np.zeros(3))
    array = read(path)
    array += 1
    assert_array_equal(read(path), np.zeros(3))


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (deque([1]), "deque"),
        (object(), "object"),
        (np.array([None]), "objects"),
        # What would come back as a plain dict, tuple or array.
        (Counter("a"), "Counter"),
        (namedtuple("Pair", "a b")(1, 2), "Pair"),
        (np.ma.masked_array([1.0, 2.0], [0, 1]), "MaskedArray"),
    ],
)
def test_nothing_is_pickled(path, value, name):
    with pytest.raises(TypeError, match=name):
        write(path, {"memory": [value]})
    assert not path.exists()


def test_nothing_is_unpickled(path):
    header = {"format": FORMAT, "tree": {"array": 0}}
    bait = np.array([None], dtype=object)
    header = np.frombuffer(json.dumps(header).encode(), np.uint8)
    with path.open("wb") as file:
        np.savez(file, header=header, **{"0": bait})
    with pytest.raises(ValueError, match="allow_pickle=False"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 half of one"])
def test_another_file_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match="no checkpoint, or is damaged"):
        read(path)


def test_any_damage_is_seen(path):
    write(path, {"a": np.arange(200.0)})
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="damaged"):
            read(path)
    entry = whole.index(np.arange(200.0).tobytes())
    for position in range(entry, entry + 1600, 173):
        path.write_bytes(whole[:position] + b"\xff" + whole[position + 1 :])
        with pytest.raises(ValueError, match="damaged"):
            read(path)


def test_no_damage_is_anything_but_an_error_of_values(path):
    tree = {"a": np.arange(3.0), "b": [np.float32(1.0), "text"]}
    write(path, tree)
    whole, told = path.read_bytes(), repr(tree)
    for position in range(len(whole)):
        flipped = whole[position] ^ (1 << position % 8)
        path.write_bytes(whole[:position] + bytes([flipped]) + whole[position + 1 :])
        # Some bytes, as those of a date, stand for nothing.
        with suppress(ValueError):
            assert repr(read(path)) == told


def test_a_file_of_a_later_release_is_refused(path):
    header = np.frombuffer(b'{"format": 99, "tree": null}', np.uint8)
    with path.open("wb") as file:
        np.savez(file, header=header)
    with pytest.raises(ValueError, match="format 99"):
        read(path)


@pytest.mark.parametrize("where", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_writing_that_fails_leaves_the_old_file_alone(
    path, monkeypatch, where, error
):
    def fail(*_):
        raise error

    write(path, 1)
    monkeypatch.setattr(os, where, fail)
    with pytest.raises(type(error)):
        write(path, 2)
    assert read(path) == 1
    assert [*path.parent.iterdir()] == [path]


def test_folders_are_made(tmp_path):
    write(tmp_path / "a" / "b" / "c", 1)
    assert read(tmp_path / "a" / "b" / "c") == 1


@pytest.mark.parametrize("name", ["tree.ckpt", "tree[1]*.ckpt"])
def test_what_killed_processes_left_is_cleared_in_time(tmp_path, name):
    path = tmp_path / name
    old, new = (path.with_name(f"{name}.{n}-7.tmp") for n in (1, 2))
    other = path.with_name("another.ckpt.1-7.tmp")
    for each in (old, new, other):
        each.touch()
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))
    clear_litter(path)
    assert {*path.parent.iterdir()} == {new, other}
