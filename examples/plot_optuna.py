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
from matplotlib import pyplot as plt

from skbackprop.tuning import SearchDisplay

results = search.cv_results_
stopped = results["status"] == "pruned"
print(f"{stopped.sum()} of {len(stopped)} trials stopped")
print(f"{results['n_epochs'].sum():.0f} epochs instead of {120 * len(stopped)}")
SearchDisplay.from_estimator(search, negate_score=True, log_scale=True)
plt.show()

# %%
# What was tried
# --------------
# Trials that ended have a mean score, the others do not.
SearchDisplay.from_estimator(
    search,
    params=["learning_rate_init", "hidden_layer_sizes"],
    negate_score=True,
    log_scale=True,
)
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
