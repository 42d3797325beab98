"""Displays: what they draw is what was recorded, and where it was asked for."""

import sys
import warnings
from copy import copy

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skbackprop import BackpropClassifier, BackpropEmbedder, BackpropRegressor
from skbackprop.inspection import (
    GradientFlowDisplay,
    LossCurveDisplay,
    NetworkDisplay,
    WeightsDisplay,
)
from skbackprop.pruning import OneShot, prune, sparsify

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pyplot = pytest.importorskip("matplotlib.pyplot")

DISPLAYS = [LossCurveDisplay, WeightsDisplay, GradientFlowDisplay, NetworkDisplay]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


def fitted(kind, data, **settings):
    defaults = {"hidden_layer_sizes": (6, 4), "max_iter": 5, "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return kind(**(defaults | settings)).fit(*data)


@pytest.fixture(scope="module")
def plain(multiclass):
    return fitted(BackpropClassifier, multiclass)


@pytest.fixture(scope="module")
def watched(multiclass):
    return fitted(
        BackpropClassifier,
        multiclass,
        early_stopping=True,
        gradient_health=True,
        learning_rate="cosine",
        solver="nesterov",
    )


# ------------------------------------------------------------------ what all have alike


@pytest.mark.parametrize("display", DISPLAYS)
def test_axes_are_new_or_those_that_are_given(display, watched):
    shown = display.from_estimator(watched)
    assert shown.figure_.axes
    figure, given = pyplot.subplots()
    shown = display.from_estimator(watched, ax=given)
    assert shown.figure_ is figure


@pytest.mark.parametrize("display", DISPLAYS)
def test_a_display_holds_data_and_is_drawn_again(display, watched):
    shown = display.from_estimator(watched)
    data = {name: v for name, v in vars(shown).items() if not name.endswith("_")}
    again = display(**data)
    assert not [name for name in vars(again) if name.endswith("_")]
    assert again.plot() is again
    assert again.figure_ is not shown.figure_


@pytest.mark.parametrize("display", DISPLAYS)
def test_pipelines_show_their_last_step(display, multiclass):
    model = BackpropClassifier((4,), gradient_health=True, tol=10, random_state=0)
    pipeline = make_pipeline(StandardScaler(), model).fit(*multiclass)
    assert display.from_estimator(pipeline).figure_ is not None


@pytest.mark.parametrize("display", DISPLAYS)
def test_what_is_not_fitted_is_refused(display):
    with pytest.raises(NotFittedError):
        display.from_estimator(BackpropClassifier())


@pytest.mark.parametrize("display", DISPLAYS)
def test_what_has_no_network_is_refused(display, multiclass):
    with pytest.raises((TypeError, ValueError), match="DummyClassifier"):
        display.from_estimator(DummyClassifier().fit(*multiclass))


@pytest.mark.parametrize("display", DISPLAYS)
def test_of_a_search_the_best_estimator_is_asked_for(display, multiclass):
    search = GridSearchCV(MLPClassifier((3,), max_iter=400, tol=1.0), {}, cv=2)
    with pytest.raises((TypeError, ValueError), match="pass best_estimator_"):
        display.from_estimator(search.fit(*multiclass))


@pytest.mark.parametrize("display", DISPLAYS)
def test_matplotlib_is_asked_for_when_it_is_missing(display, watched, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    with pytest.raises(ImportError, match=rf"{display.__name__} needs matplotlib"):
        display.from_estimator(watched)


# --------------------------------------------------------------------------- the losses


def test_losses_are_drawn_from_the_first_epoch(watched):
    display = LossCurveDisplay.from_estimator(watched)
    epochs = np.arange(1, watched.n_iter_ + 1)
    np.testing.assert_array_equal(display.line_.get_xdata(), epochs)
    np.testing.assert_array_equal(display.line_.get_ydata(), watched.loss_curve_)
    drawn = display.validation_line_.get_ydata()
    np.testing.assert_array_equal(drawn, watched.validation_loss_curve_)
    best = int(np.argmax(watched.validation_scores_)) + 1
    assert list(display.best_line_.get_xdata()) == [best, best]


def test_without_validation_there_is_one_line(plain):
    display = LossCurveDisplay.from_estimator(plain)
    assert [*display.ax_.lines] == [display.line_]
    assert display.validation_line_ is display.best_line_ is None


def test_validation_may_be_left_out(watched):
    display = LossCurveDisplay.from_estimator(watched, plot_validation=False)
    assert len(display.ax_.lines) == 1


def test_score_and_learning_rate_have_axes_of_their_own(watched):
    display = LossCurveDisplay.from_estimator(
        watched, plot_score=True, plot_learning_rate=True, log_scale=True
    )
    scores, rates = display.score_line_, display.learning_rate_line_
    np.testing.assert_array_equal(scores.get_ydata(), watched.validation_scores_)
    np.testing.assert_array_equal(rates.get_ydata(), watched.learning_rate_curve_)
    assert len({display.ax_, display.score_ax_, display.learning_rate_ax_}) == 3
    assert display.ax_.get_yscale() == "log"
    assert display.learning_rate_ax_.get_yscale() == "linear"
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert {"training loss", "validation score", "learning rate"} <= set(legend)


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_single_epoch_is_a_dot_which_can_be_seen(multiclass, epochs):
    model = fitted(BackpropClassifier, multiclass, max_iter=epochs)
    display = LossCurveDisplay.from_estimator(model)
    assert display.line_.get_marker() == ("o" if epochs == 1 else "None")


def test_the_best_epoch_of_a_pruned_fit_is_one_after_the_last_pruning(multiclass):
    model = fitted(
        BackpropClassifier,
        multiclass,
        pruning=OneShot(amount=0.95, fine_tuning=0.3),
        early_stopping=True,
        learning_rate_init=0.05,
        max_iter=30,
    )
    scores = np.array(model.validation_scores_)
    display = LossCurveDisplay.from_estimator(model)
    assert scores[display.best_epoch - 1] == model.best_validation_score_
    # The dense network was better: its weights are not those that were kept.
    assert model.best_validation_score_ < scores.max()
    assert display.best_epoch > np.argmax(scores) + 1


def test_where_the_start_was_the_best_no_epoch_is_marked(watched):
    display = LossCurveDisplay.from_estimator(watched)
    assert display.best_epoch is not None
    better = copy(watched)
    better.best_validation_score_ = 2.0
    assert LossCurveDisplay.from_estimator(better).best_line_ is None


def test_what_one_estimator_drew_over_the_losses_stays_when_another_is_added(watched):
    first = LossCurveDisplay.from_estimator(watched, name="a", plot_score=True)
    second = LossCurveDisplay.from_estimator(
        watched, name="b", plot_learning_rate=True, ax=first.ax_
    )
    legend = [text.get_text() for text in second.ax_.get_legend().get_texts()]
    assert {"a, validation score", "b, learning rate"} <= set(legend)
    places = [
        ax.spines["right"].get_position()
        for ax in (first.score_ax_, second.learning_rate_ax_)
    ]
    assert places[0] != places[1]


def test_several_estimators_share_all_axes(watched):
    first = LossCurveDisplay.from_estimator(watched, name="a", plot_score=True)
    second = LossCurveDisplay.from_estimator(
        watched, name="b", plot_score=True, ax=first.ax_
    )
    assert second.score_ax_ is first.score_ax_
    assert len(first.figure_.axes) == 2
    assert first.line_.get_color() != second.line_.get_color()
    assert second.validation_line_.get_color() == second.line_.get_color()
    legend = [text.get_text() for text in second.ax_.get_legend().get_texts()]
    assert legend.count("best epoch") == 1
    assert {"a", "b", "b, validation"} <= set(legend)


def test_properties_of_lines_may_be_short_names(watched):
    display = LossCurveDisplay.from_estimator(
        watched,
        curve_kwargs={"c": "k", "lw": 3},
        validation_kwargs={"ls": ":"},
    )
    assert display.line_.get_color() == "k"
    assert display.line_.get_linewidth() == 3
    assert display.validation_line_.get_linestyle() == ":"
    assert display.validation_line_.get_color() == "k"


def test_scikit_learns_networks_have_curves_too(multiclass):
    model = fitted(MLPClassifier, multiclass)
    display = LossCurveDisplay.from_estimator(model)
    np.testing.assert_array_equal(display.line_.get_ydata(), model.loss_curve_)


@pytest.mark.parametrize(
    ("settings", "option", "advice"),
    [
        ({}, "plot_score", "early_stopping=True"),
        ({"solver": "lbfgs"}, "plot_learning_rate", "step-wise solvers"),
    ],
)
def test_what_was_not_recorded_says_how_to(multiclass, settings, option, advice):
    model = fitted(BackpropClassifier, multiclass, **settings)
    with pytest.raises(ValueError, match=advice):
        LossCurveDisplay.from_estimator(model, **{option: True})


# -------------------------------------------------------------------------- the weights


def heights(bars):
    return sum(bar.get_height() for bar in bars)


def test_histograms_count_all_weights(plain):
    display = WeightsDisplay.from_estimator(plain, hist_kwargs={"bins": 7})
    counted = [heights(bars) for bars in display.patches_]
    assert counted == [coef.size for coef in plain.coefs_]
    assert {len(bars) for bars in display.patches_} == {7}


def test_histograms_leave_out_what_is_pruned(plain):
    pruned = prune(plain, amount=0.5)
    kept = [int(mask.sum()) for mask in pruned.masks_]
    for model in (pruned, sparsify(pruned)):
        display = WeightsDisplay.from_estimator(model)
        assert [heights(bars) for bars in display.patches_] == kept


def test_several_axes_are_drawn_on_again(plain):
    display = WeightsDisplay.from_estimator(plain)
    again = WeightsDisplay.from_estimator(plain, ax=display.ax_)
    assert list(again.axes_) == list(display.axes_)


def test_one_axes_is_divided_and_several_are_used(plain):
    _, ax = pyplot.subplots()
    display = WeightsDisplay.from_estimator(plain, ax=ax, n_cols=2)
    assert len(display.axes_) == 3
    assert not ax.axison
    assert list(display.ax_) == list(display.axes_)
    _, axes = pyplot.subplots(3)
    display = WeightsDisplay.from_estimator(plain, ax=axes)
    assert list(display.axes_) == list(axes)
    with pytest.raises(ValueError, match="3 axes, got 2"):
        WeightsDisplay.from_estimator(plain, ax=axes[:2])


def test_images_are_the_weights_of_the_first_layer(multiclass):
    X = multiclass.X[:, :4]
    model = fitted(BackpropClassifier, (X, multiclass.y))
    display = WeightsDisplay.from_estimator(model, image_shape=(2, 2))
    assert display.ax_ is display.axes_[0]
    mosaic = np.ma.filled(display.image_.get_array(), np.nan)
    assert mosaic.shape == (5, 8)  # two rows of three images, lines in between
    image = mosaic[3:5, 3:5]  # the fifth: second row, second column
    np.testing.assert_array_equal(image.ravel(), model.coefs_[0][:, 4])
    assert np.isnan(mosaic[2]).all()
    assert np.isnan(mosaic[:, 2]).all()


def test_units_with_the_largest_weights_are_chosen():
    coef = np.ones((4, 40))
    coef[:, 7:32] = 2.0
    display = WeightsDisplay(coefs=[coef]).plot(image_shape=(2, 2))
    assert "25 of 40" in display.axes_[0].get_title()
    assert np.nanmin(np.ma.filled(display.image_.get_array(), np.nan)) == 2.0
    display.plot(image_shape=(2, 2), units=[0])
    np.testing.assert_array_equal(display.image_.get_array(), np.ones((2, 2)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_shape": 5}, "height and width, got 5"),
        ({"image_shape": (5, 1, 1)}, "height and width"),
        ({"image_shape": (-5, -1)}, "height and width"),
        ({"image_shape": (5, 1), "units": []}, "numbers below 6"),
        ({"image_shape": (5, 1), "units": [6]}, r"numbers below 6.*got \[6\]"),
        ({"n_cols": 0}, "n_cols must be at least 1"),
    ],
)
def test_what_cannot_be_drawn_of_weights_is_refused(plain, options, message):
    with pytest.raises(ValueError, match=message):
        WeightsDisplay.from_estimator(plain, **options)


def test_axes_that_are_in_no_grid_are_not_divided(plain):
    ax = pyplot.figure().add_axes([0.1, 0.1, 0.8, 0.8])
    with pytest.raises(ValueError, match="part of a grid"):
        WeightsDisplay.from_estimator(plain, ax=ax)


def test_images_of_another_size_are_refused(plain):
    with pytest.raises(ValueError, match="is for 4 inputs, but the network has 5"):
        WeightsDisplay.from_estimator(plain, image_shape=(2, 2))


# ------------------------------------------------------------------------ the gradients


def test_the_record_of_the_last_epoch_is_drawn(watched):
    health = watched.gradient_health_
    display = GradientFlowDisplay.from_estimator(watched)
    np.testing.assert_array_equal(
        display.lines_[0].get_ydata(), health.gradient_norm[-1]
    )
    display.plot(epoch=0, measure="weight_norm")
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), health.weight_norm[0])


