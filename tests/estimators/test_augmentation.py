"""Augmentation in the estimators: training batches see it, and nothing else does."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import mean_gamma_deviance
from sklearn.model_selection import GridSearchCV

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.augmentation import (
    FeatureDropout,
    GaussianNoise,
    ImageShift,
    InTurn,
    Mixup,
)
from skbackprop.losses import ClassificationLoss, SquaredError

from ._cases import PATIENT, TASKS, copies, fit, make_data, ours, parameters

NAMES = ["gaussian_noise", "feature_dropout", "mixup"]


def double(X, y, rng):
    """Change inputs and targets: a function of the user's own, for pickling too."""
    return X * 2.0, y


SLOTS = {
    **{name: name for name in NAMES},
    "image_shift": ImageShift((2, 2)),
    "function": double,
    "list": ["feature_dropout", Mixup(alpha=1.0), double],
}
SPARSE = {
    "feature_dropout": "feature_dropout",
    "mixup": "mixup",
    "list": [FeatureDropout(), "mixup"],
}


def each_slot():
    return pytest.mark.parametrize("slot", SLOTS.values(), ids=SLOTS)


class Spy:
    """An augmentation that changes nothing, and writes down what it sees."""

    def __init__(self):
        self.X, self.y = [], []

    def __call__(self, X, y, rng):
        self.X.append(X.copy())
        self.y.append(y.copy())
        return X, y


# ------------------------------------------------------------------------- in training


@each_slot()
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_task_trains(task, slot, dtype):
    X, y = make_data(task)
    model = ours(task, augmentation=slot, **PATIENT, max_iter=30)
    fit(model, X.astype(dtype), y)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    assert parameters(model).dtype == dtype


@pytest.mark.parametrize("slot", SPARSE.values(), ids=SPARSE)
@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csr_matrix])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_sparse_rows_train_too(task, make, slot):
    X, y = make_data(task)
    X = make(X * (X > 0))
    given = X.copy()
    model = fit(ours(task, augmentation=slot, **PATIENT, max_iter=30), X, y)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    assert_array_equal(X.toarray(), given.toarray())


@pytest.mark.parametrize("name", ["gaussian_noise", ImageShift((2, 2))])
def test_what_would_make_sparse_rows_dense_is_refused(name):
    X, y = make_data("binary")
    with pytest.raises(ValueError, match="would make a sparse X dense"):
        ours("binary", augmentation=name).fit(sparse.csr_array(X), y)


@each_slot()
def test_the_same_seed_gives_the_same_model(slot):
    X, y = make_data("multiclass")
    first = fit(ours("multiclass", augmentation=slot), X, y)
    again = fit(ours("multiclass", augmentation=slot), X, y)
    assert_array_equal(parameters(first), parameters(again))


@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_later_calls_draw_anew(call):
    X, y = make_data("regression")
    losses, still = [], {"learning_rate_init": 1e-300, "max_iter": 1}
    model = ours("regression", augmentation="gaussian_noise", warm_start=True, **still)
    for _ in range(4):
        model = fit(model, X, y) if call == "fit" else model.partial_fit(X, y)
        losses.append(model.loss_curve_[-1])
    assert len(set(np.round(losses, 9))) == 4


def test_an_augmentation_that_changes_nothing_changes_nothing():
    X, y = make_data("regression")
    plain = fit(ours("regression"), X, y)
    spied = fit(ours("regression", augmentation=Spy()), X, y)
    assert_array_equal(parameters(spied), parameters(plain))


def test_a_function_of_data_is_as_if_the_data_were_changed():
    X, y = make_data("multiclass")
    inside = fit(ours("multiclass", augmentation=double), X, y)
    outside = fit(ours("multiclass"), 2.0 * X, y)
    assert_allclose(parameters(inside), parameters(outside), rtol=1e-9)


def test_scaling_comes_after_augmentation():
    X, y = make_data("regression")
    model = fit(ours("regression", augmentation=double, scaling="standard"), X, y)
    assert_allclose(model.extra_params_["center"][0], X.mean(axis=0))


