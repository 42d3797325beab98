"""Curvature in training by mini-batches: does it beat Adam?

``python -m benchmarks.stochastic_curvature [--workload digits] [--quick] [--write]``

Four solvers that precondition the steps of mini-batches, each as compact as it gets,
against Adam and Muon of the package: Shampoo and SOAP as updates, K-FAC and a
stochastic L-BFGS as solvers. Each has twelve settings (of rates, and of one thing
more), of which the best on two starts of their own is taken, by the objective and by
the loss on other rows; five further starts are reported. The rate of all falls along a
cosine. Everything is done twice: with as many epochs as Adam, and with as many as fit
into Adam's processor time.
"""

from __future__ import annotations

import argparse
import time
import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, make_friedman1

from benchmarks.machine import describe
from benchmarks.second_order import Silent
from skbackprop.architecture import mlp
from skbackprop.core.data import ChunkReader, Data, MatrixTarget, OneHotTarget
from skbackprop.core.relay import relay
from skbackprop.core.threads import Crew, single_threaded_products
from skbackprop.evaluation import Evaluation
from skbackprop.layers import Tanh
from skbackprop.linearization import CurvatureProducts
from skbackprop.losses import CrossEntropy, SquaredError
from skbackprop.objective import Objective
from skbackprop.penalties import L2
from skbackprop.schedules import Cosine
from skbackprop.solvers import Adam, Muon, Problem, Solution, Solver, Status
from skbackprop.solvers.gradients import Gradients
from skbackprop.solvers.preconditioners import _Block
from skbackprop.solvers.stepwise import Stepwise
from skbackprop.updates import Span, Update
from skbackprop.updates.adam import ScaleByAdam
from skbackprop.updates.base import BoundUpdate

RESULTS = Path(__file__).with_suffix(".md")

# ----------------------------------------------------------- updates: Shampoo and SOAP


class ScaleByMatrices(Update):
    """Something for each matrix of weights; Adam's scaling for all else.

    A subclass writes ``bind_matrix``. The matrices that it keeps start anew with each
    run: a member of the package would have to hand them on.
    """

    refresh: int = 10

    n_moments: ClassVar[int] = 2
    entrywise: ClassVar[bool] = False

    @abstractmethod
    def bind_matrix(
        self, grad: np.ndarray, first: np.ndarray, second: np.ndarray
    ) -> Callable[[int], None]:
        """Return ``step(t)``, which turns the gradient of a matrix into a step."""

    def bind(self, span: Span, moments: Sequence[np.ndarray]) -> BoundUpdate:
        """Return the steps of all matrices, and Adam's of the rest."""
        grad, (first, second) = span.grad, moments
        steps, start = [], 0
        for param in (p for group in span.layout.params for p in group):
            if param.kind == "weight":
                part = slice(start, start + param.size)
                views = (v[part].reshape(param.shape) for v in (grad, first, second))
                steps.append(self.bind_matrix(*views))
                start += param.size
        rest = ScaleByAdam(corrected=True).bind(
            Span(span.theta[start:], grad[start:]), [first[start:], second[start:]]
        )

        def update(rate: float, t: int) -> float:
            for step in steps:
                step(t)
            grad[start:] *= rest(1.0, t)
            return rate

        return update


class ScaleBySoap(ScaleByMatrices):
    """Adam in the eigenvectors of Shampoo's matrices (Vyas et al., 2024)."""

    def bind_matrix(
        self, grad: np.ndarray, first: np.ndarray, second: np.ndarray
    ) -> Callable[[int], None]:
        """Return the step of one matrix."""
        left, right = (np.zeros((n, n), grad.dtype) for n in grad.shape)
        turn = [np.eye(n, dtype=grad.dtype) for n in grad.shape]
        beta_1, beta_2, beta_matrix = 0.9, 0.99, 0.95

        def step(t: int) -> None:
            left[...] = beta_matrix * left + (1 - beta_matrix) * (grad @ grad.T)
            right[...] = beta_matrix * right + (1 - beta_matrix) * (grad.T @ grad)
            if t == 1:
                turn[:] = [np.linalg.eigh(side)[1] for side in (left, right)]
            elif t % self.refresh == 0:
                # One step of the power method: eigenvectors keep their places.
                turn[:] = [
                    np.linalg.qr(side @ basis)[0]
                    for side, basis in zip((left, right), turn, strict=True)
                ]
            rows, columns = turn
            first[...] = beta_1 * first + (1 - beta_1) * grad
            turned = rows.T @ grad @ columns
            second[...] = beta_2 * second + (1 - beta_2) * turned**2
            mean = rows.T @ first @ columns / (1 - beta_1**t)
            scale = np.sqrt(second / (1 - beta_2**t))
            # Of directions without gradient there is rounding alone: softmax has one.
            mean /= scale + 1e-3 * np.sqrt(np.mean(scale * scale)) + 1e-8
            grad[...] = rows @ mean @ columns.T

        return step


