"""Peak memory over the data, while fitting and while predicting.

Two measures, each in a fresh process: `tracemalloc` counts what Python and
NumPy allocate, to the byte; the growth of the process's resident memory counts
what any library does, thread buffers included, in pages. Both start from a
process that already holds the data and has fitted a small piece of it.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import re
import resource
import subprocess
import sys
import tracemalloc
import warnings
from pathlib import Path

from . import processes, timing
from .contenders import load
from .workloads import MEASURED_FOR_MEMORY, PREDICTED_ROWS

_WARM_ROWS = 1_024
MEASURES = ("traced", "resident")
TASKS = ("fit", "predict")


def current_resident() -> int:
    """Bytes in memory now."""
    return _status("VmRSS") or _highest_by_rusage()


def highest_resident() -> int:
    """Bytes in memory at most, since the process began or `forget_highest`."""
    return _status("VmHWM") or _highest_by_rusage()


def forget_highest() -> None:
    """Start the high-water mark anew, where the system can (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _status(field: str) -> int:
    try:
        text = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    found = re.search(rf"{field}:\s+(\d+) kB", text)
    return 1024 * int(found[1]) if found else 0


def _highest_by_rusage() -> int:
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes if sys.platform == "darwin" else 1024 * kilobytes


def traced_peak(action) -> int:
    """Bytes that `action` allocates at most, as Python's allocators see it."""
    tracemalloc.start()
    action()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def resident_peak(action) -> int:
    """Growth of the resident memory at its highest during `action`."""
    forget_highest()
    before = current_resident()
    action()
    return max(0, highest_resident() - before)


def measured_action(contender: str, dtype: str, threads: int | None, task: str, rows):
    """What to measure, with data and a warm library in memory."""
    workload = MEASURED_FOR_MEMORY.with_rows(rows, 1)
    make = load(contender)
    warm = make(workload.with_rows(_WARM_ROWS, 1), dtype, threads)
    warm.fit(1)
    warm.predict(warm.X)
    if task == "fit":
        full = make(workload, dtype, threads)
        return lambda: full.fit(1)
    X, _ = workload.data(dtype)
    return lambda: warm.predict(X)


def _child(arguments) -> None:
    warnings.simplefilter("ignore")
    action = measured_action(
        arguments.contender,
        arguments.dtype,
        arguments.threads or None,
        arguments.task,
        arguments.rows,
    )
    gc.collect()
    peak = traced_peak if arguments.measure == "traced" else resident_peak
    print(json.dumps(peak(action)))


def _run_child(contender, dtype, threads, task, measure, rows) -> int | None:
    variables = processes.environment(threads)
    # glibc would keep freed blocks of the warm-up for later, off the account.
    variables |= {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    command = [sys.executable, "-m", "benchmarks.memory", contender, dtype]
    command += [str(threads or 0), task, measure, str(rows)]
    done = subprocess.run(
        command, cwd=processes.ROOT, env=variables, capture_output=True, text=True
    )
    if done.returncode:
        timing.note(f"    {contender} is left out: {done.stderr.strip()[-200:]}")
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def measure(names, dtype: str, threads: int | None, quick: bool) -> list[dict]:
    """A record for every contender, task and measure."""
    rows = {"fit": MEASURED_FOR_MEMORY.n_samples, "predict": PREDICTED_ROWS[-1]}
    records = []
    for task in TASKS:
        n_rows = rows[task] // 8 if quick else rows[task]
        timing.note(f"  memory while {task} of {n_rows:,} rows, {dtype}")
        for name in names:
            for how in MEASURES:
                peak = _run_child(name, dtype, threads, task, how, n_rows)
                if peak is None:
                    break
                timing.note(f"    {name:11s} {how:9s} {peak / 1e6:8.2f} MB")
                records.append(
                    {
                        "part": "memory",
                        "workload": task,
                        "dtype": dtype,
                        "contender": name,
                        "measure": how,
                        "bytes": peak,
                    }
                )
    return records


def _parse():
    parser = argparse.ArgumentParser(description="One measurement, in this process.")
    parser.add_argument("contender")
    parser.add_argument("dtype")
    parser.add_argument("threads", type=int)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("measure", choices=MEASURES)
    parser.add_argument("rows", type=int)
    return parser.parse_args()


if __name__ == "__main__":
    _child(_parse())
