"""
Activations and their derivatives
=================================

All activation functions of the package: what they do to a score, and what a gradient is
multiplied by on its way back.
"""

# %%
# Functions
# ---------
# Each is a class that registers under a name. What an activation computes is asked for
# as a network would: bound to a number of rows, it gives a forward and a backward map.
import numpy as np
from matplotlib import pyplot as plt

from skbackprop.core.layout import Layout
from skbackprop.core.workspace import Workspace
from skbackprop.layers import Activation, Site

x = np.linspace(-4, 4, 401)


def evaluate(activation):
    """Return the function and the derivative that training uses."""
    width, needed = activation.build(1)
    layout = Layout([needed])
    theta = np.array([param.start for param in needed])
    site = Site(
        key=0,
        rows=len(x),
        n_in=1,
        n_out=width,
        params=layout.views(theta)[0],
        grads=layout.views(np.empty_like(theta))[0],
        workspace=Workspace(len(x), np.float64),
    )
    column = x[:, np.newaxis].copy()
    y = activation.bind_forward(site)(column).copy()
    slope = activation.bind_backward(site)(column, np.ones_like(column))
    return y.ravel(), slope.ravel()


# %%
# The plot
# --------
# Functions in blue, derivatives in orange. The derivative of the step is zero: what is
# drawn, and what it trains with, is that of a clip to [-1, 1].
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
for axis, (name, member) in zip(axes.ravel(), members.items(), strict=False):
    y, slope = evaluate(member())
    axis.axhline(0, color="0.8", linewidth=0.8)
    axis.axvline(0, color="0.8", linewidth=0.8)
    axis.plot(x, y, label="function")
    axis.plot(x, slope, "--", label="derivative")
    axis.set(title=name, ylim=(-2, 3))
axes[0, 0].legend(loc="upper left", fontsize="small")
plt.show()

# %%
# Does it matter?
# ---------------
# For a small network, less than the other choices: on a curve in two dimensions most
# come out alike. The identity cannot bend, steps make a staircase of the curve, and the
# logistic function would need many more epochs.
import warnings

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
