"""ONNX: onnxruntime answers what the estimator answers, whatever is in its slots."""

import sys
from types import ModuleType

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingClassifier, StackingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.export import register_onnx, to_onnx
from skbackprop.layers import Activation, GroupNorm
from skbackprop.losses import RegressionLoss
from skbackprop.pruning import compact, prune, sparsify

from ._models import (
    ACTIVATIONS,
    CLASS_LOSSES,
    CLASS_TASKS,
    DTYPES,
    LAYERS,
    NORMALIZATIONS,
    PAIR_LOSSES,
    REGRESSION_LOSSES,
    SMALL,
    classifier,
    embedder,
    fit,
    inputs,
    regressor,
    targets,
    tolerance,
)

onnxruntime = pytest.importorskip("onnxruntime")
skl2onnx = pytest.importorskip("skl2onnx")
onnx = pytest.importorskip("onnx")

MATRIX = {"zipmap": False}


def run(graph, X):
    """Return the outputs of a model for some rows."""
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    (given,) = graph.graph.input
    return session.run(None, {given.name: X})


def answers(model, X, **options):
    """Convert a model, and return what it answers."""
    return run(to_onnx(model, X[:1], **options), X)


def assert_same_classes(model, X, **options):
    """Labels, and probabilities or else scores, are those of the model."""
    labels, second = answers(model, X, options=MATRIX, **options)
    assert_array_equal(labels, model.predict(X))
    expected = second_output(model, X)
    pairs = (
        zip(second, expected, strict=True)
        if isinstance(second, list)
        else [(second, expected)]
    )
    for got, wanted in pairs:
        assert got.dtype == X.dtype
        assert_allclose(got, wanted, **tolerance(X.dtype))


def second_output(model, X):
    """Probabilities, or scores with a column for each class."""
    if hasattr(model, "predict_proba"):
        return model.predict_proba(X)
    scores = model.decision_function(X)
    flat = not isinstance(scores, list) and scores.ndim == 1
    return np.column_stack([-scores, scores]) if flat else scores


def assert_same_numbers(model, X, tol=None):
    """The matrix is what the regressor predicts, or the embedder makes of the rows."""
    (got,) = answers(model, X)
    method = getattr(model, "predict", None) or model.transform
    wanted = method(X).reshape(len(X), -1)
    assert got.dtype == X.dtype
    assert_allclose(got, wanted, **(tol or tolerance(X.dtype, np.abs(wanted).max())))


# -------------------------------------------------------------------------- layers


@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_has_a_translation(layer):
    from skbackprop.export.onnx import translate

    assert translate.dispatch(layer) is not translate.dispatch(object)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation, dtype):
    X = inputs(dtype)
    model = classifier(dtype=dtype, activation=activation)
    # onnxruntime has the error function of GELU for float32 only.
    last_digits = np.float32 if activation == "gelu" else dtype
    labels, probabilities = answers(model, X, options=MATRIX)
    assert_array_equal(labels, model.predict(X))
    wanted = model.predict_proba(X)
    assert_allclose(probabilities, wanted, **tolerance(last_digits))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_far_from_zero(activation):
    # A single unit with weight 1 shows the function itself.
    X = np.array([[-100.0], [-30.0], [-1e-3], [0.0], [1e-3], [30.0], [100.0]])
    model = fit(
        BackpropRegressor(hidden_layer_sizes=(1,), activation=activation, max_iter=1),
        X,
        X.ravel(),
    )
    model.coefs_[0][...] = model.coefs_[1][...] = 1.0
    model.intercepts_[0][...] = model.intercepts_[1][...] = 0.0
    last_digits = np.float32 if activation == "gelu" else np.float64
    assert_same_numbers(model, X, tolerance(last_digits))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("normalization", [None, *NORMALIZATIONS])
def test_every_normalization(normalization, dtype):
    params = {"normalization": normalization, "hidden_layer_sizes": (8, 4)}
    assert_same_classes(classifier(dtype=dtype, **params), inputs(dtype))


def test_groups_of_one_unit():
    model = classifier(normalization=GroupNorm(n_groups=8))
    assert_same_classes(model, inputs())


@pytest.mark.parametrize(
    "params",
    [
        {"dropout": 0.5, "input_dropout": 0.2},
        {"dropconnect": 0.3},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (5, 4, 3), "activation": ["tanh", "elu", "prelu"]},
        {"scaling": None},
        {"scaling": "robust"},
    ],
    ids=str,
)
def test_other_architectures(params):
    assert_same_classes(classifier(**params), inputs())


# ------------------------------------------------------------------- tasks and losses


