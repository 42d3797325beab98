"""
Activations and their derivatives
=================================

All activation functions of the package: what they do to a score, and what a gradient is
multiplied by on its way back.
"""

# %%
# Functions and derivatives
# -------------------------
# Each activation is a class that registers under a name. What is drawn is what training
# uses. The derivative of the step is zero: it trains with that of a clip to [-1, 1].
from matplotlib import pyplot as plt

from skbackprop.inspection import ActivationDisplay
from skbackprop.layers import Activation

members = Activation.members()
columns = 5
rows = -(-len(members) // columns)
figure, axes = plt.subplots(
    rows,
    columns,
    figsize=(10, 2 * rows),
    sharex=True,
    sharey=True,
    layout="constrained",
)
for axis in axes.ravel()[len(members) :]:
    axis.set_axis_off()
for axis, name in zip(axes.ravel(), members, strict=False):
    ActivationDisplay.from_activation(name, ax=axis)
    axis.set(ylim=(-2, 3), xlabel="")
    axis.get_legend().remove()
axes[0, 0].legend(loc="upper left", fontsize="small")
figure.supxlabel("score")
plt.show()

# %%
# Does it matter?
# ---------------
# For a small network, less than the other choices: on a curve in two dimensions most
# come out alike. The identity cannot bend, steps make a staircase of the curve, and the
# logistic function would need many more epochs.
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score

from skbackprop import BackpropRegressor

rng = np.random.default_rng(0)
X = rng.uniform(-2, 2, size=(300, 2))
target = np.sin(2 * X[:, 0]) * X[:, 1] + rng.normal(0, 0.1, 300)
scores = {}
for name in members:
    model = BackpropRegressor(
        hidden_layer_sizes=(32, 32),
        activation=name,
        learning_rate_init=0.01,
        max_iter=150,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        scores[name] = cross_val_score(model, X, target, cv=3).mean()
for name in sorted(scores, key=scores.get, reverse=True):
    print(f"{name:<12} R2 {scores[name]:.3f}")
