"""One run of training: hold out, follow, solve, and keep what was learned."""

import warnings
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np

from skbackprop._compat import accepts_sample_weight
from skbackprop.core.data import Data
from skbackprop.estimators._outcome import Outcome
from skbackprop.estimators._params import Slots
from skbackprop.estimators._phases import minimised
from skbackprop.estimators._records import fitted_state, snapshot
from skbackprop.estimators._rescaling import rescaled, write_scaling
from skbackprop.estimators._scaling import (
    FittedScaling,
    fit_scaling,
    in_users_units,
)
from skbackprop.objective import Objective
from skbackprop.solvers import Problem
from skbackprop.training.callbacks import FitCallbacks, NoCallbacks
from skbackprop.training.health import Probe
from skbackprop.training.keeping import Keeper
from skbackprop.training.monitor import History, Patience, TrainingMonitor
from skbackprop.training.progress import Progress
from skbackprop.training.rows import Rows
from skbackprop.training.stopping import FitView, Stopper
from skbackprop.training.validation import Score, Validation, split_rows

# From the methods of a run past ``train``, ``_train``, ``fit`` and its decorator.
TO_THE_CALLER = 7


class Run:
    """One call of ``fit`` or ``partial_fit``, after validation.

    Parameters
    ----------
    estimator : BaseBackprop
        Whose fit it is.
    slots : Slots
        The resolved parameters.
    objective : Objective
        What to minimise.
    rows : Rows
        All rows that were given to train on.
    held_out : Rows or None
        The user's own validation data.
    theta : ndarray of shape (n_params,)
        The starting parameters, moved in place.
    rng : RandomState
        The source of randomness.
    given : Given
        The call's arguments.
    going_on : bool
        Whether an earlier fit is gone on with.
    keeper : Keeper
        What writes checkpoints, and recalls the state of a fit that was cut off.
    """

    def __init__(
        self,
        estimator: Any,
        slots: Slots,
        objective: Objective,
        rows: Rows,
        held_out: Rows | None,
        theta: np.ndarray,
        rng: np.random.RandomState,
        given: Any,
        going_on: bool,
        keeper: Keeper,
    ) -> None:
        self.keeper = keeper
        self.estimator, self.slots, self.objective = estimator, slots, objective
        self.theta, self.rng, self.given, self.going_on = theta, rng, given, going_on
        self.training, self.held_out = self._hold_out(rows, held_out)
        self.earlier_scaling = estimator._scaling if going_on else None
        self.scaling = self._scale()
        if keeper.earlier is not None:
            theta[...] = keeper.earlier["theta"]
        # What a stream of calls goes on from; a fit starts its solver afresh.
        self.stream: Progress | None = None
        if given.incremental and estimator._progress is not None:
            statistics = self.scaling, self.earlier_scaling
            self.stream = rescaled(estimator._progress, objective, *statistics)
        self.known_alarm: str | None = None
        self.monitor = self._monitor()
        self.problem = self._problem()
        keeper.follow(self)

    def go(self) -> None:
        """Train; if the user interrupts, keep what was learned."""
        # Scorers and callbacks predict with it; after an error the old model is back.
        self.estimator._scaling = self.scaling
        try:
            begins = self.keeper.earlier is None
            if self.going_on and begins and not self.given.incremental:
                self.monitor.keep_start()
            solution = self.keeper.solution or minimised(self)
            self.keeper.finish(solution)
        except KeyboardInterrupt:
            Outcome(self, None).publish()
            raise
        except BaseException:
            self.estimator._scaling = self.earlier_scaling
            raise
        outcome = Outcome(self, solution)
        outcome.publish()
        outcome.keep_progress()
        self.monitor.callbacks.close()
        outcome.warn()

    # ---------------------------------------------------------------------- before

    def _hold_out(self, rows: Rows, held_out: Rows | None) -> tuple[Data, Rows | None]:
        """Split off validation rows, unless the user gave some."""
        estimator, training = self.estimator, rows.data()
        if held_out is None and estimator.early_stopping:
            train, validation = split_rows(
                len(rows),
                estimator.validation_fraction,
                self.rng,
                estimator._target.strata(rows.target),
            )
            training, held_out = rows.data(train), rows.take(validation)
        _check_weight("training", training)
        if held_out is not None:
            _check_weight("validation", held_out.data())
        return training, held_out

    def _scale(self) -> FittedScaling | None:
        """Learn the scale of the training rows, and write it where it belongs."""
        scaling, earlier = self.slots.scaling, self.earlier_scaling
        if scaling is None:
            return None
        if self.given.coefs_init is not None:
            # They are meant for the scale of these rows.
            earlier = None
        fitted = fit_scaling(
            scaling,
            self.training,
            self.objective.loss,
            self.estimator._scales_targets,
            earlier,
            self.given.incremental,
        )
        write_scaling(self.objective, self.theta, fitted, earlier)
        self.training = replace(
            self.training, target=fitted.scaled(self.training.target)
        )
        if self.held_out is not None:
            self.held_out = replace(
                self.held_out, target=fitted.scaled(self.held_out.target)
            )
        return fitted

    def _monitor(self) -> TrainingMonitor:
        estimator, held_out = self.estimator, self.held_out
        checker = None
        if held_out is not None:
            checker = Validation(
                self.objective, self.theta, held_out.data(), self._score(held_out)
            )
        monitor = TrainingMonitor(
            theta=self.theta,
            history=self._history(),
            patience=self._patience(checker is not None),
            checker=checker,
            callbacks=NoCallbacks(),
            verbose=bool(estimator.verbose),
            n_seen=estimator.t_,
            n_rows=len(self.training) if self.slots.solver.stepwise else 0,
        )
        if self.stream is not None and self.stream.judge == self.judge:
            monitor.best_theta = self.stream.best_theta
        if self.keeper.earlier is not None:
            monitor.recall(self.keeper.earlier["monitor"])
        self._follow_closely(monitor)
        if getattr(estimator, "_skl_callbacks", None) and not self.given.incremental:
            monitor.callbacks = FitCallbacks(
                estimator,
                estimator.max_iter,
                self.given.X,
                self.given.y,
                {"sample_weight": self.given.sample_weight},
                self._state_now,
            )
        monitor.callbacks = self.keeper.around(monitor.callbacks)
        return monitor

    def _follow_closely(self, monitor: TrainingMonitor) -> None:
        """Add the rules to stop by and the probe, where they are asked for."""
        slots, estimator, kept = self.slots, self.estimator, self.keeper.earlier
        if slots.stopping:
            view = FitView(
                self.objective,
                self.training,
                estimator._target,
                self.theta,
                monitor.history,
                0.0 if kept is None else kept["seconds"],
            )
            memories = None if kept is None else kept["monitor"]["rules"]
            monitor.stopper = Stopper(slots.stopping, view, memories)
        if slots.probed_rows:
            monitor.probe = Probe(
                self.objective, self.theta, self.training, slots.probed_rows
            )
            if kept is not None:
                monitor.probe.before[...] = kept["monitor"]["probed"]
        if slots.probed_rows and kept is None:
            earlier = estimator.gradient_health_
            monitor.history.health = [] if earlier is None else earlier.rows()
            if earlier is not None and self.given.incremental:
                # A stream of calls is warned once.
                monitor.alarm = self.known_alarm = earlier.alarm

    def _history(self) -> History:
        """Return the curves to go on with.

        A stream of calls appends to them; a fit that is refused half-way, or raises,
        leaves the earlier ones as they were.
        """
        estimator = self.estimator
        curves = [
            estimator.loss_curve_,
            estimator.validation_scores_ or [],
            estimator.validation_loss_curve_ or [],
            estimator.learning_rate_curve_,
        ]
        return History(*(curves if self.given.incremental else map(list, curves)))

    @property
    def judge(self) -> Any:
        """What patience goes by: bests of different judges cannot be compared."""
        return None if self.held_out is None else (self.estimator.scoring,)

    def _patience(self, validated: bool) -> Patience | None:
        """Return the patience to train with; full-batch solvers have their own."""
        if not (validated or self.slots.solver.stepwise):
            return None
        tol, n_iter = self.estimator.tol, self.estimator.n_iter_no_change
        if self.stream is not None and self.stream.judge == self.judge:
            return replace(self.stream.patience, tol=tol, n_iter_no_change=n_iter)
        return Patience(tol, n_iter)

    def _score(self, held_out: Rows) -> Score:
        """Return what early stopping goes by."""
        estimator, scoring = self.estimator, self.estimator.scoring
        if scoring is None:
            target, judged = estimator._target, self.objective.loss
            return lambda prediction, loss: target.score(
                prediction, held_out.target, held_out.weight, judged
            )
        if scoring == "loss":
            return lambda prediction, loss: -loss
        from sklearn.metrics import check_scoring

        scorer = check_scoring(estimator, scoring=scoring)
        weights = {}
        if held_out.weight is not None and accepts_sample_weight(scorer):
            weights["sample_weight"] = held_out.weight

        def score(prediction: np.ndarray, loss: float) -> float:
            state = fitted_state(estimator, self.theta.copy(), self.monitor)
            taken = snapshot(estimator, state)
            return float(scorer(taken, held_out.X, held_out.y, **weights))

        return score

    def _state_now(self) -> dict[str, Any]:
        """Return the fitted attributes as if the fit ended now, for callbacks."""
        best = self.monitor.best_theta
        theta = self.theta if best is None else best
        state = fitted_state(self.estimator, theta.copy(), self.monitor)
        return {
            name: list(value)
            if name.endswith(("curve_", "scores_")) and value
            else value
            for name, value in state.items()
        }

    def _problem(self) -> Problem:
        estimator, slots = self.estimator, self.slots
        state = None
        if self.stream is not None:
            state = self.stream.resume(
                slots.solver, slots.schedule, estimator.learning_rate_init
            )
        return Problem(
            objective=self.objective,
            data=self.training,
            theta=self.theta,
            monitor=self.monitor,
            max_iter=1 if self.given.incremental else estimator.max_iter,
            tol=estimator.tol,
            batch_size=self._batch_rows(),
            shuffle=estimator.shuffle,
            rng=self.rng,
            schedule=slots.schedule,
            learning_rate_init=estimator.learning_rate_init,
            state=state,
            total_epochs=estimator.max_iter,
            clipping=slots.clipping,
            max_norm=slots.max_norm,
            averaging=slots.averaging,
            handover=self.keeper.handover,
            seed=self._seed(),
            augmentation=in_users_units(slots.augmentation, self.scaling),
        )

    def _seed(self) -> int:
        """Return what sets all masks and augmentation; drawn only if there are any."""
        network = self.objective.network
        if network.is_random or self.slots.augmentation is not None:
            # Of a copy: the rows come in the order that they come in without.
            return int(deepcopy(self.rng).randint(2**31 - 1))
        return 0

    def _batch_rows(self) -> int:
        n_rows, batch_size = len(self.training), self.estimator.batch_size
        if not self.slots.solver.stepwise:
            return n_rows
        if isinstance(batch_size, str):
            return min(200, n_rows)
        if batch_size > n_rows:
            warnings.warn(
                f"Got `batch_size` {batch_size}, larger than sample size {n_rows}. It "
                "is going to be clipped.",
                UserWarning,
                stacklevel=TO_THE_CALLER + 1,
            )
        return min(int(batch_size), n_rows)


def _check_weight(what: str, data: Data) -> None:
    if not data.total_weight > 0:
        raise ValueError(
            f"Sample weights must contain at least one non-zero number, but the {what} "
            "rows have none, class_weight included."
        )
