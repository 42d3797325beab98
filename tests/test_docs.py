"""The documentation is complete: every public name is in the reference."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "api.rst"
PUBLIC = ["layers", "losses", "penalties", "schedules", "solvers", "testing", "updates"]
PUBLIC += ["augmentation", "averaging", "initializers", "training"]
PUBLIC += ["training.scaling"]


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_in_the_reference(module):
    listed = {line.strip() for line in REFERENCE.read_text().splitlines()}
    assert set(importlib.import_module(f"skbackprop.{module}").__all__) <= listed


@pytest.mark.parametrize("parameter", ["n_hidden_layers", "scoring", "class_weight"])
def test_what_is_new_is_in_the_guide(parameter):
    guide = (ROOT / "docs" / "user_guide").glob("*.rst")
    assert any(parameter in page.read_text() for page in guide)
