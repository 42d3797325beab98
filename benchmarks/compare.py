"""Did a change make training slower? Two revisions, paired.

``python -m benchmarks.compare main HEAD``; ``.`` is the working tree. Exits with 1 if
on some workload the second is slower than the first beyond both limits.
"""

from __future__ import annotations

import argparse
import io
import statistics
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from . import processes, report, timing
from .__main__ import names
from .contenders import OURS
from .quiet import LIMIT, WAIT_HELP, Gate
from .workloads import WORKLOADS

_BOTH = ("base", "head")


def lay_out(revision: str, directory: Path) -> Path:
    """A directory with the revision's package and these benchmarks."""
    directory.mkdir()
    (directory / "benchmarks").symlink_to(processes.ROOT / "benchmarks")
    if revision == ".":
        (directory / OURS).symlink_to(processes.ROOT / OURS)
        return directory
    command = ["git", "archive", revision, OURS]
    archive = subprocess.run(
        command, cwd=processes.ROOT, check=True, stdout=subprocess.PIPE
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(directory, filter="data")
    return directory


def time_pairs(workers, key: str, repeats: int, quick: bool, gate: Gate):
    """Seconds of each fit, base and head."""
    workload = WORKLOADS[key].quick() if quick else WORKLOADS[key]
    for worker in workers.values():
        shape = {"n_samples": workload.n_samples, "epochs": workload.epochs}
        worker.ask("prepare", workload=key, **shape)
    request = {"command": "fit", "epochs": workload.epochs}
    turns = timing.interleave(workers, lambda _: dict(request), repeats, gate)
    return [[reply["seconds"] for reply in turns[name]] for name in _BOTH]


def compare(workers, arguments, gate: Gate) -> tuple[report.Rows, bool]:
    """A row a workload, and whether any is slower beyond the limits."""
    rows, slower = [], False
    for key in arguments.workloads:
        base, head = time_pairs(workers, key, arguments.repeats, arguments.quick, gate)
        ratio = timing.paired_ratio(head, base)
        lost = statistics.median(h - b for h, b in zip(head, base, strict=True))
        beyond = ratio["median"] > arguments.relative and lost > arguments.absolute
        slower |= beyond
        rows.append(
            [
                key,
                report.duration(statistics.median(base)),
                report.duration(statistics.median(head)),
                report.with_spread(ratio),
                "**slower**" if beyond else "",
            ]
        )
    return rows, slower


def _parse():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare", description=__doc__.split("\n")[0]
    )
    add = parser.add_argument
    add("base", help="a revision, or . for the working tree")
    add("head", help="another")
    add("--workloads", type=names(tuple(WORKLOADS)), default=list("abcde"))
    add("--dtype", choices=("float32", "float64"), default="float32")
    add("--threads", type=int, default=1)
    add("--repeats", type=int, default=7)
    add("--relative", type=float, default=1.1, help="allowed ratio of times")
    add("--absolute", type=float, default=0.01, help="allowed seconds a fit")
    add("--wait", type=float, default=LIMIT, help=WAIT_HELP)
    add("--quick", action="store_true")
    return parser.parse_args()


def main() -> int:
    arguments = _parse()
    with tempfile.TemporaryDirectory() as scratch:
        roots = {
            name: lay_out(getattr(arguments, name), Path(scratch, name))
            for name in _BOTH
        }
        workers = {
            name: processes.Worker(OURS, arguments.dtype, arguments.threads, root)
            for name, root in roots.items()
        }
        try:
            with Gate(arguments.wait) as gate:
                rows, slower = compare(workers, arguments, gate)
        finally:
            for worker in workers.values():
                worker.close()
    print(report.table(["", "base", "head", "head / base", ""], rows))
    return int(slower)


if __name__ == "__main__":
    sys.exit(main())