@pytest.mark.parametrize("loss", ["squared_error", "gamma"])
@pytest.mark.parametrize("scaling", [None, "standard", "robust"])
@pytest.mark.parametrize("inside_a_list", [False, True])
def test_a_function_sees_targets_in_the_users_units(inside_a_list, scaling, loss):
    X, y = make_data("multioutput")
    y, spy = np.exp(y) * [1e3, 1.0, 1e-3], Spy()
    slot = ["feature_dropout", spy] if inside_a_list else spy
    params = {"augmentation": slot, "shuffle": False, "max_iter": 1, "loss": loss}
    fit(ours("multioutput", scaling=scaling, **params), X, y)
    assert_allclose(np.vstack(spy.y), y, rtol=1e-12)


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("loss", ["squared_error", "gamma"])
def test_what_a_function_makes_of_targets_is_scaled_as_they_are(loss, in_place):
    X, y = make_data("regression")
    y = 100.0 + 5.0 * y
    known = ours("regression", loss=loss, scaling="standard", max_iter=1)
    fit(known, X, y)

    def thrice(X, y, rng):
        if not in_place:
            return X, 3.0 * y
        y *= 3.0
        return X, y

    still = {"learning_rate_init": 1e-300, "max_iter": 1, "alpha": 0.0}
    start = {"coefs_init": known.coefs_, "intercepts_init": known.intercepts_}
    params = {"loss": loss, "scaling": "standard", **still}
    model = fit(ours("regression", augmentation=thrice, **params), X, y, **start)
    predicted = model.predict(X)
    if loss == "gamma":
        expected = 0.5 * mean_gamma_deviance(3.0 * y, predicted)
    else:
        expected = 0.5 * np.mean((3.0 * y - predicted) ** 2) / y.var()
    assert model.loss_curve_[0] == pytest.approx(expected)


@pytest.mark.parametrize("name", ["gaussian_noise", Spy()], ids=["noise", "spy"])
def test_targets_that_are_left_alone_are_not_rounded(name):
    X, y = make_data("regression")
    seen = []

    class Kept(SquaredError):
        def gradient(self, prediction, target, out):
            seen.append(target.copy())
            return super().gradient(prediction, target, out)

    params = {"loss": Kept(), "scaling": "standard", "max_iter": 1}
    fit(ours("regression", augmentation=name, **params), X, y)
    augmented, seen = seen, []
    fit(ours("regression", **params), X, y)
    assert_array_equal(np.vstack(augmented), np.vstack(seen))


# ----------------------------------------------------------- only training batches


@each_slot()
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_users_data_is_never_written_to(slot, shuffle, order):
    X, y = make_data("multioutput")
    for writeable in (True, False):
        mine, target = np.array(X, order=order), y.copy()
        mine.flags.writeable = target.flags.writeable = writeable
        fit(ours("multioutput", augmentation=slot, shuffle=shuffle), mine, target)
        assert_array_equal(mine, X)
        assert_array_equal(target, y)


@pytest.mark.parametrize("shuffle", [False, True])
def test_every_epoch_changes_fresh_rows(shuffle):
    X, y = make_data("regression")
    seen = []

    def spoil(rows, target, rng):
        seen.append(np.sort(rows[:, 0]).copy())
        rows *= 100.0
        target += 5.0
        return rows, target

    fit(ours("regression", augmentation=spoil, shuffle=shuffle, max_iter=3), X, y)
    for epoch in seen:
        assert_array_equal(epoch, np.sort(X[:, 0]))


def test_validation_rows_are_not_augmented():
    X, y = make_data("regression", n_samples=100)
    spy = Spy()
    model = ours("regression", augmentation=[spy, double], early_stopping=True)
    fit(model, X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    assert not np.isin(np.vstack(spy.X)[:, 0], X[80:, 0]).any()
    assert model.best_validation_score_ == pytest.approx(model.score(X[80:], y[80:]))


def test_predictions_are_those_of_the_plain_network():
    X, y = make_data("multiclass")
    model = fit(ours("multiclass", augmentation="gaussian_noise"), X, y)
    plain = fit(ours("multiclass", max_iter=1, learning_rate_init=1e-300), X, y)
    plain.coefs_, plain.intercepts_ = model.coefs_, model.intercepts_
    assert_array_equal(model.predict_proba(X), plain.predict_proba(X))


# --------------------------------------------------------------------- weights, targets


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_rows_of_weight_zero_are_nobodys_partner(task):
    X, y = make_data(task)
    weight = np.repeat([1.0, 0.0], 30)
    params = {"augmentation": Mixup(alpha=1.0), "shuffle": False}
    model = fit(ours(task, **params), X, y, sample_weight=weight)
    X = X.copy()
    X[30:] = 1e3 * X[::-1][30:]
    # What such a row holds plays no part.
    other = fit(ours(task, **params), X, y, sample_weight=weight)
    assert_array_equal(parameters(model), parameters(other))


@pytest.mark.parametrize("loss", ClassificationLoss.members())
@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_soft_targets_reach_every_loss(task, loss):
    X, y = make_data(task)

    def all_the_same(X, y, rng):
        return X, np.full_like(y, 1.0 / max(2, y.shape[1]))

    params = {"loss": loss, "max_iter": 40, "learning_rate_init": 0.05, "alpha": 0.0}
    model = ours(task, augmentation=all_the_same, hidden_layer_sizes=(), **params)
    fit(model, X, y)
    assert np.isfinite(model.loss_curve_).all()
    hard = fit(ours(task, hidden_layer_sizes=(), **params), X, y)
    spread = np.abs(np.asarray(model.decision_function(X))).mean()
    # Nothing to learn from, but from the hard targets.
    assert spread < np.abs(np.asarray(hard.decision_function(X))).mean()


def test_the_loss_of_soft_targets_is_the_cross_entropy_to_them():
    X, y = make_data("multiclass")
    soft = np.array([0.2, 0.5, 0.3])
    still = {"learning_rate_init": 1e-300, "max_iter": 1, "alpha": 0.0}
    model = fit(
        ours("multiclass", augmentation=lambda X, y, rng: (X, 0 * y + soft), **still),
        X,
        y,
    )
    expected = -(model.predict_log_proba(X) @ soft).mean()
    assert model.loss_curve_[0] == pytest.approx(expected)


def test_indicators_are_what_a_function_sees_of_classes():
    X, y = make_data("multiclass")
    spy = Spy()
    fit(ours("multiclass", augmentation=spy, shuffle=False, max_iter=1), X, y)
    assert_array_equal(np.vstack(spy.y), np.eye(3)[y])
    binary, (X, y) = Spy(), make_data("binary")
    fit(ours("binary", augmentation=binary, shuffle=False, max_iter=1), X, y)
    assert_array_equal(np.vstack(binary.y), y[:, np.newaxis])


def test_mixup_and_noise_keep_labels_of_chance_from_being_learned_by_heart():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(200, 10)), rng.randint(2, size=200)
    params = {"hidden_layer_sizes": (50,), "max_iter": 100, **PATIENT}
    plain = fit(ours("binary", learning_rate_init=0.01, **params), X, y)
    for slot in (Mixup(alpha=1.0), GaussianNoise(scale=1.0)):
        params["augmentation"] = slot
        mixed = fit(ours("binary", learning_rate_init=0.01, **params), X, y)
        assert mixed.score(X, y) < plain.score(X, y)
        assert mixed.loss_ > plain.loss_


