"""What a later ``partial_fit`` goes on from."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skbackprop.schedules import Schedule
from skbackprop.solvers import Solver, SolverState
from skbackprop.training.monitor import Patience


@dataclass
class Progress:
    """The memory of a solver, with the settings that it belongs to.

    Parameters
    ----------
    solver, schedule, learning_rate_init
        The settings: others start afresh.
    state : SolverState
        The solver's memory and the present rate.
    patience : Patience
        How long there has been no progress.
    best_theta : ndarray or None
        The best parameters so far, where there is validation data.
    judge : object
        What patience goes by: None for the training loss, else the scoring.
    """

    solver: Solver
    schedule: Schedule
    learning_rate_init: float
    state: SolverState
    patience: Patience
    best_theta: np.ndarray | None
    judge: Any

    def resume(
        self, solver: Solver, schedule: Schedule, learning_rate_init: float
    ) -> SolverState | None:
        """Return the solver's memory, as far as it fits the present settings.

        Parameters
        ----------
        solver, schedule, learning_rate_init
            The present settings.

        Returns
        -------
        SolverState or None
            None if another solver takes over. A changed rate or schedule starts at
            ``learning_rate_init`` again, with the same moments.
        """
        if solver != self.solver:
            return None
        # A model that was loaded as a memory map has read-only moments.
        self.state.moments = [
            [np.require(vector, requirements="W") for vector in of_update]
            for of_update in self.state.moments
        ]
        average = self.state.average
        if average is not None:
            average.raw = np.require(average.raw, requirements="W")
            average.mean = np.require(average.mean, requirements="W")
        if (schedule, learning_rate_init) != (self.schedule, self.learning_rate_init):
            self.state.rate = float(learning_rate_init)
            self.state.n_epochs, self.state.memory = 0, {}
        return self.state
