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
import {module}
print(time.perf_counter() - begin)
"""


def told(code, environment):
    """Run code in a process of its own; return what it prints."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, check=True, env=environment, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout)


def medians(before, environment):
    """Time both imports in turn, each after some others."""
    codes = [TIMED.format(before=before, module=module) for module in MODULES]
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
        shared = [each for each in ours if each in set(theirs) - {"__main__"}]
        whole = medians([], environment)
        rest = medians(shared, environment)
    for what, times in (("in all", whole), ("beyond what both import", rest)):
        print(f"{what}: {MODULES[0]} {times[0]:.1f} ms, {MODULES[1]} {times[1]:.1f} ms")
    if rest[1] > rest[0]:
        sys.exit("import skbackprop takes longer than scikit-learn's own networks")


if __name__ == "__main__":
    main()
