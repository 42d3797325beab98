"""Packages are imported before their modules, so that threads may import at once.

Python locks a module, and then the package of it that has to come first. If another
thread holds that package and waits for the module, neither gets on, and Python hands
out what is half imported.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

import skbackprop

ROOT = Path(skbackprop.__file__).parent


def name_of(path):
    return ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)


SOURCES = {
    name_of(path.parent if path.stem == "__init__" else path): path
    for path in ROOT.rglob("*.py")
}
# What `import skbackprop` brings, whose functions import the rest.
LIGHT = [f"skbackprop.estimators.{kind}" for kind in ("classifier", "regressor")]
LIGHT += ["skbackprop.estimators.embedder", "skbackprop.estimators._base"]
LIGHT += ["skbackprop.estimators._available", "skbackprop.estimators._later"]


def run_at_import(body):
    """The imports among statements that run when their module is imported."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.dump(node.test):
            yield from run_at_import([*node.body, *node.orelse])


def modules(node):
    """The modules of the package that an import statement brings, in their order."""
    names = [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        names = [node.module, *(f"{node.module}.{name}" for name in names)]
    return [name for name in names if name in SOURCES]


@cache
def tree_of(name):
    return ast.parse(SOURCES[name].read_text("utf-8"))


@cache
def imports_of(name):
    nodes = run_at_import(tree_of(name).body)
    return [module for node in nodes for module in modules(node)]


def imported_by_functions(name):
    for function in ast.walk(tree_of(name)):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield from modules(node)


def wants_its_modules(package):
    return any(name.startswith(f"{package}.") for name in imports_of(package))


def too_early(entry):
    """Who imports a module before its package, if an entry is the first import."""
    loaded, found = {"skbackprop"}, []

    def load(name, importer):
        package = name.rpartition(".")[0]
        if name not in loaded and package not in loaded:
            if wants_its_modules(package) and importer is not None:
                found.append((importer, name))
            load(package, importer)
        if name not in loaded:
            loaded.add(name)
            for other in imports_of(name):
                load(other, name)

    load(entry, None)
    return found


def entries():
    """Parts that users import, and what estimators import when they are used."""
    parts = {name for name in SOURCES if name.count(".") == 1 and "._" not in name}
    return sorted(parts.union(*map(imported_by_functions, LIGHT)))


def test_the_walk_sees_what_is_imported():
    assert "skbackprop.masking" in imports_of("skbackprop.pruning")
    assert "skbackprop.estimators._training" in entries()
    assert wants_its_modules("skbackprop.masking")
    assert not wants_its_modules("skbackprop.core")


@pytest.mark.parametrize("entry", entries())
def test_packages_are_imported_before_their_modules(entry):
    assert too_early(entry) == []