@pytest.mark.parametrize("loss", CLASS_LOSSES)
@pytest.mark.parametrize("task", CLASS_TASKS)
def test_every_loss_of_classification(task, loss):
    assert_same_classes(classifier(task, loss=loss), inputs())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_every_loss_of_regression(loss, dtype):
    model = regressor("positive", dtype, loss=REGRESSION_LOSSES[loss])
    assert_same_numbers(model, inputs(dtype))


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_several_outputs(loss):
    assert_same_numbers(regressor("reals", loss=loss), inputs())


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("loss", PAIR_LOSSES)
def test_embedder(loss, normalize):
    assert_same_numbers(embedder(loss=loss, normalize=normalize), inputs())


def test_only_one_class():
    assert_same_classes(classifier("one class"), inputs())


# --------------------------------------------------------------------------- labels


@pytest.mark.parametrize(
    "names",
    [
        np.array(["ant", "bee", "cat"]),
        np.array(["ant", "bee", "cat"], object),
        np.array([-1, 0, 7], np.int8),
        np.array([1.0, 2.0, 5.0]),
    ],
    ids=["strings", "objects", "integers", "whole floats"],
)
@pytest.mark.parametrize("task", ["binary", "multiclass", "multioutput"])
def test_labels_of_any_type(task, names):
    X, y = inputs(), names[targets(task)]
    labels, _ = answers(fit(BackpropClassifier((4,), **SMALL), X, y), X, options=MATRIX)
    expected = fit(BackpropClassifier((4,), **SMALL), X, y).predict(X)
    assert_array_equal(labels, expected)


def test_boolean_labels_are_integers():
    X, y = inputs(), targets("binary").astype(bool)
    model = fit(BackpropClassifier((4,), **SMALL), X, y)
    labels, _ = answers(model, X, options=MATRIX)
    assert labels.dtype == np.int64
    assert_array_equal(labels, model.predict(X))


def test_labels_that_onnx_does_not_know_are_refused():
    X, y = inputs(), np.array([0.5, 1.5, 2.5])[targets("multiclass")].astype(str)
    model = fit(BackpropClassifier((4,), **SMALL), X, y)
    model.classes_ = model._target.classes = np.array([0.5, 1.5, 2.5])
    with pytest.raises(ValueError, match=r"integers or strings.*nocl"):
        to_onnx(model, X, options=MATRIX)


# -------------------------------------------------------------------------- options


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_are_dictionaries_by_default(dtype):
    X, names = inputs(dtype), np.array(["ant", "bee", "cat"])
    model = fit(BackpropClassifier((4,), **SMALL), X, names[targets("multiclass")])
    labels, rows = answers(model, X)
    assert_array_equal(labels, model.predict(X))
    assert [*rows[0]] == [*names]
    got = [[row[name] for name in names] for row in rows]
    # Dictionaries of ONNX hold float32.
    assert_allclose(got, model.predict_proba(X), **tolerance(np.float32))


def test_labels_of_which_several_may_hold_are_dictionaries_too():
    X, model = inputs(), classifier("multilabel")
    labels, rows = answers(model, X)
    assert_array_equal(labels, model.predict(X))
    got = [[row[label] for label in range(3)] for row in rows]
    assert_allclose(got, model.predict_proba(X), **tolerance(np.float32))


def test_a_column_for_each_class():
    X, model = inputs(), classifier()
    labels, *columns = answers(model, X, options={"zipmap": "columns"})
    assert_array_equal(labels, model.predict(X))
    wanted = model.predict_proba(X)
    assert_allclose(np.column_stack(columns), wanted, **tolerance(np.float64))


def test_positions_instead_of_labels():
    X, names = inputs(), np.array(["ant", "bee", "cat"])
    model = fit(BackpropClassifier((4,), **SMALL), X, names[targets("multiclass")])
    labels, _ = answers(model, X, options={**MATRIX, "nocl": True})
    assert_array_equal(names[labels], model.predict(X))


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_raw_scores(task):
    X, model = inputs(), classifier(task)
    _, scores = answers(model, X, options={**MATRIX, "raw_scores": True})
    wanted = model.decision_function(X)
    got = scores[:, 1] if wanted.ndim == 1 else scores
    assert_allclose(got, wanted, **tolerance(np.float64))


def test_names_of_classes_as_an_output():
    options = {**MATRIX, "output_class_labels": True}
    *_, names = answers(classifier(), inputs(), options=options)
    assert_array_equal(names, [0, 1, 2])


