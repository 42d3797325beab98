"""Timing fits and predictions of all contenders; a record for each."""

from __future__ import annotations

from . import timing
from .processes import Worker
from .quiet import Gate
from .workloads import MEASURED_FOR_MEMORY, PREDICTED_ROWS, WORKLOADS

# Calls of one timed turn, by the number of rows predicted.
_CALLS = {1: 500, 1_000: 50, 45_000: 3}


def time_fits(
    workers: dict[str, Worker],
    key: str,
    dtype: str,
    repeats: int,
    quick: bool,
    gate: Gate,
) -> list[dict]:
    """Seconds an epoch (an iteration of L-BFGS), of every contender.

    A fit has a fixed number of epochs, enough for what comes before the first
    one to be within a percent or two; nobody stops early.
    """
    workload = WORKLOADS[key].quick() if quick else WORKLOADS[key]
    timing.note(f"  {key} {workload.title}, {dtype}: {workload.describe()}")
    shape = {"n_samples": workload.n_samples, "epochs": workload.epochs}
    able = timing.drop_failing(workers, "prepare", workload=key, **shape)
    turns = timing.interleave(
        able, lambda _: {"command": "fit", "epochs": workload.epochs}, repeats, gate
    )
    records = []
    for name, replies in turns.items():
        record = {
            "part": workload.solver,
            "workload": key,
            "dtype": dtype,
            "contender": name,
            "seconds": [r["seconds"] / max(r["n_iter"], 1) for r in replies],
            "cores": [r["cpu"] / r["seconds"] for r in replies],
            "others": [r["others"] for r in replies if "others" in r],
            "loss": replies[-1]["loss"],
            "n_iter": replies[-1]["n_iter"],
        }
        records.append(record)
        median = timing.spread(record["seconds"])["median"]
        timing.note(f"    {name:11s} {1e3 * median:10.3f} ms / {workload.unit}")
    return records


def time_predictions(
    workers: dict[str, Worker], dtype: str, repeats: int, quick: bool, gate: Gate
) -> list[dict]:
    """Seconds a call of `predict`, for one row, some and many."""
    sizes = PREDICTED_ROWS[:2] if quick else PREDICTED_ROWS
    key = MEASURED_FOR_MEMORY.key
    timing.note(f"  prediction with the network of {key}, {dtype}")
    able = timing.drop_failing(
        workers, "prepare_prediction", workload=key, n_rows=max(sizes)
    )
    records = []
    for rows in sizes:
        request = {"command": "predict", "n_rows": rows, "calls": _CALLS[rows]}
        turns = timing.interleave(able, lambda _, r=request: r, repeats, gate)
        for name, replies in turns.items():
            seconds = [reply["seconds"] for reply in replies]
            records.append(
                {
                    "part": "predict",
                    "workload": str(rows),
                    "dtype": dtype,
                    "contender": name,
                    "seconds": seconds,
                }
            )
            median = timing.spread(seconds)["median"]
            timing.note(f"    {name:11s} {1e6 * median:10.1f} us / {rows} rows")
    return records
