"""What runs in processes that are killed."""

import os
import pickle
import time
from pathlib import Path

from skbackprop.checkpoint import Checkpoint

from ._fits import FITS, Cut

LONG = {"max_iter": 60, "tol": 0.0, "n_iter_no_change": 10_000}


class Slow(Cut):
    """A callback that takes its time, so that there is a fit to kill."""

    def on_fit_task_end(self, estimator, context):
        """Wait."""
        time.sleep(0.002)


def fit(name, path, done):
    """Fit with checkpoints, and leave the model once it is fitted."""
    model = FITS[name].run(Checkpoint(path, every=1), Slow(), **LONG)
    model.set_callbacks()
    Path(done).write_bytes(pickle.dumps(model))


def fit_and_hang(name, path, where, how_often, hangs):
    """Fit, and hang where a file is written, for the so-manieth time."""
    real, n_calls = getattr(os, where), 0

    def hanging(*arguments):
        nonlocal n_calls
        n_calls += 1
        if n_calls == how_often:
            hangs.set()
            time.sleep(600)
        return real(*arguments)

    setattr(os, where, hanging)
    FITS[name].run(Checkpoint(path, every=1), **LONG)


def scribble(path, hangs):
    """Write half of a large checkpoint, as slowly as it takes to be killed."""
    import numpy as np

    from skbackprop.checkpoint import storage

    real = np.lib.format.write_array

    def half(file, array, *rest, **named):
        if array.nbytes > 1_000_000:
            file.write(array.tobytes()[:500_000])
            file.flush()
            hangs.set()
            time.sleep(600)
        real(file, array, *rest, **named)

    np.lib.format.write_array = half
    storage.write(Path(path), {"large": np.zeros(500_000)})
