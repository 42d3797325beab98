"""Batch normalisation from batch to batch and fit to fit, and under weights."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skbackprop.solvers import stepwise

from ._cases import PATIENT, TASKS, fit, make_data, ours, parameters


def everything(model):
    """Return all parameters, statistics included, as one vector."""
    extra = [array for group in model.extra_params_.values() for array in group]
    return np.concatenate([parameters(model), *extra])


def statistics(model):
    return [*model.extra_params_["mean"], *model.extra_params_["variance"]]


STILL = {"learning_rate_init": 1e-300, "normalization": "batch", "shuffle": False}


def expected_statistics(scores, batches, mean=0.0, variance=1.0, weight=None):
    for rows in batches:
        repeated = scores[rows]
        if weight is not None:
            repeated = repeated.repeat(weight[rows], axis=0)
        if len(repeated) < 2:
            continue
        mean = 0.9 * mean + 0.1 * repeated.mean(axis=0)
        variance = 0.9 * variance + 0.1 * repeated.var(axis=0, ddof=1)
    return mean, variance


def cut(n_rows, size):
    return [slice(start, start + size) for start in range(0, n_rows, size)]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_rows", [60, 61])
def test_a_fit_averages_the_statistics_of_its_batches(n_rows, weighted):
    # 61 rows by 20: the last batch is a single row.
    X, y = make_data("regression", n_samples=n_rows)
    weight = np.random.RandomState(0).randint(1, 4, n_rows) if weighted else None
    if weighted:
        # The last row is given once, and no row of the second batch at all.
        weight[-1], weight[20:40] = 1, 0
    model = ours("regression", batch_size=20, max_iter=2, **STILL)
    fit(model, X, y, sample_weight=weight)
    scores = X @ model.coefs_[0] + model.intercepts_[0]
    expected = expected_statistics(scores, 2 * cut(n_rows, 20), weight=weight)
    for mine, other in zip(statistics(model), expected, strict=True):
        assert_allclose(mine, other, rtol=1e-10)


@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_later_calls_go_on_with_the_statistics(call):
    X, y = make_data("regression")
    params = {"max_iter": 1, "batch_size": 60, "warm_start": True}
    model = ours("regression", **params, **STILL)
    for times in (1, 2, 3):
        model = fit(model, X, y) if call == "fit" else model.partial_fit(X, y)
        scores = X @ model.coefs_[0] + model.intercepts_[0]
        expected = expected_statistics(scores, times * [slice(None)])
        for mine, other in zip(statistics(model), expected, strict=True):
            assert_allclose(mine, other, rtol=1e-10)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_weight_is_a_repetition_over_whole_batches(solver, task):
    X, y = make_data(task)
    times = np.random.RandomState(0).randint(0, 4, len(X))
    params = {"solver": solver, "shuffle": False, "normalization": "batch"}
    weighted = ours(task, batch_size=len(X), **params)
    fit(weighted, X, y, sample_weight=times)
    repeated = ours(task, batch_size=int(times.sum()), **params)
    fit(repeated, X.repeat(times, axis=0), y.repeat(times, axis=0))
    assert_allclose(everything(weighted), everything(repeated), rtol=1e-7, atol=1e-9)


def test_weights_that_sum_to_one_normalise_too():
    X, y = make_data("regression")
    params = {"batch_size": 60, "alpha": 0.0}
    one = fit(ours("regression", **params, **STILL), X, y, np.full(60, 1.0))
    light = fit(ours("regression", **params, **STILL), X, y, np.full(60, 1 / 60))
    assert_allclose(light.extra_params_["mean"][0], one.extra_params_["mean"][0])
    assert_allclose(light.loss_curve_[0], one.loss_curve_[0])


def test_batches_that_weigh_nothing_are_harmless():
    X, y = make_data("multiclass")
    weight = np.repeat([1.0, 0.0, 1.0], 20)
    params = {"batch_size": 10, "shuffle": False, "normalization": "batch"}
    model = fit(ours("multiclass", **params), X, y, sample_weight=weight)
    assert np.isfinite(everything(model)).all()
    assert np.isfinite(model.loss_curve_).all()


def test_batches_of_one_row_train():
    X, y = make_data("regression")
    params = {"batch_size": 1, "normalization": "batch", **PATIENT}
    model = fit(ours("regression", **params), X, y)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    # Nothing to take a variance of: as without any normalisation.
    assert_array_equal(model.extra_params_["mean"][0], 0.0)
    assert_array_equal(model.extra_params_["variance"][0], 1.0)


def test_threads_do_not_change_it(monkeypatch):
    X, y = make_data("regression", n_samples=90)
    models = []
    for n_threads in (1, 3):
        monkeypatch.setattr(stepwise, "threads_for", lambda work, n=n_threads: n)
        model = ours("regression", normalization="batch", batch_size=32, dropout=0.2)
        models.append(fit(model, X, y))
    assert_array_equal(everything(models[0]), everything(models[1]))


def test_the_best_epoch_comes_back_with_its_statistics():
    X, y = make_data("regression", n_samples=100)
    scores = iter([0.1, 0.9, *[0.2] * 20])
    params = {"normalization": "batch", "batch_size": 50, "early_stopping": True}
    model = ours("regression", scoring=lambda *args: next(scores), **params)
    fit(model, X, y, X_val=X, y_val=y)
    short = ours("regression", max_iter=2, normalization="batch", batch_size=50)
    assert_array_equal(everything(model), everything(fit(short, X, y)))
