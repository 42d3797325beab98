"""Where a training step's time goes: microseconds per kind of NumPy call.

``python -m benchmarks.profile_step --workload a``

No profiler: their cost a call exceeds many of the calls here. The package is
imported a second time with a stand-in for NumPy whose functions read the clock
before and after. What it cannot see (methods of arrays but ``dot``, such as ``take``,
and Python itself) is the difference from a fit without it.
"""

from __future__ import annotations

import argparse
import collections
import importlib
import subprocess
import sys
import time
import types
import warnings
from contextlib import contextmanager

import numpy as np

from . import processes
from .contenders import installed, load
from .timing import best_seconds
from .workloads import STOCHASTIC

# The modules that get the stand-in, by contender.
_PACKAGES = {"skbackprop": "skbackprop", "sklearn": "sklearn.neural_network"}
_PRODUCTS = ("dot", "matmul")
_SMALL_SHARE = 0.005


class Ledger:
    """Nanoseconds and number of calls by kind of call."""

    def __init__(self):
        self.entries = collections.defaultdict(lambda: [0, 0])

    def add(self, kind, nanoseconds: int) -> None:
        entry = self.entries[kind]
        entry[0] += nanoseconds
        entry[1] += 1


class Timed:
    """A NumPy function that books its time."""

    def __init__(self, function, name: str, ledger: Ledger):
        self._function, self._name, self._ledger = function, name, ledger

    def __call__(self, *args, **kwargs):
        clock, function = time.perf_counter_ns, self._function
        start = clock()
        result = function(*args, **kwargs)
        end = clock()
        # Of a product the operands tell more than the result.
        sized = args[:2] if self._name in _PRODUCTS else (result,)
        kind = (self._name, tuple(getattr(array, "shape", ()) for array in sized))
        self._ledger.add(kind, end - start)
        return result

    def __getattr__(self, name: str):
        value = getattr(self._function, name)
        if name in ("reduce", "accumulate", "at", "outer"):
            value = Timed(value, f"{self._name}.{name}", self._ledger)
            setattr(self, name, value)
        return value


class NumpyStandIn(types.ModuleType):
    """NumPy with its functions timed and all else as it is."""

    def __init__(self, ledger: Ledger):
        super().__init__("numpy")
        self.__dict__["_ledger"] = ledger

    def __getattr__(self, name: str):
        value = getattr(np, name)
        if value is np.ndarray:
            self.__dict__[name] = array_stand_in(self._ledger)
            return self.__dict__[name]
        plain = isinstance(value, type | types.ModuleType) or not callable(value)
        if plain or name.startswith("__"):
            return value
        timed = Timed(value, name, self._ledger)
        self.__dict__[name] = timed
        return timed


class ArrayType(type):
    """The type of a class that all arrays are instances of."""

    def __instancecheck__(cls, instance) -> bool:
        return isinstance(instance, np.ndarray)


def array_stand_in(ledger: Ledger) -> type:
    """``ndarray`` with the product timed that is called as its function."""
    timed = Timed(np.ndarray.dot, "dot", ledger)
    return ArrayType("ndarray", (np.ndarray,), {"dot": staticmethod(timed)})


@contextmanager
def numpy_replaced(package: str, ledger: Ledger):
    """Import `package` anew, `import numpy` giving it the stand-in."""
    importlib.import_module(package)
    kept = {
        name: sys.modules.pop(name)
        for name in list(sys.modules)
        if name == package or name.startswith(package + ".")
    }
    parent, _, child = package.rpartition(".")
    sys.modules["numpy"] = NumpyStandIn(ledger)
    try:
        importlib.import_module(package)
        sys.modules["numpy"] = np
        yield
    finally:
        sys.modules["numpy"] = np
        sys.modules.update(kept)
        if parent:
            setattr(sys.modules[parent], child, kept[package])


def clock_cost() -> float:
    """Nanoseconds that `Timed` books for a function that does nothing."""
    ledger = Ledger()
    nothing = Timed(lambda: None, "nothing", ledger)
    for _ in range(20_000):
        nothing()
    nanoseconds, calls = ledger.entries[("nothing", ((),))]
    return nanoseconds / calls


