"""Where the fit differs from scikit-learn's on purpose, and what it adds.

Differences with a file of their own (early stopping, warm start, sample weights,
L-BFGS) are tested there.
"""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.utils import get_tags

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.layers import Identity, Logistic, ReLU, Tanh

from .. import oracle
from ._cases import (
    CLASSIFICATION,
    PATIENT,
    TASKS,
    Watcher,
    assert_equal_fit,
    caught,
    fit,
    loop_network,
    make_data,
    ours,
    parameters,
)

SOLVERS = ("adam", "sgd", "lbfgs")


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("solver", SOLVERS)
def test_single_precision_stays_single(solver, task, early_stopping):
    X, y = make_data(task)
    single = X.astype(np.float32)
    params = {"solver": solver, "early_stopping": early_stopping}
    model = fit(ours(task, **params), single, y)
    results = [*model.coefs_, *model.intercepts_]
    if task in CLASSIFICATION:
        results += [model.predict_proba(single), model.decision_function(single)]
    else:
        results.append(model.predict(single))
    assert {array.dtype.name for array in results} == {"float32"}
    if not early_stopping:
        double = fit(ours(task, **params), X, y)
        assert_equal_fit(model, double, rtol=0.02)


EXPLOSIONS = {
    "rate": ({"solver": "sgd", "learning_rate_init": 1e6}, 1.0),
    "adam's rate": ({"solver": "adam", "learning_rate_init": 1e200}, 1.0),
    "data": ({"solver": "adam"}, 1e200),
    "data and lbfgs": ({"solver": "lbfgs"}, 1e200),
    "penalty": ({"solver": "sgd", "alpha": 1e9, "learning_rate_init": 1.0}, 1.0),
}


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(("params", "scale"), EXPLOSIONS.values(), ids=EXPLOSIONS)
def test_divergence_stops_at_once_with_one_warning(params, scale, early_stopping):
    X, y = make_data("regression")
    params = {"early_stopping": early_stopping, "max_iter": 300, **PATIENT, **params}
    model = ours("regression", activation="identity", **params)
    ((category, message),) = caught(model.fit, scale * X, y)
    assert category is ConvergenceWarning
    assert "layer" in message
    assert any(remedy in message for remedy in ("learning_rate_init", "scale"))
    assert model.n_iter_ < 60
    assert np.isfinite(parameters(model)).all()
    assert model.predict(X).shape == y.shape


def test_divergence_keeps_the_last_parameters_with_a_finite_loss():
    X, y = make_data("regression")
    params = {"solver": "sgd", "learning_rate_init": 1e4, "activation": "identity"}
    watcher = Watcher()
    model = ours("regression", **params, **PATIENT, max_iter=300, batch_size=60)
    caught(model.set_callbacks(watcher).fit, X, y)
    *_, before, last = map(parameters, watcher.epochs)
    # The last epoch's parameters are finite, but too large to square an error with.
    assert np.isfinite(last).all()
    assert_array_equal(parameters(model), before)
    assert np.isfinite(model.predict(X)).all()
    assert np.isfinite(model.score(X, y))


def test_divergence_in_partial_fit_warns_too():
    X, y = make_data("regression")
    model = ours("regression", solver="sgd", learning_rate_init=1e150)
    warned = [w for _ in range(3) for w in caught(model.partial_fit, X, y)]
    assert {category for category, _ in warned} == {ConvergenceWarning}
    assert np.isfinite(parameters(model)).all()


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_training_goes_on_after_a_batch_that_made_it_diverge(solver):
    X, y = make_data("regression")
    model = ours("regression", solver=solver).partial_fit(X, y)
    assert len(caught(model.partial_fit, 1e200 * X, y)) == 1
    for call in (2, 3):
        assert caught(model.partial_fit, X, y) == []
        assert len(model.loss_curve_) == call
        assert model.loss_curve_[-1] < model.loss_curve_[-2]


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_negative_poisson_targets_are_an_error(method, solver):
    X, y = make_data("poisson")
    model = ours("poisson", solver=solver)
    if not hasattr(model, method):
        return
    with pytest.raises(ValueError, match=r"loss='poisson' requires y >= 0, got .*-1"):
        getattr(model, method)(X, np.where(y > 2, -1.0, y))


