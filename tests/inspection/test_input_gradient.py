"""Gradients with respect to the inputs, and what hidden units give."""

from typing import ClassVar

import numpy as np
import pytest
from scipy import sparse

from skbackprop import BackpropEmbedder
from skbackprop.layers import Activation, BatchNorm
from skbackprop.linearization import chain
from skbackprop.losses import Quantile, RegressionLoss

from ._fitted import (
    CLASSES,
    NORMALIZATIONS,
    NUMBERS,
    SMOOTH,
    F,
    N,
    X,
    classifier,
    differences,
    fitted,
    regressor,
)


def assert_gradient(model, method, X=X, atol=1e-6):
    found = model.input_gradient(X, response_method=method)
    wanted = differences(getattr(model, method), X)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=atol)


# ------------------------------------------------------------------------- the layers


@pytest.mark.parametrize("activation", SMOOTH)
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_it_is_the_derivative_through_every_layer(activation, normalization):
    model = classifier(activation=activation, normalization=normalization, dropout=0.3)
    for method in ("decision_function", "predict_proba"):
        assert_gradient(model, method, X[:10], atol=1e-5)


@pytest.mark.parametrize("scaling", [None, "standard", "robust"])
def test_the_scaling_inside_the_estimator_is_part_of_it(scaling):
    assert_gradient(classifier(scaling=scaling, activation="tanh"), "decision_function")


def test_without_hidden_layers_it_is_the_weights():
    model = regressor(hidden=(), scaling=None)
    expected = np.tile(model.coefs_[0][:, 0], (N, 1))
    np.testing.assert_allclose(model.input_gradient(X), expected)


def test_it_goes_through_dropconnect_and_the_embedder():
    model = classifier(dropconnect=0.3, activation="tanh")
    assert_gradient(model, "decision_function")
    embedder = fitted(BackpropEmbedder(3, (8,), max_iter=3, random_state=0), CLASSES)
    found = embedder.input_gradient(X)
    np.testing.assert_allclose(found, differences(embedder.transform, X), atol=1e-6)


class Cubic(Activation):
    """Only what training takes: no linearisation."""

    def bind_forward(self, site):
        y = site.buffer("output", site.n_in)
        return lambda x: np.multiply(x, x * x + 1.0, y)

    def bind_backward(self, site):
        return lambda x, dy: np.multiply(dy, 3.0 * x * x + 1.0, dy)


def test_layers_of_ones_own_need_no_more_than_a_backward_pass():
    assert_gradient(classifier(activation=Cubic()), "decision_function")


def test_a_step_has_no_gradient_and_says_so():
    model = classifier(activation="binary_step")
    with pytest.raises(ValueError, match=r"derivative of a step.*RescaleExplainer"):
        model.input_gradient(X)


# ------------------------------------------------------------------------ the outputs


@pytest.mark.parametrize("loss", sorted(RegressionLoss.members()))
def test_predictions_are_differentiated_in_units_of_the_target(loss):
    model = regressor(np.exp(0.3 * NUMBERS), loss=loss, activation="tanh")
    assert model.input_gradient(X).shape == (N, F)
    assert_gradient(model, "predict")


def test_several_targets_and_ordered_quantiles_are_a_third_axis():
    two = regressor(np.column_stack([NUMBERS, 100 * X[:, 0]]), activation="tanh")
    assert two.input_gradient(X).shape == (N, F, 2)
    assert_gradient(two, "predict", atol=1e-4)
    loss = Quantile([0.1, 0.5, 0.9], non_crossing=True)
    assert_gradient(regressor(loss=loss, activation="tanh"), "predict")


@pytest.mark.parametrize("loss", ["log_loss", "focal", "squared_error"])
def test_probabilities_of_two_classes_have_opposite_gradients(loss):
    model = classifier(CLASSES > 0, loss=loss, activation="tanh")
    assert model.input_gradient(X).shape == (N, F)
    assert_gradient(model, "decision_function")
    assert_gradient(model, "predict_proba")
    both = model.input_gradient(X, response_method="predict_proba")
    np.testing.assert_allclose(both.sum(axis=2), 0.0, atol=1e-15)


def test_labels_have_a_gradient_each():
    model = classifier(X[:, :3] > 0, activation="tanh")
    assert_gradient(model, "predict_proba")


def test_outputs_of_several_classes_stand_side_by_side():
    model = classifier(np.column_stack([CLASSES, CLASSES > 0]), activation="tanh")
    found = model.input_gradient(X, response_method="predict_proba")
    wanted = differences(lambda X: np.hstack(model.predict_proba(X)), X)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_the_probability_of_an_only_class_stays():
    model = classifier(np.zeros(N))
    assert not model.input_gradient(X, response_method="predict_proba").any()


@pytest.mark.parametrize(
    ("model", "method", "match"),
    [
        (classifier, "predict", "no gradient"),
        (regressor, "predict_proba", "no probabilities"),
        (classifier, "loss", "not a Response"),
    ],
)
def test_what_has_no_gradient_is_refused(model, method, match):
    with pytest.raises(ValueError, match=match):
        model().input_gradient(X, response_method=method)


