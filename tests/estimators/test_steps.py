"""Solvers, schedules, penalties, limits and averages as slots of the estimators."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso
from sklearn.model_selection import GridSearchCV

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.averaging import EMA, Averaging, Mean
from skbackprop.penalties import L1, L2, ElasticNet, Penalty
from skbackprop.schedules import (
    Cosine,
    FromFunction,
    Plateau,
    Polynomial,
    Schedule,
    Step,
    Warmup,
)
from skbackprop.solvers import GD, SGD, Adadelta, AdaGrad, Adam, Lion, RMSprop, Solver

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
STEPWISE = [name for name, member in Solver.members().items() if member.stepwise]
BASE = {"hidden_layer_sizes": (5,), "max_iter": 6, "random_state": 0}
SGD_BASE = {**BASE, "solver": "sgd", "batch_size": 20, "learning_rate_init": 0.05}
RATES = {"adadelta": 1.0, "adagrad": 0.03, "lion": 3e-3}

rng = np.random.RandomState(0)
X = rng.normal(size=(80, 4))
Y = X[:, 0] - 0.5 * X[:, 1] + 0.1 * rng.normal(size=80)
LABELS = (Y > 0).astype(int)


def weights(model):
    return np.concatenate([w.ravel() for w in model.coefs_])


def parameters(model):
    return np.concatenate([a.ravel() for a in model.coefs_ + model.intercepts_])


# --------------------------------------------------------------------------- solvers


@pytest.mark.parametrize("name", STEPWISE)
@pytest.mark.parametrize(
    "hold", [np.asarray, sparse.csr_array], ids=["dense", "sparse"]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_solver_learns_by_its_name(name, hold, dtype):
    settings = {
        **BASE,
        "max_iter": 60,
        "batch_size": 20,
        "solver": name,
        "learning_rate_init": RATES.get(name, 0.01),
    }
    inputs, weight = hold(X.astype(dtype)), np.arange(80.0) % 3
    for model, y in [
        (BackpropClassifier(**settings), LABELS),
        (BackpropRegressor(**settings), Y.astype(dtype)),
    ]:
        model.fit(inputs, y, sample_weight=weight)
        assert model.score(inputs, y) > 0.75
        assert parameters(model).dtype == dtype


def test_gd_at_a_fixed_rate_is_sgd_with_one_batch_of_all_rows():
    settings = {**BASE, "learning_rate_init": 0.1}
    model = BackpropRegressor(**settings, solver=GD(None), batch_size=7).fit(X, Y)
    assert model.n_steps_ == model.n_iter_ == 6
    plain = SGD(momentum=0)
    same = BackpropRegressor(**settings, solver=plain, batch_size=80).fit(X, Y)
    assert_allclose(parameters(model), parameters(same), rtol=1e-9)


def test_the_estimators_settings_reach_only_the_solvers_that_they_are_meant_for():
    changed = {"epsilon": 0.5, "beta_2": 0.5, "momentum": 0.1}
    for name, member in [
        ("adagrad", AdaGrad),
        ("rmsprop", RMSprop),
        ("adadelta", Adadelta),
        ("lion", Lion),
    ]:
        by_name = BackpropRegressor(**{**BASE, "solver": name}, **changed).fit(X, Y)
        default = BackpropRegressor(**{**BASE, "solver": member()}).fit(X, Y)
        assert_array_equal(parameters(by_name), parameters(default))
    for name in ("adamw", "nadam", "amsgrad", "muon"):
        plain = BackpropRegressor(**BASE, solver=name)
        other = clone(plain).set_params(epsilon=0.5)
        assert (parameters(plain.fit(X, Y)) != parameters(other.fit(X, Y))).any()


def test_a_grid_searches_solvers_rates_penalties_and_what_is_in_them():
    search = GridSearchCV(
        BackpropClassifier(**BASE, learning_rate_init=0.1),
        [
            {"solver": ["adamw", "lion"], "penalty": ["l1", "l2", None]},
            {"learning_rate": ["cosine", "step"], "averaging": [None, "ema"]},
            {"solver": [Adam()], "solver__beta_2": [0.9, 0.99]},
            {"learning_rate": [Warmup(2)], "learning_rate__then": ["cosine"]},
            {"penalty": [ElasticNet()], "penalty__l1_ratio": [0.1, 0.9]},
        ],
        cv=2,
        error_score="raise",
    )
    search.fit(X, LABELS)
    assert len(set(search.cv_results_["mean_test_score"])) > 1


# ------------------------------------------------------------------------- schedules


def curve(**settings):
    return BackpropRegressor(**{**SGD_BASE, **settings}).fit(X, Y).learning_rate_curve_


def test_the_rate_of_every_epoch_is_known():
    assert curve() == [0.05] * 6
    assert_allclose(curve(learning_rate="exponential"), 0.05 * 0.95 ** np.arange(6))
    assert_allclose(curve(learning_rate="cosine")[3], 0.025)
    assert_allclose(curve(learning_rate=Step(2, 0.5))[::2], [0.05, 0.025, 0.0125])
    assert curve(learning_rate=lambda epoch: 0.1 / (1 + epoch))[:2] == [0.1, 0.05]
    rows = 80 * np.arange(6) + 1
    assert_allclose(curve(learning_rate="invscaling"), 0.05 / rows**0.5)


def test_solvers_without_rates_have_no_curve():
    model = BackpropRegressor(**BASE, solver="lbfgs").fit(X, Y)
    assert model.learning_rate_curve_ == []


@pytest.mark.parametrize("name", sorted(set(Schedule.members()) - {"constant"}))
def test_adam_takes_no_notice_of_the_names_of_scikit_learn_and_others_do(name):
    theirs = name in {"invscaling", "adaptive"}
    plain = BackpropRegressor(**BASE, tol=10, n_iter_no_change=2).fit(X, Y)
    for solver, acts in [("adam", not theirs), ("nadam", True)]:
        settings = {"solver": solver, "learning_rate": name, "n_iter_no_change": 2}
        if name == "plateau":
            settings["learning_rate"] = Plateau(patience=0, tol=10)
        if name in {"step", "cosine_restarts"}:
            member = Schedule.members()[name]
            settings["learning_rate"] = member(2)
        model = BackpropRegressor(**{**BASE, **settings}, tol=10).fit(X, Y)
        changed = set(model.learning_rate_curve_) != {0.001}
        assert changed is acts
    assert set(plain.learning_rate_curve_) == {0.001}


def test_a_smooth_schedule_changes_the_rate_within_an_epoch():
    by_step = BackpropRegressor(**SGD_BASE).set_params(learning_rate=Polynomial())
    by_epoch = BackpropRegressor(**SGD_BASE).set_params(
        learning_rate=lambda epoch: 0.05 * (1 - epoch / 6)
    )
    for model in (by_step, by_epoch):
        model.fit(X, Y)
    assert_allclose(by_step.learning_rate_curve_, by_epoch.learning_rate_curve_)
    assert (parameters(by_step) != parameters(by_epoch)).any()
    # A single batch an epoch has a single rate.
    for model in (by_step, by_epoch):
        model.set_params(batch_size=80).fit(X, Y)
    assert_allclose(parameters(by_step), parameters(by_epoch), rtol=1e-12)


def test_the_plateau_is_one_of_the_validation_score_where_there_is_one():
    class Script:
        """A scorer that reads its scores from a list."""

        def __init__(self, scores):
            self.scores = list(scores)

        def __call__(self, estimator, X, y):
            return self.scores.pop(0)

    settings = {"learning_rate": Plateau(0.5, patience=0), "n_iter_no_change": 100}
    model = BackpropRegressor(
        **{**SGD_BASE, **settings},
        early_stopping=True,
        scoring=Script([1.0, 2.0, 2.0, 3.0, 3.0, 3.0]),
    )
    model.fit(X, Y)
    assert_allclose(
        model.learning_rate_curve_, [0.05, 0.05, 0.05, 0.025, 0.025, 0.0125]
    )


def test_a_name_takes_the_estimators_tolerance():
    model = BackpropRegressor(**SGD_BASE).set_params(
        learning_rate="plateau", tol=1e9, n_iter_no_change=100, max_iter=8
    )
    # The first epoch counts as progress, since nothing was there before.
    assert_allclose(model.fit(X, Y).learning_rate_curve_[-2:], [0.05, 0.005])


def test_a_stream_of_calls_goes_through_the_schedule_once():
    whole = BackpropRegressor(**SGD_BASE, shuffle=False).set_params(
        learning_rate=Cosine()
    )
    stream = clone(whole)
    whole.fit(X, Y)
    for _ in range(6):
        stream.partial_fit(X, Y)
    assert_allclose(stream.learning_rate_curve_, whole.learning_rate_curve_)
    assert_array_equal(parameters(stream), parameters(whole))
    # Beyond max_iter, the rate stays where the course ends; a new course starts anew.
    stream.partial_fit(X, Y)
    assert_allclose(stream.learning_rate_curve_[-1], 0.0, atol=1e-15)
    stream.set_params(learning_rate=Step(1, 0.5))
    stream.partial_fit(X, Y).partial_fit(X, Y)
    assert_allclose(stream.learning_rate_curve_[-2:], [0.05, 0.025])


def test_a_fit_that_goes_on_starts_the_schedule_anew_and_adds_to_the_curve():
    model = BackpropRegressor(**SGD_BASE, warm_start=True).set_params(
        learning_rate="cosine"
    )
    once = model.fit(X, Y).learning_rate_curve_
    twice = model.fit(X, Y).learning_rate_curve_
    assert_allclose(twice, once * 2)
    assert len(model.loss_curve_) == len(twice) == 12


def test_a_loaded_stream_goes_on_where_it_was():
    model = BackpropRegressor(**SGD_BASE, averaging=EMA(decay=0.9)).set_params(
        learning_rate=Plateau(patience=0, tol=1.0), solver=Adam()
    )
    model.partial_fit(X, Y).partial_fit(X, Y)
    loaded = pickle.loads(pickle.dumps(model))
    for each in (model, loaded):
        each.partial_fit(X, Y).partial_fit(X, Y)
    assert_array_equal(parameters(loaded), parameters(model))
    assert loaded.learning_rate_curve_ == model.learning_rate_curve_


def test_a_class_in_the_slot_is_not_taken_for_a_function():
    with pytest.raises(ValueError, match="Cosine"):
        BackpropRegressor(**BASE, learning_rate=Cosine).fit(X, Y)


def test_a_function_becomes_a_schedule():
    assert FromFunction(abs) == FromFunction(abs) != FromFunction(len)


# ------------------------------------------------------------------------- penalties


@pytest.mark.parametrize("solver", ["lbfgs", "adam", "sgd", "nadam"])
@pytest.mark.parametrize("kind", [BackpropClassifier, BackpropRegressor])
def test_absolute_values_make_weights_exactly_zero(solver, kind):
    y = LABELS if kind is BackpropClassifier else Y
    settings = {"solver": solver, "alpha": 2.0, "max_iter": 200}
    settings["learning_rate_init"] = 0.01
    for penalty, some in [("l1", True), ("elasticnet", True), ("l2", False)]:
        model = kind(**{**BASE, **settings}, penalty=penalty, l1_ratio=0.9).fit(X, y)
        assert (weights(model) == 0).any() == some


def test_a_linear_network_is_the_lasso():
    model = BackpropRegressor(
        hidden_layer_sizes=(),
        solver="lbfgs",
        penalty="l1",
        alpha=8.0,
        max_iter=500,
        tol=1e-9,
    ).fit(X, Y)
    lasso = Lasso(alpha=8.0 / 80, tol=1e-10).fit(X, Y)
    # The driver stops where the loss no longer falls by a billionth.
    assert_allclose(model.coefs_[0].ravel(), lasso.coef_, atol=1e-5)
    assert_array_equal(model.coefs_[0].ravel() == 0, lasso.coef_ == 0)


PENALTIES = [
    ({"penalty": "l2", "alpha": 0.3}, L2(0.3)),
    ({"penalty": "l1", "alpha": 0.3}, L1(0.3)),
    (
        {"penalty": "elasticnet", "alpha": 0.3, "l1_ratio": 0.4},
        ElasticNet(0.3, 0.4),
    ),
    ({"penalty": None, "alpha": 0.3}, L2(0.0)),
]


@pytest.mark.parametrize(("names", "penalty"), PENALTIES, ids=repr)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_name_takes_its_strength_from_the_estimator(names, penalty, solver):
    by_name = BackpropRegressor(**BASE, solver=solver, **names).fit(X, Y)
    by_object = BackpropRegressor(**BASE, solver=solver, penalty=penalty).fit(X, Y)
    assert_array_equal(parameters(by_name), parameters(by_object))
    assert by_name.loss_curve_ == by_object.loss_curve_


@pytest.mark.parametrize("name", Penalty.members())
def test_penalties_count_in_the_loss_of_every_solver(name):
    for solver in ("adam", "lbfgs"):
        settings = {**BASE, "solver": solver, "max_iter": 1, "penalty": name}
        weak, strong = (
            BackpropRegressor(**settings, alpha=alpha, batch_size=80).fit(X, Y)
            for alpha in (0.0, 10.0)
        )
        assert strong.loss_ > weak.loss_


# ---------------------------------------------------------------------------- limits


def test_max_norm_holds_for_every_unit():
    free, held = (
        BackpropRegressor(**SGD_BASE, max_norm=limit).fit(X, Y) for limit in (None, 0.4)
    )
    longest = [
        max(np.linalg.norm(w, axis=0).max() for w in model.coefs_)
        for model in (free, held)
    ]
    assert longest[0] > 0.4 >= longest[1] * (1 - 1e-12)


@pytest.mark.parametrize("limit", ["clip_norm", "clip_value"])
def test_clipping_saves_a_fit_that_would_diverge(limit):
    settings = {**SGD_BASE, "learning_rate_init": 0.3, "max_iter": 60}
    wild = 100 * Y
    wild[::10] *= 100
    with pytest.warns(ConvergenceWarning, match="diverged"):
        BackpropRegressor(**settings).fit(X, wild)
    model = BackpropRegressor(**settings).set_params(**{limit: 1.0}).fit(X, wild)
    assert model.n_iter_ > 1
    assert np.isfinite(parameters(model)).all()


@pytest.mark.parametrize(
    "given",
    [{"max_norm": 1.0}, {"clip_norm": 1.0}, {"clip_value": 1.0}, {"averaging": "ema"}],
    ids=str,
)
def test_what_acts_on_steps_needs_a_solver_that_takes_them(given):
    with pytest.raises(ValueError, match=r"acts on single steps, which LBFGS\(\)"):
        BackpropRegressor(**BASE, solver="lbfgs", **given).fit(X, Y)


@pytest.mark.parametrize("name", ["max_norm", "clip_norm", "clip_value"])
@pytest.mark.parametrize("limit", [0.0, -1.0, "short"])
def test_a_limit_that_is_none_is_refused(name, limit):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        BackpropRegressor(**BASE, **{name: limit}).fit(X, Y)


# -------------------------------------------------------------------------- averages


@pytest.mark.parametrize("name", Averaging.members())
def test_the_average_is_what_predicts(name):
    plain = BackpropRegressor(**SGD_BASE).fit(X, Y)
    model = BackpropRegressor(**SGD_BASE, averaging=name).fit(X, Y)
    assert (parameters(model) != parameters(plain)).any()
    # The way is the same: losses are those of the batches before their steps.
    assert model.loss_curve_ == plain.loss_curve_


def test_the_average_is_what_is_validated_and_stopped_by():
    model = BackpropRegressor(
        **{**SGD_BASE, "max_iter": 30},
        averaging=Mean(),
        early_stopping=True,
        n_iter_no_change=50,
        shuffle=False,
    )
    held_out = rng.normal(size=(30, 4))
    y_held_out = held_out[:, 0] - 0.5 * held_out[:, 1]
    model.fit(X, Y, X_val=held_out, y_val=y_held_out)
    best = model.score(held_out, y_held_out)
    assert_allclose(best, model.best_validation_score_, rtol=1e-9)
    assert_allclose(best, max(model.validation_scores_), rtol=1e-9)


@pytest.mark.parametrize("name", Averaging.members())
def test_a_stream_moves_on_from_what_was_not_averaged(name):
    whole = BackpropRegressor(**SGD_BASE, averaging=name, shuffle=False)
    stream = clone(whole)
    whole.fit(X, Y)
    for _ in range(6):
        stream.partial_fit(X, Y)
    assert_array_equal(parameters(stream), parameters(whole))


def test_weights_given_anew_are_started_from():
    model = BackpropRegressor(**SGD_BASE, averaging="ema", shuffle=False)
    model.partial_fit(X, Y).partial_fit(X, Y)
    for each in (*model.coefs_, *model.intercepts_):
        each[...] = 0.01
    model.set_params(learning_rate_init=1e-9).partial_fit(X, Y)
    # Momentum carries on for a little.
    assert_allclose(parameters(model), 0.01, atol=0.2)
    assert np.abs(parameters(model) - 0.01).max() > 0


# ------------------------------------------------------- beside what no solver moves


@pytest.mark.parametrize("name", STEPWISE)
def test_statistics_are_left_to_their_layers(name):
    model = BackpropRegressor(
        **{**BASE, "max_iter": 30},
        solver=name,
        normalization="batch",
        scaling="standard",
        penalty="l1",
        max_norm=2.0,
        clip_norm=1.0,
        learning_rate_init=RATES.get(name, 0.01),
    ).fit(5 + 2 * X, Y)
    (center,), (spread,) = (model.extra_params_[kind] for kind in ("center", "spread"))
    assert_allclose(center, (5 + 2 * X).mean(axis=0), rtol=1e-9)
    assert_allclose(spread, 2 * X.std(axis=0), rtol=1e-9)
    # Steps would have made a variance negative by now.
    assert (model.extra_params_["variance"][0] > 0).all()
    assert np.isfinite(parameters(model)).all()


def test_an_average_has_the_statistics_of_the_way():
    settings = {**SGD_BASE, "normalization": "batch", "shuffle": False}
    plain = BackpropRegressor(**settings).fit(X, Y)
    averaged = BackpropRegressor(**settings, averaging="ema").fit(X, Y)
    stream = BackpropRegressor(**settings, averaging="ema")
    for _ in range(6):
        stream.partial_fit(X, Y)
    for model in (averaged, stream):
        for kind in ("mean", "variance"):
            for ours, theirs in zip(
                model.extra_params_[kind], plain.extra_params_[kind], strict=True
            ):
                assert_array_equal(ours, theirs)
        assert (parameters(model) != parameters(plain)).any()
    assert_array_equal(parameters(stream), parameters(averaged))


def test_lbfgs_leaves_statistics_alone_with_absolute_values_too():
    model = BackpropRegressor(
        **{**BASE, "max_iter": 200},
        solver="lbfgs",
        scaling="standard",
        penalty="l1",
        alpha=2.0,
    ).fit(5 + X, Y)
    assert (weights(model) == 0).any()
    assert_allclose(model.extra_params_["center"][0], (5 + X).mean(axis=0), rtol=1e-9)