@pytest.mark.parametrize("solver", SOLVERS)
def test_ctrl_c_keeps_what_was_learned_and_goes_on_up(solver):
    X, y = make_data("multiclass")
    model = ours("multiclass", solver=solver, max_iter=50)
    model.set_callbacks(Watcher(error=KeyboardInterrupt(), at=3))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert_equal_fit(model, fit(ours("multiclass", solver=solver, max_iter=3), X, y))
    assert model.n_iter_ == len(model.loss_curve_) == 3
    assert model.predict(X).shape == y.shape


@pytest.mark.parametrize("solver", SOLVERS)
def test_ctrl_c_gives_back_the_best_weights_so_far(solver):
    X, y = make_data("multiclass")
    scores = iter([0.1, 0.9, 0.2, 0.3])
    watcher = Watcher(error=KeyboardInterrupt(), at=4)
    model = ours("multiclass", solver=solver, early_stopping=True, max_iter=50)
    model.set_params(scoring=lambda *args, **kwargs: next(scores))
    with pytest.raises(KeyboardInterrupt):
        model.set_callbacks(watcher).fit(X, y)
    assert_array_equal(parameters(model), parameters(watcher.epochs[1]))


def test_ctrl_c_ends_a_surrounding_search():
    X, y = make_data("binary")
    watcher = Watcher(error=KeyboardInterrupt(), at=2)
    search = GridSearchCV(ours("binary").set_callbacks(watcher), {"alpha": [0, 1]})
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, y)
    assert len(watcher.epochs) == 2


@pytest.mark.parametrize("label", [3, "only"])
@pytest.mark.parametrize("solver", SOLVERS)
def test_one_class_has_one_column_of_certainty(solver, label):
    X, _ = make_data("binary")
    model = fit(ours("binary", solver=solver), X, [label] * len(X))
    assert model.classes_.tolist() == [label]
    assert_array_equal(model.predict_proba(X), np.ones((len(X), 1)))
    assert_array_equal(model.predict_log_proba(X), np.zeros((len(X), 1)))
    assert set(model.predict(X)) == {label}


@pytest.mark.parametrize("task", CLASSIFICATION)
def test_log_probabilities_are_finite_where_probabilities_vanish(task):
    X, y = make_data(task)
    model = fit(ours(task), X, y)
    far = 1e4 * X
    assert model.predict_proba(far).min() < 1e-300
    assert np.isfinite(model.predict_log_proba(far)).all()
    likely = model.predict_log_proba(X)
    assert_allclose(np.exp(likely), model.predict_proba(X))


@pytest.mark.parametrize("task", CLASSIFICATION)
def test_decision_function_holds_the_scores_before_the_link(task):
    X, y = make_data(task)
    model = fit(ours(task), X, y)
    scores = model.decision_function(X)
    assert_allclose(scores.reshape(len(X), -1), oracle.predict(loop_network(model), X))
    probability = model.predict_proba(X)
    if task == "binary":
        assert scores.shape == (len(X),)
        assert_allclose(probability[:, 1], expit(scores))
    else:
        link = softmax if task == "multiclass" else lambda raw, axis: expit(raw)
        assert_allclose(probability, link(scores, axis=1))


@pytest.mark.parametrize("solver", SOLVERS)
def test_several_outputs_of_several_classes(solver):
    X, first = make_data("multiclass", n_samples=200)
    names = np.array(["ant", "bee", "cat"])
    y = np.column_stack([names[first], np.where(X[:, 0] > 0, "up", "down")])
    model = ours("multiclass", solver=solver, max_iter=60, learning_rate_init=0.05)
    fit(model, X, y)
    assert_array_equal(model.classes_[0], names)
    assert_array_equal(model.classes_[1], ["down", "up"])
    widths = [3, 2]
    for results in (model.predict_proba(X), model.predict_log_proba(X)):
        assert [r.shape for r in results] == [(200, width) for width in widths]
    assert [len(s) for s in model.decision_function(X)] == [200, 200]
    predicted = model.predict(X)
    assert predicted.shape == y.shape
    assert np.mean(predicted == y, axis=0).min() > 0.6
    assert model.score(X, y) == np.mean((predicted == y).all(axis=1))


