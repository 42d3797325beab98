"""Studies outlive their processes, and are shared by several."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from skbackprop import BackpropClassifier
from skbackprop.tuning import BackpropSearchCV, Float
from skbackprop.tuning.storage import open_storage, open_study, results

optuna = pytest.importorskip("optuna")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
ROOT = Path(__file__).parents[2]
RATES = {"learning_rate_init": Float(1e-4, 1e-1, log=True)}
KINDS = ["sqlite", "journal"]

SCRIPT = """
import sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from skbackprop import BackpropClassifier
from skbackprop.tuning import BackpropSearchCV, Float

class Slowly:
    setup = on_fit_task_begin = teardown = lambda self, *args, **kwargs: None
    def on_fit_task_end(self, estimator, context):
        time.sleep({pause})

rng = np.random.default_rng(0)
X = rng.standard_normal((60, 5))
y = np.digitize(X[:, 0] + 0.5 * X[:, 1], [-0.5, 0.5])
network = BackpropClassifier(4, max_iter=4, random_state=0).set_callbacks(Slowly())
BackpropSearchCV(
    network, {{"learning_rate_init": Float(1e-4, 1e-1, log=True)}}, n_trials={n_trials},
    cv=2, random_state={seed}, pruner="hyperband", storage={storage!r},
).fit(X, y)
"""
SCRIPT = SCRIPT.replace("BackpropClassifier(4", "BackpropClassifier((4,)")


def address(kind, folder):
    return {
        "sqlite": f"sqlite:///{folder / 'study.db'}",
        "journal": str(folder / "study.log"),
    }[kind]


def search(storage, n_trials=4, **params):
    network = BackpropClassifier((4,), max_iter=4, random_state=0)
    settings = {"cv": 2, "random_state": 0, "pruner": "hyperband"} | params
    return BackpropSearchCV(
        network, RATES, n_trials=n_trials, storage=storage, **settings
    )


def start(**values):
    code = SCRIPT.format(**{"pause": 0.0, "seed": 0} | values)
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)


def finished(storage):
    """The trials that something came of, as a process beside sees them."""
    return results(open_study(open_storage(storage), "skbackprop"))


RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 5))
DATA = X, np.digitize(X[:, 0] + 0.5 * X[:, 1], [-0.5, 0.5])


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_going_on_is_as_if_there_had_been_no_break(kind, tmp_path):
    storage = None if kind is None else address(kind, tmp_path)
    whole = search(None, n_trials=6).fit(*DATA)
    if kind is not None:
        search(storage, n_trials=3).fit(*DATA)
    resumed = search(storage, n_trials=6).fit(*DATA)
    assert resumed.cv_results_["params"] == whole.cv_results_["params"]
    for name in ("mean_test_score", "n_epochs", "status", "rank_test_score"):
        np.testing.assert_array_equal(
            resumed.cv_results_[name], whole.cv_results_[name]
        )
    assert resumed.best_params_ == whole.best_params_


def test_a_study_that_is_full_is_only_read(tmp_path):
    storage = address("journal", tmp_path)
    first = search(storage).fit(*DATA)
    begun = len(first.study_.trials)
    again = search(storage).fit(*DATA)
    assert len(again.study_.trials) == begun
    np.testing.assert_array_equal(again.predict(X), first.predict(X))


def test_a_path_is_a_journal(tmp_path):
    search(tmp_path / "log").fit(*DATA)
    assert (tmp_path / "log").read_bytes().startswith(b"{")


def test_a_storage_of_optuna_is_taken(tmp_path):
    storage = optuna.storages.InMemoryStorage()
    search(storage, n_trials=2).fit(*DATA)
    assert len(search(storage, n_trials=3).fit(*DATA).study_.trials) == 3
    with pytest.raises(ValueError, match="share"):
        search(storage, n_jobs=2).fit(*DATA)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
@pytest.mark.parametrize("kind", KINDS)
def test_a_kill_loses_the_trial_in_flight_and_no_other(kind, tmp_path):
    storage = address(kind, tmp_path)
    search(storage, n_trials=2).fit(*DATA)
    process = start(storage=storage, n_trials=100, pause=0.05)
    try:
        before = wait_for(storage, 4)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    known = finished(storage)
    assert [t.number for t in known[: len(before)]] == [t.number for t in before]
    assert [t.params for t in known[: len(before)]] == [t.params for t in before]
    resumed = search(storage, n_trials=len(known) + 2).fit(*DATA)
    states = [trial.state.name for trial in resumed.study_.trials]
    assert states.count("RUNNING") <= 1
    assert len(resumed.cv_results_["params"]) == len(known) + 2
    assert len(states) == len(known) + 2 + states.count("RUNNING")
    assert len({str(each) for each in resumed.cv_results_["params"]}) == len(known) + 2


def wait_for(storage, n):
    """Wait until so many trials are over, and return them."""
    study = open_study(open_storage(storage), "skbackprop")
    for _ in range(600):
        known = results(study)
        if len(known) >= n:
            return known
        time.sleep(0.05)
    pytest.fail("The other process does nothing.")


@pytest.mark.parametrize("kind", KINDS)
def test_processes_share_a_study(kind, tmp_path):
    storage = address(kind, tmp_path)
    other = start(storage=storage, n_trials=8, seed=1, pause=0.01)
    wait_for(storage, 2)
    search(storage, n_trials=8).fit(*DATA)
    assert other.wait() == 0
    found = search(storage, n_trials=8).fit(*DATA)
    assert 8 <= len(found.cv_results_["params"]) <= 9
    numbers = list(found.cv_results_["trial"])
    assert numbers == list(range(len(numbers)))
    assert len({str(each) for each in found.cv_results_["params"]}) == len(numbers)


def test_workers_share_a_stored_study(tmp_path):
    storage = address("journal", tmp_path)
    found = search(storage, n_trials=5, n_jobs=2).fit(*DATA)
    assert len(found.cv_results_["params"]) == 5
    assert len(search(storage, n_trials=5).fit(*DATA).study_.trials) == 5


def test_other_folds_or_rows_are_refused(tmp_path):
    storage = address("journal", tmp_path)
    search(storage, n_trials=1).fit(*DATA)
    for other in (search(storage, cv=3), search(storage, n_trials=2)):
        rows = slice(None) if other.cv == 3 else slice(50)
        with pytest.raises(ValueError, match="other rows or folds"):
            other.fit(X[rows], DATA[1][rows])
    search(storage, cv=3, study_name="thirds").fit(*DATA)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"scoring": "neg_log_loss"}, "other scoring"),
        ({"scoring": ["accuracy"], "refit": "accuracy"}, "other scoring"),
        ({"estimator__max_iter": 8}, "other max_iter"),
        ({"space": {"alpha": Float(0.1, 1.0)}}, "another space"),
        ({"space": {"learning_rate_init": [0.1]}}, "another space"),
        # What was drawn from more would be refitted without the rest of it.
        ({"space": {}}, "another space"),
    ],
)
def test_trials_that_could_not_be_compared_are_refused(params, message, tmp_path):
    storage = address("journal", tmp_path)
    search(storage, n_trials=1).fit(*DATA)
    other = search(storage, n_trials=2).set_params(**params)
    with pytest.raises(ValueError, match=message):
        other.fit(*DATA)
    assert len(finished(storage)) == 1


def test_a_space_may_grow(tmp_path):
    storage = address("journal", tmp_path)
    search(storage, n_trials=2).fit(*DATA)
    wider = {"learning_rate_init": Float(1e-5, 1.0, log=True)}
    found = search(storage, n_trials=3).set_params(space=wider).fit(*DATA)
    assert len(found.cv_results_["params"]) == 3


def the_loss(estimator, X, y):
    return -estimator.loss_


def test_functions_that_score_are_known_again_in_other_processes(tmp_path):
    storage = address("journal", tmp_path)
    found = search(storage, n_trials=1, scoring=the_loss).fit(*DATA)
    assert "0x" not in str(found.study_.user_attrs)
    assert "the_loss" in str(found.study_.user_attrs)


def test_half_a_line_that_a_kill_left_costs_nothing(tmp_path):
    log = tmp_path / "log"
    search(log, n_trials=2).fit(*DATA)
    with log.open("ab") as file:
        file.write(b'{"op_code":4,"worker_id":"17')
    for n_trials in (3, 4):
        found = search(log, n_trials=n_trials).fit(*DATA)
        assert len(found.cv_results_["params"]) == n_trials


@pytest.mark.parametrize("content", [b"hello\n", b"hello", b"SQLite format 3\0\xdf\n"])
def test_files_of_other_kinds_are_left_alone(content, tmp_path):
    path = tmp_path / "study.db"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"is not a journal .* 'sqlite:///"):
        search(path).fit(*DATA)
    assert path.read_bytes() == content


def test_a_study_that_minimises_is_refused():
    storage = optuna.storages.InMemoryStorage()
    optuna.create_study(storage=storage, study_name="skbackprop", direction="minimize")
    with pytest.raises(ValueError, match="smallest"):
        search(storage).fit(*DATA)
