"""Solvers of all rows at once: evaluations and seconds to given losses.

``python -m benchmarks.second_order [--problem friedman] [--seeds 3] [--seconds 60]
[--evaluations 8000]``

Four problems that are drawn anew here: a sine and a Friedman function by tanh networks
of 61 and 211 parameters, a deep classifier and an ill-conditioned autoencoder of the
digits with 9,570 and 9,522. Those that the package set out from had the same widths;
their data, starts and penalties are not known in full. The loss is relative: its height
above the best that any solver has found from that start in the seconds or evaluations
that each is given, over the height of the start: given more, all levels are lower. An
evaluation is a gradient, 1; the rest counts by its products of matrices: a product with
the Gauss-Newton matrix 4/3, with the Hessian 2, the gradients of all rows 2/3 for each
output, and Kronecker factors 1/3 and 2/3 for each output, or 1 where they are drawn. A
network that is linearised where it is evaluated pays for its forward pass once, 1/3.
Solving dense equations counts in the seconds alone.
Seconds are those of the processor: run it with one thread (``OPENBLAS_NUM_THREADS=1``).
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

import numpy as np
from scipy.optimize import minimize
from sklearn.datasets import load_digits, make_friedman1

from benchmarks.machine import describe
from skbackprop.architecture import mlp
from skbackprop.core.data import Data, MatrixTarget, OneHotTarget
from skbackprop.evaluation import Evaluation
from skbackprop.layers import Tanh
from skbackprop.linearization import CurvatureProducts
from skbackprop.losses import CrossEntropy, SquaredError
from skbackprop.objective import Objective
from skbackprop.penalties import L2
from skbackprop.schedules import Constant
from skbackprop.solvers import (
    BFGS,
    GD,
    LBFGS,
    Adam,
    LevenbergMarquardt,
    NewtonCG,
    Problem,
    Solver,
    Verdict,
)

RELATIVE = (1e-1, 1e-2, 1e-3, 1e-4)


class OutOfTime(Exception):
    """The run has had the seconds or the evaluations that it was given."""


@dataclass
class Course:
    """What a run has paid, and the lowest loss that it had by then."""

    seconds: float
    evaluations: float = np.inf
    best: float = np.inf
    paid: float = 0.0
    steps: list[tuple[float, float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start = time.process_time()
        self.is_aside = False

    def pay(self, price: float) -> None:
        """Count evaluations."""
        if self.is_aside:
            return
        self.paid += price
        late = time.process_time() - self.start > self.seconds
        if late or self.paid > self.evaluations:
            raise OutOfTime

    def see(self, value: float) -> None:
        """Take note of the value of the objective."""
        if value < self.best:
            self.best = value
            self.steps.append((self.paid, time.process_time() - self.start, value))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Look without paying."""
        at, self.is_aside = time.process_time(), True
        yield
        self.is_aside = False
        self.start += time.process_time() - at

    def price(self, level: float) -> tuple[float, float]:
        """Evaluations and seconds until the value was at most this."""
        for paid, seconds, value in self.steps:
            if value <= level:
                return paid, seconds
        return np.inf, np.inf


class Silent:
    """A monitor that lets the solver go on."""

    n_seen = 0
    watched = np.inf

    def begin_epoch(self) -> None:
        """Hear that an epoch begins."""

    def end_epoch(self, loss: float, rate: float | None = None) -> Verdict:
        """Let it go on."""
        return Verdict.GO_ON

    def on_plateau(self, rate: float | None, farewell: str = "") -> None:
        """Hear of a plateau."""


@contextmanager
def counted(course: Course) -> Iterator[None]:
    """Count what full-batch solvers evaluate."""

    def wrapped(owner: type, name: str, price: Callable[[Any, Any], float]) -> Any:
        original = getattr(owner, name)

        def method(self: Any, *args: Any) -> Any:
            course.pay(price(self, args))
            result = original(self, *args)
            if name in ("value_and_gradient", "loss"):
                value = result[0] if isinstance(result, tuple) else result
                course.see(value + penalty(self))
            return result

        return patch.object(owner, name, method)

    def penalty(self: Any) -> float:
        weights = self.objective.network.layout.weights(self.theta)
        return self.objective.penalty.value(weights) / self.data.total_weight

    def block(price: float) -> Callable[[Any, Any], float]:
        return lambda self, args: price * np.atleast_2d(args[0]).shape[0]

    def each_output(fixed: float, price: float) -> Callable[[Any, Any], float]:
        return lambda self, args: fixed + price * self.objective.network.n_out

    def of_factors(self: Any, args: Any) -> float:
        n_out = self.objective.network.n_out
        return 1.0 if args[0] is not None else (1 + 2 * n_out) / 3

    linearised = wrapped(CurvatureProducts, "__init__", lambda self, args: 1 / 3)
    with (
        wrapped(Evaluation, "value_and_gradient", lambda self, args: 1.0),
        wrapped(CurvatureProducts, "value_and_gradient", lambda self, args: 2 / 3),
        wrapped(Evaluation, "loss", lambda self, args: 1 / 3),
        linearised,
        wrapped(CurvatureProducts, "gauss_newton", block(4 / 3)),
        wrapped(CurvatureProducts, "hessian", block(2.0)),
        wrapped(CurvatureProducts, "gradient", lambda self, args: 2 / 3),
        wrapped(CurvatureProducts, "gauss_newton_matrix", each_output(0, 2 / 3)),
        wrapped(CurvatureProducts, "gauss_newton_diagonal", each_output(0, 2 / 3)),
        wrapped(CurvatureProducts, "kronecker_blocks", of_factors),
    ):
        yield