class ScaleByShampoo(ScaleByMatrices):
    """Roots of matrices of second moments, at Adam's length (Gupta et al., 2018)."""

    def bind_matrix(
        self, grad: np.ndarray, first: np.ndarray, second: np.ndarray
    ) -> Callable[[int], None]:
        """Return the step of one matrix."""
        sides = [np.zeros((n, n), grad.dtype) for n in grad.shape]
        roots = [np.eye(n, dtype=grad.dtype) for n in grad.shape]
        beta_1, beta_2, beta_matrix = 0.9, 0.999, 0.95

        def step(t: int) -> None:
            products = grad @ grad.T, grad.T @ grad
            for side, product in zip(sides, products, strict=True):
                side[...] = beta_matrix * side + (1 - beta_matrix) * product
            if t == 1 or t % self.refresh == 0:
                roots[:] = [_inverse_root(side, 0.25) for side in sides]
            first[...] = beta_1 * first + (1 - beta_1) * grad
            second[...] = beta_2 * second + (1 - beta_2) * grad**2
            mean = first / (1 - beta_1**t)
            scaled = mean / (np.sqrt(second / (1 - beta_2**t)) + 1e-8)
            step = roots[0] @ mean @ roots[1]
            grad[...] = step * (np.linalg.norm(scaled) / (np.linalg.norm(step) + 1e-30))

        return step


