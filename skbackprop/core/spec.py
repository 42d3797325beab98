"""Specs: the hyper-parameter objects that fill the slots of an estimator.

A spec is declared as a dataclass is, by its fields, and is also a scikit-learn
estimator, so that ``clone``, ``repr``, equality and nested names in a grid
(``solver__beta_2``) work. It holds hyper-parameters only, never arrays or state, and
``fit`` works on a clone of it.
"""

from collections.abc import Callable, Mapping
from inspect import Parameter, Signature, get_annotations
from typing import Any, ClassVar, Self, dataclass_transform, get_origin

import numpy as np
from sklearn.base import BaseEstimator, clone

from skbackprop._compat import InvalidParameterError, StrOptions


@dataclass_transform()
class Spec(BaseEstimator):
    """Base of everything that can be put into a slot.

    The annotated attributes of a subclass are its hyper-parameters, each with a
    default; the constructor takes them in that order, those of base classes first. The
    decorator of ``dataclasses`` would do the same, at ten times the time of import.

    A *family* (activations, solvers, ...) is an abstract subclass declared with
    ``family=True``; its members register under the ``name`` they declare and are then
    found by that name, and by nothing else: there is no list of members to edit.

    Examples
    --------
    >>> from skbackprop.core.spec import Spec, resolve
    >>> class Shape(Spec, family=True):
    ...     pass
    >>> class Circle(Shape, name="circle"):
    ...     radius: float = 1.0
    >>> resolve(Shape, "circle", {"radius": 2.0})
    Circle(radius=2.0)
    """

    name: ClassVar[str]
    _members: ClassVar[dict[str, type["Spec"]]]
    _fields: ClassVar[dict[str, Any]] = {}
    _parameter_constraints: ClassVar[dict[str, list]] = {}

    def __init_subclass__(
        cls, *, name: str | None = None, family: bool = False, **kwargs: Any
    ) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" not in cls.__dict__:
            # Only here are the fields known; checkers see a dataclass.
            cls.__init__ = _constructor(cls)  # type: ignore[method-assign]
        if family:
            cls._members = {}
        if name is not None:
            cls.name = name
            cls._register(name)

    @classmethod
    def _register(cls, name: str) -> None:
        """Make the class known by its name; defining it anew is fine."""
        known = cls._members.get(name, cls)
        # The own one may be the new one: some come with parts that are imported late.
        own, other = (known, cls) if _is_own(known) else (cls, known)
        if _is_own(own) and _place(own) != _place(other):
            raise ValueError(
                f"{name!r} is the name of skbackprop's own {own.__name__}: "
                f"choose another one for {other.__name__}."
            )
        cls._members[name] = cls

    @classmethod
    def members(cls) -> Mapping[str, type[Self]]:
        """Return the members of the family, by name.

        Returns
        -------
        dict of str to type
            The registered classes.
        """
        return dict(cls._members)

    @classmethod
    def constraint(cls) -> list:
        """Return what a slot of this family accepts, for ``_parameter_constraints``.

        Returns
        -------
        list
            The names registered by the time a value is looked at, and any object of
            the family.
        """
        return [StrOptions(cls._members.keys()), cls]

    def __eq__(self, other: object) -> bool:
        """Tell whether the other is of the same class with equal hyper-parameters."""
        if type(other) is not type(self):
            return NotImplemented
        theirs = vars(other)
        return all(_same(value, theirs.get(key)) for key, value in vars(self).items())


def _is_own(kind: type) -> bool:
    return kind.__module__.startswith("skbackprop.")


def _place(kind: type) -> tuple[str, str]:
    return kind.__module__, kind.__qualname__


def _same(one: Any, other: Any) -> bool:
    return one is other or bool(np.array_equal(one, other))


def _is_of_the_class(kind: Any) -> bool:
    if isinstance(kind, str):
        return "ClassVar" in kind
    return kind is ClassVar or get_origin(kind) is ClassVar


def _constructor(cls: type[Spec]) -> Callable[..., None]:
    """Return an ``__init__`` that stores the annotated attributes of a class."""
    defaults: dict[str, Any] = {}
    for base in reversed(cls.__bases__):
        if issubclass(base, Spec):
            defaults |= base._fields
    for name, kind in get_annotations(cls).items():
        if _is_of_the_class(kind):
            defaults.pop(name, None)
        elif name in vars(cls):
            defaults[name] = vars(cls)[name]
    cls._fields = defaults
    names = tuple(defaults)

    def __init__(self: Spec, *args: Any, **kwargs: Any) -> None:
        if len(args) > len(names):
            raise TypeError(
                f"{type(self).__name__} takes {len(names)} hyper-parameters "
                f"{names}, got {len(args)}."
            )
        given = dict(zip(names, args, strict=False))
        wrong = kwargs.keys() - defaults.keys() or kwargs.keys() & given.keys()
        if wrong:
            raise TypeError(
                f"{type(self).__name__} takes {names}, each once; got "
                f"{sorted(wrong)} in vain."
            )
        self.__dict__.update(defaults | given | kwargs)

    # What ``clone`` and ``get_params`` read.
    parameters = [
        Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=value)
        for name, value in defaults.items()
    ]
    own = Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)
    # ``inspect`` honours it; the type of functions does not know it.
    __init__.__signature__ = Signature([own, *parameters])  # type: ignore[attr-defined]
    return __init__


def resolve(family: type[Spec], value: Any, settings: Mapping | None = None) -> Any:
    """Turn what a user put into a slot into a spec of its own.

    Parameters
    ----------
    family : type
        The family that the slot takes.
    value : str or Spec
        The name of a member, or a member.
    settings : mapping, optional
        Hyper-parameters for a member given by name: each of its fields that is a key
        here takes its value from here.

    Returns
    -------
    Spec
        A new, validated spec; ``value`` itself is never handed on.
    """
    if isinstance(value, family):
        spec = clone(value)
    elif isinstance(value, str) and value in family._members:
        member: Any = family._members[value]
        known = settings or {}
        chosen = {f: known[f] for f in member._get_param_names() if f in known}
        spec = member(**chosen)
    else:
        raise InvalidParameterError(
            f"{value!r} is not a {family.__name__}: give one of "
            f"{sorted(family._members)} or an instance of {family.__name__}."
        )
    spec._validate_params()
    return spec
