"""The search has scikit-learn's interface, where other searches over Optuna fail."""

import pickle
import sys

import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.callback import ProgressBar
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer, log_loss, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    ShuffleSplit,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop._compat import InvalidParameterError
from skbackprop.solvers import SGD, Adam
from skbackprop.tuning import GP, BackpropSearchCV, Choice, Float, Integer

pytest.importorskip("optuna")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RATES = {"learning_rate_init": Float(1e-3, 1e-1, log=True)}
BRIEF = {"n_trials": 3, "cv": 2, "random_state": 0, "pruner": "none"}


def network(**params):
    settings = {"hidden_layer_sizes": 4, "max_iter": 4, "random_state": 0}
    return BackpropClassifier(**settings | params)


def search(estimator=None, space=None, **params):
    settings = BRIEF | {"error_score": "raise"} | params
    return BackpropSearchCV(estimator or network(), space or RATES, **settings)


# ---------------------------------------------------------------------- its results


def test_the_results_are_those_of_a_grid_search_over_the_same_candidates(multiclass):
    settings = {"scoring": ["accuracy", "neg_log_loss"], "refit": "neg_log_loss"}
    settings["return_train_score"] = True
    ours = search(**settings).fit(*multiclass)
    grid = [{k: [v] for k, v in each.items()} for each in ours.cv_results_["params"]]
    theirs = GridSearchCV(network(), grid, cv=2, **settings).fit(*multiclass)
    ours_only = {"trial", "status", "n_epochs", "last_score", "last_step"}
    assert set(ours.cv_results_) == set(theirs.cv_results_) | ours_only
    for name, column in theirs.cv_results_.items():
        if "time" in name or name == "params":
            continue
        assert type(ours.cv_results_[name]) is type(column), name
        assert ours.cv_results_[name].dtype == column.dtype, name
        np.testing.assert_array_equal(ours.cv_results_[name], column, err_msg=name)
    assert ours.cv_results_["params"] == theirs.cv_results_["params"]
    for name in ("best_index_", "best_params_", "best_score_", "n_splits_"):
        assert getattr(ours, name) == getattr(theirs, name), name
    np.testing.assert_array_equal(
        ours.predict_proba(multiclass.X), theirs.predict_proba(multiclass.X)
    )
    assert ours.score(*multiclass) == theirs.score(*multiclass)
    assert set(ours.scorer_) == set(theirs.scorer_)


def test_what_is_drawn_only_sometimes_is_masked_elsewhere(multiclass):
    space = {
        "solver": Choice(
            {"adam": Adam(), "sgd": SGD()},
            then={"adam": {"solver__beta_2": Float(0.9, 0.99)}},
        )
    }
    found = search(space=space, n_trials=8).fit(*multiclass)
    used = [isinstance(p["solver"], Adam) for p in found.cv_results_["params"]]
    assert {True, False} == set(used)
    masked = found.cv_results_["param_solver__beta_2"].mask
    np.testing.assert_array_equal(masked, np.logical_not(used))
    assert isinstance(found.best_estimator_.solver, Adam | SGD)


def test_the_same_seed_gives_the_same_search(multiclass):
    one, other = (search() for _ in range(2))
    one.fit(*multiclass), other.fit(*multiclass)
    assert one.cv_results_["params"] == other.cv_results_["params"]
    another = search(random_state=1).fit(*multiclass)
    assert one.cv_results_["params"] != another.cv_results_["params"]


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc"])
def test_no_two_trials_draw_the_same(sampler, multiclass):
    found = search(sampler=sampler, n_trials=4).fit(*multiclass)
    assert len({str(each) for each in found.cv_results_["params"]}) == 4


def test_a_gaussian_process_draws(multiclass):
    pytest.importorskip("torch")
    found = search(sampler=GP(n_startup_trials=2), n_trials=4).fit(*multiclass)
    assert set(found.cv_results_["status"]) == {"complete"}


def test_samplers_and_pruners_of_optuna_are_taken_as_they_are(multiclass):
    optuna = pytest.importorskip("optuna")
    found = search(
        sampler=optuna.samplers.RandomSampler(seed=3),
        pruner=optuna.pruners.ThresholdPruner(lower=2.0),
    )
    clone(found)
    with pytest.raises(ValueError, match="No trial came to its end"):
        found.fit(*multiclass)
    assert set(found.cv_results_["status"]) == {"pruned"}


# ------------------------------------------------------------------------ its refit


def test_no_refit(multiclass):
    found = search(refit=False).fit(*multiclass)
    assert found.best_score_ == found.cv_results_["mean_test_score"].max()
    assert not hasattr(found, "best_estimator_")
    with pytest.raises(AttributeError, match="predict") as missing:
        found.predict(multiclass.X)
    assert "refit=False" in str(missing.value.__cause__)


def test_a_callable_chooses(multiclass):
    def last(results):
        return len(results["params"]) - 1

    found = search(refit=last).fit(*multiclass)
    assert found.best_index_ == 2
    assert found.best_params_ == found.cv_results_["params"][2]
    assert not hasattr(found, "best_score_")