@pytest.mark.parametrize("opset", [13, 15, 18, 21])
def test_opsets(opset):
    X = inputs()
    for model in (classifier(normalization="layer"), embedder(normalize=True)):
        graph = to_onnx(model, X, target_opset=opset, options=_options(model))
        onnx.checker.check_model(graph)
        assert max(each.version for each in graph.opset_import) <= opset
        wanted = getattr(model, "predict_proba", None) or model.transform
        assert_allclose(run(graph, X)[-1], wanted(X), **tolerance(np.float64))


def _options(model):
    return MATRIX if isinstance(model, BackpropClassifier) else None


def test_older_opsets_are_refused():
    with pytest.raises(ValueError, match=r"need opset 13 or later, got .*=12"):
        to_onnx(regressor(), inputs(), target_opset=12)


# ---------------------------------------------------------------------- other inputs


def test_whole_pipelines():
    X, y = inputs(np.float32), targets("multiclass")
    network = BackpropClassifier((6,), **SMALL)
    pipeline = fit(make_pipeline(StandardScaler(), PCA(3), network), X, y)
    assert_same_classes(pipeline, X)


def test_an_embedder_in_the_middle():
    X, y = inputs(np.float64), targets("multiclass")
    pipeline = make_pipeline(MinMaxScaler(), embedder(), LogisticRegression())
    labels, probabilities = answers(fit(pipeline, X, y), X, options=MATRIX)
    assert_array_equal(labels, pipeline.predict(X))
    assert_allclose(probabilities, pipeline.predict_proba(X), **tolerance(np.float32))


def _ours(network):
    pytest.importorskip("optuna")
    from skbackprop.tuning import BackpropSearchCV

    return BackpropSearchCV(network, {"alpha": [0.1, 1.0]}, n_trials=2, cv=2)


@pytest.mark.parametrize(
    "search",
    [
        lambda model: GridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=2),
        lambda model: RandomizedSearchCV(model, {"alpha": [0.1, 1.0]}, n_iter=1, cv=2),
        _ours,
    ],
    ids=["grid", "random", "ours"],
)
def test_searches(search):
    X, y = inputs(), targets("multiclass")
    found = fit(search(BackpropClassifier((6,), **SMALL)), X, y)
    assert_same_classes(found, X)
    _, rows = answers(fit(make_pipeline(MinMaxScaler(), found), X, y), X)
    assert [*rows[0]] == [0, 1, 2]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "ensemble",
    [
        lambda model: BaggingClassifier(model, 2, random_state=0),
        lambda model: OneVsRestClassifier(model),
        lambda model: CalibratedClassifierCV(model, cv=2),
        lambda model: StackingClassifier([("a", model), ("b", GaussianNB())], cv=2),
    ],
    ids=["bagging", "one vs rest", "calibrated", "stacking"],
)
def test_ensembles(ensemble, dtype):
    X, y = inputs(dtype), targets("multiclass")
    network = BackpropClassifier((4,), **SMALL, scaling="standard")
    model = fit(ensemble(network), X, y)
    labels, probabilities = answers(model, X, options=MATRIX)
    assert_array_equal(labels, model.predict(X))
    assert_allclose(probabilities, model.predict_proba(X), **tolerance(np.float32))


def test_integers_are_taken_for_float32():
    X = inputs().round().astype(np.int64)
    model = fit(BackpropRegressor(**SMALL), X, targets("real"))
    (got,) = answers(model, X)
    assert got.dtype == np.float32
    wanted = model.predict(X)
    assert_allclose(got.ravel(), wanted, **tolerance(np.float32, np.abs(wanted).max()))


def test_a_frame_is_an_input_for_each_column():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(inputs(), columns=[*"abcde"])
    model = fit(BackpropRegressor(**SMALL), frame, targets("real"))
    graph = to_onnx(model, frame[:1])
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    given = {name: frame[[name]].to_numpy() for name in frame}
    (got,) = session.run(None, given)
    assert_allclose(got.ravel(), model.predict(frame), **tolerance(np.float64, 100.0))


@pytest.mark.parametrize("names", [["whole", "b", "a"], ["a", "whole", "b"]])
def test_columns_of_several_types_make_doubles_of_all(names):
    pd = pytest.importorskip("pandas")
    columns = {"a": inputs()[:, 0], "b": inputs(np.float32)[:, 3]}
    frame = pd.DataFrame({"whole": np.arange(60), **columns})[names]
    for model in (BackpropRegressor(**SMALL), BackpropClassifier(**SMALL)):
        fit(model, frame, targets("binary"))
        session = onnxruntime.InferenceSession(
            to_onnx(model, frame[:1], options=_options(model)).SerializeToString()
        )
        answered = session.run(None, {n: frame[[n]].to_numpy() for n in names})
        wanted = getattr(model, "predict_proba", model.predict)(frame)
        assert answered[-1].dtype == np.float64
        got = answered[-1].reshape(wanted.shape)
        assert_allclose(got, wanted, **tolerance(np.float64))