# -------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("kind", [BackpropClassifier, BackpropRegressor])
@each_slot()
def test_solvers_of_all_rows_refuse_it(kind, slot):
    X, y = make_data("binary")
    with pytest.raises(ValueError, match=r"LBFGS.*use a step-wise solver"):
        kind(solver="lbfgs", augmentation=slot).fit(X, y)


WRONG = {
    "a name": ("flip", "'augmentation' parameter"),
    "a number": (0.1, "'augmentation' parameter"),
    "a setting": (Mixup(alpha=-1.0), "'alpha' parameter of Mixup"),
    "a name in a list": (["flip"], "'flip' is not a Augmentation"),
    "a setting in a list": ([Mixup(alpha=-1.0)], "'alpha' parameter of Mixup"),
    "None in a list": ([None, "mixup"], "None is not a Augmentation"),
    "a class": (Mixup, r"did you mean Mixup\(\)"),
    "a class in a list": (["mixup", ImageShift], r"did you mean ImageShift\(\)"),
    "a shape": (lambda X, y, rng: (X[1:], y[1:]), "must keep the shapes"),
    "an answer": (lambda X, y, rng: X, "must return a tuple"),
    "an image": (ImageShift((3, 3)), "does not fit 4 features"),
}


@pytest.mark.parametrize(("slot", "message"), WRONG.values(), ids=WRONG)
def test_what_is_no_augmentation_is_refused(slot, message):
    X, y = make_data("binary")
    with pytest.raises(ValueError, match=message):
        ours("binary", augmentation=slot).fit(X, y)


def test_an_error_in_a_function_reaches_the_user():
    def fails(X, y, rng):
        raise ZeroDivisionError("mine")

    X, y = make_data("binary")
    with pytest.raises(ZeroDivisionError, match="mine"):
        ours("binary", augmentation=fails).fit(X, y)


# ------------------------------------------------------------------- as a parameter


def test_an_empty_list_is_none():
    X, y = make_data("binary")
    none = fit(ours("binary", augmentation=[]), X, y)
    assert_array_equal(parameters(none), parameters(fit(ours("binary"), X, y)))


def test_a_list_is_its_steps_in_turn():
    X, y = make_data("binary")
    steps = [FeatureDropout(), Mixup()]
    listed = fit(ours("binary", augmentation=steps), X, y)
    built = fit(ours("binary", augmentation=InTurn(steps)), X, y)
    assert_array_equal(parameters(listed), parameters(built))


@each_slot()
def test_it_survives_clone_and_pickle(slot):
    X, y = make_data("binary")
    model = fit(ours("binary", augmentation=slot), X, y)
    before = copies(model.coefs_)
    again = fit(pickle.loads(pickle.dumps(clone(model))), X, y)
    for one, other in zip(again.coefs_, before, strict=True):
        assert_array_equal(one, other)


def test_names_and_settings_are_searched_in_a_grid():
    X, y = make_data("binary")
    grid = [
        {"augmentation": [None, *NAMES, double, ["mixup", "gaussian_noise"]]},
        {"augmentation": [Mixup()], "augmentation__alpha": [0.1, 1.0]},
        {"augmentation": [GaussianNoise()], "augmentation__scale": [0.1, 1.0]},
    ]
    search = fit(GridSearchCV(ours("binary", max_iter=2), grid, cv=2), X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
