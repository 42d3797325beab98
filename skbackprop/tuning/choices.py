"""What a search draws from: one of several values; and what users write for that."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from skbackprop._compat import InvalidParameterError
from skbackprop.tuning.dimensions import Dimension, Float, Integer

__all__ = ["Choice", "as_dimension"]

PLAIN = (bool, int, float, str, type(None))


class Choice(Dimension):
    """One of several values, of any kind.

    Parameters
    ----------
    options : sequence, or mapping of str to object
        The values. In a study, plain ones stand for themselves; objects such as
        ``Adam(beta_2=0.99)`` stand as they print, or by their keys in a mapping.
    then : mapping, default=None
        What else is drawn where a value was chosen: from the value (or its key, or how
        it prints) to parameters and what these are drawn from.

    Examples
    --------
    >>> from skbackprop.solvers import SGD, Adam
    >>> from skbackprop.tuning import Choice, Float
    >>> solver = Choice(
    ...     {"adam": Adam(), "sgd": SGD()},
    ...     then={"adam": {"solver__beta_2": Float(0.9, 0.999)}},
    ... )
    >>> solver.further(SGD())
    {}
    """

    options: Any = ()
    then: Any = None

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "options": [list, tuple, np.ndarray, Mapping],
        "then": [Mapping, None],
    }

    def complaint(self) -> str | None:
        """Return what is wrong with the settings together, or None."""
        names = self._names()
        if not names:
            return "there are no options."
        values = self._values()
        for label, value in zip(names, values, strict=True):
            if _is_passing(label, value) and not isinstance(self.options, Mapping):
                return f"{label} has another name each time: give a mapping from names."
            if not _same(values[_position(label, names)], value):
                return f"several options print as {label}: give a mapping from names."
        for label, more in (self.then or {}).items():
            if label not in names:
                return f"then has {label!r}, which is none of the options {names}."
            if not isinstance(more, Mapping):
                return (
                    f"then[{label!r}] is to be a mapping from parameters, not {more!r}."
                )
        return None

    def suggest(self, trial: Any, name: str) -> Any:
        """Return the value that a trial suggests."""
        names = self._names()
        chosen = trial.suggest_categorical(name, names)
        return self._values()[_position(chosen, names)]

    def further(self, value: Any) -> Mapping[str, Any]:
        """Return what else is drawn with this value."""
        if not self.then:
            return {}
        label = self._names()[_position(value, self._values())]
        return self.then.get(label, {})

    def branches(self) -> list[tuple[Any, Mapping[str, Any]]]:
        """Return the options one by one, if any brings parameters along."""
        if not self.then:
            return [(self, {})]
        names, values = self._names(), self._values()
        named = isinstance(self.options, Mapping)
        return [
            (Choice({name: value} if named else [value]), self.then.get(name, {}))
            for name, value in zip(names, values, strict=True)
        ]

    def _values(self) -> list[Any]:
        given = self.options
        return list(given.values()) if isinstance(given, Mapping) else list(given)

    def _names(self) -> list[Any]:
        if isinstance(self.options, Mapping):
            return list(self.options)
        return [
            each if isinstance(each, PLAIN) else " ".join(repr(each).split())
            for each in map(_python, self.options)
        ]


def as_dimension(value: Any) -> Dimension:
    """Return what a user gave for one parameter as a dimension.

    Parameters
    ----------
    value : Dimension, list, tuple or optuna distribution
        What to draw from; of a list, one of its elements.

    Returns
    -------
    Dimension
        The same, validated.

    Examples
    --------
    >>> from skbackprop.tuning import as_dimension
    >>> as_dimension(["relu", "tanh"])
    Choice(options=['relu', 'tanh'])
    """
    if isinstance(value, Dimension):
        return value.checked()
    if isinstance(value, list | tuple | np.ndarray):
        return Choice(list(value)).checked()
    make = _FROM_OPTUNA.get(type(value).__name__)
    if make is None:
        raise InvalidParameterError(
            f"{value!r} is nothing to draw from: give Float(low, high), Integer(low, "
            "high), Choice(options) or Widths() of skbackprop.tuning, a list, or a "
            "distribution of Optuna."
        )
    return make(value)


def _from_float(given: Any) -> Dimension:
    if given.step is None:
        return Float(given.low, given.high, given.log)
    steps = round((given.high - given.low) / given.step)
    return Choice([given.low + i * given.step for i in range(steps + 1)])


def _from_int(given: Any) -> Dimension:
    if given.step == 1:
        return Integer(given.low, given.high, given.log)
    return Choice(list(range(given.low, given.high + 1, given.step)))


# By their names: Optuna may not be installed.
_FROM_OPTUNA: dict[str, Callable[[Any], Dimension]] = {
    "FloatDistribution": _from_float,
    "IntDistribution": _from_int,
    "CategoricalDistribution": lambda given: Choice(list(given.choices)),
}


def _python(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _is_passing(label: Any, value: Any) -> bool:
    """Tell whether a value prints with its place in memory."""
    return isinstance(label, str) and label is not value and " at 0x" in label


def _position(wanted: Any, among: Sequence[Any]) -> int:
    """Return where a value stands; True is not 1, nor 0.0 False."""
    for i, each in enumerate(among):
        if each is wanted:
            return i
    for i, each in enumerate(among):
        if _same(each, wanted):
            return i
    raise ValueError(f"{wanted!r} is none of the options {list(among)}.")


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    return type(one) is type(other) and bool(np.array_equal(one, other))
