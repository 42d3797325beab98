"""What a solver is: it moves one vector, and tells what came of it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from skbackprop.augmentation import Augmentation
from skbackprop.averaging import Averaging
from skbackprop.core.data import Data
from skbackprop.core.spec import Spec
from skbackprop.objective import Objective
from skbackprop.schedules import Schedule
from skbackprop.solvers.handover import Handover
from skbackprop.updates import Update


class Status(Enum):
    """How a run of a solver ended."""

    CONVERGED = auto()
    BUDGET_SPENT = auto()
    STOPPED = auto()
    DIVERGED = auto()


class Verdict(Enum):
    """What the monitor says after an epoch."""

    GO_ON = auto()
    PLATEAU = auto()
    STOP = auto()


class Monitor(Protocol):
    """What a solver tells about its progress, and asks whether to go on."""

    n_seen: int
    watched: float

    def begin_epoch(self) -> None:
        """Hear that an epoch begins."""

    def end_epoch(self, loss: float, rate: float | None = None) -> Verdict:
        """Hear the loss of an epoch and the rate it began at, and judge."""

    def on_plateau(self, rate: float | None, farewell: str = ...) -> None:
        """Hear what the schedule answered to a plateau: a lower rate, or None."""


@dataclass
class Average:
    """The average of the parameters, and those that the solver moves.

    Parameters
    ----------
    raw : ndarray of shape (n_params,)
        What the solver moves.
    mean : ndarray of shape (n_trainable,)
        The average of its leading part.
    n_steps : int
        Steps in the average.
    """

    raw: np.ndarray
    mean: np.ndarray
    n_steps: int = 0


@dataclass
class SolverState:
    """What a step-wise solver needs in order to go on later.

    Parameters
    ----------
    moments : list of list of ndarray
        For each update of the chain, the vectors it remembers.
    rate : float
        The learning rate that the schedule keeps.
    n_steps : int
        Steps taken with these moments.
    n_epochs : int
        Epochs that the schedule has seen.
    memory : dict
        What the schedule remembers.
    average : Average or None
        The average of the parameters, where it is kept.
    """

    moments: list[list[np.ndarray]]
    rate: float
    n_steps: int = 0
    n_epochs: int = 0
    memory: dict[str, Any] = field(default_factory=dict)
    average: Average | None = None

    def told(self) -> dict[str, Any]:
        """Return the fields, down to arrays and numbers.

        Returns
        -------
        dict of str to object
            What ``recalled`` takes. The arrays are not copied.
        """
        average = None if self.average is None else dict(vars(self.average))
        return {**vars(self), "average": average}

    @classmethod
    def recalled(cls, told: Mapping[str, Any]) -> Self:
        """Return the state that has told of itself.

        Parameters
        ----------
        told : dict of str to object
            What ``told`` returned.

        Returns
        -------
        SolverState
            The state, over the same arrays.
        """
        average = told["average"]
        kept = None if average is None else Average(**average)
        return cls(**{**told, "average": kept})


@dataclass
class Problem:
    """Everything a solver is given.

    Parameters
    ----------
    objective : Objective
        What to minimise.
    data : Data
        The rows to minimise it over.
    theta : ndarray of shape (n_params,)
        Where to start; moved in place, always to the latest accepted parameters.
    monitor : Monitor
        Who to tell about each epoch.
    max_iter : int
        The largest number of epochs.
    tol : float
        Tolerance of the solver's own stopping rule, if it has one.
    batch_size : int
        Rows in a batch.
    shuffle : bool
        Whether each epoch sees the rows in a new order.
    rng : RandomState
        The source of that order.
    schedule : Schedule
        The course of the learning rate.
    learning_rate_init : float
        Where it starts.
    state : SolverState or None
        What an earlier run of the same solver left behind.
    seed : int
        Sets the masks of random layers, and augmentation.
    augmentation : Augmentation or None
        What changes training batches at random.
    total_epochs : int or None
        How many epochs there are to be over all runs, for the schedule; None for
        ``max_iter``.
    clipping : sequence of Update
        What step-wise solvers put the gradient of the whole objective through first.
    max_norm : float or None
        The largest norm of the weights into a unit, for step-wise solvers.
    averaging : Averaging or None
        Whether ``theta`` gets an average of the parameters, by step-wise solvers.
    handover : Handover or None
        Where the solver says how a run of it can be gone on with once it was cut off,
        and finds what such a run has left. None where nobody asks for it.
    """

    objective: Objective
    data: Data
    theta: np.ndarray
    monitor: Monitor
    max_iter: int
    tol: float
    batch_size: int
    shuffle: bool
    rng: np.random.RandomState
    schedule: Schedule
    learning_rate_init: float
    state: SolverState | None = None
    seed: int = 0
    augmentation: Augmentation | None = None
    total_epochs: int | None = None
    clipping: Sequence[Update] = ()
    max_norm: float | None = None
    averaging: Averaging | None = None
    handover: Handover | None = None

    @property
    def keeps_rows_together(self) -> bool:
        """Whether the rows of a batch act on each other: no threads share them."""
        objective = self.objective
        mixes = objective.network.mixes_rows(self.data.is_sparse)
        return mixes or objective.loss.mixes_rows

    @property
    def gathers_rows(self) -> bool:
        """Whether rows of a dense matrix are copied as they are, in random order."""
        if not self.shuffle or self.augmentation is not None or self.data.is_sparse:
            return False
        return bool(self.data.X.flags.c_contiguous)

    @property
    def n_batches(self) -> int:
        """The number of batches in an epoch."""
        return -(-len(self.data) // self.batch_size)


@dataclass
class Solution:
    """What a solver hands back; the parameters are in ``problem.theta``.

    Parameters
    ----------
    status : Status
        How it ended.
    message : str
        A sentence for the user where there is something to say.
    state : SolverState or None
        What a later run can go on from.
    diverged_to : ndarray or None
        The parameters that were given up, if it diverged.
    n_taken_back : int
        Finished epochs that were given up with them.
    """

    status: Status
    message: str = ""
    state: SolverState | None = None
    diverged_to: np.ndarray | None = field(default=None, repr=False)
    n_taken_back: int = 0


class Solver(Spec, ABC, family=True):
    """Minimises an objective.

    Attributes
    ----------
    stepwise : bool
        Whether it works batch by batch, so that it can go on with new rows
        (``partial_fit``), and has no stopping rule of its own.
    """

    stepwise: ClassVar[bool]

    @abstractmethod
    def minimise(self, problem: Problem) -> Solution:
        """Move ``problem.theta`` to lower values of the objective.

        Parameters
        ----------
        problem : Problem
            What to minimise, over what, and for how long.

        Returns
        -------
        Solution
            What came of it.
        """
