"""One fit and its file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from skbackprop.checkpoint.storage import write
from skbackprop.estimators._masks import write_masks
from skbackprop.solvers import Handover, Solution, SolverState, Status
from skbackprop.training.keeping import Beginning
from skbackprop.training.monitor import Callbacks


class Rhythm(Protocol):
    """When to write."""

    every: int | None
    seconds: float | None


class Session:
    """Follows one fit, and writes its state between epochs.

    Parameters
    ----------
    rhythm : Rhythm
        When to write.
    path : Path
        Where to.
    prints : dict of str to str
        The fingerprint of the fit.
    beginning : Beginning
        The fit.
    earlier : dict or None
        What the same fit has left, which was cut off or has ended.
    """

    def __init__(
        self,
        rhythm: Rhythm,
        path: Path,
        prints: dict[str, str],
        beginning: Beginning,
        earlier: Mapping[str, Any] | None,
    ) -> None:
        self._rhythm, self._path, self._prints = rhythm, path, prints
        self._unseeded = beginning.estimator.random_state is None
        self.earlier = earlier
        self.handover: Handover | None
        self._solver: Any
        self.handover = self._solver = Handover(earlier and earlier["solver"])
        self.solution = None if earlier is None else _recalled(earlier["solution"])
        self._start_of_rng = beginning.rng.get_state(legacy=False)
        self._seconds = 0.0 if earlier is None else earlier["seconds"]
        self._begun = self._written = perf_counter()
        self._run: Any = None
        self._n_written = 0

    def rewound(self, rng: np.random.RandomState) -> np.random.RandomState:
        """Return the source of randomness, as it was when the fit first began."""
        if self.earlier is None:
            return rng
        if self._unseeded:
            # NumPy's own one, which all share, is left alone.
            rng = np.random.RandomState()
        rng.set_state(self.earlier["start of rng"])
        self._start_of_rng = self.earlier["start of rng"]
        return rng

    def around(self, callbacks: Callbacks) -> Callbacks:
        """Return callbacks through which the beginning of an epoch is heard of."""
        if self.earlier is not None:
            callbacks.skip(self.earlier["monitor"]["n_iter"])
        return _Through(self, callbacks)

    def follow(self, run: Any) -> None:
        """Hear of the run, ready for its first epoch."""
        self._run = run
        self._n_written = run.monitor.n_iter
        if self.earlier is None:
            return
        run.rng.set_state(self.earlier["rng"])
        self._say(run)
        if self.solution is not None and self.earlier["mask"] is not None:
            # What a schedule has pruned in the course of the fit.
            run.objective.mask[...] = self.earlier["mask"]
            write_masks(run.estimator, run.objective.network, run.objective.mask)

    def _say(self, run: Any) -> None:
        if run.estimator.verbose:
            how = "goes on" if self.solution is None else "has ended"
            print(f"The fit {how} after epoch {self._n_written}: {self._path}")

    def begin_epoch(self) -> None:
        """Write, if it is time to: between epochs, all is in order."""
        if not self._solver.is_offered:
            raise ValueError(
                f"{self._run.slots.solver!r} does not tell what it remembers, so that "
                "no checkpoint of it can be made: see Problem.handover, and memory of "
                "Moves."
            )
        if self._is_due():
            self._write(self._solver.told(), None)
            self._n_written = self._run.monitor.n_iter
            self._written = perf_counter()

    def finish(self, solution: Solution) -> None:
        """Write how it ended."""
        if self.solution is None:
            self._write(None, _told(solution))
        # Neither the run nor its buffers are to outlive the fit.
        self._run = self.handover = self._solver = None

    def _is_due(self) -> bool:
        n_new = self._run.monitor.n_iter - self._n_written
        if n_new == 0:
            return False
        every, seconds = self._rhythm.every, self._rhythm.seconds
        if every is not None and n_new >= every:
            return True
        return seconds is not None and perf_counter() - self._written >= seconds

    def _write(self, solver: Any, solution: Any) -> None:
        run = self._run
        write(
            self._path,
            {
                "fingerprint": self._prints,
                "start of rng": self._start_of_rng,
                "rng": run.rng.get_state(legacy=False),
                "seconds": self._seconds + perf_counter() - self._begun,
                "theta": run.theta,
                "mask": run.objective.mask,
                "monitor": run.monitor.told(),
                "solver": solver,
                "solution": solution,
            },
        )


@dataclass(frozen=True)
class _Through:
    """Callbacks with one more who hears first of the beginning of an epoch."""

    session: Session
    others: Callbacks

    def skip(self, n_epochs: int) -> None:
        self.others.skip(n_epochs)

    def begin_epoch(self) -> None:
        self.session.begin_epoch()
        self.others.begin_epoch()

    def end_epoch(self) -> bool:
        return self.others.end_epoch()

    def close(self) -> None:
        self.others.close()


def _told(solution: Solution) -> dict[str, Any]:
    state = solution.state
    return {
        "status": solution.status.name,
        "message": solution.message,
        "state": None if state is None else state.told(),
        "diverged_to": solution.diverged_to,
        "n_taken_back": solution.n_taken_back,
    }


def _recalled(told: Mapping[str, Any] | None) -> Solution | None:
    if told is None:
        return None
    state = told["state"]
    return Solution(
        Status[told["status"]],
        told["message"],
        None if state is None else SolverState.recalled(state),
        told["diverged_to"],
        told["n_taken_back"],
    )
