"""Scores of one search come from one source and are on one scale, or none are used."""

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skbackprop import BackpropClassifier, BackpropEmbedder, BackpropRegressor
from skbackprop.losses import Huber, LogLoss, Quantile
from skbackprop.tuning import BackpropSearchCV, Choice, Float, SuccessiveHalving

optuna = pytest.importorskip("optuna")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = make_classification(90, 6, class_sep=0.7, random_state=0)
TARGET = np.exp(X[:, 0] + 0.5 * X[:, 1])
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)
EPOCHS = 7
QUICK = {"hidden_layer_sizes": 6, "max_iter": EPOCHS, "tol": 0.0, "random_state": 0}
RATES = {"learning_rate_init": Float(1e-4, 1e-1, log=True)}


def network(**params):
    return BackpropClassifier(**QUICK | {"early_stopping": True} | params)


def regressor(**params):
    return BackpropRegressor(**QUICK | {"early_stopping": True} | params)


def search(model, space=RATES, **params):
    settings = {"n_trials": 1, "cv": FOLDS, "random_state": 0, "error_score": "raise"}
    # Asked at every epoch, and never stops any.
    settings["pruner"] = optuna.pruners.NopPruner()
    return BackpropSearchCV(model, space, **settings | params)


def reports(found, number=0):
    return found.study_.trials[number].intermediate_values


# --------------------------------------------------------------------- which of the two

LOSSES = {"plain": "log_loss", "smooth": LogLoss(label_smoothing=0.1)}
IN_STEPS = {"backpropclassifier__early_stopping": [True, False]}


def in_steps():
    return make_pipeline(StandardScaler(), network())


@pytest.mark.parametrize(
    ("model", "space", "source"),
    [
        (network(), RATES, "validation"),
        (network(), "wide", "validation"),
        (network(early_stopping=False), RATES, "test"),
        (network(early_stopping=False), {"early_stopping": [True]}, "test"),
        (network(), {"early_stopping": [True, False]}, "test"),
        (network(), {"scoring": [None, "loss"]}, "test"),
        (network(), {"class_weight": [None, "balanced"]}, "test"),
        (network(), {"validation_fraction": [0.2, 0.3]}, "validation"),
        # All losses are compared by accuracies, but not by themselves.
        (network(), {"loss": Choice(LOSSES)}, "validation"),
        (network(scoring="neg_log_loss"), {"loss": Choice(LOSSES)}, "validation"),
        (network(scoring="loss"), {"loss": Choice(LOSSES)}, "test"),
        (network(scoring="loss"), "wide", "test"),
        # Scaled inputs are no reason, scaled targets are.
        (network(scoring="loss"), {"scaling": [None, "standard"]}, "validation"),
        (regressor(scoring="loss"), {"scaling": [None, "standard"]}, "test"),
        (regressor(), {"scaling": [None, "standard"]}, "validation"),
        (
            regressor(loss=Huber(), scoring="loss"),
            {"loss__delta": Float(0.1, 1.0)},
            "test",
        ),
        # Some losses are of quantiles, which a regressor's own score is about then.
        (regressor(), {"loss": ["squared_error", "quantile"]}, "test"),
        (regressor(loss=Quantile(0.5)), {"loss__quantile": Float(0.1, 0.9)}, "test"),
        (regressor(scoring="r2"), {"loss": ["squared_error", "huber"]}, "validation"),
        # Not all that is drawn is said up front.
        (network(), {"solver": Choice(["sgd"], then={"sgd": {"scoring": [None]}})}, 0),
        (network(), [RATES, [{"early_stopping": [True]}]], "test"),
        (in_steps(), IN_STEPS, "test"),
        (in_steps(), {"standardscaler__with_std": [True, False]}, "validation"),
        (in_steps(), {"backpropclassifier": Choice({"one": network()})}, "test"),
        (network(), lambda trial: {"alpha": 1e-3}, "validation"),
        (LogisticRegression(), {"C": [1.0]}, "test"),
    ],
)
@pytest.mark.filterwarnings("ignore:Got `batch_size`")
def test_scores_are_the_monitors_where_all_candidates_have_comparable_ones(
    model, space, source
):
    y = TARGET if isinstance(model, BackpropRegressor) else Y
    found = search(model, space, cv=2, pruner="halving", refit=False).fit(X, y)
    assert found.prune_on_ == (source or "test")


