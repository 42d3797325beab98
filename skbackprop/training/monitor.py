"""The monitor: history, patience, the best parameters, progress and callbacks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from skbackprop.solvers import Verdict
from skbackprop.training.alarm import alarm_of
from skbackprop.training.health import GradientHealth

# What a monitor has to know in order to go on, beside what its parts do.
TOLD = ("n_iter", "n_seen", "watched", "best_theta", "stopped_by", "alarm")


@dataclass
class Patience:
    """How long a value may fail to fall before training stops.

    Parameters
    ----------
    tol : float
        What counts as falling.
    n_iter_no_change : float
        Epochs without a fall that are borne; training stops at one more.
    """

    tol: float
    n_iter_no_change: float
    best: float = np.inf
    count: int = 0

    def sees(self, value: float) -> bool:
        """Take note of a value.

        Parameters
        ----------
        value : float
            The new value.

        Returns
        -------
        bool
            Whether it is the lowest so far.
        """
        # Written so that a NaN counts as no progress.
        self.count = 0 if value <= self.best - self.tol else self.count + 1
        if not value < self.best:
            return False
        self.best = value
        return True

    @property
    def is_spent(self) -> bool:
        """Whether it is time to stop."""
        return self.count > self.n_iter_no_change


class Callbacks(Protocol):
    """Who else wants to know about epochs."""

    def skip(self, n_epochs: int) -> None:
        """Hear how many epochs of the fit were done before."""

    def begin_epoch(self) -> None:
        """Hear that an epoch begins."""

    def end_epoch(self) -> bool:
        """Hear that it ended, and tell whether to stop."""

    def close(self) -> None:
        """Hear that the fit ended."""


class Checker(Protocol):
    """Judges the present parameters on validation data."""

    def check(self) -> tuple[float, float]:
        """Return the score, greater being better, and the mean loss."""


class Stopper(Protocol):
    """Judges by rules whether to go on."""

    memories: list[dict[str, Any]]

    def verdict(self) -> str | None:
        """Return the rule that says to stop, if any."""


class Probe(Protocol):
    """Looks at the layers."""

    settling: int
    before: np.ndarray

    def measure(self) -> np.ndarray:
        """Return what is seen of each of them."""


@dataclass
class History:
    """The curves of a fit; the lists are the estimator's own attributes."""

    loss_curve: list[float] = field(default_factory=list)
    validation_scores: list[float] = field(default_factory=list)
    validation_loss_curve: list[float] = field(default_factory=list)
    learning_rate_curve: list[float] = field(default_factory=list)
    health: list[np.ndarray] = field(default_factory=list)


