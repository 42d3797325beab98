"""Attributions: what they add up to, closed forms, exact Shapley values."""

import pickle
import sys
from itertools import combinations
from math import comb

import numpy as np
import pytest
from scipy import sparse
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropEmbedder
from skbackprop.inspection import (
    Attribution,
    CoalitionGradients,
    ExpectedGradients,
    GradientExplainer,
    IntegratedGradients,
    RescaleExplainer,
    _means,
)
from skbackprop.layers import Layer
from skbackprop.linearization import chain

from ._fitted import (
    BACKGROUND,
    CLASSES,
    NORMALIZATIONS,
    NUMBERS,
    SMOOTH,
    F,
    N,
    X,
    classifier,
    fitted,
    regressor,
)


def integrated(*args, n_nodes=64, **options):
    return GradientExplainer(*args, method=IntegratedGradients(n_nodes), **options)


def expected(*args, n_samples=2000, single=True, **options):
    method = ExpectedGradients(n_samples, single_precision=single)
    return GradientExplainer(*args, method=method, **options)


def coalitions(*args, n_samples=2000, single=True, **options):
    method = CoalitionGradients(n_samples, single_precision=single)
    return GradientExplainer(*args, method=method, **options)


EXPLAINERS = [RescaleExplainer, integrated, expected, coalitions]


def assert_additive(explainer, output, X=X, atol=1e-9):
    values = explainer.shap_values(X)
    total = explainer.expected_value + values.sum(axis=1)
    np.testing.assert_allclose(total, output(X), rtol=0, atol=atol)


def single_unit(activation="tanh"):
    """A regressor of one hidden unit, ``v f(w x + b) + c``; with ``w``."""
    model = regressor(hidden=(1,), activation=activation, scaling=None)
    rng = np.random.default_rng(1)
    model.coefs_[0][:] = rng.normal(size=(F, 1)) / 3
    return model, model.coefs_[0][:, 0]


def one_feature_a_unit():
    """A regressor that is a sum of functions of single features."""
    model = regressor(hidden=(3 * F,), activation="tanh", scaling=None)
    model.coefs_[0][:] = np.kron(np.eye(F), [1.0, -0.5, 0.3])
    return model


def shapley_values(function, x, background):
    """Return exact Shapley values of a row, from all coalitions, by the definition."""
    n = len(x)

    def worth(coalition):
        mixed = background.copy()
        mixed[:, list(coalition)] = x[list(coalition)]
        return function(mixed).mean(axis=0)

    found = []
    for j in range(n):
        others, total = [i for i in range(n) if i != j], 0.0
        for size in range(n):
            for coalition in combinations(others, size):
                gain = worth((*coalition, j)) - worth(coalition)
                total = total + gain / (n * comb(n - 1, size))
        found.append(total)
    return np.array(found)


# -------------------------------------------------------------------------- additivity


@pytest.mark.parametrize("activation", [*SMOOTH, "binary_step"])
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_the_rescale_rule_adds_up_whatever_the_layers(activation, normalization):
    model = classifier(activation=activation, normalization=normalization, dropout=0.2)
    for method in ("decision_function", "predict_proba"):
        explainer = RescaleExplainer(model, BACKGROUND, response_method=method)
        assert_additive(explainer, getattr(model, method))


@pytest.mark.parametrize("activation", ["tanh", "gelu", "softplus"])
def test_integrated_gradients_add_up_where_the_network_is_smooth(activation):
    model = classifier(activation=activation)
    for method in ("decision_function", "predict_proba"):
        explainer = integrated(model, BACKGROUND, response_method=method)
        assert_additive(explainer, getattr(model, method), atol=1e-6)


@pytest.mark.parametrize("activation", ["relu", "tanh", "elu"])
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.filterwarnings("ignore:The attributions miss")
def test_gradients_at_coalitions_add_up_because_they_are_made_to(
    activation, normalization
):
    model = classifier(activation=activation, normalization=normalization, dropout=0.2)
    for method in ("decision_function", "predict_proba"):
        explainer = GradientExplainer(model, BACKGROUND, response_method=method)
        assert_additive(explainer, getattr(model, method))


