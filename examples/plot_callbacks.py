"""
Callbacks
=========

Watch a training, draw what happens, and stop it when it is good enough, with
scikit-learn's callbacks.
"""

# %%
# A callback that watches the weights
# -----------------------------------
# A hook names what it wants to know. ``fitted_estimator`` is a model with the weights
# of that moment.
import numpy as np
from matplotlib import pyplot as plt
from sklearn.callback import ScoringMonitor
from sklearn.datasets import make_moons

from skbackprop import BackpropClassifier
from skbackprop.inspection import LossCurveDisplay

X, y = make_moons(400, noise=0.25, random_state=0)


class WeightNorms:
    """Record the size of each weight matrix after every epoch."""

    def __init__(self):
        self.norms = []

    def setup(self, estimator, context):
        """Begin anew with every fit."""
        self.norms = []

    def on_fit_task_begin(self, estimator, context):
        """Do nothing."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        """Record, after an epoch."""
        if context.task_name == "epoch":
            self.norms.append([np.linalg.norm(W) for W in fitted_estimator.coefs_])

    def teardown(self, estimator, context):
        """Do nothing."""


# %%
# A callback that stops
# ---------------------
# A hook that answers ``True`` ends the training.


class StopAtAccuracy(WeightNorms):
    """Stop as soon as the training accuracy is good enough."""

    def __init__(self, target):
        super().__init__()
        self.target = target

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator):
        """Tell whether to stop, after an epoch."""
        if context.task_name == "epoch":
            return fitted_estimator.score(X, y) >= self.target


# %%
# Use them together
# -----------------
norms = WeightNorms()
monitor = ScoringMonitor(scoring="accuracy")
model = BackpropClassifier((16, 16), learning_rate_init=0.01, random_state=0)
model.set_callbacks(norms, monitor, StopAtAccuracy(0.93))
model.fit(X, y)
print(f"stopped after {model.n_iter_} epochs, accuracy {model.score(X, y):.3f}")

# %%
figure, (left, right) = plt.subplots(ncols=2, layout="constrained", figsize=(8, 4))
LossCurveDisplay.from_estimator(model, ax=left)
epochs = np.arange(1, model.n_iter_ + 1)
right.plot(epochs, norms.norms, label=[f"layer {i + 1}" for i in range(3)])
right.set(xlabel="epoch", ylabel="norm of the weights")
right.legend()
plt.show()
