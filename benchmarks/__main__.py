"""The command line: ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import datetime
import json
import shlex
import sys
from pathlib import Path

from . import contenders, machine, memory, report, timing, training
from .processes import Worker, WorkerError
from .quiet import LIMIT, WAIT_HELP, Gate
from .workloads import FULL_BATCH, STOCHASTIC

HERE = Path(__file__).resolve().parent
PARTS = ("train", "predict", "memory")


def names(allowed):
    """An argparse type: names separated by commas."""

    def parse(text: str) -> list[str]:
        chosen = [name for name in text.split(",") if name]
        unknown = [name for name in chosen if name not in allowed]
        if unknown:
            raise argparse.ArgumentTypeError(
                f"{', '.join(unknown)}: not among {', '.join(allowed)}"
            )
        return chosen

    return parse


def parse_arguments(argv=None) -> argparse.Namespace:
    every = (contenders.REFERENCE, *contenders.OTHERS)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add(
        "--workloads",
        type=names((*STOCHASTIC, *FULL_BATCH)),
        help=f"adam: {','.join(STOCHASTIC)}; lbfgs: {','.join(FULL_BATCH)}; all",
    )
    add("--dtype", choices=("float32", "float64", "both"), default="both")
    add(
        "--against",
        type=names(every),
        default=list(every),
        help=f"{','.join(every)}: those installed take part",
    )
    add("--solver", choices=("adam", "lbfgs", "both"), default="both")
    add("--parts", type=names(PARTS), default=list(PARTS), help=",".join(PARTS))
    add("--repeats", type=int, help="rounds; 7, with --quick 3")
    add("--threads", default="auto", help="a number for every library, or auto")
    add("--wait", type=float, default=LIMIT, help=WAIT_HELP)
    add("--quick", action="store_true", help="an eighth of the rows, fewer epochs")
    add("--write", action="store_true", help="write results.md and results.json")
    arguments = parser.parse_args(argv)
    if arguments.threads != "auto" and not arguments.threads.isdigit():
        parser.error(f"--threads takes a number or auto, got {arguments.threads}")
    return arguments


def chosen_workloads(arguments: argparse.Namespace) -> list[str]:
    """Keys in the order of their definition."""
    pool = {
        "adam": STOCHASTIC,
        "lbfgs": FULL_BATCH,
        "both": STOCHASTIC | FULL_BATCH,
    }[arguments.solver]
    return [k for k in pool if not arguments.workloads or k in arguments.workloads]


def taking_part(against: list[str]) -> list[str]:
    """scikit-learn if asked for, this package, the others, the limit."""
    order = (contenders.REFERENCE, contenders.OURS, *contenders.OTHERS)
    asked = (*against, contenders.OURS)
    present = [n for n in order if n in asked and contenders.installed(n)]
    return [*present, contenders.LIMIT]


def start_workers(names, dtype, threads) -> dict[str, Worker]:
    """One process a contender; those that do not come up are left out."""
    return {name: Worker(name, dtype, threads) for name in names}


def measure(arguments: argparse.Namespace, dtype: str, gate: Gate) -> list[dict]:
    """All records of one dtype."""
    threads = None if arguments.threads == "auto" else int(arguments.threads)
    repeats = arguments.repeats or (3 if arguments.quick else 7)
    names = taking_part(arguments.against)
    records = []
    workers = start_workers(names, dtype, threads)
    try:
        if "train" in arguments.parts:
            for key in chosen_workloads(arguments):
                records += training.time_fits(
                    workers, key, dtype, repeats, arguments.quick, gate
                )
        if "predict" in arguments.parts:
            records += training.time_predictions(
                workers, dtype, repeats, arguments.quick, gate
            )
    finally:
        for worker in workers.values():
            worker.close()
    if "memory" in arguments.parts:
        takers = [name for name in names if name != contenders.LIMIT]
        records += memory.measure(takers, dtype, threads, arguments.quick)
    return records


def describe_run(arguments: argparse.Namespace, dtypes: list[str]) -> dict:
    """What the report's head says."""
    return {
        "command": shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]),
        "date": datetime.date.today().isoformat(),
        "threads": None if arguments.threads == "auto" else int(arguments.threads),
        "quick": arguments.quick,
        "dtypes": dtypes,
        "machine": machine.describe(),
    }


def write(meta: dict, records: list[dict], text: str) -> None:
    """Keep the results; a full run's figures go into the project's README."""
    (HERE / "results.md").write_text(text)
    results = {"run": meta, "records": records}
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    readme = HERE.parent / "README.md"
    if readme.exists() and not meta["quick"]:
        quoted = report.quotation(meta, records)
        readme.write_text(report.replace_quotation(readme.read_text(), quoted))


def main() -> int:
    arguments = parse_arguments()
    dtypes = ["float32", "float64"] if arguments.dtype == "both" else [arguments.dtype]
    meta = describe_run(arguments, dtypes)
    records = []
    try:
        with Gate(arguments.wait) as gate:
            for dtype in dtypes:
                timing.note(dtype)
                records += measure(arguments, dtype, gate)
    except WorkerError as error:
        timing.note(f"stopped: {error}")
        return 1
    meta["gate"] = gate.told()
    text = report.render(meta, records)
    print(text)
    if arguments.write:
        write(meta, records, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