def test_layers_are_followed_over_epochs(watched):
    display = GradientFlowDisplay.from_estimator(
        watched, over_epochs=True, measure="update_ratio"
    )
    drawn = np.transpose([line.get_ydata() for line in display.lines_])
    np.testing.assert_array_equal(drawn, watched.gradient_health_.update_ratio)


def test_gradients_of_given_rows_are_those_of_the_objective(plain, multiclass):
    display = GradientFlowDisplay.from_estimator(plain, *multiclass)
    # By differences: the slope along a direction is the product with the gradient.
    step, norms = 1e-6, []
    for coef in plain.coefs_:
        gradient = np.empty_like(coef)
        for place in np.ndindex(coef.shape):
            values = []
            for sign in (1, -1):
                coef[place] += sign * step
                chance = plain.predict_proba(multiclass.X)
                picked = chance[np.arange(len(multiclass.y)), multiclass.y]
                values.append(-np.log(picked).mean())
                coef[place] -= sign * step
            gradient[place] = (values[0] - values[1]) / (2 * step)
        norms.append(np.linalg.norm(gradient))
    np.testing.assert_allclose(display.lines_[0].get_ydata(), norms, rtol=1e-5)


def test_a_pipeline_prepares_the_rows(multiclass):
    model = BackpropRegressor(hidden_layer_sizes=(4,), tol=10, random_state=0)
    pipeline = make_pipeline(StandardScaler(), model).fit(*multiclass)
    whole = GradientFlowDisplay.from_estimator(pipeline, *multiclass)
    ready = pipeline[0].transform(multiclass.X)
    last = GradientFlowDisplay.from_estimator(pipeline[-1], ready, multiclass.y)
    np.testing.assert_array_equal(
        whole.lines_[0].get_ydata(), last.lines_[0].get_ydata()
    )


