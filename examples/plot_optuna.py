"""
Search depth and width with Optuna
==================================

Tuners draw numbers and strings, not tuples of varying length. A width and a depth, or a
shape written as ``"64-32"``, are numbers and strings.
"""

# %%
# The search
# ----------
# Without Optuna this page shows the same search at random.
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import RandomizedSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier

try:
    import optuna
except ImportError:
    optuna = None

X, y = load_breast_cancer(return_X_y=True)


def pipeline(**settings):
    """Scale, then train with early stopping."""
    network = BackpropClassifier(
        early_stopping=True,
        scoring="loss",
        learning_rate_init=0.01,
        max_iter=500,
        random_state=0,
        **settings,
    )
    return make_pipeline(StandardScaler(), network)


def objective(trial):
    """Cross-validate one drawn shape."""
    model = pipeline(
        hidden_layer_sizes=trial.suggest_int("width", 4, 64, log=True),
        n_hidden_layers=trial.suggest_int("depth", 0, 3),
        alpha=trial.suggest_float("alpha", 1e-5, 1e-1, log=True),
    )
    return cross_val_score(model, X, y, cv=3).mean()


if optuna is not None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=0)
    )
    study.optimize(objective, n_trials=15)
    print(f"best accuracy {study.best_value:.3f} with {study.best_params}")

# %%
# What was tried
# --------------
from matplotlib import pyplot as plt

if optuna is not None:
    figure, axis = plt.subplots(layout="constrained")
    points = axis.scatter(
        [trial.params["width"] for trial in study.trials],
        [trial.params["depth"] for trial in study.trials],
        c=[trial.value for trial in study.trials],
        s=80,
    )
    axis.set(xlabel="width", ylabel="depth", xscale="log", yticks=range(4))
    figure.colorbar(points, label="accuracy, three folds")
    plt.show()

# %%
# Shapes as strings
# -----------------
# Candidates of different widths are a plain list of strings; scikit-learn's own
# searches take it as well.
search = RandomizedSearchCV(
    pipeline(),
    {
        "backpropclassifier__hidden_layer_sizes": ["16", "64", "64-16", "32-32-32"],
        "backpropclassifier__activation": ["relu", "tanh"],
    },
    n_iter=5,
    cv=3,
    random_state=0,
)
search.fit(X, y)
print(f"best accuracy {search.best_score_:.3f} with {search.best_params_}")
