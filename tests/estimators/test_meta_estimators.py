"""Inside what scikit-learn builds on estimators: ensembles, calibration, inspection."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
)
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import (
    DecisionBoundaryDisplay,
    PartialDependenceDisplay,
    partial_dependence,
    permutation_importance,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    LearningCurveDisplay,
    TunedThresholdClassifierCV,
    ValidationCurveDisplay,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
    RegressorChain,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

from skbackprop import BackpropClassifier, BackpropRegressor

FAST = {
    "hidden_layer_sizes": (8,),
    "learning_rate_init": 0.05,
    "max_iter": 60,
    "tol": 0.01,
    "n_iter_no_change": 5,
    "random_state": 0,
}
CLASSIFIER, REGRESSOR = BackpropClassifier(**FAST), BackpropRegressor(**FAST)
LBFGS = BackpropClassifier(**{**FAST, "solver": "lbfgs", "alpha": 0.1, "tol": 1e-2})
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# What is built, on which data, and the score it must exceed there.
META = {
    "calibration": (CalibratedClassifierCV(CLASSIFIER, cv=2), "multiclass", 0.7),
    "calibration, isotonic": (
        CalibratedClassifierCV(LBFGS, cv=2, method="isotonic"),
        "binary",
        0.8,
    ),
    "bagging": (BaggingClassifier(CLASSIFIER, 3, random_state=0), "multiclass", 0.8),
    "bagging, lbfgs": (BaggingClassifier(LBFGS, 3, random_state=0), "binary", 0.8),
    "bagging regressors": (
        BaggingRegressor(REGRESSOR, 3, random_state=0),
        "regression",
        0.6,
    ),
    "boosting": (
        AdaBoostClassifier(CLASSIFIER, n_estimators=3, random_state=0),
        "multiclass",
        0.8,
    ),
    "stacking": (
        StackingClassifier(
            [("net", CLASSIFIER), ("linear", LogisticRegression())], cv=2
        ),
        "multiclass",
        0.8,
    ),
    "stacking on scores": (
        StackingClassifier([("net", LBFGS)], cv=2, stack_method="decision_function"),
        "multiclass",
        0.8,
    ),
    "stacking of labels": (
        StackingClassifier(
            [("net", CLASSIFIER)], MultiOutputClassifier(LogisticRegression()), cv=2
        ),
        "multilabel",
        0.5,
    ),
    "stacking regressors": (
        StackingRegressor([("net", REGRESSOR), ("linear", Ridge())], cv=2),
        "regression",
        0.6,
    ),
    "voting": (
        VotingClassifier(
            [("net", CLASSIFIER), ("linear", LogisticRegression())], voting="soft"
        ),
        "multiclass",
        0.8,
    ),
    "an estimator per label": (MultiOutputClassifier(CLASSIFIER), "multilabel", 0.6),
    "an estimator per output": (MultiOutputClassifier(CLASSIFIER), "multioutput", 0.6),
    "an estimator per target": (
        MultiOutputRegressor(REGRESSOR),
        "multi_regression",
        0.8,
    ),
    "a chain of labels": (ClassifierChain(CLASSIFIER), "multilabel", 0.6),
    "a chain of targets": (RegressorChain(REGRESSOR), "multi_regression", 0.8),
    "one against the rest": (OneVsRestClassifier(CLASSIFIER), "multiclass", 0.8),
    "one against one": (OneVsOneClassifier(CLASSIFIER), "multiclass", 0.8),
    "a tuned threshold": (TunedThresholdClassifierCV(CLASSIFIER, cv=2), "binary", 0.8),
    "a pipeline": (make_pipeline(StandardScaler(), CLASSIFIER), "multiclass", 0.8),
}


@pytest.mark.parametrize("name", META)
def test_meta_estimator_learns(name, request):
    meta, data, at_least = META[name]
    X, y = request.getfixturevalue(data)
    assert clone(meta).fit(X, y).score(X, y) > at_least


WEIGHTED = ["calibration", "bagging", "bagging, lbfgs", "stacking"]


@pytest.mark.parametrize("name", [*WEIGHTED, "bagging regressors"])
def test_sample_weight_passes_through(name, request):
    meta, data, _ = META[name]
    X, y = request.getfixturevalue(data)
    # The first class, or the lowest targets, count for next to nothing.
    weight = np.where(y <= np.quantile(y, 0.3), 1e-3, 1.0)
    plain, weighted = (
        clone(meta).fit(X, y, **given) for given in ({}, {"sample_weight": weight})
    )
    low = y <= np.quantile(y, 0.3)
    assert plain.score(X[low], y[low]) > weighted.score(X[low], y[low])


def test_prefitted_classifier_is_calibrated_without_a_refit(multiclass):
    fitted = clone(CLASSIFIER).fit(*multiclass)
    scores = fitted.decision_function(multiclass.X)
    calibrated = CalibratedClassifierCV(FrozenEstimator(fitted), method="temperature")
    calibrated.fit(*multiclass)
    assert_array_equal(fitted.decision_function(multiclass.X), scores)
    assert_array_equal(calibrated.predict(multiclass.X), fitted.predict(multiclass.X))


def test_self_training_labels_the_unlabelled(binary):
    hidden = np.where(np.arange(len(binary.y)) < 30, binary.y, -1)
    model = SelfTrainingClassifier(CLASSIFIER).fit(binary.X, hidden)
    assert model.score(*binary) > 0.8


def test_sequential_selection_finds_the_informative_features(binary):
    selector = SequentialFeatureSelector(LBFGS, n_features_to_select=2, cv=2)
    assert list(selector.fit(*binary).get_support(indices=True)) == [0, 1]


# --------------------------------------------------------------------- inspection


@pytest.mark.parametrize("estimator", [CLASSIFIER, LBFGS], ids=["adam", "lbfgs"])
def test_permutation_importance_finds_the_informative_features(estimator, binary):
    fitted = clone(estimator).fit(*binary)
    found = permutation_importance(fitted, *binary, n_repeats=5, random_state=0)
    assert set(np.argsort(found.importances_mean)[-2:]) == {0, 1}


def test_partial_dependence_of_a_linear_target_is_linear(multi_regression):
    X, y = multi_regression
    linear = BackpropRegressor(
        hidden_layer_sizes=(), solver="lbfgs", alpha=0, random_state=0
    )
    curve = partial_dependence(linear.fit(X, y[:, 0]), X, [0], kind="average")
    grid, average = curve["grid_values"][0], curve["average"][0]
    assert_allclose(np.diff(average), np.diff(grid), rtol=1e-3)


@pytest.fixture
def axes():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots()
    yield axes
    pyplot.close(figure)


@pytest.mark.parametrize("estimator", [CLASSIFIER, REGRESSOR], ids=is_classifier)
def test_partial_dependence_is_drawn(estimator, binary, axes):
    fitted = clone(estimator).fit(*binary)
    display = PartialDependenceDisplay.from_estimator(
        fitted, binary.X, [0, (0, 1)], ax=axes, grid_resolution=5
    )
    assert len(display.pd_results) == 2


def test_learning_curve_is_drawn(multiclass, axes):
    display = LearningCurveDisplay.from_estimator(
        CLASSIFIER, *multiclass, cv=2, train_sizes=[0.5, 1.0], ax=axes
    )
    assert np.isfinite(display.test_scores).all()


def test_validation_curve_is_drawn(binary, axes):
    display = ValidationCurveDisplay.from_estimator(
        CLASSIFIER,
        *binary,
        param_name="alpha",
        param_range=[1e-4, 1e4],
        cv=2,
        ax=axes,
    )
    small, large = display.train_scores.mean(axis=1)
    assert small > large


def test_decision_boundary_is_drawn(multiclass, axes):
    fitted = clone(CLASSIFIER).fit(multiclass.X[:, :2], multiclass.y)
    display = DecisionBoundaryDisplay.from_estimator(
        fitted, multiclass.X[:, :2], ax=axes, grid_resolution=10
    )
    assert display.response.shape[:2] == (10, 10)
