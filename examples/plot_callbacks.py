"""
Callbacks
=========

Watch a training, draw what happens, and stop it when it is good enough, with
scikit-learn's callbacks.
"""

# %%
# A callback that watches
# -----------------------
# A hook names what it wants to know. ``fitted_estimator`` is a model with the weights
# of that moment; a copy stays as it is when training goes on.
from copy import deepcopy

import numpy as np
from matplotlib import pyplot as plt
from sklearn.callback import ScoringMonitor
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay

from skbackprop import BackpropClassifier
from skbackprop.inspection import EmbeddingDisplay, LossCurveDisplay

X, y = make_moons(400, noise=0.25, random_state=0)


class Snapshots:
    """Keep the model as it is after some of the epochs."""

    def __init__(self, *epochs):
        self.epochs = epochs
        self.models = {}

    def setup(self, estimator, context):
        """Begin anew with every fit."""
        self.models = {}

    def on_fit_task_begin(self, estimator, context):
        """Do nothing."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        """Keep a copy, if it is time to."""
        if context.task_name == "epoch" and context.task_id + 1 in self.epochs:
            self.models[context.task_id + 1] = deepcopy(fitted_estimator)

    def teardown(self, estimator, context):
        """Do nothing."""


# %%
# A callback that stops
# ---------------------
# A hook that answers ``True`` ends the training.


class StopAtAccuracy:
    """Stop as soon as the training accuracy is good enough."""

    def __init__(self, target):
        self.target = target

    def setup(self, estimator, context):
        """Do nothing."""

    def on_fit_task_begin(self, estimator, context):
        """Do nothing."""

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator):
        """Tell whether to stop, after an epoch."""
        if context.task_name == "epoch":
            return fitted_estimator.score(X, y) >= self.target

    def teardown(self, estimator, context):
        """Do nothing."""


# %%
# Use them together
# -----------------
snapshots = Snapshots(1, 20, 80)
monitor = ScoringMonitor(scoring="accuracy")
model = BackpropClassifier((16, 16), learning_rate_init=0.01, random_state=0)
model.set_callbacks(snapshots, monitor, StopAtAccuracy(0.93))
model.fit(X, y)
print(f"stopped after {model.n_iter_} epochs, accuracy {model.score(X, y):.3f}")

# %%
# What the network made of the plane on its way:
levels, colors = np.linspace(0, 1, 11), {"cmap": "RdBu_r", "alpha": 0.6}
figure, axes = plt.subplots(ncols=3, layout="constrained", figsize=(10, 3.4))
for axis, (epoch, kept) in zip(axes, snapshots.models.items(), strict=True):
    background = DecisionBoundaryDisplay.from_estimator(
        kept, X, response_method="predict_proba", ax=axis, levels=levels, **colors
    )
    EmbeddingDisplay.from_predictions(
        X, y, ax=axis, cmap="bwr", scatter_kwargs={"ec": "w"}
    )
    axis.set(title=f"epoch {epoch}: accuracy {kept.score(X, y):.2f}")
    axis.set(xlabel="", ylabel="")
    axis.get_legend().remove()
figure.colorbar(background.surface_, ax=axes, label="probability of the second class")
plt.show()

# %%
# And how the loss fell:
LossCurveDisplay.from_estimator(model)
plt.show()