class Squared(RegressionLoss):
    """A loss with a link that nobody knows."""

    link: ClassVar[str] = "square"

    def inverse_link(self, raw):
        return raw**2

    def value(self, prediction, target):
        return ((prediction - target) ** 2).sum(axis=1)

    def gradient(self, prediction, target, out):
        return np.subtract(prediction, target, out)


def test_of_an_unknown_link_there_are_the_raw_scores():
    model = regressor(loss=Squared())
    with pytest.raises(ValueError, match=r"'square' of Squared .*Link of that name"):
        model.input_gradient(X)
    assert model.input_gradient(X, response_method="decision_function").shape == (N, F)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_embedders_have_embeddings_only(method):
    model = fitted(BackpropEmbedder(3, (8,), max_iter=3, random_state=0), CLASSES)
    with pytest.raises(ValueError, match=r"BackpropEmbedder .* 'auto'"):
        model.input_gradient(X, response_method=method)


def test_margins_are_no_probabilities():
    with pytest.raises(AttributeError, match="has no probabilities"):
        classifier(loss="hinge").input_gradient(X, response_method="predict_proba")


# --------------------------------------------------------------------------- the rows


@pytest.mark.parametrize("scaling", [None, "standard"])
def test_sparse_rows_have_dense_gradients(scaling):
    thin = np.where(np.abs(X) > 1.0, X, 0.0)
    model = classifier(X=sparse.csr_matrix(thin), scaling=scaling)
    found = model.input_gradient(sparse.csr_matrix(thin))
    np.testing.assert_allclose(found, model.input_gradient(thin), atol=1e-12)


def test_chunks_do_not_show(monkeypatch):
    model = classifier(normalization="layer")
    whole = model.input_gradient(X, response_method="predict_proba")
    monkeypatch.setattr(chain, "NUMBERS_AT_ONCE", 300)
    some = model.input_gradient(X, response_method="predict_proba")
    np.testing.assert_allclose(some, whole, rtol=1e-12, atol=1e-14)


def test_single_precision_stays():
    model = classifier(X=X.astype(np.float32), activation="tanh")
    found = model.input_gradient(X[:5].astype(np.float32))
    assert found.dtype == np.float32
    assert model.input_gradient(X[:5]).dtype == np.float64
    np.testing.assert_allclose(found, model.input_gradient(X[:5]), rtol=1e-3, atol=1e-4)


def test_the_estimator_is_left_alone():
    model = classifier(normalization=BatchNorm(), activation="prelu")
    before = [*model.coefs_, *model.intercepts_]
    before += [array for arrays in model.extra_params_.values() for array in arrays]
    before = [array.copy() for array in before]
    rows = X.copy()
    model.input_gradient(rows)
    model.hidden_activations(rows)
    after = [*model.coefs_, *model.intercepts_]
    after += [array for arrays in model.extra_params_.values() for array in arrays]
    assert all(map(np.array_equal, before, after))
    assert np.array_equal(rows, X)


def test_it_agrees_with_pytorch():
    torch = pytest.importorskip("torch")
    model = classifier(activation="gelu", scaling=None)
    x = torch.tensor(X, requires_grad=True)
    h = x
    for coef, bias in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
        h = torch.nn.functional.gelu(h @ torch.tensor(coef) + torch.tensor(bias))
    scores = h @ torch.tensor(model.coefs_[-1]) + torch.tensor(model.intercepts_[-1])
    probabilities = torch.softmax(scores, dim=1)
    for k in range(3):
        (wanted,) = torch.autograd.grad(probabilities[:, k].sum(), x, retain_graph=True)
        found = model.input_gradient(X, response_method="predict_proba")[..., k]
        np.testing.assert_allclose(found, wanted.numpy(), atol=1e-7)


# ------------------------------------------------------------------- the hidden units


def test_hidden_activations_are_what_the_layers_give():
    model = classifier(activation=["relu", "tanh"], scaling=None)
    first, second = model.hidden_activations(X)
    (w1, w2, w3), (b1, b2, b3) = model.coefs_, model.intercepts_
    np.testing.assert_allclose(first, np.maximum(X @ w1 + b1, 0.0))
    np.testing.assert_allclose(second, np.tanh(first @ w2 + b2))
    np.testing.assert_allclose(second @ w3 + b3, model.decision_function(X))


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_the_last_of_them_lead_to_the_scores(normalization):
    model = classifier(normalization=normalization, dropout=0.5)
    last = model.hidden_activations(X)[-1]
    scores = last @ model.coefs_[-1] + model.intercepts_[-1]
    np.testing.assert_allclose(scores, model.decision_function(X))


def test_hidden_activations_come_in_chunks_and_from_sparse_rows():
    many = np.tile(X, (400, 1))
    model = classifier()
    whole = model.hidden_activations(X)
    for found, wanted in zip(model.hidden_activations(many), whole, strict=True):
        np.testing.assert_allclose(found, np.tile(wanted, (400, 1)), atol=1e-12)
    for found, wanted in zip(
        model.hidden_activations(sparse.csr_matrix(X)), whole, strict=True
    ):
        np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_there_are_none_without_hidden_layers():
    assert regressor(hidden=()).hidden_activations(X) == []
