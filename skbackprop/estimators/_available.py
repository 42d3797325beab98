"""Methods that an estimator may lack, and that say why."""

from collections.abc import Callable
from types import MethodType
from typing import Any


class _Available:
    """A method that is there if a check raises nothing."""

    def __init__(self, method: Callable, check: Callable[[Any], Any]) -> None:
        self.method, self.check = method, check
        self.__doc__ = method.__doc__

    def __get__(self, estimator: Any, owner: type | None = None) -> Any:
        if estimator is None:
            return self.method
        self.check(estimator)
        return MethodType(self.method, estimator)


def available_unless(check: Callable[[Any], Any]) -> Callable[[Callable], Any]:
    """Make a method available unless a check raises an ``AttributeError``.

    ``sklearn.utils.metaestimators.available_if`` puts an error of its own in front;
    here the user is told at once.

    Parameters
    ----------
    check : callable
        Takes the estimator, and raises an ``AttributeError`` that says why the method
        is not there and what to do.

    Returns
    -------
    callable
        A decorator of methods.
    """
    return lambda method: _Available(method, check)