def test_the_refit_trains_as_the_folds_did_and_to_the_end(multiclass):
    found = search(n_trials=6, pruner="hyperband").fit(*multiclass)
    assert found.best_estimator_.n_iter_ == 4
    alone = network(**found.best_params_).fit(*multiclass)
    for ours, expected in zip(found.best_estimator_.coefs_, alone.coefs_, strict=True):
        np.testing.assert_array_equal(ours, expected)


def test_several_metrics_need_to_know_which_counts(multiclass):
    with pytest.raises(ValueError, match="refit"):
        search(scoring=["accuracy", "neg_log_loss"]).fit(*multiclass)
    found = search(scoring=["accuracy", "neg_log_loss"], refit=False).fit(*multiclass)
    assert "rank_test_neg_log_loss" in found.cv_results_


def both(estimator, X, y):
    proba = estimator.predict_proba(X)
    return {"right": estimator.score(X, y), "sure": -log_loss(y, proba)}


def test_a_callable_that_returns_several_scores(multiclass):
    found = search(scoring=both, refit="sure").fit(*multiclass)
    means = found.cv_results_["mean_test_sure"]
    assert found.best_score_ == means.max()
    values = [trial.value for trial in found.study_.trials]
    np.testing.assert_allclose(values, means)


# ------------------------------------------------------------------- its neighbours


def test_tags_are_those_of_the_estimator(multiclass, regression):
    assert is_classifier(search())
    found = search(BackpropRegressor("squared_error", 4, max_iter=3))
    assert is_regressor(found)
    assert found.fit(*regression).predict(regression.X).shape == regression.y.shape
    # Hence folds are stratified inside and outside.
    assert cross_val_score(search(), *multiclass, cv=2).shape == (2,)


@pytest.mark.parametrize("splitter", [3, ShuffleSplit(2, random_state=0), "pairs"])
def test_any_splitter(splitter, multiclass):
    if splitter == "pairs":
        splitter = [(np.arange(40), np.arange(40, 60))]
    found = search(cv=splitter).fit(*multiclass)
    assert found.n_splits_ == (3 if splitter == 3 else len(list_of(splitter)))


def list_of(splitter):
    return splitter if isinstance(splitter, list) else range(splitter.get_n_splits())


def test_groups_and_time(multiclass):
    groups = np.arange(60) % 3
    found = search(cv=GroupKFold(3)).fit(*multiclass, groups=groups)
    assert found.n_splits_ == 3
    assert search(cv=TimeSeriesSplit(2)).fit(*multiclass).n_splits_ == 2


def test_sample_weights_are_cut_to_each_fold(multiclass):
    weight = np.arange(60) % 4 / 2.0
    ours = search(pruner="hyperband").fit(*multiclass, sample_weight=weight)
    done = ours.cv_results_["status"] == "complete"
    params = [p for p, d in zip(ours.cv_results_["params"], done, strict=True) if d]
    grid = [{k: [v] for k, v in each.items()} for each in params]
    theirs = GridSearchCV(network(), grid, cv=2)
    theirs.fit(*multiclass, sample_weight=weight)
    np.testing.assert_array_equal(
        ours.cv_results_["mean_test_score"][done],
        theirs.cv_results_["mean_test_score"],
    )


@pytest.mark.usefixtures("_routing")
def test_metadata_goes_where_it_is_asked_for(multiclass):
    weight = np.arange(60) % 4 / 2.0
    model = make_pipeline(
        StandardScaler().set_fit_request(sample_weight=False),
        network().set_fit_request(sample_weight=True),
    )
    scorer = make_scorer(weighted).set_score_request(sample_weight=True)
    found = search(model, {"backpropclassifier__alpha": [0.1, 1.0]}, scoring=scorer)
    WEIGHTS.clear()
    found.set_params(pruner="hyperband").fit(*multiclass, sample_weight=weight)
    assert set(WEIGHTS) == {30}
    assert found.get_metadata_routing() is not None


WEIGHTS = []


def weighted(y_true, y_pred, sample_weight):
    WEIGHTS.append(len(sample_weight))
    return float(np.average(y_true == y_pred, weights=sample_weight))


@pytest.fixture
def _routing():
    from sklearn import config_context

    with config_context(enable_metadata_routing=True):
        yield


def test_frames_keep_their_names(multiclass):
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(multiclass.X, columns=list("abcde"))
    model = make_pipeline(StandardScaler().set_output(transform="pandas"), network())
    space = {"backpropclassifier__alpha": [0.1, 1.0]}
    found = search(model, space, pruner="hyperband").fit(X, multiclass.y)
    assert list(found.feature_names_in_) == list("abcde")
    assert found.n_features_in_ == 5


def test_estimators_of_others(multiclass):
    found = search(LogisticRegression(), {"C": Float(0.01, 10.0, log=True)})
    found.set_params(pruner="halving").fit(*multiclass)
    assert set(found.cv_results_["status"]) <= {"complete", "pruned"}