def test_the_expected_value_is_the_mean_output_of_the_background():
    model = classifier()
    explainer = RescaleExplainer(model, BACKGROUND, response_method="predict_proba")
    mean = model.predict_proba(BACKGROUND).mean(axis=0)
    np.testing.assert_allclose(explainer.expected_value, mean)


@pytest.mark.parametrize("loss", ["squared_error", "poisson", "gamma"])
def test_predictions_are_explained_in_units_of_the_target(loss):
    model = regressor(50 * np.exp(0.3 * NUMBERS), loss=loss)
    explainer = RescaleExplainer(model, BACKGROUND)
    assert explainer.shap_values(X).shape == (N, F)
    assert_additive(explainer, model.predict)


@pytest.mark.parametrize(
    ("y", "columns"),
    [
        (X[:, :3] > 0, lambda model: model.predict_proba),
        (
            np.column_stack([CLASSES, CLASSES > 0]),
            lambda model: lambda X: np.hstack(model.predict_proba(X)),
        ),
    ],
)
def test_labels_and_several_outputs_stand_side_by_side(y, columns):
    model = classifier(y)
    explainer = RescaleExplainer(model, BACKGROUND, response_method="predict_proba")
    assert len(explainer.output_names) == explainer.shap_values(X).shape[2]
    assert_additive(explainer, columns(model))


def test_embeddings_are_explained():
    model = fitted(BackpropEmbedder(3, (8,), max_iter=3, random_state=0), CLASSES)
    assert_additive(RescaleExplainer(model, BACKGROUND), model.transform)


@pytest.mark.parametrize("explain", [RescaleExplainer, coalitions])
def test_single_precision_stays_and_adds_up(explain):
    single = X.astype(np.float32)
    model = classifier(X=single)
    explainer = explain(model, single[:12])
    assert explainer.shap_values(single).dtype == np.float32
    assert_additive(explainer, model.decision_function, single, atol=2e-5)


@pytest.mark.parametrize("unit", [1e-30, 1e30])
@pytest.mark.filterwarnings("ignore:The attributions miss")
def test_squares_of_targets_may_be_out_of_range(unit):
    single = X.astype(np.float32)
    y = (unit * NUMBERS).astype(np.float32)
    model = regressor(y, X=single, scaling="standard")
    explainer = GradientExplainer(model, single[:12])
    assert explainer.shap_values(single).dtype == np.float32
    assert_additive(explainer, model.predict, single, atol=1e-5 * unit)


def test_a_row_that_is_its_own_background_has_nothing_to_explain():
    model = classifier(normalization="layer")
    explainer = RescaleExplainer(model, X[:1], response_method="predict_proba")
    assert not explainer.shap_values(X[:1]).any()


# ------------------------------------------------------------------------ closed forms


@pytest.mark.parametrize("explain", EXPLAINERS)
def test_linear_models_are_explained_by_their_weights(explain):
    model = regressor(hidden=(), scaling=None)
    found = explain(model, BACKGROUND).shap_values(X)
    wanted = (X - BACKGROUND.mean(axis=0)) * model.coefs_[0][:, 0]
    # Of 2000 samples of 12 rows some are used once more than others.
    atol = 1e-3 if explain is expected else 1e-9
    np.testing.assert_allclose(found, wanted, rtol=0, atol=atol)


@pytest.mark.parametrize("activation", ["relu", "tanh", "leaky_relu", "binary_step"])
def test_a_single_unit_shares_out_by_the_changes_of_its_score(activation):
    model, w = single_unit(activation)
    found = RescaleExplainer(model, BACKGROUND).shap_values(X)
    wanted = np.zeros((N, F))
    for reference in BACKGROUND:
        parts = (X - reference) * w
        total = parts.sum(axis=1)
        change = model.predict(X) - model.predict(reference[np.newaxis])
        shares = np.divide(
            change, total, out=np.zeros_like(total), where=np.abs(total) > 1e-12
        )
        wanted += parts * shares[:, np.newaxis] / len(BACKGROUND)
    np.testing.assert_allclose(found, wanted, atol=1e-9)


