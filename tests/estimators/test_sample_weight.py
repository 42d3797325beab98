"""Weights of rows and of classes: a weight acts as repetition would."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils.class_weight import compute_sample_weight

from .. import oracle
from ._cases import (
    PER_ROW,
    SOLVERS,
    STEPWISE,
    TASKS,
    assert_equal_fit,
    caught,
    fit,
    loop_network,
    loop_targets,
    make_data,
    ours,
    parameters,
    reported_loss,
)

NAMES = np.array(["ant", "bee", "cat"])


def random_weights(n_samples):
    return np.random.RandomState(2).uniform(0, 3, size=n_samples)


# Inverse scaling counts rows: there, repeated rows lower the rate faster.
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("solver", [s for s in SOLVERS if s != "invscaling"])
def test_integer_weights_are_repetitions_where_a_batch_holds_all_rows(solver, task):
    X, y = make_data(task)
    counts = np.random.RandomState(0).randint(0, 4, len(X))
    params = {**SOLVERS[solver], "alpha": 0.4}
    weighted = ours(task, **params, batch_size=len(X))
    repeated = ours(task, **params, batch_size=counts.sum())
    fit(weighted, X, y, sample_weight=counts)
    fit(repeated, X.repeat(counts, axis=0), y.repeat(counts, axis=0))
    assert_equal_fit(weighted, repeated)
    assert_allclose(weighted.loss_, repeated.loss_)


@pytest.mark.parametrize("task", TASKS)
def test_batches_are_weighed_against_each_other(task):
    X, y = make_data(task, n_samples=20)
    weight = random_weights(20)
    weight[8:16] = 0.0  # the whole second batch
    plain = {"solver": "sgd", "momentum": 0.0, "shuffle": False, "batch_size": 8}
    params = {**plain, "alpha": 0.5, "max_iter": 1}
    start = fit(ours(task, **params, learning_rate_init=1e-300), X, y)
    network = loop_network(start)
    for batch in (slice(0, 8), slice(8, 16), slice(16, 20)):
        gradients = oracle.gradient(
            network,
            X[batch].tolist(),
            loop_targets(task, y)[batch],
            PER_ROW[task],
            weights=weight[batch],
            alpha=0.5,
            normaliser=weight.mean() * len(X[batch]),
        )
        network = oracle.descend(network, gradients, 0.1)
    model = ours(task, **params, learning_rate_init=0.1)
    fit(model, X, y, sample_weight=weight)
    for array, loops in zip(model.coefs_, network.weights, strict=True):
        assert_allclose(array, loops, rtol=1e-9)
    for array, loops in zip(model.intercepts_, network.biases, strict=True):
        assert_allclose(array, loops, rtol=1e-9)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("solver", SOLVERS)
def test_without_a_penalty_only_ratios_of_weights_count(solver, task):
    X, y = make_data(task)
    weight = random_weights(len(X))
    params = {**SOLVERS[solver], "alpha": 0.0}
    model = fit(ours(task, **params), X, y, sample_weight=weight)
    scaled = fit(ours(task, **params), X, y, sample_weight=64 * weight)
    unweighted = fit(ours(task, **params), X, y)
    assert_equal_fit(model, scaled)
    assert not np.allclose(parameters(model), parameters(unweighted), rtol=1e-3)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("solver", STEPWISE)
def test_batches_without_any_weight_are_harmless(solver, method):
    X, y = make_data("regression")
    weight = np.zeros(len(X))
    weight[:20] = 1.0
    model = ours("regression", **SOLVERS[solver], batch_size=5)
    warned = caught(getattr(model, method), X, y, sample_weight=weight)
    assert len(warned) <= (method == "fit")  # of convergence at most
    assert np.isfinite(parameters(model)).all()
    assert np.isfinite(model.loss_curve_).all()


@pytest.mark.parametrize("solver", SOLVERS)
def test_rows_of_weight_zero_may_hold_anything(solver):
    X, y = make_data("regression")
    weight = np.repeat([1.0, 0.0], len(X) // 2)
    spoilt = np.where(weight > 0, y, 1e6)
    params = {**SOLVERS[solver], "batch_size": 7}
    clean = fit(ours("regression", **params), X, y, sample_weight=weight)
    other = fit(ours("regression", **params), X, spoilt, sample_weight=weight)
    assert_equal_fit(other, clean, rtol=1e-10)
    assert_allclose(other.loss_curve_, clean.loss_curve_)


@pytest.mark.parametrize("task", TASKS)
def test_the_curve_is_a_weighted_mean(task):
    # At a rate this small the weights stand still: every batch sees the same ones.
    X, y = make_data(task)
    weight = random_weights(len(X))
    model = ours(task, alpha=0.0, learning_rate_init=1e-12, max_iter=1)
    fit(model, X, y, sample_weight=weight)
    expected = reported_loss(task, model, X, y, weights=weight)
    assert model.loss_ == pytest.approx(expected)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_no_weights_are_weights_of_one(solver):
    X, y = make_data("multiclass")
    unweighted = fit(ours("multiclass", solver=solver), X, y)
    for weight in (None, 1, np.ones(len(X)), [1] * len(X), np.ones(len(X), "f4")):
        model = fit(ours("multiclass", solver=solver), X, y, sample_weight=weight)
        assert_equal_fit(model, unweighted)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_weights_do_not_change_the_precision(solver):
    X, y = make_data("regression")
    weight = random_weights(len(X))
    model = ours("regression", solver=solver)
    fit(model, X.astype(np.float32), y, sample_weight=weight)
    assert {p.dtype.name for p in [*model.coefs_, *model.intercepts_]} == {"float32"}


WRONG = {
    "negative": (lambda w: w - 2.5, "[Nn]egative"),
    "not a number": (lambda w: np.where(w > 2, np.nan, w), "NaN"),
    "infinite": (lambda w: np.where(w > 2, np.inf, w), "infinity"),
    "all zero": (lambda w: 0 * w, "at least one non-zero"),
    "too short": (lambda w: w[1:], "sample_weight.shape"),
    "two-dimensional": (lambda w: w[:, np.newaxis], "1D array or scalar"),
}


@pytest.mark.parametrize(("spoil", "message"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_wrong_weights_are_an_error(task, spoil, message):
    X, y = make_data(task)
    weight = spoil(random_weights(len(X)))
    with pytest.raises(ValueError, match=message):
        ours(task).fit(X, y, sample_weight=weight)
    first = {"classes": [0, 1]} if task == "binary" else {}
    with pytest.raises(ValueError, match=message):
        ours(task).partial_fit(X, y, sample_weight=weight, **first)


MULTILABEL_WEIGHTS = [{0: 1, 1: 5}, {0: 2, 1: 1}, {0: 1, 1: 1}]
CLASS_WEIGHTS = {
    "by label": ("multiclass", {0: 1.0, 1: 4.0, 2: 0.5}),
    "some labels": ("multiclass", {1: 7.0}),
    "balanced": ("multiclass", "balanced"),
    "a dropped class": ("binary", {0: 1.0, 1: 0.0}),
    "balanced labels": ("multilabel", "balanced"),
    "one dictionary a label": ("multilabel", MULTILABEL_WEIGHTS),
}


@pytest.mark.parametrize(
    ("task", "class_weight"), CLASS_WEIGHTS.values(), ids=CLASS_WEIGHTS
)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_class_weights_are_sample_weights(solver, task, class_weight):
    X, y = make_data(task)
    y = np.where(np.arange(len(y)) % 4 == 0, 0, y.T).T  # not balanced
    weight = compute_sample_weight(class_weight, y)
    by_class = fit(ours(task, solver=solver, class_weight=class_weight), X, y)
    by_row = fit(ours(task, solver=solver), X, y, sample_weight=weight)
    assert_equal_fit(by_class, by_row, rtol=1e-10)
    unweighted = fit(ours(task, solver=solver), X, y)
    assert not np.allclose(parameters(by_class), parameters(unweighted), rtol=1e-4)


def test_class_and_sample_weights_multiply():
    X, y = make_data("multiclass")
    weight, by_label = random_weights(len(X)), {"ant": 1.0, "bee": 4.0, "cat": 0.5}
    both = ours("multiclass", class_weight=by_label)
    fit(both, X, NAMES[y], sample_weight=weight)
    product = weight * np.array([1.0, 4.0, 0.5])[y]
    by_row = fit(ours("multiclass"), X, NAMES[y], sample_weight=product)
    assert_equal_fit(both, by_row, rtol=1e-10)


def test_class_weights_of_several_outputs():
    X, first = make_data("multiclass")
    y = np.column_stack([first, NAMES[(first + 1) % 2]]).astype(object)
    class_weight = [{"0": 1, "1": 3, "2": 1}, {"ant": 2, "bee": 1}]
    weight = np.where(first == 1, 3, 1) * np.where((first + 1) % 2 == 0, 2, 1)
    by_class = fit(ours("multiclass", class_weight=class_weight), X, y)
    by_row = fit(ours("multiclass"), X, y, sample_weight=weight)
    assert_equal_fit(by_class, by_row, rtol=1e-10)


def test_class_weights_in_partial_fit():
    X, y = make_data("binary")
    by_class = ours("binary", class_weight={0: 1, 1: 3})
    by_row = ours("binary")
    for _ in range(2):
        by_class.partial_fit(X, y, classes=[0, 1])
        by_row.partial_fit(X, y, np.where(y == 1, 3, 1), classes=[0, 1])
    assert_equal_fit(by_class, by_row, rtol=1e-10)
    with pytest.raises(ValueError, match=r"balanced.*partial_fit"):
        ours("binary", class_weight="balanced").partial_fit(X, y, classes=[0, 1])


def test_balanced_weights_do_not_change_predictions_order_of_classes():
    X, y = make_data("multiclass")
    model = fit(ours("multiclass", class_weight="balanced"), X, NAMES[y])
    assert_array_equal(model.classes_, NAMES)


@pytest.mark.parametrize("wrong", ["unbalanced", {5: 1.0}, [{0: 1, 1: 1}]])
def test_wrong_class_weights_are_an_error(wrong):
    X, y = make_data("multiclass")
    with pytest.raises(ValueError, match=r"class_weight|class label"):
        ours("multiclass", class_weight=wrong).fit(X, y)
