"""The callback: when it writes, what it recognises, and what it refuses."""

import os
import pickle
import warnings

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skbackprop
from skbackprop.checkpoint import Checkpoint
from skbackprop.checkpoint.storage import read, write
from skbackprop.solvers import FullBatch, Moves, Solution, Solver, Status

from ._fits import (
    CLASSES,
    FITS,
    NUMBERS,
    Cut,
    CutOff,
    X,
    assert_the_same,
    classifier,
    regressor,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda number: None)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fit.ckpt"


def epochs_kept(path):
    return read(path)["monitor"]["n_iter"]


def cut_off(fit, *callbacks, **changes):
    with pytest.raises((CutOff, KeyboardInterrupt)):
        fit.run(*callbacks, **changes)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is a folder: give the path of a file"):
        FITS["adam"].run(Checkpoint(tmp_path))


# ----------------------------------------------------------------------- when it writes


@pytest.mark.parametrize(
    ("rhythm", "kept"),
    [
        ({"every": 1}, 6),
        ({"every": 3}, 6),
        ({"every": 4}, 4),
        ({"every": 5, "seconds": 0.0}, 6),
        ({"seconds": 0.0}, 6),
        ({"every": 6, "seconds": None}, 6),
    ],
)
def test_it_writes_every_so_often(path, rhythm, kept):
    cut_off(classifier(), Checkpoint(path, **rhythm), Cut(7))
    assert epochs_kept(path) == kept


def test_by_default_a_short_fit_is_not_slowed_down(path):
    cut_off(classifier(), Checkpoint(path), Cut(10))
    assert not path.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"every": 0},
        {"every": 1.5},
        {"every": "epoch"},
        {"seconds": -1},
        {"seconds": "a minute"},
        {"seconds": None},
    ],
)
def test_a_rhythm_that_is_none_is_refused(path, wrong):
    with pytest.raises(ValueError, match="None"):
        Checkpoint(path, **wrong)


@pytest.mark.parametrize(
    ("name", "wrong"), [("path", None), ("path", 5), ("resume", "no")]
)
def test_what_is_no_path_and_no_yes_or_no_is_refused(path, name, wrong):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of Checkpoint"):
        Checkpoint(**({"path": path} | {name: wrong}))


@pytest.mark.parametrize("error", [CutOff, KeyboardInterrupt])
def test_after_an_error_or_an_interruption_it_is_gone_on_with(path, error):
    fit, checkpoint = FITS["early"], Checkpoint(path, every=2)
    cut_off(fit, checkpoint, Cut(7, error))
    assert epochs_kept(path) == 6
    assert_the_same(fit.run(checkpoint), fit.run())


def test_an_interrupted_model_still_predicts(path):
    fit = classifier()
    model = fit.estimator()
    with pytest.raises(KeyboardInterrupt):
        fit.fit(model, Checkpoint(path, every=2), Cut(7, KeyboardInterrupt))
    assert model.stopped_by_ == "interrupted"
    assert model.predict(X).shape == CLASSES.shape


# ------------------------------------------------------------------- what it recognises


@pytest.mark.parametrize("name", ["adam", "lbfgs", "early", "health", "embedder"])
def test_a_fit_that_has_ended_is_not_done_again(path, name):
    fit, checkpoint, none = FITS[name], Checkpoint(path), Cut()
    whole = fit.run(checkpoint)
    assert_the_same(fit.run(checkpoint, none), whole)
    assert none.epochs == []


def test_its_warnings_are_given_again(path):
    fit = regressor(solver="sgd", learning_rate_init=1e3, hidden_layer_sizes=(4,))
    messages = []
    for _ in range(2):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = fit.estimator().set_callbacks(Checkpoint(path))
            model.fit(X, NUMBERS)
        messages.append([str(each.message) for each in caught])
        assert caught[0].category is ConvergenceWarning
    assert model.stopped_by_ == "diverged"
    assert messages[0] == messages[1]


