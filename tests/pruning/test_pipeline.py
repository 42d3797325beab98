"""The pipeline of a compacted network: scikit-learn's, on a shorter way."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from skbackprop import BackpropEmbedder, BackpropRegressor
from skbackprop.pruning import CompactPipeline, compact, prune

from ._fitted import X, Y, classifier, fitted

METHODS = ["predict", "predict_proba"]
FORMS = {
    "rows": X,
    "columns": np.asfortranarray(X),
    "single": X.astype(np.float32),
    "list": X.tolist(),
    "sparse": sparse.csr_array(X),
}


def compacted(model):
    return compact(prune(model, amount=0.5, unit="inputs"), drop_inputs=True)


@pytest.fixture(scope="module")
def small():
    return compacted(classifier())


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("routing", [False, True])
def test_it_predicts_as_a_pipeline_does(small, method, form, routing):
    assert type(small) is CompactPipeline
    ordinary = Pipeline(small.steps)
    with config_context(enable_metadata_routing=routing):
        found = getattr(small, method)(form)
        assert_array_equal(found, getattr(ordinary, method)(form))


@pytest.mark.parametrize("method", METHODS)
def test_tags_and_fits_are_not_asked_for_on_the_way(small, method, monkeypatch):
    def refuse(self):
        raise AssertionError("tags take as long as the network")

    expected = getattr(small, method)(X)
    monkeypatch.setattr(Pipeline, "__sklearn_tags__", refuse)
    monkeypatch.setattr(Pipeline, "__sklearn_is_fitted__", refuse)
    assert_array_equal(getattr(small, method)(X), expected)


def test_tags_are_those_of_a_pipeline(small):
    assert get_tags(small) == get_tags(Pipeline(small.steps))


def test_regressors_have_no_probabilities():
    small = compacted(fitted(BackpropRegressor(hidden_layer_sizes=(5,), max_iter=3)))
    assert_array_equal(small.predict(X), Pipeline(small.steps).predict(X))
    assert not hasattr(small, "predict_proba")


def test_what_the_loss_does_not_estimate_is_refused_in_its_words():
    model = classifier(loss="hinge")
    small = compacted(model)
    with pytest.raises(AttributeError) as expected:
        _ = model.predict_proba
    with pytest.raises(AttributeError) as found:
        _ = small.predict_proba
    assert str(found.value) == str(expected.value)


def test_embedders_transform_and_do_not_predict():
    small = compacted(fitted(BackpropEmbedder(2, hidden_layer_sizes=(5,), max_iter=2)))
    assert not hasattr(small, "predict")
    assert_array_equal(small.transform(X), Pipeline(small.steps).transform(X))


@pytest.mark.parametrize("method", METHODS)
def test_what_is_not_fitted_is_refused_as_a_pipeline(small, method):
    with pytest.raises(NotFittedError, match="This CompactPipeline instance"):
        getattr(clone(small), method)(X)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("steps", [None, [], [("inputs", None)]])
def test_without_a_network_there_is_no_prediction(method, steps):
    assert not hasattr(CompactPipeline(steps), method)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_passed_on_is_what_a_pipeline_passes_on(small, method):
    with pytest.raises(TypeError, match="unexpected keyword argument 'weights'"):
        getattr(small, method)(X, weights=None)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("first", ["passthrough", None, StandardScaler()])
def test_other_steps_make_it_an_ordinary_pipeline(small, method, first):
    other = fitted(clone(small).set_params(inputs=first))
    found = getattr(other, method)(X)
    assert_array_equal(found, getattr(Pipeline(other.steps), method)(X))


@pytest.mark.parametrize("method", METHODS)
def test_so_do_more_steps(small, method):
    steps = [("scale", StandardScaler()), *clone(small).steps]
    longer = fitted(CompactPipeline(steps))
    found = getattr(longer, method)(X)
    assert_array_equal(found, getattr(Pipeline(longer.steps), method)(X))


def test_it_is_copied_written_and_cut_as_pipelines_are(small):
    twin = pickle.loads(pickle.dumps(small))
    assert type(twin) is CompactPipeline
    assert_array_equal(twin.predict_proba(X), small.predict_proba(X))
    again = fitted(clone(small))
    assert again.score(X, Y) > 0.5
    assert_array_equal(small[:-1].transform(X), small[0].transform(X))


def test_the_choice_still_comes_as_a_frame():
    pandas = pytest.importorskip("pandas")
    small = compacted(classifier())
    expected = small.predict(X)
    small[0].set_output(transform="pandas")
    chosen = small[0].transform(X)
    assert isinstance(chosen, pandas.DataFrame)
    assert list(chosen) == list(small[0].get_feature_names_out())
    with pytest.warns(UserWarning, match="X has feature names"):
        assert_array_equal(small.predict(X), expected)
