"""Scaling inside the estimators: raw columns train as through a pipeline."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.solvers import stepwise
from skbackprop.training.scaling import Robust, Standard

from ._cases import TASKS, fit, make_data, ours, parameters, raw_data

SOLVERS = ["adam", "sgd", "lbfgs"]
X_ONLY = Standard(target=False)


def predictions(model, X):
    proba = getattr(model, "predict_proba", None)
    return proba(X) if proba else model.predict(X)


# -------------------------------------------------- as through a pipeline, at any scale


@pytest.mark.parametrize("unit", [1e-140, 1.0, 1e140])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("task", TASKS)
def test_raw_columns_train_as_through_a_standard_scaler(task, solver, unit):
    X, y = raw_data(task, unit)
    params = {"solver": solver, "learning_rate_init": 0.02}
    inside = fit(ours(task, scaling=X_ONLY, **params), X, y)
    # Whose squares of columns of extreme scale would overflow.
    pipeline = fit(make_pipeline(StandardScaler(), ours(task, **params)), X / unit, y)
    outside = pipeline[-1]
    assert_allclose(inside.loss_curve_, outside.loss_curve_, rtol=1e-6)
    assert_allclose(parameters(inside), parameters(outside), rtol=1e-5, atol=1e-8)
    # To rounding: of a number near zero it shows as a larger one.
    expected = predictions(pipeline, X / unit)
    assert_allclose(predictions(inside, X), expected, rtol=1e-6, atol=1e-8)


def test_the_statistics_are_those_of_standard_scaler():
    X, y = raw_data("regression")
    model = fit(ours("regression", scaling="standard"), X, y)
    reference = StandardScaler().fit(X)
    assert_allclose(model.extra_params_["center"][0], reference.mean_, rtol=1e-12)
    assert_allclose(model.extra_params_["spread"][0], reference.scale_, rtol=1e-12)


def test_without_it_such_columns_do_not_train():
    X, y = raw_data("binary", n_samples=200)
    params = {"max_iter": 60, "learning_rate_init": 0.02}
    with_it = fit(ours("binary", scaling="standard", **params), X, y)
    without = fit(ours("binary", **params), X, y)
    assert with_it.score(X, y) > without.score(X, y) + 0.1


@pytest.mark.parametrize("name", ["standard", "robust"])
@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_float32_stays_float32(task, name):
    X, y = raw_data(task)
    model = fit(ours(task, scaling=name), X.astype(np.float32), y)
    arrays = [*model.coefs_, *model.intercepts_]
    arrays += [array for group in model.extra_params_.values() for array in group]
    assert {array.dtype.name for array in arrays} == {"float32"}
    assert predictions(model, X.astype(np.float32)).dtype == np.float32
    assert model.score(X, y) == pytest.approx(
        fit(ours(task, scaling=name), X, y).score(X, y), abs=0.05
    )


# ---------------------------------------------------------------------------- weights


@pytest.mark.parametrize("name", ["standard", "robust"])
@pytest.mark.parametrize("task", ["regression", "multiclass", "multioutput"])
def test_a_weight_is_a_repetition(task, name):
    X, y = raw_data(task)
    times = np.random.RandomState(0).randint(0, 4, len(X))
    params = {"scaling": name, "shuffle": False}
    weighted = ours(task, batch_size=len(X), **params)
    repeated = ours(task, batch_size=times.sum(), **params)
    fit(weighted, X, y, sample_weight=times)
    fit(repeated, X.repeat(times, axis=0), y.repeat(times, axis=0))
    assert_allclose(predictions(weighted, X), predictions(repeated, X), rtol=1e-9)


# ------------------------------------------------------------------ training rows only


@pytest.mark.parametrize("how", ["held out", "given"])
def test_validation_rows_teach_nothing(how):
    X, y = raw_data("regression", n_samples=100)
    outlier = np.where(np.arange(100) < 80, 1.0, 1e3)
    X, y = X * outlier[:, np.newaxis], y * outlier
    model = ours("regression", scaling="standard", early_stopping=True)
    if how == "given":
        fit(model, X[:80], y[:80], X_val=X[80:], y_val=y[80:])
        center, target = X[:80].mean(axis=0), y[:80].mean()
    else:
        # The split is drawn before anything else but the weights.
        from skbackprop.estimators import _run

        seen = []
        original = _run.fit_scaling

        def spy(scaling, training, *args):
            seen.append(training)
            return original(scaling, training, *args)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_run, "fit_scaling", spy)
            fit(model, X, y)
        assert len(seen[0]) == 90
        center, target = X[seen[0].rows].mean(axis=0), y[seen[0].rows].mean()
    assert_allclose(model.extra_params_["center"][0], center)
    assert_allclose(model._scaling.targets.center, target)


# ----------------------------------------------------------------------------- sparse


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csr_matrix])
@pytest.mark.parametrize("solver", SOLVERS)
def test_sparse_rows_are_divided_and_not_centered(solver, make):
    X, y = raw_data("multiclass")
    X = make(X * (np.random.RandomState(0).uniform(size=X.shape) < 0.4))
    inside = fit(ours("multiclass", scaling="standard", solver=solver), X, y)
    pipeline = make_pipeline(
        StandardScaler(with_mean=False), ours("multiclass", solver=solver)
    )
    fit(pipeline, X, y)
    assert not inside.extra_params_["center"][0].any()
    expected = pipeline.predict_proba(X)
    assert_allclose(inside.predict_proba(X), expected, rtol=1e-6, atol=1e-8)
    assert_allclose(inside.predict_proba(X.toarray()), inside.predict_proba(X))


def test_sparse_rows_are_never_made_dense(monkeypatch):
    X, y = raw_data("binary")
    X = sparse.csr_array(X)
    monkeypatch.setattr(sparse.csr_array, "toarray", None)
    monkeypatch.setattr(sparse.csr_array, "todense", None)
    model = fit(ours("binary", scaling="standard", early_stopping=True), X, y)
    assert np.isfinite(model.predict_proba(X)).all()


def test_a_model_of_dense_rows_predicts_the_same_for_sparse_ones():
    X, y = raw_data("regression")
    model = ours("regression", scaling="standard", early_stopping=True)
    fit(model, X, y, X_val=X, y_val=y)
    other = ours("regression", scaling="standard", early_stopping=True)
    fit(other, X, y, X_val=sparse.csr_array(X), y_val=y)
    assert_allclose(other.validation_scores_, model.validation_scores_)
    assert_allclose(model.predict(sparse.csr_array(X)), model.predict(X))


def test_an_average_of_weights_goes_with_the_present_scale():
    X, y = raw_data("regression")
    stream = ours("regression", scaling="standard", averaging="ema")
    for rows in np.array_split(np.arange(len(y)), 3):
        stream.partial_fit(X[rows], y[rows])
    assert_allclose(stream.extra_params_["center"][0], X.mean(axis=0))
    assert_allclose(stream.extra_params_["spread"][0], X.std(axis=0))


def test_a_stream_stays_with_what_its_first_rows_were():
    X, y = raw_data("regression")
    stream = ours("regression", scaling="standard").partial_fit(sparse.csr_array(X), y)
    assert not stream.partial_fit(X, y).extra_params_["center"][0].any()
    stream = ours("regression", scaling="standard").partial_fit(X, y)
    before = stream.predict(X)
    with pytest.raises(ValueError, match="would make this sparse X dense"):
        stream.partial_fit(sparse.csr_array(X), y)
    assert_array_equal(stream.predict(X), before)


# -------------------------------------------------------------------- as a parameter


def test_it_survives_a_pickle_and_a_clone_starts_anew():
    X, y = raw_data("regression")
    model = fit(ours("regression", scaling=Robust(target=False)), X, y)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict(X), model.predict(X))
    copy = clone(model)
    assert copy.scaling == Robust(target=False)
    assert copy._scaling is None
    assert_array_equal(fit(copy, X, y).predict(X), model.predict(X))


def test_a_new_fit_without_it_forgets_it():
    X, y = make_data("regression")
    model = fit(ours("regression", scaling="standard"), X, 100 * y)
    fit(model.set_params(scaling=None), X, y)
    plain = fit(ours("regression"), X, y)
    assert_array_equal(model.predict(X), plain.predict(X))


def test_it_is_searched_in_a_grid():
    X, y = raw_data("regression")
    grid = {"scaling": [None, "standard", "robust", Standard(target=False)]}
    search = GridSearchCV(ours("regression", max_iter=60), grid, cv=3)
    assert fit(search, X, y).best_params_["scaling"] is not None
    nested = GridSearchCV(
        ours("regression", scaling=Standard()), {"scaling__target": [True, False]}, cv=3
    )
    assert np.isfinite(fit(nested, X, y).cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("kind", [BackpropClassifier, BackpropRegressor])
@pytest.mark.parametrize("wrong", ["minmax", 1.0, StandardScaler()])
def test_what_is_no_scaling_is_refused(kind, wrong):
    with pytest.raises(ValueError, match="'scaling' parameter"):
        kind(scaling=wrong).fit([[0.0], [1.0]], [0, 1])


def test_large_centers_give_no_reason_to_doubt_the_end_of_a_fit(monkeypatch):
    # Else each call of ``partial_fit`` would pass over its rows once more.
    monkeypatch.setattr(stepwise, "Evaluation", None)
    X = np.random.RandomState(0).normal(1e6, 1e5, size=(50, 3))
    model = BackpropRegressor(hidden_layer_sizes=4, scaling="standard")
    for _ in range(2):
        model.partial_fit(X, X[:, 0])
    assert np.abs(model.extra_params_["center"][0]).max() > 1e5
