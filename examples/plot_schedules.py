"""
Learning-rate schedules
=======================

The courses that a learning rate can take over a fit, and what three of them do to the
loss.
"""

# %%
# What is planned
# ---------------
# Most schedules know the course before the fit, given the first rate, the number of
# epochs and, for ``invscaling``, the number of rows.
import warnings

import numpy as np
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from skbackprop import BackpropClassifier
from skbackprop.inspection import LearningRateDisplay, LossCurveDisplay
from skbackprop.schedules import (
    Adaptive,
    Constant,
    Cosine,
    CosineRestarts,
    Exponential,
    InverseScaling,
    OneCycle,
    Plateau,
    Polynomial,
    Step,
    Warmup,
)

EPOCHS = 30
planned = {
    "constant": Constant(),
    "invscaling": InverseScaling(power_t=0.2),
    "step": Step(step_size=10, gamma=0.3),
    "exponential": Exponential(gamma=0.9),
    "polynomial": Polynomial(),
    "cosine": Cosine(),
    "cosine_restarts": CosineRestarts(period=6, multiplier=2),
    "one_cycle": OneCycle(max_factor=2),
    "warmup": Warmup(epochs=5, then="cosine"),
    "function": lambda epoch: 0.01 / (1 + epoch % 5),
}
figure, axes = plt.subplots(
    2, 5, figsize=(11, 4.2), sharex=True, sharey=True, layout="constrained"
)
for axis, (name, schedule) in zip(axes.flat, planned.items(), strict=True):
    LearningRateDisplay.from_schedule(
        schedule, learning_rate_init=0.01, max_iter=EPOCHS, n_samples=100, ax=axis
    )
    axis.set(title=name)
    axis.label_outer()
plt.show()

# %%
# What depends on the fit
# -----------------------
# Two of them, adaptive and plateau, wait for training to get stuck. The labels are
# random, so that it does; ``learning_rate_curve_`` tells the rate that every epoch
# began at.
rng = np.random.default_rng(0)
noise = rng.normal(size=(100, 2)), rng.integers(0, 2, size=100)


def fit(X, y, schedule, **params):
    """Train for all epochs, whatever comes of it."""
    settings = {
        "n_iter_no_change": EPOCHS,
        "max_iter": EPOCHS,
        "random_state": 0,
    } | params
    model = BackpropClassifier(32, learning_rate=schedule, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


stuck = {"learning_rate_init": 0.01, "tol": 0.1}
adaptive = fit(*noise, Adaptive(), n_iter_no_change=6, **stuck)
plateau = fit(*noise, Plateau(factor=0.3, patience=6, tol=0.1), **stuck)
figure, axis = plt.subplots(figsize=(6, 3.5), layout="constrained")
LearningRateDisplay.from_estimator(adaptive, name="adaptive", ax=axis)
LearningRateDisplay.from_estimator(plateau, name="plateau", ax=axis)
plt.show()

# %%
# What a falling rate is good for
# -------------------------------
# Digits, in small batches at a large rate. With a constant rate the noise of the
# batches keeps the network from settling; a rate that falls to zero by the last epoch
# lets it. The cycle starts at a fifth of the rate of the others, and rises to it before
# it falls.
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, test_size=0.5, stratify=y, random_state=0
)
compared = {
    "constant": (Constant(), 0.1),
    "cosine": (Cosine(), 0.1),
    "one_cycle": (OneCycle(max_factor=5), 0.02),
}
figure, axis = plt.subplots(layout="constrained")
for name, (schedule, rate) in compared.items():
    model = fit(
        X_train,
        y_train,
        schedule,
        solver="nesterov",
        learning_rate_init=rate,
        batch_size=10,
    )
    LossCurveDisplay.from_estimator(model, name=name, ax=axis, log_scale=True)
    print(f"{name:<10} test accuracy {model.score(X_test, y_test):.3f}")
plt.show()
