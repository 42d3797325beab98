"""
Leave-one-out, stratified, hold-out and rolling-window validation
=================================================================

Which rows a network is judged on is up to the data: few rows, rare classes, many rows,
or an order in time. scikit-learn's splitters say so, and every search and every scoring
function takes them.
"""

# %%
# Four ways to hold rows out
# --------------------------
# Each line is a split: blue rows train, orange rows judge. A rolling window only ever
# judges on what comes after the rows that it trains on; ``max_train_size`` lets go of
# the oldest ones.
import numpy as np
from matplotlib import pyplot as plt
from sklearn.model_selection import (
    KFold,
    LeaveOneOut,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)

from skbackprop.tuning import SplitDisplay

WAYS = {
    "leave-one-out": LeaveOneOut(),
    "stratified, 5 folds": StratifiedKFold(5, shuffle=True, random_state=0),
    "hold-out": ShuffleSplit(1, test_size=0.3, random_state=0),
    "rolling window": TimeSeriesSplit(5, max_train_size=10),
}
rows = np.arange(24)
classes = (rows % 4 == 0).astype(int)
figure, axes = plt.subplots(2, 2, figsize=(9, 6), layout="constrained")
for axis, (name, splitter) in zip(axes.flat, WAYS.items(), strict=True):
    SplitDisplay.from_splitter(splitter, rows[:, None], classes, ax=axis)
    axis.set_title(name, loc="right")
plt.show()

# %%
# Few rows: leave one out
# -----------------------
# Each row is predicted by a network that has not seen it. A single row has no R2:
# predict all of them first, and score once.
from sklearn.datasets import load_diabetes, load_iris
from sklearn.metrics import PredictionErrorDisplay, r2_score
from sklearn.model_selection import cross_val_predict

from skbackprop import BackpropClassifier, BackpropRegressor

X, y = load_diabetes(return_X_y=True)
regressor = BackpropRegressor(
    hidden_layer_sizes=(4,),
    solver="lbfgs",
    alpha=1.0,
    scaling="standard",
    max_iter=5000,
    max_fun=20000,
    random_state=0,
)
some = np.random.default_rng(0).permutation(len(X))[:60]
predicted = cross_val_predict(regressor, X[some], y[some], cv=LeaveOneOut())
print(f"R2 of {len(some)} rows, each left out once: {r2_score(y[some], predicted):.2f}")

# %%
# Rare classes: stratified folds
# ------------------------------
# Every fold has its share of each class. For classifiers ``cv=5`` means this, in the
# order of the rows. A search takes the same splitter, and so does early stopping for
# the rows that it splits off the training part itself.
from sklearn.model_selection import cross_validate

from skbackprop.tuning import BackpropSearchCV

X, y = load_iris(return_X_y=True)
classifier = BackpropClassifier(
    hidden_layer_sizes=(16,),
    scaling="standard",
    learning_rate_init=0.01,
    early_stopping=True,
    max_iter=2000,
    scoring="loss",
    random_state=0,
)
folds = WAYS["stratified, 5 folds"]
scores = cross_validate(
    classifier, X, y, cv=folds, scoring=["accuracy", "neg_log_loss"]
)
print(f"accuracy {scores['test_accuracy'].mean():.3f}")
print(f"log loss {-scores['test_neg_log_loss'].mean():.3f}")

# %%
# Many rows: hold some out
# ------------------------
# One split is enough where the rows held out are many. A search with a single split
# trains each candidate once; here it also stops those that lag behind.
search = BackpropSearchCV(
    classifier,
    "small",
    n_trials=10,
    pruner="halving",
    cv=WAYS["hold-out"],
    scoring="neg_log_loss",
    random_state=0,
).fit(X, y)
print(f"log loss on the rows held out: {-search.best_score_:.3f}")
print(f"{(search.cv_results_['status'] == 'pruned').sum()} of 10 trials stopped")

# %%
# In time: a rolling window
# -------------------------
# A noisy season that rises, to be predicted from the twelve values before. Shuffled
# folds let the network see the future, and score it too well: in the window it falls
# behind the rise, and most points are above the line.
rng = np.random.default_rng(0)
t = np.arange(400)
series = np.sin(2 * np.pi * t / 25) + 0.002 * t + rng.normal(scale=0.2, size=len(t))
lags = 12
X = np.lib.stride_tricks.sliding_window_view(series[:-1], lags)
y = series[lags:]
window = TimeSeriesSplit(6, max_train_size=150, gap=1)
shuffled = KFold(6, shuffle=True, random_state=0)
regressor.set_params(alpha=0.1)
figure, axes = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
for axis, (name, splitter) in zip(
    axes, {"shuffled folds": shuffled, "rolling window": window}.items(), strict=True
):
    parts = [*splitter.split(X)]
    predicted = [regressor.fit(X[i], y[i]).predict(X[j]) for i, j in parts]
    true, predicted = y[np.concatenate([j for _, j in parts])], np.hstack(predicted)
    PredictionErrorDisplay.from_predictions(
        true, predicted, kind="actual_vs_predicted", ax=axis, random_state=0
    )
    axis.set_title(f"{name}: R2 {r2_score(true, predicted):.2f}")
plt.show()
