"""What each building block costs: microseconds a step, beside the bare step.

``python -m benchmarks.members [--slot dropout] [--repeats 7] [--write]``

Every member of every slot is switched on by itself in an otherwise default classifier
or regressor; members take turns, so that a slow moment of the machine hits all of them.
The figure is the fastest fit of each, divided by its steps.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from skbackprop import BackpropClassifier, BackpropEmbedder, BackpropRegressor
from skbackprop.augmentation import FeatureDropout, GaussianNoise, ImageShift, Mixup
from skbackprop.layers import Activation, Normalization
from skbackprop.losses import ClassificationLoss, PairLoss, RegressionLoss
from skbackprop.penalties import Penalty
from skbackprop.schedules import Schedule
from skbackprop.solvers import Solver

from .machine import cpu_model

N_SAMPLES, N_FEATURES, BATCH, EPOCHS = 4096, 64, 128, 4
COMMON = {
    "hidden_layer_sizes": (128, 128),
    "batch_size": BATCH,
    "max_iter": EPOCHS,
    "n_iter_no_change": EPOCHS,
    "random_state": 0,
}
RESULTS = Path(__file__).with_name("members.md")

Member = tuple[str, str, Any]


def members() -> list[Member]:
    """Slot, name and estimator of everything that can be switched on."""
    classify, regress = BackpropClassifier, BackpropRegressor
    found: list[Member] = [
        ("(bare step)", "classifier", classify(**COMMON)),
        ("(bare step)", "regressor", regress(**COMMON)),
    ]
    named = {
        "activation": Activation,
        "normalization": Normalization,
        "loss": ClassificationLoss,
        "solver": Solver,
        "penalty": Penalty,
        "learning_rate": Schedule,
    }
    for slot, family in named.items():
        for name, member in sorted(family.members().items()):
            if getattr(member, "stepwise", True) and name != "gd":
                found.append((slot, name, classify(**COMMON, **{slot: name})))
    for name in sorted(RegressionLoss.members()):
        found.append(("loss", f"{name} (regressor)", regress(loss=name, **COMMON)))
    values: dict[str, list] = {
        "dropout": [0.5],
        "input_dropout": [0.2],
        "dropconnect": [0.5],
        "max_norm": [3.0],
        "clip_norm": [1.0],
        "clip_value": [1.0],
        "averaging": ["ema", "mean"],
        "scaling": ["standard", "robust"],
        "gradient_health": [True],
        "stopping": ["loss", "weight_change", "misclassified", "time"],
        "augmentation": [GaussianNoise(), FeatureDropout(), Mixup(), ImageShift()],
    }
    for slot, choices in values.items():
        for value in choices:
            found.append((slot, repr(value), classify(**COMMON, **{slot: value})))
    for name in sorted(PairLoss.members()):
        found.append(("embedder's loss", name, BackpropEmbedder(loss=name, **COMMON)))
    return found


def data(estimator: Any) -> tuple[np.ndarray, np.ndarray]:
    """Rows that suit the estimator, in float32."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_SAMPLES, N_FEATURES), dtype=np.float32)
    scores = X @ rng.standard_normal((N_FEATURES, 10), dtype=np.float32)
    if isinstance(estimator, BackpropRegressor):
        return X, np.abs(scores[:, 0]) + np.float32(0.1)
    return X, scores.argmax(axis=1)


def seconds(estimator: Any) -> float:
    """Time of one fit, a step."""
    X, y = data(estimator)
    start = time.perf_counter()
    estimator.fit(X, y)
    return (time.perf_counter() - start) / estimator.n_steps_


def measure(chosen: list[Member], repeats: int) -> list[float]:
    """The fastest step of each, in turns."""
    best = [float("inf")] * len(chosen)
    for _ in range(repeats):
        for place, (_slot, _name, estimator) in enumerate(chosen):
            best[place] = min(best[place], seconds(estimator))
    return best


def table(chosen: list[Member], best: list[float]) -> str:
    """The figures in Markdown; a member's cost is over the bare step of its kind."""
    bare = {
        type(estimator): step
        for (slot, _, estimator), step in zip(chosen, best, strict=True)
        if slot == "(bare step)"
    }
    lines = [
        f"Steps of {BATCH} rows in float32, {N_FEATURES} features, two hidden layers "
        f"of 128; {os.cpu_count()} cores, {cpu_model()}.",
        "",
        "| slot | member | us a step | over the bare step |",
        "| --- | --- | ---: | ---: |",
    ]
    for (slot, name, estimator), step in zip(chosen, best, strict=True):
        ratio = step / bare.get(type(estimator), bare[BackpropClassifier])
        lines.append(f"| {slot} | {name} | {1e6 * step:.0f} | {ratio:.2f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slot", help="only this slot, beside the bare step")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument(
        "--write",
        action="store_true",
        help=f"write {RESULTS.name}, if it is of all slots",
    )
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    chosen = [
        member
        for member in members()
        if arguments.slot in (None, member[0]) or member[0] == "(bare step)"
    ]
    text = table(chosen, measure(chosen, arguments.repeats))
    print(text)
    if arguments.write and arguments.slot is None:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
