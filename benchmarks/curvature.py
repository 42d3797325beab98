"""What curvature costs and how exact it is.

``python -m benchmarks.curvature [--repeats 15] [--write]``

Products are timed in turns with gradients, the fastest of each: their ratio is what the
targets are about. What counts is processor time, so that a busy machine matters less.
Run it with one thread (``OPENBLAS_NUM_THREADS=1``).
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.sparse.linalg import LinearOperator, aslinearoperator
from sklearn.datasets import load_digits, load_wine

from skbackprop import BackpropClassifier
from skbackprop.architecture import mlp
from skbackprop.core.data import Data, MatrixTarget, OneHotTarget
from skbackprop.curvature import (
    curvature_matrix,
    estimate_trace,
    extreme_eigenvalues,
    hessian_operator,
    spectral_density,
)
from skbackprop.evaluation import Evaluation
from skbackprop.layers import Activation
from skbackprop.linearization import CurvatureProducts
from skbackprop.losses import CrossEntropy, SquaredError
from skbackprop.objective import Objective
from skbackprop.penalties import L2

from .machine import describe

RESULTS = Path(__file__).with_name("curvature.md")
# Name, widths, activation and rows.
SHAPES = [
    ("friedman", (5, 20, 1), "tanh", 1000),
    ("digits", (64, 32, 10), "tanh", 1797),
    ("digits, deep", (64, 100, 50, 10), "tanh", 1797),
    ("four of 100", (100, 100, 100, 100, 100, 10), "relu", 2000),
    ("LeNet-300-100", (784, 300, 100, 10), "relu", 2000),
]
KEPT, ANEW = 2**31, 0


def problem(widths: tuple[int, ...], activation: str, n_rows: int) -> tuple:
    """Return an objective, parameters and random rows."""
    rng = np.random.RandomState(0)
    member = Activation.members()[activation]
    hidden = list(widths[1:-1])
    network = mlp(widths[0], hidden, [member() for _ in hidden], widths[-1])
    X = rng.standard_normal((n_rows, widths[0]))
    if widths[-1] == 1:
        objective = Objective(network, SquaredError(), L2(1e-4))
        target = MatrixTarget(rng.standard_normal((n_rows, 1)))
    else:
        objective = Objective(network, CrossEntropy((widths[-1],)), L2(1e-4))
        labels = rng.randint(widths[-1], size=(n_rows, 1))
        target = OneHotTarget(labels, (widths[-1],))
    return objective, network.initial(rng, np.dtype(float)), Data(X, target)


def in_turns(tasks: list[Callable], repeats: int) -> list[float]:
    """The fastest run of each, in milliseconds."""
    best = [float("inf")] * len(tasks)
    for _ in range(repeats + 1):
        for place, task in enumerate(tasks):
            start = time.process_time()
            task()
            best[place] = min(best[place], 1e3 * (time.process_time() - start))
    return best


def costs(repeats: int) -> list[str]:
    """Products, in gradients."""
    lines = [
        "| network | rows | gradient (ms) | Hessian, kept | anew | 8 at once, each "
        "| Gauss-Newton, kept | anew | its diagonal | bare Hessian, kept | anew |",
        "| --- |" + " ---: |" * 10,
    ]
    for name, widths, activation, n_rows in SHAPES:
        objective, theta, data = problem(widths, activation, n_rows)
        gradient = Evaluation(objective, theta, data).value_and_gradient
        kept, anew = (
            CurvatureProducts(objective, theta, data, cache_bytes=size)
            for size in (KEPT, ANEW)
        )
        v, several = np.ones(theta.size), np.ones((8, theta.size))
        tasks = [
            gradient,
            lambda p=kept, v=v: p.hessian(v),
            lambda p=anew, v=v: p.hessian(v),
            lambda p=kept, v=several: p.hessian(v),
            lambda p=kept, v=v: p.gauss_newton(v),
            lambda p=anew, v=v: p.gauss_newton(v),
            kept.gauss_newton_diagonal,
        ]
        unit, *others = in_turns(tasks, repeats)
        ratios = np.array(others) / unit
        ratios[2] /= 8
        cells = " | ".join(f"{ratio:.2f}" for ratio in ratios)
        bare = " | ".join(f"{ratio:.2f}" for ratio in least(widths, activation))
        lines.append(
            f"| {name} {'-'.join(map(str, widths))} | {n_rows} | {unit:.2f} | {cells} "
            f"| {bare} |"
        )
    return lines


def least(widths: tuple[int, ...], activation: str) -> tuple[float, float]:
    """The matrix products of a Hessian product over those of a gradient: kept, anew."""
    sizes = [a * b for a, b in pairwise(widths)]
    first, rest = sizes[0], sum(sizes[1:])
    # Where the first activation does not bend, nobody asks for its gradient.
    anew = 3 * first + 8 * rest - sizes[1] * (activation == "relu")
    unit = 2 * first + 3 * rest
    return (2 * first + 6 * rest) / unit, anew / unit


def fitted() -> tuple:
    """A network of 343 parameters on real data."""
    X, y = load_wine(return_X_y=True)
    model = BackpropClassifier(
        (20,), activation="tanh", scaling="standard", solver="lbfgs", alpha=0.01,
        random_state=0,
    )  # fmt: skip
    return model.fit(X, y), X, y


def exactness() -> list[str]:
    """Errors of products and of what is made of them."""
    model, X, y = fitted()
    matrix = curvature_matrix(model, X, y)
    operator = hessian_operator(model, X, y)
    whole = operator @ np.eye(len(matrix))
    lines = [
        f"- wine, {len(matrix)} parameters: asymmetry of the Hessian "
        f"{np.abs(whole - whole.T).max() / np.abs(whole).max():.0e}"
    ]
    every = np.linalg.eigvalsh(matrix)
    for k, which in [(1, "largest"), (3, "both"), (6, "both")]:
        counted = Counted(matrix)
        found = extreme_eigenvalues(counted, k, which=which, random_state=0).values
        wanted = every[-1:] if which == "largest" else np.r_[every[:k], every[-k:]]
        error = np.abs(found - wanted).max() / every[-1]
        lines.append(f"- {k} {which}: {counted.n} products, off by {error:.0e}")
    for n_vectors, n_steps in [(10, 60), (10, 100)]:
        errors = [
            spectral_density(
                matrix, n_vectors=n_vectors, n_steps=n_steps, random_state=seed
            ).trace
            / every.sum()
            - 1
            for seed in range(20)
        ]
        lines.append(
            f"- density, {n_vectors} vectors of {n_steps} steps: trace off by "
            f"{100 * np.sqrt(np.mean(np.square(errors))):.1f} % (root mean square)"
        )
    return lines


class Counted(LinearOperator):
    """A matrix that counts products."""

    def __init__(self, matrix: np.ndarray) -> None:
        self.matrix, self.n = matrix, 0
        super().__init__(matrix.dtype, matrix.shape)

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        self.n += 1
        return self.matrix @ x


def traces() -> list[str]:
    """Relative errors of the trace, by the number of products."""
    model, X, y = fitted()
    digits, labels = load_digits(return_X_y=True)
    small = BackpropClassifier(
        (8,), activation="tanh", scaling="standard", solver="lbfgs", random_state=0
    )
    cases = [
        ("wine", curvature_matrix(model, X, y)),
        ("digits", curvature_matrix(small.fit(digits, labels), digits, labels)),
    ]
    lines = [
        "| Hessian | products | Hutch++ | Hutchinson |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, matrix in cases:
        operator, exact = aslinearoperator(matrix), np.trace(matrix)
        for n in (12, 30, 60, 100):
            cells = []
            for n_sketch in (None, 0):
                off = [
                    estimate_trace(
                        operator, n, n_sketch=n_sketch, random_state=seed
                    ).value
                    / exact
                    - 1
                    for seed in range(50)
                ]
                cells.append(f"{100 * np.sqrt(np.mean(np.square(off))):.2f} %")
            title = f"{name}, {len(matrix)} parameters"
            lines.append(f"| {title} | {n} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    machine = describe()
    lines = [
        "# Curvature",
        "",
        f"{machine['cpu']}, {machine['cores']} cores, load {machine['load']}, float64.",
        "",
        "Products, in gradients of the same rows. Targets: at most 1.6 where the "
        "linearised network is kept, 2.5 where it is made anew. The last two columns "
        "are the ratios of the bare matrix products, below which nothing gets at equal "
        "speed. With f weights in the first layer and r in all others, a gradient is "
        "2f + 3r; a product with the Hessian is 2f + 6r, each of the three having two "
        "factors whose tangents count, with the Gauss-Newton matrix 2f + 4r. So 1.6 "
        "is possible where r is at most f; deep networks of one width tend to 2.",
        "",
        *costs(arguments.repeats),
        "",
        *exactness(),
        "",
        "Root mean square of the relative error of the trace:",
        "",
        *traces(),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
