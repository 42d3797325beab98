"""Small data for every task, and the comparison with scikit-learn's networks."""

import warnings
from contextlib import contextmanager

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skbackprop import BackpropClassifier, BackpropRegressor

from .. import oracle

CLASSIFICATION = ("binary", "multiclass", "multilabel")
REGRESSION = ("regression", "multioutput", "poisson")
TASKS = (*CLASSIFICATION, *REGRESSION)

SOLVERS = {
    "adam": {"solver": "adam", "learning_rate_init": 0.02},
    "plain sgd": {"solver": "sgd", "learning_rate_init": 0.05, "momentum": 0.0},
    "momentum": {
        "solver": "sgd",
        "learning_rate_init": 0.02,
        "nesterovs_momentum": False,
    },
    "nesterov": {"solver": "sgd", "learning_rate_init": 0.02},
    "invscaling": {
        "solver": "sgd",
        "learning_rate_init": 0.05,
        "learning_rate": "invscaling",
        "power_t": 0.2,
    },
    # Every epoch after the first is a bad one, so that the rate is cut often.
    "adaptive": {
        "solver": "sgd",
        "learning_rate_init": 0.05,
        "learning_rate": "adaptive",
        "n_iter_no_change": 1,
        "tol": 10.0,
    },
    # Few iterations: L-BFGS magnifies rounding with each.
    "lbfgs": {"solver": "lbfgs", "tol": 1e-6},
}
STEPWISE = [name for name in SOLVERS if name != "lbfgs"]

# A tolerance that no epoch violates: training runs for all of `max_iter`.
PATIENT = {"tol": 0.0, "n_iter_no_change": 10_000}


def make_data(task, n_samples=60, n_features=4, seed=0):
    """Return a small X, and a y of the task that depends on it with noise."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n_samples, n_features))
    hidden = np.tanh(X @ rng.normal(size=(n_features, 3)))
    raw = hidden + 0.5 * rng.normal(size=hidden.shape)
    targets = {
        "binary": (raw[:, 0] > 0).astype(int),
        "multiclass": raw.argmax(axis=1),
        "multilabel": (raw > 0).astype(int),
        "regression": raw[:, 0],
        "multioutput": raw,
        "poisson": rng.poisson(np.exp(raw[:, 0])).astype(float),
    }
    y = targets[task]
    X.flags.writeable = y.flags.writeable = False
    return X, y


def raw_data(task, unit=1.0, **params):
    """Return the data of a task, each column at a scale and a place of its own."""
    X, y = make_data(task, **params)
    place, scale = np.array([[3.0, -2.0, 0.0, 5.0], [1e-6, 1e6, 1.0, 1e3]])
    X = (X + place) * scale * unit
    X.flags.writeable = False
    return X, y


def ours(task, **params):
    """Return an unfitted estimator of the package, small and seeded."""
    return _build(task, BackpropClassifier, BackpropRegressor, params)


def theirs(task, **params):
    """Return scikit-learn's estimator with the same parameters."""
    return _build(task, MLPClassifier, MLPRegressor, params)


def _build(task, classifier, regressor, params):
    settings = {
        "hidden_layer_sizes": (5,),
        "batch_size": 16,
        "max_iter": 8,
        "random_state": 0,
        **params,
    }
    if task in CLASSIFICATION:
        return classifier(**settings)
    loss = "poisson" if task == "poisson" else "squared_error"
    return regressor(**{"loss": loss, **settings})


