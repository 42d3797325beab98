"""What an import brings along, what the package shows, and which way imports point."""

import ast
import importlib
import json
import pkgutil
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import skbackprop

ROOT = Path(skbackprop.__file__).parent
OPTIONAL = {
    "IPython",
    "hypothesis",
    "jax",
    "lime",
    "matplotlib",
    "onnx",
    "onnxruntime",
    "optuna",
    "plotly",
    "polars",
    "pytest",
    "shap",
    "skl2onnx",
    "skops",
    "skorch",
    "torch",
}

# Each part may import those above it; parts in one row do not know each other.
ROWS = [
    {"_compat", "_plotting"},
    {"core"},
    {"initializers"},
    {"augmentation", "averaging", "layers", "links", "losses", "penalties"}
    | {"schedules", "updates"},
    {"network"},
    {"architecture"},
    {"objective"},
    {"evaluation", "linearization", "prediction"},
    {"masking", "solvers"},
    {"training"},
    {"estimators"},
    {"checkpoint", "curvature", "pruning", "tuning"},
    {"inspection"},
    {"export"},
    {"testing"},
    {"__init__"},
]
# A loss on raw scores contains the inverse of its link.
ALLOWED_BETWEEN_SIBLINGS = {("losses", "links")}
RANK = {part: rank for rank, row in enumerate(ROWS) for part in row}


# -------------------------------------------------------------------- what is imported


def modules_after(statement):
    """Names of all modules that are loaded once the statement was run."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT.parent,
    )
    return set(json.loads(done.stdout))


@pytest.fixture(scope="module")
def loaded():
    return modules_after("import skbackprop")


def packages(modules):
    return {name.partition(".")[0] for name in modules}


def test_no_optional_package_is_imported(loaded):
    assert not packages(loaded) & OPTIONAL


def test_nothing_is_imported_that_scikit_learn_would_not(loaded):
    theirs = modules_after("import sklearn.neural_network, sklearn.callback")
    standard = sys.stdlib_module_names
    assert packages(loaded) - packages(theirs) - standard == {"skbackprop"}


def test_what_trains_and_predicts_is_imported_by_those_who_do(loaded):
    parts = {part_of(name) for name in loaded if name.startswith("skbackprop.")}
    assert parts == {"_compat", "core", "estimators"}


@pytest.mark.parametrize("name", ["losses", "solvers", "tuning"])
def test_parts_are_imported_when_they_are_asked_for(name):
    assert f"skbackprop.{name}" in modules_after(
        f"import skbackprop\nassert skbackprop.{name}.__all__"
    )


@pytest.mark.parametrize("name", ["looses", "losses.base", ".losses", "__wrapped__"])
def test_what_is_no_part_is_no_attribute(name):
    with pytest.raises(AttributeError, match="has no attribute"):
        getattr(skbackprop, name)


def test_parts_are_listed_before_they_are_imported():
    modules_after(
        "import skbackprop\n"
        "assert {'losses', 'tuning', '__all__'} <= {*dir(skbackprop)}"
    )


def test_no_optional_package_is_needed_to_fit_and_predict():
    code = (
        "import skbackprop as s\n"
        "X, y = [[0.0], [1.0]] * 20, [0, 1] * 20\n"
        "s.BackpropClassifier(early_stopping=True, tol=10).fit(X, y).predict_proba(X)\n"
        "s.BackpropRegressor(solver='lbfgs').fit(X, y).predict(X)"
    )
    assert not packages(modules_after(code)) & OPTIONAL


# ----------------------------------------------------------------------- what is shown


# What users import from.
PUBLIC = ["skbackprop", *(f"skbackprop.{part}" for part in ("layers", "solvers"))]
PUBLIC += [f"skbackprop.{part}" for part in ("losses", "schedules", "testing")]
PUBLIC += [f"skbackprop.{part}" for part in ("averaging", "penalties", "updates")]
PUBLIC += ["skbackprop.export", "skbackprop.tuning"]
PUBLIC += ["skbackprop.training", "skbackprop.curvature", "skbackprop.pruning"]
PUBLIC += ["skbackprop.inspection", "skbackprop.checkpoint"]


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_explicit(name):
    module = importlib.import_module(name)
    if "__all__" not in vars(module):
        pytest.fail(f"{name} has no __all__")
    assert sorted(set(module.__all__)) == sorted(module.__all__)
    for each in module.__all__:
        assert hasattr(module, each), each


def test_everything_that_the_package_shows_is_in_its_list():
    submodules = {info.name for info in pkgutil.iter_modules([str(ROOT)])}
    shown = {name for name in vars(skbackprop) if not name.startswith("_")}
    assert shown - submodules == {n for n in skbackprop.__all__ if n[0] != "_"}
    assert {"BackpropClassifier", "BackpropRegressor"} <= set(skbackprop.__all__)


def test_version_is_that_of_a_release_or_of_its_development():
    release = skbackprop.__version__.partition(".dev")[0]
    assert all(part.isdecimal() for part in release.split("."))


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "py.typed").is_file()


# ------------------------------------------------------------ which way imports point


def module_name(path):
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}


def imported_by(name):
    """The modules of the package that a module names, wherever in it it does so."""
    path = SOURCES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                base = package.split(".")[: len(package.split(".")) - node.level + 1]
                origin = ".".join([*base, *filter(None, [origin])])
            for alias in node.names:
                submodule = f"{origin}.{alias.name}"
                yield submodule if submodule in SOURCES else origin


def own_imports(name):
    return {other for other in imported_by(name) if other in SOURCES}


def part_of(name):
    """The part of the package that a module belongs to."""
    return [*name.split("."), "__init__"][1]


def may_import(importer, imported):
    if importer == imported or (importer, imported) in ALLOWED_BETWEEN_SIBLINGS:
        return True
    return RANK[imported] < RANK[importer]


def test_the_walk_sees_the_imports():
    assert {"skbackprop.core.spec"} <= own_imports("skbackprop.layers.base") | {
        *own_imports("skbackprop.schedules")
    }
    assert len(SOURCES) > 15


def test_every_part_has_its_place():
    assert {part_of(name) for name in SOURCES} <= set(RANK)


@pytest.mark.parametrize("name", SOURCES)
def test_imports_point_one_way(name):
    against = [
        other
        for other in own_imports(name)
        if not may_import(part_of(name), part_of(other))
    ]
    assert against == []


def test_no_modules_import_each_other_in_a_circle():
    graph = {name: own_imports(name) - {name} for name in SOURCES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(" <- ".join(circle.args[1]))


@pytest.mark.parametrize("name", SOURCES)
def test_private_names_of_scikit_learn_are_met_in_one_place(name):
    if part_of(name) == "_compat":
        return
    tree = ast.parse(SOURCES[name].read_text("utf-8"))
    private = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("sklearn")
        for alias in node.names
        if any(part.startswith("_") for part in (*node.module.split("."), alias.name))
    ]
    assert private == []
