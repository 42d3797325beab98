"""What a search draws from: numbers, and the widths of layers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any, ClassVar, Self

from sklearn.utils import check_random_state

from skbackprop._compat import Interval, InvalidParameterError
from skbackprop.core.spec import Spec
from skbackprop.tuning._dice import Dice

__all__ = ["Dimension", "Float", "Integer", "Widths"]


class Dimension(Spec, ABC):
    """What one parameter is drawn from.

    It serves Optuna by ``suggest`` and, as it has ``rvs``, also scikit-learn's
    ``RandomizedSearchCV`` and ``HalvingRandomSearchCV``.
    """

    @abstractmethod
    def suggest(self, trial: Any, name: str) -> Any:
        """Return the value that a trial suggests.

        Parameters
        ----------
        trial : optuna.trial.Trial
            The trial, a finished one too.
        name : str
            The name of the parameter in the study.
        """

    def rvs(self, *, random_state: Any = None) -> Any:
        """Draw a value at random, as the random searches of scikit-learn do.

        Parameters
        ----------
        random_state : int, RandomState or None, default=None
            The source of randomness.

        Returns
        -------
        object
            The value.
        """
        return self.checked().suggest(Dice(check_random_state(random_state)), "")

    def checked(self) -> Self:
        """Return the dimension itself, if something can be drawn from it.

        Returns
        -------
        Dimension
            The same.

        Raises
        ------
        ValueError
            If not, and why.
        """
        self._validate_params()
        complaint = self.complaint()
        if complaint is not None:
            raise InvalidParameterError(f"{self!r}: {complaint}")
        return self

    def complaint(self) -> str | None:
        """Return what is wrong with the settings together, or None.

        Returns
        -------
        str or None
            A sentence.
        """
        return None

    def further(self, value: Any) -> Mapping[str, Any]:
        """Return what else is to be drawn once a value is known.

        Parameters
        ----------
        value : object
            What ``suggest`` returned.

        Returns
        -------
        dict of str to Dimension
            Parameters that only matter together with this value.
        """
        return {}

    def branches(self) -> list[tuple[Any, Mapping[str, Any]]]:
        """Return the dimension in parts, each with what else is drawn then.

        Returns
        -------
        list of (Dimension, dict)
            Together they cover the dimension.
        """
        return [(self, {})]


class Float(Dimension):
    """A real number.

    Parameters
    ----------
    low, high : float
        The smallest and the largest.
    log : bool, default=False
        Whether all orders of magnitude are alike.

    Examples
    --------
    >>> from skbackprop.tuning import Float
    >>> 1e-4 <= Float(1e-4, 1e-1, log=True).rvs(random_state=0) <= 1e-1
    True
    """

    low: float = 0.0
    high: float = 1.0
    log: bool = False

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "low": [Interval(Real, None, None, closed="neither")],
        "high": [Interval(Real, None, None, closed="neither")],
        "log": ["boolean"],
    }

    def complaint(self) -> str | None:
        """Return what is wrong with the settings together, or None."""
        return _complaint("low", self.low, "high", self.high, self.log)

    def suggest(self, trial: Any, name: str) -> Any:
        """Return the value that a trial suggests."""
        return trial.suggest_float(name, self.low, self.high, log=self.log)


class Integer(Dimension):
    """A whole number.

    Parameters
    ----------
    low, high : int
        The smallest and the largest.
    log : bool, default=False
        Whether all orders of magnitude are alike.

    Examples
    --------
    >>> from skbackprop.tuning import Integer
    >>> Integer(1, 3).rvs(random_state=0) in (1, 2, 3)
    True
    """

    low: int = 0
    high: int = 10
    log: bool = False

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "low": [Integral],
        "high": [Integral],
        "log": ["boolean"],
    }

    def complaint(self) -> str | None:
        """Return what is wrong with the settings together, or None."""
        return _complaint("low", self.low, "high", self.high, self.log)

    def suggest(self, trial: Any, name: str) -> Any:
        """Return the value that a trial suggests."""
        return trial.suggest_int(name, self.low, self.high, log=self.log)


class Widths(Dimension):
    """Hidden layers of widths of their own, as ``hidden_layer_sizes`` takes them.

    The value is a string such as ``"64-16"``, so that studies, grids and tables hold
    plain values. In a study the depth and each width are numbers.

    Parameters
    ----------
    low, high : int
        The smallest and the largest width.
    min_depth, max_depth : int
        The smallest and the largest number of hidden layers.

    Examples
    --------
    >>> from skbackprop.tuning import Widths
    >>> widths = Widths(4, 64, min_depth=2, max_depth=2)
    >>> widths.rvs(random_state=0).count("-")
    1
    """

    low: int = 8
    high: int = 256
    min_depth: int = 1
    max_depth: int = 3

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "low": [Interval(Integral, 1, None, closed="left")],
        "high": [Interval(Integral, 1, None, closed="left")],
        "min_depth": [Interval(Integral, 0, None, closed="left")],
        "max_depth": [Interval(Integral, 0, None, closed="left")],
    }

    def complaint(self) -> str | None:
        """Return what is wrong with the settings together, or None."""
        depths = "min_depth", self.min_depth, "max_depth", self.max_depth
        widths = "low", self.low, "high", self.high
        return _complaint(*depths) or _complaint(*widths)

    def suggest(self, trial: Any, name: str) -> Any:
        """Return the value that a trial suggests."""
        depth = trial.suggest_int(f"{name}.depth", self.min_depth, self.max_depth)
        widths = [
            trial.suggest_int(f"{name}.{i}", self.low, self.high, log=True)
            for i in range(depth)
        ]
        return "-".join(map(str, widths))


def _complaint(
    first: str, low: float, last: str, high: float, log: bool = False
) -> str | None:
    if low > high:
        return f"{first}={low!r} is greater than {last}={high!r}."
    if log and low <= 0:
        return f"log=True needs {first} > 0, got {low!r}."
    return None
