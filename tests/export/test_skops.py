"""skops: files without pickled code, for every member of every slot."""

import importlib
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.augmentation import Augmentation
from skbackprop.averaging import Averaging
from skbackprop.estimators import _persistence
from skbackprop.export import SKOPS_TRUSTED_TYPES
from skbackprop.initializers import HeNormal, Initializer
from skbackprop.layers import Activation, Dropout, Normalization
from skbackprop.losses import ClassificationLoss, PairLoss, RegressionLoss
from skbackprop.penalties import Penalty
from skbackprop.pruning import (
    Neurons,
    OneShot,
    PruningSchedule,
    Taylor,
    compact,
    prune,
    sparsify,
)
from skbackprop.schedules import Cosine, Schedule, Warmup
from skbackprop.solvers import Solver
from skbackprop.training import StoppingRule
from skbackprop.training.scaling import Scaling

from ._models import (
    CLASS_TASKS,
    DTYPES,
    SMALL,
    classifier,
    embedder,
    fit,
    inputs,
    own,
    regressor,
    targets,
)

io = pytest.importorskip("skops.io")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
# Functions of the user, whom nobody but the user can trust; and lists, tried by hand.
BY_HAND = {"custom", "in_turn"}
# What has no settings that fit all data.
SETTINGS = {"image_shift": {"shape": (5, 1)}, "rewinding": {"n_rounds": 1}}
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
MEMBERS = [
    pytest.param(slot, member(**SETTINGS.get(name, {})), id=f"{slot}-{name}")
    for slot, family in FAMILIES.items()
    for name, member in sorted(own(family).items())
    if name not in BY_HAND
]


def through_file(model):
    """Write and read a model, trusting what is published and nothing else."""
    content = io.dumps(model)
    assert set(io.get_untrusted_types(data=content)) <= set(SKOPS_TRUSTED_TYPES)
    return io.loads(content, trusted=SKOPS_TRUSTED_TYPES)


def assert_same(model, X=None):
    """The twin is the model, to the bit; returns it."""
    X = inputs() if X is None else X
    twin = through_file(model)
    assert repr(twin) == repr(model)
    for one, other in zip(outputs(twin, X), outputs(model, X), strict=True):
        assert type(one) is type(other)
        assert_array_equal(_dense(one), _dense(other))
    return twin


def outputs(model, X):
    names = ("predict", "decision_function", "predict_proba", "transform")
    found = [getattr(model, name)(X) for name in names if hasattr(model, name)]
    return [a for each in found for a in (each if isinstance(each, list) else [each])]


def _dense(array):
    return array.toarray() if sparse.issparse(array) else array


@pytest.mark.parametrize(("slot", "member"), MEMBERS)
def test_every_member_of_every_slot(slot, member):
    assert_same(classifier(**{slot: member}))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", sorted(own(RegressionLoss)))
def test_every_loss_of_regression(loss, dtype):
    model = regressor("positive", dtype, loss=own(RegressionLoss)[loss]())
    assert_same(model, inputs(dtype))


@pytest.mark.parametrize("task", [*CLASS_TASKS, "one class"])
@pytest.mark.parametrize("loss", sorted(own(ClassificationLoss)))
def test_every_loss_of_classification(loss, task):
    assert_same(classifier(task, loss=own(ClassificationLoss)[loss]()))


@pytest.mark.parametrize("loss", sorted(own(PairLoss)))
def test_embedder(loss):
    assert_same(embedder(loss=own(PairLoss)[loss](), normalize=True))


@pytest.mark.parametrize(
    "params",
    [
        {"activation": ["prelu", "gelu"], "hidden_layer_sizes": (5, 4)},
        {"dropout": Dropout(0.2), "input_dropout": 0.1, "dropconnect": 0.1},
        {"augmentation": ["mixup", "gaussian_noise"]},
        {"pruning": OneShot(unit=Neurons(), criterion=Taylor())},
        {"learning_rate": Warmup(then=Cosine()), "weight_init": HeNormal()},
        {"stopping": ["time", "weight_change"]},
        {"early_stopping": True, "scoring": "accuracy"},
        {"gradient_health": True},
        {"random_state": np.random.RandomState(0)},
        {"class_weight": {0: 1.0, 1: 2.0, 2: 3.0}},
    ],
    ids=" and ".join,
)
def test_other_settings(params):
    model = classifier(**params)
    assert_array_equal(
        through_file(model).predict_proba(inputs()), model.predict_proba(inputs())
    )


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csr_array])
@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "lil"])
def test_sparse_labels(kind, container):
    y = container(targets("multilabel")).asformat(kind)
    assert_same(fit(BackpropClassifier((4,), **SMALL), inputs(), y))


def test_pruned_and_compacted():
    pruned = prune(classifier(), amount=0.5)
    twin = assert_same(pruned)
    for one, other in zip(twin.masks_, pruned.masks_, strict=True):
        assert_array_equal(one, other)
    assert_same(compact(pruned, drop_inputs=True))
    assert_same(sparsify(pruned))


@pytest.mark.parametrize("averaging", [None, "ema"])
@pytest.mark.parametrize("scaling", [None, "standard"])
@pytest.mark.parametrize("solver", ["sgd", "adam", "muon"])
def test_partial_fit_goes_on_where_it_was(solver, scaling, averaging):
    X, y = inputs(), targets("real")
    model = BackpropRegressor(
        hidden_layer_sizes=(4,),
        solver=solver,
        scaling=scaling,
        averaging=averaging,
        random_state=0,
    )
    model.partial_fit(X, y)
    twin = assert_same(model)
    assert_array_equal(
        twin.partial_fit(X, y).predict(X), model.partial_fit(X, y).predict(X)
    )


def test_functions_of_the_user_are_not_trusted():
    model = classifier(learning_rate=_rate)
    with pytest.raises(io.exceptions.UntrustedTypesFoundException, match="_rate"):
        io.loads(io.dumps(model), trusted=SKOPS_TRUSTED_TYPES)


def _rate(epoch):
    return 0.01


def test_a_newer_format_is_refused(monkeypatch):
    with monkeypatch.context() as later:
        later.setattr(_persistence, "FORMAT", 7)
        content = io.dumps(classifier())
    with pytest.raises(ValueError, match=r"BackpropClassifier was written .* format 7"):
        io.loads(content, trusted=SKOPS_TRUSTED_TYPES)


def test_what_else_is_imported_makes_no_difference():
    for part in ("curvature", "inspection", "linearization.links", "tuning"):
        importlib.import_module(f"skbackprop.{part}")
    trusted = importlib.reload(sys.modules["skbackprop.export.trust"])
    assert trusted.SKOPS_TRUSTED_TYPES == SKOPS_TRUSTED_TYPES
    assert not [n for n in SKOPS_TRUSTED_TYPES if n.startswith("skbackprop.tuning.")]


def test_nothing_but_data_is_trusted():
    for name in SKOPS_TRUSTED_TYPES:
        assert name.startswith(("skbackprop.", "scipy.sparse.")), name
    assert len(set(SKOPS_TRUSTED_TYPES)) == len(SKOPS_TRUSTED_TYPES)
