"""Displays of searches: what was tried, and which rows are held out."""

import sys
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, StratifiedKFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier
from skbackprop.tuning import (
    BackpropSearchCV,
    SearchDisplay,
    SplitDisplay,
    TrialCourse,
)

pytest.importorskip("optuna")
matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pyplot = pytest.importorskip("matplotlib.pyplot")

X, Y = load_iris(return_X_y=True)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def search():
    model = BackpropClassifier(learning_rate="cosine", max_iter=9, random_state=0)
    search = BackpropSearchCV(
        make_pipeline(StandardScaler(), model),
        "standard",
        n_trials=8,
        cv=2,
        scoring="neg_log_loss",
        random_state=0,
    )
    with warnings.catch_warnings():
        # Trials have nine epochs, converged or not.
        warnings.simplefilter("ignore", ConvergenceWarning)
        search.fit(X, Y)
    assert {"complete", "pruned"} == set(search.cv_results_["status"])
    return search


# --------------------------------------------------------------------------- the trials


def test_lines_are_what_was_reported(search):
    display = SearchDisplay.from_estimator(search, negate_score=True, log_scale=True)
    for line, trial in zip(display.lines_, search.study_.trials, strict=True):
        steps = sorted(trial.intermediate_values)
        np.testing.assert_array_equal(line.get_xdata(), steps)
        reported = [-trial.intermediate_values[step] for step in steps]
        np.testing.assert_array_equal(line.get_ydata(), reported)
    assert display.ax_.get_ylabel() == "log loss"
    assert display.ax_.get_yscale() == "log"


def test_what_was_stopped_is_told_apart(search):
    display = SearchDisplay.from_estimator(search, stopped_kwargs={"c": "r"})
    ended = search.cv_results_["status"] == "complete"
    colors = np.array([line.get_color() for line in display.lines_])
    np.testing.assert_array_equal(colors == "r", ~ended)
    texts = {text.get_text() for text in display.ax_.get_legend().get_texts()}
    assert texts == {"trained to the end", "stopped"}


def test_scores_are_drawn_against_a_parameter(search):
    display = SearchDisplay.from_estimator(search, params="learning_rate_init")
    results = search.cv_results_
    ended = results["status"] == "complete"
    rates = results["param_backpropclassifier__learning_rate_init"].astype(float)
    expected = np.column_stack([rates, results["mean_test_score"]])[ended]
    np.testing.assert_array_equal(display.points_.get_offsets(), expected)
    expected = np.column_stack([rates, results["last_score"]])[~ended]
    np.testing.assert_array_equal(display.stopped_points_.get_offsets(), expected)
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.get_ylabel() == "neg log loss"
    assert display.lines_ == []


def test_the_plane_of_two_parameters_has_a_scale_of_scores(search):
    _, ax = pyplot.subplots()
    display = SearchDisplay.from_estimator(
        search, params=["dropout", "activation"], score_name="score", ax=ax
    )
    ended = search.cv_results_["status"] == "complete"
    scores = search.cv_results_["mean_test_score"][ended]
    np.testing.assert_array_equal(display.points_.get_array(), scores)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert ax.get_xscale() == "linear"
    assert display.colorbar_.ax.get_ylabel() == "score"