def test_rows_held_out_are_scored_where_the_user_says_so():
    found = search(network(), prune_on="test").fit(X, Y)
    train, test = next(iter(FOLDS.split(X, Y)))
    alone = network(**found.best_params_, max_iter=1).fit(X[train], Y[train])
    assert reports(found)[1] == alone.score(X[test], Y[test])


def test_targets_scored_on_scales_that_are_searched():
    model = TransformedTargetRegressor(regressor(), transformer=StandardScaler())
    space = {"transformer": Choice({"a": StandardScaler(), "b": MinMaxScaler()})}
    found = search(model, space, cv=2, refit=False).fit(X, TARGET)
    assert found.prune_on_ == "test"
    with pytest.raises(ValueError, match="transformer is StandardScaler"):
        search(model, space, cv=2, prune_on="validation", n_trials=8).fit(X, TARGET)


def test_an_embedder_is_scored_by_its_loss():
    model = BackpropEmbedder(hidden_layer_sizes=4, max_iter=2, early_stopping=True)
    model.set_params(random_state=0)

    def recall(estimator, X, y):
        return -estimator.loss_

    settings = {"cv": 2, "scoring": recall, "refit": False}
    found = search(model, {"alpha": [0.1]}, **settings).fit(X, Y)
    assert found.prune_on_ == "validation"
    losses = {"loss": ["triplet", "contrastive"]}
    found = search(model, losses, **settings).fit(X, Y)
    assert found.prune_on_ == "test"


def test_epochs_that_cannot_be_scored_are_not_reported():
    """Some metrics are defined only for what a network gives after a while."""
    model = regressor(max_iter=40, random_state=3, learning_rate_init=0.05)
    folds, metric = KFold(2), "neg_mean_squared_log_error"
    target = np.exp(X[:, 0] - 0.5)
    found = search(
        model, {"alpha": [1e-4]}, prune_on="test", scoring=metric, cv=folds, refit=False
    ).fit(X, target)
    scores = cross_val_score(model, X, target, scoring=metric, cv=folds)
    assert np.isfinite(scores).all()
    assert found.cv_results_["mean_test_score"] == [scores.mean()]
    # Its predictions are below -1 at first.
    assert 1 not in reports(found)
    assert 30 in reports(found)


# --------------------------------------------------------------- what is never compared


def mixed(trial):
    return {"early_stopping": trial.suggest_categorical("es", [True, False])}


@pytest.mark.parametrize(
    ("model", "space", "message"),
    [
        (network(), mixed, "early_stopping is True in .* and False in a candidate"),
        (network(), {"scoring": ["loss"]}, "scoring is None in .* 'loss' in a"),
        (network(), {"class_weight": ["balanced"]}, "class_weight is None"),
        (network(scoring="loss"), {"loss": ["hinge"]}, "loss is 'log_loss'"),
        (regressor(), {"loss": ["quantile"]}, r"levels is \(\) in .* and \(0.5,\)"),
        (
            in_steps(),
            {"backpropclassifier": Choice({"other": LogisticRegression()})},
            "backpropclassifier__early_stopping is True in .* and None",
        ),
    ],
)
def test_scores_on_different_scales_are_refused(model, space, message):
    y = TARGET if isinstance(model, BackpropRegressor) else Y
    storage = optuna.storages.InMemoryStorage()
    found = search(model, space, cv=2, n_trials=8, prune_on="validation")
    with pytest.raises(ValueError, match=message) as refused:
        found.set_params(storage=storage, pruner="median").fit(X, y)
    assert "prune_on='test'" in str(refused.value)
    (study,) = optuna.get_all_study_summaries(storage)
    trials = optuna.load_study(study_name=study.study_name, storage=storage).trials
    assert trials[-1].state.name == "FAIL"
    assert not trials[-1].intermediate_values
    # On rows held out, all of them are scored alike.
    found.set_params(storage=None, prune_on="test", scoring=get_scorer(kind(y)))
    assert found.fit(X, y).cv_results_["status"][0] == "complete"


