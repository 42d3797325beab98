"""Fits to cut off: data, settings of all kinds, and what has to come out the same."""

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropClassifier, BackpropEmbedder, BackpropRegressor
from skbackprop.augmentation import Mixup
from skbackprop.averaging import Mean
from skbackprop.pruning import Gradual, OneShot, Rewinding
from skbackprop.schedules import Plateau, Schedule
from skbackprop.solvers import GD, Adam, NewtonCG
from skbackprop.training import StoppingRule

N_ROWS = 90
rng = np.random.RandomState(0)
X = rng.normal(size=(N_ROWS, 5))
CLASSES = (X[:, 0] + X[:, 1] > 0).astype(int) + (X[:, 2] > 0.5)
NUMBERS = np.sin(X[:, 0]) + X[:, 1]
WEIGHT = rng.uniform(0.5, 2.0, N_ROWS)
HELD_OUT = {"X_val": X[:20], "y_val": CLASSES[:20]}


class Alternating(Schedule):
    """A schedule with a memory of many kinds."""

    def after_epoch(self, rate, initial, n_seen):
        return rate

    def after_value(self, rate, value, memory):
        memory["rates"] = (*memory.get("rates", ()), rate)[-2:]
        memory["values"] = np.append(memory.get("values", []), value)[-3:]
        return (0.02, 0.01)[len(memory["values"]) % 2] + 0.001 * memory["values"].std()


class NthRise(StoppingRule):
    """A rule that remembers."""

    n: int = 3

    def bind(self, view):
        curve, memory = view.history.loss_curve, view.memory
        memory.setdefault("rises", 0)

        def judge():
            memory["rises"] += len(curve) > 1 and curve[-1] > curve[-2]
            return memory["rises"] >= self.n

        return judge


@dataclass
class Fit:
    """A kind of estimator, its settings, and what it is fitted on."""

    kind: Any
    settings: dict = field(default_factory=dict)
    y: Any = None
    X: Any = None
    extra: dict = field(default_factory=dict)

    def estimator(self, **changes):
        """A new estimator."""
        common = {"hidden_layer_sizes": (6, 4), "batch_size": 32, "tol": 1e-9}
        common |= {"learning_rate_init": 0.01, "max_iter": 14, "random_state": 0}
        return self.kind(**common | self.settings | changes)

    def run(self, *callbacks, **changes):
        """Fit a new estimator."""
        return self.fit(self.estimator(**changes), *callbacks)

    def fit(self, estimator, *callbacks):
        """Fit an estimator."""
        estimator.set_callbacks(*callbacks)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            data = X if self.X is None else self.X
            return estimator.fit(data, self.y, **self.extra)


def classifier(**settings):
    """Return a classification."""
    return Fit(BackpropClassifier, settings, CLASSES)


def regressor(**settings):
    """Return a regression."""
    return Fit(BackpropRegressor, settings, NUMBERS)


SOLVERS = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam"]
SOLVERS += ["adamw", "nadam", "amsgrad", "lion", "muon"]
FULL_BATCH = {
    "lbfgs": "lbfgs",
    "bfgs": "bfgs",
    "gd": "gd",
    "gd wolfe": GD("strong_wolfe"),
    "gd fixed": GD(None),
    "newton": "newton-cg",
    "newton hessian": NewtonCG("hessian"),
    "newton diagonal": NewtonCG(preconditioner="diagonal"),
    "levenberg": "levenberg-marquardt",
}
EARLY = {"early_stopping": True, "validation_fraction": 0.2}

