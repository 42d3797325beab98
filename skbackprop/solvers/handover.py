"""What a run of a solver that was cut off hands over to the one that goes on."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["Handover", "Memory"]


class Handover:
    """What a run that was cut off hands over to the one that goes on, to the bit.

    Parameters
    ----------
    earlier : dict or None
        What the earlier run told of itself; None for a run that begins.
    """

    def __init__(self, earlier: Mapping[str, Any] | None = None) -> None:
        self.earlier = earlier
        self._source: Callable[[], dict[str, Any]] | None = None
        self._pass_on: Callable[[Callable[[], dict[str, Any]]], None] | None = None

    def offer(self, source: Callable[[], dict[str, Any]]) -> None:
        """Hear, from a solver, how it tells of itself.

        Parameters
        ----------
        source : callable
            Returns, whenever an epoch is about to begin, all that a later run has to
            know: dicts and lists of arrays, numbers and strings.
        """
        self._source = source
        if self._pass_on is not None:
            self._pass_on(source)

    def inner(
        self, told: Callable[[], dict[str, Any]], earlier: Mapping[str, Any] | None
    ) -> "Handover":
        """Return the handover of a solver that is run as a part of a longer run.

        Parameters
        ----------
        told : callable
            Returns what there is to know beside the solver's own memory, which goes
            along as ``'solver'``.
        earlier : dict or None
            What such a solver has left that was cut off.

        Returns
        -------
        Handover
            What is offered to it is offered to this one.
        """
        part = Handover(earlier)
        part._pass_on = lambda source: self.offer(
            lambda: {**told(), "solver": source()}
        )
        return part

    @property
    def is_offered(self) -> bool:
        """Whether the solver tells of itself."""
        return self._source is not None

    def told(self) -> dict[str, Any]:
        """Return what the solver tells of itself now.

        Returns
        -------
        dict of str to object
            What a later run needs as ``earlier``.
        """
        assert self._source is not None
        return self._source()


class Memory:
    """What a step remembers from point to point: some attributes of some objects.

    Parameters
    ----------
    *parts : tuple
        An object each, and the names of those of its attributes that matter. They are
        arrays, numbers, None, or lists of these.
    """

    def __init__(self, *parts: tuple) -> None:
        self._attributes = [(owner, name) for owner, *names in parts for name in names]

    def told(self) -> list[Any]:
        """Return the present values.

        Returns
        -------
        list
            What ``recall`` takes.
        """
        return [getattr(owner, name) for owner, name in self._attributes]

    def recall(self, told: Sequence[Any]) -> None:
        """Set the values.

        Parameters
        ----------
        told : list
            What ``told`` returned.
        """
        for (owner, name), value in zip(self._attributes, told, strict=True):
            setattr(owner, name, value)
