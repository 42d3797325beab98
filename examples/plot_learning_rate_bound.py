r"""
The largest eigenvalue and the learning rate
============================================

Along a direction in which the objective has the curvature :math:`\lambda`, a step of
gradient descent with the rate :math:`\eta` multiplies the distance to a minimum by
:math:`1 - \eta \lambda`. It converges if :math:`\eta < 2 / \lambda_{max}`, and not
above. We put the bound to the test, then watch how training runs into it by itself.
"""

# %%
# Just below and just above
# -------------------------
# A minimum first, by L-BFGS and then by descent at half the rate that it bears.
import warnings

import numpy as np
from matplotlib import pyplot as plt
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.curvature import (
    SharpnessDisplay,
    critical_point,
    extreme_eigenvalues,
    hessian_operator,
    learning_rate_bound,
    sharpness,
)
from skbackprop.inspection import LossCurveDisplay

# Runs of a set number of epochs are what we want here.
warnings.simplefilter("ignore", ConvergenceWarning)

X, y = load_breast_cancer(return_X_y=True)
X = scale(X)
model = BackpropClassifier(
    (5,),
    activation="tanh",
    solver="lbfgs",
    alpha=5.0,
    tol=1e-9,
    max_iter=2000,
    random_state=0,
).fit(X, y)
bound = learning_rate_bound(model, X, y, random_state=0)
descent = BackpropClassifier(
    (5,),
    activation="tanh",
    solver="sgd",
    momentum=0.0,
    batch_size=len(X),
    alpha=5.0,
    tol=0.0,
    max_iter=600,
    n_iter_no_change=600,
)
model = (
    clone(descent)
    .set_params(learning_rate_init=bound / 2)
    .fit(X, y, coefs_init=model.coefs_, intercepts_init=model.intercepts_)
)
bound = learning_rate_bound(model, X, y, random_state=0)
print(critical_point(model, X, y))
print(f"bound on the learning rate: {bound:.4f}")

# %%
# From a point right beside it, plain gradient descent on all rows: with 1.99 over the
# largest eigenvalue it comes back, with 2.01 it goes away. Each step multiplies the
# distance along the sharpest direction by -0.99 or by -1.01, until the valley is no
# parabola any more: there it goes on bouncing from wall to wall.
top = extreme_eigenvalues(hessian_operator(model, X, y), which="largest")
n_weights = [coef.size for coef in model.coefs_]
moved = [coef.copy() for coef in model.coefs_]
moved[0] += 1e-3 * top.vectors[: n_weights[0], 0].reshape(moved[0].shape)

figure, axes = plt.subplots(layout="constrained", figsize=(6, 4))
for share in (1.99, 2.01):
    descent.set_params(learning_rate_init=share / 2 * bound, max_iter=500)
    descent.fit(X, y, coefs_init=moved, intercepts_init=model.intercepts_)
    above = np.array(descent.loss_curve_) - model.loss_curve_[-1]
    name = f"rate {share} / largest eigenvalue"
    LossCurveDisplay(loss_curve=above, name=name).plot(axes, log_scale=True)
    print(f"{name}: {above[0]:.1e} above the minimum, after 500 epochs {above[-1]:.1e}")
axes.set_ylabel("loss above the minimum")
plt.show()

# %%
# Training sharpens until the rate forbids it
# -------------------------------------------
# Digits, with the squared error. The place where the weights start is narrower than
# either rate bears, and is left at once. From there full-batch descent slides into ever
# narrower valleys until the largest eigenvalue reaches 2 over the rate, and stays about
# there: "the edge of stability". It is the rate that chooses the minimum.
X, y = load_digits(return_X_y=True)
X, Y = X[::2] / 16, np.eye(10)[y[::2]]
network = BackpropRegressor(
    hidden_layer_sizes=(32,),
    activation="tanh",
    solver="sgd",
    momentum=0.0,
    batch_size=len(X),
    alpha=0.0,
    tol=0.0,
    n_iter_no_change=10_000,
    max_iter=3000,
    random_state=0,
)
figure, axes = plt.subplots(layout="constrained", figsize=(6, 4))
for rate in (0.1, 0.15):
    SharpnessDisplay.from_estimator(
        clone(network).set_params(learning_rate_init=rate),
        X,
        Y,
        every=100,
        random_state=0,
        name=f"rate {rate}",
        plot_bound=True,
        ax=axes,
    )
plt.show()

# %%
# Small batches find flatter places
# ---------------------------------
# At the same rate, and down to a lower loss: steps in small batches are noisy, which a
# narrow valley does not bear either. Both measures tell: the curvature along the
# sharpest direction, and the worst rise of the loss nearby. On these digits the
# flattest network predicts best; the other two do so equally well.
test = slice(1, None, 2)
X_test, y_test = load_digits(return_X_y=True)[0][test] / 16, y[test]
for batch_size, epochs in [(8, 200), (32, 400), (len(X), 3000)]:
    model = clone(network).set_params(
        learning_rate_init=0.1, batch_size=batch_size, max_iter=epochs
    )
    found = sharpness(model.fit(X, Y), X, Y, radius=0.01, random_state=0)
    accuracy = (model.predict(X_test).argmax(axis=1) == y_test).mean()
    print(
        f"batches of {batch_size:3}: loss {model.loss_:.4f}, largest eigenvalue "
        f"{found.largest_eigenvalue:4.1f}, rise within 1 % {found.rise:.3f}, "
        f"accuracy {accuracy:.3f}"
    )
