"""Interleaved timing: in every round each contender has one turn.

Speeds of a machine drift (clock, neighbours), so absolute times taken minutes
apart do not compare. A ratio is formed from two turns of the same round, the
median over rounds is reported with the smallest and the largest, and every
other round goes in reverse order, so that a steady drift cancels. A gate holds
each turn back while a core is slow, whosever turn it is.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

from . import machine
from .processes import Worker, WorkerError
from .quiet import Gate

# Spinning threads of the last turn go to sleep meanwhile.
_SETTLE_SECONDS = 0.1


def note(text: str) -> None:
    """Progress for whoever watches; tables go to stdout."""
    print(text, file=sys.stderr, flush=True)


def drop_failing(workers: dict[str, Worker], command: str, **arguments) -> dict:
    """Send a command to all; return those that managed."""
    able = {}
    for name, worker in workers.items():
        try:
            worker.ask(command, **arguments)
            able[name] = worker
        except WorkerError as error:
            note(f"    {name} is left out: {error}")
    return able


def interleave(
    workers: dict[str, Worker],
    request: Callable[[str], dict],
    repeats: int,
    gate: Gate,
) -> dict[str, list[dict]]:
    """Give each worker a turn in each round.

    Parameters
    ----------
    workers : dict of str to Worker
        Who takes part.
    request : callable
        From a worker's name to the command and its arguments.
    repeats : int
        Number of rounds.
    gate : Gate
        What each turn waits for.

    Returns
    -------
    dict of str to list of dict
        Each worker's answers, in the order of the rounds. ``others`` is the
        number of cores that the rest of the machine used meanwhile.
    """
    turns: dict[str, list[dict]] = {name: [] for name in workers}
    for number in range(repeats):
        order = list(workers) if number % 2 == 0 else list(workers)[::-1]
        for name in order:
            time.sleep(_SETTLE_SECONDS)
            gate.wait()
            busy, start = machine.busy_seconds(), time.perf_counter()
            reply = workers[name].ask(**request(name))
            wall = time.perf_counter() - start
            busy = machine.busy_seconds() - busy
            # A prediction's times are per call: no share can be told from them.
            if "n_iter" in reply and wall > 0.2:
                reply["others"] = max(0.0, (busy - reply["cpu"]) / wall)
            turns[name].append(reply)
    return turns


def spread(values: list[float]) -> dict[str, float]:
    """Median, smallest and largest."""
    return {
        "median": statistics.median(values),
        "low": min(values),
        "high": max(values),
    }


def paired_ratio(numerators: list[float], denominators: list[float]) -> dict:
    """Spread of the ratios of turns in the same round."""
    return spread([a / b for a, b in zip(numerators, denominators, strict=True)])


def best_seconds(action, repeats: int) -> float:
    """The fastest of a few runs: noise only ever adds."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
