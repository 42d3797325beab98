"""Pruning in objectives that users write: a callback of scikit-learn."""

import pickle

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.tuning import PruningCallback, suggest

optuna = pytest.importorskip("optuna")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
QUICK = {"hidden_layer_sizes": 6, "max_iter": 8, "random_state": 0, "tol": 0.0}


def network(**params):
    return BackpropClassifier(**QUICK | {"early_stopping": True} | params)


class Trial:
    """A trial that is to stop once it has heard so many scores."""

    def __init__(self, stop_after=None):
        self.heard, self._stop_after = {}, stop_after

    def report(self, value, step):
        assert step not in self.heard
        self.heard[step] = value

    def should_prune(self):
        return len(self.heard) == self._stop_after


def test_the_validation_scores_are_reported(multiclass):
    trial = Trial()
    model = network().set_callbacks(PruningCallback(trial)).fit(*multiclass)
    assert trial.heard == dict(enumerate(model.validation_scores_, start=1))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_scores_on_rows_of_ones_own(solver, multiclass):
    X, X_val, y, y_val = train_test_split(*multiclass, random_state=0)
    trial = Trial()
    callback = PruningCallback(trial, X=X_val, y=y_val, scoring="neg_log_loss", every=2)
    model = network(early_stopping=False, solver=solver)
    model.set_callbacks(callback).fit(X, y)
    assert list(trial.heard) == [2, 4, 6, 8]
    from sklearn.metrics import get_scorer

    last = get_scorer("neg_log_loss")(model, X_val, y_val)
    assert trial.heard[8] == pytest.approx(last, rel=1e-12)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_fit_is_over_when_the_trial_is_pruned(solver, multiclass):
    """All attributes are those of a fit that ended there, and nothing is left over."""
    callback = PruningCallback(Trial(stop_after=3))
    pruned = network(solver=solver).set_callbacks(callback)
    with pytest.raises(optuna.TrialPruned, match="Stopped at"):
        pruned.fit(*multiclass)
    alone = network(solver=solver, max_iter=3).fit(*multiclass)
    assert callback.stopped_
    assert pruned.n_iter_ == 3
    assert pruned.stopped_by_ == "callback"
    assert pruned.validation_scores_ == alone.validation_scores_
    for ours, expected in zip(pruned.coefs_, alone.coefs_, strict=True):
        np.testing.assert_array_equal(ours, expected)
    of_the_fit = {n for n in vars(pruned) if "callback" in n}
    assert of_the_fit == {"_skl_callbacks"}
    # And a new fit is as if nothing had been.
    again = pruned.set_callbacks().fit(*multiclass)
    whole = network(solver=solver).fit(*multiclass)
    np.testing.assert_array_equal(
        again.predict(multiclass.X), whole.predict(multiclass.X)
    )


def test_other_callbacks_are_torn_down(multiclass):
    other = Torn()
    model = network().set_callbacks(PruningCallback(Trial(stop_after=2)), other)
    with pytest.raises(optuna.TrialPruned):
        model.fit(*multiclass)
    assert other.log == ["setup", "epoch", "epoch", "teardown"]


class Torn:
    """Writes down what it hears."""

    def __init__(self):
        self.log = []

    def setup(self, estimator, context):
        self.log.append("setup")

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.log.append(context.task_name)

    def teardown(self, estimator, context):
        self.log.append("teardown")


def test_in_a_pipeline(multiclass):
    model = make_pipeline(StandardScaler(), network())
    model[-1].set_callbacks(PruningCallback(Trial(stop_after=2)))
    with pytest.raises(optuna.TrialPruned):
        model.fit(*multiclass)
    assert model.predict(multiclass.X).shape == multiclass.y.shape


def test_folds_are_counted_on_and_averaged(multiclass):
    trial = Trial()
    model = network().set_callbacks(PruningCallback(trial))
    cross_val_score(model, *multiclass, cv=3, error_score="raise")
    assert list(trial.heard) == list(range(1, 25))
    first = trial.heard[8]
    assert 2 * trial.heard[9] - first == pytest.approx(
        network(max_iter=1)
        .fit(*(part[fold_train(multiclass)] for part in multiclass))
        .validation_scores_[0]
    )