def test_lists_of_rows():
    X, model = inputs(), regressor()
    (got,) = run(to_onnx(model, X[:2].tolist()), X)
    assert_allclose(got.ravel(), model.predict(X), **tolerance(np.float64, 100.0))


# --------------------------------------------------------------- pruned and compacted


@pytest.mark.parametrize("drop_inputs", [False, True])
@pytest.mark.parametrize("normalization", [None, "batch"])
def test_pruned_and_compacted(normalization, drop_inputs):
    X, model = inputs(), classifier(normalization=normalization)
    pruned = prune(model, amount=0.6)
    assert_same_classes(pruned, X)
    neurons = prune(model, unit="neurons", amount=0.5)
    neurons.coefs_[0][1] = 0.0
    small = compact(neurons, drop_inputs=drop_inputs)
    assert_same_classes(small, X)
    assert_same_classes(sparsify(pruned), X)
    assert len(to_onnx(small, X).SerializeToString()) < len(
        to_onnx(model, X).SerializeToString()
    )


# ---------------------------------------------------------------------- one's own parts


class Cubic(Activation):
    """An activation of a user's own."""

    def bind_forward(self, site):
        return lambda x: x**3

    def bind_backward(self, site):
        return lambda x, dy: dy * 3 * x**2


class Shifted(RegressionLoss):
    """A loss with a link of a user's own."""

    link = "plus_one"

    def inverse_link(self, raw):
        return np.add(raw, 1.0, raw)

    def value(self, prediction, target):
        return 0.5 * ((prediction - target) ** 2).sum(axis=1)

    def gradient(self, prediction, target, out):
        return np.subtract(prediction, target, out)


def test_an_activation_of_ones_own_needs_a_translation():
    from skbackprop.export.onnx import translate

    model = regressor(activation=Cubic())
    with pytest.raises(NotImplementedError, match="Cubic has no translation"):
        to_onnx(model, inputs())
    translate.register(Cubic, lambda layer, x: x * x * x)
    assert_same_numbers(model, inputs())


def test_a_link_of_ones_own_needs_a_translation(monkeypatch):
    from skbackprop.export.onnx import LINKS

    model = regressor(loss=Shifted())
    with pytest.raises(NotImplementedError, match=r"'plus_one'.* known are"):
        to_onnx(model, inputs())
    monkeypatch.setitem(LINKS, "plus_one", lambda raw: raw + 1.0)
    assert_same_numbers(model, inputs())


class Special(BackpropRegressor):
    """A subclass, which skl2onnx takes for another estimator."""


def test_subclasses_are_registered_by_hand():
    model = fit(Special(**SMALL), inputs(), targets("real"))
    register_onnx(Special)
    assert_same_numbers(model, inputs())


# --------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("kind", [BackpropClassifier, BackpropRegressor])
def test_unfitted_estimators_are_refused(kind):
    with pytest.raises(NotFittedError):
        to_onnx(kind(), inputs())


@pytest.mark.parametrize(
    ("X", "kind", "message"),
    [
        (None, TypeError, "needs a dense X"),
        (sparse.csr_array(inputs()), TypeError, r"toarray\(\)"),
        (inputs()[0], ValueError, r"shape \(5,\), but BackpropClassifier .* of 5"),
        (inputs()[:, 1:], ValueError, r"shape \(60, 4\), but .* rows of 5 features"),
    ],
    ids=["nothing", "sparse", "one row", "other features"],
)
def test_rows_that_the_model_would_refuse(X, kind, message):
    with pytest.raises(kind, match=message):
        to_onnx(classifier(), X)


@pytest.mark.parametrize("kind", [LogisticRegression, "BackpropClassifier"])
def test_only_subclasses_can_be_registered(kind):
    with pytest.raises(TypeError, match=r"subclasses of BackpropClassifier, .* got"):
        register_onnx(kind)


def test_labels_beyond_64_bits_are_refused():
    y = np.array([1, 2**63 + 5], np.uint64)[targets("binary")]
    model = fit(BackpropClassifier((4,), **SMALL), inputs(), y)
    with pytest.raises(ValueError, match="integers or strings"):
        to_onnx(model, inputs(), options=MATRIX)


def test_an_error_of_another_package_is_not_taken_for_a_missing_one(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("skbackprop.export.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "skl2onnx", ModuleType("skl2onnx"))
    with pytest.raises(ImportError, match="cannot import name"):
        register_onnx()


def test_a_missing_package_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("skbackprop.export.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=r"skl2onnx.* pip install 'skbackprop\[onnx"):
        register_onnx()
