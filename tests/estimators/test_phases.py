"""Fits in phases: pruning while training, with every solver and every other slot."""

import copy
import pickle
import subprocess
import sys
from typing import ClassVar

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from skbackprop import BackpropClassifier, BackpropEmbedder, BackpropRegressor
from skbackprop.checkpoint import Checkpoint
from skbackprop.estimators._objective import bound_objective
from skbackprop.losses import RegressionLoss
from skbackprop.masking.criteria import Magnitude
from skbackprop.masking.schedules import Phase, PruningSchedule
from skbackprop.pruning import Gradual, OneShot, Rewinding, prune
from skbackprop.solvers import Solver
from skbackprop.training import TimeBudget

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
SCHEDULES = [OneShot(amount=0.6), Gradual(amount=0.6), Rewinding(amount=0.6)]


def classifier(pruning, **settings):
    defaults = {"max_iter": 20, "learning_rate_init": 0.01, "random_state": 0}
    return BackpropClassifier((8, 6), pruning=pruning, **(defaults | settings))


def arrays(model):
    return [*model.coefs_, *model.intercepts_]


def share_gone(model):
    zeros = [coef.size - np.count_nonzero(coef) for coef in model.coefs_]
    return sum(zeros) / sum(coef.size for coef in model.coefs_)


def is_held(model):
    masks = [*model.masks_, *model.intercept_masks_]
    pairs = zip(arrays(model), masks, strict=True)
    return all((array[~mask] == 0).all() for array, mask in pairs)


