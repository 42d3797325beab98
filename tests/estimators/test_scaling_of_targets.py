"""Scaling of targets, and statistics that change from call to call."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop.losses import Quantile, RegressionLoss
from skbackprop.training.scaling import Robust, Standard

from ._cases import fit, make_data, ours, parameters, quiet, raw_data

SOLVERS = ["adam", "sgd", "lbfgs"]
X_ONLY = Standard(target=False)


# ---------------------------------------------------------------------------- targets

SHIFTED = [
    name for name, member in RegressionLoss.members().items() if member.location_scale
]
DIVIDED = [
    name for name, member in RegressionLoss.members().items() if member.scale_only
]


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("loss", SHIFTED)
@pytest.mark.parametrize("task", ["regression", "multioutput"])
def test_targets_are_scaled_as_by_a_transformed_target_regressor(task, loss, solver):
    X, y = make_data(task)
    y = 1e5 + 1e3 * y
    params = {"solver": solver, "loss": loss, "max_iter": 4}
    inside = fit(ours(task, scaling="standard", **params), X, y)
    outside = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), ours(task, **params)),
        transformer=StandardScaler(),
    )
    fit(outside, X, y)
    assert_allclose(inside.predict(X), outside.predict(X), rtol=1e-7)


def positive(task, unit=1.0):
    """Return data with targets above zero, of means of about ``unit``."""
    X, y = make_data(task)
    return X, unit * np.exp(0.5 * y)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("loss", DIVIDED)
@pytest.mark.parametrize("scaling", ["standard", "robust"])
@pytest.mark.parametrize("task", ["regression", "multioutput"])
def test_targets_with_a_zero_of_their_own_are_divided_by_their_mean(
    task, scaling, loss, solver
):
    X, y = positive(task, 1e5)
    weight = np.random.RandomState(0).uniform(size=len(y))
    params = {"solver": solver, "loss": loss, "scaling": scaling}
    inside = fit(ours(task, **params), X, y, weight)
    mean = np.average(y, axis=0, weights=weight)
    params["scaling"] = {"standard": Standard, "robust": Robust}[scaling](target=False)
    outside = fit(ours(task, **params), X, y / mean, weight)
    assert_allclose(inside.loss_curve_, outside.loss_curve_, rtol=1e-7)
    assert_allclose(inside.predict(X), outside.predict(X) * mean, rtol=1e-6)


@pytest.mark.parametrize("scaling", ["standard", "robust"])
@pytest.mark.parametrize("loss", DIVIDED)
def test_units_of_counts_and_amounts_do_not_matter(loss, scaling):
    params = {"loss": loss, "scaling": scaling, "max_iter": 30}
    X, y = positive("regression")
    plain = fit(ours("regression", **params), X, y)
    for unit in (1e-6, 1e6):
        model = fit(ours("regression", **params), X, unit * y)
        assert_allclose(model.predict(X), unit * plain.predict(X), rtol=1e-7)


def test_amounts_far_from_one_are_learned():
    X, y = positive("regression", 1e4)
    params = {"loss": "gamma", "max_iter": 300, "learning_rate_init": 0.02}
    with_it = fit(ours("regression", scaling="standard", **params), X, y)
    without = fit(ours("regression", scaling=X_ONLY, **params), X, y)
    assert with_it.score(X, y) > without.score(X, y) + 0.1


def test_counts_that_are_all_zero_are_divided_by_one():
    X, y = make_data("multioutput")
    y = np.column_stack([0 * y[:, 0], np.arange(len(y))])
    model = fit(ours("multioutput", loss="poisson", scaling="standard"), X, y)
    assert_allclose(model._scaling.line[1], [1.0, y[:, 1].mean()])
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("loss", DIVIDED)
def test_counts_and_amounts_are_left_alone_where_only_inputs_are_scaled(loss):
    X, y = positive("regression", 3.0)
    inside = fit(ours("regression", loss=loss, scaling=X_ONLY), X, y)
    assert inside._scaling.targets is None
    outside = make_pipeline(StandardScaler(), ours("regression", loss=loss))
    assert_allclose(inside.predict(X), fit(outside, X, y).predict(X), rtol=1e-7)


@pytest.mark.parametrize("loss", DIVIDED)
def test_divided_targets_stay_float32(loss):
    X, y = positive("regression", 1e5)
    params = {"loss": loss, "scaling": "standard"}
    model = ours("regression", **params).partial_fit(X.astype(np.float32), y)
    model.partial_fit(X.astype(np.float32), 3.0 * y)
    assert parameters(model).dtype == np.float32
    assert model.predict(X.astype(np.float32)).dtype == np.float32
    double = ours("regression", **params).partial_fit(X, y).partial_fit(X, 3.0 * y)
    assert_allclose(model.predict(X.astype(np.float32)), double.predict(X), rtol=1e-3)


def test_several_quantiles_are_scaled_back():
    X, y = raw_data("regression", n_samples=200)
    y = 1e6 + 1e4 * y
    loss = Quantile([0.1, 0.5, 0.9], non_crossing=True)
    model = ours("regression", scaling="standard", loss=loss, max_iter=80)
    predicted = fit(model, X, y).predict(X)
    assert predicted.shape == (200, 3)
    assert (np.diff(predicted, axis=1) >= 0).all()
    coverage = (y[:, np.newaxis] <= predicted).mean(axis=0)
    assert_allclose(coverage, [0.1, 0.5, 0.9], atol=0.15)


def test_a_constant_target_is_predicted():
    X, y = raw_data("regression")
    model = fit(ours("regression", scaling="standard", max_iter=100), X, 0 * y + 5e8)
    assert_allclose(model.predict(X), 5e8)


# ---------------------------------------------------------------- partial_fit and warm


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_a_stream_of_rows_has_the_statistics_of_all_of_them(make, weighted):
    X, y = raw_data("multioutput")
    weight = np.random.RandomState(0).uniform(size=len(X)) if weighted else None
    stream = ours("multioutput", scaling="standard", batch_size="auto")
    for part in np.split(np.arange(len(X)), [1, 10, 40]):
        of_part = None if weight is None else weight[part]
        with quiet():
            stream.partial_fit(make(X[part]), y[part], of_part)
    whole = fit(ours("multioutput", scaling="standard"), make(X), y, weight)
    for kind in ("center", "spread"):
        mine, theirs = stream.extra_params_[kind][0], whole.extra_params_[kind][0]
        assert_allclose(mine, theirs, rtol=1e-12, atol=1e-300)
    mine, theirs = stream._scaling.targets, whole._scaling.targets
    assert_allclose(mine.center, theirs.center, rtol=1e-12)
    assert_allclose(mine.spread, theirs.spread, rtol=1e-12)


def test_a_stream_for_a_classifier_scales_its_inputs():
    X, y = raw_data("multiclass", n_samples=300)
    stream = ours("multiclass", scaling="standard", learning_rate_init=0.02)
    for _ in range(30):
        for part in np.split(np.arange(300), 3):
            stream.partial_fit(X[part], y[part], classes=[0, 1, 2])
    assert stream.score(X, y) > 0.6


@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_predictions_do_not_jump_as_the_scale_of_targets_does(call):
    X, y = make_data("multioutput")
    params = {"scaling": "standard", "warm_start": True, "max_iter": 1}
    model = ours("multioutput", learning_rate_init=1e-9, **params)
    with quiet():
        getattr(model, call)(X, y * 100 + 7)
        before = model.predict(X)
        divisor = model._scaling.targets.divisor
        getattr(model, call)(X, y * 1e6)
    assert (model._scaling.targets.divisor > 100 * divisor).all()
    # A billionth of the rate, in units that are ten thousand times as large.
    assert_allclose(model.predict(X), before, atol=0.1)


def test_several_quantiles_keep_the_first_scale():
    X, y = make_data("regression")
    loss = Quantile([0.2, 0.8], non_crossing=True)
    params = {"loss": loss, "scaling": "standard", "learning_rate_init": 1e-9}
    model = ours("regression", **params).partial_fit(X, y)
    before = model.predict(X)
    assert_allclose(model.partial_fit(X, 1e3 * y).predict(X), before, atol=1e-4)


def test_a_single_quantile_takes_the_present_scale():
    X, y = make_data("regression")
    params = {"scaling": "standard", "learning_rate_init": 1e-300}
    model = ours("regression", loss=Quantile(0.2), **params).partial_fit(X, y)
    before = model.predict(X)
    assert_allclose(model.partial_fit(X, 1e3 * y).predict(X), before, atol=1e-9)
    together = np.concatenate([y, 1e3 * y])
    assert_allclose(model._scaling.targets.divisor, together.std())


def test_the_best_weights_of_a_stream_keep_their_predictions():
    X, y = make_data("regression")
    scores = iter([0.9, *[0.1] * 20])
    model = ours(
        "regression",
        scaling="standard",
        early_stopping=True,
        n_iter_no_change=2,
        scoring=lambda *args: next(scores),
    )
    model.partial_fit(X, y, X_val=X, y_val=y)
    best = model.predict(X)
    for call in range(1, 4):
        model.partial_fit(X, 10.0**call * y, X_val=X, y_val=y)
    assert_allclose(model.predict(X), best, rtol=1e-9)


def test_the_average_of_a_stream_goes_on():
    X, y = make_data("regression")
    params = {"scaling": "standard", "averaging": "mean", "solver": "sgd"}
    model = ours("regression", **params, learning_rate_init=1e-9, batch_size=20)
    for call in (1, 2, 3):
        model.partial_fit(X, 10.0**call * y)
        assert model._progress.state.average.n_steps == 3 * call


def test_given_weights_are_used_as_they_are():
    X, y = make_data("regression")
    params = {"scaling": "standard", "learning_rate_init": 1e-12, "max_iter": 1}
    model = fit(ours("regression", warm_start=True, **params), X, y)
    start = {"coefs_init": model.coefs_, "intercepts_init": model.intercepts_}
    start = {name: [array.copy() for array in arrays] for name, arrays in start.items()}
    cold = fit(ours("regression", **params), X, 50 * y, **start)
    warm = fit(model, X, 50 * y, **start)
    assert_allclose(parameters(warm), parameters(cold))
    assert_allclose(warm.coefs_[-1], start["coefs_init"][-1], atol=1e-9)


@pytest.mark.parametrize("switch", [{"scaling": None}, {"scaling": "robust"}])
def test_warm_start_with_another_scaling(switch):
    X, y = raw_data("regression")
    model = fit(ours("regression", scaling="standard", warm_start=True), X, y)
    before = model.predict(X)
    model.set_params(**switch)
    if switch["scaling"] is None:
        with pytest.raises(ValueError, match="scaling or activation changed"):
            model.fit(X, y)
        assert_array_equal(model.predict(X), before)
    else:
        assert np.isfinite(fit(model, X, y).predict(X)).all()


def test_robust_statistics_need_all_rows_at_once():
    X, y = raw_data("regression")
    model = fit(ours("regression", scaling="robust"), X, y)
    before = model.predict(X)
    with pytest.raises(ValueError, match=r"partial_fit does not support Robust\(\)"):
        model.partial_fit(X, y)
    assert_array_equal(model.predict(X), before)


def test_a_fit_that_fails_leaves_the_model_alone():
    X, y = make_data("regression")
    model = fit(ours("regression", scaling="standard", warm_start=True), X, y)
    before = model.predict(X)

    def fails(X, y, rng):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        model.set_params(augmentation=fails).fit(X, 100 * y)
    assert_array_equal(model.predict(X), before)


def test_early_stopping_scores_in_the_users_units():
    X, y = make_data("multioutput", n_samples=100)
    y = y * [1e4, 1.0, 1e-4] + 7.0
    params = {"scaling": "standard", "early_stopping": True}
    own = fit(ours("multioutput", **params), X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    named = ours("multioutput", scoring="r2", **params)
    fit(named, X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    assert_allclose(own.validation_scores_, named.validation_scores_, rtol=1e-9)
    assert_allclose(own.best_validation_score_, own.score(X[80:], y[80:]), rtol=1e-9)
