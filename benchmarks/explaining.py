"""How fast explanations are, and how far from Shapley values.

    python -m benchmarks.explaining             # some minutes
    python -m benchmarks.explaining --quick     # does it all run? not for quoting
    python -m benchmarks.explaining --write     # also writes explaining.md

Networks of two hidden layers of 128 units are explained by the explainers of this
package, by those of shap that take any function, and by those of shap that take a
network of PyTorch, which gets the same weights. All run on one thread and take turns;
the fastest turn counts, in processor time. Slow ones explain fewer rows; times are
those of 100 rows.

Errors are distances to Shapley values, relative to their length: exact ones of ten
features, from all coalitions, or those of a long run of random permutations. How many
times as long KernelExplainer and DeepExplainer take is written beside each time.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skbackprop import BackpropClassifier
from skbackprop.inspection import (
    CoalitionGradients,
    ExpectedGradients,
    GradientExplainer,
    IntegratedGradients,
    RescaleExplainer,
)

from .machine import cpu_model, versions

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import shap
    import torch

HIDDEN, BACKGROUND, ROWS = (128, 128), 100, 100
HERE = Path(__file__).parent
# Those that others are compared with.
KERNEL, DEEP = "shap.KernelExplainer", "shap.DeepExplainer, PyTorch"


@dataclass
class Problem:
    """A fitted network, rows to compare with, and rows to explain."""

    model: Any
    background: np.ndarray
    rows: np.ndarray

    def score(self, X: np.ndarray) -> np.ndarray:
        """Return what is explained."""
        return self.model.decision_function(X)

    def network(self) -> Any:
        """Return the same network for PyTorch."""
        layers: list[Any] = []
        for coef, bias in zip(self.model.coefs_, self.model.intercepts_, strict=True):
            linear = torch.nn.Linear(*coef.shape)
            linear.weight.data[:] = torch.tensor(coef.T)
            linear.bias.data[:] = torch.tensor(bias)
            layers += [linear, torch.nn.ReLU()]
        return torch.nn.Sequential(*layers[:-1])


@dataclass
class Contender:
    """A way to explain, ready to run."""

    name: str
    explain: Callable[[np.ndarray], np.ndarray]
    rows: int
    turns: int = 5
    seconds: float = np.inf
    values: np.ndarray = field(default_factory=lambda: np.empty(0))

    def run(self, rows: np.ndarray) -> None:
        """Explain once, and keep the shortest time."""
        start = time.process_time()
        self.values = np.asarray(self.explain(rows[: self.rows]))
        seconds = (time.process_time() - start) * ROWS / min(self.rows, len(rows))
        self.seconds = min(self.seconds, seconds)


def problem(load: Callable, n_features: int | None = None) -> Problem:
    """Train on the rows that come last, and explain the first ones."""
    X, y = load(return_X_y=True)
    X = StandardScaler().fit_transform(X)[:, :n_features]
    order = np.random.RandomState(0).permutation(len(X))
    X, y = X[order], y[order]
    model = BackpropClassifier(HIDDEN, max_iter=30, tol=0.0, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X[ROWS:], y[ROWS:])
    return Problem(model, X[-BACKGROUND:], X[:ROWS])


def ours(at: Problem) -> list[Contender]:
    """Return the explainers of this package."""

    def gradients(method: Any) -> Callable:
        explainer = GradientExplainer(at.model, at.background, method=method)
        return explainer.shap_values

    rescale = RescaleExplainer(at.model, at.background)
    methods: list[tuple[str, Any]] = [
        ("coalitions, 100 samples", CoalitionGradients(100)),
        ("coalitions, 400 samples", CoalitionGradients(400)),
        ("integrated, 8 nodes", IntegratedGradients(8)),
        ("integrated, 16 nodes", IntegratedGradients(16)),
        ("expected, 200 samples", ExpectedGradients(200)),
    ]
    return [
        Contender("RescaleExplainer", rescale.shap_values, ROWS),
        *(
            Contender(f"GradientExplainer, {name}", gradients(method), ROWS)
            for name, method in methods
        ),
    ]


def of_networks(at: Problem) -> list[Contender]:
    """Return the explainers of shap for networks of PyTorch."""
    network, background = at.network(), torch.tensor(at.background).float()
    deep = shap.DeepExplainer(network, background)
    sampled = shap.GradientExplainer(network, background)

    def by_rescaling(X: np.ndarray) -> np.ndarray:
        rows = torch.tensor(X).float()
        return np.squeeze(deep.shap_values(rows, check_additivity=False))

    def by_samples(X: np.ndarray) -> np.ndarray:
        rows = torch.tensor(X).float()
        return np.squeeze(sampled.shap_values(rows, nsamples=200, rseed=0))

    return [
        Contender(DEEP, by_rescaling, ROWS),
        Contender("shap.GradientExplainer, PyTorch", by_samples, ROWS),
    ]


def of_functions(at: Problem, n_rows: int) -> list[Contender]:
    """Return the explainers of shap that take any function."""
    kernel = shap.KernelExplainer(at.score, at.background)
    sampling = shap.SamplingExplainer(at.score, at.background)

    def by_kernel(**options: Any) -> Callable:
        return lambda X: kernel.shap_values(X, silent=True, **options)

    def by_permutations(X: np.ndarray) -> np.ndarray:
        masker = shap.maskers.Independent(at.background, len(at.background))
        return shap.PermutationExplainer(at.score, masker, seed=0)(
            X, silent=True
        ).values

    def by_samples(X: np.ndarray) -> np.ndarray:
        return sampling.shap_values(X, silent=True)

    return [
        Contender(KERNEL, by_kernel(), n_rows, 2),
        Contender(
            "shap.KernelExplainer, l1_reg=False", by_kernel(l1_reg=False), n_rows, 1
        ),
        Contender("shap.SamplingExplainer", by_samples, n_rows, 1),
        Contender("shap.PermutationExplainer", by_permutations, n_rows, 2),
    ]


def exact(at: Problem, n_rows: int, permutations: int) -> np.ndarray:
    """Return Shapley values from all coalitions."""
    n = at.rows.shape[1]
    codes = np.arange(2**n)
    members = (codes[:, np.newaxis] >> np.arange(n)) & 1
    size = members.sum(axis=1)
    factorial = np.cumprod([1.0, *range(1, n + 1)])
    found = np.zeros((n_rows, n))
    for row, x in enumerate(at.rows[:n_rows]):
        worth = np.array([_worth(at, x, each.astype(bool)) for each in members])
        for j in range(n):
            without = codes[members[:, j] == 0]
            share = factorial[size[without]] * factorial[n - 1 - size[without]]
            gain = worth[without | (1 << j)] - worth[without]
            found[row, j] = share @ gain / factorial[n]
    return found


def permuted(at: Problem, n_rows: int, permutations: int) -> np.ndarray:
    """Return Shapley values from random permutations, each forwards and backwards."""
    rng, n = np.random.RandomState(0), at.rows.shape[1]
    found = np.zeros((n_rows, n, *at.score(at.rows[:1]).shape[1:]))
    for row, x in enumerate(at.rows[:n_rows]):
        for _ in range(permutations):
            order = rng.permutation(n)
            for walk in (order, order[::-1]):
                # All coalitions of the walk in one call: a block of rows for each.
                mixed = np.repeat(at.background[np.newaxis], n + 1, axis=0)
                for step, j in enumerate(walk, start=1):
                    mixed[step:, :, j] = x[j]
                scores = at.score(mixed.reshape(-1, n))
                worth = scores.reshape(*mixed.shape[:2], *scores.shape[1:]).mean(axis=1)
                found[row, walk] += np.diff(worth, axis=0)
    return found / (2 * permutations)


def _worth(at: Problem, x: np.ndarray, members: np.ndarray) -> float:
    return float(at.score(np.where(members, x, at.background)).mean())


def measure(at: Problem, contenders: list[Contender], turns: int) -> None:
    """Let all take turns."""
    for turn in range(turns):
        for each in contenders:
            if turn < each.turns:
                each.run(at.rows)
                print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def table(
    title: str, at: Problem, contenders: list[Contender], reference: np.ndarray
) -> list[str]:
    """Return the times, the errors, and by how much values miss their sum."""
    seconds = {each.name: each.seconds for each in contenders}
    lines = ["", f"## {title}", ""]
    lines.append("| | 100 rows | error | Kernel's | Deep's | misses the sum by |")
    lines.append("| --- | --: | --: | --: | --: | --: |")
    change = at.score(at.rows) - at.score(at.background).mean(axis=0)
    for each in contenders:
        missed = np.abs(each.values.sum(axis=1) - change[: len(each.values)]).max()
        error = f"{_distance(each.values, reference):.3f}"
        times = " | ".join(
            f"{_short(seconds[other] / each.seconds)} x" for other in (KERNEL, DEEP)
        )
        lines.append(
            f"| {each.name} | {each.seconds:.3g} s | {error} | {times} | {missed:.0e} |"
        )
    return lines


def _short(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.2g}"


def _distance(values: np.ndarray, reference: np.ndarray) -> float:
    n = min(len(values), len(reference))
    difference = np.linalg.norm(values[:n] - reference[:n])
    return float(difference / np.linalg.norm(reference[:n]))


CASES: list[tuple[str, Callable, int | None, Callable]] = [
    ("Breast cancer, 30 features", load_breast_cancer, None, permuted),
    ("Breast cancer, the first 10 features", load_breast_cancer, 10, exact),
    ("Digits, 64 features, 10 classes", load_digits, None, permuted),
]


def heading() -> list[str]:
    """Return where and with what this was measured."""
    packages = " ".join(
        f"{name} {versions().get(name, '?')}" for name in ("numpy", "torch")
    )
    machine = f"{cpu_model()}, one thread; {packages}, shap {shap.__version__}"
    return [
        "# Explaining",
        "",
        f"{machine}; background of {BACKGROUND} rows. Errors are distances to Shapley "
        "values, relative to their length; the columns *Kernel's* and *Deep's* tell "
        "how many times as long `shap.KernelExplainer` and `shap.DeepExplainer` take.",
    ]


def report(quick: bool) -> list[str]:
    """Run all cases, and return their tables."""
    turns, slow, permutations = (1, 1, 5) if quick else (5, 10, 200)
    lines = heading()
    for title, load, n_features, truth in CASES:
        at = problem(load, n_features)
        contenders = ours(at) + of_networks(at) + of_functions(at, slow)
        measure(at, contenders, turns)
        reference = truth(at, slow, permutations)
        lines += table(title, at, contenders, reference)
    return lines


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lines = report(options.quick)
    print("\n".join(lines))
    if options.write:
        (HERE / "explaining.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
