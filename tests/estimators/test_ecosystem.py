"""Copies on disk and in memory, representations, and searches."""

import copy
import inspect
import pickle

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.averaging import EMA
from skbackprop.initializers import Orthogonal
from skbackprop.layers import Dropout, LayerNorm, Tanh
from skbackprop.penalties import L2
from skbackprop.pruning import OneShot
from skbackprop.schedules import InverseScaling
from skbackprop.solvers import SGD, Adam
from skbackprop.training import LossBelow

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SMALL = {"hidden_layer_sizes": (6,), "max_iter": 4, "random_state": 0}
SPECS = {"solver": Adam(beta_1=0.8), "learning_rate": InverseScaling(power_t=0.2)}
KINDS = {
    "classifier": BackpropClassifier(**SMALL),
    "regressor": BackpropRegressor(**SMALL),
    "classifier of specs": BackpropClassifier(**SMALL, **SPECS, activation=[Tanh()]),
    "regressor by lbfgs": BackpropRegressor(**SMALL, solver="lbfgs"),
}


@pytest.fixture(params=KINDS)
def estimator(request):
    return clone(KINDS[request.param])


def outputs(estimator, X):
    """All that the estimator says about X."""
    if hasattr(estimator, "predict_proba"):
        return np.column_stack([estimator.predict(X), estimator.predict_proba(X)])
    return estimator.predict(X)


# ------------------------------------------------------------------------- copies


def through_pickle(estimator, path):
    return pickle.loads(pickle.dumps(estimator))


def through_joblib(estimator, path):
    joblib.dump(estimator, path)
    return joblib.load(path)


def through_memory_map(estimator, path):
    joblib.dump(estimator, path)
    return joblib.load(path, mmap_mode="r")


def through_deepcopy(estimator, path):
    return copy.deepcopy(estimator)


COPIES = [through_pickle, through_joblib, through_memory_map, through_deepcopy]


@pytest.mark.parametrize("copied", COPIES)
def test_copy_predicts_the_same(estimator, multiclass, tmp_path, copied):
    estimator.fit(*multiclass)
    twin = copied(estimator, tmp_path / "model")
    assert_array_equal(outputs(twin, multiclass.X), outputs(estimator, multiclass.X))


@pytest.mark.parametrize("copied", COPIES)
def test_copy_owns_its_parameters(multiclass, tmp_path, copied):
    original = clone(KINDS["classifier"]).fit(*multiclass)
    before = outputs(original, multiclass.X)
    copied(original, tmp_path / "model").partial_fit(*multiclass)
    assert_array_equal(outputs(original, multiclass.X), before)


@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_copy_goes_on_with_partial_fit_where_the_original_was(
    multiclass, tmp_path, copied, solver
):
    def steps(model, count):
        for _ in range(count):
            model.partial_fit(*multiclass, classes=[0, 1, 2])
        return model

    estimator = BackpropClassifier(**SMALL, solver=solver)
    uninterrupted = steps(clone(estimator), 4)
    interrupted = steps(copied(steps(clone(estimator), 2), tmp_path / "model"), 2)
    for expected, got in zip(uninterrupted.coefs_, interrupted.coefs_, strict=True):
        assert_array_equal(got, expected)


def pickled_size(estimator):
    return len(pickle.dumps(estimator))


def parameter_bytes(estimator):
    return sum(a.nbytes for a in [*estimator.coefs_, *estimator.intercepts_])


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_pickle_after_fit_holds_the_parameters_once(binary, solver, early_stopping):
    params = {**SMALL, "hidden_layer_sizes": (150, 150), "max_iter": 2}
    estimator = BackpropClassifier(
        **params, solver=solver, early_stopping=early_stopping
    ).fit(*binary)
    assert pickled_size(estimator) < 1.05 * parameter_bytes(estimator)


@pytest.mark.parametrize(("solver", "moments"), [("sgd", 1), ("adam", 2)])
def test_pickle_after_partial_fit_holds_the_moments_too(binary, solver, moments):
    params = {**SMALL, "hidden_layer_sizes": (150, 150)}
    estimator = BackpropClassifier(**params, solver=solver)
    estimator.partial_fit(*binary, classes=[0, 1])
    size = pickled_size(estimator) / parameter_bytes(estimator)
    assert size == pytest.approx(1 + moments, abs=0.1)


def test_clone_keeps_the_parameters_and_forgets_the_fit(estimator, multiclass):
    twin = clone(estimator.fit(*multiclass))
    assert not hasattr(twin, "coefs_")
    assert repr(twin) == repr(estimator)
    for name, value in estimator.get_params(deep=False).items():
        shared = twin.get_params()[name] is value
        assert not (shared and hasattr(value, "get_params")), name


def test_fit_after_clone_repeats_the_fit(estimator, multiclass):
    estimator.fit(*multiclass)
    twin = clone(estimator).fit(*multiclass)
    assert_array_equal(outputs(twin, multiclass.X), outputs(estimator, multiclass.X))


# --------------------------------------------------------------- representations


def test_repr_shows_what_differs_from_the_defaults():
    estimator = BackpropClassifier("64-32", solver=SGD(momentum=0.5))
    assert (
        repr(estimator) == "BackpropClassifier(hidden_layer_sizes='64-32', "
        "solver=SGD(momentum=0.5))"
    )


def test_html_shows_the_parameters_before_and_after_fit(estimator, multiclass):
    pipeline = make_pipeline(StandardScaler(), estimator)
    unfitted = pipeline._repr_html_()
    fitted = pipeline.fit(*multiclass)._repr_html_()
    for html in (unfitted, fitted):
        assert type(estimator).__name__ in html
        assert "hidden_layer_sizes" in html
    assert "coefs_" in fitted