def test_several_outputs_are_announced():
    assert get_tags(BackpropRegressor()).target_tags.multi_output
    assert get_tags(BackpropClassifier()).classifier_tags.multi_label


SHAPES = {
    "a name": ({"hidden_layer_sizes": "6-4"}, (6, 4)),
    "a short name": ({"hidden_layer_sizes": "6"}, (6,)),
    "a width and a depth": ({"hidden_layer_sizes": 4, "n_hidden_layers": 3}, (4, 4, 4)),
    "one of a list": ({"hidden_layer_sizes": (4,), "n_hidden_layers": 2}, (4, 4)),
    "agreeing": ({"hidden_layer_sizes": "6-4", "n_hidden_layers": 2}, (6, 4)),
    "no depth": ({"hidden_layer_sizes": 4, "n_hidden_layers": 0}, ()),
}


@pytest.mark.parametrize(("params", "widths"), SHAPES.values(), ids=SHAPES)
def test_shapes_that_a_tuner_can_search(params, widths):
    X, y = make_data("regression")
    model = fit(ours("regression", **params), X, y)
    assert_equal_fit(model, fit(ours("regression", hidden_layer_sizes=widths), X, y))


WRONG_SHAPES = {
    "a fraction": {"hidden_layer_sizes": (3.7,)},
    "a zero": {"hidden_layer_sizes": (3, 0)},
    "a negative": {"hidden_layer_sizes": (-3,)},
    "a word": {"hidden_layer_sizes": "wide"},
    "a loose end": {"hidden_layer_sizes": "6-"},
    "another depth": {"hidden_layer_sizes": (6, 4), "n_hidden_layers": 3},
    "two dimensions": {"hidden_layer_sizes": [[3, 4]]},
}


@pytest.mark.parametrize("params", WRONG_SHAPES.values(), ids=WRONG_SHAPES)
def test_wrong_shapes_are_an_error(params):
    X, y = make_data("regression")
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        ours("regression", **params).fit(X, y)


@pytest.mark.parametrize("names", [("tanh", "relu"), ("logistic", "identity")])
def test_one_activation_for_each_hidden_layer(names):
    X, y = make_data("regression")
    objects = {"tanh": Tanh(), "relu": ReLU(), "logistic": Logistic()}
    given = [objects.get(name, Identity()) for name in names]
    params = {"hidden_layer_sizes": (6, 4)}
    model = fit(ours("regression", activation=list(names), **params), X, y)
    loops = oracle.predict(loop_network(model), X)
    assert_allclose(model.predict(X), np.ravel(loops), rtol=1e-9)
    assert_equal_fit(model, fit(ours("regression", activation=given, **params), X, y))
    with pytest.raises(ValueError, match="activation"):
        ours("regression", activation=[*names, "relu"], **params).fit(X, y)


def size(model):
    return len(pickle.dumps(model))


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_pickle_holds_the_parameters_once(solver, early_stopping):
    X, y = make_data("multiclass")
    params = {"hidden_layer_sizes": (100, 100), "early_stopping": early_stopping}
    model = fit(ours("multiclass", solver=solver, **params), X, y)
    once = parameters(model).nbytes
    assert once < size(model) < once + 4000
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


@pytest.mark.parametrize("how", ["partial_fit", "warm_start"])
@pytest.mark.parametrize(("solver", "n_moments"), [("adam", 2), ("sgd", 1)])
def test_a_pickle_holds_moments_where_training_goes_on(solver, n_moments, how):
    X, y = make_data("multiclass")
    model = ours("multiclass", solver=solver, hidden_layer_sizes=(100, 100))
    if how == "partial_fit":
        model.partial_fit(X, y, classes=[0, 1, 2])
    else:
        fit(model.set_params(warm_start=True), X, y)
    total = (1 + n_moments) * parameters(model).nbytes
    assert total < size(model) < total + 5000
