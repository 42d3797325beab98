"""Pictures of the curvature."""

import sys

import numpy as np
import pytest

from skbackprop.curvature import (
    CurvatureDisplay,
    Eigenvectors,
    Picture,
    Spectrum,
    Surface,
    curvature_matrix,
    hessian_operator,
)

from ._fitted import classifier, fitted

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture(scope="module")
def model(multiclass):
    return fitted(classifier(), *multiclass)


@pytest.fixture(autouse=True)
def closed():
    yield
    matplotlib.pyplot.close("all")


def shown(model, data, kind, **options):
    return CurvatureDisplay.from_estimator(
        model, *data, kind=kind, random_state=0, **options
    )


@pytest.mark.parametrize("kind", Picture.members())
def test_every_picture_is_drawn(model, multiclass, kind):
    display = shown(model, multiclass, kind)
    assert display.figure_ is display.ax_.figure
    assert display.ax_.get_xlabel()
    display.figure_.canvas.draw()


@pytest.mark.parametrize("kind", Picture.members())
def test_it_is_drawn_where_it_is_wanted(model, multiclass, kind):
    _, (left, right) = matplotlib.pyplot.subplots(1, 2)
    assert shown(model, multiclass, kind, ax=right).ax_ is right
    assert not left.has_data()
    assert right.has_data()


def test_it_is_drawn_again_without_being_computed(model, multiclass):
    display = shown(model, multiclass, "surface")
    first, drawing = display.ax_, display.drawing
    assert display.plot().ax_ is not first
    assert display.drawing is drawing


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("spectrum", {"c": "k"}),
        ("eigenvectors", {"lw": 7}),
        ("surface", {"cmap": "gray", "levels": 3}),
    ],
)
def test_keywords_reach_what_is_drawn(model, multiclass, kind, options):
    ax = shown(model, multiclass, kind, **options).ax_
    given = {
        "spectrum": lambda: ax.lines[0].get_color() == "k",
        "eigenvectors": lambda: ax.lines[0].get_linewidth() == 7,
        "surface": lambda: ax.collections[0].get_cmap().name == "gray",
    }
    assert given[kind]()


def test_a_small_spectrum_is_all_eigenvalues(model, multiclass):
    drawing = shown(model, multiclass, "spectrum").drawing
    wanted = np.linalg.eigvalsh(curvature_matrix(model, *multiclass))
    np.testing.assert_allclose(drawing.ends, wanted, atol=1e-12)


def test_a_large_spectrum_is_estimated(model, multiclass):
    kind = Spectrum(max_params=10, n_ends=2, n_vectors=20)
    drawing = shown(model, multiclass, kind).drawing
    wanted = np.linalg.eigvalsh(curvature_matrix(model, *multiclass))
    np.testing.assert_allclose(drawing.ends, wanted[[0, 1, -2, -1]], atol=1e-9)
    assert drawing.density.trace == pytest.approx(wanted.sum(), rel=0.5)


def test_lines_bend_as_the_eigenvalues_say(model, multiclass):
    kind = Eigenvectors(n_largest=2, n_smallest=1, span=1e-4, n_points=5)
    drawing = shown(model, multiclass, kind).drawing
    values = np.linalg.eigvalsh(curvature_matrix(model, *multiclass))
    np.testing.assert_allclose(drawing.eigenvalues, values[[-1, -2, 0]], atol=1e-10)
    np.testing.assert_allclose(drawing.values, drawing.expected, atol=1e-9)
    before, _, at, _, after = drawing.values[0]
    bend = (before - 2 * at + after) / drawing.steps[-1] ** 2
    assert bend == pytest.approx(values[-1], rel=1e-4)


@pytest.mark.parametrize("random", [False, True])
def test_the_middle_of_a_surface_is_the_estimator(model, multiclass, random):
    kind = Surface(random=random, n_points=5)
    drawing = shown(model, multiclass, kind).drawing
    operator = hessian_operator(model, *multiclass)
    assert drawing.values.shape == (5, 5)
    assert drawing.values[2, 2] == operator.value(operator.theta)
    assert drawing.values.min() == pytest.approx(drawing.values[2, 2], rel=1e-6)


def test_one_layer_alone(model, multiclass):
    drawing = shown(model, multiclass, "spectrum", layers=[1]).drawing
    assert len(drawing.ends) == 15


def test_unknown_kinds_are_refused(model, multiclass):
    with pytest.raises(ValueError, match="is not a Picture"):
        shown(model, multiclass, "painting")


def test_matplotlib_is_asked_for_when_it_is_missing(model, multiclass, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    with pytest.raises(ImportError, match="needs matplotlib: pip install"):
        shown(model, multiclass, "spectrum")
