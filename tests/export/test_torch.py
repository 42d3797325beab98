"""PyTorch: a module answers what the estimator does, in the type of its weights."""

import io
import sys
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier
from skbackprop.export import to_torch
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
    REGRESSION_LOSSES,
    classifier,
    embedder,
    inputs,
    regressor,
    targets,
    tolerance,
)

torch = pytest.importorskip("torch")


def answers(module, X):
    """Return what a module makes of rows, as arrays."""
    with torch.no_grad():
        output = module(torch.from_numpy(np.array(X)))
    if isinstance(output, tuple):
        return [each.numpy() for each in output]
    return output.numpy()


def assert_same(model, X, wanted, **options):
    """The module's answer is the one wanted, and of the type of the rows."""
    got = answers(to_torch(model, **options), X)
    for one, other in zip(_as_list(got), _as_list(wanted), strict=True):
        assert one.dtype == X.dtype
        other = other.reshape(len(X), -1)
        assert_allclose(one, other, **tolerance(X.dtype, np.abs(other).max()))


def _as_list(arrays):
    return arrays if isinstance(arrays, list) else [arrays]


@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_has_a_translation(layer):
    from skbackprop.export.torch import as_module

    assert as_module.dispatch(layer) is not as_module.dispatch(object)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation, dtype):
    X, model = inputs(dtype), classifier(dtype=dtype, activation=activation)
    assert_same(model, X, model.predict_proba(X))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("normalization", [None, *NORMALIZATIONS])
def test_every_normalization(normalization, dtype):
    params = {"normalization": normalization, "hidden_layer_sizes": (8, 4)}
    X, model = inputs(dtype), classifier(dtype=dtype, **params)
    assert_same(model, X, model.predict_proba(X))


def test_a_single_row_of_groups_of_one_unit():
    X, model = inputs()[:1], classifier(normalization=GroupNorm(n_groups=8))
    assert_same(model, X, model.predict_proba(X))


@pytest.mark.parametrize(
    "params",
    [
        {"dropout": 0.5, "input_dropout": 0.2},
        {"dropconnect": 0.3},
        {"hidden_layer_sizes": ()},
        {"scaling": None},
    ],
    ids=str,
)
def test_other_architectures(params):
    X, model = inputs(), classifier(**params)
    assert_same(model, X, model.predict_proba(X))


