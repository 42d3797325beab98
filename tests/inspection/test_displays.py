"""Displays of activations, learning rates, importances and embeddings."""

import sys
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch

from skbackprop import BackpropClassifier, BackpropEmbedder, BackpropRegressor
from skbackprop.inspection import (
    ActivationDisplay,
    EmbeddingDisplay,
    ImportanceDisplay,
    LearningRateDisplay,
    gradient_importance,
)
from skbackprop.layers import Activation, PReLU
from skbackprop.schedules import InverseScaling, OneCycle, Warmup

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pyplot = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


def fitted(kind, X, y, **settings):
    defaults = {"hidden_layer_sizes": (6, 4), "max_iter": 5, "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return kind(**(defaults | settings)).fit(X, y)


X, Y = load_iris(return_X_y=True)
MODEL = fitted(BackpropClassifier, X, Y)

MADE = {
    ActivationDisplay: lambda **o: ActivationDisplay.from_activation("tanh", **o),
    LearningRateDisplay: lambda **o: LearningRateDisplay.from_estimator(MODEL, **o),
    ImportanceDisplay: lambda **o: ImportanceDisplay.from_estimator(MODEL, X, **o),
    EmbeddingDisplay: lambda **o: EmbeddingDisplay.from_estimator(MODEL, X, Y, **o),
}

# ------------------------------------------------------------------ what all have alike


@pytest.mark.parametrize("display", MADE)
def test_axes_are_new_or_those_that_are_given(display):
    shown = MADE[display]()
    assert shown.ax_.figure is shown.figure_
    _, given = pyplot.subplots()
    assert MADE[display](ax=given).ax_ is given


@pytest.mark.parametrize("display", MADE)
def test_a_display_holds_data_and_is_drawn_again(display):
    shown = MADE[display]()
    data = {name: v for name, v in vars(shown).items() if not name.endswith("_")}
    again = display(**data)
    assert again.plot() is again
    assert again.figure_ is not shown.figure_


@pytest.mark.parametrize("display", MADE)
def test_matplotlib_is_asked_for_when_it_is_missing(display, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    with pytest.raises(ImportError, match=rf"{display.__name__} needs matplotlib"):
        MADE[display]()


@pytest.mark.parametrize(
    "display", [LearningRateDisplay, ImportanceDisplay, EmbeddingDisplay]
)
def test_what_is_not_fitted_is_refused(display):
    data = () if display is LearningRateDisplay else (X,)
    with pytest.raises(NotFittedError):
        display.from_estimator(BackpropClassifier(), *data)


# ------------------------------------------------------------------------- activations


@pytest.mark.parametrize("name", sorted(set(Activation.members()) - {"binary_step"}))
def test_the_derivative_is_that_of_the_function(name):
    display = ActivationDisplay.from_activation(name, limits=(-3, 3), n_points=6000)
    x, y, slope = display.x, display.value, display.derivative
    middle = (slope[1:] + slope[:-1]) / 2
    smooth = np.abs(x[1:] + x[:-1]) > 1e-2  # kinks are at zero
    np.testing.assert_allclose(
        (np.diff(y) / np.diff(x))[smooth], middle[smooth], atol=2e-6
    )
    np.testing.assert_array_equal(display.line_.get_ydata(), y)
    np.testing.assert_array_equal(display.derivative_line_.get_ydata(), slope)


def test_activations_are_objects_too():
    display = ActivationDisplay.from_activation(
        PReLU(init=0.5), plot_derivative=False, curve_kwargs={"c": "k"}
    )
    assert display.value[0] == -2.0
    assert display.derivative_line_ is None
    assert display.line_.get_color() == "k"
    assert display.ax_.get_title() == "PReLU(init=0.5)"


# ------------------------------------------------------------------------------- rates


@pytest.mark.parametrize(
    "schedule",
    [
        "constant",
        InverseScaling(power_t=0.3),
        OneCycle(max_factor=3),
        Warmup(epochs=3, then="cosine"),
        lambda epoch: 0.1 / (1 + epoch),
    ],
)
def test_what_is_planned_is_what_a_fit_does(schedule):
    settings = {"learning_rate_init": 0.02, "max_iter": 12}
    planned = LearningRateDisplay.from_schedule(schedule, n_samples=len(X), **settings)
    model = fitted(
        BackpropClassifier,
        X,
        Y,
        learning_rate=schedule,
        solver="sgd",
        n_iter_no_change=50,
        **settings,
    )
    done = LearningRateDisplay.from_estimator(
        make_pipeline(StandardScaler(), model), name="done", ax=planned.ax_
    )
    np.testing.assert_allclose(planned.line_.get_ydata(), done.line_.get_ydata())
    assert [text.get_text() for text in done.ax_.get_legend().get_texts()] == ["done"]


def test_rates_may_be_on_a_logarithmic_axis():
    display = LearningRateDisplay.from_schedule("exponential", log_scale=True)
    assert display.ax_.get_yscale() == "log"


def test_what_keeps_no_rates_is_refused():
    model = fitted(BackpropClassifier, X, Y, solver="lbfgs")
    with pytest.raises(ValueError, match="only step-wise solvers"):
        LearningRateDisplay.from_estimator(model)


# ------------------------------------------------------------------------- importances


def test_the_most_important_features_come_first():
    found = gradient_importance(MODEL, X)
    display = ImportanceDisplay.from_estimator(MODEL, X, max_features=3)
    order = np.argsort(-found.importances_mean)[:3]
    np.testing.assert_array_equal(display.features_, order)
    widths = [bar.get_width() for bar in display.bars_]
    np.testing.assert_array_equal(widths, found.importances_mean[order])
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == [found.feature_names[j] for j in order]
    assert display.ax_.yaxis_inverted()


def test_importances_of_scikit_learn_are_drawn_too():
    found = permutation_importance(MODEL, X, Y, n_repeats=2, random_state=0)
    display = ImportanceDisplay.from_importances(
        found, feature_names=[*"abcd"], features=[3, 0], bar_kwargs={"color": "k"}
    )
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == ["d", "a"]
    assert display.bars_.errorbar is not None
    np.testing.assert_array_equal(display.plot(features=["d", "a"]).features_, [3, 0])
    unnamed = ImportanceDisplay.from_importances(found).ax_.get_yticklabels()
    assert {label.get_text() for label in unnamed} == {f"Feature {j}" for j in range(4)}


def test_without_a_spread_there_are_no_error_bars():
    display = ImportanceDisplay.from_importances(Bunch(importances_mean=[1.0, 2.0]))
    assert display.bars_.errorbar is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_features": 0}, "max_features must be at least 1"),
        ({"features": [2]}, "features must be a list of names, or of numbers below 2"),
        (
            {"features": ["a"]},
            "features must be a list of names, or of numbers below 2",
        ),
        ({"features": 1}, "features must be a list of names, or of numbers below 2"),
        ({"feature_names": ["a"]}, "feature_names must be 2 texts, got 1"),
    ],
)
def test_what_cannot_be_drawn_of_importances_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ImportanceDisplay.from_importances(
            Bunch(importances_mean=[1.0, 2.0]), **options
        )


