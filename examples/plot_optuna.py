"""
A search that stops trials
==========================

``BackpropSearchCV`` draws parameters with Optuna, cross-validates them, and stops a
trial after the epoch in which it falls behind.
"""

# %%
# The search
# ----------
# Parameters of the network come from the space 'standard', where it stands in the
# pipeline is found. All trials see the same three folds.
import warnings

from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier
from skbackprop.tuning import BackpropSearchCV

# Forty epochs are what a trial has, converged or not.
warnings.simplefilter("ignore", ConvergenceWarning)

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

model = make_pipeline(StandardScaler(), BackpropClassifier(max_iter=40, random_state=0))
search = BackpropSearchCV(
    model,
    "standard",
    n_trials=30,
    pruner="hyperband",
    scoring="neg_log_loss",
    cv=StratifiedKFold(3, shuffle=True, random_state=0),
    random_state=0,
)
search.fit(X_train, y_train)
for name, value in search.best_params_.items():
    print(f"{name.partition('__')[2]:20} {value}")
unseen = -search.score(X_test, y_test)
print(f"log loss {-search.best_score_:.3f}, on unseen rows {unseen:.3f}")

# %%
# What it cost
# ------------
# A trial that goes on to the end trains 120 epochs; most are stopped long before. The
# lines are what each trial reported: the mean score over its finished folds and the
# present one.
import numpy as np
from matplotlib import pyplot as plt

results = search.cv_results_
stopped = results["status"] == "pruned"
print(f"{stopped.sum()} of {len(stopped)} trials stopped")
print(f"{results['n_epochs'].sum():.0f} epochs instead of {120 * len(stopped)}")

figure, axis = plt.subplots(layout="constrained")
for trial, ended in zip(search.study_.trials, ~stopped, strict=True):
    steps = sorted(trial.intermediate_values)
    losses = [-trial.intermediate_values[step] for step in steps]
    axis.plot(
        steps,
        losses,
        marker="o",
        markersize=3,
        color="tab:blue" if ended else "tab:gray",
        alpha=0.9 if ended else 0.5,
        zorder=2 if ended else 1,
    )
axis.plot([], [], color="tab:blue", label="trained to the end")
axis.plot([], [], color="tab:gray", label="stopped")
for fold in (1, 2):
    axis.axvline(40 * fold, color="black", linewidth=0.5, linestyle=":")
axis.set(
    xlabel="epochs over three folds",
    ylabel="log loss on rows held out",
    yscale="log",
)
axis.legend()
plt.show()

# %%
# What was tried
# --------------
# Trials that ended have a mean score, the others do not.
figure, axis = plt.subplots(layout="constrained")
rates = results["param_backpropclassifier__learning_rate_init"].astype(float)
widths = results["param_backpropclassifier__hidden_layer_sizes"].astype(float)
axis.scatter(rates[stopped], widths[stopped], marker="x", color="tab:gray")
points = axis.scatter(
    rates[~stopped],
    widths[~stopped],
    c=np.log10(-results["mean_test_score"][~stopped]),
    s=80,
)
axis.set(xlabel="learning rate", ylabel="width", xscale="log", yscale="log")
figure.colorbar(points, label="log loss, powers of ten; crosses were stopped")
plt.show()

# %%
# Going on
# --------
# With a storage the same call goes on where it was killed, and more trials can be
# added. Here 5 trials come first and 5 later, and the trials are those of one search of
# 10.
import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    search.set_params(storage=Path(folder) / "study.log", space="small")
    for n_trials in (5, 10):
        search.set_params(n_trials=n_trials).fit(X_train, y_train)
        print(f"{len(search.study_.trials)} trials, log loss {-search.best_score_:.3f}")
