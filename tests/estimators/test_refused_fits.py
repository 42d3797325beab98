"""What a fit that is refused, raises or is interrupted leaves behind."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skbackprop import BackpropClassifier, BackpropRegressor

ROWS = np.random.default_rng(0).standard_normal((60, 4))
LABELS = (ROWS[:, 0] > 0).astype(int)
SMALL = {"hidden_layer_sizes": (5,), "random_state": 0, "max_iter": 3}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_a_refused_refit_leaves_no_mixture_of_old_and_new():
    model = BackpropClassifier(**SMALL).fit(ROWS, LABELS)
    with pytest.raises(ValueError, match="test_size"):
        model.set_params(early_stopping=True).fit(ROWS[:5], list("ababa"))
    with pytest.raises(NotFittedError):
        model.predict(ROWS)


def test_an_error_in_training_publishes_nothing():
    def fails(estimator, X, y):
        raise OSError("no metric today")

    model = BackpropClassifier(**SMALL, early_stopping=True, scoring=fails)
    with pytest.raises(OSError, match="no metric today"):
        model.fit(ROWS, LABELS)
    with pytest.raises(NotFittedError):
        model.predict(ROWS)


def test_an_error_in_a_warm_start_leaves_the_earlier_model():
    model = BackpropClassifier(**SMALL, warm_start=True).fit(ROWS, LABELS)
    before, curve = model.predict_proba(ROWS), list(model.loss_curve_)

    def fails(estimator, X, y):
        raise OSError("no metric today")

    with pytest.raises(OSError, match="no metric today"):
        model.set_params(early_stopping=True, scoring=fails).fit(ROWS, LABELS)
    np.testing.assert_array_equal(model.predict_proba(ROWS), before)
    assert model.loss_curve_ == curve


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_an_error_leaves_the_loss_that_the_earlier_weights_belong_to(method):
    model = BackpropRegressor(**SMALL, warm_start=True).fit(ROWS, LABELS)
    before = model.predict(ROWS)

    def fails(X, y, rng):
        raise OSError("no more rows today")

    model.set_params(loss="poisson", augmentation=fails)
    with pytest.raises(OSError, match="no more rows today"):
        getattr(model, method)(ROWS, LABELS)
    np.testing.assert_array_equal(model.predict(ROWS), before)
    assert model.out_activation_ == "identity"


def test_an_interrupt_while_judging_leaves_curves_of_equal_length():
    calls = []

    def interrupts(estimator, X, y):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return 0.5

    model = BackpropClassifier(**SMALL, early_stopping=True, scoring=interrupts)
    with pytest.raises(KeyboardInterrupt):
        model.fit(ROWS, LABELS)
    assert len(model.loss_curve_) == len(model.validation_scores_) == 2
    assert model.predict(ROWS).shape == (60,)


@pytest.mark.parametrize("part", ["training", "validation"])
def test_rows_without_any_weight_are_refused(part):
    model = BackpropClassifier(**SMALL, early_stopping=True)
    weight = {"training": (np.zeros(60), np.ones(60)), "validation": (None, None)}[part]
    given = {"sample_weight": weight[0], "X_val": ROWS, "y_val": LABELS}
    given["sample_weight_val"] = np.zeros(60) if part == "validation" else weight[1]
    with pytest.raises(ValueError, match="at least one non-zero"):
        model.fit(ROWS, LABELS, **given)


def test_a_stream_of_one_class_of_weight_zero_is_refused():
    model = BackpropClassifier(**SMALL, class_weight={0: 0.0, 1: 1.0})
    with pytest.raises(ValueError, match="at least one non-zero"):
        model.partial_fit(ROWS, np.zeros(60, int), classes=[0, 1])


@pytest.mark.parametrize("y", [LABELS, np.column_stack([LABELS, 0 * LABELS])])
def test_class_weights_may_name_classes_that_are_not_there_yet(y):
    if y.ndim == 1:
        model = BackpropClassifier(**SMALL, class_weight={2: 5.0})
        model.partial_fit(ROWS, y, classes=[0, 1, 2])
    else:
        model = BackpropClassifier(**SMALL, class_weight={1: 2.0}).fit(ROWS, y)
    assert np.isfinite(model.loss_)


def test_moments_that_overflow_are_a_divergence():
    X, y = ROWS.astype(np.float32), ROWS[:, 0].astype(np.float32)
    model = BackpropRegressor(**SMALL)
    with pytest.warns(UserWarning, match="diverged"):
        model.partial_fit(X * np.float32(1e13), y * np.float32(1e13))
    start = model.coefs_[0].copy()
    model.partial_fit(X, y)
    assert not np.array_equal(model.coefs_[0], start)


def test_a_numpy_number_in_a_schedule_keeps_float32_steps():
    X, y = ROWS.astype(np.float32), ROWS[:, 0].astype(np.float32)
    given = {"solver": "sgd", "learning_rate": "invscaling", "batch_size": 20}
    fits = [
        BackpropRegressor(**SMALL, **given, power_t=power).fit(X, y)
        for power in (0.3, np.float64(0.3))
    ]
    np.testing.assert_array_equal(fits[0].coefs_[0], fits[1].coefs_[0])


def test_another_scoring_starts_to_look_for_the_best_anew():
    model = BackpropClassifier(**SMALL, early_stopping=True, n_iter_no_change=2)
    given = {"classes": [0, 1], "X_val": ROWS, "y_val": LABELS}
    model.partial_fit(ROWS, LABELS, **given)
    model.set_params(scoring="loss").partial_fit(ROWS, LABELS, **given)
    assert model.best_validation_score_ == -model.validation_loss_curve_[-1]


def test_scores_that_are_never_a_number_are_told_of():
    model = BackpropClassifier(
        **SMALL, early_stopping=True, scoring=lambda estimator, X, y: np.nan
    )
    with pytest.warns(UserWarning, match="No validation score was a number"):
        model.fit(ROWS, LABELS)


def test_weights_that_do_not_fit_the_network_are_named_at_prediction():
    model = BackpropClassifier(**SMALL).fit(ROWS, LABELS)
    model.coefs_ = model.coefs_[:1]
    with pytest.raises(ValueError, match="2 arrays of kind 'weight', got 1"):
        model.predict(ROWS)


def test_one_row_of_validation_data_has_no_r2():
    model = BackpropRegressor(**SMALL, early_stopping=True)
    given = {"X_val": ROWS[:1], "y_val": ROWS[:1, 0]}
    with pytest.warns(UserWarning, match="No validation score was a number"):
        model.fit(ROWS, ROWS[:, 0], **given)
    assert model.set_params(scoring="loss").fit(ROWS, ROWS[:, 0], **given).n_iter_ > 0
