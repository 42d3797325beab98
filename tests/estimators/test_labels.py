"""Class labels of every type come back as what they were."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.neural_network import MLPClassifier

from skbackprop import BackpropClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SMALL = {"hidden_layer_sizes": (5,), "max_iter": 5, "random_state": 0}
SOLVERS = ("adam", "lbfgs")
# The three labels of each kind, in the order in which they sort.
LABELS = {
    "int64": np.array([0, 1, 2]),
    "negative": np.array([-5, 0, 70]),
    "int8": np.array([-128, 3, 127], dtype=np.int8),
    "uint64": np.array([0, 1, 2**63], dtype=np.uint64),
    "float64": np.array([0.0, 1.0, 2.0]),
    "float32": np.array([-1.0, 4.0, 5.0], dtype=np.float32),
    "str": np.array(["apple", "fig", "pear"]),
    "long str": np.array(["a", "a much longer label", "c"]),
    "unicode": np.array(["a", "ä", "語"]),
    "object": np.array(["apple", "fig", "pear"], dtype=object),
    "bool": np.array([False, True]),
    "two str": np.array(["no", "yes"]),
    "two int": np.array([-1, 1]),
    "two float": np.array([-1.0, 1.0]),
}


def assert_same(got, labels):
    assert_array_equal(got, labels)
    # Objects become what they hold, as everywhere in scikit-learn.
    assert got.dtype == labels.dtype or labels.dtype == object


def predictions_of_codes(data, solver, n_classes):
    """What a fit on the numbers 0, 1, ... predicts."""
    codes = data.y % n_classes
    classifier = BackpropClassifier(**SMALL, solver=solver).fit(data.X, codes)
    return codes, classifier.predict(data.X), classifier.predict_proba(data.X)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("name", LABELS)
def test_labels_come_back_as_they_were(name, solver, multiclass):
    labels = LABELS[name]
    codes, predicted, probabilities = predictions_of_codes(
        multiclass, solver, len(labels)
    )
    y = labels[codes]
    classifier = BackpropClassifier(**SMALL, solver=solver).fit(multiclass.X, y)
    assert_same(classifier.classes_, labels)
    assert_same(classifier.predict(multiclass.X), labels[predicted])
    assert_array_equal(classifier.predict_proba(multiclass.X), probabilities)
    assert classifier.score(multiclass.X, y) == np.mean(predicted == codes)


def test_numbers_hidden_in_objects_are_refused_as_in_scikit_learn(multiclass):
    with pytest.raises(ValueError, match="Unknown label type"):
        BackpropClassifier().fit(multiclass.X, multiclass.y.astype(object))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_list_of_labels_is_as_good(early_stopping, multiclass):
    names = np.array(["a", "b", "c"])[multiclass.y]
    classifier = BackpropClassifier(**SMALL, early_stopping=early_stopping)
    expected = classifier.fit(multiclass.X, names).predict(multiclass.X)
    got = classifier.fit(multiclass.X, names.tolist()).predict(multiclass.X)
    assert_array_equal(got, expected)


PANDAS = {
    "category": lambda pd, y: pd.Series(y).astype("category"),
    "unused category": lambda pd, y: pd.Series(
        pd.Categorical(y, categories=["z", "a", "b", "c"])
    ),
    "string": lambda pd, y: pd.Series(y, dtype="string"),
    "object": lambda pd, y: pd.Series(y, dtype=object),
    "shuffled index": lambda pd, y: pd.Series(y, index=np.arange(len(y))[::-1]),
}


@pytest.mark.parametrize("name", PANDAS)
def test_labels_of_pandas(name, multiclass):
    pd = pytest.importorskip("pandas")
    names = np.array(["a", "b", "c"])[multiclass.y]
    expected = BackpropClassifier(**SMALL).fit(multiclass.X, names)
    series = PANDAS[name](pd, names)
    classifier = BackpropClassifier(**SMALL).fit(multiclass.X, series)
    assert list(classifier.classes_) == ["a", "b", "c"]
    assert_array_equal(classifier.predict(multiclass.X), expected.predict(multiclass.X))
    assert classifier.score(multiclass.X, series) == expected.score(multiclass.X, names)


@pytest.mark.parametrize("name", ["str", "int8", "object", "float64"])
def test_partial_fit_takes_labels_of_every_type(name, multiclass):
    labels = LABELS[name]
    classifier = BackpropClassifier(**SMALL)
    for _ in range(2):
        classifier.partial_fit(multiclass.X, labels[multiclass.y], classes=labels)
    assert_same(classifier.classes_, labels)
    assert set(classifier.predict(multiclass.X)) <= set(labels)


@pytest.mark.parametrize("solver", SOLVERS)
def test_class_weight_is_keyed_by_the_labels(solver, multiclass):
    names = np.array(["a", "b", "c"])[multiclass.y]
    weight = {"a": 1.0, "b": 30.0, "c": 0.5}
    by_name = BackpropClassifier(**SMALL, solver=solver, class_weight=weight)
    by_code = BackpropClassifier(
        **SMALL, solver=solver, class_weight={0: 1.0, 1: 30.0, 2: 0.5}
    )
    by_row = BackpropClassifier(**SMALL, solver=solver)
    by_name.fit(multiclass.X, names)
    by_code.fit(*multiclass)
    by_row.fit(*multiclass, sample_weight=[weight[name] for name in names])
    for one, other, third in zip(
        by_name.coefs_, by_code.coefs_, by_row.coefs_, strict=True
    ):
        assert_array_equal(one, other)
        assert_array_equal(one, third)


@pytest.mark.parametrize("dtype", [bool, np.int8, int, float])
def test_indicators_come_back_as_indicators(dtype, multilabel):
    classifier = BackpropClassifier(**SMALL).fit(
        multilabel.X, multilabel.y.astype(dtype)
    )
    predicted = classifier.predict(multilabel.X)
    assert predicted.shape == multilabel.y.shape
    assert set(np.unique(predicted)) == {0, 1}
    assert_array_equal(classifier.classes_, [0, 1, 2])


def test_sparse_indicators_come_back_sparse(multilabel):
    target = sparse.csr_array(multilabel.y)
    classifier = BackpropClassifier(**SMALL).fit(multilabel.X, target)
    predicted = classifier.predict(multilabel.X)
    assert sparse.issparse(predicted)
    dense = BackpropClassifier(**SMALL).fit(*multilabel)
    assert_array_equal(predicted.toarray(), dense.predict(multilabel.X))


@pytest.mark.parametrize("dtype", [int, "U5"])
def test_several_outputs_keep_their_labels(dtype, multioutput):
    labels = np.array([3, 5, 7]).astype(dtype)
    y = labels[multioutput.y]
    classifier = BackpropClassifier(**SMALL).fit(multioutput.X, y)
    assert [list(classes) for classes in classifier.classes_] == [
        list(labels),
        list(labels[:2]),
    ]
    predicted = classifier.predict(multioutput.X)
    assert predicted.shape == y.shape
    assert classifier.score(multioutput.X, y) == np.mean((predicted == y).all(axis=1))


@pytest.mark.parametrize("classes", [None, ["a", "b", "c"]])
def test_strings_are_as_long_as_the_longest_label(classes, multiclass):
    names = np.array(["a", "b", "c"], dtype="<U10")[multiclass.y]
    classifier = BackpropClassifier(**SMALL)
    if classes is None:
        classifier.fit(multiclass.X, names)
    else:
        classifier.partial_fit(multiclass.X, names, classes=classes)
    theirs = MLPClassifier(max_iter=1).fit(multiclass.X, names)
    assert classifier.classes_.dtype == theirs.classes_.dtype == np.dtype("<U1")
    assert classifier.predict(multiclass.X).dtype == theirs.classes_.dtype