def test_scores_of_early_stopping_are_not_drawn_for_those_of_the_search():
    model = BackpropClassifier(
        early_stopping=True, learning_rate="cosine", max_iter=9, random_state=0
    )
    search = BackpropSearchCV(
        model,
        "standard",
        n_trials=8,
        cv=2,
        scoring="neg_log_loss",
        prune_on="validation",
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        search.fit(X, Y)
    display = SearchDisplay.from_estimator(search, negate_score=True)
    assert display.ax_.get_ylabel() == "validation score"
    ended = np.array([trial.ended for trial in display.trials])
    assert 0 < ended.sum() < 8
    scores = np.array([trial.score for trial in display.trials])
    expected = -search.cv_results_["mean_test_score"][ended]
    np.testing.assert_allclose(scores[ended], expected)
    assert np.isnan(scores[~ended]).all()
    for line, trial in zip(display.lines_, search.study_.trials, strict=True):
        reported = trial.intermediate_values
        np.testing.assert_array_equal(
            line.get_ydata(), [reported[step] for step in sorted(reported)]
        )


def test_trials_without_a_parameter_are_left_out():
    display = SearchDisplay(
        trials=[
            TrialCourse({"a": 1, "b": None}, 0.5, True),
            TrialCourse({"a": 2, "b": "x"}, 0.6, True),
            TrialCourse({"a": 3}, 0.7, True),
        ]
    )
    assert len(display.plot(params="a").points_.get_offsets()) == 3
    assert len(display.plot(params=["a", "b"]).points_.get_offsets()) == 2
    with pytest.raises(ValueError, match="No trial was scored at its epochs"):
        display.plot()


@pytest.mark.parametrize(
    "params", ["colour", 3, [3], ["dropout", "alpha", "activation"]]
)
def test_other_parameters_are_refused(search, params):
    with pytest.raises(ValueError, match="params must be"):
        SearchDisplay.from_estimator(search, params=params)


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def test_only_what_is_seen_is_in_the_legend():
    ended, stopped = TrialCourse({"a": 1, "b": 1}, 0.5, True), {"a": 2, "b": 2}
    unscored = SearchDisplay(trials=[ended, TrialCourse(stopped, np.nan, False)])
    assert legend(unscored.plot(params="a")) == ["trained to the end"]
    assert legend(unscored.plot(params=["a", "b"])) == ["stopped", "trained to the end"]
    scored = SearchDisplay(trials=[ended, TrialCourse(stopped, 0.1, False)])
    assert legend(scored.plot(params="a")) == ["stopped", "trained to the end"]


def test_names_are_drawn_whatever_has_no_score():
    trials = [
        TrialCourse({"activation": "relu"}, 0.5, True),
        TrialCourse({"activation": "tanh"}, np.nan, False),
    ]
    display = SearchDisplay(trials=trials).plot(params="activation")
    display.figure_.canvas.draw()
    assert len(display.points_.get_offsets()) == 1


def test_none_is_a_value_like_others():
    trials = [TrialCourse({"clip_norm": v}, 0.5, True) for v in (None, 1.0)]
    display = SearchDisplay(trials=trials).plot(params="clip_norm")
    assert not np.ma.is_masked(display.points_.get_offsets())
    ticks = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert ticks == ["None", "1.0"]


@pytest.mark.parametrize("key", ["ec", "edgecolor", "edgecolors"])
def test_edges_of_points_go_by_any_of_their_names(key):
    display = SearchDisplay(trials=[TrialCourse({"a": 1}, 0.5, True)])
    display.plot(params="a", scatter_kwargs={key: "r", "lw": 3})
    assert tuple(display.points_.get_edgecolor()[0]) == (1.0, 0.0, 0.0, 1.0)
    assert display.points_.get_linewidth() == [3]


@pytest.mark.parametrize("params", [None, "a", ["a", "b"]])
def test_a_logarithmic_axis_needs_scores_above_0(params):
    trials = [TrialCourse({"a": 1, "b": 2}, -0.5, True, [1, 2], [-0.7, -0.5])]
    with pytest.raises(ValueError, match="log_scale=True needs scores above 0"):
        SearchDisplay(trials=trials).plot(params=params, log_scale=True)


@pytest.mark.parametrize(
    ("refit", "name"), [("nll", "nll"), (lambda results: 0, "hits"), (False, "hits")]
)
def test_of_several_metrics_the_one_is_named_that_trials_are_compared_by(refit, name):
    search = BackpropSearchCV(
        BackpropClassifier(learning_rate="cosine", max_iter=3, random_state=0),
        "small",
        n_trials=2,
        cv=2,
        scoring={"hits": "accuracy", "nll": "neg_log_loss"},
        refit=refit,
        pruner="none",
        random_state=0,
    ).fit(X, Y)
    display = SearchDisplay.from_estimator(search, params="alpha")
    assert display.ax_.get_ylabel() == name
    scores = [trial.score for trial in display.trials]
    np.testing.assert_allclose(scores, search.cv_results_[f"mean_test_{name}"])


def test_a_search_is_to_be_fitted():
    with pytest.raises(NotFittedError):
        SearchDisplay.from_estimator(BackpropSearchCV(BackpropClassifier()))


def test_other_searches_have_no_study():
    with pytest.raises(TypeError, match="got GridSearchCV"):
        SearchDisplay.from_estimator(GridSearchCV(BackpropClassifier(), {}))


def test_a_search_is_drawn_again(search):
    display = SearchDisplay.from_estimator(search)
    data = {name: v for name, v in vars(display).items() if not name.endswith("_")}
    assert SearchDisplay(**data).plot().figure_ is not display.figure_


# --------------------------------------------------------------------------- the splits


def test_each_split_is_a_line():
    splitter = TimeSeriesSplit(3, max_train_size=5, gap=1)
    display = SplitDisplay.from_splitter(splitter, X[:20])
    for points, part in ((display.train_points_, 0), (display.test_points_, 1)):
        expected = [
            (row, line)
            for line, split in enumerate(splitter.split(X[:20]), start=1)
            for row in split[part]
        ]
        np.testing.assert_array_equal(points.get_offsets(), expected)
    assert display.ax_.yaxis_inverted()


def test_a_search_tells_its_splits():
    search = GridSearchCV(BackpropClassifier(), {}, cv=3)
    _, ax = pyplot.subplots()
    display = SplitDisplay.from_estimator(
        search, X, Y, ax=ax, scatter_kwargs={"s": 2}, test_kwargs={"c": "r"}
    )
    expected = [*StratifiedKFold(3).split(X, Y)]
    for split, other in zip(display.splits, expected, strict=True):
        np.testing.assert_array_equal(split[1], other[1])
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert display.train_points_.get_sizes() == [2]
    assert tuple(display.test_points_.get_facecolor()[0]) == (1.0, 0.0, 0.0, 1.0)
    assert SplitDisplay(splits=display.splits).plot().ax_ is not ax
    with pytest.raises(TypeError, match=r"takes a search.*not BackpropClassifier"):
        SplitDisplay.from_estimator(BackpropClassifier(), X, Y)


@pytest.mark.parametrize("display", [SearchDisplay, SplitDisplay])
def test_matplotlib_is_asked_for_when_it_is_missing(display, search, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    data = () if display is SearchDisplay else (X, Y)
    with pytest.raises(ImportError, match=rf"{display.__name__} needs matplotlib"):
        display.from_estimator(search, *data)
