"""SHAP, LIME and scikit-learn's inspection with the estimators."""

import warnings

import numpy as np
import pytest
from sklearn.inspection import partial_dependence

from skbackprop.inspection import GradientExplainer, RescaleExplainer

from ._fitted import BACKGROUND, CLASSES, F, X, classifier, regressor

with warnings.catch_warnings():
    # Its import warns of other packages' plans.
    warnings.simplefilter("ignore")
    shap = pytest.importorskip("shap")

# What shap and matplotlib tell each other.
pytestmark = [
    pytest.mark.filterwarnings("ignore:::shap"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]


@pytest.fixture
def pyplot():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


# --------------------------------------------------------------- what explainers return

PLOTS = {
    "bar": lambda e: shap.plots.bar(e, show=False),
    "bar of a row": lambda e: shap.plots.bar(e[0], show=False),
    "beeswarm": lambda e: shap.plots.beeswarm(e, show=False),
    "waterfall": lambda e: shap.plots.waterfall(e[0], show=False),
    "scatter": lambda e: shap.plots.scatter(e[:, 0], color=e, show=False),
    "heatmap": lambda e: shap.plots.heatmap(e, show=False),
    "violin": lambda e: shap.plots.violin(e, show=False),
    "force": lambda e: shap.plots.force(e[0], matplotlib=True, show=False),
    "decision": lambda e: shap.plots.decision(
        e.base_values[0], e.values, feature_names=list(e.feature_names), show=False
    ),
    "group difference": lambda e: shap.plots.group_difference(
        e.values, np.arange(len(e)) < 9, list(e.feature_names), show=False
    ),
    "embedding": lambda e: shap.plots.embedding(
        0, e.values, feature_names=list(e.feature_names), show=False
    ),
}


def test_an_explanation_holds_everything():
    model = classifier(np.array(["low", "mid", "high"])[CLASSES])
    explainer = RescaleExplainer(model, BACKGROUND)
    found = explainer(X[:7])
    assert isinstance(found, shap.Explanation)
    assert found.values.shape == (7, F, 3)
    assert found.base_values.shape == (7, 3)
    assert found.output_names == ["high", "low", "mid"]
    assert found.feature_names == [f"Feature {j}" for j in range(F)]
    np.testing.assert_array_equal(found.data, X[:7])
    np.testing.assert_array_equal(found.values, explainer.shap_values(X[:7]))
    np.testing.assert_allclose(found.base_values[0], explainer.expected_value)


def test_a_single_output_takes_no_axis():
    found = GradientExplainer(regressor(activation="tanh"), BACKGROUND)(X[:7])
    assert found.values.shape == (7, F)
    assert found.base_values.shape == (7,)


@pytest.mark.parametrize("plot", PLOTS)
def test_every_plot_takes_it(plot, pyplot):
    explanation = RescaleExplainer(regressor(), BACKGROUND)(X)
    PLOTS[plot](explanation)
    assert pyplot.get_fignums()


@pytest.mark.parametrize("plot", ["bar", "beeswarm", "waterfall", "scatter", "heatmap"])
def test_so_it_does_for_one_class_of_several(plot, pyplot):
    explanation = RescaleExplainer(classifier(), BACKGROUND)(X)
    PLOTS[plot](explanation[..., 1])
    assert pyplot.get_fignums()


def test_explanations_slice_and_sum():
    explanation = RescaleExplainer(classifier(), BACKGROUND)(X)
    assert explanation[:5, :, 2].values.shape == (5, F)
    mean = explanation[..., 0].abs.mean(0).values
    np.testing.assert_allclose(mean, np.abs(explanation.values[..., 0]).mean(axis=0))


# --------------------------------------------------------------- the explainers of shap


def of_explainer(output, X):
    return shap.Explainer(output, BACKGROUND, algorithm="permutation", seed=0)(X).values


SHAP = {
    "Explainer": of_explainer,
    "Kernel": lambda output, X: shap.KernelExplainer(output, BACKGROUND).shap_values(
        X, silent=True, l1_reg=False
    ),
    "Permutation": lambda output, X: (
        shap.PermutationExplainer(output, BACKGROUND, seed=0)(X).values
    ),
    "Sampling": lambda output, X: shap.SamplingExplainer(
        output, BACKGROUND
    ).shap_values(X, silent=True),
    "Exact": lambda output, X: shap.ExactExplainer(output, BACKGROUND)(X).values,
}


@pytest.mark.parametrize("name", SHAP)
@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_any_explainer_of_shap_explains_the_estimators(name, kind):
    makes = {"classifier": classifier, "regressor": regressor}
    methods = {"classifier": "predict_proba", "regressor": "predict"}
    model = makes[kind](max_iter=30)
    output = getattr(model, methods[kind])
    np.random.seed(0)  # noqa: NPY002 - what some of shap's explainers draw from
    found = SHAP[name](output, X[12:15])
    total = output(BACKGROUND).mean(axis=0) + found.sum(axis=1)
    np.testing.assert_allclose(total, output(X[12:15]), atol=1e-6)
    ours = RescaleExplainer(model, BACKGROUND, response_method=methods[kind])
    close = ours.shap_values(X[12:15])
    assert np.linalg.norm(found - close) < 0.6 * np.linalg.norm(found)


def test_an_estimator_is_no_function_to_shap():
    # The day this fails, shap may find the explainer by itself: tell the guide.
    with pytest.raises(TypeError, match="not callable"):
        shap.Explainer(classifier(), BACKGROUND)


def test_pytorch_s_deep_explainer_gives_the_same():
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = regressor(scaling=None, max_iter=30)
        layers = []
        for coef, bias in zip(model.coefs_, model.intercepts_, strict=True):
            linear = torch.nn.Linear(*coef.shape, dtype=torch.float64)
            linear.weight.data[:] = torch.tensor(coef.T)
            linear.bias.data[:] = torch.tensor(bias)
            layers += [linear, torch.nn.ReLU()]
        network = torch.nn.Sequential(*layers[:-1])
        theirs = shap.DeepExplainer(network, torch.tensor(BACKGROUND))
        expected = theirs.shap_values(torch.tensor(X[12:]), check_additivity=False)
    found = RescaleExplainer(model, BACKGROUND).shap_values(X[12:])
    np.testing.assert_allclose(found, expected[..., 0], atol=1e-5)


# ---------------------------------------------------------------- other ways to explain


def test_lime_explains_the_estimators():
    lime_tabular = pytest.importorskip("lime.lime_tabular")
    model = classifier(max_iter=30)
    explainer = lime_tabular.LimeTabularExplainer(
        X, class_names=["a", "b", "c"], discretize_continuous=False, random_state=0
    )
    explanation = explainer.explain_instance(
        X[0], model.predict_proba, num_features=2, labels=[1]
    )
    names = {int(name) for name, _ in explanation.as_list(label=1)}
    assert len(names) == 2


def test_partial_dependence_of_scikit_learn_works():
    found = partial_dependence(regressor(), X, [0], grid_resolution=5)
    assert found["average"].shape == (1, 5)
