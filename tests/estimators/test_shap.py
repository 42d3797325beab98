"""SHAP explains the estimators through their methods."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skbackprop import BackpropClassifier, BackpropRegressor

with warnings.catch_warnings():
    # Its import warns of other packages' plans.
    warnings.simplefilter("ignore")
    shap = pytest.importorskip("shap")

FAST = {
    "hidden_layer_sizes": (8,),
    "solver": "lbfgs",
    "alpha": 0.1,
    "tol": 0.01,
    "max_iter": 1000,
    "random_state": 0,
}
METHODS = {
    "predict_proba": (BackpropClassifier, "multiclass", 3),
    "decision_function": (BackpropClassifier, "multiclass", 3),
    "predict": (BackpropRegressor, "regression", None),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.filterwarnings("ignore:::shap")
def test_explanation_adds_up_to_the_output(method, request):
    kind, data, n_outputs = METHODS[method]
    X, y = request.getfixturevalue(data)
    output = getattr(kind(**FAST).fit(X, y), method)
    explanation = shap.Explainer(output, X, seed=0)(X[:4])
    assert explanation.shape == (4, 5) if n_outputs is None else (4, 5, n_outputs)
    total = explanation.base_values + explanation.values.sum(axis=1)
    assert_allclose(total, output(X[:4]), atol=1e-8)


@pytest.mark.filterwarnings("ignore:::shap")
def test_explanation_finds_the_informative_features(binary):
    classifier = BackpropClassifier(**FAST).fit(*binary)
    explanation = shap.Explainer(classifier.predict_proba, binary.X, seed=0)(
        binary.X[:10]
    )
    importance = np.abs(explanation.values[..., 1]).mean(axis=0)
    assert set(np.argsort(importance)[-2:]) == {0, 1}