def test_on_a_single_unit_integrated_gradients_are_the_rescale_rule():
    model, _ = single_unit()
    wanted = RescaleExplainer(model, BACKGROUND).shap_values(X)
    found = integrated(model, BACKGROUND).shap_values(X)
    np.testing.assert_allclose(found, wanted, atol=1e-8)


@pytest.mark.parametrize("explain", EXPLAINERS[:2])
def test_sums_of_functions_of_single_features_get_their_shapley_values(explain):
    model = one_feature_a_unit()
    found = explain(model, BACKGROUND).shap_values(X[:4])
    wanted = [shapley_values(model.predict, x, BACKGROUND) for x in X[:4]]
    np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize("explain", EXPLAINERS)
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_others_come_close_to_theirs(explain, activation):
    model = classifier(activation=activation, max_iter=40)
    found = explain(model, BACKGROUND).shap_values(X[:6])
    wanted = np.array(
        [shapley_values(model.decision_function, x, BACKGROUND) for x in X[:6]]
    )
    assert np.linalg.norm(found - wanted) < 0.25 * np.linalg.norm(wanted)


def test_the_softmax_gets_the_mean_of_its_derivative():
    model = classifier(hidden=())  # nothing but an affine map before it
    options = {"response_method": "predict_proba"}
    found = RescaleExplainer(model, BACKGROUND, **options).shap_values(X)
    path = integrated(model, BACKGROUND, **options)
    np.testing.assert_allclose(found, path.shap_values(X), atol=1e-6)


@pytest.mark.filterwarnings("ignore:The attributions miss")
def test_integrated_gradients_are_means_of_input_gradients():
    model = classifier(activation="gelu")
    found = integrated(model, BACKGROUND[:2], n_nodes=3).shap_values(X[:5])
    nodes, weights = np.polynomial.legendre.leggauss(3)
    wanted = 0.0
    for reference in BACKGROUND[:2]:
        for node, weight in zip(nodes, weights, strict=True):
            at = reference + (node + 1) / 2 * (X[:5] - reference)
            change = (X[:5] - reference)[..., np.newaxis]
            wanted = wanted + weight / 4 * change * model.input_gradient(at)
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def paths_by_hand(gradient, rows, method, references):
    """Return means over references and places, a row and a node at a time."""
    references = references[method.choose(len(references))]
    places, shares = method.draw_places(len(references))(0, len(rows))
    found = []
    for i, x in enumerate(rows):
        total, change = 0.0, x - references
        for place, share in zip(places, shares, strict=True):
            own = np.broadcast_to(place, (len(rows), len(references)))[i]
            slopes = gradient(references + own[:, np.newaxis] * change)
            parts = change.reshape(*change.shape, *[1] * (slopes.ndim - 2)) * slopes
            total = total + share * parts.mean(axis=0)
        found.append(total)
    return np.array(found)


PATHS = [IntegratedGradients(2), ExpectedGradients(15, single_precision=False)]


