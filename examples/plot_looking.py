"""
Looking at a network
====================

A network from all sides: what it is made of, how its fit went, what its gradients and
weights are like, and what pruning leaves of it.
"""

# %%
# A fit to look at
# ----------------
# Images of digits, with early stopping, a falling learning rate, and a look at the
# gradients after each epoch.
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import train_test_split

from skbackprop import BackpropClassifier
from skbackprop.inspection import (
    GradientFlowDisplay,
    LossCurveDisplay,
    NetworkDisplay,
    WeightsDisplay,
    summary,
)
from skbackprop.pruning import prune

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, stratify=y, random_state=0
)
model = BackpropClassifier(
    (40, 20),
    solver="nesterov",
    learning_rate="cosine",
    learning_rate_init=0.05,
    alpha=0.3,
    max_iter=40,
    n_iter_no_change=40,
    early_stopping=True,
    gradient_health=True,
    random_state=0,
).fit(X_train, y_train)
print(f"test accuracy {model.score(X_test, y_test):.3f}")

# %%
# The table of its layers; in a notebook it is one.
print(summary(model))

# %%
# How the fit went
# ----------------
# Training and validation loss, the epoch whose weights were kept, and on axes of their
# own the validation score and the learning rate.
LossCurveDisplay.from_estimator(
    model, log_scale=True, plot_score=True, plot_learning_rate=True
)
plt.show()

# %%
# Gradients over the layers after the last epoch, with dead units and saturated entries
# as bars; and what each epoch changed, relative to the weights.
figure, (left, right) = plt.subplots(ncols=2, figsize=(10, 4), layout="constrained")
GradientFlowDisplay.from_estimator(model, ax=left, name="gradients", plot_shares=True)
GradientFlowDisplay.from_estimator(
    model, ax=right, over_epochs=True, measure="update_ratio"
)
plt.show()

# %%
# What it has learned
# -------------------
# The weights of each layer, and those of the first layer as images: red pixels raise
# the score of a hidden unit, blue ones lower it. Many look for a stroke.
WeightsDisplay.from_estimator(model)
plt.show()

# %%
WeightsDisplay.from_estimator(model, image_shape=(8, 8))
plt.show()

# %%
# What pruning leaves
# -------------------
# A small network, before and after four in five of its weights went, with a little
# training in between. Units that have lost all weights at one side are hollow.
iris = load_iris(as_frame=True)
names = iris.target_names[iris.target]
small = BackpropClassifier(
    (8, 6),
    activation="tanh",
    scaling="standard",
    solver="lbfgs",
    alpha=0.1,
    max_iter=1000,
    random_state=0,
).fit(iris.data, names)
pruned = prune(
    small,
    iris.data,
    names,
    criterion="obs",
    amount=0.8,
    n_rounds=4,
    fine_tune_epochs=50,
)
print(f"accuracy {small.score(iris.data, names):.3f}", end=" before, ")
print(f"{pruned.score(iris.data, names):.3f} after")
figure, axes = plt.subplots(nrows=2, figsize=(8, 9), layout="constrained")
for ax, title, network in zip(axes, ["before", "after"], [small, pruned], strict=True):
    NetworkDisplay.from_estimator(network, ax=ax)
    ax.set_title(title)
plt.show()