@pytest.mark.parametrize("loss", CLASS_LOSSES)
@pytest.mark.parametrize("task", [*CLASS_TASKS, "one class"])
def test_every_loss_of_classification(task, loss):
    X, model = inputs(), classifier(task, loss=loss)
    if hasattr(model, "predict_proba"):
        assert_same(model, X, model.predict_proba(X))
    scores = model.decision_function(X)
    whole = np.hstack(scores) if isinstance(scores, list) else scores
    assert_same(model, X, whole, raw=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_every_loss_of_regression(loss, dtype):
    X = inputs(dtype)
    model = regressor("positive", dtype, loss=REGRESSION_LOSSES[loss])
    assert_same(model, X, model.predict(X))


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_several_outputs(loss):
    X, model = inputs(), regressor("reals", loss=loss)
    assert_same(model, X, model.predict(X))


@pytest.mark.parametrize("normalize", [False, True])
def test_embedder(normalize):
    X, model = inputs(), embedder(normalize=normalize)
    assert_same(model, X, model.transform(X))


def test_compacted():
    X = inputs()
    model = compact(prune(classifier(), unit="neurons", amount=0.5))
    assert_same(model, X, model.predict_proba(X))
    stored = sparsify(prune(classifier(), amount=0.9))
    assert_same(stored, X, stored.predict_proba(X))
    linear = [m for m in to_torch(model) if isinstance(m, torch.nn.Linear)]
    assert linear[0].out_features == 4


def test_no_memory_is_shared():
    X, model = inputs(), classifier(normalization="batch")
    before = model.predict_proba(X)
    module = to_torch(model)
    with torch.no_grad():
        for array in [*module.parameters(), *module.buffers()]:
            array.zero_()
    assert_array_equal(model.predict_proba(X), before)


def test_it_can_be_trained_further():
    model = regressor("reals", normalization="batch", dropout=0.1)
    module, x = to_torch(model, raw=True), torch.from_numpy(inputs())
    assert not module.training
    module.train()(x).square().sum().backward()
    assert all(p.grad is not None for p in module.parameters())


@pytest.mark.parametrize("normalization", [None, *NORMALIZATIONS])
def test_training_goes_on_as_here(normalization):
    X, y = inputs(), targets("multiclass")
    plain = {"solver": "sgd", "momentum": 0.0, "alpha": 0.0, "learning_rate_init": 0.1}
    model = classifier(
        normalization=normalization, batch_size=len(X), activation="tanh", **plain
    )
    module = to_torch(model, raw=True).train()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    for _ in range(3):
        model.partial_fit(X, y)
        optimizer.zero_grad()
        scores = module(torch.from_numpy(X))
        torch.nn.functional.cross_entropy(scores, torch.from_numpy(y)).backward()
        optimizer.step()
    got = answers(module.eval(), X)
    assert_allclose(got, model.decision_function(X), **tolerance(X.dtype))


def test_dropconnect_is_random_in_training_alone():
    model = classifier(dropconnect=0.25, scaling=None)
    first, x = to_torch(model)[0], torch.eye(5, dtype=torch.float64)
    weight = first.weight.T.detach()
    assert_allclose((first(x) - first.bias).detach(), weight)
    kept = (first.train()(x) - first.bias).detach()
    dropped = kept.abs() < 1e-12
    assert 0 < dropped.sum() < weight.numel() / 2
    assert_allclose(kept[~dropped], weight[~dropped] / 0.75)


def test_it_can_be_traced_and_scripted():
    X = torch.from_numpy(inputs())
    with warnings.catch_warnings():
        # PyTorch recommends torch.export instead, which takes many seconds to import.
        warnings.simplefilter("ignore", DeprecationWarning)
        for model in (regressor(loss="poisson"), embedder(), classifier("binary")):
            module = to_torch(model)
            for compiled in (torch.jit.script(module), torch.jit.trace(module, X)):
                assert_allclose(compiled(X).detach(), module(X).detach())


@pytest.mark.parametrize(
    "estimator", [make_pipeline(StandardScaler(), BackpropClassifier()), "network"]
)
def test_other_estimators_are_refused(estimator):
    with pytest.raises(
        TypeError, match=r"(?s)estimator of skbackprop, got .*last step"
    ):
        to_torch(estimator)


def test_it_can_be_saved_and_loaded():
    model = regressor(normalization="group", activation="soboleva")
    module, file = to_torch(model), io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    twin = torch.load(file, weights_only=False)
    assert_array_equal(answers(twin, inputs()), answers(module, inputs()))


class Quartic(Activation):
    """An activation of a user's own."""

    def bind_forward(self, site):
        return lambda x: x**4

    def bind_backward(self, site):
        return lambda x, dy: dy * 4 * x**3


class Doubled(RegressionLoss):
    """A loss with a link of a user's own."""

    link = "double"

    def inverse_link(self, raw):
        return np.multiply(raw, 2.0, raw)

    def value(self, prediction, target):
        return 0.25 * ((prediction - target) ** 2).sum(axis=1)

    def gradient(self, prediction, target, out):
        return np.subtract(prediction, target, out)


def test_parts_of_ones_own_need_a_translation(monkeypatch):
    from skbackprop.export.torch import LINKS, as_module

    class Power(torch.nn.Module):
        def forward(self, x):
            return x**4

    class Double(torch.nn.Module):
        def forward(self, x):
            return 2 * x

    X, model = inputs(), regressor(activation=Quartic(), loss=Doubled())
    with pytest.raises(NotImplementedError, match="Quartic has no translation"):
        to_torch(model)
    as_module.register(Quartic, lambda layer: Power())
    with pytest.raises(NotImplementedError, match=r"'double'.* known are"):
        to_torch(model)
    monkeypatch.setitem(LINKS, "double", Double)
    assert_same(model, X, model.predict(X))


def test_a_missing_package_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("skbackprop.export.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"torch is missing: .*skbackprop\[torch\]"):
        to_torch(regressor())