def test_without_a_seed_the_next_fit_is_another_one(path):
    fit, checkpoint = classifier(random_state=None), Checkpoint(path)
    one, other = fit.run(checkpoint), fit.run(checkpoint)
    assert not np.array_equal(one.coefs_[0], other.coefs_[0])


def test_it_may_be_told_to_begin_anew(path):
    fit, again = classifier(), Cut()
    cut_off(fit, Checkpoint(path, every=1), Cut(5))
    model = fit.run(Checkpoint(path, resume=False), again)
    assert len(again.epochs) == model.n_iter_


def test_other_callbacks_see_the_epochs_that_are_left(path):
    fit, checkpoint = classifier(), Checkpoint(path, every=1)
    cut_off(fit, checkpoint, Cut(6))
    monitor = ScoringMonitor(scoring="accuracy")
    model = fit.run(checkpoint, monitor)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert [row["task_id_path"][-1] for row in rows] == [*range(5, model.n_iter_)]


# ---------------------------------------------------------------------- what it refuses


def test_the_checkpoint_of_another_fit_is_refused_with_what_differs(path):
    cut_off(classifier(), Checkpoint(path, every=1), Cut(5))
    other = classifier(alpha=0.1)
    other.X = X + 1
    with pytest.raises(ValueError, match=r"alpha was 0\.0001 and is 0\.1; X was"):
        other.run(Checkpoint(path))
    assert epochs_kept(path) == 4


def test_another_release_is_refused(path, monkeypatch):
    cut_off(classifier(), Checkpoint(path, every=1), Cut(5))
    monkeypatch.setattr(skbackprop, "__version__", "99.0")
    with pytest.raises(ValueError, match=r"version of skbackprop was .* and is 99\.0"):
        classifier().run(Checkpoint(path))


def test_a_refused_fit_leaves_no_half_of_a_model(path):
    path.write_text("no checkpoint")
    fit = classifier()
    model = fit.estimator()
    with pytest.raises(ValueError, match="damaged"):
        fit.fit(model, Checkpoint(path))
    assert not hasattr(model, "coefs_")


def test_two_are_one_too_many(path):
    with pytest.raises(ValueError, match="One checkpoint is enough"):
        classifier().run(Checkpoint(path), Checkpoint(path))


class Silent(Solver):
    """A solver that does not say what it remembers."""

    stepwise = True

    def minimise(self, problem):
        """Do nothing, for an epoch."""
        problem.monitor.begin_epoch()
        return Solution(Status.CONVERGED)


class Forgetful(FullBatch):
    """A solver whose steps do not, either."""

    def bind(self, function):
        """Return steps that lead nowhere."""
        return Moves(lambda point: None)


@pytest.mark.parametrize("solver", [Silent(), Forgetful()])
def test_a_solver_that_does_not_tell_is_refused(path, solver):
    with pytest.raises(ValueError, match="does not tell what it remembers"):
        regressor(solver=solver).run(Checkpoint(path))


def in_search(model):
    return GridSearchCV(model, {"alpha": [1.0]})


@pytest.mark.parametrize("wrapped", [make_pipeline, in_search])
def test_around_the_estimator_it_is_refused(path, wrapped):
    whole = wrapped(classifier().estimator()).set_callbacks(Checkpoint(path))
    with pytest.raises(TypeError, match="set it on the Backprop estimator inside"):
        whole.fit(X, CLASSES)


# ----------------------------------------------------------- inside of other estimators


def test_inside_of_a_pipeline(path):
    def pipeline(*callbacks):
        model = classifier().estimator().set_callbacks(*callbacks)
        return make_pipeline(StandardScaler(), model)

    checkpoint = Checkpoint(path, every=1)
    with pytest.raises(CutOff):
        pipeline(checkpoint, Cut(5)).fit(X, CLASSES)
    rest = pipeline(checkpoint).fit(X, CLASSES)
    assert_the_same(rest[-1], pipeline().fit(X, CLASSES)[-1])


