r"""
A minimum, a saddle and a maximum
=================================

The second derivatives of the objective tell where training has ended. We read a report
at a minimum, look at the surroundings, and then stand on a saddle where the gradient
vanishes and a solver sees no reason to move.
"""

# %%
# A minimum
# ---------
# The report takes a fitted estimator and data, and builds the objective that ``fit``
# minimised: its loss, its penalty, its scaling.
import warnings

import numpy as np
from matplotlib import pyplot as plt
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.curvature import (
    CurvatureDisplay,
    Eigenvectors,
    Surface,
    critical_point,
    curvature_report,
    extreme_eigenvalues,
    hessian_operator,
)

X, y = load_wine(return_X_y=True)
model = BackpropClassifier(
    (8,),
    activation="tanh",
    scaling="standard",
    solver="lbfgs",
    alpha=0.5,
    tol=1e-9,
    max_iter=3000,
    random_state=0,
).fit(X, y)
print(curvature_report(model, X, y, random_state=0))

# %%
# No eigenvalue is negative beyond the tolerance: a minimum. One is exactly zero, as the
# softmax does not mind a constant that is added to all of its scores.
#
# On the left, the spectrum: many small eigenvalues and a few large ones. In the middle
# the objective along eigenvectors, with the parabolas that gradient and Hessian expect;
# on the right over the plane of the two sharpest directions.
figure, axes = plt.subplots(ncols=3, layout="constrained", figsize=(13, 4))
for ax, kind in zip(
    axes, ["spectrum", Eigenvectors(span=0.5), Surface(n_points=21)], strict=True
):
    CurvatureDisplay.from_estimator(model, X, y, kind=kind, ax=ax, random_state=0)
plt.show()

# %%
# A saddle
# --------
# Exclusive or, from a symmetric start: both hidden units compute the same, and nothing
# is made of it yet. The gradient is exactly zero, by symmetry, and the solver gives up
# before its first step.
corners = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
odd = np.array([0, 1, 1, 0])
model = BackpropClassifier((2,), activation="tanh", solver="lbfgs", alpha=0.0)
start = {
    "coefs_init": [np.full((2, 2), 0.5), np.zeros((2, 1))],
    "intercepts_init": [np.zeros(2), np.zeros(1)],
}
model.fit(corners, odd, **start)
print(critical_point(model, corners, odd))

# %%
# Two eigenvalues are negative. Along their eigenvectors it goes down; a small step that
# way is all the solver needs. (A little penalty gives it a minimum to come to: without,
# the weights would grow for ever.)
figure, (left, right) = plt.subplots(ncols=2, layout="constrained", figsize=(10, 4))
for ax, kind in [
    (left, Eigenvectors(n_largest=1, n_smallest=2, span=1.5)),
    (right, Surface(span=2.0, n_points=31)),
]:
    CurvatureDisplay.from_estimator(model, corners, odd, kind=kind, ax=ax)
plt.show()

operator = hessian_operator(model, corners, odd)
down = extreme_eigenvalues(operator, which="smallest").vectors[:, 0]
weights, others = (operator.theta + 0.1 * down)[:6], (operator.theta + 0.1 * down)[6:]
model.set_params(alpha=0.01).fit(
    corners,
    odd,
    coefs_init=[weights[:4].reshape(2, 2), weights[4:].reshape(2, 1)],
    intercepts_init=[others[:2], others[2:]],
)
print(critical_point(model, corners, odd))
print(f"accuracy {model.score(corners, odd):.0%}")

# %%
# A maximum
# ---------
# In all parameters together there is none: the loss is convex in the last layer. But
# some parameters alone may stand on a hill. SiLU has its lowest value at -1.2785; where
# the targets are above, no scores of the hidden unit are worse.
lowest = -1.2784645427610738
hill = BackpropRegressor(
    hidden_layer_sizes=(1,),
    activation="silu",
    solver="sgd",
    learning_rate_init=1e-300,
    max_iter=1,
    alpha=0.0,
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)  # it is not to move
    hill.fit(
        np.ones((3, 1)),
        np.full(3, 2.0),
        coefs_init=[[[lowest]], [[1.0]]],
        intercepts_init=[[0.0], [0.0]],
    )
print(critical_point(hill, np.ones((3, 1)), np.full(3, 2.0), layers=[0]))

# %%
# One eigenvalue is negative, one is flat: to a constant input the weight and the bias
# do the same.