class TrainingMonitor:
    """Follows one fit.

    Parameters
    ----------
    theta : ndarray of shape (n_params,)
        The parameters, as the solver moves them.
    history : History
        The curves to go on with.
    patience : Patience or None
        When to stop: by the validation score where there is a checker, else by the
        training loss. None leaves stopping to the solver.
    checker : Checker or None
        Judges on validation data.
    callbacks : Callbacks
        Who else wants to know.
    verbose : bool
        Whether to print progress.
    n_seen : int
        Training samples seen before this fit.
    n_rows : int
        Samples an epoch adds to them.
    stopper : Stopper, optional
        Further rules to stop by.
    probe : Probe, optional
        What records the health of the layers.

    Attributes
    ----------
    best_theta : ndarray or None
        The parameters with the best validation score.
    n_iter : int
        Epochs of this fit.
    stopped_by : str or None
        What has said to stop.
    alarm : str or None
        What the layers have been found to suffer from.
    watched : float
        What progress is judged by, lower being better: the training loss, or minus the
        validation score.
    """

    def __init__(
        self,
        theta: np.ndarray,
        history: History,
        patience: Patience | None,
        checker: Checker | None,
        callbacks: Callbacks,
        verbose: bool,
        n_seen: int,
        n_rows: int,
        stopper: Stopper | None = None,
        probe: Probe | None = None,
    ) -> None:
        self.theta = theta
        self.history = history
        self.patience = patience
        self.checker = checker
        self.callbacks = callbacks
        self.verbose = verbose
        self.n_seen = n_seen
        self.n_rows = n_rows
        self.stopper = stopper
        self.probe = probe
        self.n_iter = 0
        self.watched = np.inf
        self.best_theta: np.ndarray | None = None
        self.stopped_by: str | None = None
        self.alarm: str | None = None

    def told(self) -> dict[str, Any]:
        """Return what a monitor has to know that goes on from here.

        Returns
        -------
        dict of str to object
            What ``recall`` takes.
        """
        return {
            **{name: getattr(self, name) for name in TOLD},
            "history": dict(vars(self.history)),
            "patience": None if self.patience is None else dict(vars(self.patience)),
            "rules": [] if self.stopper is None else self.stopper.memories,
            "probed": None if self.probe is None else self.probe.before,
        }

    def recall(self, told: Mapping[str, Any]) -> None:
        """Go on from where another monitor was.

        Parameters
        ----------
        told : dict of str to object
            What ``told`` returned. Rules and the probe are not told here, but where
            they are bound.
        """
        for name in TOLD:
            setattr(self, name, told[name])
        for name, curve in told["history"].items():
            # In place: others may hold these lists.
            getattr(self.history, name)[:] = curve
        patience = told["patience"]
        self.patience = None if patience is None else Patience(**patience)

    def keep_start(self) -> None:
        """Hold the starting parameters as the ones to beat on validation data."""
        if self.checker is not None and self.patience is not None:
            score, _ = self.checker.check()
            self.patience.sees(-score)
            self.best_theta = self.theta.copy()

    def begin_epoch(self) -> None:
        """Hear that an epoch begins."""
        self.callbacks.begin_epoch()

    def end_epoch(self, loss: float, rate: float | None = None) -> Verdict:
        """Record an epoch, and judge whether to go on.

        Parameters
        ----------
        loss : float
            The training loss of the epoch.
        rate : float or None
            The learning rate that it began at; None where the solver has none.

        Returns
        -------
        Verdict
            What the solver is to do.
        """
        # Judged first: if that is interrupted, the curves stay of equal length.
        judged = None if self.checker is None else self.checker.check()
        measured = None if self.probe is None else self.probe.measure()
        self.n_iter += 1
        self.n_seen += self.n_rows
        self.history.loss_curve.append(loss)
        if rate is not None:
            self.history.learning_rate_curve.append(rate)
        self.watched = loss if judged is None else -judged[0]
        if self.verbose:
            self._say(f"Iteration {self.n_iter}, loss = {loss:.8f}")
        if judged is not None:
            self._watch(*judged)
        elif self.patience is not None:
            self.patience.sees(loss)
        if self.probe is not None and measured is not None:
            self._examine(self.probe, measured)
        return self._verdict()

    def _verdict(self) -> Verdict:
        if self.callbacks.end_epoch():
            self.stopped_by = "callback"
            return Verdict.STOP
        rule = None if self.stopper is None else self.stopper.verdict()
        if rule is not None:
            self.stopped_by = rule
            self._say(f"{rule} says to stop. Stopping.")
            return Verdict.STOP
        if self.patience is not None and self.patience.is_spent:
            self.stopped_by = "tol" if self.checker is None else "early_stopping"
            return Verdict.PLATEAU
        return Verdict.GO_ON

    def on_plateau(self, rate: float | None, farewell: str = "Stopping.") -> None:
        """Hear how the schedule answered to spent patience.

        Parameters
        ----------
        rate : float or None
            The lowered learning rate; None if training stops.
        farewell : str
            What to say in the latter case.
        """
        assert self.patience is not None
        self.patience.count = 0
        what = "Training loss" if self.checker is None else "Validation score"
        message = (
            f"{what} did not improve more than tol={self.patience.tol:f} for "
            f"{self.patience.n_iter_no_change} consecutive epochs."
        )
        if rate is None:
            self._say(f"{message} {farewell}")
        else:
            self.stopped_by = None
            self._say(f"{message} Setting learning rate to {rate:f}")

    def _watch(self, score: float, validation_loss: float) -> None:
        self.history.validation_scores.append(score)
        self.history.validation_loss_curve.append(validation_loss)
        self._say(f"Validation score: {score:f}")
        if self.patience is not None and self.patience.sees(-score):
            self.best_theta = self.theta.copy()

    def _examine(self, probe: Probe, measured: np.ndarray) -> None:
        self.history.health.append(measured)
        if self.alarm is None:
            self.alarm = alarm_of(self.history.health[probe.settling :])
            if self.alarm is not None:
                self._say(self.alarm)

    @property
    def gradient_health(self) -> GradientHealth | None:
        """What has been seen of the layers so far, if anything."""
        if not self.history.health:
            return None
        return GradientHealth.of_rows(self.history.health, self.alarm)

    def _say(self, message: str) -> None:
        if self.verbose:
            print(message)