def kind(y):
    return "r2" if y is TARGET else "accuracy"


def test_where_nobody_stops_trials_nothing_is_refused():
    found = search(network(), mixed, pruner="none", n_trials=4, cv=2).fit(X, Y)
    drawn = {each["early_stopping"] for each in found.cv_results_["params"]}
    assert drawn == {True, False}
    for number, params in enumerate(found.cv_results_["params"]):
        # The ends of folds, if their scores could be compared.
        assert len(reports(found, number)) == (1 if params["early_stopping"] else 0)


@pytest.mark.parametrize(
    "model", [network(early_stopping=False), LogisticRegression(), StandardScaler()]
)
def test_without_validation_scores_it_says_what_they_need(model):
    found = search(model, {}, prune_on="validation", scoring=lambda *given: 0.0)
    with pytest.raises(ValueError, match="early_stopping=True"):
        found.fit(X, Y)


def test_unknown_sources_are_refused():
    with pytest.raises(ValueError, match="'prune_on' parameter"):
        search(network(), prune_on="train").fit(X, Y)


def test_fits_that_fail_are_no_other_scale():
    found = search(
        regressor(),
        {"loss": ["squared_error", "nonsense"]},
        prune_on="validation",
        error_score=np.nan,
        n_trials=6,
        cv=2,
        pruner=SuccessiveHalving(),
    )
    with pytest.warns(Warning, match=r"fail|finite"):
        found.fit(X, TARGET)
    failed = [p["loss"] == "nonsense" for p in found.cv_results_["params"]]
    assert any(failed)
    np.testing.assert_array_equal(found.cv_results_["status"] == "failed", failed)


def test_a_solver_that_gives_up_at_once_has_no_scores():
    found = search(network(solver="lbfgs"), {"alpha": [1e-4]})
    with np.errstate(all="ignore"):
        found.fit(X * 1e200, Y)
    assert found.cv_results_["status"] == ["complete"]
    assert len(reports(found)) < 3 * EPOCHS - 1


# ------------------------------------------------------------------------ going on


@pytest.mark.parametrize(
    "changed",
    [
        {"prune_on": "test"},
        {"estimator__early_stopping": False},
        {"estimator__scoring": "loss"},
        {"estimator__class_weight": "balanced"},
    ],
)
def test_a_study_goes_on_with_scores_of_its_own_kind(changed, tmp_path):
    first = search(network(), storage=tmp_path / "log").fit(X, Y)
    other = search(network(), storage=tmp_path / "log", n_trials=2)
    with pytest.raises(ValueError, match="other prune_on"):
        other.set_params(**changed).fit(X, Y)
    # Found by itself or said: it is the same.
    again = search(network(), storage=tmp_path / "log", n_trials=2)
    again.set_params(prune_on="validation").fit(X, Y)
    assert reports(again, 0) == reports(first, 0)
    assert len(again.study_.trials) == 2


def test_going_on_is_as_if_there_had_been_no_break(tmp_path):
    settings = {"pruner": "hyperband", "storage": tmp_path / "log"}
    whole = search(network(scoring="loss"), pruner="hyperband", n_trials=8).fit(X, Y)
    search(network(scoring="loss"), n_trials=3, **settings).fit(X, Y)
    resumed = search(network(scoring="loss"), n_trials=8, **settings).fit(X, Y)
    assert [reports(resumed, i) for i in range(8)] == [
        reports(whole, i) for i in range(8)
    ]
    np.testing.assert_array_equal(
        resumed.cv_results_["status"], whole.cv_results_["status"]
    )
