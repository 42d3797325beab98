"""Classes as targets: found out, encoded, decoded, scored, for each of their kinds."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, csr_matrix, issparse
from sklearn.preprocessing import label_binarize

from skbackprop.losses import (
    BinaryCrossEntropy,
    ClassificationLoss,
    CrossEntropy,
    LogLoss,
)
from skbackprop.training import classes
from skbackprop.training.classes import class_target

from ..builders import expanded

INDICATORS = np.array([[1, 0, 1], [0, 0, 1], [0, 0, 0], [1, 1, 1]])
COLUMNS = np.array([[3, 10], [1, 20], [2, 10], [1, 30]])
BINARY, MULTICLASS = BinaryCrossEntropy(), CrossEntropy((3,))
# Targets, their kind, what the network is shown, and the loss.
KINDS = {
    "binary": ([3, 1, 3, 3], classes.BinaryTarget, [[1], [0], [1], [1]], BINARY),
    "strings": (list("baab"), classes.BinaryTarget, [[1], [0], [0], [1]], BINARY),
    "booleans": ([True, False], classes.BinaryTarget, [[1], [0]], BINARY),
    "one class": ([5, 5, 5], classes.BinaryTarget, [[0], [0], [0]], BINARY),
    "multiclass": (
        [3, 1, 2, 3],
        classes.MulticlassTarget,
        label_binarize([3, 1, 2, 3], classes=[1, 2, 3]),
        MULTICLASS,
    ),
    "names": (
        ["x", "zz", "y", "x"],
        classes.MulticlassTarget,
        [[1, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]],
        MULTICLASS,
    ),
    "multilabel": (INDICATORS, classes.MultilabelTarget, INDICATORS, BINARY),
    "sparse": (csr_array(INDICATORS), classes.MultilabelTarget, INDICATORS, BINARY),
    "outputs": (
        COLUMNS,
        classes.MultioutputTarget,
        np.hstack([np.eye(3)[[2, 0, 1, 0]], np.eye(3)[[0, 1, 0, 2]]]),
        CrossEntropy((3, 3)),
    ),
}
DTYPES = [np.float32, np.float64]
FLOAT = np.dtype(float)


def make(kind):
    y, _, shown, _ = KINDS[kind]
    y = y if issparse(y) else np.asarray(y)
    target = class_target(y)
    return y, target, target.encode(y, FLOAT), np.asarray(shown, float)


def scores(target, n_rows=5, scale=1.0, dtype=float):
    raw = np.random.RandomState(0).normal(size=(n_rows, target.width))
    return (scale * raw).astype(dtype)


def dense(y):
    return y.toarray() if issparse(y) else y


def as_list(answer):
    return answer if isinstance(answer, list) else [answer]


every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
def test_the_kind_is_found_out_with_its_encoding_and_loss(kind):
    _, cls, shown, loss = KINDS[kind]
    _, target, rows, _ = make(kind)
    assert type(target) is cls
    assert rows.width == target.width
    assert_array_equal(expanded(rows, len(shown)), shown)
    assert target.loss(LogLoss()) == loss


@every_kind
def test_what_is_encoded_is_decoded(kind):
    y, target, _, shown = make(kind)
    decoded = target.decode(target.positions(shown, target.loss(LogLoss())))
    assert issparse(decoded) == issparse(y)
    assert_array_equal(dense(decoded), dense(y))
    assert decoded.dtype.kind == y.dtype.kind


@every_kind
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", [1.0, 50.0, 1e4])
def test_probabilities_are_those_of_the_scores_with_finite_logarithms(
    kind, dtype, scale
):
    target = make(kind)[1]
    raw = scores(target, scale=scale, dtype=dtype)
    with np.errstate(over="ignore"):
        answers = as_list(target.by_output(target.probabilities(raw.copy())))
        prediction = target.loss(LogLoss()).inverse_link(raw.copy())
    for answer in answers:
        assert answer.dtype == dtype
        assert np.isfinite(np.log(answer)).all()
        assert ((answer > 0) & (answer <= 1)).all()
        if kind not in ("multilabel", "sparse"):
            assert_allclose(answer.sum(axis=1), 1.0, rtol=1e-6)
    together = np.hstack(answers)
    if kind != "one class":
        assert_allclose(together[:, -target.width :], prediction, rtol=1e-5, atol=1e-7)
    else:
        assert_array_equal(together, 1.0)


@every_kind
def test_the_likeliest_class_is_predicted(kind):
    target = make(kind)[1]
    raw, loss = scores(target), target.loss(LogLoss())
    prediction = loss.inverse_link(raw.copy())
    decoded = target.decode(target.positions(prediction, loss))
    probabilities = as_list(target.by_output(target.probabilities(raw)))
    if kind in ("multilabel", "sparse"):
        assert_array_equal(dense(decoded), probabilities[0] > 0.5)
        return
    columns = np.atleast_2d(decoded.T)
    own = target.classes if isinstance(target.classes, list) else [target.classes]
    for column, labels, answer in zip(columns, own, probabilities, strict=True):
        assert_array_equal(column, labels[answer.argmax(axis=1)])


@every_kind
@pytest.mark.parametrize("name", ClassificationLoss.members())
def test_every_loss_is_right_about_its_own_best_predictions(kind, name):
    y, target, rows, shown = make(kind)
    loss = target.loss(ClassificationLoss.members()[name]())
    prediction = loss.inverse_link(6.0 * shown - 3.0)
    decoded = target.decode(target.positions(prediction, loss))
    assert_array_equal(dense(decoded), dense(y))
    assert target.score(prediction, rows, None, loss) == 1.0


@pytest.mark.parametrize("name", ClassificationLoss.members())
def test_a_yes_is_a_positive_score_and_zero_a_no(name):
    y = np.array([1, 0, 0, 1])
    target = class_target(y)
    loss = target.loss(ClassificationLoss.members()[name]())
    prediction = loss.inverse_link(np.array([[1e-3], [0.0], [-1e-3], [5.0]]))
    assert_array_equal(target.decode(target.positions(prediction, loss)), y)


SHAPES = {
    "binary": [(5,)],
    "one class": [(5,)],
    "multiclass": [(5, 3)],
    "multilabel": [(5, 3)],
    "outputs": [(5, 3), (5, 3)],
}


@pytest.mark.parametrize(("kind", "shapes"), SHAPES.items(), ids=SHAPES)
def test_decisions_are_the_raw_scores(kind, shapes):
    target = make(kind)[1]
    raw = scores(target)
    answers = as_list(target.decision(raw))
    assert [answer.shape for answer in answers] == shapes
    assert_array_equal(np.hstack([a.reshape(5, -1) for a in answers]), raw)


@every_kind
@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 0.5, 3.0]])
def test_the_score_is_the_share_of_rows_with_all_outputs_right(kind, weight):
    y, target, rows, shown = make(kind)
    loss = target.loss(LogLoss())
    weight = weight and np.array(weight[: len(shown)])
    wrong = shown.copy()
    wrong[0] = 1 - wrong[0] if target.width < 3 or "label" in kind else wrong[0][::-1]
    for prediction in (shown, wrong, scores(target, len(shown))):
        decoded = target.decode(target.positions(prediction, loss))
        hits = (dense(decoded) == dense(y)).reshape(len(shown), -1)
        expected = np.average(hits.all(axis=1), weights=weight)
        assert_allclose(target.score(prediction, rows, weight, loss), expected)


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_one_class_a_row_is_what_splits_are_stratified_by(kind):
    y, target, rows, _ = make(kind)
    strata = target.strata(rows).ravel()
    assert_array_equal(np.unique(y, return_inverse=True)[1], strata)


@pytest.mark.parametrize("kind", ["multilabel", "outputs"])
def test_several_labels_a_row_have_no_strata(kind):
    _, target, rows, _ = make(kind)
    assert target.strata(rows) is None


# --------------------------------------------------------------------- what was seen


@every_kind
def test_the_same_targets_fit_what_was_seen(kind):
    y, target, _, _ = make(kind)
    target.check_known(y)
    target.check_same(y)


STRANGERS = {
    "binary": np.array([1, 4]),
    "strings": np.array(["a", "c"]),
    "multiclass": np.array([1, 2, 9]),
    "multilabel": np.ones((4, 5), int),
    "outputs": np.array([[1, 10], [2, 99]]),
}


@pytest.mark.parametrize(("kind", "y"), STRANGERS.items(), ids=STRANGERS)
def test_classes_that_are_new_are_refused(kind, y):
    target = make(kind)[1]
    with pytest.raises(ValueError, match=r"classes not in `self\.classes_`"):
        target.check_known(y)
    with pytest.raises(ValueError, match="same classes as in the previous call"):
        target.check_same(y)


def test_classes_that_are_missing_are_known_but_not_the_same():
    target = make("multiclass")[1]
    target.check_known(np.array([1, 2]))
    with pytest.raises(ValueError, match="same classes"):
        target.check_same(np.array([1, 2]))


@pytest.mark.parametrize(
    ("kind", "y"),
    [
        ("binary", INDICATORS),
        ("multiclass", COLUMNS),
        ("multilabel", np.array([1, 0])),
        ("outputs", np.array([1, 2])),
        ("outputs", np.ones((4, 3), int)),
    ],
)
def test_targets_of_another_shape_are_refused(kind, y):
    with pytest.raises(ValueError, match=r"y must (be|have)"):
        make(kind)[1].check_known(y)


def test_declared_classes_may_come_in_any_order_but_not_change():
    target = class_target(np.array([2, 1]), classes=[3, 1, 2])
    assert_array_equal(target.classes, [1, 2, 3])
    target.check_declared([2, 3, 1])
    with pytest.raises(ValueError, match="not the same as on last call"):
        target.check_declared([1, 2])


def test_each_output_declares_its_own_classes():
    target = class_target(COLUMNS, classes=[[1, 2, 3, 4], [10, 20, 30]])
    assert target.n_classes == (4, 3)
    target.check_declared([[4, 3, 2, 1], [30, 10, 20]])


def test_two_declared_classes_of_which_one_shows_are_binary():
    target = class_target(np.array(["a", "a"]), classes=["a", "b"])
    assert isinstance(target, classes.BinaryTarget)
    assert_array_equal(expanded(target.encode(np.array(["a", "a"]), FLOAT), 2), 0.0)


def test_sparse_indicators_of_either_sort_stay_compact():
    for y in (csr_array(INDICATORS), csr_matrix(INDICATORS)):
        assert class_target(y).encode(y, FLOAT).encoded.dtype == bool
