"""A fit that was cut off and goes on from its checkpoint ends as one that was not."""

import os
from contextlib import suppress

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from skbackprop import BackpropClassifier
from skbackprop.checkpoint import Checkpoint

from ._fits import (
    CLASSES,
    FITS,
    PRUNED,
    Cut,
    CutOff,
    X,
    assert_the_same,
    classifier,
    regressor,
)


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda number: None)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fit.ckpt"


def cut_off(fit, checkpoint, after, **changes):
    with pytest.raises(CutOff):
        fit.run(checkpoint, Cut(after), **changes)


@pytest.mark.parametrize("name", FITS)
def test_it_ends_with_the_same_bits(name, path):
    fit = FITS[name]
    whole, checkpoint = fit.run(), Checkpoint(path, every=2)
    cut_off(fit, checkpoint, 5)
    rest = Cut()
    assert_the_same(fit.run(checkpoint, rest), whole)
    # A line search that finds nothing has begun an epoch, too.
    begun = [*range(4, whole.n_iter_ + 1)]
    assert rest.epochs in (begun, begun[:-1])


@pytest.mark.parametrize("name", PRUNED)
@pytest.mark.parametrize("after", [2, 4, 9])
def test_whichever_phase_of_pruning_it_was_in(name, after, path):
    fit, checkpoint = PRUNED[name], Checkpoint(path, every=1)
    cut_off(fit, checkpoint, after)
    whole = fit.run()
    assert_the_same(fit.run(checkpoint), whole)
    assert_the_same(fit.run(checkpoint), whole)


@pytest.mark.parametrize("name", ["adam", "lbfgs", "gd", "early", "dropout"])
def test_it_may_be_cut_off_again_and_again(name, path):
    fit, checkpoint = FITS[name], Checkpoint(path, every=1)
    for after in (1, 3, 2, 1, 4):
        cut_off(fit, checkpoint, after)
    assert_the_same(fit.run(checkpoint), fit.run())


@pytest.mark.parametrize("name", ["adam", "lbfgs", "bfgs", "float32 lbfgs", "noise"])
def test_being_followed_changes_nothing(name, path):
    fit = FITS[name]
    assert_the_same(fit.run(Checkpoint(path, every=1)), fit.run())


def test_what_is_cut_off_before_the_first_checkpoint_begins_anew(path):
    fit, checkpoint = FITS["adam"], Checkpoint(path, every=10)
    cut_off(fit, checkpoint, 9)
    assert not path.exists()
    assert_the_same(fit.run(checkpoint), fit.run())


def test_divergence_right_after_goes_back_as_far(path):
    fit = regressor(solver="sgd", learning_rate_init=1e3, hidden_layer_sizes=(4,))
    whole = fit.run()
    assert whole.stopped_by_ == "diverged"
    assert whole.n_iter_ > 0
    checkpoint = Checkpoint(path, every=1)
    # The epoch of the cut is done anew from the checkpoint before it.
    cut_off(fit, checkpoint, whole.n_iter_)
    assert_the_same(fit.run(checkpoint), whole)


def test_a_generator_of_the_users_ends_in_the_same_state(path):
    fit, checkpoint = FITS["early"], Checkpoint(path, every=1)
    generators = [np.random.RandomState(3) for _ in range(3)]
    whole = fit.run(random_state=generators[0])
    cut_off(fit, checkpoint, 4, random_state=generators[1])
    assert_the_same(fit.run(checkpoint, random_state=generators[2]), whole)
    assert generators[2].uniform() == generators[0].uniform()


def test_without_a_seed_the_course_is_gone_on_with(path):
    fit, checkpoint = classifier(early_stopping=True), Checkpoint(path, every=1)
    # The one that all share.
    shared = check_random_state(None)
    start = shared.get_state()
    whole = fit.run(random_state=None)
    shared.set_state(start)
    cut_off(fit, checkpoint, 4, random_state=None)
    before = shared.get_state()
    assert_the_same(fit.run(checkpoint, random_state=None), whole)
    np.testing.assert_equal(shared.get_state(), before)


@pytest.mark.parametrize("name", ["adam", "early", "lbfgs", "scaled", "health"])
def test_a_warm_start_is_gone_on_with(name, path):
    fit = FITS[name]

    def two_fits(*callbacks):
        first = fit.run(warm_start=True)
        with suppress(CutOff):
            fit.fit(first, *callbacks)
        return first

    checkpoint = Checkpoint(path, every=1)
    two_fits(checkpoint, Cut(3))
    assert_the_same(two_fits(checkpoint), two_fits())


def test_partial_fit_goes_on_as_after_a_whole_fit(path):
    fit, checkpoint = FITS["momentum"], Checkpoint(path, every=1)
    cut_off(fit, checkpoint, 5, warm_start=True)
    whole, rest = fit.run(warm_start=True), fit.run(checkpoint, warm_start=True)
    ended = fit.run(checkpoint, warm_start=True)
    for model in (whole, rest, ended):
        model.partial_fit(X[:40], CLASSES[:40])
    assert_the_same(rest, whole)
    assert_the_same(ended, whole)


def test_a_fit_that_ended_in_divergence_says_the_same_once_more(path):
    X, y = np.random.RandomState(0).normal(size=(60, 3)) * 1e200, np.arange(60) % 3
    model = BackpropClassifier(4, solver="sgd", max_iter=1, random_state=0)
    told = []
    for _ in range(2):
        again = clone(model).set_callbacks(Checkpoint(path))
        with pytest.warns(ConvergenceWarning, match="diverged in epoch 1") as caught:
            again.fit(X, y)
        told.append([str(each.message) for each in caught])
    assert told[0] == told[1]
