"""What pruning costs in accuracy, and what it saves in bytes and time.

    python -m benchmarks.pruning --write             # all of pruning.md, 8 minutes
    python -m benchmarks.pruning --quick             # does it all run? not for quoting
    python -m benchmarks.pruning --data mnist.npz --rows 10000
    python -m benchmarks.pruning --only during size  # some of the tables

``--data`` takes a file of NumPy with ``X`` and ``y`` (or ``x_train`` and ``y_train``),
a name such as ``breast_cancer`` of what scikit-learn brings along, or ``openml:`` and a
name there, such as ``openml:mnist_784``.

A network of two hidden layers of 300 and 100 units (LeNet-300-100) is trained on each
of five folds (two for what is pruned after the fit), pruned, and scored on held-out
rows. Tables tell the change of accuracy
in points against a dense network of the same fold: the one that was pruned, or where it
is pruned during the fit, one that is trained for as many epochs. Folds are trained in
processes of their own, one a core; sizes and times are measured when they are done.
"""

import argparse
import pickle
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from scipy.ndimage import zoom
from sklearn import datasets
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelEncoder, scale
from threadpoolctl import threadpool_limits

from skbackprop import BackpropClassifier
from skbackprop.pruning import (
    Criterion,
    Gradual,
    OneShot,
    PruningSchedule,
    Rewinding,
    compact,
    prune,
    sparsify,
)

HIDDEN = (300, 100)
FACTORS = (5, 12, 25)
UNITS_KEPT = (0.5, 0.125)
TUNED = ("magnitude", "lamp", "taylor", "obd")
ROUNDS, EPOCHS = 10, 2
DURING = (25,)
UNITS_DURING = {"0.5": 0.5}
DURING_EPOCHS = 200
SCHEDULES: dict[str, PruningSchedule] = {
    "gradual, magnitude": Gradual(criterion="magnitude"),
    "gradual, taylor": Gradual(criterion="taylor"),
    "gradual, obd": Gradual(criterion="obd"),
    "rewinding, magnitude": Rewinding(),
    "one_shot, obs": OneShot(),
}
UNIT_SCHEDULES: dict[str, PruningSchedule] = {
    "gradual, taylor": Gradual(unit="neurons", criterion="taylor"),
    "gradual, obs": Gradual(unit="neurons", criterion="obs", n_rounds=10),
    "one_shot, obs": OneShot(unit="neurons", criterion="obs"),
}
TABLES = ("after", "tuned", "units", "during", "size")
BATCH, MANY, REPEATS = 256, 4096, 50
# Among what is not trained any more, differences are larger than those of folds.
AFTER_FOLDS = 2
# The folds of a cell go through it at the same time.
PARALLEL = Parallel(n_jobs=-1, max_nbytes=None)
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
    X, y = datasets.load_digits(return_X_y=True)
    images = zoom(X.reshape(-1, 8, 8) / 16.0, (1, 3.5, 3.5), order=1)
    return images.reshape(len(X), -1), y


def folds(X: np.ndarray, y: np.ndarray, count: int, epochs: int) -> list[Fold]:
    """Train on each of several folds."""

    def fold(number: int, train: np.ndarray, test: np.ndarray) -> Fold:
        model = BackpropClassifier(
            HIDDEN, max_iter=epochs, n_iter_no_change=np.inf, random_state=number
        )
        quietly(model.fit, X[train], y[train])
        return Fold(model, (X[train], y[train]), (X[test], y[test]))

    splitter = StratifiedKFold(5, shuffle=True, random_state=0)
    splits = list(enumerate(splitter.split(X, y)))[:count]
    return PARALLEL(delayed(fold)(number, *split) for number, split in splits)


def named(name: str, rows: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return what the user names, or some rows of it."""
    if name.endswith(".npz"):
        file = np.load(name, allow_pickle=False)
        first, second = ("X", "y") if "X" in file else ("x_train", "y_train")
        X, y = file[first], file[second]
    elif name.startswith("openml:"):
        found = datasets.fetch_openml(name.removeprefix("openml:"), as_frame=False)
        X, y = found.data, found.target
    else:
        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    if rows is not None and rows < len(X):
        some = np.random.default_rng(0).permutation(len(X))[:rows]
        X, y = X[some], y[some]
    X = X.reshape(len(X), -1)
    # Pixels stay pixels; columns of other data have scales of their own.
    pixels = X.min() >= 0 and X.max() == 255
    return X / 255.0 if pixels else scale(X), LabelEncoder().fit_transform(y)


def quietly(call: Callable[..., Any], *given: Any) -> Any:
    """Call without warnings: all train for a number of epochs, converged or not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*given)


