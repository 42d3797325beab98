"""Compare the time of `import skbackprop` with that of scikit-learn's own networks.

Both are imported in turn in fresh processes, from bytecode, as they are once installed.
Before a process imports anything it counts for a while, so that its core reaches its
full speed. Most of the time goes to what both import, NumPy and SciPy first of all,
and is noisier than all that differs: beside the whole, the rest is timed on its own,
and is what decides.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile

MODULES = ("sklearn.neural_network", "skbackprop")
ESTIMATORS = ("MLPClassifier", "BackpropClassifier")
REPEATS = 9

LOADED = "import json, sys, {module}; print(json.dumps(list(sys.modules)))"
TIMED = """
import importlib, time
begin = time.perf_counter()
while time.perf_counter() < begin + 1.0:
    pass
for each in {before}:
    importlib.import_module(each)
begin = time.perf_counter()
{statement}
print(time.perf_counter() - begin)
"""
FIRST_FIT = """
from {module} import {estimator}
{estimator}(max_iter=1, tol=9.0, n_iter_no_change=1).fit([[0.0], [1.0]] * 9, [0, 1] * 9)
"""


def told(code, environment):
    """Run code in a process of its own; return what it prints."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, check=True, env=environment, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout)


def medians(statements, before, environment):
    """Time statements in turn, each after some imports."""
    codes = [TIMED.format(before=before, statement=each) for each in statements]
    rounds = [[told(code, environment) for code in codes] for _ in range(REPEATS)]
    return [1e3 * statistics.median(times) for times in zip(*rounds, strict=True)]


def main():
    """Print the times; fail when our own modules take longer than scikit-learn's."""
    # A checkout may be without bytecode, or be kept from writing any.
    environment = {**os.environ}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        environment["PYTHONPYCACHEPREFIX"] = folder
        theirs, ours = (
            told(LOADED.format(module=module), environment) for module in MODULES
        )
        common = {*theirs} - {"__main__"}
        shared = [each for each in ours if each in common]
        imports = [f"import {module}" for module in MODULES]
        fits = [
            FIRST_FIT.format(module=module, estimator=estimator)
            for module, estimator in zip(MODULES, ESTIMATORS, strict=True)
        ]
        times = {
            "in all": medians(imports, [], environment),
            "beyond what both import": medians(imports, shared, environment),
            "with a first fit": medians(fits, shared, environment),
        }
    for what, (theirs, ours) in times.items():
        print(f"{what}: {MODULES[0]} {theirs:.1f} ms, {MODULES[1]} {ours:.1f} ms")
    theirs, ours = times["beyond what both import"]
    if ours > theirs:
        sys.exit("import skbackprop takes longer than scikit-learn's own networks")


if __name__ == "__main__":
    main()
