"""The format of pickles: read by later releases, refused clearly where it cannot be."""

import copy
import io
import json
import pickle
import re
import sys
from pathlib import Path
from types import ModuleType

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.base import clone

import skbackprop
from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.estimators import _persistence
from skbackprop.pruning import KeptInputs

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
ROOT = Path(__file__).parent.parent.parent
DATA = ROOT / "tests" / "data"
RELEASES = sorted(path.name for path in DATA.iterdir() if path.is_dir())
MODELS = [
    pytest.param(path, id=f"{path.parent.name}-{path.stem}")
    for path in sorted(DATA.glob("*/*.joblib"))
]
# The step before a compacted network learns nothing.
NETWORKS = [each for each in MODELS if not each.id.endswith("kept_inputs")]


@pytest.fixture
def model(regression):
    return BackpropRegressor(hidden_layer_sizes=(3,), max_iter=2).fit(*regression)


def written(model, monkeypatch, number):
    """A pickle of another format."""
    with monkeypatch.context() as other:
        other.setattr(_persistence, "FORMAT", number)
        return pickle.dumps(model)


# --------------------------------------------------------------- files of each release


def test_files_of_each_release_are_kept():
    # Of one that is not out too: `tools/keep_models.py` makes them.
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert set(re.findall(r"^## \[(\d[\d.]*)\]", changelog, re.M)) == set(RELEASES)


@pytest.mark.parametrize("mmap_mode", [None, "r"])
@pytest.mark.parametrize("path", MODELS)
def test_kept_models_answer_what_they_did(path, mmap_mode):
    model = joblib.load(path, mmap_mode=mmap_mode)
    said = np.load(path.parent / "answers.npz")
    methods = {key for key in said if re.match(rf"{path.stem}-\w+-", key)}
    assert methods
    for key in methods:
        _, method, index = key.split("-")
        answer = getattr(model, method)(said[f"{path.stem}-X"])
        got = answer[int(index)] if isinstance(answer, list) else answer
        _assert_same(_dense(got), said[key])


def _dense(array):
    return array.toarray() if sparse.issparse(array) else array


def _assert_same(got, expected):
    if expected.dtype.kind != "f":
        assert got.tolist() == expected.tolist()
        return
    assert got.dtype == expected.dtype
    # Another processor sums in another order.
    tol = 1e-5 if expected.dtype == np.float32 else 1e-10
    assert_allclose(got, expected, rtol=tol, atol=tol)


@pytest.mark.parametrize("mmap_mode", [None, "r"])
@pytest.mark.parametrize("path", NETWORKS)
def test_kept_models_can_be_gone_on_with(path, mmap_mode):
    model = joblib.load(path, mmap_mode=mmap_mode)
    X = np.load(path.parent / "answers.npz")[f"{path.stem}-X"]
    y = getattr(model, "predict", lambda X: np.arange(len(X)) % 3)(X)
    before = [coef.copy() for coef in model.intercepts_]
    # Validation data are for each to bring; L-BFGS needs all rows.
    model.set_params(early_stopping=False, solver="adam").partial_fit(X, y)
    assert any((a != b).any() for a, b in zip(before, model.intercepts_, strict=True))
    assert repr(clone(model)) == repr(model)


@pytest.mark.parametrize("release", RELEASES)
def test_kept_files_tell_what_they_were_made_with(release):
    made_with = json.loads((DATA / release / "made_with.json").read_text())
    assert {"python", "numpy", "scipy", "scikit-learn", "format"} == made_with.keys()
    assert made_with["format"] <= _persistence.FORMAT


# -------------------------------------------------------------------------- the format


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_has_the_same_attributes(model, copied):
    assert vars(copied(model)).keys() == vars(model).keys()
    assert vars(pickle.loads(pickle.dumps(model))).keys() == vars(model).keys()


def test_an_unfitted_estimator_stays_unfitted():
    twin = pickle.loads(pickle.dumps(BackpropClassifier(alpha=0.5)))
    assert twin.alpha == 0.5
    assert not hasattr(twin, "coefs_")


def test_a_newer_format_is_refused(model, monkeypatch):
    content = written(model, monkeypatch, 7)
    release = re.escape(skbackprop.__version__)
    expected = (
        rf"BackpropRegressor was written by skbackprop {release} in format 7.*"
        rf"reads formats \d+ to {_persistence.FORMAT}\. Upgrade"
    )
    with pytest.raises(ValueError, match=expected):
        pickle.loads(content)


def test_the_step_before_a_compacted_network_has_a_format_too(monkeypatch):
    content = written(KeptInputs([True, False]), monkeypatch, 7)
    with pytest.raises(ValueError, match=r"KeptInputs was written .* in format 7"):
        pickle.loads(content)


def test_it_is_refused_before_what_is_unknown_is_met(model, monkeypatch):
    later = ModuleType("a_later_release")
    exec("class Invention: pass", vars(later))
    monkeypatch.setitem(sys.modules, "a_later_release", later)
    model.invention_ = later.Invention()
    content = written(model, monkeypatch, 7)
    monkeypatch.delitem(sys.modules, "a_later_release")
    with pytest.raises(ValueError, match="in format 7"):
        pickle.loads(content)


def test_older_formats_are_migrated_step_by_step(model, monkeypatch, regression):
    content = pickle.dumps(model)
    now = _persistence.FORMAT
    steps = []

    def step(number):
        def migrated(state):
            steps.append(number)
            return {**state, f"new_in_{number + 1}_": True}

        return migrated

    migrations = {number: step(number) for number in (now, now + 1)}
    monkeypatch.setattr(_persistence, "MIGRATIONS", migrations)
    monkeypatch.setattr(_persistence, "FORMAT", now + 2)
    twin = pickle.loads(content)
    assert steps == [now, now + 1]
    assert vars(twin).keys() - vars(model).keys() == {
        f"new_in_{now + 1}_",
        f"new_in_{now + 2}_",
    }
    assert_allclose(twin.predict(regression.X), model.predict(regression.X))


def test_an_older_format_without_a_way_is_refused(model, monkeypatch):
    content = pickle.dumps(model)
    now = _persistence.FORMAT
    monkeypatch.setattr(_persistence, "FORMAT", now + 2)
    monkeypatch.setattr(_persistence, "MIGRATIONS", {now + 1: dict})
    expected = rf"in format {now}; .* reads formats {now + 1} to {now + 2}\. Load it"
    with pytest.raises(ValueError, match=expected):
        pickle.loads(content)


def test_a_state_that_does_not_tell_is_refused(model):
    state = model.__getstate__()
    del state["_written_by"]
    with pytest.raises(ValueError, match=r"written by .* before 0\.1\.0 in format 0"):
        BackpropRegressor.__new__(BackpropRegressor).__setstate__(state)


def test_hyper_parameters_that_came_later_get_their_defaults(model):
    state = model.__getstate__()
    del state["clip_norm"], state["stopping"]
    twin = BackpropRegressor.__new__(BackpropRegressor)
    twin.__setstate__(state)
    assert twin.get_params() == model.get_params()


def test_a_network_is_written_as_its_layers(model):
    file = io.BytesIO()
    pickle.Pickler(file).dump(model._network)
    assert b"Layout" not in file.getvalue()
    twin = pickle.loads(file.getvalue())
    assert twin.layout.params == model._network.layout.params
    assert twin.widths == model._network.widths
