"""Pruners: which trials end before their last epoch.

The resource is counted in epochs over all folds: with five folds and ``max_iter=100``
the tenth epoch of the third fold is step 210 of 500.
"""

from abc import ABC, abstractmethod
from collections.abc import Container
from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar

from skbackprop._compat import Interval
from skbackprop.core.spec import Spec, resolve
from skbackprop.tuning._optuna import import_optuna

__all__ = ["Budget", "Hyperband", "Median", "NoPruning", "Pruner", "SuccessiveHalving"]

POSITIVE = [Interval(Integral, 1, None, closed="left"), None]
FACTOR = [Interval(Integral, 2, None, closed="left")]


@dataclass(frozen=True)
class Budget:
    """What a trial that is not stopped may use.

    Parameters
    ----------
    max_epochs : int
        The largest number of epochs of a fold.
    n_splits : int
        The number of folds.
    """

    max_epochs: int
    n_splits: int

    @property
    def total(self) -> int:
        """Epochs over all folds."""
        return self.max_epochs * self.n_splits


class Pruner(Spec, ABC, family=True):
    """Tells which trials to stop: a pruner of Optuna, and when to ask it.

    Attributes
    ----------
    stops : bool
        Whether it ever stops any: only then need their scores be comparable.
    """

    stops: ClassVar[bool] = True

    @abstractmethod
    def build(self, budget: Budget) -> Any:
        """Return a pruner of Optuna.

        Parameters
        ----------
        budget : Budget
            What a trial may use.

        Returns
        -------
        optuna.pruners.BasePruner
            The pruner.
        """

    @abstractmethod
    def steps(self, budget: Budget) -> Container[int]:
        """Return when it is to be asked; at other steps nobody computes a score.

        Parameters
        ----------
        budget : Budget
            What a trial may use.

        Returns
        -------
        container of int
            Steps, counted from 1; the ends of folds need not be among them.
        """


class NoPruning(Pruner, name="none"):
    """All trials go on to the end."""

    stops: ClassVar[bool] = False

    def build(self, budget: Budget) -> Any:
        """Return the pruner of Optuna."""
        return import_optuna().pruners.NopPruner()

    def steps(self, budget: Budget) -> Container[int]:
        """Return the steps at which it judges."""
        return ()


class Median(Pruner, name="median"):
    """Stop what does worse than half of the earlier trials did at the same step.

    Parameters
    ----------
    n_startup_trials : int, default=5
        So many trials go on to the end first.
    n_warmup_epochs : int, default=None
        Epochs before a trial is judged first; None for ``every``.
    every : int, default=None
        Epochs from one judgement to the next; None for a twentieth of a fold's.
    """

    n_startup_trials: int = 5
    n_warmup_epochs: int | None = None
    every: int | None = None

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_startup_trials": [Interval(Integral, 0, None, closed="left")],
        "n_warmup_epochs": [Interval(Integral, 0, None, closed="left"), None],
        "every": POSITIVE,
    }

    def build(self, budget: Budget) -> Any:
        """Return the pruner of Optuna."""
        # Of the ends of folds it hears even if they are not among the steps.
        return import_optuna().pruners.MedianPruner(
            self.n_startup_trials, n_warmup_steps=self.steps(budget).start
        )

    def steps(self, budget: Budget) -> range:
        """Return the steps at which it judges."""
        every = self.every or _first(None, budget)
        first = max(1, every if self.n_warmup_epochs is None else self.n_warmup_epochs)
        return range(first, budget.total + 1, every)


class SuccessiveHalving(Pruner, name="halving"):
    """Let the best third go on to three times the epochs, asynchronously.

    Parameters
    ----------
    min_epochs : int, default=None
        Epochs to the first judgement; None for a 20th of a fold's.
    factor : int, default=3
        One in so many goes on, to so many times the epochs.
    n_exempt : int, default=0
        So many times the judgement is put off by ``factor``.
    """

    min_epochs: int | None = None
    factor: int = 3
    n_exempt: int = 0

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "min_epochs": POSITIVE,
        "factor": FACTOR,
        "n_exempt": [Interval(Integral, 0, None, closed="left")],
    }

    def build(self, budget: Budget) -> Any:
        """Return the pruner of Optuna."""
        return import_optuna().pruners.SuccessiveHalvingPruner(
            min_resource=_first(self.min_epochs, budget),
            reduction_factor=self.factor,
            min_early_stopping_rate=self.n_exempt,
        )

    def steps(self, budget: Budget) -> Container[int]:
        """Return the steps at which it judges."""
        return _rungs(_first(self.min_epochs, budget), self.factor, budget)


class Hyperband(Pruner, name="hyperband"):
    """Successive halving in several brackets, which begin to judge sooner or later.

    Parameters
    ----------
    min_epochs : int, default=None
        Epochs to the first judgement of the strictest bracket; None for a 20th of a
        fold's.
    factor : int, default=3
        One in so many goes on, to so many times the epochs.
    """

    min_epochs: int | None = None
    factor: int = 3

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "min_epochs": POSITIVE,
        "factor": FACTOR,
    }

    def build(self, budget: Budget) -> Any:
        """Return the pruner of Optuna."""
        return import_optuna().pruners.HyperbandPruner(
            min_resource=_first(self.min_epochs, budget),
            max_resource=budget.total,
            reduction_factor=self.factor,
        )

    def steps(self, budget: Budget) -> Container[int]:
        """Return the steps at which it judges."""
        return _rungs(_first(self.min_epochs, budget), self.factor, budget)


class Ready(Pruner):
    """A pruner of Optuna, used as it is and asked at each epoch.

    Parameters
    ----------
    pruner : optuna.pruners.BasePruner
        The pruner.
    """

    pruner: Any = None

    def build(self, budget: Budget) -> Any:
        """Return the pruner of Optuna."""
        return self.pruner

    def steps(self, budget: Budget) -> Container[int]:
        """Return the steps at which it judges."""
        return range(1, budget.total + 1)


def as_pruner(value: Any) -> Pruner:
    """Return what a user gave as a pruner.

    Parameters
    ----------
    value : str, Pruner, optuna.pruners.BasePruner or None
        The slot.

    Returns
    -------
    Pruner
        The object.
    """
    if value is None:
        return NoPruning()
    if isinstance(value, import_optuna().pruners.BasePruner):
        return Ready(value)
    return resolve(Pruner, value)


def _first(min_epochs: int | None, budget: Budget) -> int:
    return min_epochs or max(1, budget.max_epochs // 20)


def _rungs(first: int, factor: int, budget: Budget) -> Container[int]:
    rungs = {first}
    while max(rungs) * factor <= budget.total:
        rungs.add(max(rungs) * factor)
    return rungs
