"""Files of arrays and numbers: written whole or not at all, and read without pickle."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from functools import singledispatch
from glob import escape
from pathlib import Path
from threading import get_ident
from time import time
from typing import IO, Any

import numpy as np

# Raised with each change of what a file means.
# 2: L-BFGS in single precision goes another way through the evaluations that it kept.
# 3: Adam's sums are kept up to a factor.
FORMAT = 3
# Nobody takes that long to write: what is older was left behind by a killed process.
STALE_SECONDS = 600.0
HEADER = "header"


def write(path: Path, tree: Any) -> None:
    """Write a tree of dicts, lists, arrays, numbers and strings.

    The file is written beside its place, brought to the disk, and then takes its place
    at once: there is the old one or the new one at all times, whatever happens. (Where
    the power fails right then, it may be the old one.)

    Parameters
    ----------
    path : Path
        Where to; missing folders are made.
    tree : object
        What.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: list[np.ndarray] = []
    header = {"format": FORMAT, "tree": _pack(tree, arrays)}
    members = {HEADER: _as_bytes(json.dumps(header))}
    members |= {str(number): array for number, array in enumerate(arrays)}
    beside = path.with_name(f"{path.name}.{os.getpid()}-{get_ident()}.tmp")
    try:
        with beside.open("wb") as file:
            # For the types, any of the names may be that of ``allow_pickle``.
            np.savez(file, **members)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def read(path: Path) -> Any:
    """Read what ``write`` has written.

    Parameters
    ----------
    path : Path
        Where from.

    Returns
    -------
    object
        The tree; its arrays are new and may be written to.

    Raises
    ------
    ValueError
        If the file is none of this kind, is damaged, or is of a later release.
    """
    with path.open("rb") as file:
        try:
            found, tree = _read(file)
        except Exception as error:  # Whatever zipfile and NumPy make of any bytes.
            raise ValueError(
                f"{str(path)!r} is no checkpoint, or is damaged: {error}. Delete it, "
                "or give another path."
            ) from error
    if found == FORMAT:
        return tree
    raise ValueError(
        f"{str(path)!r} is a checkpoint of format {found}, and this release reads "
        f"format {FORMAT}. Delete it, or give another path."
    )


def _read(file: IO[bytes]) -> tuple[Any, Any]:
    """Return the format, and the tree if it is ours."""
    with np.load(file, allow_pickle=False) as members:
        header = json.loads(members[HEADER].tobytes())
        found = header["format"]
        return found, _unpack(header["tree"], members) if found == FORMAT else None


def clear_litter(path: Path) -> None:
    """Delete what processes have left that were killed while they wrote.

    Parameters
    ----------
    path : Path
        The file that they wrote.
    """
    for left in path.parent.glob(f"{escape(path.name)}.*-*.tmp"):
        with suppress(OSError):
            if time() - left.stat().st_mtime > STALE_SECONDS:
                left.unlink()


def _as_bytes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), np.uint8)


# ------------------------------------------------------------ a tree as JSON and arrays


@singledispatch
def _pack(value: Any, arrays: list[np.ndarray]) -> Any:
    """Return what JSON can hold; arrays are put aside."""
    raise TypeError(
        "A checkpoint holds arrays, numbers, strings, None, and lists, tuples and "
        f"dicts of these. It cannot hold {value!r}, of {type(value)}, which the "
        "memory of a schedule, stopping rule or solver of your own has."
    )


def _pack_only(kind: type) -> Callable[[Callable], Callable]:
    """Register for a type alone: what derives from it would come back as less."""

    def register(pack: Callable) -> Callable:
        def checked(value: Any, arrays: list[np.ndarray]) -> Any:
            refuse = _pack.dispatch(object)
            return (pack if type(value) is kind else refuse)(value, arrays)

        return _pack.register(kind, checked)

    return register


@_pack.register
def _(value: None, arrays: list[np.ndarray]) -> Any:
    return value


@_pack.register(bool)
@_pack.register(int)
@_pack.register(str)
def _(value: Any, arrays: list[np.ndarray]) -> Any:
    return value


@_pack.register
def _(value: float, arrays: list[np.ndarray]) -> Any:
    # Written with as many digits as it takes; float64 scalars of NumPy come here too.
    return float(value)


@_pack_only(np.ndarray)
def _(value: np.ndarray, arrays: list[np.ndarray]) -> Any:
    if value.dtype.hasobject:
        raise TypeError("A checkpoint cannot hold arrays of Python objects.")
    arrays.append(value)
    return {"array": len(arrays) - 1}


@_pack.register
def _(value: np.generic, arrays: list[np.ndarray]) -> Any:
    return {"scalar": _pack(np.asarray(value), arrays)}


_pack.register(np.float64, _pack.dispatch(float))


@_pack_only(list)
def _(value: list, arrays: list[np.ndarray]) -> Any:
    return [_pack(each, arrays) for each in value]


@_pack_only(tuple)
def _(value: tuple, arrays: list[np.ndarray]) -> Any:
    return {"tuple": _pack([*value], arrays)}


@_pack_only(dict)
def _(value: dict, arrays: list[np.ndarray]) -> Any:
    pairs = [[_pack(key, arrays), _pack(each, arrays)] for key, each in value.items()]
    return {"dict": pairs}


# From the mark of a packed value to what makes it of its content.
MAKERS: dict[str, Callable[[Any, Any], Any]] = {
    "array": lambda number, arrays: arrays[str(number)],
    "scalar": lambda packed, arrays: _unpack(packed, arrays)[()],
    "tuple": lambda packed, arrays: tuple(_unpack(packed, arrays)),
    "dict": lambda pairs, arrays: {
        _unpack(key, arrays): _unpack(value, arrays) for key, value in pairs
    },
}


def _unpack(value: Any, arrays: Any) -> Any:
    if isinstance(value, list):
        return [_unpack(each, arrays) for each in value]
    if not isinstance(value, dict):
        return value
    ((mark, content),) = value.items()
    return MAKERS[mark](content, arrays)
