"""A process that holds one contender and does what it is told over a pipe.

One contender a process: the thread pools of OpenBLAS (two copies, NumPy's and
SciPy's), OpenMP and XLA spin for a while after each use and would slow down
whatever runs next in the same process. A line of JSON comes in, one goes out.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
import traceback
import warnings

from .contenders import load
from .contenders.base import Unsupported
from .workloads import WORKLOADS


class Session:
    """The commands a worker understands, each a method."""

    def __init__(self, contender: str, dtype: str, threads: int | None):
        self.make = load(contender)
        self.dtype, self.threads = dtype, threads
        self.contender = None

    def prepare(self, workload: str, n_samples: int, epochs: int) -> dict:
        """Drop the last workload, build this one and warm it up."""
        self.contender = None
        gc.collect()
        shrunk = WORKLOADS[workload].with_rows(n_samples, epochs)
        self.contender = self.make(shrunk, self.dtype, self.threads)
        self.contender.fit(1)
        return {}

    def fit(self, epochs: int) -> dict:
        """One timed fit."""
        gc.collect()
        cpu, start = time.process_time(), time.perf_counter()
        fitted = self.contender.fit(epochs)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        return {"seconds": seconds, "cpu": cpu, **fitted._asdict()}

    def prepare_prediction(self, workload: str, n_rows: int) -> dict:
        """Fit on a few rows; draw the rows to predict."""
        known = WORKLOADS[workload]
        self.contender = self.make(known.with_rows(2_000, 1), self.dtype, self.threads)
        self.contender.ready_to_predict()
        self.rows, _ = known.with_rows(n_rows, 1).data(self.dtype)
        return {}

    def predict(self, n_rows: int, calls: int) -> dict:
        """Time so many calls, after two untimed ones."""
        rows, predict = self.rows[:n_rows], self.contender.predict
        predict(rows), predict(rows)
        cpu, start = time.process_time(), time.perf_counter()
        for _ in range(calls):
            predict(rows)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        return {"seconds": seconds / calls, "cpu": cpu / calls}


def answer(session: Session, request: dict) -> dict:
    """Run one command; an exception becomes part of the answer."""
    command = request.pop("command")
    try:
        return getattr(session, command)(**request)
    except Unsupported as reason:
        return {"unsupported": str(reason)}
    except ImportError as error:
        return {"error": f"{type(error).__name__}: {error}"}
    except Exception as error:
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("contender")
    parser.add_argument("dtype")
    parser.add_argument("threads", type=int, help="0: the library's own choice")
    arguments = parser.parse_args()
    # Whatever a library prints must not end up among the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    warnings.simplefilter("ignore")
    session = Session(arguments.contender, arguments.dtype, arguments.threads or None)
    for line in sys.stdin:
        answers.write(json.dumps(answer(session, json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
