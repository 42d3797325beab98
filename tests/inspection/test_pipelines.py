"""Pipelines: the inputs of the whole, or of the last step; frames and their names."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import SelectKBest
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)

from skbackprop import BackpropClassifier
from skbackprop.inspection import (
    GradientExplainer,
    IntegratedGradients,
    RescaleExplainer,
    gradient_importance,
)
from skbackprop.inspection._affine import affine_map
from skbackprop.inspection._tables import table

from ._fitted import BACKGROUND, CLASSES, F, X, classifier, differences, fitted

NAMES = ["age", "bmi", "dose", "pulse", "weight"]
AFFINE = {
    "standard": StandardScaler(),
    "minmax": MinMaxScaler(),
    "robust": RobustScaler(),
    "PCA": PCA(3, whiten=True),
    "selection": SelectKBest(k=2),
    "union": make_union(PCA(2), MaxAbsScaler()),
    "chain": make_pipeline(StandardScaler(), PCA(4), MinMaxScaler((-1, 1))),
    "columns": ColumnTransformer(
        [("scaled", StandardScaler(), [0, 3]), ("kept", "passthrough", [1])]
    ),
}


def pipeline(*steps, X=X, **settings):
    settings = {"activation": "tanh", "max_iter": 8, "random_state": 0} | settings
    return fitted(
        make_pipeline(*steps, BackpropClassifier((8,), **settings)), CLASSES, X
    )


@pytest.mark.parametrize("name", AFFINE)
def test_affine_steps_are_explained_through(name):
    model = pipeline(AFFINE[name])
    explainer = RescaleExplainer(model, BACKGROUND)
    values = explainer.shap_values(X)
    assert values.shape == (len(X), F, 3)
    total = explainer.expected_value + values.sum(axis=1)
    np.testing.assert_allclose(total, model.decision_function(X), atol=1e-9)


def test_a_scaler_before_it_changes_no_attribution():
    model = classifier(hidden=(8,), scaling=None, X=StandardScaler().fit_transform(X))
    scaler = StandardScaler().fit(X)
    behind = make_pipeline(scaler, model)
    found = RescaleExplainer(behind, BACKGROUND).shap_values(X)
    explainer = RescaleExplainer(model, scaler.transform(BACKGROUND))
    expected = explainer.shap_values(scaler.transform(X))
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_principal_component_is_shared_out_among_its_features():
    model = pipeline(PCA(2))
    method = IntegratedGradients(n_nodes=32)
    found = GradientExplainer(model, BACKGROUND[:1], method=method).shap_values(X)
    components = GradientExplainer(
        model, BACKGROUND[:1], method=method, final_step=True
    ).shap_values(X)
    assert components.shape == (len(X), 2, 3)
    # The same in total, however it is shared out.
    np.testing.assert_allclose(found.sum(axis=1), components.sum(axis=1), atol=1e-9)


def test_the_last_step_alone_is_explained_behind_anything():
    model = pipeline(PolynomialFeatures(2), StandardScaler())
    explainer = RescaleExplainer(model, BACKGROUND, final_step=True)
    values = explainer.shap_values(X)
    names = list(model[:-1].get_feature_names_out())
    assert explainer.feature_names == names
    assert values.shape == (len(X), len(names), 3)
    total = explainer.expected_value + values.sum(axis=1)
    np.testing.assert_allclose(total, model.decision_function(X), atol=1e-9)


@pytest.mark.parametrize(
    "step", [PolynomialFeatures(2), FunctionTransformer(np.cbrt)], ids=str
)
def test_steps_that_bend_are_refused(step):
    with pytest.raises(ValueError, match=r"no affine map .* final_step=True"):
        RescaleExplainer(pipeline(step), BACKGROUND)


def test_rows_beyond_what_is_affine_are_refused():
    model = pipeline(MinMaxScaler(clip=True))
    explainer = RescaleExplainer(model, X)
    assert explainer.shap_values(X).shape == (len(X), F, 3)
    with pytest.raises(ValueError, match="no affine map"):
        explainer.shap_values(10 * X)


def test_small_numbers_that_bend_are_seen_beside_large_ones():
    rows = np.column_stack([1e7 * X[:, 0], np.abs(X[:, 1]) / 1e3])
    step = ColumnTransformer(
        [("large", "passthrough", [0]), ("bent", FunctionTransformer(np.cbrt), [1])]
    )
    with pytest.raises(ValueError, match="no affine map"):
        RescaleExplainer(pipeline(step, X=rows), rows)


def test_codes_of_categories_have_nothing_between_them():
    codes = np.column_stack([CLASSES, X[:, 0]])
    step = ColumnTransformer(
        [("code", OneHotEncoder(), [0]), ("size", "passthrough", [1])]
    )
    model = pipeline(step, X=codes)
    with pytest.raises(ValueError, match=r"nothing between .* final_step=True"):
        RescaleExplainer(model, codes)
    explainer = RescaleExplainer(model, codes, final_step=True)
    assert explainer.shap_values(codes).shape == (len(codes), 4, 3)


def test_pipelines_may_be_nested():
    inner = make_pipeline(PCA(3), BackpropClassifier((8,), max_iter=8, random_state=0))
    model = fitted(make_pipeline(StandardScaler(), inner), CLASSES)
    explainer = RescaleExplainer(model, BACKGROUND)
    total = explainer.expected_value + explainer.shap_values(X).sum(axis=1)
    np.testing.assert_allclose(total, model.decision_function(X), atol=1e-9)
    last = RescaleExplainer(model, BACKGROUND, final_step=True)
    assert last.feature_names == ["pca0", "pca1", "pca2"]


def test_the_map_of_a_scaler_is_as_thin_as_its_rows():
    rows = sparse.random(30, 3000, density=0.01, format="csr", random_state=0)
    found = affine_map(MaxAbsScaler().fit(rows).transform, table(rows))
    assert sparse.issparse(found.matrix)
    assert found.matrix.nnz <= 3000


def test_memory_goes_by_what_goes_into_the_pipeline():
    rows = sparse.random(60, 3000, density=0.01, format="csr", random_state=0)
    step = TruncatedSVD(2, random_state=0)
    labels = np.arange(60) % 3
    network = BackpropClassifier((8,), max_iter=2, random_state=0)
    model = fitted(make_pipeline(step, network), labels, rows)
    explainer = RescaleExplainer(model, rows)
    tracemalloc.start()
    explainer.shap_values(rows[:10])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60 * 10 * 3000 * 8  # one number for each pair and feature


def test_categories_are_left_to_the_last_step():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"color": ["red", "blue"] * 20, "size": X[:, 0]})
    model = pipeline(
        ColumnTransformer(
            [("color", OneHotEncoder(), ["color"]), ("size", "passthrough", ["size"])]
        ),
        X=frame,
    )
    with pytest.raises(ValueError, match="final_step=True"):
        RescaleExplainer(model, frame)
    explainer = RescaleExplainer(model, frame, final_step=True)
    assert explainer.feature_names == [
        "color__color_blue",
        "color__color_red",
        "size__size",
    ]
    assert explainer.shap_values(frame).shape == (40, 3, 3)


def test_sparse_rows_pass_through_a_pipeline():
    thin = np.where(np.abs(X) > 1.0, X, 0.0)
    rows = sparse.csr_matrix(thin)
    for step in (MaxAbsScaler(), TruncatedSVD(2, random_state=0)):
        model = pipeline(step, X=rows)
        found = RescaleExplainer(model, rows[:12]).shap_values(rows)
        expected = RescaleExplainer(model, thin[:12]).shap_values(thin)
        np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("steps", [(), (StandardScaler(),)], ids=["bare", "scaled"])
def test_frames_keep_the_names_of_their_features(library, steps):
    module = pytest.importorskip(library)
    frame = module.DataFrame(dict(zip(NAMES, X.T, strict=True)))
    model = pipeline(*steps, X=frame)
    explainer = RescaleExplainer(model, frame[:12])
    assert explainer.feature_names == NAMES
    values = explainer.shap_values(frame)
    expected = RescaleExplainer(pipeline(*steps), BACKGROUND).shap_values(X)
    np.testing.assert_allclose(values, expected, atol=1e-9)


def test_columns_without_names_are_numbered_as_text():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X)
    explainer = RescaleExplainer(pipeline(StandardScaler(), X=frame), frame)
    assert explainer.feature_names == list("01234")


def test_columns_are_chosen_by_name():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=NAMES)
    chosen = ColumnTransformer([("scaled", StandardScaler(), ["dose", "age"])])
    model = pipeline(chosen, X=frame)
    explainer = RescaleExplainer(model, frame[:12])
    values = explainer.shap_values(frame)
    unused = [name not in ("dose", "age") for name in explainer.feature_names]
    assert not values[:, unused].any()
    total = explainer.expected_value + values.sum(axis=1)
    np.testing.assert_allclose(total, model.decision_function(frame), atol=1e-9)


def test_importance_is_that_of_the_pipeline_s_own_inputs():
    model = pipeline(PCA(3))
    found = gradient_importance(model, X, scaled=False)
    wanted = np.abs(differences(model.decision_function, X)).mean(axis=0)
    np.testing.assert_allclose(found.by_output, wanted, atol=1e-6)