def fold_train(data):
    """The training rows of the second of three folds."""
    from sklearn.model_selection import StratifiedKFold

    return list(StratifiedKFold(3).split(*data))[1][0]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_study_prunes(n_jobs, regression):
    """Optuna's own jobs are threads: each has its trial and its callback."""
    X, X_val, y, y_val = train_test_split(*regression, random_state=0)

    def objective(trial):
        model = BackpropRegressor(**QUICK)
        model.set_params(**suggest(trial, model, "small"))
        model.set_callbacks(PruningCallback(trial, X=X_val, y=y_val)).fit(X, y)
        return model.score(X_val, y_val)

    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(seed=0),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=2),
    )
    study.optimize(objective, n_trials=10, n_jobs=n_jobs)
    states = [trial.state.name for trial in study.trials]
    assert set(states) == {"COMPLETE", "PRUNED"}
    last = {t.last_step for t in study.trials if t.state.name == "PRUNED"}
    assert last <= {2, 8}


def test_without_scores_it_says_what_to_do(multiclass):
    model = network(early_stopping=False).set_callbacks(PruningCallback(Trial()))
    with pytest.raises(ValueError, match="early_stopping=True, or give"):
        model.fit(*multiclass)
    assert not hasattr(model, "coefs_")


def test_an_epoch_that_was_cut_short_is_not_reported(multiclass):
    """Numbers overflow at once, and L-BFGS gives up within its first iteration."""
    X, y = multiclass
    trial = Trial()
    model = network(early_stopping=False, solver="lbfgs")
    model.set_callbacks(PruningCallback(trial, X=X, y=y))
    with np.errstate(all="ignore"):
        model.fit(X * 1e200, y)
    assert len(trial.heard) < 8


def test_a_study_that_minimises_hears_of_losses(regression):
    study = optuna.create_study(direction="minimize")
    trial = study.ask()
    callback = PruningCallback(
        trial, X=regression.X, y=regression.y, scoring="neg_mean_squared_error"
    )
    BackpropRegressor(**QUICK).set_callbacks(callback).fit(*regression)
    losses = study.trials[0].intermediate_values
    assert len(losses) == QUICK["max_iter"]
    assert min(losses.values()) > 0


def test_it_may_be_used_again_after_it_stopped(multiclass):
    callback = PruningCallback(Trial(stop_after=1))
    model = network().set_callbacks(callback)
    with pytest.raises(optuna.TrialPruned):
        model.fit(*multiclass)
    model.fit(*multiclass)
    assert not callback.stopped_


def test_copies_in_other_processes_refuse_to_fit(multiclass):
    model = network().set_callbacks(PruningCallback(Trial()))
    with pytest.raises(RuntimeError, match="n_jobs=1"):
        cross_val_score(model, *multiclass, cv=2, n_jobs=2, error_score="raise")
    again = pickle.loads(pickle.dumps(model.fit(*multiclass)))
    np.testing.assert_array_equal(
        again.predict(multiclass.X), model.predict(multiclass.X)
    )
    with pytest.raises(RuntimeError, match="without set_callbacks"):
        again.fit(*multiclass)


def test_it_belongs_to_the_network(multiclass):
    model = make_pipeline(StandardScaler(), network())
    model.set_callbacks(PruningCallback(Trial()))
    with pytest.raises(TypeError, match="not Pipeline: set it on the network itself"):
        model.fit(*multiclass)


@pytest.mark.parametrize("every", [0, -1, 1.5])
def test_every_is_a_number_of_epochs(every):
    with pytest.raises((TypeError, ValueError), match="every"):
        PruningCallback(Trial(), every=every)


def test_arguments_that_say_half():
    with pytest.raises(ValueError, match="both or neither"):
        PruningCallback(Trial(), X=[[0.0]])
    with pytest.raises(ValueError, match="scoring is for"):
        PruningCallback(Trial(), scoring="accuracy")
    with pytest.raises(ValueError, match="one metric"):
        PruningCallback(Trial(), X=[[0.0]], y=[0], scoring=["accuracy"])
