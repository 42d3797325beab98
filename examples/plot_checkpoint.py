"""
Checkpoints
===========

A fit is cut off in the middle. The same program, run once more, goes on where it was,
and ends with the same parameters, bit by bit.
"""

# %%
# The program
# -----------
# One line is added to it: the callback.
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits

from skbackprop import BackpropClassifier
from skbackprop.checkpoint import Checkpoint
from skbackprop.inspection import LossCurveDisplay

X, y = load_digits(return_X_y=True)
folder = TemporaryDirectory()
path = Path(folder.name, "digits.ckpt")


def program(*more):
    """Train on the digits."""
    model = BackpropClassifier(
        (64, 32),
        dropout=0.2,
        early_stopping=True,
        n_iter_no_change=6,
        tol=1e-3,
        random_state=0,
    )
    return model.set_callbacks(Checkpoint(path, every=5), *more).fit(X / 16, y)


# %%
# Cut off
# -------
# An error after epoch 18 stands for whatever may happen to a process; the last
# checkpoint is that of epoch 15.


class Accident:
    """End the fit after an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def setup(self, estimator, context):
        """Do nothing."""

    def on_fit_task_begin(self, estimator, context):
        """Do nothing."""

    def on_fit_task_end(self, estimator, context):
        """Raise, if it is time to."""
        if context.task_name == "epoch" and context.task_id + 1 == self.epoch:
            raise RuntimeError("an accident")

    def teardown(self, estimator, context):
        """Do nothing."""


try:
    program(Accident(epoch=18))
except RuntimeError as error:
    print(f"{error}; there is a file of {path.stat().st_size / 1e3:.0f} kB")

# %%
# Once more
# ---------
resumed = program()

# %%
# Without any accident, for comparison.
path.unlink()
whole = program()
pairs = zip(resumed.coefs_, whole.coefs_, strict=True)
same = all(np.array_equal(one, other) for one, other in pairs)
print(f"the same parameters: {same}, after {whole.n_iter_} epochs")

# %%
# The curves of the model know nothing of the accident either: one covers the other.
wide = {"linewidth": 6, "alpha": 0.3}
display = LossCurveDisplay.from_estimator(
    whole, name="undisturbed", curve_kwargs=wide, validation_kwargs=wide
)
LossCurveDisplay.from_estimator(resumed, name="gone on with", ax=display.ax_)
display.ax_.set_title("cut off after epoch 18, gone on with from epoch 15")
plt.show()

# %%
folder.cleanup()
