"""Going on at another scale: predictions stay what they were."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.layers import BatchNorm

from ._cases import fit, make_data, ours, quiet, raw_data

# Steps too small to show.
STILL = {"learning_rate_init": 1e-300, "max_iter": 1, "warm_start": True}
EXACT = {"rtol": 1e-10, "atol": 1e-12}
CALLS = ["fit", "partial_fit"]


def moved(X):
    """The features elsewhere, each at another scale."""
    return X * [3.0, 0.2, 10.0, 1.0] + [5.0, -300.0, 0.1, 0.0] * X.std(axis=0)


def learned(task, **params):
    """A model that was trained for a while, its data, and rows of other features."""
    X, y = raw_data(task)
    model = fit(ours(task, scaling="standard", max_iter=20, **params), X, y)
    return model.set_params(**STILL), X, y, moved(X)


def raw(model, X):
    """What a model says of rows, as numbers."""
    scores = getattr(model, "decision_function", None)
    return scores(X) if scores else model.predict(X)


# ----------------------------------------------------------------------------- inputs


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (6, 5)},
        {"input_dropout": 0.3},
        {"dropconnect": 0.3},
        {"normalization": "layer"},
        {"normalization": BatchNorm(momentum=1e-15)},
    ],
    ids=str,
)
@pytest.mark.parametrize("task", ["multioutput", "multiclass"])
def test_predictions_do_not_jump_as_the_scale_of_inputs_does(task, params, call):
    model, X, y, elsewhere = learned(task, **params)
    before, spread = raw(model, X), model.extra_params_["spread"][0].copy()
    with quiet():
        getattr(model, call)(elsewhere, y)
    assert (np.abs(model.extra_params_["spread"][0] / spread - 1.0) > 0.2).sum() > 2
    assert_allclose(raw(model, X), before, **EXACT)


@pytest.mark.parametrize("scaling", ["standard", "robust"])
def test_a_warm_start_may_change_how_it_scales(scaling):
    model, X, y, elsewhere = learned("regression")
    before = model.predict(X)
    fit(model.set_params(scaling=scaling), elsewhere, y)
    assert_allclose(model.predict(X), before, **EXACT)


def test_inputs_and_targets_may_move_at_once():
    model, X, y, elsewhere = learned("multioutput")
    before = model.predict(X)
    model.partial_fit(elsewhere, 1e3 * y + 50.0)
    assert_allclose(model.predict(X), before, rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("call", CALLS)
def test_sparse_inputs_do_not_jump_either(call):
    X, y = raw_data("multiclass")
    X = sparse.csr_array(np.maximum(X, X.mean(axis=0)) - X.mean(axis=0))
    model = fit(ours("multiclass", scaling="standard", max_iter=20), X, y)
    before = raw(model.set_params(**STILL), X)
    with quiet():
        getattr(model, call)(X * np.array([[3.0, 0.2, 10.0, 1.0]]), y)
    assert_allclose(raw(model, X), before, **EXACT)


def test_a_fit_of_sparse_rows_goes_on_from_one_of_dense_rows():
    model, X, y, elsewhere = learned("multiclass")
    before = raw(model, X)
    fit(model, sparse.csr_array(elsewhere), y)
    assert not model.extra_params_["center"][0].any()
    assert_allclose(raw(model, X), before, **EXACT)


def test_float32_stays_float32_and_jumps_by_its_rounding_alone():
    X, y = raw_data("multioutput")
    X = X.astype(np.float32)
    model = fit(ours("multioutput", scaling="standard", max_iter=20), X, y)
    before = model.set_params(**STILL).predict(X)
    model.partial_fit(moved(X).astype(np.float32), y)
    assert model.coefs_[0].dtype == model.intercepts_[0].dtype == np.float32
    assert_allclose(model.predict(X), before, rtol=1e-3, atol=1e-3)


def test_the_same_rows_again_leave_the_first_layer_bit_for_bit():
    model, X, y, _ = learned("regression")
    weight, bias = model.coefs_[0].copy(), model.intercepts_[0].copy()
    fit(model, X, y)
    assert_array_equal(model.coefs_[0], weight)
    assert_array_equal(model.intercepts_[0], bias)


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_weights_of_what_was_constant_are_kept_for_its_scale_to_come(make):
    X, y = make_data("regression")
    X = X * (np.arange(4) != 2)
    model = ours("regression", scaling="standard", **STILL).partial_fit(make(X), y)
    before, start = model.predict(X), model.coefs_[0].copy()
    wide = X + 1e6 * np.arange(len(X))[:, np.newaxis] * (np.arange(4) == 2)
    model.partial_fit(make(wide), y)
    assert model.extra_params_["spread"][0][2] > 1e6
    assert_array_equal(model.coefs_[0][2], start[2])
    if make is sparse.csr_array:
        # Its zeros are zeros still.
        assert_allclose(model.predict(X), before, **EXACT)
    else:
        center = model.extra_params_["center"][0][2]
        as_center = X + center * (np.arange(4) == 2)
        assert_allclose(model.predict(as_center), before, **EXACT)


def test_what_is_constant_in_sparse_rows_has_learned_if_it_is_not_zero():
    X, y = make_data("regression")
    X = np.where(np.arange(4) == 2, 3.0, X)
    model = ours("regression", scaling="standard", max_iter=20)
    before = fit(model, sparse.csr_array(X), y).set_params(**STILL).predict(X)
    model.partial_fit(sparse.csr_array(2.0 * X), y)
    assert_allclose(model.predict(X), before, **EXACT)


def test_given_weights_are_for_the_scale_of_the_rows_they_come_with():
    model, _, y, elsewhere = learned("regression")
    start = [a.copy() for a in model.coefs_], [a.copy() for a in model.intercepts_]
    fit(model, elsewhere, y, coefs_init=start[0], intercepts_init=start[1])
    for found, given in zip((model.coefs_, model.intercepts_), start, strict=True):
        for array, old in zip(found, given, strict=True):
            assert_array_equal(array, old)


@pytest.mark.parametrize("kind", [BackpropClassifier, BackpropRegressor])
def test_zeros_that_are_held_stay_zero(kind):
    X, y = raw_data("binary")
    settings = {"hidden_layer_sizes": (5,), "random_state": 0, "max_iter": 5}
    model = fit(kind(scaling="standard", **settings), X, y)
    rng = np.random.default_rng(0)
    model.masks_ = [rng.random(coef.shape) < 0.5 for coef in model.coefs_]
    model.intercept_masks_ = [np.arange(len(b)) % 2 == 1 for b in model.intercepts_]
    model.set_params(warm_start=True, averaging="ema")
    with quiet():
        for call in (model.fit, model.partial_fit, model.partial_fit):
            X, y = moved(X), 2.0 * y if kind is BackpropRegressor else y
            call(X, y)
            arrays = model.coefs_ + model.intercepts_
            masks = model.masks_ + model.intercept_masks_
            assert all((a[~m] == 0.0).all() for a, m in zip(arrays, masks, strict=True))
            assert model.coefs_[0].any()


# ------------------------------------------------------- what a stream of calls keeps


def test_the_best_weights_of_a_stream_keep_their_predictions():
    X, y = raw_data("regression")
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
        model.partial_fit(X * 3.0**call, y, X_val=X, y_val=y)
    assert model.stopped_by_ == "early_stopping"
    assert_allclose(model.predict(X), best, **EXACT)
    # They are at the present scale, so that the next call can go on.
    spread = model._scaling.inputs.spread
    assert_allclose(model.extra_params_["spread"][0], spread)
    model.set_params(**STILL, early_stopping=False, scoring=None).partial_fit(9 * X, y)
    assert_allclose(model.predict(X), best, **EXACT)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("averaging", ["ema", "mean"])
def test_the_average_of_a_stream_goes_on(averaging, dtype):
    X, y = raw_data("multioutput")
    params = {"scaling": "standard", "averaging": averaging, "batch_size": 20}
    model = ours("multioutput", hidden_layer_sizes=(7,), **params)
    for call in range(1, 6):
        model.partial_fit((X * 2.0**call + call).astype(dtype), y)
        # Started afresh, it would count from one.
        assert model._progress.state.average.n_steps == 3 * call


# -------------------------------------------------------------------- divided targets


@pytest.mark.parametrize(
    ("scaling", "call"),
    # Robust statistics need all rows at once.
    [("standard", "fit"), ("standard", "partial_fit"), ("robust", "fit")],
)
@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_predictions_do_not_jump_as_the_mean_of_targets_does(loss, scaling, call):
    X, y = make_data("multioutput")
    y = np.exp(y) * [1e-3, 1.0, 1e3]
    model = fit(ours("multioutput", loss=loss, scaling=scaling), X, y)
    before = model.set_params(**STILL).predict(X)
    with quiet():
        getattr(model, call)(X, y * [50.0, 0.01, 1e6])
    assert_allclose(model._scaling.line[1][2] / y[:, 2].mean(), 1e6, rtol=0.6)
    assert_allclose(model.predict(X), before, rtol=1e-10)


def test_the_mean_of_a_stream_is_that_of_all_its_rows():
    X, y = make_data("poisson")
    weight = np.random.RandomState(0).uniform(size=len(y))
    stream = ours("poisson", scaling="standard", batch_size="auto")
    # The first counts are zeros.
    order = np.argsort(y)
    for part in np.split(order, [5, 10, 40]):
        stream.partial_fit(X[part], y[part], weight[part])
    assert_allclose(stream._scaling.line[1], np.average(y, weights=weight))
    assert np.isfinite(stream.predict(X)).all()


def test_the_first_counts_of_a_stream_may_all_be_zero():
    X, y = make_data("poisson")
    model = ours("poisson", scaling="standard", **STILL).partial_fit(X, 0 * y)
    before = model.predict(X)
    assert_allclose(model.partial_fit(X, y).predict(X), before, rtol=1e-10)
    assert_allclose(model._scaling.line[1], 0.5 * y.mean())


def test_a_change_of_link_leaves_the_last_layer_alone():
    X, y = make_data("poisson")
    model = ours("poisson", scaling="standard", **STILL)
    fit(model.set_params(loss="squared_error"), X, 100.0 + y)
    weight, bias = model.coefs_[-1].copy(), model.intercepts_[-1].copy()
    fit(model.set_params(loss="poisson"), X, 100.0 + y)
    assert_array_equal(model.coefs_[-1], weight)
    assert_array_equal(model.intercepts_[-1], bias)
    assert np.isfinite(model.predict(X)).all()