# -------------------------------------------------------------------------- embeddings


def drawn(display):
    return np.concatenate([points.get_offsets() for points in display.points_])


def test_embedders_are_drawn_by_what_they_return():
    model = fitted(BackpropEmbedder, X, Y, n_components=2)
    pipeline = make_pipeline(StandardScaler(), model)
    pipeline[0].fit(X)
    for estimator in (model, pipeline):
        display = EmbeddingDisplay.from_estimator(estimator, X, Y)
        # The classes of iris stand in order.
        np.testing.assert_array_equal(drawn(display), estimator.transform(X))
        assert [len(points.get_offsets()) for points in display.points_] == [50] * 3


def test_others_are_drawn_by_hidden_layers():
    display = EmbeddingDisplay.from_estimator(MODEL, X, Y, layer=0)
    activations = MODEL.hidden_activations(X)
    expected = PCA(2).fit_transform(activations[0])
    np.testing.assert_allclose(np.abs(drawn(display)), np.abs(expected), atol=1e-10)
    last = EmbeddingDisplay.from_estimator(MODEL, X, Y)
    expected = PCA(2).fit_transform(activations[-1])
    np.testing.assert_allclose(np.abs(drawn(last)), np.abs(expected), atol=1e-10)
    with pytest.raises(ValueError, match="there are 2, counted from 0"):
        EmbeddingDisplay.from_estimator(MODEL, X, layer=2)
    with pytest.raises(ValueError, match="layer='last' is none of the hidden layers"):
        EmbeddingDisplay.from_estimator(MODEL, X, layer="last")
    with pytest.raises(ValueError, match="need two rows"):
        EmbeddingDisplay.from_estimator(MODEL, X[:1])


