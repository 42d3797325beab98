"""Every wrong array: refused before any work, with what was got and what may be."""

import re
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.exceptions import DataConversionWarning, NotFittedError

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
KINDS = (BackpropClassifier, BackpropRegressor)
SMALL = {"hidden_layer_sizes": (3,), "max_iter": 2, "random_state": 0}
N, D = 20, 4
X = np.random.default_rng(0).standard_normal((N, D))
Y = (X[:, 0] > 0).astype(int)
COEFS, INTERCEPTS = [np.ones((D, 3)), np.ones((3, 1))], [np.ones(3), np.ones(1)]


def holding(array, value):
    spoiled = np.array(array, dtype=float)
    spoiled.flat[3] = value
    return spoiled


def refuse(method, match, *args, **kwargs):
    with pytest.raises(ValueError, match=match):
        method(*args, **kwargs)
    assert not hasattr(method.__self__, "coefs_"), "the fit had begun"


# Keyword arguments of fit in place of the good ones, and what the error says.
FIT = {
    "X with NaN": ({"X": holding(X, np.nan)}, "Input X contains NaN"),
    "X with infinity": ({"X": holding(X, np.inf)}, "Input X contains infinity"),
    "sparse X with NaN": (
        {"X": sparse.csr_array(holding(X, np.nan))},
        "Input X contains NaN",
    ),
    "no rows": ({"X": X[:0], "y": Y[:0]}, r"Found array with 0 sample\(s\)"),
    "no columns": ({"X": X[:, :0]}, r"Found array with 0 feature\(s\)"),
    "X of one dimension": ({"X": X[:, 0]}, "Expected 2D array, got 1D array"),
    "X of three dimensions": ({"X": X[None]}, "Found array with dim 3"),
    "X a number": ({"X": 1.0}, "Expected 2D array, got scalar array"),
    "complex X": ({"X": X + 1j}, "Complex data not supported"),
    "X of strings": ({"X": np.full((N, D), "a")}, "string"),
    "X of objects": ({"X": np.full((N, D), "a", object)}, "string"),
    "ragged X": ({"X": [[1.0, 2.0]] * (N - 1) + [[1.0]]}, "inhomogeneous|sequence"),
    "fewer targets": ({"y": Y[:-1]}, "inconsistent numbers of samples"),
    "no targets": ({"y": None}, "requires y to be passed, but the target y is None"),
    "y with NaN": ({"y": holding(Y, np.nan)}, "Input y contains NaN"),
    "y with infinity": ({"y": holding(Y, np.inf)}, "Input y contains infinity"),
    "complex y": ({"y": Y + 1j}, "Complex data not supported|Unknown label type"),
    "y of three dimensions": (
        {"y": np.zeros((N, 2, 2))},
        "Found array with dim 3|Unknown label type|y should be",
    ),
    "fewer weights": (
        {"sample_weight": np.ones(N - 1)},
        rf"sample_weight.shape == \({N - 1},\), expected \({N},\)",
    ),
    "weights of two dimensions": (
        {"sample_weight": np.ones((N, 2))},
        "Sample weights must be 1D array or scalar",
    ),
    "weights with NaN": (
        {"sample_weight": holding(np.ones(N), np.nan)},
        "Input sample_weight contains NaN",
    ),
    "weights with infinity": (
        {"sample_weight": holding(np.ones(N), np.inf)},
        "Input sample_weight contains infinity",
    ),
    "a negative weight": (
        {"sample_weight": holding(np.ones(N), -1.0)},
        "Negative values in data passed to `sample_weight`",
    ),
    "weights all zero": (
        {"sample_weight": np.zeros(N)},
        "Sample weights must contain at least one non-zero number",
    ),
    "weights of strings": ({"sample_weight": ["heavy"] * N}, "could not convert"),
    "coefs_init alone": ({"coefs_init": COEFS}, "coefs_init and intercepts_init"),
    "intercepts_init alone": ({"intercepts_init": INTERCEPTS}, "go together"),
    "coefs_init of one layer": (
        {"coefs_init": COEFS[:1], "intercepts_init": INTERCEPTS},
        "coefs_init",
    ),
    "coefs_init transposed": (
        {"coefs_init": [w.T for w in COEFS], "intercepts_init": INTERCEPTS},
        r"coefs_init.*\(4, 3\).*\(3, 4\)",
    ),
    "coefs_init with NaN": (
        {"coefs_init": [COEFS[0] * np.nan, COEFS[1]], "intercepts_init": INTERCEPTS},
        "coefs_init.*(NaN|finite)",
    ),
    "intercepts_init of other shapes": (
        {"coefs_init": COEFS, "intercepts_init": INTERCEPTS[::-1]},
        "intercepts_init",
    ),
    "intercepts_init with infinity": (
        {"coefs_init": COEFS, "intercepts_init": [INTERCEPTS[0], [np.inf]]},
        "intercepts_init.*(infinity|finite)",
    ),
}
# Parameters of `fit` alone.
FIT_ONLY = {"coefs_init", "intercepts_init"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", FIT)
def test_fit_refuses(kind, case):
    given, match = FIT[case]
    arguments = {"X": X, "y": Y, **given}
    refuse(kind(**SMALL).fit, match, **arguments)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", [c for c in FIT if c.split()[0] not in FIT_ONLY])
def test_partial_fit_refuses(kind, case):
    given, match = FIT[case]
    classes = {"classes": [0, 1]} if kind is BackpropClassifier else {}
    with pytest.raises(ValueError, match=match):
        kind(**SMALL).partial_fit(**{"X": X, "y": Y, **given}, **classes)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_weights_are_checked_with_every_solver(kind, solver):
    estimator = kind(**SMALL, solver=solver)
    for case in ("a negative weight", "weights all zero"):
        given, match = FIT[case]
        refuse(estimator.fit, match, X, Y, **given)


VALIDATION = {
    "X_val alone": ({"y_val": None}, "X_val.*y_val|y_val.*X_val"),
    "y_val alone": ({"X_val": None}, "X_val.*y_val|y_val.*X_val"),
    "weights of nothing": (
        {"X_val": None, "y_val": None, "sample_weight_val": np.ones(5)},
        "sample_weight_val",
    ),
    "other columns": ({"X_val": X[:5, :2]}, "features"),
    "NaN": ({"X_val": holding(X[:5], np.nan)}, "contains NaN"),
    "no rows": ({"X_val": X[:0], "y_val": Y[:0]}, "0 sample"),
    "fewer targets": ({"y_val": Y[:4]}, "inconsistent numbers of samples"),
    "fewer weights": ({"sample_weight_val": np.ones(4)}, "sample_weight"),
    "a negative weight": (
        {"sample_weight_val": holding(np.ones(5), -1.0)},
        "Negative values",
    ),
    "weights all zero": ({"sample_weight_val": np.zeros(5)}, "non-zero"),
    "targets of another shape": ({"y_val": np.zeros((5, 3), int)}, "y|target|output"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", VALIDATION)
def test_fit_refuses_validation_data_with(kind, case):
    given, match = VALIDATION[case]
    arguments = {"X_val": X[:5], "y_val": Y[:5], **given}
    estimator = kind(**SMALL, early_stopping=True)
    refuse(estimator.fit, re.compile(f"(?s){match}"), X, Y, **arguments)


@pytest.mark.parametrize("kind", KINDS)
def test_validation_data_without_early_stopping_is_refused(kind):
    estimator = kind(**SMALL)
    refuse(estimator.fit, "early_stopping", X, Y, X_val=X[:5], y_val=Y[:5])


def test_unknown_labels_in_the_validation_data_are_refused():
    estimator = BackpropClassifier(**SMALL, early_stopping=True)
    strange = np.array([0, 1, 7, 0, 1])
    with pytest.raises(ValueError, match=r"7|unseen|classes"):
        estimator.fit(X, Y, X_val=X[:5], y_val=strange)


def test_continuous_targets_are_no_classes():
    refuse(
        BackpropClassifier(**SMALL).fit, "Unknown label type: .*continuous", X, X[:, 0]
    )


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_negative_targets_are_no_counts(solver):
    regressor = BackpropRegressor(loss="poisson", solver=solver, **SMALL)
    refuse(regressor.fit, "(?i)poisson", X, X[:, 0])
    with pytest.raises(ValueError, match=r"(?i)poisson"):
        regressor.set_params(early_stopping=True).fit(
            X, Y, X_val=X[:5], y_val=-np.ones(5)
        )


@pytest.mark.parametrize("kind", KINDS)
def test_column_of_targets_is_flattened_with_a_warning(kind):
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        column = kind(**SMALL).fit(X, Y[:, None])
    assert column.predict(X).shape == (N,)


# ----------------------------------------------------------------------- partial_fit


@pytest.mark.parametrize("kind", KINDS)
def test_partial_fit_refuses_other_features(kind):
    estimator = kind(**SMALL).partial_fit(X, Y, **classes_for(kind, [0, 1]))
    with pytest.raises(ValueError, match=f"X has 3 features, but .* expecting {D}"):
        estimator.partial_fit(X[:, :3], Y)


def classes_for(kind, classes):
    return {"classes": classes} if kind is BackpropClassifier else {}


CLASSES = {
    "none on the first call": ([(Y, None)], "classes must be passed on the first call"),
    "unseen labels": ([(Y, [0, 1]), (Y + 1, None)], "has classes not in"),
    "unseen labels at once": ([(Y + 1, [0, 1])], "has classes not in"),
    "other classes later": ([(Y, [0, 1]), (Y, [0, 1, 2])], "not the same as on last"),
}


@pytest.mark.parametrize("case", CLASSES)
def test_partial_fit_refuses_classes(case):
    calls, match = CLASSES[case]
    classifier = BackpropClassifier(**SMALL)
    *before, (y, classes) = calls
    for good, known in before:
        classifier.partial_fit(X, good, classes=known)
    with pytest.raises(ValueError, match=match):
        classifier.partial_fit(X, y, classes=classes)


@pytest.mark.parametrize("kind", KINDS)
def test_partial_fit_cannot_draw_a_validation_set(kind):
    estimator = kind(**SMALL, early_stopping=True)
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping"):
        estimator.partial_fit(X, Y, **classes_for(kind, [0, 1]))


def test_partial_fit_cannot_balance_classes_it_has_not_seen():
    classifier = BackpropClassifier(**SMALL, class_weight="balanced")
    with pytest.raises(ValueError, match="balanced"):
        classifier.partial_fit(X, Y, classes=[0, 1])


@pytest.mark.parametrize("kind", KINDS)
def test_partial_fit_is_there_with_stepwise_solvers_only(kind):
    assert hasattr(kind(solver="sgd"), "partial_fit")
    assert hasattr(kind(solver="adam"), "partial_fit")
    assert not hasattr(kind(solver="lbfgs"), "partial_fit")


# -------------------------------------------------------------------------- predicting

METHODS = ["predict", "predict_proba", "predict_log_proba", "decision_function"]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_predicted_before_the_fit(kind):
    estimator = kind()
    for method in METHODS if kind is BackpropClassifier else METHODS[:1]:
        with pytest.raises(NotFittedError, match="not fitted yet"):
            getattr(estimator, method)(X)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        estimator.score(X, Y)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_predicted_after_a_refused_fit(kind):
    estimator = kind(**SMALL)
    refuse(estimator.fit, "at least one non-zero", X, Y, sample_weight=np.zeros(N))
    with pytest.raises(NotFittedError, match="not fitted yet"):
        estimator.predict(X)


PREDICT = ["X with NaN", "X with infinity", "no columns", "X of one dimension"]
PREDICT += ["X of three dimensions", "complex X", "X of strings", "sparse X with NaN"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", PREDICT)
def test_predict_refuses(kind, case):
    given, match = FIT[case]
    with pytest.raises(ValueError, match=match):
        kind(**SMALL).fit(X, Y).predict(given["X"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["M8[s]", "m8[s]"])
def test_times_are_no_numbers_to_predict_from(kind, dtype):
    fitted = kind(**SMALL).fit(X, Y)
    with pytest.raises(TypeError, match=r"X holds .*64\[s\], which are no numbers"):
        fitted.predict((X * 9).astype(dtype))


@pytest.mark.parametrize("kind", KINDS)
def test_strings_are_no_numbers_to_predict_from(kind):
    with pytest.raises(ValueError, match="not compatible with arrays of bytes/strings"):
        kind(**SMALL).fit(X, Y).predict(X.astype(str))


@pytest.mark.parametrize("dtype", [int, bool, np.float16, np.uint8, object])
def test_numbers_of_any_type_are_predicted_from(dtype):
    fitted, rows = BackpropRegressor(**SMALL).fit(X, Y), (X > 0).astype(dtype)
    assert fitted.predict(rows).dtype == np.float64
    assert_allclose(fitted.predict(rows), fitted.predict(rows.astype(float)))


@pytest.mark.parametrize("dtype", [str, "M8[s]", "m8[s]"])
def test_targets_that_are_no_numbers_are_refused(dtype):
    regressor = BackpropRegressor(**SMALL)
    with pytest.raises(TypeError, match=r"y holds .*, which are no numbers"):
        regressor.fit(X, np.arange(N).astype(dtype))


@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_matrix])
def test_a_sparse_column_of_classes_is_refused(container):
    with pytest.raises(TypeError, match="one column"):
        BackpropClassifier(**SMALL).fit(X, container(Y[:, None]))


@pytest.mark.parametrize("fraction", [0.0, 0.999])
def test_a_split_that_leaves_no_rows_is_an_error_and_no_warning(fraction):
    model = BackpropClassifier(**SMALL, early_stopping=True)
    model.set_params(validation_fraction=fraction)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refuse(model.fit, "test_size|train set|too small", X, np.arange(N) % 3)


@pytest.mark.parametrize("kind", KINDS)
def test_predict_refuses_other_features(kind):
    estimator = kind(**SMALL).fit(X, Y)
    with pytest.raises(
        ValueError, match=f"X has 3 features, but {kind.__name__} is expecting {D}"
    ):
        estimator.predict(X[:, :3])
