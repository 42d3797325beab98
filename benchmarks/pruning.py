"""What pruning costs in accuracy, and what it saves in bytes and time.

    python -m benchmarks.pruning                     # digits, enlarged to 28 x 28
    python -m benchmarks.pruning --quick             # does it all run? not for quoting
    python -m benchmarks.pruning --data mnist.npz    # any X and y, in a file of NumPy
    python -m benchmarks.pruning --write             # also writes pruning.md

A network of two hidden layers of 300 and 100 units (LeNet-300-100) is trained on each
of several folds, pruned, and scored on held-out rows. Tables tell the change of
accuracy in points against the dense network of the same fold.
"""

import argparse
import pickle
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import zoom
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from skbackprop import BackpropClassifier
from skbackprop.pruning import Criterion, compact, prune

HIDDEN = (300, 100)
FACTORS = (2, 5, 10, 12, 25, 50)
UNITS_KEPT = (0.5, 0.25, 0.125)
TUNED = ("magnitude", "lamp", "taylor", "obd")
ROUNDS, EPOCHS = 10, 2
BATCH, REPEATS = 256, 200
HERE = Path(__file__).parent


@dataclass
class Fold:
    """A trained network, and rows that it has not seen."""

    model: Any
    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]

    def change(self, pruned: Any) -> float:
        """Return by how many points a pruned network is better."""
        return 100.0 * (pruned.score(*self.test) - self.model.score(*self.test))


def enlarged_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return scikit-learn's digits with as many pixels as MNIST has."""
    X, y = load_digits(return_X_y=True)
    images = zoom(X.reshape(-1, 8, 8) / 16.0, (1, 3.5, 3.5), order=1)
    return images.reshape(len(X), -1), y


def folds(X: np.ndarray, y: np.ndarray, count: int, epochs: int) -> Iterator[Fold]:
    """Train on each of several folds."""
    splitter = StratifiedKFold(5, shuffle=True, random_state=0)
    for number, (train, test) in enumerate(splitter.split(X, y)):
        if number == count:
            return
        model = BackpropClassifier(HIDDEN, max_iter=epochs, random_state=number)
        model.fit(X[train], y[train])
        yield Fold(model, (X[train], y[train]), (X[test], y[test]))


def row(label: str, cells: list[str]) -> str:
    """Return a line of a table."""
    return "| " + " | ".join([label, *cells]) + " |"


def changes(trained: list[Fold], prune_one: Callable[[Fold], Any]) -> str:
    """Return the mean change over folds, and how far single ones are from it."""
    found = [fold.change(prune_one(fold)) for fold in trained]
    print(".", end="", file=sys.stderr, flush=True)
    return f"{np.mean(found):+.1f} ± {np.std(found):.1f}"


def table(
    title: str,
    trained: list[Fold],
    criteria: list[str],
    columns: dict[str, float],
    **options: Any,
) -> list[str]:
    """Prune by every criterion and amount."""
    lines = ["", f"## {title}", "", row("criterion", list(columns))]
    lines.append("|" + " --- |" * (len(columns) + 1))
    for criterion in criteria:
        cells = []
        for amount in columns.values():

            def prune_one(fold: Fold, amount: float = amount, by: str = criterion):
                return prune(
                    fold.model, *fold.train, criterion=by, amount=amount, **options
                )

            cells.append(changes(trained, prune_one))
        lines.append(row(criterion, cells))
    print(file=sys.stderr)
    return lines


def seconds(model: Any, X: np.ndarray) -> float:
    """Return the fastest prediction of a batch."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        model.predict(X)
        times.append(time.perf_counter() - start)
    return min(times)


def savings(fold: Fold) -> list[str]:
    """Measure files and predictions before and after."""
    lines = ["", f"## Size and time: a file, a batch of {BATCH} rows", ""]
    lines.append(row("network", ["hidden", "weights", "kB", "us", "faster"]))
    lines.append("|" + " --- |" * 6)
    X = fold.train[0][:BATCH]
    prunings: dict[str, dict[str, Any]] = {
        "half of the units, compacted": {"unit": "neurons", "amount": 0.5},
        "3/4 of the units, compacted": {"unit": "neurons", "amount": 0.75},
        "95 % of the weights, compacted": {"amount": 0.95},
    }
    models = {"dense": fold.model} | {
        name: compact(prune(fold.model, *fold.train, criterion="obs", **options))
        for name, options in prunings.items()
    }
    dense = seconds(fold.model, X)
    for name, model in models.items():
        took = seconds(model, X)
        cells = [
            "-".join(str(coef.shape[1]) for coef in model.coefs_[:-1]),
            str(sum(coef.size for coef in model.coefs_)),
            f"{len(pickle.dumps(model)) / 1e3:.0f}",
            f"{took * 1e6:.0f}",
            f"{dense / took:.1f}x",
        ]
        lines.append(row(name, cells))
    return lines


def report(X: np.ndarray, y: np.ndarray, quick: bool) -> str:
    """Run everything."""
    trained = list(folds(X, y, 1 if quick else 3, 3 if quick else 40))
    scores = [100 * fold.model.score(*fold.test) for fold in trained]
    factors = FACTORS[:2] if quick else FACTORS
    kept = {f"1/{factor}": 1 - 1 / factor for factor in factors}
    units = {f"{share:g}": 1 - share for share in UNITS_KEPT}
    tuning = {"n_rounds": ROUNDS, "fine_tune_epochs": 1 if quick else EPOCHS}
    everything = sorted(Criterion.members())
    head = f"{len(X)} rows, {X.shape[1]} features; {len(trained)} folds; dense"
    lines = ["# Pruning", "", f"{head} {np.mean(scores):.1f} %."]
    tuned = f"{ROUNDS} rounds, {tuning['fine_tune_epochs']} epochs each"
    lines += table("Weights kept, no fine-tuning", trained, everything, kept)
    # The surgeon would take minutes for ten rounds on single weights.
    some = list(TUNED)
    lines += table(f"Weights kept, {tuned}", trained, some, kept, **tuning)
    options = {"unit": "neurons"}
    lines += table("Units kept, no fine-tuning", trained, everything, units, **options)
    options = options | tuning
    some = [*TUNED, "obs"]
    lines += table(f"Units kept, {tuned}", trained, some, units, **options)
    with threadpool_limits(1):
        lines += savings(trained[0])
    return "\n".join(lines) + "\n"


def main() -> None:
    """Read the arguments, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a fraction of the work")
    parser.add_argument("--data", type=Path, help="an .npz file with X and y")
    parser.add_argument("--write", action="store_true", help="write pruning.md")
    options = parser.parse_args()
    X, y = enlarged_digits()
    if options.data is not None:
        given = np.load(options.data)
        X, y = given["X"].reshape(len(given["X"]), -1), given["y"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = report(X.astype(np.float32), y, options.quick)
    print(text)
    if options.write:
        (HERE / "pruning.md").write_text(text)


if __name__ == "__main__":
    main()
