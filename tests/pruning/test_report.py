"""The report and the displays say what is there."""

import json

import numpy as np
import pytest

from skbackprop.pruning import (
    Magnitude,
    MaskDisplay,
    PruningDisplay,
    compact,
    prune,
    pruning_report,
)

from ._fitted import X, Y, classifier


@pytest.fixture(scope="module")
def model():
    return classifier()


def test_counts(model):
    pruned = prune(model, amount=0.5)
    pruned.coefs_[0][1] = 0.0
    pruned.coefs_[0][:, 3] = 0.0
    report = pruning_report(pruned)
    assert [layer.kept for layer in report.layers] == [
        np.count_nonzero(coef) for coef in pruned.coefs_
    ]
    assert report.weights == 32 + 48 + 18
    assert report.layers[0].inputs_used == 3
    assert report.layers[0].units_fed < 8
    assert report.share == report.kept / report.weights
    assert report.score is None


def test_scores_before_and_after(model):
    pruned = prune(model, amount=0.9)
    report = pruning_report(pruned, X, Y, before=model)
    assert (report.score, report.score_before) == (
        pruned.score(X, Y),
        model.score(X, Y),
    )
    assert f"score before {model.score(X, Y):.4f}" in str(report)
    loss = pruning_report(pruned, X, Y, scoring="neg_log_loss")
    assert loss.score < 0
    assert loss.score_before is None


def test_numbers_as_a_dictionary(model):
    found = pruning_report(prune(model, amount=0.5), X, Y).to_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["kept"] == sum(layer["kept"] for layer in found["layers"])


def test_a_compacted_network_has_nothing_left_over(model):
    small = compact(prune(model, amount=0.5, unit="neurons"))
    report = pruning_report(small)
    assert report.share == 1.0
    assert all(layer.units_fed == layer.units for layer in report.layers)


def test_scores_against_sparsity(model):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    _, ax = pyplot.subplots()
    display = PruningDisplay.from_estimator(
        model, X, Y, X_val=X, y_val=Y, criteria=["magnitude", "obs"], ax=ax,
        amounts=[0.0, 0.9], unit="neurons", n_rounds=1, curve_kwargs={"lw": 5},
    )  # fmt: skip
    pruned = prune(model, X, Y, criterion="obs", amount=0.9, unit="neurons", n_rounds=1)
    assert display.scores["obs"] == [model.score(X, Y), pruned.score(X, Y)]
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert [line.get_linewidth() for line in display.lines_] == [5, 5]
    assert [line.get_label() for line in ax.lines] == ["magnitude", "obs"]
    assert ax.get_xlabel() == "share of neurons gone"
    assert display.plot().ax_.get_xlabel() == "share of neurons gone"
    pyplot.close("all")


def test_a_criterion_alone_is_a_line(model):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    for criterion in ("magnitude", Magnitude()):
        display = PruningDisplay.from_estimator(
            model, X, Y, X_val=X, y_val=Y, criteria=criterion, amounts=[0.0, 0.5]
        )
        assert len(display.lines_) == 1
    pyplot.close("all")


def test_masks(model):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pruned = prune(model, amount=0.5)
    display = MaskDisplay.from_estimator(pruned)
    for ax, mask in zip(display.axes_, pruned.masks_, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), mask)
    assert list(display.ax_) == list(display.axes_)
    _, ax = pyplot.subplots()
    again = MaskDisplay.from_estimator(pruned, ax=ax, imshow_kwargs={"cmap": "Blues"})
    assert again.figure_ is ax.figure
    assert {image.get_cmap().name for image in again.images_} == {"Blues"}
    pyplot.close("all")


def test_masks_of_images():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    mask = np.arange(12).reshape(6, 2) % 3 == 0
    display = MaskDisplay(masks=[mask]).plot(image_shape=(2, 3))
    drawn = display.images_[0].get_array()
    np.testing.assert_array_equal(drawn, mask.sum(axis=1).reshape(2, 3))
    assert display.ax_.figure is display.figure_
    assert display.colorbar_ is not None
    with pytest.raises(ValueError, match="is for 9 inputs, but the network has 6"):
        display.plot(image_shape=(3, 3))
    with pytest.raises(ValueError, match="must be two positive integers"):
        display.plot(image_shape=6)
    pyplot.close("all")
