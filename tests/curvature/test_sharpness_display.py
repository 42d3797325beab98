"""The largest eigenvalue over the epochs of a fit."""

import sys
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline

from skbackprop import BackpropClassifier
from skbackprop.curvature import SharpnessDisplay, curvature_matrix

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield
    matplotlib.pyplot.close("all")


MODEL = BackpropClassifier(
    (4,),
    activation="tanh",
    solver="sgd",
    learning_rate="step",
    learning_rate_init=0.05,
    max_iter=7,
    random_state=0,
)


def shown(data, model=MODEL, **options):
    return SharpnessDisplay.from_estimator(
        model, *data, every=3, random_state=0, **options
    )


def test_it_is_measured_where_training_is(multiclass):
    display = shown(multiclass)
    assert display.epochs == [1, 3, 6]
    for epoch, eigenvalue in zip(display.epochs, display.eigenvalues, strict=True):
        # With a schedule of steps of ten epochs, fewer epochs are the same ones.
        model = clone(MODEL).set_params(max_iter=epoch).fit(*multiclass)
        largest = np.linalg.eigvalsh(curvature_matrix(model, *multiclass))[-1]
        assert eigenvalue == pytest.approx(largest, rel=1e-3)
    np.testing.assert_array_equal(display.line_.get_ydata(), display.eigenvalues)
    assert not hasattr(MODEL, "coefs_")


def test_weights_of_rows_count(multiclass):
    weight = np.arange(len(multiclass.y)) % 3 + 0.5
    display = shown(multiclass, sample_weight=weight)
    model = clone(MODEL).set_params(max_iter=6).fit(*multiclass, sample_weight=weight)
    largest = np.linalg.eigvalsh(curvature_matrix(model, *multiclass, weight))[-1]
    assert display.eigenvalues[-1] == pytest.approx(largest, rel=1e-3)


def test_the_bound_is_that_of_the_rates(multiclass):
    display = shown(multiclass, name="fit", plot_bound=True, bound_kwargs={"lw": 4})
    np.testing.assert_allclose(display.bound_line_.get_ydata(), 2 / 0.05)
    assert display.bound_line_.get_linewidth() == 4
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["fit", "fit, 2 / learning rate"]
    other = shown(multiclass, name="other", ax=display.ax_, curve_kwargs={"c": "k"})
    assert other.ax_ is display.ax_
    assert other.figure_ is display.figure_
    assert other.line_.get_color() == "k"
    assert other.bound_line_ is None


def test_properties_go_by_any_of_their_names():
    display = SharpnessDisplay(epochs=[1], eigenvalues=[2.0])
    for key in ("ms", "markersize"):
        display.plot(curve_kwargs={key: 9})
        assert display.line_.get_markersize() == 9


def test_it_is_drawn_again_without_being_computed(multiclass):
    display = shown(multiclass)
    data = {name: v for name, v in vars(display).items() if not name.endswith("_")}
    again = SharpnessDisplay(**data).plot()
    assert again.figure_ is not display.figure_


class Halt:
    """A callback that ends the fit after four epochs."""

    def setup(self, estimator, context):
        pass

    on_fit_task_begin = teardown = setup

    def on_fit_task_end(self, estimator, context):
        return context.task_name == "epoch" and context.task_id == 3


def test_callbacks_of_the_estimator_are_called_as_well(multiclass):
    model = clone(MODEL).set_callbacks(Halt())
    assert shown(multiclass, model).epochs == [1, 3]


def test_solvers_without_rates_have_no_bound(multiclass):
    model = clone(MODEL).set_params(solver="lbfgs", learning_rate="constant")
    display = shown(multiclass, model)
    assert display.epochs == [1, 3, 6]
    assert display.learning_rates is None
    with pytest.raises(ValueError, match="plot_bound=True needs a record"):
        shown(multiclass, model, plot_bound=True)


def test_what_cannot_be_watched_is_refused(multiclass):
    with pytest.raises(
        TypeError, match="got Pipeline: of a pipeline, pass the last step"
    ):
        shown(multiclass, make_pipeline(MODEL))
    with pytest.raises(ValueError, match="every"):
        SharpnessDisplay.from_estimator(MODEL, *multiclass, every=0)


def test_matplotlib_is_asked_for_when_it_is_missing(multiclass, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    with pytest.raises(ImportError, match="needs matplotlib: pip install"):
        shown(multiclass)
