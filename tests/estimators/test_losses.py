"""Fits with each loss: kinds of targets, data, weights, stopping, searches, errors."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import d2_pinball_score, make_scorer, mean_pinball_loss, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils import get_tags

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.losses import (
    ClassificationLoss,
    Focal,
    Huber,
    LogLoss,
    Quantile,
    RegressionLoss,
)

from ._cases import copies, fit, parameters, quiet

REGRESSION, CLASSIFICATION = RegressionLoss.members(), ClassificationLoss.members()
MARGINS = ["hinge", "squared_hinge"]
LEVELS = [0.1, 0.5, 0.9]
SMALL = {"hidden_layer_sizes": (6,), "random_state": 0}
FAST = {**SMALL, "solver": "lbfgs", "max_iter": 60, "tol": 1e-3}
STEPS = {**SMALL, "learning_rate_init": 0.02, "batch_size": 16, "max_iter": 30}

RNG = np.random.RandomState(0)
X = RNG.normal(size=(90, 3))
SIGNAL = np.column_stack([X[:, 0] + X[:, 1], X[:, 1] - X[:, 2], X[:, 2]])
MULTICLASS = SIGNAL.argmax(axis=1)
KINDS = {
    "binary": (SIGNAL[:, 0] > 0).astype(int),
    "multiclass": MULTICLASS,
    "multilabel": (SIGNAL > 0).astype(int),
    "outputs": np.column_stack([MULTICLASS, 1 + (SIGNAL[:, 0] > 0)]),
}
REAL = SIGNAL[:, 0] + 0.1 * RNG.normal(size=90)
POSITIVE = np.exp(0.5 * REAL)

every_regression = pytest.mark.parametrize("loss", REGRESSION)
every_classification = pytest.mark.parametrize("loss", CLASSIFICATION)
every_kind = pytest.mark.parametrize("kind", KINDS)


def targets(loss):
    """Return targets in the range of a regression loss."""
    return POSITIVE if REGRESSION[loss].positive_only else REAL


def classifier(loss, **settings):
    return BackpropClassifier(loss=loss, **(FAST | settings))


def regressor(loss, **settings):
    return BackpropRegressor(loss=loss, **(FAST | settings))


def as_list(answer):
    return answer if isinstance(answer, list) else [answer]


# ----------------------------------------------------------------------- what is learnt


@every_classification
@every_kind
def test_every_loss_learns_every_kind_of_classes(loss, kind):
    y = KINDS[kind]
    model = fit(classifier(loss), X, y)
    assert model.score(X, y) > 0.9
    assert np.isfinite(model.loss_curve_).all()
    assert model.predict(X).shape == y.shape
    assert model.loss_curve_[-1] < model.loss_curve_[0]


@every_classification
@every_kind
def test_predictions_are_read_off_the_scores(loss, kind):
    model = fit(classifier(loss, max_iter=5), X, KINDS[kind])
    predicted = model.predict(X)
    decisions = as_list(model.decision_function(X))
    if kind in ("binary", "multilabel"):
        assert_array_equal(predicted, decisions[0] > 0)
        return
    columns = np.atleast_2d(predicted.T)
    for column, labels, scores in zip(
        columns, as_list(model.classes_), decisions, strict=True
    ):
        assert_array_equal(column, labels[scores.argmax(axis=1)])


@every_regression
def test_every_loss_learns_numbers(loss):
    y = targets(loss)
    model = fit(regressor(loss), X, y)
    assert model.score(X, y) > (0.8 if loss == "quantile" else 0.9)
    assert model.predict(X).shape == (90,)
    judge = d2_pinball_score if loss == "quantile" else r2_score
    assert_allclose(model.score(X, y), judge(y, model.predict(X)))


@every_regression
def test_several_numbers_are_learnt_together(loss):
    y = np.column_stack([targets(loss), targets(loss)[::-1]])
    model = fit(regressor(loss), X, y)
    assert model.predict(X).shape == y.shape
    assert model.n_outputs_ == 2
    assert model.score(X, y) > 0.3


def test_a_textbook_step_on_the_squared_error_of_a_probability():
    model = classifier(
        "squared_error",
        hidden_layer_sizes=2,
        activation="logistic",
        solver="sgd",
        momentum=0.0,
        learning_rate_init=0.9,
        alpha=0.0,
        max_iter=1,
    )
    # One row of the second class; that of the first has no weight.
    fit(
        model,
        [[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]],
        [1, 0],
        sample_weight=[1.0, 0.0],
        coefs_init=[[[0.2, -0.3], [0.4, 0.1], [-0.5, 0.2]], [[-0.3], [-0.2]]],
        intercepts_init=[[-0.4, 0.2], [0.1]],
    )
    printed = {"rtol": 0, "atol": 5.1e-4}
    assert_allclose(
        model.coefs_[0], [[0.192, -0.306], [0.4, 0.1], [-0.508, 0.194]], **printed
    )
    assert_allclose(model.coefs_[1], [[-0.261], [-0.138]], **printed)
    assert_allclose(model.intercepts_[0], [-0.408, 0.194], **printed)
    assert_allclose(model.intercepts_[1], [0.218], **printed)


def test_an_outlier_pulls_the_squared_error_most():
    y = REAL.copy()
    y[:5] += 100.0
    rest = slice(5, None)
    errors = {
        loss: np.abs(fit(regressor(loss, alpha=1.0), X, y).predict(X) - REAL)[
            rest
        ].mean()
        for loss in ("squared_error", "absolute_error", "huber", "log_cosh", "quantile")
    }
    assert all(
        errors[loss] < 0.3 * errors["squared_error"] for loss in list(errors)[1:]
    )


# ------------------------------------------------------------------------- what it eats

CASES = [
    *((classifier, loss, KINDS["multiclass"]) for loss in CLASSIFICATION),
    *((classifier, loss, KINDS["binary"]) for loss in CLASSIFICATION),
    *((regressor, loss, targets(loss)) for loss in REGRESSION),
    (regressor, Quantile(LEVELS, non_crossing=True), REAL),
    (classifier, LogLoss(0.1), KINDS["multiclass"]),
]
every_case = pytest.mark.parametrize(("make", "loss", "y"), CASES)


@every_case
def test_single_precision_stays(make, loss, y):
    model = fit(make(loss, max_iter=5), X.astype(np.float32), y)
    assert {array.dtype for array in model.coefs_} == {np.dtype(np.float32)}
    double = fit(make(loss, max_iter=5), X, y)
    assert_allclose(model.loss_curve_[0], double.loss_curve_[0], rtol=1e-4)


@every_case
def test_sparse_inputs_give_the_same_model(make, loss, y):
    zeros = np.where(np.abs(X) < 0.5, 0.0, X)
    dense = fit(make(loss, max_iter=4), zeros, y)
    model = fit(make(loss, max_iter=4), sparse.csr_matrix(zeros), y)
    assert_allclose(parameters(model), parameters(dense), rtol=1e-5, atol=1e-7)


@every_case
def test_a_weight_is_a_repetition(make, loss, y):
    counts = np.random.RandomState(1).randint(3, size=len(y))
    weighted = fit(make(loss, max_iter=4), X, y, sample_weight=counts)
    again = np.repeat(np.arange(len(y)), counts)
    repeated = fit(make(loss, max_iter=4), X[again], y[again])
    assert_allclose(parameters(weighted), parameters(repeated), rtol=1e-5, atol=1e-7)


@every_classification
@every_kind
def test_class_weights_multiply_those_of_rows(loss, kind):
    y = KINDS[kind]
    if kind == "outputs":
        weights = [{0: 1, 1: 2, 2: 3}, {1: 1, 2: 2}]
        each = np.array([1, 2, 3])[y[:, 0]] * np.array([1, 2])[y[:, 1] - 1]
    elif kind == "multilabel":
        weights, each = None, np.ones(len(y))
    else:
        weights = {0: 1, 1: 2, 2: 3} if kind == "multiclass" else {0: 1, 1: 2}
        each = y + 1.0
    by_class = fit(classifier(loss, class_weight=weights, max_iter=4), X, y)
    by_row = fit(classifier(loss, max_iter=4), X, y, sample_weight=each)
    assert_allclose(parameters(by_class), parameters(by_row), rtol=1e-6, atol=1e-9)


@every_case
def test_steps_over_batches_stop_early_and_go_on(make, loss, y):
    model = make(loss, **STEPS, solver="adam", early_stopping=True)
    fit(model, X, y)
    assert len(model.validation_scores_) == model.n_iter_
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert np.isfinite(model.validation_scores_).all()
    given = make(loss, **STEPS, solver="adam", early_stopping=True)
    fit(given, X, y, X_val=X, y_val=y)
    # The best weights are put back, and are scored as the estimator itself scores.
    assert_allclose(given.score(X, y), given.best_validation_score_)


@every_case
def test_a_stream_of_rows_is_learnt(make, loss, y):
    model = make(loss, **STEPS, solver="adam")
    more = {"classes": np.unique(y)} if make is classifier else {}
    for _ in range(3):
        model.partial_fit(X, y, **more)
    before = copies(model.coefs_)
    model.partial_fit(X, y)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    assert not np.array_equal(before[0], model.coefs_[0])


# ------------------------------------------------------------------------ probabilities


@every_classification
def test_probabilities_are_there_where_the_loss_estimates_them(loss):
    for model in (classifier(loss), classifier(CLASSIFICATION[loss]())):
        for method in ("predict_proba", "predict_log_proba"):
            assert hasattr(model, method) == (loss not in MARGINS)
        assert hasattr(model, "decision_function")


@pytest.mark.parametrize("loss", MARGINS)
def test_who_asks_for_the_probabilities_of_margins_is_told_of_losses(loss):
    model = fit(classifier(loss, max_iter=2), X, KINDS["binary"])
    for method in ("predict_proba", "predict_log_proba"):
        with pytest.raises(AttributeError) as info:
            getattr(model, method)
        message = str(info.value)
        for part in (loss, "decision_function", "'focal', 'log_loss', 'squared_error'"):
            assert part in message


def test_a_name_that_is_no_loss_is_left_to_validation():
    assert hasattr(BackpropClassifier(loss="hnge"), "predict_proba")
    with pytest.raises(ValueError, match="'loss' parameter"):
        BackpropClassifier(loss="hnge").fit(X, KINDS["binary"])


@pytest.mark.parametrize("loss", [n for n in CLASSIFICATION if n not in MARGINS])
@every_kind
def test_probabilities_are_the_link_of_the_scores(loss, kind):
    model = fit(classifier(loss, max_iter=5), X, KINDS[kind])
    for answer, raw in zip(
        as_list(model.predict_proba(X)),
        as_list(model.decision_function(X)),
        strict=True,
    ):
        if kind in ("binary", "multilabel"):
            expected = 1 / (1 + np.exp(-raw))
            assert_allclose(answer[:, 1] if kind == "binary" else answer, expected)
        else:
            shares = np.exp(raw - raw.max(axis=1, keepdims=True))
            assert_allclose(answer, shares / shares.sum(axis=1, keepdims=True))
    logs = as_list(model.predict_log_proba(X))
    assert_allclose(np.exp(logs[0]), as_list(model.predict_proba(X))[0])


@pytest.mark.parametrize("loss", MARGINS)
def test_margins_can_be_ranked(loss):
    model = classifier(loss, max_iter=20)
    with quiet():
        scores = cross_val_score(model, X, KINDS["binary"], scoring="roc_auc", cv=3)
    assert scores.min() > 0.9


@every_classification
def test_a_single_class_is_predicted(loss):
    model = fit(classifier(loss), X, np.full(90, 7))
    assert_array_equal(model.predict(X), 7)


# -------------------------------------------------------------------- several quantiles


@pytest.fixture(scope="module")
def noisy():
    rng = np.random.RandomState(0)
    inputs = rng.uniform(-1, 1, size=(400, 1))
    return inputs, inputs[:, 0] + rng.normal(scale=1.2 + inputs[:, 0], size=400)


@pytest.mark.parametrize("non_crossing", [False, True])
def test_several_quantiles_are_columns_with_their_share_below(noisy, non_crossing):
    inputs, y = noisy
    model = regressor(Quantile(LEVELS, non_crossing), max_iter=300, tol=1e-5)
    predicted = fit(model, inputs, y).predict(inputs)
    assert predicted.shape == (400, 3)
    assert model.n_outputs_ == 3
    assert [coef.shape for coef in model.coefs_] == [(1, 6), (6, 3)]
    assert_allclose((y[:, np.newaxis] <= predicted).mean(axis=0), LEVELS, atol=0.05)
    if non_crossing:
        assert (np.diff(predicted, axis=1) >= 0).all()


def test_one_level_in_a_list_is_one_level(noisy):
    alone = fit(regressor(Quantile(0.7), max_iter=10), *noisy)
    listed = fit(regressor(Quantile([0.7]), max_iter=10), *noisy)
    assert_array_equal(alone.predict(noisy[0]), listed.predict(noisy[0]))


@pytest.mark.parametrize("weight", [None, np.arange(400.0)])
def test_several_quantiles_are_scored_by_their_d2(noisy, weight):
    inputs, y = noisy
    model = fit(regressor(Quantile(LEVELS), max_iter=20), inputs, y)
    expected = [
        d2_pinball_score(y, column, sample_weight=weight, alpha=level)
        for level, column in zip(LEVELS, model.predict(inputs).T, strict=True)
    ]
    assert_allclose(model.score(inputs, y, weight), np.mean(expected))


@pytest.mark.parametrize("weight", [None, np.arange(90.0)])
@pytest.mark.parametrize("y", [REAL, SIGNAL], ids=["one target", "three"])
def test_a_single_quantile_is_scored_by_its_d2(y, weight):
    model = fit(regressor(Quantile(0.9), max_iter=20), X, y)
    expected = d2_pinball_score(y, model.predict(X), sample_weight=weight, alpha=0.9)
    assert_allclose(model.score(X, y, weight), expected)


@pytest.mark.parametrize("scaling", [None, "standard"])
def test_early_stopping_of_a_quantile_goes_by_its_d2(noisy, scaling):
    inputs, y = noisy
    settings = {**STEPS, "solver": "adam", "scaling": scaling}
    model = regressor(Quantile(0.9), **settings, early_stopping=True)
    fit(model, inputs[:300], y[:300], X_val=inputs[300:], y_val=y[300:])
    expected = d2_pinball_score(y[300:], model.predict(inputs[300:]), alpha=0.9)
    assert_allclose(model.best_validation_score_, expected)
    # R2 of a high quantile is low: it goes past most of the targets.
    assert r2_score(y[300:], model.predict(inputs[300:])) < expected - 0.1


def test_a_search_takes_the_best_quantile_not_the_best_mean(noisy):
    inputs, y = noisy
    # The stronger the penalty, the nearer to a constant.
    grid = {"alpha": [1e-4, 10.0], "hidden_layer_sizes": [(), (6,)]}
    search = GridSearchCV(regressor(Quantile(0.9), max_iter=200), grid, cv=3)
    fit(search, inputs, y)
    scorer = make_scorer(mean_pinball_loss, alpha=0.9, greater_is_better=False)
    own = GridSearchCV(search.estimator, grid, cv=3, scoring=scorer)
    assert search.best_params_ == fit(own, inputs, y).best_params_


def test_the_reported_loss_of_several_quantiles_is_their_mean(noisy):
    inputs, y = noisy
    settings = {"solver": "adam", "batch_size": 400, "alpha": 0.0, "max_iter": 1}
    model = fit(regressor(Quantile(LEVELS), **settings, warm_start=True), inputs, y)
    before = model.predict(inputs)
    fit(model, inputs, y)
    each = [
        mean_pinball_loss(y, column, alpha=level)
        for level, column in zip(LEVELS, before.T, strict=True)
    ]
    assert_allclose(model.loss_curve_[-1], np.mean(each))


def test_several_quantiles_of_several_targets_are_refused():
    with pytest.raises(ValueError, match="predicts a single target, but y has 2 col"):
        regressor(Quantile(LEVELS)).fit(X, np.column_stack([REAL, REAL]))


@pytest.mark.parametrize("levels", [[0.9, 0.1], [0.1, 1.5], []])
def test_bad_levels_are_refused(levels):
    with pytest.raises(ValueError, match=r"strictly between 0 and 1.*got quantile="):
        regressor(Quantile(levels)).fit(X, REAL)


def test_other_levels_do_not_go_on_with_a_fit():
    model = fit(regressor(Quantile(LEVELS), max_iter=2, warm_start=True), X, REAL)
    model.set_params(loss__quantile=[0.2, 0.8])
    with pytest.raises(ValueError, match="number of outputs changed from 3 to 2"):
        model.fit(X, REAL)


# ----------------------------------------------------------------------------- the slot


def test_losses_and_their_settings_are_searched():
    grid = [
        {"loss": ["squared_error", "log_cosh"]},
        {"loss": [Huber()], "loss__delta": [0.1, 1.0]},
        {"loss": [Quantile()], "loss__quantile": [0.5]},
    ]
    search = GridSearchCV(regressor("squared_error", max_iter=15), grid, cv=2)
    fit(search, X, REAL)
    assert len(search.cv_results_["params"]) == 5
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_settings_of_classifiers_are_searched():
    grid = [
        {"loss": list(CLASSIFICATION)},
        {"loss": [Focal()], "loss__gamma": [0.5, 2.0]},
        {"loss": [LogLoss()], "loss__label_smoothing": [0.0, 0.2]},
    ]
    search = GridSearchCV(classifier("log_loss", max_iter=15), grid, cv=2)
    fit(search, X, KINDS["multiclass"])
    assert (search.cv_results_["mean_test_score"] > 0.6).all()


def test_a_search_may_go_by_the_pinball_loss():
    scorer = make_scorer(mean_pinball_loss, alpha=0.9, greater_is_better=False)
    model = regressor(Quantile(0.9), max_iter=20)
    with quiet():
        scores = cross_val_score(model, X, REAL, scoring=scorer)
    assert (scores < 0).all()


def test_label_smoothing_makes_less_sure():
    surest = [
        fit(classifier(LogLoss(share), max_iter=200), X, MULTICLASS)
        .predict_proba(X)
        .max(axis=1)
        .mean()
        for share in (0.0, 0.2)
    ]
    assert surest[1] < surest[0] - 0.05


def test_the_loss_is_left_alone_and_clones():
    loss = Quantile(LEVELS, non_crossing=True)
    model = fit(regressor(loss, max_iter=2), X, REAL)
    assert model.loss is loss
    assert model.out_activation_ == "cumulative_softplus"
    assert clone(model).loss == loss


@every_regression
def test_tags_tell_the_range_of_targets(loss):
    for given in (loss, REGRESSION[loss]()):
        tags = get_tags(BackpropRegressor(loss=given))
        assert tags.target_tags.positive_only == (loss in ("poisson", "gamma"))


@pytest.mark.parametrize(
    ("loss", "low", "needs"), [("poisson", -1.0, ">= 0"), ("gamma", 0.0, "> 0")]
)
def test_targets_out_of_range_are_refused(loss, low, needs):
    wrong = POSITIVE.copy()
    wrong[3] = low
    message = rf"loss='{loss}' requires y {needs}, got a minimum of {low:g}\. Use loss="
    with pytest.raises(ValueError, match=message):
        regressor(loss).fit(X, wrong)
    with pytest.raises(ValueError, match=message):
        regressor(loss, early_stopping=True).fit(X, POSITIVE, X_val=X, y_val=wrong)
    with pytest.raises(ValueError, match=message):
        regressor(loss, solver="adam").partial_fit(X, wrong)