@pytest.mark.parametrize("name", sorted(PruningSchedule.members()))
def test_the_import_of_an_estimator_is_enough_to_name_a_schedule(name):
    code = (
        "from skbackprop import BackpropRegressor\n"
        f"model = BackpropRegressor(max_iter=20, pruning={name!r})\n"
        "model.fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.filterwarnings("default::sklearn.exceptions.ConvergenceWarning")
def test_the_warning_names_the_epochs_of_the_whole_fit(solver):
    model = classifier("gradual", solver=solver, alpha=0.0, tol=0.0, max_iter=13)
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(13\)"):
        model.fit(X, Y)


class Watching(Magnitude):
    """Magnitudes, and a record of where they were asked for."""

    seen: ClassVar[list] = []

    def saliency(self, point):
        self.seen.append(point.theta.copy())
        return super().saliency(point)


@pytest.fixture
def watching():
    Watching.seen.clear()
    return Watching()


class Plain(PruningSchedule):
    """Some epochs, pruning, and the rest."""

    first: int = 3

    def phases(self, n_epochs, gone):
        return [Phase(gone, self.first), Phase(self.amount, None)]


# ------------------------------------------------------------------------ it is pruned


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
@pytest.mark.parametrize(
    "solver", sorted(set(Solver.members()) - {"levenberg-marquardt"})
)
def test_every_solver_ends_at_the_amount(schedule, solver):
    model = classifier(schedule, solver=solver).fit(X, Y)
    assert share_gone(model) == pytest.approx(0.6, abs=0.01)
    assert is_held(model)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
@pytest.mark.parametrize(
    "settings",
    [
        {"averaging": "ema"},
        {"dropout": 0.2, "normalization": "batch"},
        {"early_stopping": True},
        {"scaling": "standard"},
        {"penalty": "l1", "alpha": 0.1},
        {"max_norm": 2.0},
        {"learning_rate": "cosine"},
        {"solver": "sgd", "learning_rate": "adaptive"},
        {"augmentation": "mixup"},
        {"gradient_health": True},
        {"class_weight": "balanced"},
    ],
    ids=repr,
)
def test_every_other_slot_goes_along(schedule, settings):
    settings = {"max_iter": 100, "learning_rate_init": 0.03} | settings
    model = classifier(schedule, **settings).fit(X, Y)
    assert share_gone(model) == pytest.approx(0.6, abs=0.01)
    assert is_held(model)
    assert model.score(X, Y) > 0.6


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
@pytest.mark.parametrize("unit", ["neurons", "inputs"])
def test_units(schedule, unit):
    schedule = clone(schedule).set_params(unit=unit, amount=0.5)
    model = classifier(schedule).fit(X, Y)
    fed = model.masks_[1:] if unit == "neurons" else model.masks_[:1]
    gone = sum(int((~mask.any(axis=1)).sum()) for mask in fed)
    assert gone == sum(len(mask) for mask in fed) // 2


@pytest.mark.parametrize("kind", [BackpropRegressor, BackpropEmbedder])
@pytest.mark.parametrize("schedule", ["gradual", "rewinding"])
def test_every_estimator(kind, schedule):
    model = kind(hidden_layer_sizes=(8,), pruning=schedule, max_iter=20).fit(X, Y)
    assert share_gone(model) == pytest.approx(0.8, abs=0.02)


def test_types_stay_and_sparse_rows_will_do():
    model = classifier("gradual").fit(csr_matrix(X.astype(np.float32)), Y)
    assert {array.dtype for array in arrays(model)} == {np.dtype(np.float32)}
    assert share_gone(model) == pytest.approx(0.8, abs=0.01)


def test_weights_of_rows_count_in_what_goes():
    weight = np.where(Y == 0, 0.0, 1.0)
    one, other = (
        classifier(Gradual(criterion="taylor")).fit(X, Y, sample_weight=w)
        for w in (None, weight)
    )
    assert not all(map(np.array_equal, one.masks_, other.masks_))


def test_an_amount_of_nothing_is_no_pruning():
    with_it = classifier(Gradual(amount=0.0)).fit(X, Y)
    without = classifier(None).fit(X, Y)
    assert with_it.masks_ is None
    for one, other in zip(arrays(with_it), arrays(without), strict=True):
        np.testing.assert_array_equal(one, other)


# --------------------------------------------------------------------------- the phases


def test_before_it_prunes_a_fit_is_as_it_is_without(watching):
    classifier(Plain(criterion=watching, first=7)).fit(X, Y)
    dense = classifier(None, max_iter=7).fit(X, Y)
    (theta,) = Watching.seen
    expected = np.concatenate([array.ravel() for array in arrays(dense)])
    np.testing.assert_array_equal(theta, expected)


def test_one_shot_without_tuning_is_pruning_afterwards():
    schedule = OneShot(amount=0.7, criterion="magnitude", fine_tuning=0.0)
    during = classifier(schedule).fit(X, Y)
    after = prune(classifier(None).fit(X, Y), amount=0.7)
    for one, other in zip(arrays(during), arrays(after), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_max_iter_counts_all_phases(schedule, solver):
    model = classifier(schedule, solver=solver, tol=0.0, max_iter=23).fit(X, Y)
    assert model.n_iter_ == len(model.loss_curve_) == 23
    assert model.stopped_by_ == "max_iter"


def test_the_learning_rate_goes_through_its_schedule_once():
    curves = [
        classifier(pruning, learning_rate="cosine").fit(X, Y).learning_rate_curve_
        for pruning in (None, Gradual())
    ]
    np.testing.assert_allclose(*curves)


def test_an_average_starts_anew_with_what_is_left():
    # Of a single step before and a single one after, both averages are the last step.
    schedule = Plain(amount=0.5, criterion="magnitude", first=1)
    averaged, last = (
        classifier(schedule, max_iter=2, averaging=averaging).fit(X, Y)
        for averaging in ("mean", None)
    )
    np.testing.assert_allclose(averaged.coefs_[0], last.coefs_[0])


def test_rewinding_takes_the_learning_rate_back():
    model = classifier(Rewinding(n_rounds=1, rewind_to=0.2), learning_rate="cosine")
    curve = model.fit(X, Y).learning_rate_curve_
    assert curve[2:11] == curve[11:]


def test_what_is_left_starts_again_where_it_was():
    schedule = Rewinding(amount=0.5, n_rounds=1, rewind_to=0.75)
    model = classifier(schedule, max_iter=8).fit(X, Y)
    # All rows are one batch: an epoch's loss is that of where it starts.
    early = classifier(None, max_iter=3).fit(X, Y)
    assert early.loss_curve_ == model.loss_curve_[:3]
    for coef, mask in zip(early.coefs_, model.masks_, strict=True):
        coef *= mask
    expected = bound_objective(early, X, Y).value()
    assert model.loss_curve_[5] == pytest.approx(expected, rel=1e-12)


def test_training_that_ends_by_itself_is_followed_by_pruning():
    model = classifier(OneShot(amount=0.5), tol=10.0, n_iter_no_change=2, max_iter=100)
    model.fit(X, Y)
    assert model.n_iter_ < 20
    assert model.stopped_by_ == "tol"
    assert share_gone(model) == pytest.approx(0.5, abs=0.01)


def test_patience_does_not_end_the_ramp():
    model = classifier(
        Gradual(amount=0.5), tol=10.0, n_iter_no_change=1, max_iter=100
    ).fit(X, Y)
    assert model.n_iter_ > 50
    assert share_gone(model) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_best_weights_are_sparse_ones(solver):
    schedule = OneShot(amount=0.9, criterion="random")
    model = classifier(schedule, early_stopping=True, solver=solver, max_iter=30)
    model.fit(X, Y)
    assert share_gone(model) == pytest.approx(0.9, abs=0.01)
    assert model.best_validation_score_ < max(model.validation_scores_)


def test_a_lowered_learning_rate_starts_anew():
    model = classifier(
        OneShot(amount=0.5, criterion="magnitude"),
        solver="sgd",
        learning_rate="adaptive",
        tol=10.0,
        n_iter_no_change=1,
        max_iter=200,
    ).fit(X, Y)
    curve = model.learning_rate_curve_
    assert curve.count(0.01) > 2
    assert curve[0] == 0.01
    assert min(curve) < 1e-5


# ---------------------------------------------------------------------- ends and starts


class Ends:
    """A callback that asks to stop, or interrupts, after some epochs."""

    def __init__(self, after, error=None):
        self.after, self.error, self.seen = after, error, []

    def setup(self, estimator, context):
        self.left = self.after

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name != "epoch":
            return False
        self.left -= 1
        self.seen.append(fitted_estimator.masks_ is not None)
        if self.left == 0 and self.error is not None:
            raise self.error
        return self.left == 0

    def teardown(self, estimator, context): ...


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_callbacks_see_each_epoch_of_all_phases(solver):
    callback = Ends(after=-1)
    model = classifier(Plain(first=4), solver=solver, tol=0.0).set_callbacks(callback)
    model.fit(X, Y)
    assert callback.seen == [False] * 4 + [True] * 16


def test_a_callback_ends_the_fit_where_it_is():
    model = classifier(Gradual(amount=0.8)).set_callbacks(Ends(after=5)).fit(X, Y)
    assert (model.n_iter_, model.stopped_by_) == (5, "callback")
    assert 0.1 < share_gone(model) < 0.75
    assert is_held(model)


def test_what_is_interrupted_is_sparse_so_far():
    model = classifier(Gradual(amount=0.8))
    model.set_callbacks(Ends(5, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert model.stopped_by_ == "interrupted"
    assert 0.1 < share_gone(model) < 0.75
    assert is_held(model)


def test_a_stopping_rule_ends_the_fit_before_it_prunes():
    model = classifier(Gradual(), stopping=TimeBudget(1e-9)).fit(X, Y)
    assert model.n_iter_ == 1
    assert model.masks_ is None


def test_divergence_ends_the_fit():
    with pytest.warns(UserWarning, match="diverged"):
        model = classifier(Gradual(), solver="sgd", learning_rate_init=1e200).fit(X, Y)
    assert model.stopped_by_ == "diverged"
    assert all(np.isfinite(array).all() for array in arrays(model))


def test_a_further_fit_holds_what_is_pruned(watching):
    model = classifier(Gradual(amount=0.6, criterion=watching), warm_start=True)
    model.fit(X, Y)
    masks, n_asked = model.masks_, len(Watching.seen)
    model.fit(X, Y)
    assert len(Watching.seen) == n_asked
    assert all(map(np.array_equal, masks, model.masks_))
    assert is_held(model)


def test_a_further_fit_goes_on_to_a_greater_amount():
    model = classifier(Gradual(amount=0.4), warm_start=True).fit(X, Y)
    masks = model.masks_
    model.set_params(pruning__amount=0.8).fit(X, Y)
    assert share_gone(model) == pytest.approx(0.8, abs=0.01)
    for before, after in zip(masks, model.masks_, strict=True):
        assert not (after & ~before).any()
    less = model.set_params(pruning__amount=0.2).fit(X, Y)
    assert share_gone(less) == pytest.approx(0.8, abs=0.01)


def test_a_stream_holds_what_is_pruned_and_prunes_no_more():
    model = classifier("gradual").partial_fit(X, Y, classes=np.unique(Y))
    assert model.masks_ is None
    model = classifier("gradual").fit(X, Y)
    masks = model.masks_
    for _ in range(3):
        model.partial_fit(X, Y)
    assert is_held(model)
    assert all(map(np.array_equal, masks, model.masks_))


def test_copies_keep_masks_and_a_new_fit_starts_dense():
    model = classifier("gradual").fit(X, Y)
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert is_held(copied.partial_fit(X, Y))
    assert model.set_params(pruning=None).fit(X, Y).masks_ is None


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"solver": "lbfgs"},
        {"early_stopping": True},
        {"averaging": "ema", "learning_rate": "cosine"},
        {"dropout": 0.2},
        {"warm_start": True},
    ],
    ids=repr,
)
@pytest.mark.parametrize("after", [2, 11])
def test_what_is_killed_goes_on_to_the_bit(schedule, settings, after, tmp_path):
    def begun():
        model = classifier(schedule, tol=0.0, max_iter=13, **settings)
        if model.warm_start:
            model.set_params(pruning__amount=0.3).fit(X, Y)
            model.set_params(pruning__amount=0.6)
        return model

    whole = begun().fit(X, Y)
    keeps = Checkpoint(tmp_path / "fit.ckpt", every=after - 1)
    killed = begun().set_callbacks(keeps, Ends(after, RuntimeError("killed")))
    with pytest.raises(RuntimeError, match="killed"):
        killed.fit(X, Y)
    again = begun().set_callbacks(Checkpoint(tmp_path / "fit.ckpt"))
    again.fit(X, Y)
    for array, other in zip(arrays(again), arrays(whole), strict=True):
        np.testing.assert_array_equal(array, other)
    assert all(map(np.array_equal, again.masks_, whole.masks_))
    assert again.loss_curve_ == whole.loss_curve_


def test_fits_repeat():
    one, same = (classifier(Gradual(criterion="random")).fit(X, Y) for _ in range(2))
    for array, other in zip(arrays(one), arrays(same), strict=True):
        np.testing.assert_array_equal(array, other)


# ----------------------------------------------------------------- searches and errors


def test_amount_and_criterion_can_be_searched():
    grid = {"pruning__amount": [0.2, 0.6], "pruning__criterion": ["lamp", "obd"]}
    search = GridSearchCV(classifier(Gradual()), grid, cv=2).fit(X, Y)
    amount = search.best_params_["pruning__amount"]
    assert share_gone(search.best_estimator_) == pytest.approx(amount, abs=0.01)


def test_verbose_tells_how_much_is_gone(capsys):
    classifier(Plain(amount=0.5), verbose=True).fit(X, Y)
    assert "Pruned Weights(): 49 of 98 are gone." in capsys.readouterr().out


def test_a_schedule_has_to_plan_something():
    class Idle(PruningSchedule):
        def phases(self, n_epochs, gone):
            return []

    with pytest.raises(ValueError, match="no phases"):
        classifier(Idle()).fit(X, Y)


def test_layers_cannot_go_during_a_fit():
    with pytest.raises(ValueError, match="shape of the network"):
        classifier(Gradual(unit="layers")).fit(X, Y)


class Flat(RegressionLoss):
    """Half the squared error, but without its curvature."""

    link = "identity"

    def inverse_link(self, raw):
        return raw

    def value(self, prediction, target):
        return 0.5 * ((prediction - target) ** 2).sum(axis=1)

    def gradient(self, prediction, target, out):
        return np.subtract(prediction, target, out)


@pytest.mark.parametrize("criterion", ["obd", "obs"])
def test_a_criterion_refuses_a_loss_before_training(criterion):
    model = BackpropRegressor(Flat(), pruning=Gradual(criterion=criterion), max_iter=20)
    with pytest.raises(NotImplementedError, match="Flat"):
        model.fit(X, Y)
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("criterion", ["obd", "obs"])
def test_losses_that_compare_rows_are_pruned_by_their_curvature(criterion):
    schedule = Gradual(amount=0.5, criterion=criterion)
    model = BackpropEmbedder(
        2, (8,), pruning=schedule, max_iter=12, tol=0, random_state=0
    )
    model.fit(X, Y)
    assert share_gone(model) == pytest.approx(0.5, abs=0.02)
    assert is_held(model)
