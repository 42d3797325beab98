"""What is written when an estimator is pickled: its state, and a number for its form.

A later release reads what an earlier one wrote. Hyper-parameters that came in between
get their defaults by themselves. Any other change of the attributes counts ``FORMAT``
up, and says in ``MIGRATIONS`` how the old state becomes the new one; a class that moves
leaves its old name behind. ``tests/data`` keeps files of each release.
"""

import sys
from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import Any

from skbackprop.estimators._later import load_everything

__all__ = ["FORMAT", "MIGRATIONS", "Persistent"]

FORMAT = 1
# How the state of a format becomes one of the next; those that are not here are gone.
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}

# Where the state says who wrote it.
ORIGIN = "_written_by"


class Persistent:
    """An estimator that tells in which format its state is written."""

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes, and who wrote them."""
        state: Any = super().__getstate__()
        return {ORIGIN: _origin(), **state}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over attributes, whichever release wrote them.

        Parameters
        ----------
        state : dict
            What ``__getstate__`` gave, here or in another release.
        """
        state = dict(state)
        origin = state.pop(ORIGIN, {})
        check_format(type(self), origin)
        for number in range(origin["format"], FORMAT):
            state = MIGRATIONS[number](state)
        kind: Any = type(self)
        estimator: Any = super()
        estimator.__setstate__({**_defaults(kind), **state})

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what pickle writes: who wrote it first of all.

        A state may speak of classes that this release does not know, so that reading it
        would end in another error.
        """
        return _empty, (type(self), _origin()), self.__getstate__()


def check_format(kind: type, origin: dict[str, Any]) -> None:
    """Refuse a state that cannot be read.

    Parameters
    ----------
    kind : type
        What it is a state of.
    origin : dict
        Who wrote it; empty if it does not tell.
    """
    number = origin.get("format", 0)
    if number == FORMAT or _is_readable(number):
        return
    writer = origin.get("release", "before 0.1.0")
    oldest = min((n for n in range(1, FORMAT + 1) if _is_readable(n)), default=FORMAT)
    newer = f"Upgrade to skbackprop {writer} or later to load it."
    older = f"Load it with skbackprop {writer}, or fit the model anew."
    raise ValueError(
        f"This {kind.__name__} was written by skbackprop {writer} in format {number}; "
        f"this is skbackprop {_release()}, which reads formats {oldest} to {FORMAT}. "
        f"{newer if number > FORMAT else older}"
    )


def _is_readable(number: int) -> bool:
    return number <= FORMAT and all(n in MIGRATIONS for n in range(number, FORMAT))


def _empty(kind: type, origin: dict[str, Any]) -> Any:
    check_format(kind, origin)
    load_everything()
    return object.__new__(kind)


def _origin() -> dict[str, Any]:
    return {"format": FORMAT, "release": _release()}


def _release() -> str:
    # The package stands above this module, and is complete once it is asked.
    return str(sys.modules[__name__.partition(".")[0]].__version__)


@cache
def _defaults(kind: Any) -> dict[str, Any]:
    """Return what the constructor sets where nothing is given."""
    parameters = signature(kind).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}
