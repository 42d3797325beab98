"""Fingerprints: alike for the same fit in any process, and for no other."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array
from sklearn.metrics import make_scorer, mean_absolute_error

from skbackprop.augmentation import Mixup
from skbackprop.checkpoint.descriptions import described
from skbackprop.checkpoint.fingerprint import differences, fingerprint, key_of
from skbackprop.solvers import Adam
from skbackprop.training.keeping import Keeper, KeepingCallback, NoKeeper

from ._fits import CLASSES, HELD_OUT, NUMBERS, WEIGHT, X, classifier, regressor


class Prints(KeepingCallback):
    """A callback that takes fingerprints."""

    def keeper(self, beginning) -> Keeper:
        """Take one, and keep nothing else."""
        self.taken = fingerprint(beginning)
        return NoKeeper()

    def setup(self, estimator, context):
        """Do nothing."""

    on_fit_task_begin = on_fit_task_end = teardown = setup


def prints(fit=None, model=None, **changes):
    fit, callback = fit or classifier(), Prints()
    changes = {"max_iter": 1} | changes
    fit.fit(fit.estimator(**changes) if model is None else model, callback)
    return callback.taken


def changed(name, value):
    fit = classifier()
    setattr(fit, name, value)
    return prints(fit)


def differing(one, other):
    return {name for name in one | other if one.get(name) != other.get(name)}


OTHERS = {
    "max_iter": lambda: prints(max_iter=2),
    "alpha": lambda: prints(alpha=0.3),
    "solver": lambda: prints(solver=Adam(beta_1=0.8)),
    "random_state": lambda: prints(random_state=1),
    "augmentation": lambda: prints(augmentation=[Mixup(0.3)]),
    "learning_rate": lambda: prints(learning_rate=lambda epoch: 0.1),
    "y": lambda: changed("y", 2 - CLASSES),
    "X": lambda: changed("X", X + (np.arange(5) == 4)),
    "weights of rows": lambda: changed("extra", {"sample_weight": WEIGHT}),
}


@pytest.mark.parametrize("part", OTHERS)
def test_it_says_what_differs(part):
    ours, theirs = prints(), OTHERS[part]()
    assert differing(ours, theirs) == {part}
    assert differences(ours, theirs).startswith(f"{part} was {ours[part]} and is ")
    assert key_of(ours) != key_of(theirs)


def test_functions_are_told_apart_by_what_they_do():
    one, other = (lambda epoch: 0.1), (lambda epoch: 0.2)
    # A function of this name would be another for its name.
    again = lambda epoch: 0.1  # noqa: E731
    of_one, of_other = prints(learning_rate=one), prints(learning_rate=other)
    assert differing(of_one, of_other) == {"learning_rate"}
    assert not differing(of_one, prints(learning_rate=again))


@pytest.mark.parametrize("dtype", ["float32", ">f8"])
def test_the_type_of_the_data_counts(dtype):
    assert ("X" in differing(prints(), changed("X", X.astype(dtype)))) == (
        dtype == "float32"
    )


def test_sparse_data_is_other_data():
    sparse = changed("X", csr_array(X))
    assert "sparse" in sparse["X"]
    more = csr_array(X)
    more.data[3] += 1
    assert differing(sparse, changed("X", more)) == {"X"}


def test_validation_data_counts():
    fit = classifier(early_stopping=True)
    alone = prints(fit)
    fit.extra = HELD_OUT
    with_rows = prints(fit)
    assert differing(alone, with_rows) == {"X_val", "y_val", "weights of rows_val"}
    fit.extra = HELD_OUT | {"X_val": 2 * HELD_OUT["X_val"]}
    assert differing(with_rows, prints(fit)) == {"X_val"}


def test_neither_the_order_in_memory_nor_being_read_only_counts():
    twice = np.repeat(X, 2, axis=1)[:, ::2]
    frozen = X.copy()
    frozen.flags.writeable = False
    for same in (np.asfortranarray(X), twice, frozen):
        assert_array_equal(same, X)
        assert not differing(prints(), changed("X", same))


def test_what_has_no_influence_does_not_count(capsys):
    assert not differing(prints(), prints(verbose=True))


def test_where_a_warm_start_begins_counts():
    fit = regressor(warm_start=True, max_iter=2)
    first, second = fit.run(), fit.run(random_state=1)
    assert differing(prints(fit, first), prints(fit, fit.run())) == set()
    second.random_state = 0
    assert differing(prints(fit, fit.run()), prints(fit, second)) == {"start"}


def test_a_generator_counts_by_its_state():
    generator = np.random.RandomState(0)
    first = prints(random_state=generator)
    assert not differing(first, prints(random_state=np.random.RandomState(0)))
    assert differing(first, prints(random_state=generator)) == {"random_state"}


def constant(rate):
    """Return a schedule."""
    known = {"set", "of", "strings"}
    return lambda epoch, *, scale=1.0: scale * rate if "of" in known else np.mean(rate)


class Falling:
    """A schedule with a state."""

    def __init__(self, rate):
        self.rate = rate

    def __call__(self, epoch):
        return self.rate / (1 + epoch)

    def slower(self, epoch):
        """Return a rate."""
        return self.rate / (1 + epoch) ** 0.5


def raised(rate, epoch):
    return rate


def mean_gap(by):
    return make_scorer(lambda y, prediction: np.abs(y - prediction).mean() / by)


SCHEDULES = {
    "closure": constant,
    "default": lambda rate: lambda epoch, rate=rate: rate,
    "keyword": lambda rate: lambda epoch, *, rate=rate: rate,
    "inner": lambda rate: lambda epoch: (lambda: rate)(),
    "object": Falling,
    "method": lambda rate: Falling(rate).slower,
    "partial": lambda rate: partial(raised, rate),
}


@pytest.mark.parametrize("kind", SCHEDULES)
def test_functions_are_told_apart_by_what_they_hold(kind):
    make = SCHEDULES[kind]
    of_one, of_other = (prints(learning_rate=make(rate)) for rate in (0.1, 0.2))
    assert differing(of_one, of_other) == {"learning_rate"}
    assert not differing(of_one, prints(learning_rate=make(0.1)))


def test_scorers_are_told_apart_by_what_they_score():
    fit = regressor(early_stopping=True)
    of_one, of_other = (prints(fit, scoring=mean_gap(by)) for by in (1.0, 2.0))
    assert differing(of_one, of_other) == {"scoring"}
    assert not differing(of_one, prints(fit, scoring=mean_gap(1.0)))


def test_what_holds_itself_is_told_once():
    def again(n):
        return again(n - 1)

    assert described(again) == described(again)
    loop = [1]
    assert described([loop, loop]) == "[[1], [1]]"
    loop.append(loop)
    assert described(loop) == "[1, itself]"


def of_all_kinds():
    fit = regressor(
        learning_rate=constant(0.1),
        scoring=make_scorer(mean_absolute_error, greater_is_better=False),
        early_stopping=True,
        augmentation=lambda X, y, rng: (X, y) if "a" in {"a", "b", "c"} else (y, X),
        solver=Adam(beta_1=np.float64(0.7)),
        hidden_layer_sizes=np.array([3, 2]),
    )
    assert fit.y is NUMBERS
    return prints(fit)


def test_another_process_finds_the_same():
    code = (
        "from tests.checkpoint.test_fingerprint import *\nprint(key_of(of_all_kinds()))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONHASHSEED": "17", "PYTHONPATH": str(root)},
    )
    assert done.stdout.strip() == key_of(of_all_kinds())