def _inverse_root(matrix: np.ndarray, power: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    values = values.clip(0.0) + 1e-6 * values[-1] + 1e-30
    return (vectors * values**-power) @ vectors.T


class Soap(Stepwise):
    """SOAP."""

    refresh: int = 10

    def chain(self) -> Sequence[Update]:
        """Return the one update."""
        return [ScaleBySoap(self.refresh)]


class Shampoo(Stepwise):
    """Shampoo, grafted to Adam."""

    refresh: int = 10

    def chain(self) -> Sequence[Update]:
        """Return the one update."""
        return [ScaleByShampoo(self.refresh)]


# -------------------------------------------- solvers: K-FAC and stochastic L-BFGS


class Batches(Solver):
    """Mini-batches whose rows are at hand for products. A subclass writes ``bind``."""

    stepwise: ClassVar[bool] = True

    @abstractmethod
    def bind(self, problem: Problem) -> Callable[[np.ndarray, np.ndarray, float], None]:
        """Return ``step(gradient, rows, rate)``, which moves the parameters."""

    def minimise(self, problem: Problem) -> Solution:
        """Run epochs."""
        data, n = problem.data, len(problem.data)
        gradients, crew = Gradients(problem, n_threads=1), Crew(1)
        (gradient,) = gradients.vectors
        reader = ChunkReader(data, problem.batch_size, problem.theta.dtype)
        weights = problem.objective.network.layout.weights
        add_penalty = problem.objective.penalty.bind(
            weights(problem.theta), weights(gradient)
        )
        rates = problem.schedule.bind(problem.learning_rate_init, problem.max_iter)
        order, step = np.arange(n), self.bind(problem)
        with single_threaded_products(), np.errstate(all="ignore"):
            for epoch in range(problem.max_iter):
                rate = rates(epoch, problem.learning_rate_init)
                problem.rng.shuffle(order)
                for start in range(0, n, problem.batch_size):
                    rows = order[start : start + problem.batch_size]
                    x, target, _ = reader.read(rows, len(rows))
                    relay(crew, gradients.bind(len(rows))(x, target, 1.0 / len(rows)))
                    add_penalty(1.0 / len(rows))
                    step(gradient, rows, rate)
        return Solution(Status.BUDGET_SPENT)


def _near(problem: Problem, rows: np.ndarray) -> CurvatureProducts:
    some = Data(problem.data.X, problem.data.target, None, rows)
    return CurvatureProducts(problem.objective, problem.theta, some)


class KFAC(Batches):
    """Kronecker-factored preconditioning with momentum (Martens and Grosse, 2015)."""

    damping: float = 1e-2
    refresh: int = 10
    keep: float = 0.9
    memory: float = 0.9
    trust: float = 1e-2

    def bind(self, problem: Problem) -> Callable[[np.ndarray, np.ndarray, float], None]:
        """Return the step."""
        layout, theta = problem.objective.network.layout, problem.theta
        dense = [key for key, group in enumerate(layout.params) if group]
        moving, way = np.zeros_like(theta), np.zeros_like(theta)
        views, factors, blocks = layout.views(way), [], []
        rng, count = np.random.RandomState(0), 0

        def look(rows: np.ndarray) -> None:
            found = list(_near(problem, rows).kronecker_blocks(rng).values())
            share = 1.0 - self.memory if factors else 1.0
            factors[:] = [
                tuple(
                    (1 - share) * old + share * new
                    for old, new in zip(before, now, strict=True)
                )
                for before, now in zip(factors or found, found, strict=True)
            ]
            blocks[:] = [_Block(*pair) for pair in factors]

        def step(gradient: np.ndarray, rows: np.ndarray, rate: float) -> None:
            nonlocal count
            if count % self.refresh == 0 or count < 5:
                look(rows)
            count += 1
            way[...] = gradient
            for key, block in zip(dense, blocks, strict=True):
                weight, bias = views[key]
                solved = block.solve(np.vstack([weight, bias]), self.damping)
                weight[...], bias[...] = solved[:-1], solved[-1]
            size = rate**2 * float(way @ gradient)
            way[...] *= min(1.0, (self.trust / size) ** 0.5)
            moving[...] = self.keep * moving + way
            theta[...] -= rate * moving

        return step


class StochasticLBFGS(Batches):
    """L-BFGS from Gauss-Newton products on larger batches (Byrd et al., 2016)."""

    damping: float = 1e-2
    every: int = 10
    memory: int = 20
    n_rows: int = 512

    def bind(self, problem: Problem) -> Callable[[np.ndarray, np.ndarray, float], None]:
        """Return the step."""
        theta, n = problem.theta, len(problem.data)
        pairs: list[tuple[np.ndarray, np.ndarray, float]] = []
        mean, before = np.zeros_like(theta), theta.copy()
        rng, count = np.random.RandomState(0), 0

        def learn() -> None:
            s = mean / self.every - before
            rows = rng.choice(n, min(self.n_rows, n), replace=False)
            y = _near(problem, rows).gauss_newton(s) + self.damping * s
            if s @ y > 0:
                pairs.append((s, y, 1.0 / float(s @ y)))
                del pairs[: -self.memory]
            before[...] = mean / self.every
            mean.fill(0.0)

        def step(gradient: np.ndarray, rows: np.ndarray, rate: float) -> None:
            nonlocal count
            theta[...] -= rate * _two_loops(gradient.copy(), pairs)
            mean[...] += theta
            count += 1
            if count % self.every == 0:
                learn()

        return step


def _two_loops(q: np.ndarray, pairs: list) -> np.ndarray:
    kept = []
    for s, y, rho in reversed(pairs):
        kept.append(rho * float(s @ q))
        q -= kept[-1] * y
    if pairs:
        s, y, rho = pairs[-1]
        q /= rho * float(y @ y)
    for (s, y, rho), alpha in zip(pairs, reversed(kept), strict=True):
        q += (alpha - rho * float(y @ q)) * s
    return q


# --------------------------------------------------------------------------- workloads


@dataclass
class Workload:
    """Rows to train on and to test with, and the widths of a network."""

    train: Data
    test: Data
    widths: tuple[int, ...]
    loss: Any
    epochs: int
    batch_size: int = 64

    def problem(self, seed: int, rate: float, epochs: int) -> Problem:
        """Return a problem at its start."""
        first, *hidden, last = self.widths
        network = mlp(first, hidden, [Tanh() for _ in hidden], last)
        rng = np.random.RandomState(seed)
        theta = network.initial(rng, np.dtype(float))
        return Problem(
            Objective(network, self.loss, L2(1e-4)), self.train, theta, Silent(),
            max_iter=epochs, tol=0.0, batch_size=self.batch_size, shuffle=True, rng=rng,
            schedule=Cosine(), learning_rate_init=rate,
        )  # fmt: skip


def parted(X: np.ndarray, y: np.ndarray, target: Callable) -> tuple[Data, Data]:
    """Return two thirds of the rows and the other third."""
    order = np.random.RandomState(0).permutation(len(X))
    train, test = order[: 2 * len(X) // 3], order[2 * len(X) // 3 :]
    center, spread = X[train].mean(axis=0), X[train].std(axis=0) + 1e-3
    X = (X - center) / spread
    return Data(X[train], target(y[train])), Data(X[test], target(y[test]))


def digits() -> Workload:
    """The digits, 64-64-32-10."""
    X, y = load_digits(return_X_y=True)
    rows = parted(X, y, lambda y: OneHotTarget(y[:, np.newaxis], (10,)))
    return Workload(*rows, (64, 64, 32, 10), CrossEntropy((10,)), 30)


def breast_cancer() -> Workload:
    """Breast cancer, 30-50-2."""
    X, y = load_breast_cancer(return_X_y=True)
    rows = parted(X, y, lambda y: OneHotTarget(y[:, np.newaxis], (2,)))
    return Workload(*rows, (30, 50, 2), CrossEntropy((2,)), 60)


def friedman() -> Workload:
    """Friedman's first function with noise, 10-50-25-1."""
    X, y = make_friedman1(1500, noise=1.0, random_state=0)
    y = (y - y.mean()) / y.std()
    rows = parted(X, y, lambda y: MatrixTarget(y[:, np.newaxis]))
    return Workload(*rows, (10, 50, 25, 1), SquaredError(), 60)


def autoencoder() -> Workload:
    """The digits through eight numbers, 64-50-25-8-25-50-64."""
    X = load_digits().data / 16.0
    train, test = X[: 2 * len(X) // 3], X[2 * len(X) // 3 :]
    rows = (Data(part, MatrixTarget(part)) for part in (train, test))
    return Workload(*rows, (64, 50, 25, 8, 25, 50, 64), SquaredError(), 60)


WORKLOADS = {
    "digits": digits,
    "breast cancer": breast_cancer,
    "Friedman": friedman,
    "autoencoder": autoencoder,
}

# ----------------------------------------------------------------------------- contest

RATES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
# For each, twelve pairs of a solver and a rate.
CONTENDERS: dict[str, list[tuple[Solver, float]]] = {
    "Adam": [(Adam(beta_2=b), rate) for b in (0.999, 0.95) for rate in RATES],
    "Muon": [(Muon(beta), rate) for beta in (0.95, 0.9) for rate in RATES],
    "Shampoo": [(Shampoo(n), rate) for n in (5, 20) for rate in RATES],
    "SOAP": [(Soap(n), rate) for n in (5, 20) for rate in RATES],
    "K-FAC": [
        (KFAC(damping), rate)
        for damping in (1.0, 1e-1, 1e-2)
        for rate in (3e-3, 1e-2, 3e-2, 1e-1)
    ],
    "stochastic L-BFGS": [
        (StochasticLBFGS(damping), rate)
        for damping in (1e-1, 1e-2, 1e-3)
        for rate in (3e-2, 1e-1, 3e-1, 1.0)
    ],
}
# What differs between the settings of one, besides the rate.
SECOND: dict[type[Solver], str] = {
    Adam: "beta_2",
    Muon: "heavy_ball",
    Shampoo: "refresh",
    Soap: "refresh",
    KFAC: "damping",
    StochasticLBFGS: "damping",
}
BATCH_SIZES = (64, 200)
TUNING, REPORTED = range(2), range(2, 7)


@dataclass
class Run:
    """What came of a run."""

    objective: float
    test: float
    seconds: float


def run(work: Workload, solver: Solver, rate: float, epochs: int, seed: int) -> Run:
    """Train once."""
    problem = work.problem(seed, rate, epochs)
    start = time.process_time()
    with np.errstate(all="ignore"):
        solver.minimise(problem)
    seconds = time.process_time() - start
    if not np.isfinite(problem.theta).all():
        return Run(np.inf, np.inf, seconds)
    train, test = (
        Evaluation(problem.objective, problem.theta, data)
        for data in (work.train, work.test)
    )
    return Run(train.loss() + train.penalty(), test.loss(), seconds)


def contest(work: Workload, settings: list, epochs: list[int], seeds: range) -> tuple:
    """Return what the best settings reach, and seconds an epoch of all settings."""
    tuned = [
        [run(work, *setting, n, seed) for seed in TUNING]
        for setting, n in zip(settings, epochs, strict=True)
    ]
    pace = [
        min(r.seconds for r in runs) / n for runs, n in zip(tuned, epochs, strict=True)
    ]
    found = []
    for of in ("objective", "test"):
        means = [np.mean([getattr(r, of) for r in runs]) for runs in tuned]
        best = int(np.nanargmin(means))
        values = [
            getattr(run(work, *settings[best], epochs[best], seed), of)
            for seed in seeds
        ]
        found.append((best, values))
    return found, pace


def rows(name: str, batch_size: int, seeds: range) -> Iterator[str]:
    """Lines of the table of one workload."""
    work = replace(WORKLOADS[name](), batch_size=batch_size)
    budget = 0.0
    for label, settings in CONTENDERS.items():
        same = [work.epochs] * len(settings)
        equal, pace = contest(work, settings, same, seeds)
        budget = budget or work.epochs * float(np.median(pace))
        fit = [max(1, round(budget / each)) for each in pace]
        is_adam = label == "Adam"
        timed = equal if is_adam else contest(work, settings, fit, seeds)[0]
        best = timed[0][0]
        cells = [text(*each, settings) for each in (*equal, *timed)]
        epochs = work.epochs if is_adam else fit[best]
        cells.insert(2, f"{epochs}")
        yield f"| {label} | {1e3 * pace[equal[0][0]]:.1f} | {' | '.join(cells)} |"


def text(best: int, values: list[float], settings: list) -> str:
    """The median, the lowest and the highest, and how."""
    solver, rate = settings[best]
    own = getattr(solver, SECOND[type(solver)])
    middle, low, high = np.median(values), min(values), max(values)
    return f"{middle:.4g} ({low:.3g} - {high:.3g}; {rate:g}, {own:g})"


def table(name: str, batch_size: int, seeds: range) -> str:
    """One workload."""
    work = WORKLOADS[name]()
    lines = [
        f"## {name}, batches of {batch_size}",
        "",
        f"{WORKLOADS[name].__doc__} {work.epochs} epochs of Adam.",
        "",
        "| solver | ms an epoch | objective, equal epochs | test loss | epochs in "
        "equal time | objective, equal time | test loss |",
        "| --- |" + " ---: |" * 6,
        *rows(name, batch_size, seeds),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Race, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workload", choices=WORKLOADS, action="append")
    parser.add_argument("--batch-size", type=int, action="append")
    parser.add_argument("--quick", action="store_true", help="two starts, not five")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    machine = describe()
    parts = [
        "# Curvature on mini-batches\n",
        f"{machine['cpu']}, load {machine['load']}, one thread, float64. "
        "`python -m benchmarks.stochastic_curvature --write`.\n",
        "Objective on the training rows and loss on the others at the end, medians "
        "over starts (lowest - highest; rate and setting): after as many epochs as "
        "Adam, then after as many as take Adam's processor time. Each number has the "
        "setting that was best for it, of twelve, on two other starts.\n",
    ]
    seeds = REPORTED[:2] if arguments.quick else REPORTED
    for name in arguments.workload or WORKLOADS:
        for batch_size in arguments.batch_size or BATCH_SIZES:
            parts.append(table(name, batch_size, seeds))
            print(parts[-1], flush=True)
    if arguments.write:
        RESULTS.write_text("\n".join(parts))


if __name__ == "__main__":
    main()
