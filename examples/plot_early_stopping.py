"""
Early stopping on a validation set of one's own
===============================================

When rows belong together, a random validation split contains near copies of training
rows and stops too late. Give ``fit`` validation data that are really new.
"""

# %%
# Measurements of patients
# ------------------------
# Each patient comes with ten noisy measurements. What we want is a model for *other*
# patients.
import numpy as np
from matplotlib import pyplot as plt
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupShuffleSplit

from skbackprop import BackpropClassifier
from skbackprop.inspection import LossCurveDisplay

rng = np.random.default_rng(0)
n_patients, n_visits, n_columns = 120, 10, 20
centers = rng.normal(size=(n_patients, n_columns))
ill = centers[:, 0] + centers[:, 1] + rng.normal(size=n_patients) > 0
patient = np.arange(n_patients).repeat(n_visits)
X = centers[patient] + 0.2 * rng.normal(size=(len(patient), n_columns))
y = ill[patient]


def by_patient(X, y, groups):
    """Hold out a quarter of the patients, with all of their rows."""
    splitter = GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=0)
    return next(splitter.split(X, y, groups))


rest, test = by_patient(X, y, patient)
inner, held_out = by_patient(X[rest], y[rest], patient[rest])
train, validation = rest[inner], rest[held_out]

# %%
# Two ways to stop
# ----------------
# Both stop when the validation loss no longer falls. One holds out random rows, the
# other is given whole patients.
model = BackpropClassifier(
    hidden_layer_sizes=(64, 64),
    early_stopping=True,
    validation_fraction=0.25,
    scoring="loss",
    n_iter_no_change=20,
    random_state=0,
)
models = {
    "random rows": clone(model).fit(X[rest], y[rest]),
    "whole patients": clone(model).fit(
        X[train], y[train], X_val=X[validation], y_val=y[validation]
    ),
}

# %%
# What each promises, and what it keeps: the log loss on its own validation data, and on
# the patients that neither has seen.
print(f"{'':<15} epochs  promised  kept")
for name, fitted in models.items():
    promised = -fitted.best_validation_score_
    kept = log_loss(y[test], fitted.predict_proba(X[test]))
    print(f"{name:<15} {fitted.n_iter_:>6}  {promised:>8.3f} {kept:>5.3f}")

# %%
# The loss curves
# ---------------
# On random rows the validation loss follows the training loss: it has seen those
# patients before. On new patients it turns, and there the training stops; the weights
# of the best epoch are put back.
figure, axes = plt.subplots(ncols=2, sharey=True, layout="constrained", figsize=(8, 4))
for axis, (name, fitted) in zip(axes, models.items(), strict=True):
    LossCurveDisplay.from_estimator(fitted, ax=axis, log_scale=True)
    axis.set(title=name)
    axis.label_outer()
plt.show()