def row(label: str, cells: list[str]) -> str:
    """Return a line of a table."""
    return "| " + " | ".join([label, *cells]) + " |"


def changes(trained: list[Fold], prune_one: Callable[[Fold], Any]) -> str:
    """Return the mean change over folds, and how far single ones are from it."""

    def change(fold: Fold) -> float:
        return fold.change(quietly(prune_one, fold))

    found = PARALLEL(delayed(change)(fold) for fold in trained)
    print(".", end="", file=sys.stderr, flush=True)
    return f"{np.mean(found):+.2f} ± {np.std(found):.1f}"


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


def during(
    title: str,
    sets: list[Fold],
    schedules: Mapping[str, PruningSchedule],
    columns: dict[str, float],
) -> list[str]:
    """Prune during fits by several schedules and amounts."""
    lines = ["", f"## {title}", "", row("schedule, criterion", list(columns))]
    lines.append("|" + " --- |" * (len(columns) + 1))
    for name, schedule in schedules.items():
        cells = []
        for amount in columns.values():

            def fit(fold: Fold, amount: float = amount, by: Any = schedule) -> Any:
                model = clone(fold.model)
                model.set_params(pruning=by, pruning__amount=amount)
                return model.fit(*fold.train)

            cells.append(changes(sets, fit))
        lines.append(row(name, cells))
    print(file=sys.stderr)
    return lines


def seconds(models: Mapping[str, Any], X: np.ndarray) -> dict[str, float]:
    """Return the fastest prediction by each model, taken in turn.

    On one thread, time of the processor: other programs do not count.
    """
    best = dict.fromkeys(models, np.inf)
    for _ in range(REPEATS):
        for name, model in models.items():
            start = time.process_time()
            model.predict(X)
            best[name] = min(best[name], time.process_time() - start)
    return best


def smaller(fold: Fold) -> dict[str, Any]:
    """Return a network and what pruning makes of it, in several ways."""
    prunings: dict[str, dict[str, Any]] = {
        "half of the units, compacted": {"unit": "neurons", "amount": 0.5},
        "3/4 of the units, compacted": {"unit": "neurons", "amount": 0.75},
    }
    models = {"dense": fold.model} | {
        name: compact(prune(fold.model, *fold.train, criterion="obs", **options))
        for name, options in prunings.items()
    }
    half = prune(fold.model, *fold.train, criterion="obs", unit="inputs", amount=0.5)
    half = prune(half, *fold.train, criterion="obs", unit="neurons", amount=0.5)
    models["half of the units and inputs"] = compact(half, drop_inputs=True)
    sparse = clone(fold.model).set_params(pruning=Gradual(amount=0.95))
    quietly(sparse.fit, *fold.train)
    X = fold.train[0][:BATCH]
    models["95 % of the weights, dense"] = sparse
    models["95 %, sparse where smaller"] = sparsify(sparse)
    models["95 %, sparse where faster"] = sparsify(sparse, X)
    models["95 %, compacted and both"] = sparsify(compact(sparse), X)
    return models


def savings(models: dict[str, Any], X: np.ndarray, fold: Fold) -> list[str]:
    """Measure files and predictions before and after."""
    titles = ["hidden", "weights", "smaller", "kB", "us", "faster", f"at {MANY}"]
    titles.append("points")
    lines = ["", f"## Size and time: a file, batches of {BATCH} and {MANY} rows", ""]
    lines += [row("network", titles), "|" + " --- |" * 9]
    size = len(pickle.dumps(models["dense"]))
    few, lots = seconds(models, X[:BATCH]), seconds(models, X)
    for name, model in models.items():
        network = model[-1] if isinstance(model, Pipeline) else model
        cells = [
            "-".join(str(coef.shape[1]) for coef in network.coefs_[:-1]),
            str(sum(coef.size for coef in network.coefs_)),
            f"{size / len(pickle.dumps(model)):.1f}x",
            f"{len(pickle.dumps(model)) / 1e3:.0f}",
            f"{few[name] * 1e6:.0f}",
            f"{few['dense'] / few[name]:.1f}x",
            f"{lots['dense'] / lots[name]:.1f}x",
            f"{fold.change(model):+.2f}",
        ]
        lines.append(row(name, cells))
    return lines


def memory(models: dict[str, Any], X: np.ndarray) -> list[str]:
    """Measure what models hold, and what predictions take beside."""
    lines = ["", f"## Memory in kB: of a model, and of predicting {MANY} rows", ""]
    lines += [row("network", ["model", "prediction"]), "|" + " --- |" * 3]
    for name, model in models.items():
        file = pickle.dumps(model)
        tracemalloc.start()
        model = pickle.loads(file)
        held, _ = tracemalloc.get_traced_memory()
        model.predict(X)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        cells = [f"{held / 1e3:.0f}", f"{(peak - held) / 1e3:.0f}"]
        lines.append(row(name, cells))
    return lines