def test_a_pipeline_in_a_pipeline_prepares_the_rows_too(multiclass):
    model = BackpropRegressor(hidden_layer_sizes=(4,), tol=10, random_state=0)
    inner = make_pipeline(MinMaxScaler(), model)
    pipeline = make_pipeline(StandardScaler(), inner).fit(*multiclass)
    whole = GradientFlowDisplay.from_estimator(pipeline, *multiclass)
    ready = pipeline[1][0].transform(pipeline[0].transform(multiclass.X))
    last = GradientFlowDisplay.from_estimator(model, ready, multiclass.y)
    np.testing.assert_array_equal(
        whole.lines_[0].get_ydata(), last.lines_[0].get_ydata()
    )


def test_shares_are_bars_on_axes_of_their_own(watched):
    display = GradientFlowDisplay.from_estimator(watched, plot_shares=True)
    health = watched.gradient_health_
    for bars, shares in (
        (display.dead_bars_, health.dead[-1]),
        (display.saturated_bars_, health.saturated[-1]),
    ):
        drawn = [bar.get_height() for bar in bars]
        np.testing.assert_array_equal(drawn, np.nan_to_num(shares))
    assert display.shares_ax_.get_ylim() == (0.0, 1.0)


def test_bars_keep_their_names_when_another_estimator_is_added(watched, multiclass):
    first = GradientFlowDisplay.from_estimator(watched, name="fit", plot_shares=True)
    GradientFlowDisplay.from_estimator(watched, *multiclass, name="now", ax=first.ax_)
    legend = [text.get_text() for text in first.ax_.get_legend().get_texts()]
    assert legend == ["fit", "now", "dead units", "saturated entries"]