class CutFit(Cut):
    """Ends the so-manieth fit, and counts fits and epochs of all of them."""

    def __init__(self, at_fit):
        super().__init__(after=6)
        self.at_fit, self.n_fits, self.n_epochs = at_fit, 0, 0

    def setup(self, estimator, context):
        """Begin a fit."""
        self.n_fits += 1
        self.epochs = []
        self.after = 6 if self.n_fits == self.at_fit else None

    def on_fit_task_end(self, estimator, context):
        """Count."""
        self.n_epochs += context.task_name == "epoch"
        super().on_fit_task_end(estimator, context)


def search(*callbacks):
    model = classifier().estimator().set_callbacks(*callbacks)
    grid = {"alpha": [1e-4, 0.1]}
    return GridSearchCV(model, grid, cv=2, error_score="raise")


def test_a_search_goes_on_where_it_was(tmp_path):
    checkpoint = Checkpoint(tmp_path / "{fit}.ckpt", every=1)
    cut, rest = CutFit(3), CutFit(None)
    with pytest.raises(CutOff):
        search(checkpoint, cut).fit(X, CLASSES)
    assert len([*tmp_path.iterdir()]) == 3
    again = search(checkpoint, rest).fit(X, CLASSES)
    whole = search().fit(X, CLASSES)
    assert_the_same(again.best_estimator_, whole.best_estimator_)
    scores = [each.cv_results_["mean_test_score"] for each in (again, whole)]
    np.testing.assert_array_equal(*scores)
    # Four fits and the last one on all rows, of 14 epochs each, of which two were done,
    # and five epochs of the third.
    assert rest.n_epochs == 5 * 14 - 2 * 14 - 5
    assert len([*tmp_path.iterdir()]) == 5


def test_fits_at_the_same_time_share_a_callback(tmp_path):
    checkpoint = Checkpoint(tmp_path / "{fit}.ckpt", every=1)
    with parallel_config("threading", n_jobs=2):
        together = search(checkpoint).fit(X, CLASSES)
    assert_the_same(together.best_estimator_, search().fit(X, CLASSES).best_estimator_)
    assert len([*tmp_path.iterdir()]) == 5


def test_fits_that_share_a_file_are_refused(path):
    with pytest.raises(ValueError, match=r"put '\{fit\}' into the path"):
        search(Checkpoint(path)).fit(X, CLASSES)


def test_inside_of_an_ensemble(tmp_path):
    checkpoint = Checkpoint(tmp_path / "{fit}.ckpt")
    model = classifier(hidden_layer_sizes=(3,)).estimator().set_callbacks(checkpoint)
    BaggingClassifier(model, 3, random_state=0).fit(X, CLASSES)
    assert len([*tmp_path.iterdir()]) == 3


# ----------------------------------------------------------------------------- and else


def test_it_is_copied_and_pickled_with_its_estimator(path):
    model = classifier().run(Checkpoint(path))
    for copied in (clone(model), pickle.loads(pickle.dumps(model))):
        assert repr(copied._skl_callbacks[0]) == repr(Checkpoint(path))


def test_partial_fit_is_not_followed(path):
    model = classifier().estimator().set_callbacks(Checkpoint(path, every=1))
    model.partial_fit(X, CLASSES, classes=[0, 1, 2])
    assert not path.exists()


def test_the_time_that_was_spent_counts_for_a_budget(path):
    fit, checkpoint = regressor(stopping="time"), Checkpoint(path, every=1)
    cut_off(fit, checkpoint, Cut(3))
    earlier = read(path)
    assert 0.0 < earlier["seconds"] < 60.0
    write(path, earlier | {"seconds": 61.0})
    model = fit.run(checkpoint)
    assert model.stopped_by_ == "TimeBudget()"
    assert model.n_iter_ == 3
