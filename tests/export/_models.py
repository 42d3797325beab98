"""Small fitted models of every kind, for whatever hands them on."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropClassifier, BackpropEmbedder, BackpropRegressor
from skbackprop.layers import Activation, Layer, Normalization
from skbackprop.losses import ClassificationLoss, PairLoss, Quantile, RegressionLoss

DTYPES = (np.float32, np.float64)
N_ROWS = 60


def own(family):
    """The members of a family that come with the package; tests register others."""
    members = family.members().items()
    return {n: m for n, m in members if m.__module__.startswith("skbackprop.")}


ACTIVATIONS = sorted(own(Activation))
NORMALIZATIONS = sorted(own(Normalization))
CLASS_LOSSES = sorted(own(ClassificationLoss))
PAIR_LOSSES = sorted(own(PairLoss))
REGRESSION_LOSSES = {
    **{name: name for name in sorted(own(RegressionLoss))},
    "three quantiles": Quantile([0.1, 0.5, 0.9]),
    "three quantiles in order": Quantile([0.1, 0.5, 0.9], non_crossing=True),
}


def own_layers(kind=Layer):
    """The layers of the package that can be built, families left out."""
    for each in kind.__subclasses__():
        if each.__module__.startswith("skbackprop.") and not each.__abstractmethods__:
            yield each
        yield from own_layers(each)


LAYERS = sorted(set(own_layers()), key=lambda kind: kind.__name__)


def inputs(dtype=np.float64):
    """Rows of five features, far from zero and of different scales."""
    rng = np.random.default_rng(0)
    X = rng.normal([0, 30, 0, -2, 0], [1, 10, 0.1, 1, 1], size=(N_ROWS, 5))
    return X.astype(dtype)


def _signals():
    X = inputs()
    return np.column_stack([X[:, 0], (X[:, 1] - 30.0) / 10.0, X[:, 3] + 2.0])


def targets(task):
    """Targets of each kind of classification, or real ones."""
    signals = _signals()
    three = np.digitize(signals[:, 0] + 0.3 * signals[:, 1], [-0.5, 0.5])
    return {
        "binary": (signals[:, 0] > signals[:, 1]).astype(int),
        "multiclass": three,
        "multilabel": (signals > 0.2).astype(int),
        "multioutput": np.column_stack([three, signals[:, 2] > 0]).astype(int),
        "one class": np.ones(N_ROWS, int),
        "real": 100.0 + 20.0 * signals[:, 0],
        "reals": 100.0 + 20.0 * signals,
        "positive": np.exp(signals[:, 0]),
    }[task]


CLASS_TASKS = ("binary", "multiclass", "multilabel", "multioutput")
SMALL = {"max_iter": 3, "random_state": 0, "learning_rate_init": 0.02}


def fit(model, X, y):
    """Fit without complaint about convergence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


def classifier(task="multiclass", dtype=np.float64, **params):
    """Return a fitted classifier."""
    settings = {**SMALL, "hidden_layer_sizes": (8,), "scaling": "standard", **params}
    return fit(BackpropClassifier(**settings), inputs(dtype), targets(task))


def regressor(task="real", dtype=np.float64, **params):
    """Return a fitted regressor that scales its targets."""
    settings = {**SMALL, "hidden_layer_sizes": (8,), "scaling": "standard", **params}
    return fit(BackpropRegressor(**settings), inputs(dtype), targets(task))


def embedder(dtype=np.float64, **params):
    """Return a fitted embedder."""
    settings = {**SMALL, "hidden_layer_sizes": (8,), "n_components": 3, **params}
    model = BackpropEmbedder(scaling="standard", **settings)
    return fit(model, inputs(dtype), targets("multiclass"))


def tolerance(dtype, scale=1.0):
    """What the last digits of a type may differ by, for values of a scale."""
    eps = 1e-5 if dtype == np.float32 else 1e-10
    return {"rtol": eps, "atol": eps * scale}