def test_embedders_flow_too(multiclass):
    model = fitted(BackpropEmbedder, multiclass, n_components=2)
    display = GradientFlowDisplay.from_estimator(model, *multiclass)
    assert len(display.lines_[0].get_ydata()) == 3


def test_what_was_not_recorded_says_what_to_set(plain):
    with pytest.raises(ValueError, match="gradient_health=True, or pass X and y"):
        GradientFlowDisplay.from_estimator(plain)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"measure": "colour"}, "measure must be one of"),
        ({"measure": "update_ratio"}, "single look"),
        ({"over_epochs": True, "plot_shares": True}, "choose it by epoch"),
        ({"y": None}, "go together"),
        ({"epoch": 1}, "epoch=1 is none of those that were recorded: there are 1"),
        ({"X": None, "y": None, "sample_weight": [1.0]}, "needs X and y"),
    ],
)
def test_contradictions_are_refused(plain, multiclass, options, message):
    given = {"X": multiclass.X, "y": multiclass.y} | options
    with pytest.raises(ValueError, match=message):
        GradientFlowDisplay.from_estimator(plain, **given)


# -------------------------------------------------------------------------- the network


def test_each_unit_and_each_weight_is_drawn(plain):
    display = NetworkDisplay.from_estimator(plain)
    assert [len(nodes.get_offsets()) for nodes in display.nodes_] == [5, 6, 4, 3]
    for edges, coef in zip(display.edges_, plain.coefs_, strict=True):
        np.testing.assert_array_equal(edges.get_array(), coef.ravel())


