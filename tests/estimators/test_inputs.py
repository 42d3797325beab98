"""What predictions take without validation, and what they must not."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skbackprop import BackpropClassifier
from skbackprop.estimators._inputs import check_fitted, is_ready

X, Y = load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def model():
    return BackpropClassifier((5,), tol=10.0).fit(X, Y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_matrices_of_floats_are_ready(model, dtype, order):
    assert is_ready(np.asarray(X, dtype, order), model)


OTHERS = {
    "list": X.tolist(),
    "integers": X.astype(int),
    "half precision": X.astype(np.float16),
    "long double": X.astype(np.longdouble),
    "swapped bytes": X.astype(X.dtype.newbyteorder()),
    "objects": X.astype(object),
    "every other row": X[::2],
    "a row": X[0],
    "no rows": X[:0],
    "too few features": X[:, :3],
    "three axes": X[np.newaxis],
    "masked": np.ma.masked_array(X),
    "sparse": csr_array(X),
    "nothing": None,
}


@pytest.mark.parametrize("kind", OTHERS)
def test_nothing_else_is_ready(model, kind):
    assert not is_ready(OTHERS[kind], model)


def test_an_array_is_not_ready_for_what_was_fitted_with_names():
    pd = pytest.importorskip("pandas")
    named = BackpropClassifier((5,), tol=10.0)
    named.fit(pd.DataFrame(X, columns=list("abcd")), Y)
    assert not is_ready(X, named)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        named.predict(X)


def test_what_is_not_fitted_is_refused_in_the_words_of_scikit_learn(model):
    check_fitted(model)
    with pytest.raises(NotFittedError) as expected:
        check_is_fitted(BackpropClassifier())
    with pytest.raises(NotFittedError) as found:
        check_fitted(BackpropClassifier())
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_not_finite_is_refused(model, value, dtype):
    broken = X.astype(dtype)
    broken[7, 2] = value
    with pytest.raises(ValueError, match="Input X contains"):
        model.predict(broken)
    broken[8, 1] = -value
    # So scikit-learn adds up both.
    with (
        np.errstate(invalid="ignore"),
        pytest.raises(ValueError, match="Input X contains"),
    ):
        model.predict_proba(broken)


def test_numbers_whose_sum_is_not_finite_are_taken(model):
    large = np.full_like(X, np.finfo(float).max)
    assert_array_equal(model.predict(large), model.predict(csr_array(large)))


def test_the_way_that_inputs_take_changes_no_prediction(model):
    assert_array_equal(model.predict_proba(X), model.predict_proba(X.tolist()))
    assert_allclose(
        model.predict_proba(X), model.predict_proba(csr_array(X)), rtol=1e-12
    )