def test_progress_bars_see_the_whole_tree(multiclass, capsys):
    pytest.importorskip("rich")
    found = search(make_pipeline(StandardScaler(), network()), "small")
    found.set_params(pruner="hyperband", n_trials=5)
    found.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(*multiclass)
    assert "BackpropClassifier - fit" in capsys.readouterr().out


def test_a_callback_sees_each_fold_and_the_refit(multiclass):
    seen = Recorder()
    search().set_callbacks(seen).fit(*multiclass)
    names = [name for name, _ in seen.tasks]
    assert names.count("candidate-split-evaluation") == 6
    assert names[-3:] == ["search", "refit-with-best-params", "fit"]


class Recorder:
    """Remembers the tasks that ended."""

    def __init__(self):
        self.tasks = []

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.tasks.append((context.task_name, context.task_id))

    def teardown(self, estimator, context):
        pass


def test_workers_give_the_trials_that_were_asked_for(multiclass):
    found = search(n_jobs=2, n_trials=5, pruner="hyperband").fit(*multiclass)
    assert list(found.cv_results_["trial"]) == [0, 1, 2, 3, 4]
    assert len(found.study_.trials) == 5
    assert len({str(each) for each in found.cv_results_["params"]}) == 5


def test_it_is_pickled_and_cloned(multiclass):
    found = search().fit(*multiclass)
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(
        again.predict(multiclass.X), found.predict(multiclass.X)
    )
    assert len(again.study_.trials) == 3
    with pytest.raises(NotFittedError):
        clone(found).predict(multiclass.X)


# -------------------------------------------------------------------- what goes wrong


def test_without_optuna_it_says_what_to_install(monkeypatch, multiclass):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ImportError, match=r"skbackprop\[tune\]"):
        search().fit(*multiclass)


def test_fits_that_raise_score_what_was_asked_for(multiclass):
    space = {"alpha": [1.0, -1.0]}
    found = search(space=space, n_trials=6, error_score=np.nan, pruner="median")
    with (
        pytest.warns(FitFailedWarning, match="alpha"),
        pytest.warns(UserWarning, match="non-finite"),
    ):
        found.fit(*multiclass)
    for params, status, score in zip(
        found.cv_results_["params"],
        found.cv_results_["status"],
        found.cv_results_["mean_test_score"],
        strict=True,
    ):
        assert (status == "failed") == (params["alpha"] < 0) == bool(np.isnan(score))
    with pytest.raises(InvalidParameterError, match="alpha"):
        search(space={"alpha": [-1.0, -2.0]}).fit(*multiclass)


def test_trials_without_any_score_are_not_said_to_be_stopped(multiclass):
    found = search(scoring=lambda *given: np.nan, error_score=np.nan)
    with (
        pytest.warns(UserWarning, match="non-finite"),
        pytest.raises(ValueError, match="why scores are NaN"),
    ):
        found.fit(*multiclass)
    assert set(found.cv_results_["status"]) == {"failed"}


def test_numbers_of_epochs_of_any_integer_type_count(multiclass):
    found = search(network(max_iter=np.int64(4)), pruner="hyperband", n_trials=1)
    assert list(found.fit(*multiclass).cv_results_["last_step"]) == [8]
    with pytest.raises(InvalidParameterError, match="max_iter"):
        search(network(max_iter="4")).fit(*multiclass)


def test_unknown_parameters_are_named(multiclass):
    with pytest.raises(ValueError, match="widht"):
        search(space={"widht": Integer(1, 3)}).fit(*multiclass)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_trials": 0}, "n_trials"),
        ({"n_trials": None}, "would not end"),
        ({"sampler": "grid"}, "tpe"),
        ({"pruner": "sometimes"}, "hyperband"),
        ({"space": "tiny"}, "standard"),
        ({"space": {"alpha": 3}}, "nothing to draw from"),
        ({"space": {"alpha": Float(1.0, 0.0)}}, "greater than"),
        ({"timeout": 0.0}, "No trial was begun"),
        ({"storage": 3}, "storage is to be"),
    ],
)
def test_what_cannot_be_done_is_said(params, message, multiclass):
    with pytest.raises(ValueError, match=message):
        search(**params).fit(*multiclass)


def test_time_ends_a_search(multiclass):
    found = search(n_trials=None, timeout=0.3).fit(*multiclass)
    assert len(found.cv_results_["params"]) >= 1
    assert found.cv_results_["status"][0] == "complete"


def test_any_scorer(regression):
    scorer = get_scorer("neg_mean_absolute_error")
    found = search(
        BackpropRegressor("squared_error", 4, max_iter=3), scoring=scorer, cv=KFold(2)
    )
    found.set_params(pruner="hyperband").fit(*regression)
    assert found.best_score_ < 0
    assert found.score(*regression) == scorer(found.best_estimator_, *regression)