class Report:
    """The tables, each made when asked for."""

    def __init__(self, X: np.ndarray, y: np.ndarray, quick: bool, n_folds: int) -> None:
        self.X, self.y, self.quick = X, y, quick
        self.n_folds = 1 if quick else n_folds
        factors = FACTORS[:2] if quick else FACTORS
        self.kept = {f"1/{factor}": 1 - 1 / factor for factor in factors}
        shares = UNITS_KEPT[:1] if quick else UNITS_KEPT
        self.units_kept = {f"{share:g}": 1 - share for share in shares}
        self.tuning = {"n_rounds": ROUNDS, "fine_tune_epochs": 1 if quick else EPOCHS}
        self.tuned_title = f"{ROUNDS} rounds, {self.tuning['fine_tune_epochs']} epochs"

    @cached_property
    def trained(self) -> list[Fold]:
        """Networks to prune afterwards."""
        count = min(self.n_folds, AFTER_FOLDS)
        return folds(self.X, self.y, count, 3 if self.quick else 40)

    @cached_property
    def controls(self) -> list[Fold]:
        """Dense networks, trained as long as those that are pruned meanwhile."""
        epochs = 10 if self.quick else DURING_EPOCHS
        return folds(self.X, self.y, self.n_folds, epochs)

    def after(self) -> list[str]:
        """Prune weights afterwards, without training."""
        everything = sorted(Criterion.members())
        title = f"Weights kept, no fine-tuning; dense {mean_score(self.trained)}"
        return table(title, self.trained, everything, self.kept)

    def tuned(self) -> list[str]:
        """Prune weights afterwards, in rounds."""
        # The surgeon would take minutes for ten rounds on single weights.
        title = f"Weights kept, {self.tuned_title} each"
        return table(title, self.trained, list(TUNED), self.kept, **self.tuning)

    def units(self) -> list[str]:
        """Prune units afterwards."""
        unit, kept = {"unit": "neurons"}, self.units_kept
        everything = sorted(Criterion.members())
        title = f"Units kept, no fine-tuning; dense {mean_score(self.trained)}"
        lines = table(title, self.trained, everything, kept, **unit)
        title, some = f"Units kept, {self.tuned_title} each", [*TUNED, "obs"]
        return lines + table(title, self.trained, some, kept, **unit, **self.tuning)

    def during(self) -> list[str]:
        """Prune during fits."""
        factors = DURING[:1] if self.quick else DURING
        kept = {f"1/{factor}": 1 - 1 / factor for factor in factors}
        epochs = self.controls[0].model.max_iter
        what = f"{epochs} epochs in all; dense, as long, {mean_score(self.controls)}"
        lines = during(f"Weights kept, {what}", self.controls, SCHEDULES, kept)
        title = f"Units kept, {what}"
        return lines + during(title, self.controls, UNIT_SCHEDULES, UNITS_DURING)

    def size(self) -> list[str]:
        """Measure files, predictions and memory."""
        X = self.controls[0].train[0][:BATCH]
        many = np.tile(X, (MANY // BATCH, 1))
        with threadpool_limits(1):
            models = smaller(self.controls[0])
            return savings(models, many, self.controls[0]) + memory(models, many)

    def text(self, names: Sequence[str]) -> str:
        """Return some tables, or all."""
        lines = ["# Pruning", ""]
        lines.append(
            f"{len(self.X)} rows, {self.X.shape[1]} features; changes in points, "
        )
        lines[-1] += "mean and spread of folds."
        for name in names:
            lines += getattr(self, name)()
        return "\n".join(lines) + "\n"


def mean_score(sets: list[Fold]) -> str:
    """Return the mean accuracy of dense networks."""
    mean = np.mean([100 * fold.model.score(*fold.test) for fold in sets])
    return f"{mean:.2f} %, {len(sets)} folds"


def main() -> None:
    """Read the arguments, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a fraction of the work")
    parser.add_argument("--data", help="a file, or a name")
    parser.add_argument("--rows", type=int, help="so many of its rows, at random")
    parser.add_argument("--folds", type=int, choices=range(1, 6), default=5)
    parser.add_argument("--only", nargs="+", choices=TABLES, default=TABLES)
    parser.add_argument("--write", action="store_true", help="write pruning.md")
    options = parser.parse_args()
    X, y = enlarged_digits()
    if options.data is not None:
        X, y = named(options.data, options.rows)
    report = Report(X.astype(np.float32), y, options.quick, options.folds)
    text = report.text(options.only)
    print(text)
    if options.write:
        (HERE / "pruning.md").write_text(text)


if __name__ == "__main__":
    main()