# -------------------------------------------------------------------------- problems


def sine(seed: int) -> tuple[Objective, Data, np.ndarray]:
    """Two waves of a sine with a little noise, 1-20-1."""
    rng = np.random.RandomState(seed)
    x = np.linspace(-1.0, 1.0, 200)[:, np.newaxis]
    y = np.sin(2 * np.pi * x) + 0.05 * rng.normal(size=x.shape)
    return regression(x, y, (20,), rng)


def friedman(seed: int) -> tuple[Objective, Data, np.ndarray]:
    """Friedman's first function of five inputs, 5-30-1."""
    X, y = make_friedman1(500, n_features=5, noise=0.0, random_state=seed)
    X, y = (X - X.mean(axis=0)) / X.std(axis=0), (y - y.mean()) / y.std()
    return regression(X, y[:, np.newaxis], (30,), np.random.RandomState(seed))


def classifier(seed: int) -> tuple[Objective, Data, np.ndarray]:
    """The digits by five hidden layers of 40."""
    X, y = load_digits(return_X_y=True)
    X = (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-3)
    network = mlp(64, [40] * 5, [Tanh()] * 5, 10)
    loss, target = CrossEntropy((10,)), OneHotTarget(y[:, np.newaxis], (10,))
    return started(network, loss, Data(X, target), np.random.RandomState(seed))


def autoencoder(seed: int) -> tuple[Objective, Data, np.ndarray]:
    """The digits through eight numbers, 64-50-25-8-25-50-64."""
    X = load_digits().data / 16.0
    return regression(X, X, (50, 25, 8, 25, 50), np.random.RandomState(seed))


def regression(
    X: np.ndarray, y: np.ndarray, hidden: tuple[int, ...], rng: np.random.RandomState
) -> tuple[Objective, Data, np.ndarray]:
    """Return a least-squares problem."""
    network = mlp(X.shape[1], list(hidden), [Tanh() for _ in hidden], y.shape[1])
    return started(network, SquaredError(), Data(X, MatrixTarget(y)), rng)


def started(
    network: Any, loss: Any, data: Data, rng: np.random.RandomState
) -> tuple[Objective, Data, np.ndarray]:
    """Return the objective, its data and a start."""
    theta = network.initial(rng, np.dtype(float))
    return Objective(network, loss, L2(1e-4)), data, theta


PROBLEMS = {
    "sine": sine,
    "friedman": friedman,
    "classifier": classifier,
    "autoencoder": autoencoder,
}

# --------------------------------------------------------------------------- solvers


def of_scipy(method: str, **settings: Any) -> Callable[[Problem], None]:
    """One of SciPy's own, over the same evaluations."""

    def run(problem: Problem) -> None:
        theta = problem.theta.copy()
        evaluation = Evaluation(problem.objective, theta, problem.data)

        def value_and_gradient(x: np.ndarray) -> tuple[float, np.ndarray]:
            theta[...] = x
            loss, gradient = evaluation.value_and_gradient()
            return loss + evaluation.penalty(), gradient.copy()

        def product(x: np.ndarray, vector: np.ndarray) -> np.ndarray:
            at = CurvatureProducts(problem.objective, x, problem.data)
            return at.hessian(vector)

        options = {"maxiter": problem.max_iter, "gtol": problem.tol}
        if method == "Newton-CG":
            options = {"maxiter": problem.max_iter, "xtol": 1e-12}
        if method == "L-BFGS-B":
            options |= {"maxfun": problem.max_iter, "ftol": 0.0}
        extra = {} if "BFGS" in method else {"hessp": product}
        minimize(
            value_and_gradient, theta.copy(), jac=True, method=method,
            options=options | settings, **extra,
        )  # fmt: skip

    return run


