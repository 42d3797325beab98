"""Values in words: alike in each process, and different where values are."""

import re
from collections.abc import Iterable
from functools import partial, singledispatch
from hashlib import blake2b
from reprlib import recursive_repr
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator

from skbackprop.core.ops import slices

# Rows that are copied at a time, where they do not lie one after the other.
CHUNK_ROWS = 4096
# What is longer is told by a digest.
READABLE = 100


# What holds itself, as a recursive function does, is told once.
@recursive_repr("itself")
def described(value: Any) -> str:
    """Return a description that is the same in each process.

    Parameters
    ----------
    value : object
        A parameter, an array, or what these hold.

    Returns
    -------
    str
        What it is; of arrays and code, a digest. What a function reads from global
        names is left out.
    """
    return _described(value)


def name_of(kind: Any) -> str:
    """Return where a class or a function is found.

    Parameters
    ----------
    kind : type or function
        What is looked for.

    Returns
    -------
    str
        Its module and its name.
    """
    return f"{kind.__module__}.{kind.__qualname__}"


def digest(parts: Iterable[Any]) -> str:
    """Return a digest of bytes.

    Parameters
    ----------
    parts : iterable of bytes or ndarray
        One after the other.

    Returns
    -------
    str
        Thirty-two hexadecimal digits.
    """
    whole = blake2b(digest_size=16)
    for part in parts:
        whole.update(part)
    return whole.hexdigest()


@singledispatch
def _described(value: Any) -> str:
    if issparse(value):
        parts = [value.data, value.indices, value.indptr]
        return f"{value.dtype} {value.shape} sparse {described(parts)}"
    state = _state_of(value)
    if not state:
        return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))
    # Not its repr: that often tells only where it is in memory.
    return f"{name_of(type(value))}({_short(described(state))})"


@_described.register
def _(value: np.ndarray) -> str:
    if value.dtype.hasobject:
        return described(value.tolist())
    return f"{value.dtype} {value.shape} {digest(_bytes_of(value))}"


@_described.register
def _(value: np.generic) -> str:
    return repr(value.item())


@_described.register
def _(value: np.random.RandomState) -> str:
    return f"RandomState {_digest_of(list(value.get_state()))}"


@_described.register
def _(value: BaseEstimator) -> str:
    # A spec, or an estimator: what it was given, not what it has become.
    params = sorted(value.get_params(deep=False).items())
    inside = ", ".join(f"{name}={described(each)}" for name, each in params)
    return f"{name_of(type(value))}({inside})"


# --------------------------------------------------------------------- what is called


@_described.register
def _(value: FunctionType) -> str:
    read = value.__code__, value.__defaults__, value.__kwdefaults__, value.__closure__
    return f"{name_of(value)} {_digest_of(read)[:8]}"


@_described.register
def _(value: CodeType) -> str:
    return _digest_of([value.co_code.hex(), value.co_consts, value.co_names])


@_described.register
def _(value: CellType) -> str:
    try:
        return described(value.cell_contents)
    except ValueError:  # Nothing was put in yet.
        return "empty"


@_described.register
def _(value: MethodType) -> str:
    return f"{described(value.__func__)} of {described(value.__self__)}"


@_described.register(partial)
def _(value: Any) -> str:
    return f"partial({described([value.func, value.args, value.keywords])})"


@_described.register(type)
def _(value: Any) -> str:
    return name_of(value)


@_described.register
def _(value: ModuleType) -> str:
    return value.__name__


# ------------------------------------------------------------------------ collections


@_described.register(list)
@_described.register(tuple)
def _(value: Any) -> str:
    return f"[{', '.join(map(described, value))}]"


@_described.register(set)
@_described.register(frozenset)
def _(value: Any) -> str:
    return f"{{{', '.join(sorted(map(described, value)))}}}"


@_described.register
def _(value: dict) -> str:
    items = ", ".join(f"{key!r}: {described(each)}" for key, each in value.items())
    return f"{{{items}}}"


def _state_of(value: Any) -> Any:
    """Return what would be pickled of it, beside its class."""
    try:
        return value.__getstate__()
    except TypeError:  # A lock, a file: it has no state to tell.
        return None


def _digest_of(value: Any) -> str:
    return digest([described(value).encode()])


def _short(text: str) -> str:
    return text if len(text) <= READABLE else digest([text.encode()])


def _bytes_of(array: np.ndarray) -> Iterable[np.ndarray]:
    """Return the entries row by row, whatever their order, without a copy of all."""
    if array.flags.c_contiguous or array.ndim == 0:
        yield np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        return
    for rows in slices(len(array), CHUNK_ROWS):
        yield np.ascontiguousarray(array[rows]).reshape(-1).view(np.uint8)
