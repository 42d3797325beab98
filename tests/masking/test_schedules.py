"""Pruning schedules: how much goes when."""

import numpy as np
import pytest

from skbackprop.masking.schedules import evenly, ramp
from skbackprop.pruning import Gradual, OneShot, PruningSchedule, Rewinding

MEMBERS = [member() for member in PruningSchedule.members().values()]


@pytest.fixture(params=[0.0, 0.3], ids="gone={}".format)
def gone(request):
    return request.param


@pytest.mark.parametrize("schedule", MEMBERS, ids=repr)
@pytest.mark.parametrize("n_epochs", [5, 7, 100])
def test_shares_rise_to_the_amount(schedule, n_epochs, gone):
    phases = schedule.phases(n_epochs, gone)
    shares = [phase.share for phase in phases]
    assert shares[0] == gone
    assert shares == sorted(shares)
    assert shares[-1] == schedule.amount


@pytest.mark.parametrize("schedule", MEMBERS, ids=repr)
@pytest.mark.parametrize("n_epochs", [5, 7, 100])
def test_all_epochs_are_used_and_no_more(schedule, n_epochs, gone):
    *before, last = schedule.phases(n_epochs, gone)
    assert sum(phase.epochs for phase in before) < n_epochs
    assert all(phase.epochs >= 0 for phase in before)
    assert last.epochs is None


def test_each_round_takes_the_same_share_of_the_rest(gone):
    kept = 1 - np.array([gone, *evenly(gone, 0.9, 5)])
    np.testing.assert_allclose(kept[1:] / kept[:-1], (0.1 / (1 - gone)) ** 0.2)


def test_the_ramp_is_cubic(gone):
    done = np.arange(1, 6) / 5
    expected = 0.9 + (gone - 0.9) * (1 - done) ** 3
    np.testing.assert_allclose(ramp(gone, 0.9, 5), expected)


def test_nothing_is_tuned_if_nothing_is_kept_for_it():
    schedule = OneShot(fine_tuning=0.0, criterion="magnitude")
    first, last = schedule.phases(50, gone=0.0)
    assert (first.epochs, last.epochs) == (50, 0)


def test_one_shot_takes_the_rounds_of_its_criterion():
    phases = OneShot(criterion="obs").phases(50, gone=0.0)
    assert [phase.epochs for phase in phases] == [40, 0, 0, 0, None]


def test_training_ends_by_itself_before_the_ramp_and_after_but_not_on_it():
    first, *between, last = Gradual(n_rounds=5).phases(100, gone=0.0)
    assert first.patient
    assert last.patient
    assert not any(phase.patient for phase in between)
    assert [first.epochs] + [p.epochs for p in between] == [10, 15, 15, 15, 15]


def test_rewinding_trains_equally_long_each_time():
    early, *trainings = Rewinding(n_rounds=3).phases(80, gone=0.0)
    assert early.remembers
    assert early.epochs == 2
    assert [phase.epochs for phase in trainings] == [19, 19, 19, None]
    assert [phase.rewinds for phase in trainings] == [False, True, True, True]
    assert {phase.total for phase in trainings} == {21}


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (Gradual(start=0.5, end=0.4), "end must not be before start"),
        (Rewinding(n_rounds=200), "max_iter=100 is too few"),
    ],
    ids=repr,
)
def test_what_cannot_be_planned_is_refused(schedule, message):
    with pytest.raises(ValueError, match=message):
        schedule.phases(100, gone=0.0)
