"""Compare the time of `import skbackprop` with that of scikit-learn's own networks.

Both are imported in turn in fresh processes. Too slow means slower by a share and
by an absolute time, so that neither noise nor a trifle fails.
"""

import statistics
import subprocess
import sys
import time

REPEATS = 9
MOST_RELATIVE = 1.10
MOST_SECONDS = 0.05


def seconds(module):
    """Time one import in a process of its own."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
    return time.perf_counter() - begin


def main():
    """Print both medians; fail when ours is too slow."""
    modules = ("sklearn.neural_network", "skbackprop")
    pairs = [tuple(seconds(module) for module in modules) for _ in range(REPEATS)]
    theirs, ours = (statistics.median(times) for times in zip(*pairs[1:], strict=True))
    print(f"sklearn.neural_network {theirs:.3f} s, skbackprop {ours:.3f} s")
    if ours > MOST_RELATIVE * theirs and ours - theirs > MOST_SECONDS:
        sys.exit("import skbackprop is too slow")


if __name__ == "__main__":
    main()
