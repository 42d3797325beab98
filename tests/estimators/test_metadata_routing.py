"""Sample weights and validation data through pipelines and searches."""

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SMALL = {"hidden_layer_sizes": (6,), "max_iter": 8, "random_state": 0}
STOPPED = {**SMALL, "early_stopping": True, "solver": "sgd"}
KINDS = {"classifier": BackpropClassifier, "regressor": BackpropRegressor}
VALIDATION = ("X_val", "y_val", "sample_weight_val")


@pytest.fixture(autouse=True)
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


@pytest.fixture
def data(binary):
    """Inputs far from standardised, of 40 rows for training and 20 for validation.

    The two counts differ: metadata as long as X would be cut into its folds.
    """
    X, weight = 7.0 + 3.0 * binary.X, np.linspace(0.1, 2.0, 60)
    train, held = slice(0, 40), slice(40, None)
    return {
        "X": X[train],
        "y": binary.y[train],
        "sample_weight": weight[train],
        "X_val": X[held],
        "y_val": binary.y[held],
        "sample_weight_val": weight[held],
    }


def pipeline(estimator, weigh_scaler=False):
    scaler = StandardScaler().set_fit_request(sample_weight=weigh_scaler)
    steps = [("scale", scaler), ("net", estimator)]
    return Pipeline(steps, transform_input=["X_val"])


def requesting(estimator):
    estimator.set_score_request(sample_weight=True)
    return estimator.set_fit_request(
        sample_weight=True, **dict.fromkeys(VALIDATION, True)
    )


def fitted_by_hand(estimator, data, scaler):
    """What routing has to be equal to."""
    scale = scaler.transform
    return clone(estimator).fit(
        scale(data["X"]),
        data["y"],
        data["sample_weight"],
        X_val=scale(data["X_val"]),
        y_val=data["y_val"],
        sample_weight_val=data["sample_weight_val"],
    )


def assert_same_fit(got, expected):
    for one, other in zip(got.coefs_, expected.coefs_, strict=True):
        assert_array_equal(one, other)
    assert_array_equal(got.validation_scores_, expected.validation_scores_)
    assert_array_equal(got.validation_loss_curve_, expected.validation_loss_curve_)


REQUESTS = {
    "fit": ("sample_weight", *VALIDATION, "coefs_init", "intercepts_init"),
    "partial_fit": ("sample_weight", *VALIDATION),
    "score": ("sample_weight",),
}


@pytest.mark.parametrize("method", REQUESTS)
def test_each_metadata_can_be_requested(kind, method):
    names = REQUESTS[method]
    estimator = kind()
    set_request = getattr(estimator, f"set_{method}_request")
    set_request(**dict.fromkeys(names, True))
    requests = getattr(estimator.get_metadata_routing(), method).requests
    assert {name: requests[name] for name in names} == dict.fromkeys(names, True)


def test_pipeline_hands_scaled_validation_data_on(kind, data):
    estimator = kind(**STOPPED)
    whole = pipeline(requesting(clone(estimator))).fit(**data)
    scaler = StandardScaler().fit(data["X"])
    assert_same_fit(whole["net"], fitted_by_hand(estimator, data, scaler))


def test_pipeline_gives_weights_to_whoever_asks(kind, data):
    estimator = kind(**STOPPED)
    whole = pipeline(requesting(clone(estimator)), weigh_scaler=True).fit(**data)
    scaler = StandardScaler().fit(data["X"], sample_weight=data["sample_weight"])
    assert_same_fit(whole["net"], fitted_by_hand(estimator, data, scaler))


def test_search_refits_with_the_validation_data(kind, data):
    estimator = kind(**STOPPED)
    search = GridSearchCV(
        pipeline(requesting(clone(estimator))),
        {"net__alpha": [1e-4, 1e-2]},
        cv=2,
        error_score="raise",
    ).fit(**data)
    estimator.set_params(alpha=search.best_params_["net__alpha"])
    scaler = StandardScaler().fit(data["X"])
    expected = fitted_by_hand(estimator, data, scaler)
    assert_same_fit(search.best_estimator_["net"], expected)


def test_search_gives_every_fold_the_whole_validation_set(kind, data):
    whole = pipeline(requesting(kind(**STOPPED)))
    params = {name: data[name] for name in ("sample_weight", *VALIDATION)}
    folds = cross_validate(
        whole,
        data["X"],
        data["y"],
        params=params,
        cv=2,
        return_estimator=True,
        return_indices=True,
        error_score="raise",
    )
    for fold, rows in zip(folds["estimator"], folds["indices"]["train"], strict=True):
        cut = {name: data[name][rows] for name in ("X", "y", "sample_weight")}
        expected = fitted_by_hand(kind(**STOPPED), {**data, **cut}, fold["scale"])
        assert_same_fit(fold["net"], expected)


def test_search_scores_with_the_weights_of_the_fold(kind, data):
    estimator = kind(**SMALL, alpha=0.1).set_fit_request(sample_weight=True)
    estimator.set_score_request(sample_weight=True)
    weight = data["sample_weight"]
    X, y = data["X"], data["y"]
    search = GridSearchCV(estimator, {"alpha": [0.1]}, cv=2, error_score="raise")
    search.fit(X, y, sample_weight=weight)
    by_hand = cross_validate(
        estimator,
        X,
        y,
        params={"sample_weight": weight},
        cv=2,
        return_estimator=True,
        return_indices=True,
    )
    for k, (fold, rows) in enumerate(
        zip(by_hand["estimator"], by_hand["indices"]["test"], strict=True)
    ):
        expected = fold.score(X[rows], y[rows], weight[rows])
        assert_allclose(search.cv_results_[f"split{k}_test_score"], expected)


@pytest.mark.parametrize("name", ["sample_weight", "X_val"])
def test_metadata_that_nobody_asked_for_is_refused(kind, data, name):
    search = GridSearchCV(kind(**SMALL), {"alpha": [0.1]}, cv=2)
    with pytest.raises(UnsetMetadataPassedError, match=name):
        search.fit(data["X"], data["y"], **{name: data[name]})


def test_routed_classes_reach_partial_fit(data):
    classifier = BackpropClassifier(**SMALL).set_partial_fit_request(
        classes=True, sample_weight=True
    )
    requests = classifier.get_metadata_routing().partial_fit.requests
    assert requests["classes"] is True
    classifier.partial_fit(data["X"], data["y"], classes=[0, 1, 2])
    assert_array_equal(classifier.classes_, [0, 1, 2])


def test_direct_fit_needs_no_request(kind, data):
    assert kind(**STOPPED).fit(**data).validation_scores_
