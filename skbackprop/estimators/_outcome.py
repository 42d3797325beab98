"""What comes of a run of training: attributes, memory, and warnings."""

import warnings
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from skbackprop.estimators._records import fitted_state, publish
from skbackprop.solvers import Solution, Status
from skbackprop.training.alarm import GradientHealthWarning
from skbackprop.training.divergence import advice, diagnose
from skbackprop.training.monitor import Patience
from skbackprop.training.progress import Progress

# From ``warn`` past the run, ``train``, ``_train``, ``fit`` and its decorator.
TO_THE_CALLER = 7


class Outcome:
    """What to make of how a solver ended.

    Parameters
    ----------
    run : Run
        The run.
    solution : Solution or None
        What the solver handed back; None if it was interrupted.
    """

    def __init__(self, run: Any, solution: Solution | None) -> None:
        self.run, self.solution, self.monitor = run, solution, run.monitor

    def publish(self) -> None:
        """Set the fitted attributes."""
        run, monitor = self.run, self.monitor
        if self._restores_best():
            run.theta[...] = monitor.best_theta
        monitor.stopped_by = self._stopped_by()
        estimator = run.estimator
        publish(estimator, fitted_state(estimator, run.theta, monitor))
        estimator.n_steps_ += monitor.n_iter * run.problem.n_batches

    def keep_progress(self) -> None:
        """Keep what further fitting needs, and nothing else."""
        run, estimator = self.run, self.run.estimator
        streams, patience = run.given.incremental, self.monitor.patience
        estimator._progress = None
        if self.solution is None or self.solution.state is None or patience is None:
            return
        if not (streams or estimator.warm_start):
            return
        if run.judge is not None and not streams:
            # The best weights are back in place: a stream starts to look anew.
            patience = Patience(patience.tol, patience.n_iter_no_change)
        estimator._progress = Progress(
            run.slots.solver,
            run.slots.schedule,
            estimator.learning_rate_init,
            self.solution.state,
            patience,
            self.monitor.best_theta if streams else None,
            run.judge,
        )

    def warn(self) -> None:
        """Turn the status into a warning: the one place that does."""
        message = self._message()
        if message:
            warnings.warn(message, ConvergenceWarning, stacklevel=TO_THE_CALLER)
        self._warn_of_health()

    def _stopped_by(self) -> str | None:
        """Return what ended training; None where a stream of calls goes on."""
        if self.solution is None:
            return "interrupted"
        if self.solution.status is Status.DIVERGED:
            return "diverged"
        if self.monitor.stopped_by is not None:
            return self.monitor.stopped_by
        if self.solution.status is Status.CONVERGED:
            return "tol"
        if self.run.given.incremental:
            return None
        spent = self.monitor.n_iter >= self.run.problem.max_iter
        return "max_iter" if spent else "solver"

    def _restores_best(self) -> bool:
        """Tell whether the best parameters are put back.

        A stream of calls does so only when patience runs out.
        """
        if self.monitor.best_theta is None:
            return False
        if not self.run.given.incremental:
            return True
        solution = self.solution
        return solution is not None and solution.status is Status.CONVERGED

    def _message(self) -> str:
        """Return what there is to warn of."""
        run, solution = self.run, self.solution
        assert solution is not None
        if solution.status is Status.DIVERGED:
            gone_to = solution.diverged_to
            where = diagnose(
                run.objective.network,
                run.theta,
                run.theta if gone_to is None else gone_to,
            )
            return advice(where, self.monitor.n_iter - solution.n_taken_back)
        if run.held_out is not None and self.monitor.best_theta is None:
            return (
                "No validation score was a number, so that no weights were the best: "
                "those of the last epoch are kept. Check scoring and the validation "
                "data."
            )
        spent = solution.status is Status.BUDGET_SPENT
        planned = run.slots.solver.stepwise and run.slots.schedule.fills_budget
        if spent and not planned and not run.given.incremental:
            return solution.message
        average = None if solution.state is None else solution.state.average
        if average is not None and average.n_steps == 0 and not run.given.incremental:
            return (
                f"Training ended before {run.slots.averaging!r} began to average: the "
                "weights are those of the last step. Choose a smaller start."
            )
        return ""

    def _warn_of_health(self) -> None:
        """Warn of what the probe has found, unless a divergence says it all."""
        alarm, solution = self.monitor.alarm, self.solution
        if alarm is None or alarm is self.run.known_alarm or solution is None:
            return
        if solution.status is not Status.DIVERGED:
            warnings.warn(alarm, GradientHealthWarning, stacklevel=TO_THE_CALLER + 1)