@contextmanager
def quiet():
    """Ignore that a deliberately short training has not converged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def fit(model, *args, **kwargs):
    """Fit without complaint about convergence."""
    with quiet():
        return model.fit(*args, **kwargs)


def caught(function, *args, **kwargs):
    """Return the warnings of a call as a list of (category, message)."""
    with warnings.catch_warnings(record=True) as records:
        warnings.simplefilter("always")
        function(*args, **kwargs)
    return [(r.category, str(r.message)) for r in records]


class Watcher:
    """A callback that counts epochs, and may answer or raise at one of them."""

    def __init__(self, answer=None, at=None, error=None):
        self.answer, self.at, self.error = answer, at, error
        self.epochs = []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        # Neither the whole fit, nor an epoch that was cut short.
        if context.max_subtasks != 0 or fitted_estimator is None:
            return None
        self.epochs.append(fitted_estimator)
        if len(self.epochs) != self.at:
            return None
        if self.error is not None:
            raise self.error
        return self.answer


def parameters(model):
    """Return all fitted parameters as one vector."""
    return np.concatenate([p.ravel() for p in [*model.coefs_, *model.intercepts_]])


def copies(arrays):
    """Return copies: what a later fit does to the originals does not show."""
    return [array.copy() for array in arrays]


def assert_equal_fit(left, right, rtol=1e-6):
    """Assert that two fitted networks hold the same parameters."""
    assert [c.shape for c in left.coefs_] == [c.shape for c in right.coefs_]
    assert_allclose(parameters(left), parameters(right), rtol=rtol, atol=1e-3 * rtol)


PER_ROW = {
    "binary": oracle.binary_log_loss,
    "multiclass": oracle.categorical_log_loss,
    "multilabel": oracle.binary_log_loss,
    "regression": oracle.squared_error,
    "multioutput": oracle.squared_error,
    "poisson": oracle.poisson,
}


def loop_network(model):
    """Return the fitted network as the oracle's."""
    return oracle.Network.from_arrays(model.coefs_, model.intercepts_, model.activation)


def loop_targets(task, y):
    """Return the targets as the oracle takes them: one list of numbers for each row."""
    if task == "multiclass":
        return np.eye(y.max() + 1)[y].tolist()
    return y.reshape(len(y), -1).tolist()


def reported_loss(task, model, X, y, alpha=0.0, weights=None):
    """Return the loss as it is reported: squared errors are averaged over outputs."""
    args = loop_network(model), X.tolist(), loop_targets(task, y), PER_ROW[task]
    data_loss = oracle.loss(*args, weights=weights)
    penalty = oracle.loss(*args, weights=weights, alpha=alpha) - data_loss
    share = model.n_outputs_ if task == "multioutput" else 1
    return data_loss / share + penalty


# Attributes that hold numbers, lists of numbers or None.
NUMBERS = (
    "loss_",
    "best_loss_",
    "loss_curve_",
    "validation_scores_",
    "best_validation_score_",
)
EXACT = (
    "n_iter_",
    "t_",
    "n_layers_",
    "n_outputs_",
    "out_activation_",
    "n_features_in_",
)


def assert_parity(mine, reference, X):
    """Assert that a model equals scikit-learn's: attributes and predictions.

    What scikit-learn does not have, such as a loss curve with L-BFGS, is not compared.
    """
    assert_equal_fit(mine, reference)
    for name in EXACT:
        assert getattr(mine, name) == getattr(reference, name), name
    for name in NUMBERS:
        if hasattr(reference, name):
            _assert_numbers(getattr(mine, name), getattr(reference, name), name)
    assert hasattr(mine, "feature_names_in_") == hasattr(reference, "feature_names_in_")
    if hasattr(reference, "feature_names_in_"):
        assert_array_equal(mine.feature_names_in_, reference.feature_names_in_)
    _assert_same_predictions(mine, reference, X)


def _assert_numbers(mine, reference, name):
    if reference is None:
        assert mine is None, name
    else:
        assert_allclose(mine, reference, rtol=1e-6, err_msg=name)


def _assert_same_predictions(mine, reference, X):
    predicted, expected = mine.predict(X), reference.predict(X)
    assert predicted.shape == expected.shape
    assert predicted.dtype == expected.dtype
    if not hasattr(reference, "classes_"):
        assert_allclose(predicted, expected, rtol=1e-6, atol=1e-9)
        return
    assert_array_equal(mine.classes_, reference.classes_)
    assert_array_equal(predicted, expected)
    for method in ("predict_proba", "predict_log_proba"):
        result, wanted = getattr(mine, method)(X), getattr(reference, method)(X)
        assert_allclose(result, wanted, rtol=1e-6, atol=1e-9, err_msg=method)
