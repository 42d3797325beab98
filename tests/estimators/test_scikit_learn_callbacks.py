"""scikit-learn's own callbacks, on the estimator and on what is built around it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SMALL = {
    "hidden_layer_sizes": (6,),
    "learning_rate_init": 0.05,
    "max_iter": 3,
    "random_state": 0,
    "tol": 0,
}
CONFIGURATIONS = {
    "adam": BackpropClassifier(**SMALL),
    "lbfgs": BackpropClassifier(**SMALL, solver="lbfgs"),
    "adam regressor": BackpropRegressor(**SMALL),
    "lbfgs regressor": BackpropRegressor(**SMALL, solver="lbfgs"),
}


@pytest.fixture(params=CONFIGURATIONS)
def estimator(request):
    return clone(CONFIGURATIONS[request.param])


def in_pipeline(estimator):
    return Pipeline([("scale", StandardScaler()), ("net", estimator)])


def in_search(estimator):
    return GridSearchCV(estimator, {"alpha": [0.1, 1.0]}, cv=2, error_score="raise")


def in_search_of_pipelines(estimator):
    return GridSearchCV(
        in_pipeline(estimator), {"net__alpha": [0.1]}, cv=2, error_score="raise"
    )


def test_scoring_monitor_follows_the_training_score(estimator, binary):
    monitor = ScoringMonitor(scoring=["r2", "neg_mean_squared_error"])
    estimator.set_callbacks(monitor).fit(*binary)
    rows = [r for r in monitor.get_logs().data if len(r["task_id_path"]) == 2]
    assert len(rows) == estimator.n_iter_
    assert len({row["r2"] for row in rows}) > 1


def test_scoring_monitor_weighs_the_rows(binary):
    weight = np.where(binary.y == 1, 10.0, 0.1)
    monitor = ScoringMonitor(scoring="accuracy")
    classifier = BackpropClassifier(**SMALL).set_callbacks(monitor)
    classifier.fit(*binary, sample_weight=weight)
    rows = [r for r in monitor.get_logs().data if len(r["task_id_path"]) == 2]
    assert_allclose(rows[-1]["accuracy"], classifier.score(*binary, weight))


WRAPPERS = {in_pipeline: 1, in_search: 5, in_search_of_pipelines: 3}


@pytest.mark.parametrize("wrapped", WRAPPERS)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_scoring_monitor_on_the_estimator_inside(wrapped, solver, binary):
    monitor = ScoringMonitor(scoring="accuracy")
    estimator = BackpropClassifier(**SMALL, solver=solver)
    whole = wrapped(estimator.set_callbacks(monitor)).fit(*binary)
    rows = [r for r in monitor.get_logs().data if r["task_name"] != "fit"]
    assert {row["estimator_name"] for row in rows} == {"BackpropClassifier"}
    assert len({row["parent_task_id_path"] for row in rows}) == WRAPPERS[wrapped]
    assert len(rows) == 3 * WRAPPERS[wrapped]
    assert whole.predict(binary.X).shape == binary.y.shape


@pytest.mark.parametrize("wrapped", [clone, *WRAPPERS])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_progress_bar_shows_the_estimator(wrapped, solver, binary, capsys, monkeypatch):
    pytest.importorskip("rich")
    monkeypatch.setenv("COLUMNS", "200")
    whole = wrapped(BackpropClassifier(**SMALL, solver=solver))
    whole.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(*binary)
    shown = capsys.readouterr().out
    assert "BackpropClassifier" in shown
    assert "100%" in shown


@pytest.mark.parametrize("wrapped", WRAPPERS)
def test_a_stop_inside_reaches_only_the_estimator(wrapped, binary):
    class StopAtTwo:
        def setup(self, estimator, context): ...

        def teardown(self, estimator, context): ...

        def on_fit_task_begin(self, estimator, context): ...

        def on_fit_task_end(self, estimator, context):
            return context.task_id == 1 and context.task_name != "fit"

    estimator = BackpropClassifier(**SMALL).set_callbacks(StopAtTwo())
    whole = wrapped(estimator).fit(*binary)
    inner = getattr(whole, "best_estimator_", whole)
    inner = inner[-1] if isinstance(inner, Pipeline) else inner
    assert inner.n_iter_ == 2