def test_feature_names_arrive_from_a_pipeline_of_frames(estimator, multiclass):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(multiclass.X).add_prefix("column ")
    pipeline = make_pipeline(StandardScaler(), estimator)
    pipeline.set_output(transform="pandas").fit(frame, multiclass.y)
    assert list(pipeline[-1].feature_names_in_) == list(frame.columns)
    assert_allclose(
        pipeline.predict(frame),
        clone(pipeline).set_output().fit(*multiclass).predict(multiclass.X),
    )


# ----------------------------------------------------------------------- searches

SEARCHED = {
    "hidden_layer_sizes": [4, (4, 3), "4-3", ()],
    "activation": ["relu", Tanh(), ["logistic"]],
    "solver": ["adam", SGD(), "lbfgs"],
    "alpha": [0.0, 1.0],
    "batch_size": ["auto", 10],
    "learning_rate": ["constant", InverseScaling()],
    "learning_rate_init": [1e-3, 0.1],
    "power_t": [0.1, 0.9],
    "max_iter": [1, 3],
    "shuffle": [True, False],
    "random_state": [0, np.random.RandomState(1)],
    "tol": [0.0, 1e-2],
    "verbose": [False, 0],
    "warm_start": [False, True],
    "momentum": [0.0, 0.9],
    "nesterovs_momentum": [True, False],
    "early_stopping": [False, True],
    "validation_fraction": [0.1, 0.3],
    "beta_1": [0.5, 0.9],
    "beta_2": [0.9, 0.99],
    "epsilon": [1e-8, 1e-2],
    "n_iter_no_change": [1, np.inf],
    "max_fun": [1, 100],
    "scoring": [None, "loss", "neg_max_error"],
    "n_hidden_layers": [None, 0, 2],
    "weight_init": ["auto", "he_normal", Orthogonal(gain=2.0)],
    "normalization": [None, "batch", LayerNorm()],
    "dropout": [0.0, 0.3, Dropout(0.5)],
    "input_dropout": [0.0, 0.3],
    "dropconnect": [0.0, 0.3],
    "penalty": [None, "l1", "elasticnet", L2(0.1)],
    "l1_ratio": [0.1, 0.9],
    "max_norm": [None, 1.0],
    "clip_norm": [None, 1.0],
    "clip_value": [None, 1.0],
    "averaging": [None, "ema", EMA(0.9)],
    "augmentation": [None, "mixup", ["gaussian_noise", "feature_dropout"]],
    "scaling": [None, "standard", "robust"],
    "stopping": [None, "loss", LossBelow(0.1), ["time", "weight_change"]],
    "pruning": [None, "gradual", OneShot(unit="neurons")],
    "gradient_health": [False, True],
}
SEARCHED_TOO = {
    BackpropClassifier: {
        "loss": ["log_loss"],
        "class_weight": [None, "balanced", {0: 2.0}],
        "scoring": [None, "loss", "balanced_accuracy"],
    },
    BackpropRegressor: {"loss": ["squared_error", "poisson"]},
}
SEARCHES = [
    pytest.param(kind, name, values, id=f"{kind.__name__}-{name}")
    for kind, more in SEARCHED_TOO.items()
    for name, values in {**SEARCHED, **more}.items()
]


def test_every_constructor_parameter_is_searched():
    for kind, more in SEARCHED_TOO.items():
        assert {*SEARCHED, *more} == {*inspect.signature(kind).parameters}


@pytest.mark.parametrize(("kind", "name", "values"), SEARCHES)
def test_grid_search_over_each_parameter(kind, name, values, binary):
    search = GridSearchCV(
        kind(**SMALL), {name: values}, cv=2, error_score="raise", scoring="r2"
    )
    search.fit(*binary)
    assert len(search.cv_results_["params"]) == len(values)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    chosen = getattr(search.best_estimator_, name)
    assert repr(chosen) == repr(search.best_params_[name])
    assert search.best_estimator_.predict(binary.X).shape == binary.y.shape


def test_grid_search_reaches_into_a_spec(binary):
    search = GridSearchCV(
        make_pipeline(StandardScaler(), BackpropClassifier(**SMALL, solver=Adam())),
        {"backpropclassifier__solver__beta_1": [0.1, 0.9]},
        cv=2,
        error_score="raise",
    ).fit(*binary)
    best = search.best_params_["backpropclassifier__solver__beta_1"]
    assert search.best_estimator_[-1].solver.beta_1 == best


def test_search_in_threads_equals_the_serial_one(binary):
    grid = {"alpha": [1e-4, 10.0], "activation": [Tanh(), "relu"]}
    search = GridSearchCV(BackpropClassifier(**SMALL, solver=Adam()), grid, cv=2)
    serial = clone(search).fit(*binary)
    with joblib.parallel_config("threading", n_jobs=4):
        parallel = search.fit(*binary)
    assert_array_equal(
        serial.cv_results_["mean_test_score"], parallel.cv_results_["mean_test_score"]
    )


def test_cross_validation_of_the_classifier_is_stratified(multiclass):
    # Sorted by class, unshuffled folds would each lack classes.
    order = np.argsort(multiclass.y, kind="stable")
    X, y = multiclass.X[order], multiclass.y[order]
    classifier = BackpropClassifier(**SMALL)
    by_default = cross_val_score(classifier, X, y, cv=3)
    assert_array_equal(
        by_default, cross_val_score(classifier, X, y, cv=StratifiedKFold(3))
    )