@pytest.mark.parametrize("method", PATHS)
@pytest.mark.parametrize("activation", ["relu", "prelu", "softplus", "mish"])
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.filterwarnings("ignore:The attributions miss")
def test_paths_are_means_of_gradients_whatever_the_layers(
    method, activation, normalization
):
    model = classifier(activation=activation, normalization=normalization, dropout=0.3)
    for response in ("decision_function", "predict_proba"):
        options = {"method": method, "response_method": response}
        found = GradientExplainer(model, BACKGROUND[:4], **options).shap_values(X[:3])
        wanted = paths_by_hand(
            lambda at, name=response: model.input_gradient(at, response_method=name),
            X[:3],
            method,
            BACKGROUND[:4],
        )
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("method", PATHS)
@pytest.mark.filterwarnings("ignore:The attributions miss")
def test_paths_through_a_single_output_a_narrow_precision_and_a_pipeline(method):
    single = X.astype(np.float32)
    model = regressor(X=single, activation="gelu")
    found = GradientExplainer(model, single[:4], method=method).shap_values(single[:3])
    assert found.dtype == np.float32
    wanted = paths_by_hand(model.input_gradient, single[:3], method, single[:4])
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    pipeline = fitted(make_pipeline(StandardScaler(), regressor()), NUMBERS)
    scaler, network = pipeline
    found = GradientExplainer(pipeline, X[:4], method=method).shap_values(X[:3])
    wanted = paths_by_hand(
        lambda at: network.input_gradient(scaler.transform(at)) / scaler.scale_,
        X[:3],
        method,
        X[:4],
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("response", ["decision_function", "predict_proba"])
@pytest.mark.filterwarnings("ignore:The attributions miss")
def test_coalitions_are_made_of_both_rows_and_made_up_by_mean_squares(response):
    model, rows = classifier(normalization="layer", activation="silu"), X[:3]
    method = CoalitionGradients(n_samples=9, single_precision=False)
    references = BACKGROUND[:4][method.choose(4)]
    assert len(references) == 12  # each three times
    parts = method.draw_parts(*references.shape, np.dtype(float))(0, 3)
    output = getattr(model, response)
    found = GradientExplainer(
        model, BACKGROUND[:4], method=method, response_method=response
    ).shap_values(rows)
    for x, part, values in zip(rows, parts, found, strict=True):
        at = references + part * (x - references)
        slopes = model.input_gradient(at, response_method=response)
        each = slopes * (x - references)[..., np.newaxis]
        wanted, squares = each.mean(axis=0), (each**2).mean(axis=0)
        change = output(x[np.newaxis])[0] - output(BACKGROUND[:4]).mean(axis=0)
        wanted += squares / squares.sum(axis=0) * (change - wanted.sum(axis=0))
        np.testing.assert_allclose(values, wanted, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("n_features", [1, 2, 7])
@pytest.mark.parametrize("m", [1, 8, 13])
def test_features_take_turns_and_every_order_is_used_backwards(m, n_features):
    method = CoalitionGradients(random_state=3)
    draw = method.draw_parts(m, n_features, np.dtype(float))
    parts = np.array(draw(5, 40))
    assert parts.shape == (40, m, n_features)
    assert parts.min() >= 0.0
    assert parts.max() <= 1.0
    # The place in the sequence is the row's, whoever asks.
    assert np.array_equal(parts[30:], draw(35, 10))
    if m % 2 == 0:
        np.testing.assert_allclose(parts.mean(axis=1), 0.5)
        half = m // 2
        backwards = 1.0 - np.roll(parts, half, axis=1)
        np.testing.assert_allclose(parts, backwards, atol=1e-12)
    assert len(np.unique(parts[:, 0, 0])) > 1 or m == n_features == 1


def test_many_coalitions_come_closer_to_shapley_values_than_straight_lines():
    model = classifier(CLASSES > 0, hidden=(30, 30), max_iter=60)
    rows = X[:8]
    wanted = np.array(
        [shapley_values(model.decision_function, x, BACKGROUND) for x in rows]
    )
    errors = [
        np.linalg.norm(explain(model, BACKGROUND).shap_values(rows) - wanted)
        for explain in (coalitions, integrated, RescaleExplainer)
    ]
    assert errors[0] < 0.8 * min(errors[1:])


def test_expected_gradients_approach_the_integrated_ones():
    model = classifier(activation="tanh")
    wanted = integrated(model, BACKGROUND, n_nodes=16).shap_values(X[:8])
    errors = []
    for n_samples in (48, 4800):
        method = ExpectedGradients(n_samples)
        explainer = GradientExplainer(model, BACKGROUND, method=method)
        errors.append(np.abs(explainer.shap_values(X[:8]) - wanted).mean())
    # Spread evenly, places miss less than by the root of their number.
    assert errors[1] < errors[0] / 10


# --------------------------------------------------------------------------- the calls


CHUNKED = [
    (RescaleExplainer, {}),
    (integrated, {"n_nodes": 4}),
    (expected, {"n_samples": 40, "single": False}),
    (coalitions, {"n_samples": 40, "single": False}),
]


@pytest.mark.parametrize(("explain", "options"), CHUNKED)
@pytest.mark.filterwarnings("ignore:The attributions miss")
def test_chunks_do_not_show(explain, options, monkeypatch):
    model = classifier(normalization="layer", activation="tanh")
    whole = explain(model, BACKGROUND, **options).shap_values(X[:7])
    for size in (50, 700, 3000):  # below one pair, below one row, some rows
        monkeypatch.setattr(chain, "NUMBERS_AT_ONCE", size)
        monkeypatch.setattr(_means, "NUMBERS_AT_ONCE", size // 10)
        some = explain(model, BACKGROUND, **options).shap_values(X[:7])
        np.testing.assert_allclose(some, whole, rtol=1e-9, atol=1e-11)


SAMPLED = [ExpectedGradients, CoalitionGradients]


@pytest.mark.parametrize("explain", [expected, coalitions])
@pytest.mark.parametrize("response", ["decision_function", "predict_proba"])
@pytest.mark.filterwarnings("ignore:The attributions miss")
def test_single_precision_rounds_far_below_the_noise_of_draws(explain, response):
    model = classifier(activation="tanh", normalization="layer")
    single, double, other = (
        explain(
            model, BACKGROUND, n_samples=n, single=single, response_method=response
        ).shap_values(X)
        for n, single in [(26, True), (26, False), (39, False)]
    )
    assert single.dtype == double.dtype == np.float64
    rounding, noise = abs(single - double).max(), abs(other - double).max()
    assert 0 < rounding < 1e-4 * noise


@pytest.mark.filterwarnings("ignore:The attributions miss")
@pytest.mark.parametrize("factor", [1e-200, 1e-30, 1e30, 1e200])
def test_features_in_any_unit_are_explained_in_single_precision(factor):
    units = factor ** np.linspace(-1, 1, F)
    model = regressor(activation="tanh", scaling=None)
    wanted = coalitions(model, BACKGROUND, n_samples=26).shap_values(X)
    model.coefs_[0] /= units[:, np.newaxis]
    explainer = coalitions(model, BACKGROUND * units, n_samples=26)
    assert explainer._lighter.chain.dtype == np.float32
    found = explainer.shap_values(X * units)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6 * abs(wanted).max())


@pytest.mark.filterwarnings("ignore:The attributions miss")
def test_single_precision_is_left_alone_where_its_gradients_differ():
    model = regressor(hidden=(4, 4), activation="tanh")
    # Two units are the same, and what follows takes the difference of large numbers.
    model.coefs_[0][:, 1] = model.coefs_[0][:, 0]
    model.intercepts_[0][1] = model.intercepts_[0][0]
    model.coefs_[1][0], model.coefs_[1][1] = 1e6, -1e6
    single, double = (
        coalitions(model, BACKGROUND, n_samples=26, single=single).shap_values(X)
        for single in (True, False)
    )
    np.testing.assert_array_equal(single, double)


@pytest.mark.filterwarnings("ignore:The attributions miss")
@pytest.mark.parametrize("single", [True, False])
def test_what_gradients_hardly_see_adds_up_too(single):
    model = classifier(activation="tanh")
    # Probabilities jump between 0 and 1, mostly where no gradient is drawn.
    model.coefs_[-1] *= 1e3
    explainer = coalitions(
        model,
        BACKGROUND[:1],
        n_samples=26,
        single=single,
        response_method="predict_proba",
    )
    assert (explainer._lighter.chain.dtype == np.float32) is single
    assert_additive(explainer, model.predict_proba)


@pytest.mark.parametrize("explain", EXPLAINERS)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.filterwarnings("ignore:The attributions miss")
def test_explainers_are_pickled(explain, n_classes):
    model = fitted(
        BackpropClassifier(hidden_layer_sizes=(4,), max_iter=2),
        np.arange(N) % n_classes,
    )
    explainer = explain(model, BACKGROUND, response_method="predict_proba")
    twin = pickle.loads(pickle.dumps(explainer))
    np.testing.assert_array_equal(twin.shap_values(X), explainer.shap_values(X))


@pytest.mark.parametrize("sampled", SAMPLED)
@pytest.mark.filterwarnings("ignore:The attributions miss")
def test_a_seed_makes_samples_repeatable(sampled):
    model = classifier()

    def values(seed):
        method = sampled(30, random_state=seed)
        explainer = GradientExplainer(model, BACKGROUND, method=method)
        return explainer.shap_values(X[:3]), explainer.shap_values(X[:3])

    once, again = values(0)
    assert np.array_equal(once, again)
    assert not np.array_equal(once, values(1)[0])


@pytest.mark.parametrize("explain", EXPLAINERS)
def test_sparse_rows_are_explained(explain):
    thin = np.where(np.abs(X) > 1.0, X, 0.0)
    rows = sparse.csr_matrix(thin)
    model = classifier(X=rows, activation="tanh")
    found = explain(model, rows[:12]).shap_values(rows)
    wanted = explain(model, thin[:12]).shap_values(thin)
    np.testing.assert_allclose(found, wanted, atol=1e-10)


def test_methods_are_a_slot():
    names = {"rescale", "integrated_gradients", "expected_gradients"}
    names.add("coalition_gradients")
    assert names <= set(Attribution.members())
    model = classifier()
    found = GradientExplainer(model, BACKGROUND, method="rescale").shap_values(X)
    wanted = RescaleExplainer(model, BACKGROUND).shap_values(X)
    assert np.array_equal(found, wanted)
    with pytest.raises(ValueError, match="not a Attribution"):
        GradientExplainer(model, BACKGROUND, method="guess")


class Doubled(Layer):
    """A layer that says nothing but its two maps, and changes the width."""

    def build(self, n_in):
        return 2 * n_in, []

    def bind_forward(self, site):
        return lambda x: np.concatenate([x, x * x[:, ::-1]], axis=1)

    def bind_backward(self, site):
        def backward(x, dy):
            straight, mixed = np.split(dy, 2, axis=1)
            return straight + mixed * x[:, ::-1] + (mixed * x)[:, ::-1]

        return backward


def test_a_layer_of_ones_own_is_averaged_over_the_way():
    from skbackprop.layers import Dense, Tanh
    from skbackprop.network import Network

    network = Network([Dense(4), Tanh(), Doubled(), Dense(2)], n_in=F)
    theta = network.initial(np.random.RandomState(0), np.dtype(float))
    explained = chain.Chain(network, network.layout.views(theta), np.dtype(float))
    rows, references = explained.ahead(X), explained.ahead(BACKGROUND)
    found = explained.multipliers(explained.trace(rows), explained.trace(references))
    change = rows[:, np.newaxis] - references
    total = np.einsum("knmh,nmh->nmk", found, change)
    wanted = explained.finish(rows)[:, np.newaxis] - explained.finish(references)
    np.testing.assert_allclose(total, wanted, atol=1e-12)


def test_paths_that_miss_by_far_say_so():
    model = regressor(activation="relu", hidden=(30, 30), max_iter=60)
    explainer = GradientExplainer(
        model, BACKGROUND[:1], method=ExpectedGradients(n_samples=1)
    )
    with pytest.warns(UserWarning, match=r"miss the changes .* RescaleExplainer"):
        explainer.shap_values(X)


def test_outputs_that_never_change_miss_nothing():
    model = regressor()
    model.coefs_[-1][:], model.intercepts_[-1][:] = 0.0, 0.3
    # Warnings are errors.
    found = GradientExplainer(model, X[:13]).shap_values(X)
    assert not found.any()


@pytest.mark.parametrize("activation", ["tanh", "relu", "silu"])
@pytest.mark.filterwarnings("ignore:The attributions miss")
def test_numbers_at_the_end_of_the_range_spoil_no_other_row(activation):
    model = classifier(activation=activation)
    rows = X.copy()
    rows[0] *= 1e300
    for explain in (RescaleExplainer, GradientExplainer):
        found = explain(model, BACKGROUND).shap_values(rows)
        wanted = explain(model, BACKGROUND).shap_values(X)
        np.testing.assert_allclose(found[1:], wanted[1:], atol=1e-12)
    RescaleExplainer(model, rows[:3]).shap_values(X)
    model.input_gradient(rows)
    model.hidden_activations(rows)


def test_rows_without_finite_attributions_are_counted_and_hide_nothing():
    model, rows = classifier(activation="silu"), X.copy()
    rows[:2] = 1e308
    explainer = GradientExplainer(model, BACKGROUND)
    with pytest.warns(UserWarning, match=f"2 of {N} rows are not finite"):
        found = explainer.shap_values(rows)
    np.testing.assert_array_equal(np.isfinite(found).all(axis=(1, 2)), rows[:, 0] < 2e3)
    few = GradientExplainer(model, BACKGROUND[:1], method=ExpectedGradients(1))
    with (
        pytest.warns(UserWarning, match="not finite"),
        pytest.warns(UserWarning, match="miss the changes"),
    ):
        few.shap_values(rows)


def test_a_warning_says_whether_values_add_up_nevertheless():
    model = regressor(activation="relu", hidden=(30, 30), max_iter=60)
    for method, words in [
        (CoalitionGradients(1), r"by \d+%, which was made up for:"),
        (ExpectedGradients(1), r"by \d+%:"),
    ]:
        explainer = GradientExplainer(model, BACKGROUND[:1], method=method)
        with pytest.warns(UserWarning, match=words):
            explainer.shap_values(X)


def test_steps_are_left_to_the_rescale_rule():
    model = classifier(activation="binary_step")
    for explain in (integrated, expected, coalitions):
        with pytest.raises(ValueError, match="RescaleExplainer"):
            explain(model, BACKGROUND).shap_values(X)


def test_only_estimators_with_a_network_are_explained():
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.dummy import DummyClassifier

    around = fitted(TransformedTargetRegressor(regressor()), NUMBERS)
    with pytest.raises(TypeError, match=r"TransformedTargetRegressor, regressor_\."):
        RescaleExplainer(around, X)
    with pytest.raises(TypeError, match=r"not DummyClassifier.*best_estimator_"):
        RescaleExplainer(DummyClassifier().fit(X, CLASSES), X)


def test_without_shap_there_is_the_array(monkeypatch):
    monkeypatch.setitem(sys.modules, "shap", None)
    explainer = RescaleExplainer(classifier(), BACKGROUND)
    with pytest.raises(ImportError, match=r"skbackprop\[shap\].*shap_values"):
        explainer(X[:2])
    assert explainer.shap_values(X[:2]).shape == (2, F, 3)


def test_training_on_changes_no_explanation():
    model = classifier()
    explainer = RescaleExplainer(model, BACKGROUND)
    before = explainer.shap_values(X[:5])
    model.partial_fit(X, CLASSES)
    assert np.array_equal(explainer.shap_values(X[:5]), before)
    assert not np.array_equal(
        RescaleExplainer(model, BACKGROUND).shap_values(X[:5]), before
    )


@pytest.mark.parametrize("sampled", SAMPLED)
def test_threads_do_not_show(sampled, monkeypatch):
    model = classifier()
    method = sampled(n_samples=60)
    monkeypatch.setattr(chain, "NUMBERS_AT_ONCE", 2000)
    found = []
    for n_threads in (1, 3):
        monkeypatch.setattr(_means, "threads_for", lambda work, n=n_threads: n)
        explainer = GradientExplainer(model, BACKGROUND, method=method)
        found.append(explainer.shap_values(X))
    assert np.array_equal(*found)