def gather_seconds(workload, dtype: str) -> float:
    """Copying an epoch's rows in random order, batch by batch, and nothing else."""
    X, _ = workload.data(dtype)
    order = np.random.default_rng(0).permutation(len(X))
    out = np.empty((workload.batch, X.shape[1]), dtype)
    batches = [
        order[start : start + workload.batch]
        for start in range(0, len(X), workload.batch)
    ]

    def gather():
        for rows in batches:
            X.take(rows, 0, out[: len(rows)], "clip")

    return best_seconds(gather, 5)


def profile(contender: str, workload, dtype: str, repeats: int):
    """Total microseconds a batch, and the ledger of a fit."""
    epochs = workload.epochs
    plain = load(contender)(workload, dtype, 1)
    plain.fit(1)
    total = best_seconds(lambda: plain.fit(epochs), repeats)
    ledger = Ledger()
    with numpy_replaced(_PACKAGES[contender], ledger):
        # Constructed classes are looked up anew at each fit.
        plain.fit(1)
        ledger.entries.clear()
        plain.fit(epochs)
    return total, ledger


def kind_text(kind) -> str:
    name, shapes = kind
    sizes = " @ ".join("x".join(map(str, shape)) or "scalar" for shape in shapes)
    return f"{name}  {sizes}"


def print_profile(workload, total: float, ledger: Ledger, batches: int) -> None:
    """A line a kind of call, the costliest first."""
    cost = clock_cost()
    per_batch = 1e6 * total / batches
    print(
        f"{'kind of call':44s} {'a batch':>8s} {'us/call':>9s} {'us/batch':>9s}  share"
    )
    rows = []
    for kind, (nanoseconds, calls) in ledger.entries.items():
        micro = max(0.0, nanoseconds - cost * calls) / 1e3
        rows.append((micro / batches, calls, kind_text(kind)))
    rows.sort(reverse=True)
    rest = 0.0
    for micro, calls, text in rows:
        if micro / per_batch < _SMALL_SHARE:
            rest += micro
            continue
        line = f"{text:44s} {calls / batches:8.2f} {micro * batches / calls:9.2f}"
        print(f"{line} {micro:9.2f} {micro / per_batch:6.1%}")
    seen = sum(micro for micro, *_ in rows)
    for text, micro in (
        ("all smaller kinds", rest),
        ("Python, array methods, what else", per_batch - seen),
        ("whole step", per_batch),
    ):
        print(f"{text:44s} {'':8s} {'':9s} {micro:9.2f} {micro / per_batch:6.1%}")


def _child(arguments) -> None:
    warnings.simplefilter("ignore")
    workload, dtype = STOCHASTIC[arguments.workload], arguments.dtype
    if arguments.quick:
        workload = workload.quick()
    batches = -(-workload.n_samples // workload.batch)
    print(f"{workload.key} {workload.title}: {workload.describe()}, {dtype}")
    total, ledger = profile(arguments.contender, workload, dtype, arguments.repeats)
    print_profile(workload, total, ledger, batches * workload.epochs)
    products = load("matmul")(workload, dtype, 1)
    seconds = best_seconds(lambda: products.fit(1), 5)
    print(
        f"\nAlone, us a batch: matrix products {1e6 * seconds / batches:.2f}, ", end=""
    )
    print(f"gathering rows {1e6 * gather_seconds(workload, dtype) / batches:.2f}")


def _parse():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.profile_step", description=__doc__.split("\n")[0]
    )
    add = parser.add_argument
    add("--workload", choices=tuple(STOCHASTIC), default="a")
    add("--dtype", choices=("float32", "float64"), default="float32")
    add("--contender", choices=tuple(_PACKAGES), default="skbackprop")
    add("--threads", type=int, default=1)
    add("--repeats", type=int, default=3)
    add("--quick", action="store_true")
    add("--child", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    arguments = _parse()
    if not installed(arguments.contender):
        print(f"{arguments.contender} cannot be imported", file=sys.stderr)
        return 1
    if arguments.child:
        _child(arguments)
        return 0
    # BLAS reads its number of threads when it is loaded: in a new process.
    command = [sys.executable, "-m", "benchmarks.profile_step", "--child"]
    return subprocess.call(
        [*command, *sys.argv[1:]],
        cwd=processes.ROOT,
        env=processes.environment(arguments.threads),
    )


if __name__ == "__main__":
    sys.exit(main())
