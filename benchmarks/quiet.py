"""Is each core at its full speed just now? Processes that count tell.

On a shared machine a core that has slept may come back beside a busy sibling, which
neither the load nor the processor times of one's own system show. Python then takes up
to 1.8 times as long, matrix products 1.05 to 1.25 times: ratios depend on whose turn
it was. A core that goes on working is moved to a free place within seconds, and stays
there: so that counting is the probe, and brings the cores up at the same time.
"""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
import time

from . import machine
from .processes import ROOT

# Counts take 0.6 ms each, and tell of the 60 ms before a turn.
_COUNT, _N_COUNTS = 20_000, 100
# Counts on a core of one's own differ by a seventh at most, by its clock.
_SLOWER = 1.25
_CALIBRATION_SECONDS = 3.0
_MOST_CORES = 8

LIMIT = 5.0
WAIT_HELP = "seconds a turn waits for all cores to be at their full speed, at most"


def seconds_of_a_count() -> float:
    """Median time of a loop of nothing but Python."""
    seconds = []
    for _ in range(_N_COUNTS):
        start, total = time.perf_counter(), 0
        for number in range(_COUNT):
            total += number & 7
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


class Core:
    """A process that counts when it is told to."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.quiet"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self) -> None:
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def seconds(self) -> float:
        return float(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class Gate:
    """Holds turns back until all cores are as fast as they have been seen to be.

    Parameters
    ----------
    limit : float
        Seconds that a turn is held back at most; 0 holds none back.
    cores : list, optional
        What counts, one a core, all at the same time.

    Attributes
    ----------
    best : float
        The fastest count so far, in seconds.
    n_turns, n_given_up : int
        Turns let through, and how many of these with a slow core after all.
    waited : float
        Seconds that all turns were held back.
    """

    def __init__(self, limit: float, cores: list | None = None):
        self.limit, self.best = limit, math.inf
        self.n_turns = self.n_given_up = 0
        self.waited = 0.0
        if cores is None:
            n_cores = min(machine.n_cores(), _MOST_CORES) if limit > 0 else 0
            cores = [Core() for _ in range(n_cores)]
        self._cores = cores
        self._calibrated = False

    def __enter__(self) -> Gate:
        return self

    def __exit__(self, *error) -> None:
        for core in self._cores:
            core.close()

    def wait(self) -> None:
        """Return when no core is slow, or when the limit has passed."""
        if not self._cores:
            return
        if not self._calibrated:
            self._calibrated = True
            end = time.perf_counter() + _CALIBRATION_SECONDS
            while time.perf_counter() < end:
                self._slowest()
        start, slow = time.perf_counter(), True
        while slow and time.perf_counter() - start < self.limit:
            slow = self._slowest() > _SLOWER * self.best
        self.n_turns += 1
        self.n_given_up += slow
        self.waited += time.perf_counter() - start

    def _slowest(self) -> float:
        for core in self._cores:
            core.start()
        seconds = [core.seconds() for core in self._cores]
        self.best = min(self.best, *seconds)
        return max(seconds)

    def told(self) -> dict:
        """What the report's head says."""
        return {
            "limit": self.limit,
            "turns": self.n_turns,
            "given_up": self.n_given_up,
            "waited": round(self.waited, 1),
        }


def main() -> None:
    for _ in sys.stdin:
        print(seconds_of_a_count(), flush=True)


if __name__ == "__main__":
    main()
