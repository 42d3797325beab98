"""Keepers: what writes the state of a fit down, so that it can be gone on with."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from skbackprop.solvers import Handover, Solution
from skbackprop.training.monitor import Callbacks
from skbackprop.training.rows import Rows

__all__ = ["Beginning", "Keeper", "KeepingCallback", "NoKeeper", "keeper_for"]


@dataclass(frozen=True)
class Beginning:
    """A fit that is about to begin: what it depends on.

    Parameters
    ----------
    estimator : estimator
        Whose fit.
    rows : Rows
        All rows that were given to train on.
    held_out : Rows or None
        The user's own validation data.
    given : Given
        The call's arguments.
    rng : RandomState
        The source of all randomness, before its first use.
    going_on : bool
        Whether an earlier fit is gone on with (``warm_start``).
    """

    estimator: Any
    rows: Rows
    held_out: Rows | None
    given: Any
    rng: np.random.RandomState
    going_on: bool


class Keeper(Protocol):
    """Follows one fit.

    A fit that was cut off is begun once more, from the same random state: up to the
    first epoch all is as it was. What has changed since is recalled.

    Attributes
    ----------
    earlier : dict or None
        What is recalled: the state of the same fit, which was cut off.
    handover : Handover or None
        Where the solver tells of its own state.
    solution : Solution or None
        What came of the same fit, if it has ended already.
    """

    earlier: Mapping[str, Any] | None
    handover: Handover | None
    solution: Solution | None

    def rewound(self, rng: np.random.RandomState) -> np.random.RandomState:
        """Return the source of randomness, as it was when the fit first began."""

    def around(self, callbacks: Callbacks) -> Callbacks:
        """Return callbacks through which epochs are followed."""

    def follow(self, run: Any) -> None:
        """Hear of the run, ready for its first epoch, and set its random state."""

    def finish(self, solution: Solution) -> None:
        """Hear how it ended."""


class NoKeeper:
    """Nobody keeps anything."""

    earlier: Mapping[str, Any] | None = None
    handover: Handover | None = None
    solution: Solution | None = None

    def rewound(self, rng: np.random.RandomState) -> np.random.RandomState:
        """Return the source of randomness as it is."""
        return rng

    def around(self, callbacks: Callbacks) -> Callbacks:
        """Return the callbacks as they are."""
        return callbacks

    def follow(self, run: Any) -> None:
        """Do nothing."""

    def finish(self, solution: Solution) -> None:
        """Do nothing."""


class KeepingCallback(ABC):
    """A callback of scikit-learn that keeps the state of the fits it is set on."""

    @abstractmethod
    def keeper(self, beginning: Beginning) -> Keeper:
        """Return what follows one fit.

        Parameters
        ----------
        beginning : Beginning
            The fit.

        Returns
        -------
        Keeper
            The follower.
        """


def keeper_for(beginning: Beginning) -> Keeper:
    """Return what keeps the state of a fit.

    Parameters
    ----------
    beginning : Beginning
        The fit.

    Returns
    -------
    Keeper
        That of the estimator's callback of this kind; ``NoKeeper`` if there is none,
        and in a stream of ``partial_fit``, which calls no callbacks.
    """
    callbacks = getattr(beginning.estimator, "_skl_callbacks", [])
    keeping = [each for each in callbacks if isinstance(each, KeepingCallback)]
    if not keeping or beginning.given.incremental:
        return NoKeeper()
    if len(keeping) > 1:
        raise ValueError(f"One checkpoint is enough for a fit, got {keeping}.")
    return keeping[0].keeper(beginning)
