"""What is reported of trials are the monitor's validation scores, or the search's."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import make_classification
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.tuning import (
    BackpropSearchCV,
    Float,
    PruningCallback,
)

optuna = pytest.importorskip("optuna")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = make_classification(90, 6, class_sep=0.7, random_state=0)
TARGET = np.exp(X[:, 0] + 0.5 * X[:, 1])
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)
EPOCHS = 7
# Asked at every epoch, and never stops any.
ASKED = optuna.pruners.NopPruner()
QUICK = {"hidden_layer_sizes": 6, "max_iter": EPOCHS, "tol": 0.0, "random_state": 0}
RATES = {"learning_rate_init": Float(1e-4, 1e-1, log=True)}


def network(**params):
    return BackpropClassifier(**QUICK | {"early_stopping": True} | params)


def regressor(**params):
    return BackpropRegressor(**QUICK | {"early_stopping": True} | params)


def search(model, space=RATES, **params):
    settings = {"n_trials": 1, "cv": FOLDS, "random_state": 0, "pruner": ASKED}
    settings |= {"error_score": "raise"}
    return BackpropSearchCV(model, space, **settings | params)


def reports(found, number=0):
    return found.study_.trials[number].intermediate_values


def expected(curves):
    """The means over finished folds and the present one, by step."""
    found = {}
    for k, curve in enumerate(curves):
        earlier = [each[-1] for each in curves[:k]]
        for epoch, score in enumerate(curve, start=1):
            found[k * EPOCHS + epoch] = float(np.mean([*earlier, score]))
        found[(k + 1) * EPOCHS] = float(np.mean([*earlier, curve[-1]]))
    del found[len(curves) * EPOCHS]  # The end of the last fold is the trial's.
    return found


def fits(model, params, y=Y, cv=FOLDS, **given):
    """The candidate, fitted to the training rows of each fold."""
    return [
        clone(model).set_params(**params).fit(X[train], y[train], **given)
        for train, _ in cv.split(X, y)
    ]


# ------------------------------------------------------------- the monitor's own scores


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"scoring": "loss"},
        {"scoring": "neg_log_loss"},
        {"solver": "lbfgs"},
        {"n_iter_no_change": 1, "learning_rate_init": 0.1},
        {"hidden_layer_sizes": 3},
    ],
)
def test_what_is_reported_are_the_validation_scores(params):
    model = network(**params)
    found = search(model, {"alpha": [1e-3]}).fit(X, Y)
    curves = [each.validation_scores_ for each in fits(model, found.best_params_)]
    assert reports(found) == expected(curves)


def test_validation_data_of_ones_own_is_scored():
    X_val, y_val = X[:20], Y[:20]
    model = network(scoring="loss")
    found = search(model).fit(X, Y, X_val=X_val, y_val=y_val)
    alone = fits(model, found.best_params_, X_val=X_val, y_val=y_val)
    assert reports(found) == expected([each.validation_scores_ for each in alone])
    split_off = fits(model, found.best_params_)
    assert reports(found)[1] != split_off[0].validation_scores_[0]


def test_in_a_pipeline():
    model = make_pipeline(StandardScaler(), make_pipeline(MinMaxScaler(), network()))
    space = {"pipeline__backpropclassifier__learning_rate_init": [0.01]}
    found = search(model, space).fit(X, Y)
    curves = [
        each[-1][-1].validation_scores_ for each in fits(model, found.best_params_)
    ]
    assert reports(found) == expected(curves)


@pytest.mark.usefixtures("_routing")
def test_validation_data_may_be_routed():
    model = network(scoring="loss").set_fit_request(X_val=True, y_val=True)
    found = search(model, scoring="accuracy").fit(X, Y, X_val=X[:20], y_val=Y[:20])
    alone = fits(model, found.best_params_, X_val=X[:20], y_val=Y[:20])
    assert reports(found) == expected([each.validation_scores_ for each in alone])


@pytest.fixture
def _routing():
    from sklearn import config_context

    with config_context(enable_metadata_routing=True):
        yield


def test_nothing_is_predicted_that_would_not_be_anyway():
    calls = []

    def counting(estimator, X, y):
        calls.append(len(y))
        return estimator.score(X, y)

    search(network(), scoring=counting, refit=False).fit(X, Y)
    assert calls == [30, 30, 30]  # Once a fold, as without a pruner.
    search(network(), scoring=counting, refit=False, prune_on="test").fit(X, Y)
    assert len(calls) > 20


@pytest.mark.parametrize("kind", ["halving", "median", "hyperband"])
@pytest.mark.parametrize("scoring", [None, "loss"])
def test_the_worse_trials_are_stopped_by_losses_too(kind, scoring):
    """With a rate of next to nothing nothing is learned, whatever is compared."""
    rates = {"learning_rate_init": [1e-9, 0.05]}
    found = search(
        network(scoring=scoring, max_iter=20),
        rates,
        pruner=kind,
        sampler="random",
        n_trials=24,
    ).fit(X, Y)
    results = found.cv_results_
    rate = np.array([each["learning_rate_init"] for each in results["params"]])
    pruned = results["status"] == "pruned"
    assert pruned[rate < 1e-3].sum() > 2
    assert pruned[rate < 1e-3].mean() > pruned[rate > 1e-3].mean()
    assert found.best_params_["learning_rate_init"] == 0.05


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_brackets_and_workers_go_by_the_same_scores(n_jobs, tmp_path):
    model = network(scoring="loss")
    found = search(
        model,
        pruner="hyperband",
        n_trials=8,
        n_jobs=n_jobs,
        storage=tmp_path / "log",
    ).fit(X, Y)
    assert "pruned" in found.cv_results_["status"]
    for number, params in enumerate(found.cv_results_["params"]):
        curves = [each.validation_scores_ for each in fits(model, params)]
        assert reports(found, number).items() <= expected(curves).items()
        if found.cv_results_["status"][number] == "pruned":
            last = found.cv_results_["last_step"][number]
            assert found.cv_results_["last_score"][number] == expected(curves)[last]


def test_a_callback_in_cross_validation_reports_the_same():
    from sklearn.model_selection import cross_val_score

    model, trial = network(scoring="loss"), optuna.create_study().ask()
    found = search(model, {"alpha": [1e-4]}).fit(X, Y)
    watched = clone(model).set_callbacks(PruningCallback(Maximising(trial)))
    cross_val_score(watched, X, Y, cv=FOLDS, error_score="raise")
    heard = trial.study.trials[0].intermediate_values
    assert heard.pop(3 * EPOCHS) == pytest.approx(
        np.mean([each.validation_scores_[-1] for each in fits(model, {})])
    )
    assert heard == reports(found)


class Maximising:
    """A trial, without the study that it is of."""

    def __init__(self, trial):
        self.report, self.should_prune = trial.report, trial.should_prune


# ------------------------------------------------------------------ around the network


@pytest.mark.parametrize("inner", [regressor(), make_pipeline(StandardScaler(), 0)])
@pytest.mark.parametrize("prune_on", ["validation", "test"])
def test_targets_that_are_transformed(inner, prune_on):
    """The network is scored as it sees the targets, the candidate as the user does."""
    path = "regressor__"
    if hasattr(inner, "steps"):
        inner.steps[-1] = ("network", regressor())
        path = "regressor__network__"
    model = TransformedTargetRegressor(inner, func=np.log, inverse_func=np.exp)
    folds = KFold(3, shuffle=True, random_state=0)
    found = search(
        model, {f"{path}learning_rate_init": [0.05]}, cv=folds, prune_on=prune_on
    ).fit(X, TARGET)
    assert found.cv_results_["n_epochs"] == [3 * EPOCHS]
    if prune_on == "validation":
        alone = fits(model, found.best_params_, TARGET, folds)
        inside = [getattr(each.regressor_, "steps", None) for each in alone]
        curves = [
            (steps[-1][1] if steps else each.regressor_).validation_scores_
            for steps, each in zip(inside, alone, strict=True)
        ]
        assert reports(found) == expected(curves)
        return
    assert sorted(reports(found)) == list(range(1, 3 * EPOCHS))
    train, test = next(iter(folds.split(X, TARGET)))
    for epoch in (1, 4):
        brief = clone(model).set_params(
            **found.best_params_, **{f"{path}max_iter": epoch}
        )
        score = brief.fit(X[train], TARGET[train]).score(X[test], TARGET[test])
        assert reports(found)[epoch] == pytest.approx(score, abs=1e-12)