def adam(rate: float) -> Callable[[Problem], None]:
    """Adam on mini-batches; an epoch is one evaluation."""

    def run(problem: Problem) -> None:
        course, theta = problem.monitor.course, problem.theta
        evaluation = Evaluation(problem.objective, theta, problem.data)

        class Epochs(Silent):
            def end_epoch(self, loss: float, rate: float | None = None) -> Verdict:
                course.pay(1.0)
                with course.aside():
                    evaluation.loss()  # is seen
                return Verdict.GO_ON

        problem.monitor = Epochs()
        problem.batch_size = min(200, len(problem.data))
        problem.learning_rate_init = rate
        Adam().minimise(problem)

    return run


def ours(solver: Solver) -> Callable[[Problem], None]:
    """One of the package."""
    return lambda problem: solver.minimise(problem)


SOLVERS: dict[str, Callable[[Problem], Any]] = {
    "gd": ours(GD()),
    "gd, strong Wolfe": ours(GD("strong_wolfe")),
    "adam 1e-2": adam(1e-2),
    "bfgs": ours(BFGS()),
    "scipy BFGS": of_scipy("BFGS"),
    "lbfgs m=10": ours(LBFGS(10**6)),
    "lbfgs m=50": ours(LBFGS(10**6, memory=50)),
    "scipy L-BFGS-B m=10": of_scipy("L-BFGS-B", maxcor=10),
    "scipy L-BFGS-B m=50": of_scipy("L-BFGS-B", maxcor=50),
    "newton-cg": ours(NewtonCG()),
    "newton-cg, diagonal": ours(NewtonCG(preconditioner="diagonal")),
    "newton-cg, plain": ours(NewtonCG(preconditioner=None)),
    "newton-cg, Hessian": ours(NewtonCG("hessian")),
    "scipy Newton-CG": of_scipy("Newton-CG"),
    "scipy trust-ncg": of_scipy("trust-ncg"),
    "levenberg-marquardt": ours(LevenbergMarquardt()),
}
DENSE = {"bfgs", "scipy BFGS", "levenberg-marquardt"}

# ---------------------------------------------------------------------------- tables


def race(
    name: str,
    seed: int,
    chosen: list[str],
    seconds: float,
    evaluations: float = np.inf,
    dtype: str = "float64",
) -> dict[str, Course]:
    """Run solvers from one start."""
    courses = {}
    for solver in chosen:
        objective, data, theta = PROBLEMS[name](seed)
        data, theta = replace(data, X=data.X.astype(dtype)), theta.astype(dtype)
        if solver in DENSE and theta.size > 2000:
            continue
        course = Course(seconds, evaluations)
        monitor = Silent()
        monitor.course = course
        problem = Problem(
            objective, data, theta, monitor, max_iter=10**6, tol=1e-14,
            batch_size=len(data), shuffle=True, rng=np.random.RandomState(seed),
            schedule=Constant(), learning_rate_init=0.1,
        )  # fmt: skip
        with counted(course), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with suppress(OutOfTime):
                SOLVERS[solver](problem)
        courses[solver] = course
    return courses


def prices(courses: dict[str, Course]) -> dict[str, list[tuple[float, float]]]:
    """Evaluations and seconds of each to the relative losses."""
    best = min(course.best for course in courses.values())
    first = next(iter(courses.values())).steps[0][2]
    levels = [best + share * (first - best) for share in RELATIVE]
    return {
        name: [course.price(level) for level in levels]
        for name, course in courses.items()
    }


def table(name: str, found: list[dict[str, list[tuple[float, float]]]]) -> str:
    """The medians over starts, in Markdown."""
    _objective, data, theta = PROBLEMS[name](0)
    lines = [
        f"{name}: {len(data)} rows, {theta.size} parameters; evaluations (seconds)",
        "",
        "| solver | 1e-1 | 1e-2 | 1e-3 | 1e-4 |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for solver in found[0]:
        cells = np.median([each[solver] for each in found], axis=0)
        row = [f"{n:.0f} ({s:.2g})" if np.isfinite(n) else "-" for n, s in cells]
        lines.append(f"| {solver} | {' | '.join(row)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Race, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problem", choices=PROBLEMS, action="append")
    parser.add_argument("--solver", choices=SOLVERS, action="append")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--evaluations", type=float, default=np.inf)
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float64")
    arguments = parser.parse_args()
    print(describe())
    for name in arguments.problem or PROBLEMS:
        found = [
            prices(
                race(
                    name,
                    seed,
                    arguments.solver or list(SOLVERS),
                    arguments.seconds,
                    arguments.evaluations,
                    arguments.dtype,
                )
            )
            for seed in range(arguments.seeds)
        ]
        print("\n" + table(name, found), flush=True)


if __name__ == "__main__":
    main()