FITS = {
    **{name: classifier(solver=name) for name in SOLVERS},
    **{name: regressor(solver=solver) for name, solver in FULL_BATCH.items()},
    "lbfgs l1": regressor(solver="lbfgs", penalty="l1"),
    "unshuffled": regressor(shuffle=False),
    "float32": Fit(BackpropRegressor, {}, NUMBERS, X.astype(np.float32)),
    "float32 lbfgs": Fit(
        BackpropRegressor, {"solver": "lbfgs"}, NUMBERS, X.astype(np.float32)
    ),
    "float32 gd": Fit(
        BackpropRegressor, {"solver": "gd"}, NUMBERS, X.astype(np.float32)
    ),
    "sparse": Fit(BackpropClassifier, {}, CLASSES, csr_array(X * (X > 0))),
    "dropout": classifier(dropout=0.3, input_dropout=0.1),
    "dropconnect": classifier(dropconnect=0.3),
    "sparse dropout": Fit(
        BackpropClassifier, {"input_dropout": 0.2}, CLASSES, csr_array(X * (X > 0))
    ),
    "batch norm": classifier(normalization="batch"),
    "ema": classifier(averaging="ema"),
    "late mean": regressor(averaging=Mean(start=7), normalization="batch"),
    "clipped": regressor(solver=Adam(), clip_norm=0.5, max_norm=1.0),
    "invscaling": classifier(solver="sgd", learning_rate="invscaling"),
    "adaptive": classifier(
        solver="sgd", learning_rate="adaptive", tol=10.0, n_iter_no_change=1
    ),
    "plateau": classifier(learning_rate=Plateau(patience=1, tol=10.0)),
    "one cycle": classifier(learning_rate="one_cycle"),
    "memory": classifier(learning_rate=Alternating()),
    "noise": regressor(augmentation="gaussian_noise"),
    "mixup": classifier(augmentation=[Mixup(), "feature_dropout"]),
    "early": classifier(**EARLY),
    "early lbfgs": classifier(**EARLY, solver="lbfgs"),
    "early loss": regressor(**EARLY, scoring="loss", n_iter_no_change=2, tol=0.05),
    "early scorer": regressor(**EARLY, scoring="neg_mean_absolute_error"),
    "held out": Fit(
        BackpropClassifier, {"early_stopping": True}, CLASSES, extra=HELD_OUT
    ),
    "weighted": Fit(BackpropRegressor, {}, NUMBERS, extra={"sample_weight": WEIGHT}),
    "scaled": regressor(scaling="standard", augmentation="gaussian_noise"),
    "rules": regressor(stopping=["weight_change", "loss"]),
    "own rule": regressor(stopping=NthRise(), learning_rate_init=0.3),
    "health": classifier(gradient_health=True),
    "embedder": Fit(BackpropEmbedder, {"batch_size": 40}, CLASSES),
}
PRUNED = {
    "pruned at the end": classifier(pruning=OneShot(fine_tuning=0.7)),
    "pruned gradually": classifier(pruning=Gradual(), **EARLY),
    "rewound": regressor(pruning=Rewinding(n_rounds=3), averaging="ema"),
    "pruned, looked at": regressor(
        pruning=Gradual(), gradient_health=True, stopping=["weight_change", "loss"]
    ),
    "pruned lbfgs": regressor(pruning=Gradual(n_rounds=3), solver="lbfgs"),
}
FITS |= PRUNED
# All that a fit leaves behind.
FITTED = ["coefs_", "intercepts_", "extra_params_", "loss_curve_", "n_iter_", "t_"]
FITTED += ["learning_rate_curve_", "validation_scores_", "validation_loss_curve_"]
FITTED += ["best_loss_", "best_validation_score_", "stopped_by_", "n_steps_", "loss_"]
FITTED += ["masks_", "intercept_masks_"]


def outcome(model):
    """Return all that a fit leaves behind, as something that can be compared."""
    health = model.gradient_health_
    return [getattr(model, name) for name in FITTED] + [
        None if health is None else [*health.rows(), health.alarm]
    ]


def assert_the_same(one, other):
    """Check that two models are the same, bit by bit."""
    np.testing.assert_equal(outcome(one), outcome(other))
    for a, b in zip(one.coefs_, other.coefs_, strict=True):
        assert a.dtype == b.dtype


class CutOff(Exception):
    """What ends a fit half-way."""


class Cut:
    """A callback that raises after some epochs, and counts them."""

    def __init__(self, after=None, error=CutOff):
        self.after, self.error, self.epochs = after, error, []

    def setup(self, estimator, context):
        """Begin anew."""
        self.epochs = []

    def on_fit_task_begin(self, estimator, context):
        """Do nothing."""

    def on_fit_task_end(self, estimator, context):
        """Count, and raise."""
        if context.task_name != "epoch":
            return
        self.epochs.append(context.task_id)
        if len(self.epochs) == self.after:
            raise self.error

    def teardown(self, estimator, context):
        """Do nothing."""
