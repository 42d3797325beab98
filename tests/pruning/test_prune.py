"""Pruning: how much goes, what stays, and what an estimator remembers of it."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropEmbedder, BackpropRegressor
from skbackprop.checkpoint import Checkpoint
from skbackprop.pruning import OBS, Criterion, Gradual, prune

from ._fitted import X, Y, all_arrays, classifier, fitted, is_held


@pytest.fixture(scope="module")
def model():
    return classifier(max_iter=100)


def share_gone(model):
    masks = model.masks_
    return 1 - sum(mask.sum() for mask in masks) / sum(mask.size for mask in masks)


# ----------------------------------------------------------------------- how much goes


@pytest.mark.parametrize("criterion", sorted(Criterion.members()))
@pytest.mark.parametrize("amount", [0.0, 0.3, 0.9])
def test_the_share_of_weights(model, criterion, amount):
    pruned = prune(model, X, Y, criterion=criterion, amount=amount)
    if amount:
        assert share_gone(pruned) == pytest.approx(amount, abs=0.01)
        assert is_held(pruned)
    else:
        assert pruned.masks_ is None


@pytest.mark.parametrize("criterion", sorted(Criterion.members()))
def test_units_go_with_all_their_weights(model, criterion):
    pruned = prune(model, X, Y, criterion=criterion, amount=0.5, unit="neurons")
    gone = 0
    for layer in (0, 1):
        incoming = pruned.masks_[layer].any(axis=0)
        outgoing = pruned.masks_[layer + 1].any(axis=1)
        np.testing.assert_array_equal(incoming, outgoing)
        np.testing.assert_array_equal(incoming, pruned.intercept_masks_[layer])
        gone += (~incoming).sum()
    assert gone == 7
    assert is_held(pruned)


def test_every_layer_keeps_a_unit(model):
    pruned = prune(model, amount=0.999, unit="neurons")
    assert [mask.any(axis=1).sum() for mask in pruned.masks_[1:]] == [1, 1]


def test_inputs(model):
    pruned = prune(model, amount=0.5, unit="inputs")
    assert sorted(pruned.masks_[0].all(axis=1)) == [False, False, True, True]
    assert all(mask.all() for mask in pruned.masks_[1:] + pruned.intercept_masks_)


def test_units_that_are_normalised_together_go_on_doing_so():
    model = classifier(normalization="layer")
    pruned = prune(model, amount=0.5, unit="neurons")
    assert pruned.masks_[0].all()
    assert pruned.intercept_masks_[0].all()
    assert not pruned.masks_[1].any(axis=1).all()


def test_the_smallest_weights_go(model):
    pruned = prune(model, amount=0.4)
    flat = np.concatenate([np.abs(coef).ravel() for coef in model.coefs_])
    kept = np.concatenate([mask.ravel() for mask in pruned.masks_])
    assert flat[~kept].max() < flat[kept].min()


def test_the_same_share_of_each_layer(model):
    pruned = prune(model, criterion="magnitude_per_layer", amount=0.5)
    assert [mask.mean() for mask in pruned.masks_] == [0.5, 0.5, 0.5]


def test_what_is_gone_counts_and_stays_gone(model):
    once = prune(model, amount=0.5)
    again = prune(once, amount=0.7)
    assert share_gone(again) == pytest.approx(0.7, abs=0.01)
    for before, after in zip(once.masks_, again.masks_, strict=True):
        assert not (after & ~before).any()
    less = prune(again, amount=0.2)
    assert share_gone(less) == share_gone(again)


def test_rounds_end_at_the_amount(model):
    pruned = prune(model, X, Y, criterion="obd", amount=0.8, n_rounds=3)
    assert share_gone(pruned) == pytest.approx(0.8, abs=0.01)


# ------------------------------------------------------------------------- what is left


def test_the_original_stays_as_it_was(model):
    before = [array.copy() for array in all_arrays(model)]
    prune(model, X, Y, criterion="obs", fine_tune_epochs=1)
    assert model.masks_ is None
    for array, earlier in zip(all_arrays(model), before, strict=True):
        np.testing.assert_array_equal(array, earlier)


def test_others_stay_as_they_are_without_compensation(model):
    pruned = prune(model, amount=0.5)
    for coef, mask, new in zip(model.coefs_, pruned.masks_, pruned.coefs_, strict=True):
        np.testing.assert_array_equal(new, coef * mask)
    for intercept, new in zip(model.intercepts_, pruned.intercepts_, strict=True):
        np.testing.assert_array_equal(new, intercept)


def test_compensation_keeps_the_score_where_cutting_does_not(model):
    cut = prune(model, X, Y, criterion="obd", amount=0.7)
    mended = prune(model, X, Y, criterion="obs", amount=0.7)
    assert mended.score(X, Y) > 0.9 > cut.score(X, Y)


def test_one_knows_what_the_others_have_learned(model):
    tuned = prune(model, X, Y, amount=0.8, fine_tune_epochs=20, n_rounds=4)
    assert is_held(tuned)
    assert tuned.score(X, Y) > prune(model, amount=0.8).score(X, Y)


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg", "sgd"])
def test_any_solver_can_tune(solver):
    tuned = prune(classifier(solver=solver), X, Y, amount=0.7, fine_tune_epochs=5)
    assert is_held(tuned)
    assert share_gone(tuned) == pytest.approx(0.7, abs=0.01)


def test_hyper_parameters_stay(model):
    tuned = prune(model, X, Y, fine_tune_epochs=2)
    assert tuned.get_params() == model.get_params()


def test_random_states_repeat(model):
    one, same, other = (
        prune(model, X, Y, criterion="random", random_state=seed, fine_tune_epochs=1)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.coefs_[0], same.coefs_[0])
    assert not np.array_equal(one.coefs_[0], other.coefs_[0])


# --------------------------------------------------------------------- zeros stay zeros


@pytest.mark.parametrize("settings", [{}, {"averaging": "ema"}, {"solver": "sgd"}])
def test_streams_and_warm_starts_hold_zeros(settings):
    model = classifier(warm_start=True, **settings)
    model.partial_fit(X, Y)
    pruned = prune(model, amount=0.6)
    pruned.partial_fit(X, Y).partial_fit(X, Y)
    assert is_held(pruned)
    assert is_held(fitted(pruned))


def test_copies_keep_masks_and_clones_forget(model):
    pruned = prune(model, amount=0.6)
    for copied in (copy.deepcopy(pruned), pickle.loads(pickle.dumps(pruned))):
        assert is_held(copied.partial_fit(X, Y))
    assert fitted(clone(pruned)).masks_ is None


@pytest.mark.parametrize("criterion", sorted(Criterion.members()))
def test_types_stay(criterion):
    model = fitted(BackpropClassifier((6,), max_iter=3), X.astype(np.float32))
    pruned = prune(model, X.astype(np.float32), Y, criterion=criterion)
    assert {array.dtype for array in all_arrays(pruned)} == {np.dtype(np.float32)}


ESTIMATORS = [
    BackpropRegressor(hidden_layer_sizes=(6,), scaling="standard", max_iter=5),
    BackpropClassifier((6,), normalization="batch", activation="prelu", max_iter=5),
    BackpropClassifier((), max_iter=5),
    BackpropClassifier((6,), early_stopping=True, max_iter=5),
    BackpropEmbedder(hidden_layer_sizes=(6,), max_iter=2),
]


@pytest.mark.parametrize("model", ESTIMATORS, ids=repr)
@pytest.mark.parametrize("criterion", sorted(Criterion.members()))
def test_every_estimator_can_be_pruned(model, criterion):
    model = fitted(clone(model))
    assert is_held(prune(model, X, Y, criterion=criterion, fine_tune_epochs=1))


def test_further_training_is_not_the_fit_that_callbacks_follow(model, tmp_path):
    keeps = Checkpoint(tmp_path / "fit.ckpt")
    watched = fitted(clone(model).set_callbacks(keeps))
    written = keeps.path.read_bytes()
    tuned = prune(watched, X, Y, amount=0.5, fine_tune_epochs=2)
    assert tuned.n_iter_ == 2
    assert keeps.path.read_bytes() == written


def test_further_training_prunes_no_more_than_is_asked_for():
    slotted = classifier(pruning=Gradual(0.2)).set_params(pruning__amount=0.9)
    tuned = prune(slotted, X, Y, amount=0.5, fine_tune_epochs=5)
    assert share_gone(tuned) == pytest.approx(0.5, abs=0.01)
    assert tuned.pruning.amount == 0.9


def test_further_training_that_diverges_is_told_of(model):
    wild = copy.deepcopy(model).set_params(solver="sgd", learning_rate_init=1e200)
    with pytest.warns(ConvergenceWarning, match="diverged"):
        prune(wild, X, Y, fine_tune_epochs=5)


# ------------------------------------------------------------------------- by the score


def test_pruning_goes_as_far_as_the_score_allows(model):
    far, near = (
        prune(
            model,
            X,
            Y,
            criterion="obs",
            amount=0.95,
            max_score_drop=drop,
            X_val=X,
            y_val=Y,
        )
        for drop in (0.9, 0.02)
    )
    assert model.score(X, Y) - near.score(X, Y) <= 0.02 + 1e-12
    assert share_gone(far) == pytest.approx(0.95, abs=0.01)
    assert 0.3 < share_gone(near) < share_gone(far)


def test_nothing_goes_if_nothing_may(model):
    pruned = prune(
        model,
        amount=0.9,
        n_rounds=1,
        max_score_drop=0.0,
        X_val=X,
        y_val=Y,
        scoring=lambda model, X, y: float(model.masks_ is None),
    )
    assert pruned.masks_ is None


@pytest.mark.parametrize("limit", [0.05, 0.33, 0.62])
def test_the_last_round_is_halved_to_where_the_score_allows(model, limit):
    pruned = prune(
        model,
        amount=0.9,
        n_rounds=3,
        max_score_drop=0.0,
        X_val=X,
        y_val=Y,
        scoring=lambda model, X, y: model.masks_ is None or share_gone(model) <= limit,
    )
    assert limit - 0.54 / 16 - 0.01 < share_gone(pruned) <= limit


# ---------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"amount": 1.0}, "amount"),
        ({"amount": -0.1}, "amount"),
        ({"amount": "half"}, "amount"),
        ({"n_rounds": 0}, "n_rounds"),
        ({"fine_tune_epochs": -1}, "fine_tune_epochs"),
        ({"fine_tune_epochs": 2}, "X and y"),
        ({"criterion": "taylor"}, "X and y"),
        ({"criterion": "large"}, "not a Criterion"),
        ({"unit": "atoms"}, "not a Unit"),
        ({"unit": "layers"}, "X and y"),
        ({"criterion": OBS(damping=0.0)}, "damping"),
        ({"max_score_drop": 0.1}, "X_val"),
        ({"max_score_drop": "0.1", "X_val": X, "y_val": Y}, "max_score_drop must"),
        ({"max_score_drop": np.nan, "X_val": X, "y_val": Y}, "max_score_drop must"),
        ({"X_val": X, "y_val": Y}, "max_score_drop"),
        ({"X": X}, "X and y go together"),
        ({"sample_weight": np.ones(150)}, "X and y"),
    ],
)
def test_refusals(model, options, message):
    with pytest.raises(ValueError, match=message):
        prune(model, **options)


@pytest.mark.parametrize("unit", ["weights", "neurons"])
@pytest.mark.parametrize("criterion", ["taylor", "obd", "obs"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the overflow itself
def test_scores_that_overflow_are_refused(model, criterion, unit):
    with pytest.raises(ValueError, match="not finite numbers"):
        prune(model, X * 1e200, Y, criterion=criterion, unit=unit)


def test_a_criterion_has_to_score_each_weight(model):
    class Few(Criterion):
        def saliency(self, point):
            return np.ones(3)

    with pytest.raises(ValueError, match="each of 98 weights"):
        prune(model, criterion=Few())


def test_a_pipeline_is_asked_for_its_last_step(model):
    with pytest.raises(TypeError, match="last step"):
        prune(make_pipeline(StandardScaler(), model))
