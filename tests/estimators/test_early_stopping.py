"""Early stopping: on what it is judged, when it ends, what it keeps."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.metrics import balanced_accuracy_score, get_scorer

from ._cases import (
    CLASSIFICATION,
    PATIENT,
    TASKS,
    Watcher,
    assert_equal_fit,
    caught,
    fit,
    make_data,
    ours,
    parameters,
    reported_loss,
)

SOLVERS = ("adam", "sgd", "lbfgs")
EARLY = {"early_stopping": True, "learning_rate_init": 0.02}


class Script:
    """A scorer that reads its scores from a list and keeps the data it was shown."""

    def __init__(self, *scores):
        self.scores = list(scores)
        self.shown = []

    def __call__(self, estimator, X, y, sample_weight=None):
        self.shown.append((X, y, sample_weight))
        return self.scores[min(len(self.shown), len(self.scores)) - 1]


def train_and_validation(task, **kwargs):
    X, y = make_data(task, **kwargs)
    X_val, y_val = make_data(task, n_samples=30, seed=5)
    return (X, y), {"X_val": X_val, "y_val": y_val}


SCRIPTS = {
    "a peak": ([0.1, 0.2, 0.5, 0.3, 0.4, 0.2, 0.1], 2, 0.0, (6, 3)),
    "two peaks": ([0.5, 0.3, 0.4, 0.6, 0.1, 0.1, 0.1], 2, 0.0, (7, 4)),
    "a plateau keeps the first": ([0.5, 0.5, 0.5, 0.4, 0.4], 1, 0.0, (5, 1)),
    # A tiny tolerance, because L-BFGS holds its gradient against the same number.
    "gains below tol count as bad": (0.1 + 1e-10 * np.arange(5), 2, 1e-9, (4, 4)),
    "negative scores": ([-9.0, -3.0, -4.0, -5.0], 1, 0.0, (4, 2)),
    "not a number is never the best": ([np.nan, 0.2, np.nan, 0.1], 50, 0.0, (8, 2)),
}


@pytest.mark.parametrize(
    ("scores", "patience", "tol", "expected"), SCRIPTS.values(), ids=SCRIPTS
)
@pytest.mark.parametrize("solver", SOLVERS)
def test_when_it_ends_and_which_weights_it_keeps(
    solver, scores, patience, tol, expected
):
    (X, y), validation = train_and_validation("multiclass")
    watcher = Watcher()
    params = {"n_iter_no_change": patience, "tol": tol, "solver": solver, **EARLY}
    model = ours("multiclass", scoring=Script(*scores), **params)
    fit(model.set_callbacks(watcher), X, y, **validation)
    n_iter, best = expected
    assert model.n_iter_ == n_iter
    assert_array_equal(parameters(model), parameters(watcher.epochs[best - 1]))
    assert_allclose(model.validation_scores_[: len(scores)], scores[:n_iter])
    assert model.best_validation_score_ == np.nanmax(scores[:n_iter])


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("solver", SOLVERS)
def test_the_fitted_model_has_the_best_score(solver, task):
    (X, y), validation = train_and_validation(task)
    params = {**EARLY, "learning_rate_init": 0.1, **PATIENT, "max_iter": 20}
    model = fit(ours(task, solver=solver, **params), X, y, **validation)
    score = model.score(*validation.values())
    assert score == pytest.approx(max(model.validation_scores_))
    assert score == pytest.approx(model.best_validation_score_)
    assert len(model.validation_scores_) == model.n_iter_
    assert len(model.validation_loss_curve_) == model.n_iter_
    assert model.best_loss_ is None


@pytest.mark.parametrize("task", TASKS)
def test_the_validation_curves_are_those_of_the_model_after_each_epoch(task):
    (X, y), validation = train_and_validation(task)
    X_val, y_val = validation.values()
    epochs = []

    def keep(estimator, X, y):
        epochs.append(copy.deepcopy(estimator))
        return 0.0

    params = {**EARLY, **PATIENT, "alpha": 0.5}
    fit(ours(task, scoring=keep, **params), X, y, **validation)
    model = fit(ours(task, **params), X, y, **validation)
    scores = [epoch.score(X_val, y_val) for epoch in epochs]
    assert_allclose(model.validation_scores_, scores)
    # The penalty has no place in a validation loss.
    losses = [reported_loss(task, epoch, X_val, y_val) for epoch in epochs]
    assert_allclose(model.validation_loss_curve_, losses)


def test_with_a_validation_set_of_its_own_training_uses_all_rows():
    (X, y), validation = train_and_validation("multiclass")
    with_set = fit(ours("multiclass", **EARLY, **PATIENT), X, y, **validation)
    without = fit(ours("multiclass", learning_rate_init=0.02), X, y)
    assert_array_equal(with_set.loss_curve_, without.loss_curve_)
    assert with_set.t_ == 8 * len(X)


SCORINGS = {
    "binary": ["balanced_accuracy", "roc_auc", "neg_log_loss"],
    "multiclass": ["f1_macro", "neg_log_loss"],
    "multilabel": ["f1_micro", "roc_auc"],
    "regression": ["neg_mean_absolute_error"],
    "multioutput": ["neg_root_mean_squared_error"],
    "poisson": ["neg_mean_poisson_deviance"],
}


@pytest.mark.parametrize(
    ("task", "scoring"), [(task, name) for task in TASKS for name in SCORINGS[task]]
)
def test_scoring_by_name(task, scoring):
    (X, y), validation = train_and_validation(task)
    model = fit(ours(task, scoring=scoring, **EARLY), X, y, **validation)
    score = get_scorer(scoring)(model, *validation.values())
    assert score == pytest.approx(max(model.validation_scores_))
    assert len(set(model.validation_scores_)) > 1


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("solver", SOLVERS)
def test_scoring_by_loss(solver, task):
    (X, y), validation = train_and_validation(task)
    model = fit(ours(task, solver=solver, scoring="loss", **EARLY), X, y, **validation)
    assert_allclose(model.validation_scores_, np.negative(model.validation_loss_curve_))
    best = reported_loss(task, model, *validation.values())
    assert best == pytest.approx(min(model.validation_loss_curve_))


def test_scoring_by_a_callable():
    def score(estimator, X, y):
        return balanced_accuracy_score(y, estimator.predict(X))

    (X, y), validation = train_and_validation("multiclass")
    by_callable = fit(ours("multiclass", scoring=score, **EARLY), X, y, **validation)
    by_name = ours("multiclass", scoring="balanced_accuracy", **EARLY)
    fit(by_name, X, y, **validation)
    assert_allclose(by_callable.validation_scores_, by_name.validation_scores_)


@pytest.mark.parametrize("scoring", ["neg_max_error", lambda model, X, y: 0.5])
def test_scorers_that_know_no_weights_work_with_weights(scoring):
    (X, y), validation = train_and_validation("regression")
    model = ours("regression", scoring=scoring, **EARLY)
    weight = np.linspace(0, 2, len(X))
    fit(model, X, y, sample_weight=weight)
    assert len(model.validation_scores_) == 8
    sample_weight_val = np.linspace(0, 2, len(validation["y_val"]))
    fit(model, X, y, **validation, sample_weight_val=sample_weight_val)
    assert len(model.validation_scores_) == 8


@pytest.mark.parametrize("scoring", [None, "loss", "balanced_accuracy"])
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_validation_weights_of_zero_hide_rows(task, scoring):
    if task == "regression" and scoring == "balanced_accuracy":
        scoring = "neg_mean_absolute_error"
    (X, y), validation = train_and_validation(task)
    X_val, y_val = validation.values()
    params = {**EARLY, "scoring": scoring}
    plain = fit(ours(task, **params), X, y, **validation)
    weight = np.repeat([1.0, 0.0], [len(X_val), 10])
    X_more, y_more = np.vstack([X_val, 9 * X[:10]]), np.append(y_val, 1 - y[:10])
    weighted = fit(
        ours(task, **params),
        *(X, y),
        X_val=X_more,
        y_val=y_more,
        sample_weight_val=weight,
    )
    assert_allclose(weighted.validation_scores_, plain.validation_scores_)
    assert_allclose(weighted.validation_loss_curve_, plain.validation_loss_curve_)
    assert_equal_fit(weighted, plain)


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_array])
def test_sparse_rows_are_validated_as_dense_ones(kind):
    (X, y), validation = train_and_validation("multilabel")
    dense = fit(ours("multilabel", **EARLY), X, y, **validation)
    validation["X_val"] = kind(validation["X_val"])
    thin = fit(ours("multilabel", **EARLY), kind(X), y, **validation)
    assert_allclose(thin.validation_scores_, dense.validation_scores_)
    own_split = fit(ours("multilabel", **EARLY), kind(X), y)
    assert_equal_fit(own_split, fit(ours("multilabel", **EARLY), X, y))


def test_validation_labels_are_encoded_like_training_labels():
    (X, y), validation = train_and_validation("multiclass")
    names = np.array(["ant", "bee", "cat"])
    numbers = fit(ours("multiclass", **EARLY), X, y, **validation)
    validation["y_val"] = names[validation["y_val"]]
    strings = fit(ours("multiclass", **EARLY), X, names[y], **validation)
    assert_array_equal(strings.validation_scores_, numbers.validation_scores_)


@pytest.mark.parametrize("task", [t for t in CLASSIFICATION if t != "multilabel"])
def test_the_split_is_stratified(task):
    X, y = make_data(task, n_samples=200)
    script = Script(0.5)
    fit(ours(task, scoring=script, validation_fraction=0.25, **EARLY), X, y)
    _, y_val, _ = script.shown[0]
    assert_allclose(np.bincount(y_val), np.bincount(y) / 4, atol=1)
    assert len(y_val) == 50


def test_a_class_of_one_row_among_several_gives_up_stratifying_with_a_warning():
    X, y = make_data("multiclass", n_samples=100)
    y = np.where(np.arange(100) == 7, 3, y)
    model = ours("multiclass", **EARLY, **PATIENT, max_iter=1)
    messages = [
        str(text) for kind, text in caught(model.fit, X, y) if kind is UserWarning
    ]
    assert len(messages) == 1
    assert "stratif" in messages[0]
    assert_array_equal(model.classes_, [0, 1, 2, 3])


def test_a_class_of_one_row_out_of_two_is_an_error():
    X, _ = make_data("binary")
    with pytest.raises(ValueError, match=r"least populated|only 1 member"):
        ours("binary", **EARLY).fit(X, np.arange(len(X)) == 3)


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("solver", SOLVERS)
def test_too_small_a_validation_set_is_an_error(solver, task):
    X, y = make_data(task, n_samples=12)
    model = ours(task, solver=solver, validation_fraction=0.01, **EARLY)
    with pytest.raises(ValueError, match=r"validation set is too small|test_size"):
        model.fit(X, y)


def without(validation, *keys):
    return {key: value for key, value in validation.items() if key not in keys}


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_wrong_validation_data_is_an_error(task):
    (X, y), validation = train_and_validation(task)
    X_val, y_val = validation.values()
    early = ours(task, **EARLY)
    with pytest.raises(ValueError, match="y_val"):
        early.fit(X, y, X_val=X_val)
    with pytest.raises(ValueError, match="X_val"):
        early.fit(X, y, y_val=y_val)
    with pytest.raises(ValueError, match="early_stopping"):
        ours(task).fit(X, y, X_val=X_val, y_val=y_val)
    with pytest.raises(ValueError, match="features"):
        early.fit(X, y, X_val=X_val[:, 1:], y_val=y_val)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        early.fit(X, y, X_val=X_val, y_val=y_val[1:])
    with pytest.raises(ValueError, match="NaN"):
        early.fit(X, y, X_val=np.where(X_val > 1, np.nan, X_val), y_val=y_val)


def test_validation_labels_that_training_has_not_seen_are_an_error():
    (X, y), validation = train_and_validation("multiclass")
    validation["y_val"] = validation["y_val"] + 1
    with pytest.raises(ValueError, match=r"y_val|classes"):
        ours("multiclass", **EARLY).fit(X, y, **validation)


@pytest.mark.parametrize("solver", SOLVERS)
def test_without_validation_there_are_no_scores(solver):
    X, y = make_data("binary")
    model = fit(ours("binary", solver=solver), X, y)
    assert model.validation_scores_ is None
    assert model.best_validation_score_ is None
    assert model.validation_loss_curve_ is None
