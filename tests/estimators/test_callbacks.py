"""scikit-learn's callbacks: what they are told, what they are handed, how they stop."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.callback import CallbackSupportMixin, FitCallback
from sklearn.model_selection import GridSearchCV

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
N_EPOCHS = 6
SMALL = {
    "hidden_layer_sizes": (6,),
    "learning_rate_init": 0.05,
    "max_iter": N_EPOCHS,
    "random_state": 0,
    "tol": 0,
}
CONFIGURATIONS = {
    "adam": BackpropClassifier(**SMALL),
    "sgd": BackpropClassifier(**SMALL, solver="sgd", batch_size=10),
    "lbfgs": BackpropClassifier(**SMALL, solver="lbfgs"),
    "adam regressor": BackpropRegressor(**SMALL),
    "lbfgs regressor": BackpropRegressor(**SMALL, solver="lbfgs"),
    # Last: it hands out its best epoch, not its last one.
    "early stopping": BackpropClassifier(**SMALL, early_stopping=True),
}


@pytest.fixture(params=CONFIGURATIONS)
def estimator(request):
    return clone(CONFIGURATIONS[request.param])


class Recorder:
    """Keeps all that happens; acts at the end of one epoch, if asked to."""

    def __init__(self, at_epoch=None, act=None):
        self.at_epoch, self.act = at_epoch, act
        self.events, self.epochs = [], []

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.events.append("begin fit" if context.parent is None else "begin epoch")

    def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator):
        if context.parent is None:
            self.events.append("end fit")
            return None
        self.events.append("end epoch")
        self.epochs.append(
            {
                "id": context.task_id,
                "of": context.parent.max_subtasks,
                "X": X,
                "y": y,
                "metadata": metadata,
                "fitted": fitted_estimator,
                "prediction": fitted_estimator.predict(X),
            }
        )
        if self.act is not None and len(self.epochs) == self.at_epoch:
            return self.act()
        return None


def answer_true():
    return True


def press_ctrl_c():
    raise KeyboardInterrupt


def fail():
    raise RuntimeError("the callback failed")


def record(estimator, data, **recorder):
    callback = Recorder(**recorder)
    return estimator.set_callbacks(callback).fit(*data), callback


def assert_same_parameters(one, other):
    for a, b in zip(
        one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True
    ):
        assert_array_equal(a, b)


def test_both_estimators_support_callbacks():
    assert isinstance(Recorder(), FitCallback)
    for kind in (BackpropClassifier, BackpropRegressor):
        assert issubclass(kind, CallbackSupportMixin)


# --------------------------------------------------------------------------- tasks


def test_one_task_per_epoch_inside_one_fit(estimator, binary):
    fitted, callback = record(estimator, binary)
    epochs = ["begin epoch", "end epoch"] * fitted.n_iter_
    expected = ["setup", "begin fit", *epochs, "end fit", "teardown"]
    assert callback.events == expected
    assert len(fitted.loss_curve_) == fitted.n_iter_ > 1
    assert [epoch["id"] for epoch in callback.epochs] == [*range(fitted.n_iter_)]
    assert {epoch["of"] for epoch in callback.epochs} == {N_EPOCHS}


def test_callbacks_do_not_change_the_fit(estimator, binary):
    silent = clone(estimator).fit(*binary)
    fitted, _ = record(estimator, binary)
    assert_same_parameters(fitted, silent)
    assert fitted.loss_curve_ == silent.loss_curve_


def test_partial_fit_is_no_fit_and_tells_nobody(binary):
    callback = Recorder()
    classifier = BackpropClassifier(**SMALL).set_callbacks(callback)
    classifier.partial_fit(*binary, classes=[0, 1])
    assert callback.events == []


def test_nothing_of_the_callbacks_stays_on_the_estimator(estimator, binary):
    silent = set(vars(clone(estimator).fit(*binary)))
    fitted, _ = record(estimator, binary)
    assert set(vars(fitted)) == silent | {"_skl_callbacks"}


def test_targets_and_weights_arrive_as_they_were_given(binary):
    labels = np.where(binary.y == 1, "yes", "no")
    weight = np.linspace(0.5, 1.5, len(labels))
    callback = Recorder()
    classifier = BackpropClassifier(**SMALL).set_callbacks(callback)
    classifier.fit(binary.X, labels, sample_weight=weight)
    for epoch in callback.epochs:
        assert_array_equal(epoch["X"], binary.X)
        assert_array_equal(epoch["y"], labels)
        assert epoch["metadata"].keys() == {"sample_weight"}
        assert_array_equal(epoch["metadata"]["sample_weight"], weight)


# ----------------------------------------------------------------- fitted_estimator


@pytest.mark.parametrize("name", [*CONFIGURATIONS][:-1])
def test_fitted_estimator_predicts_as_a_fit_that_ended_there(name, binary):
    estimator = CONFIGURATIONS[name]
    _, callback = record(clone(estimator), binary)
    for n_epochs, epoch in enumerate(callback.epochs, start=1):
        shorter = clone(estimator).set_params(max_iter=n_epochs).fit(*binary)
        assert_array_equal(epoch["prediction"], shorter.predict(binary.X))


def test_fitted_estimator_is_independent_of_further_training(estimator, binary):
    _, callback = record(estimator, binary)
    first, last = callback.epochs[0], callback.epochs[-1]
    assert_array_equal(first["fitted"].predict(binary.X), first["prediction"])
    weights = [epoch["fitted"].coefs_[0] for epoch in (first, last)]
    assert not np.array_equal(*weights)
    assert not np.shares_memory(*weights)


def test_spoiling_the_fitted_estimator_does_not_touch_the_training(estimator, binary):
    class Vandal(Recorder):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            if context.parent is None:
                return
            for array in fitted_estimator.coefs_ + fitted_estimator.intercepts_:
                array.fill(np.nan)

    expected = clone(estimator).fit(*binary)
    assert_same_parameters(estimator.set_callbacks(Vandal()).fit(*binary), expected)


# ------------------------------------------------------------------------- stopping


@pytest.mark.filterwarnings("error")
def test_a_callback_that_answers_true_stops_the_fit(estimator, binary):
    fitted, callback = record(estimator, binary, at_epoch=2, act=answer_true)
    assert fitted.n_iter_ == len(fitted.loss_curve_) == len(callback.epochs) == 2
    assert callback.events[-2:] == ["end fit", "teardown"]
    if not estimator.early_stopping:
        stopped_at = callback.epochs[-1]["fitted"]
        assert_same_parameters(fitted, stopped_at)


def test_ctrl_c_keeps_what_was_learned_and_goes_on_up(estimator, binary):
    with pytest.raises(KeyboardInterrupt):
        record(estimator, binary, at_epoch=3, act=press_ctrl_c)
    assert estimator.n_iter_ == len(estimator.loss_curve_) == 3
    estimator.set_callbacks()
    stopped = clone(estimator).set_params(max_iter=3).fit(*binary)
    assert_same_parameters(estimator, stopped)
    assert_array_equal(estimator.predict(binary.X), stopped.predict(binary.X))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_ctrl_c_ends_a_surrounding_search(binary, solver):
    fits = []

    class Impatient(Recorder):
        def setup(self, estimator, context):
            fits.append(estimator)

    callback = Impatient(at_epoch=2, act=press_ctrl_c)
    classifier = BackpropClassifier(**SMALL, solver=solver).set_callbacks(callback)
    search = GridSearchCV(classifier, {"alpha": [0.1, 1.0]}, cv=2)
    with pytest.raises(KeyboardInterrupt):
        search.fit(*binary)
    assert len(fits) == 1


@pytest.mark.parametrize("act", [fail, press_ctrl_c])
def test_callbacks_are_torn_down_after_an_error(estimator, binary, act):
    callback = Recorder(at_epoch=2, act=act)
    with pytest.raises((RuntimeError, KeyboardInterrupt)):
        estimator.set_callbacks(callback).fit(*binary)
    assert callback.events.count("teardown") == 1
    assert callback.events[-1] == "teardown"
    assert not hasattr(estimator, "_callback_fit_ctx")


def test_rejected_data_leaves_no_callback_set_up(estimator, binary):
    callback = Recorder()
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        estimator.set_callbacks(callback).fit(binary.X, binary.y[:-1])
    assert callback.events.count("setup") == callback.events.count("teardown")
