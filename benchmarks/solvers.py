"""Which step-wise solver learns best, on data that ships with scikit-learn.

``python -m benchmarks.solvers [--seeds 3] [--write]``

Two hidden layers of 100, batches of 64, 30 epochs at a constant rate, two folds of 4.
Each solver is shown at the best of its rates, as judged on the same held-out rows.
"""

from __future__ import annotations

import argparse
import warnings
from itertools import product
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    make_friedman1,
)
from sklearn.metrics import log_loss, r2_score
from sklearn.model_selection import KFold, StratifiedKFold

from skbackprop import BackpropClassifier, BackpropRegressor

N_FOLDS = 2
EMA_99 = "adam, EMA(0.99)"
# Five rates that suit each solver, around the one it is used with.
RATES = {
    "sgd": [0.003, 0.01, 0.03, 0.1, 0.3],
    "momentum": [0.003, 0.01, 0.03, 0.1, 0.3],
    "adagrad": [0.003, 0.01, 0.03, 0.1, 0.3],
    "rmsprop": [0.0001, 0.0003, 0.001, 0.003, 0.01],
    "adadelta": [0.03, 0.1, 0.3, 1.0, 3.0],
    "adam": [0.0003, 0.001, 0.003, 0.01, 0.03],
    "adamw": [0.0003, 0.001, 0.003, 0.01, 0.03],
    "nadam": [0.0003, 0.001, 0.003, 0.01, 0.03],
    "amsgrad": [0.0003, 0.001, 0.003, 0.01, 0.03],
    "lion": [0.00003, 0.0001, 0.0003, 0.001, 0.003],
    "muon": [0.0003, 0.001, 0.003, 0.01, 0.03],
    EMA_99: [0.0003, 0.001, 0.003, 0.01, 0.03],
}
DATA = {
    "digits": load_digits,
    "breast cancer": load_breast_cancer,
    "diabetes": load_diabetes,
    "Friedman 1": lambda return_X_y: make_friedman1(1000, noise=1.0, random_state=0),
}
CLASSES = ("digits", "breast cancer")
RESULTS = Path(__file__).with_name("solvers.md")


def settings(solver: str) -> dict:
    """What an estimator is given for a row of the table."""
    if solver != EMA_99:
        return {"solver": solver}
    from skbackprop.averaging import EMA

    return {"solver": "adam", "averaging": EMA(0.99)}


def loss(name: str, solver: str, rate: float, fold: int, seed: int) -> float:
    """Log-loss on held-out rows, or minus R2."""
    warnings.simplefilter("ignore")
    X, y = DATA[name](return_X_y=True)
    is_classes = name in CLASSES
    kind = BackpropClassifier if is_classes else BackpropRegressor
    splitter = (StratifiedKFold if is_classes else KFold)(
        4, shuffle=True, random_state=0
    )
    train, test = list(splitter.split(X, y))[fold]
    model = kind(
        hidden_layer_sizes=(100, 100),
        batch_size=64,
        max_iter=30,
        n_iter_no_change=30,
        learning_rate_init=rate,
        scaling="standard",
        random_state=seed,
        **settings(solver),
    ).fit(X[train], y[train])
    if is_classes:
        return log_loss(y[test], model.predict_proba(X[test]), labels=model.classes_)
    prediction = model.predict(X[test])
    return -r2_score(y[test], np.nan_to_num(prediction, posinf=1e9, neginf=-1e9))


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    arguments = parser.parse_args()
    lines = [
        f"Held-out log-loss (lower is better) or R2 (higher is better), mean of "
        f"{N_FOLDS} folds and {arguments.seeds} seeds, at the best of five rates.",
        "",
        f"| solver | {' | '.join(DATA)} |",
        "| --- |" + " ---: |" * len(DATA),
    ]
    runs = list(product(range(N_FOLDS), range(arguments.seeds)))
    with Parallel(n_jobs=2) as parallel:
        for solver, rates in RATES.items():
            cells = []
            for name in DATA:
                jobs = product(rates, runs)
                found = parallel(
                    delayed(loss)(name, solver, rate, *run) for rate, run in jobs
                )
                best = np.reshape(found, (len(rates), -1)).mean(axis=1).min()
                cells.append(f"{abs(best):.3f}")
            lines.append(f"| {solver} | {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    text = "\n".join(lines) + "\n"
    if arguments.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
