"""The documentation is complete: every public name is in the reference."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

from skbackprop import BackpropClassifier, BackpropEmbedder, BackpropRegressor
from skbackprop.augmentation import Augmentation
from skbackprop.averaging import Averaging
from skbackprop.initializers import Initializer
from skbackprop.layers import Activation, Normalization
from skbackprop.losses import ClassificationLoss, PairLoss, RegressionLoss
from skbackprop.penalties import Penalty
from skbackprop.pruning import PruningSchedule
from skbackprop.schedules import Schedule
from skbackprop.solvers import Solver
from skbackprop.training import StoppingRule
from skbackprop.training.scaling import Scaling

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "api.rst"
PUBLIC = ["layers", "losses", "penalties", "schedules", "solvers", "testing", "updates"]
PUBLIC += ["augmentation", "averaging", "checkpoint", "initializers", "training"]
PUBLIC += ["export", "tuning"]
PUBLIC += ["training.scaling", "curvature", "pruning", "inspection"]


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_in_the_reference(module):
    listed = {line.strip() for line in REFERENCE.read_text().splitlines()}
    assert set(importlib.import_module(f"skbackprop.{module}").__all__) <= listed


@pytest.mark.parametrize("parameter", ["n_hidden_layers", "scoring", "class_weight"])
def test_what_is_new_is_in_the_guide(parameter):
    guide = (ROOT / "docs" / "user_guide").glob("*.rst")
    assert any(parameter in page.read_text() for page in guide)


# -------------------------------------------------------------------------- the slots

ESTIMATORS = [BackpropClassifier, BackpropRegressor, BackpropEmbedder]
FAMILIES = {
    "activation": Activation,
    "solver": Solver,
    "learning_rate": Schedule,
    "weight_init": Initializer,
    "normalization": Normalization,
    "penalty": Penalty,
    "averaging": Averaging,
    "augmentation": Augmentation,
    "scaling": Scaling,
    "stopping": StoppingRule,
    "pruning": PruningSchedule,
}
LOSSES = zip(ESTIMATORS, (ClassificationLoss, RegressionLoss, PairLoss), strict=True)
SLOTS = [
    *((kind, slot, family) for kind in ESTIMATORS for slot, family in FAMILIES.items()),
    *((kind, "loss", family) for kind, family in LOSSES),
]
# What callables and lists in the slot become; nobody asks for them by name.
UNNAMED = {"custom", "in_turn"}
# What only classifiers have, and what only makes sense for targets.
NOT_EVERYWHERE = {
    (BackpropRegressor, "misclassified"),
    (BackpropEmbedder, "misclassified"),
    (BackpropEmbedder, "mixup"),
}


def own_members(family):
    """The names that come with the package; tests and pages register others."""
    members = family.members().items()
    return {n for n, m in members if m.__module__.startswith("skbackprop.")} - UNNAMED


def description(kind, parameter):
    """What the docstring of an estimator says of a parameter, its type included."""
    text = inspect.cleandoc(kind.__doc__)
    found = re.search(rf"^{parameter} : (.*?)(?=^\S)", text, re.M | re.S)
    assert found, f"{kind.__name__} does not describe {parameter}"
    return found.group(1)


@pytest.mark.parametrize(("kind", "slot", "family"), SLOTS)
def test_the_docstring_names_every_member_of_a_slot(kind, slot, family):
    expected = {n for n in own_members(family) if (kind, n) not in NOT_EVERYWHERE}
    assert expected <= set(re.findall(r"'([\w-]+)'", description(kind, slot)))


@pytest.mark.parametrize(("kind", "slot", "family"), SLOTS)
def test_the_map_of_slots_names_every_member(kind, slot, family):
    page = (ROOT / "docs" / "user_guide" / "slots.rst").read_text()
    assert own_members(family) <= set(re.findall(r"``([\w-]+)``", page))


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_the_guide_speaks_of_every_parameter(kind):
    guide = "".join(p.read_text() for p in (ROOT / "docs" / "user_guide").glob("*.rst"))
    assert {p for p in inspect.signature(kind).parameters if p not in guide} == set()


def test_the_estimators_describe_what_they_share_alike():
    # But for what is not the same: how rows are compared, what is scored or scaled.
    differing = {"loss", "batch_size", "early_stopping", "validation_fraction"}
    differing |= {"scoring", "augmentation", "scaling", "stopping"}
    shared = set.intersection(
        *(set(inspect.signature(k).parameters) for k in ESTIMATORS)
    )
    for parameter in sorted(shared - differing):
        assert len({description(kind, parameter) for kind in ESTIMATORS}) == 1, (
            parameter
        )


def test_every_page_of_the_guide_is_in_its_contents():
    guide = ROOT / "docs" / "user_guide"
    listed = {line.strip() for line in (guide / "index.rst").read_text().splitlines()}
    assert {page.stem for page in guide.glob("*.rst")} - {"index"} <= listed


def test_the_guide_links_to_examples_that_exist():
    linked = "".join(p.read_text() for p in (ROOT / "docs").rglob("*.rst"))
    named = set(re.findall(r"sphx_glr_auto_examples_(\w+)\.py", linked))
    assert named <= {path.stem for path in (ROOT / "examples").glob("plot_*.py")}


# ------------------------------------------------------------------------ the pictures

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
# Methods of axes that draw data; axes are made, named and shown by hand.
DRAWING = {"annotate", "axhline", "axvline", "bar", "barh", "boxplot", "contour"}
DRAWING |= {"contourf", "errorbar", "fill_between", "hist", "hist2d", "hlines"}
DRAWING |= {"imshow", "loglog", "matshow", "pcolormesh", "pie", "quiver", "scatter"}
DRAWING |= {"semilogx", "semilogy", "stackplot", "stem", "step", "text", "violinplot"}
DRAWING |= {"vlines"}


def made_by_displays(tree):
    """Names that displays are given in a script."""
    return {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and "Display" in ast.unparse(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def drawn_by_hand(source):
    """What a script draws other than by a display, or by a function of shap.plots."""
    tree = ast.parse(source)
    displays = made_by_displays(tree)
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        method, owner = node.func.attr, ast.unparse(node.func.value)
        by_display = "Display" in owner or owner in displays or owner == "shap.plots"
        if method in DRAWING | {"plot"} and not by_display:
            yield ast.unparse(node.func)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_picture_is_drawn_by_a_display(example):
    assert [*drawn_by_hand(example.read_text("utf-8"))] == []


def test_drawing_by_hand_is_noticed():
    assert [*drawn_by_hand("plt.plot(x)\naxes[0].bar(x, y)")] == [
        "plt.plot",
        "axes[0].bar",
    ]
    by_display = "a = LossCurveDisplay(loss_curve=c)\na.plot()\nshap.plots.bar(e)"
    assert [*drawn_by_hand(by_display)] == []


@pytest.mark.parametrize("module", ["curvature", "inspection", "pruning", "tuning"])
def test_displays_have_the_shape_of_those_of_scikit_learn(module):
    package = importlib.import_module(f"skbackprop.{module}")
    for name in package.__all__:
        if not name.endswith("Display"):
            continue
        display = getattr(package, name)
        makers = [m for m in vars(display) if m.startswith("from_")]
        assert makers, name
        for maker in [*makers, "plot"]:
            method = getattr(display, maker)
            assert "ax" in inspect.signature(method).parameters, (name, maker)
            keywords = [
                each.name.endswith("_kwargs") or each.kind is each.VAR_KEYWORD
                for each in inspect.signature(method).parameters.values()
            ]
            assert any(keywords), (name, maker)
        assert re.search(r"^    ax_ :", display.__doc__, re.M), name
        assert re.search(r"^    figure_ :", display.__doc__, re.M), name