def test_weak_weights_are_seen_too():
    coefs = [np.array([[1e-3, -1e-3, 1.0]])]
    display = NetworkDisplay(coefs=coefs).plot()
    display.figure_.canvas.draw()
    red, green, blue = display.edges_[0].get_edgecolors()[:, :3].T
    assert green.max() < 0.85  # that of white is 1
    assert list(np.sign(red - blue)) == [1, -1, 1]


def test_pruned_weights_are_not_drawn_and_units_without_any_are_hollow(plain):
    pruned = prune(plain, amount=0.6)
    display = NetworkDisplay.from_estimator(pruned)
    for edges, coef, mask in zip(
        display.edges_, pruned.coefs_, pruned.masks_, strict=True
    ):
        np.testing.assert_array_equal(edges.get_array(), coef[mask])
    white = (display.nodes_[0].get_facecolors()[:, :3] == 1.0).all(axis=1)
    np.testing.assert_array_equal(white, ~pruned.masks_[0].any(axis=1))


def test_of_wide_layers_the_ends_are_shown():
    coef = np.arange(20.0 * 3).reshape(20, 3)
    display = NetworkDisplay(coefs=[coef]).plot(max_units=4)
    assert len(display.nodes_[0].get_offsets()) == 4
    drawn = display.edges_[0].get_array()
    np.testing.assert_array_equal(drawn, coef[[0, 1, 18, 19]].ravel())
    assert "16 more" in display.texts_[0].get_text()
    with pytest.raises(ValueError, match="at least 2"):
        display.plot(max_units=1)


@pytest.mark.parametrize("name", ["feature_names", "output_names", "captions"])
def test_names_are_as_many_as_there_are_places(name):
    with pytest.raises(ValueError, match=f"{name} must be 2 texts, got 3"):
        NetworkDisplay(coefs=[np.ones((2, 2))], **{name: [*"abc"]}).plot()


def test_captions_tell_layers_shapes_and_parameters(multiclass):
    model = fitted(
        BackpropClassifier, multiclass, normalization="batch", scaling="standard"
    )
    texts = [t.get_text() for t in NetworkDisplay.from_estimator(model).texts_]
    assert texts[0] == "5 inputs\nStandardize\n10 parameters"
    assert texts[1] == "6 units\nDense\nBatchNorm\nReLU\n60 parameters"
    assert texts[3:] == ["3 units\nDense\n15 parameters", "0", "1", "2"]


def test_captions_and_names_have_room(multiclass):
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(multiclass.X).rename(columns="a rather long name {}".format)
    model = fitted(BackpropClassifier, (X, multiclass.y), hidden_layer_sizes=(20,) * 6)
    display = NetworkDisplay.from_estimator(model)
    figure = display.figure_
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in display.texts_]
    for index, box in enumerate(boxes):
        assert figure.bbox.x0 <= box.x0
        assert box.x1 <= figure.bbox.x1
        assert not any(box.overlaps(other) for other in boxes[index + 1 :])


def test_columns_of_frames_are_named(multiclass):
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(multiclass.X, columns=[*"abcde"])
    model = fitted(BackpropClassifier, (X, multiclass.y))
    texts = [t.get_text() for t in NetworkDisplay.from_estimator(model).texts_]
    assert {*"abcde"} <= set(texts)


@pytest.mark.parametrize(
    "kind", [BackpropClassifier, BackpropRegressor, BackpropEmbedder]
)
def test_all_kinds_of_estimators_are_drawn(kind, binary):
    display = NetworkDisplay.from_estimator(fitted(kind, binary), max_units=16)
    assert len(display.texts_) == len(display.nodes_)  # captions; no names


def test_several_targets_have_no_names_for_outputs(multioutput):
    display = NetworkDisplay.from_estimator(fitted(BackpropClassifier, multioutput))
    assert display.output_names is None


def test_sparse_storage_looks_the_same(plain):
    pruned = prune(plain, amount=0.5)
    for one, two in zip(
        NetworkDisplay.from_estimator(pruned).edges_,
        NetworkDisplay.from_estimator(sparsify(pruned)).edges_,
        strict=True,
    ):
        np.testing.assert_array_equal(one.get_array(), two.get_array())


def test_other_estimators_are_refused(multiclass):
    model = LogisticRegression().fit(*multiclass)
    with pytest.raises(TypeError, match="not LogisticRegression"):
        NetworkDisplay.from_estimator(model)
