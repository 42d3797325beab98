"""Trials stop after the epoch that tells, by scores that can be compared."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier
from skbackprop.tuning import (
    BackpropSearchCV,
    Budget,
    Float,
    Hyperband,
    Median,
    NoPruning,
    Pruner,
    SuccessiveHalving,
)

optuna = pytest.importorskip("optuna")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = make_classification(90, 6, class_sep=0.7, random_state=0)
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)
EPOCHS = 9


def network(**params):
    settings = {"hidden_layer_sizes": 6, "max_iter": EPOCHS, "tol": 0.0}
    return BackpropClassifier(**settings | {"random_state": 0} | params)


def searched(model=None, **params):
    settings = {"n_trials": 8, "cv": FOLDS, "random_state": 0, "error_score": "raise"}
    model = network() if model is None else model
    last = model[-1] if hasattr(model, "steps") else model
    prefix = f"{model.steps[-1][0]}__" if last is not model else ""
    space = {f"{prefix}learning_rate_init": Float(1e-5, 1e-1, log=True)}
    return BackpropSearchCV(model, space, **settings | params).fit(X, Y)


def reports(search, number):
    return search.study_.trials[number].intermediate_values


@pytest.mark.parametrize(
    "steps", [[], [StandardScaler()], [StandardScaler(), make_pipeline(PCA(4))]]
)
def test_what_is_reported_is_the_score_of_a_fit_that_ends_there(steps):
    model = make_pipeline(*steps, network())
    found = searched(model, pruner=optuna.pruners.NopPruner(), n_trials=1)
    reported = reports(found, 0)
    # The last fold's end is the trial's.
    assert sorted(reported) == list(range(1, 3 * EPOCHS))
    earlier = []
    for fold, (train, test) in enumerate(FOLDS.split(X, Y)):
        for epoch in (1, 4, EPOCHS):
            alone = clone(model).set_params(**found.best_params_)
            alone.set_params(backpropclassifier__max_iter=epoch)
            score = alone.fit(X[train], Y[train]).score(X[test], Y[test])
            if (step := fold * EPOCHS + epoch) in reported:
                expected = np.mean([*earlier, score])
                assert reported[step] == pytest.approx(expected, abs=1e-12)
        earlier.append(score)


def test_the_metric_that_is_searched_for_is_the_one_that_is_reported():
    found = searched(
        scoring=["accuracy", "neg_log_loss"],
        refit="neg_log_loss",
        pruner=optuna.pruners.NopPruner(),
        n_trials=1,
    )
    assert all(value < 0 for value in reports(found, 0).values())


@pytest.mark.parametrize("early_stopping", [True, False])
def test_what_is_not_stopped_scores_as_without_pruning(early_stopping):
    model = network(early_stopping=early_stopping)
    found = searched(model, pruner="hyperband", n_trials=12)
    status, means = found.cv_results_["status"], found.cv_results_["mean_test_score"]
    assert {"complete", "pruned"} == set(status)
    done = status == "complete"
    params = [p for p, d in zip(found.cv_results_["params"], done, strict=True) if d]
    grid = [{k: [v] for k, v in each.items()} for each in params]
    alone = GridSearchCV(model, grid, cv=FOLDS).fit(X, Y)
    np.testing.assert_array_equal(means[done], alone.cv_results_["mean_test_score"])


def test_the_results_of_stopped_trials_say_so():
    results = searched(pruner="hyperband", n_trials=12).cv_results_
    folds = np.array([results[f"split{i}_test_score"] for i in range(3)]).T
    for i, status in enumerate(results["status"]):
        last, epochs = results["last_step"][i], results["n_epochs"][i]
        assert epochs == last <= 3 * EPOCHS
        if status == "complete":
            assert results["last_score"][i] == results["mean_test_score"][i]
            continue
        assert np.isnan(results["mean_test_score"][i])
        assert results["rank_test_score"][i] == results["rank_test_score"].max()
        # Folds that came to their ends keep their scores, the others have none.
        np.testing.assert_array_equal(
            np.isnan(folds[i]), [last < (k + 1) * EPOCHS for k in range(3)]
        )
        assert np.isfinite(results["last_score"][i])
    assert results["status"][np.argmin(results["rank_test_score"])] == "complete"


def test_the_pruner_of_optuna_decides():
    """A trial ends at the first step that the pruner objects to, and no other does."""
    warm = EPOCHS + 2
    whole = searched(pruner=optuna.pruners.NopPruner(), sampler="random")
    lowest = [
        min(v for s, v in reports(whole, i).items() if s >= warm) for i in range(8)
    ]
    limit = float(np.median(lowest))
    threshold = optuna.pruners.ThresholdPruner(lower=limit, n_warmup_steps=warm)
    found = searched(pruner=threshold, sampler="random")
    assert set(found.cv_results_["status"]) == {"complete", "pruned"}
    for i, status in enumerate(found.cv_results_["status"]):
        judged = sorted((s, v) for s, v in reports(whole, i).items() if s >= warm)
        below = [step for step, value in judged if value < limit]
        assert (status == "pruned") == bool(below)
        last = found.cv_results_["last_step"][i]
        assert last == (below[0] if below else 3 * EPOCHS)


def test_on_rows_held_out_early_stopping_is_scored_by_its_best_weights():
    model = network(early_stopping=True, scoring="loss", n_iter_no_change=3)
    model.set_params(max_iter=40, learning_rate_init=0.1)
    found = BackpropSearchCV(
        model,
        {"alpha": [1e-4]},
        n_trials=1,
        cv=FOLDS,
        pruner=optuna.pruners.NopPruner(),
        prune_on="test",
    ).fit(X, Y)
    train, test = next(iter(FOLDS.split(X, Y)))
    whole = clone(model).fit(X[train], Y[train])
    assert whole.n_iter_ < 40
    # When patience ends, so does the fold; the next one counts from 41.
    assert set(range(1, 40)) & set(reports(found, 0)) == set(
        range(1, whole.n_iter_ + 1)
    )
    for epoch in (2, whole.n_iter_):
        alone = clone(model).set_params(max_iter=epoch).fit(X[train], Y[train])
        assert reports(found, 0)[epoch] == alone.score(X[test], Y[test])


def test_full_batch_solvers_are_stopped_after_iterations():
    found = searched(network(solver="lbfgs"), pruner=Always(at=4), refit=False)
    assert set(found.cv_results_["n_epochs"]) == {4}


class Always(Pruner):
    """Stops each trial at a step."""

    at: int = 1

    def build(self, budget):
        return optuna.pruners.ThresholdPruner(lower=2.0)

    def steps(self, budget):
        return {self.at}


def test_an_epoch_that_was_cut_short_is_not_judged():
    """Numbers overflow at once, and L-BFGS gives up within its first iteration."""
    search = BackpropSearchCV(
        network(solver="lbfgs"),
        {"alpha": [1e-4]},
        n_trials=1,
        cv=FOLDS,
        pruner=optuna.pruners.NopPruner(),
        error_score="raise",
    )
    with np.errstate(all="ignore"):
        search.fit(X * 1e200, Y)
    assert search.cv_results_["status"] == ["complete"]


def test_estimators_that_do_not_stop_when_told_to_are_judged_once():
    found = BackpropSearchCV(
        LogisticRegression(max_iter=EPOCHS, tol=0.0),
        {"C": [1.0]},
        n_trials=1,
        cv=FOLDS,
        pruner=optuna.pruners.ThresholdPruner(lower=2.0),
        refit=False,
    ).fit(X, Y)
    assert found.cv_results_["status"] == ["pruned"]
    assert list(reports(found, 0)) == list(found.cv_results_["last_step"]) == [1]


def test_estimators_without_callbacks_are_stopped_between_folds():
    found = BackpropSearchCV(
        GaussianNB(),
        {"var_smoothing": [1e-9, 1e-8]},
        n_trials=3,
        cv=FOLDS,
        pruner=Always(at=1),
        refit=False,
    ).fit(X, Y)
    assert np.isfinite(found.cv_results_["split0_test_score"]).all()
    assert np.isnan(found.cv_results_["split1_test_score"]).all()


def test_callbacks_of_the_network_go_on_to_be_called():
    seen = Counter()
    model = network().set_callbacks(seen)
    searched(model, pruner="hyperband", n_trials=2)
    assert seen.fits > 2
    assert model._skl_callbacks == [seen]


class Counter:
    """Counts fits."""

    fits = 0

    def setup(self, estimator, context):
        self.fits += 1

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass


# ----------------------------------------------------------------------------- members

BUDGET = Budget(max_epochs=100, n_splits=5)


@pytest.mark.parametrize(
    ("pruner", "steps"),
    [
        (NoPruning(), []),
        (Median(), list(range(5, 501, 5))),
        (Median(n_warmup_epochs=20, every=60), list(range(20, 501, 60))),
        (SuccessiveHalving(), [5, 15, 45, 135, 405]),
        (SuccessiveHalving(min_epochs=8, factor=4), [8, 32, 128]),
        (Hyperband(min_epochs=100), [100, 300]),
    ],
)
def test_scores_are_only_computed_where_somebody_judges(pruner, steps):
    assert [s for s in range(1, 501) if s in pruner.steps(BUDGET)] == steps


def test_the_median_does_not_judge_before_it_is_warm():
    """The end of a fold is reported, be it among the steps or not."""
    warm = EPOCHS + 2
    median = Median(n_startup_trials=1, n_warmup_epochs=warm)
    found = searched(pruner=median, sampler="random", n_trials=16)
    pruned = found.cv_results_["status"] == "pruned"
    assert pruned.any()
    assert found.cv_results_["last_step"][pruned].min() >= warm


def test_names_are_pruners_of_optuna():
    expected = {
        "none": "NopPruner",
        "median": "MedianPruner",
        "halving": "SuccessiveHalvingPruner",
        "hyperband": "HyperbandPruner",
    }
    for name, kind in expected.items():
        built = Pruner.members()[name]().build(BUDGET)
        assert type(built).__name__ == kind


def test_a_successive_halving_lets_one_in_three_go_on():
    halving = SuccessiveHalving(min_epochs=3)
    found = searched(pruner=halving, sampler="random", n_trials=27)
    reached = [(found.cv_results_["last_step"] > s).sum() for s in (0, 3, 9)]
    # More than a third each time: the first to come have nobody to be compared with.
    assert reached[0] == 27
    assert 9 <= reached[1] <= 18
    assert 3 <= reached[2] <= reached[1] / 2