def test_pipelines_prepare_the_rows():
    scaler = StandardScaler().fit(X)
    model = fitted(BackpropClassifier, scaler.transform(X), Y)
    whole = EmbeddingDisplay.from_estimator(make_pipeline(scaler, model), X, Y)
    last = EmbeddingDisplay.from_estimator(model, scaler.transform(X), Y)
    np.testing.assert_array_equal(drawn(whole), drawn(last))
    nested = make_pipeline("passthrough", make_pipeline(scaler, model))
    whole = EmbeddingDisplay.from_estimator(nested, X, Y)
    np.testing.assert_array_equal(drawn(whole), drawn(last))


def test_axes_tell_how_much_of_the_variance_they_show():
    display = EmbeddingDisplay.from_predictions(X)
    shares = PCA(2).fit(X).explained_variance_ratio_
    assert f"{shares[0]:.0%} of the variance" in display.ax_.get_xlabel()
    assert len(display.points_) == 1
    plane = EmbeddingDisplay.from_predictions(X[:, :2])
    np.testing.assert_array_equal(drawn(plane), X[:, :2])


def test_numbers_have_a_scale_and_classes_a_legend():
    model = fitted(BackpropRegressor, X[:, :3], X[:, 3])
    display = EmbeddingDisplay.from_estimator(model, X[:, :3], X[:, 3], cmap="magma")
    np.testing.assert_array_equal(display.points_[0].get_array(), X[:, 3])
    assert display.colorbar_ is not None
    many = EmbeddingDisplay.from_predictions(X, np.arange(len(X)))
    assert many.colorbar_ is not None
    classes = EmbeddingDisplay.from_predictions(X, np.array([*"abc"])[Y])
    texts = [text.get_text() for text in classes.ax_.get_legend().get_texts()]
    assert texts == [*"abc"]


def test_names_are_written_amid_the_points():
    display = EmbeddingDisplay.from_predictions(X[:, :2], Y, annotate=True)
    assert [text.get_text() for text in display.texts_] == ["0", "1", "2"]
    assert display.texts_[1].get_position() == tuple(np.median(X[Y == 1, :2], axis=0))
    assert display.ax_.get_legend() is None


@pytest.mark.parametrize("n_classes", [3, 14])
def test_classes_differ_in_color(n_classes):
    y = np.arange(len(X)) % n_classes
    for cmap in (None, "viridis"):
        display = EmbeddingDisplay.from_predictions(X, y, cmap=cmap)
        colors = {tuple(points.get_facecolor()[0]) for points in display.points_}
        assert len(colors) == n_classes


def test_what_is_no_plane_is_refused():
    with pytest.raises(ValueError, match="need two columns, got 1"):
        EmbeddingDisplay.from_predictions(X[:, :1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        EmbeddingDisplay.from_predictions(X, Y[:3])
    with pytest.raises(TypeError, match="not DummyClassifier"):
        EmbeddingDisplay.from_estimator(DummyClassifier().fit(X, Y), X)


def test_what_has_no_epochs_or_no_importances_is_refused():
    with pytest.raises(ValueError, match="max_iter must be at least 1, got 0"):
        LearningRateDisplay.from_schedule("cosine", max_iter=0)
    with pytest.raises(TypeError, match=r"importances must be .* got ndarray"):
        ImportanceDisplay.from_importances(np.ones(3))
