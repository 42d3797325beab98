"""Starting workers with the right number of threads, and talking to them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

_THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    # XLA's pools have no option of their own; these are what it reads.
    "NPROC",
    "PJRT_NPROC",
)


def environment(threads: int | None) -> dict[str, str]:
    """This process's environment with the thread pools set, or left alone."""
    variables = {k: v for k, v in os.environ.items() if k not in _THREAD_VARIABLES}
    if threads is not None:
        variables |= dict.fromkeys(_THREAD_VARIABLES, str(threads))
    return variables


class WorkerError(Exception):
    """The contender failed; the text says how."""


class Worker:
    """A contender in a process of its own, see `worker`.

    Parameters
    ----------
    contender : str
        Name of the contender.
    dtype : str
        Type of data and parameters.
    threads : int or None
        Threads for all its pools.
    root : path-like
        Directory from which the process imports skbackprop and the benchmarks.
    """

    def __init__(self, contender, dtype, threads, root=ROOT):
        self.name = contender
        command = [sys.executable, "-m", "benchmarks.worker"]
        self.process = subprocess.Popen(
            [*command, contender, dtype, str(threads or 0)],
            cwd=root,
            env=environment(threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, command: str, **arguments) -> dict:
        """Send a command, wait for the answer."""
        try:
            self.process.stdin.write(json.dumps({"command": command, **arguments}))
            self.process.stdin.write("\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise WorkerError("the process ended")
        reply = json.loads(line)
        for problem in ("unsupported", "error"):
            if problem in reply:
                raise WorkerError(reply[problem])
        return reply

    def close(self) -> None:
        """Let the process end by itself."""
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
