"""What checkpoints cost: the time of a writing, and that of a fit with them.

``python -m benchmarks.checkpoints [--quick] [--write]``

Adam on noise, batches of 200. Fits with and without checkpoints take turns; times are
the medians over the rounds, of CPU and of the clock. A writing is the state of the
whole fit, brought to the disk.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from skbackprop import BackpropClassifier
from skbackprop.checkpoint import Checkpoint

# Rows, inputs, hidden layers, epochs.
NETWORKS = {
    "1,000 rows, 20-32-1": (1_000, 20, (32,), 200),
    "10,000 rows, 64-100-100-1": (10_000, 64, (100, 100), 20),
    "10,000 rows, 784-300-100-1": (10_000, 784, (300, 100), 10),
}
RHYTHMS = {
    "default": {"seconds": 60.0},
    "every=10": {"every": 10},
    "every=1": {"every": 1},
}
RESULTS = Path(__file__).with_name("checkpoints.md")


def timed(task: Callable[[], object]) -> tuple[float, float]:
    """Seconds of CPU and of the clock."""
    cpu, clock = time.process_time(), time.perf_counter()
    task()
    return time.process_time() - cpu, time.perf_counter() - clock


def measured(network: str, n_rounds: int) -> list[str]:
    """The cells of a row."""
    n_rows, n_in, hidden, n_epochs = NETWORKS[network]
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(n_rows, n_in)), rng.integers(0, 2, n_rows)
    settings = {"max_iter": n_epochs, "tol": 0.0, "n_iter_no_change": n_epochs}

    def fit(**rhythm) -> tuple[float, float]:
        model = BackpropClassifier(hidden, random_state=0, **settings)
        if rhythm:
            model.set_callbacks(Checkpoint(path, resume=False, **rhythm))
        return timed(lambda: model.fit(X, y))

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "fit.ckpt")
        rounds = []
        for _ in range(n_rounds):
            plain = fit()
            rounds.append(
                (plain, {name: fit(**each) for name, each in RHYTHMS.items()})
            )
        size = os.path.getsize(path) / 1e6

    def median(of: Callable[[tuple, dict], float]) -> float:
        return statistics.median(of(*each) for each in rounds)

    def milliseconds(of: Callable[[tuple, dict, int], float]) -> str:
        cpu, clock = (
            median(lambda plain, times: of(plain, times, i))  # noqa: B023
            for i in (0, 1)
        )
        return f"{1e3 * cpu / n_epochs:.1f} / {1e3 * clock / n_epochs:.1f} ms"

    def share(name: str) -> str:
        cpu, clock = (
            median(lambda plain, times: times[name][i] / plain[i] - 1.0)  # noqa: B023
            for i in (0, 1)
        )
        return f"{cpu:+.0%} / {clock:+.0%}"

    return [
        f"{size:.2f} MB",
        milliseconds(lambda plain, times, i: plain[i]),
        milliseconds(lambda plain, times, i: times["every=1"][i] - plain[i]),
        share("default"),
        share("every=10"),
    ]


def table(networks: list[str], n_rounds: int) -> str:
    """All of it, as Markdown."""
    lines = [
        f"Medians of {n_rounds} rounds; CPU / clock. By default a checkpoint is "
        "written once a minute, and at the end: here, at the end alone.",
        "",
        "| network | file | an epoch | a writing | default | `every=10` |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for network in networks:
        cells = [network, *measured(network, n_rounds)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the smallest, 2 rounds")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    networks = [*NETWORKS][:1] if chosen.quick else [*NETWORKS]
    text = table(networks, 2 if chosen.quick else 7)
    print(text)
    if chosen.write:
        RESULTS.write_text(text + "\n")


if __name__ == "__main__":
    main()
