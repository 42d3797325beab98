"""Unusual arrays that are right: a finite result, or a warning that says why not."""

import warnings

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropClassifier, BackpropRegressor

KINDS = (BackpropClassifier, BackpropRegressor)
SOLVERS = ("adam", "sgd", "lbfgs")
SMALL = {"hidden_layer_sizes": (5,), "max_iter": 20, "random_state": 0}
ignore_convergence = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"
)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(params=SOLVERS)
def solver(request):
    return request.param


def parameters(estimator):
    return np.concatenate([a.ravel() for a in estimator.coefs_ + estimator.intercepts_])


def outputs(estimator, X):
    if hasattr(estimator, "predict_proba"):
        return estimator.predict_proba(X)
    return estimator.predict(X)


def fit_and_listen(estimator, X, y, **given):
    """Return the fitted estimator and the kinds of warning it gave."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(X, y, **given)
        outputs(estimator, X)
    return estimator, [warning.category for warning in caught]


# ------------------------------------------------------------------- columns and rows

SCALES = {
    "all huge": lambda X: X * 1e200,
    "all tiny": lambda X: X * 1e-200,
    "one huge": lambda X: X * [1e200, 1, 1, 1, 1],
    "one tiny": lambda X: X * [1e-200, 1, 1, 1, 1],
    "huge and tiny": lambda X: X * [1e200, 1e-200, 1, 1, 1],
    "near the largest float": lambda X: X * 1e300,
    "subnormal": lambda X: X * 1e-310,
    "all zero": lambda X: X * 0.0,
}
CONSTANTS = {
    "one constant": lambda X: np.where(np.arange(5) == 0, 7.0, X),
    "all constant": lambda X: np.ones_like(X),
    "a column twice": lambda X: X[:, [0, 0, 1, 1, 2]],
}


@pytest.mark.parametrize("scale", SCALES)
def test_extreme_columns_end_in_finite_parameters(kind, solver, scale, binary):
    X = SCALES[scale](binary.X)
    fitted, warned = fit_and_listen(kind(**SMALL, solver=solver), X, binary.y)
    assert set(warned) <= {ConvergenceWarning}
    assert len(warned) <= 1
    assert np.isfinite(parameters(fitted)).all()
    assert np.isfinite(outputs(fitted, X)).all() or warned


@pytest.mark.parametrize("solver", ["sgd", "momentum"])
@pytest.mark.parametrize(
    "params",
    [
        {},
        # Nothing comes after the only epoch, to find what it has led to.
        {"max_iter": 1},
        {"early_stopping": True},
        {"early_stopping": True, "max_iter": 1},
    ],
    ids=str,
)
def test_columns_too_large_to_step_on_leave_a_network_that_predicts(
    solver, params, multiclass
):
    X = multiclass.X * 1e200
    classifier = BackpropClassifier(**{**SMALL, **params}, solver=solver)
    fitted, warned = fit_and_listen(classifier, X, multiclass.y)
    assert warned == [ConvergenceWarning]
    assert fitted.stopped_by_ == "diverged"
    assert np.isfinite(fitted.predict_proba(X)).all()


def test_a_step_of_partial_fit_that_leads_too_far_is_taken_back(multiclass):
    X, classifier = multiclass.X * 1e200, BackpropClassifier(**SMALL, solver="sgd")
    with pytest.warns(ConvergenceWarning, match=r"epoch 1: .*finite epoch \(0\)"):
        classifier.partial_fit(X, multiclass.y, classes=[0, 1, 2])
    assert np.isfinite(classifier.predict_proba(X)).all()


@pytest.mark.parametrize("scale", [1e200, 1e-200])
def test_extreme_targets_end_in_finite_parameters(solver, scale, regression):
    y = regression.y * scale
    estimator = BackpropRegressor(**SMALL, solver=solver)
    fitted, warned = fit_and_listen(estimator, regression.X, y)
    assert set(warned) <= {ConvergenceWarning}
    assert np.isfinite(parameters(fitted)).all()
    assert np.isfinite(fitted.predict(regression.X)).all()


@ignore_convergence
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("change", CONSTANTS)
def test_constant_columns_are_harmless(kind, solver, change, dtype, binary):
    X = CONSTANTS[change](binary.X).astype(dtype)
    fitted = kind(**SMALL, solver=solver).fit(X, binary.y)
    assert np.isfinite(outputs(fitted, X)).all()


@ignore_convergence
def test_one_feature_is_enough(kind, solver, binary):
    X = binary.X[:, :1] - binary.X[:, 1:2]
    fitted = kind(**SMALL, solver=solver, learning_rate_init=0.1).fit(X, binary.y)
    assert fitted.score(X, binary.y) > 0.5


@ignore_convergence
def test_one_row_is_learned(solver, regression):
    X, y = regression.X[:1], regression.y[:1]
    estimator = BackpropRegressor(
        solver=solver, max_iter=300, learning_rate_init=0.003, random_state=0
    )
    assert_allclose(estimator.fit(X, y).predict(X), y, atol=0.05)


@ignore_convergence
@pytest.mark.parametrize("label", [3, "only", True])
def test_one_class_is_certain(solver, label, binary):
    classifier = BackpropClassifier(**SMALL, solver=solver)
    classifier.fit(binary.X, np.full(60, label))
    assert list(classifier.classes_) == [label]
    assert set(classifier.predict(binary.X)) == {label}
    assert_array_equal(classifier.predict_proba(binary.X), np.ones((60, 1)))


@ignore_convergence
def test_class_that_partial_fit_never_sees_keeps_its_column(binary):
    classifier = BackpropClassifier(**SMALL, learning_rate_init=0.05)
    for _ in range(30):
        classifier.partial_fit(*binary, classes=[-1, 0, 1])
    probabilities = classifier.predict_proba(binary.X)
    assert probabilities.shape == (60, 3)
    assert probabilities[:, 0].mean() < 1 / 3
    assert set(classifier.predict(binary.X)) <= {0, 1}


# --------------------------------------------------------------------------- weights


@ignore_convergence
@pytest.mark.parametrize("batch_size", [10, "auto"])
def test_rows_of_no_weight_in_whole_batches_are_harmless(kind, binary, batch_size):
    weight = np.where(np.arange(60) < 10, 1.0, 0.0)
    estimator = kind(**SMALL, shuffle=False, batch_size=batch_size, solver="sgd")
    fitted = estimator.fit(*binary, sample_weight=weight)
    assert np.isfinite(parameters(fitted)).all()
    assert np.isfinite(fitted.loss_curve_).all()


@ignore_convergence
@pytest.mark.parametrize("solver", SOLVERS)
def test_rows_of_no_weight_count_for_nothing(kind, solver, binary):
    X, y = binary
    kept = np.arange(60) < 40
    estimator = kind(**SMALL, solver=solver, alpha=0.0)
    weighted = clone(estimator).fit(X, y, sample_weight=kept.astype(float))
    without = clone(estimator).fit(X[kept], y[kept])
    assert_allclose(parameters(weighted), parameters(without), rtol=1e-5, atol=1e-7)


@ignore_convergence
@pytest.mark.parametrize("weight", [1, 2.5, np.float32(1)], ids=str)
def test_one_number_weighs_all_rows_alike(kind, weight, binary):
    plain, weighted = (
        kind(**SMALL, alpha=0.0).fit(*binary, sample_weight=given)
        for given in (None, weight)
    )
    assert_allclose(parameters(weighted), parameters(plain), rtol=1e-9)


@ignore_convergence
@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_only_relative_weights_matter(kind, scale, binary):
    weight = np.linspace(0.1, 1.0, 60)
    estimator = kind(**SMALL, alpha=0.0)
    plain, scaled = (
        clone(estimator).fit(*binary, sample_weight=given)
        for given in (weight, scale * weight)
    )
    assert_allclose(parameters(scaled), parameters(plain), rtol=1e-6, atol=1e-9)


def test_batch_larger_than_the_data_is_clipped_with_a_warning(kind, binary):
    estimator = kind(**{**SMALL, "max_iter": 1}, batch_size=61)
    _, warned = fit_and_listen(estimator, *binary)
    assert warned == [UserWarning, ConvergenceWarning]
    with pytest.warns(UserWarning, match="batch_size.*clipped"):
        estimator.partial_fit(*binary, **fit_classes(kind))


def fit_classes(kind):
    return {"classes": [0, 1]} if kind is BackpropClassifier else {}


# ----------------------------------------------------------------------- containers


@ignore_convergence
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_read_only_memory_maps_are_read(kind, solver, dtype, binary, tmp_path):
    X, y = binary.X.astype(dtype), binary.y
    weight = np.linspace(0.5, 1.0, 60)
    joblib.dump((X, y, weight), tmp_path / "data")
    mapped = joblib.load(tmp_path / "data", mmap_mode="r")
    estimator = kind(**SMALL, solver=solver)
    expected = clone(estimator).fit(X, y, weight)
    fitted = estimator.fit(*mapped)
    assert_array_equal(parameters(fitted), parameters(expected))
    assert_array_equal(outputs(fitted, mapped[0]), outputs(expected, X))


CONTAINERS = {
    "list": np.ndarray.tolist,
    "Fortran order": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "big-endian": lambda X: X.astype(">f8"),
    "objects": lambda X: X.astype(object),
    "float128": lambda X: X.astype(np.longdouble),
    "csr": sparse.csr_array,
    "csc": sparse.csc_array,
    "coo": sparse.coo_array,
    "lil": sparse.lil_array,
    "dia": sparse.dia_array,
    "matrix of csr": sparse.csr_matrix,
    "int64 indices": lambda X: with_long_indices(sparse.csr_array(X)),
    "explicit zeros": lambda X: with_explicit_zeros(X),
}


def with_long_indices(X):
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def with_explicit_zeros(X):
    full = sparse.csr_array(np.ones_like(X))
    full.data[:] = X.ravel()
    return full


@ignore_convergence
@pytest.mark.parametrize("container", CONTAINERS)
def test_each_container_gives_the_same_model(kind, solver, container, binary):
    X = binary.X.copy()
    X[0, 0] = 0.0
    held = CONTAINERS[container](X)
    estimator = kind(**{**SMALL, "max_iter": 5}, solver=solver)
    expected = clone(estimator).fit(X, binary.y)
    fitted = estimator.fit(held, binary.y)
    assert_allclose(parameters(fitted), parameters(expected), rtol=1e-6, atol=1e-9)
    assert_allclose(outputs(fitted, held), outputs(expected, X), rtol=1e-6)


@ignore_convergence
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_give_the_same_model_and_their_names(kind, library, binary):
    frames = pytest.importorskip(library)
    names = [f"column {i}" for i in range(5)]
    frame = frames.DataFrame(dict(zip(names, binary.X.T, strict=True)))
    target = frames.Series(binary.y)
    fitted = kind(**SMALL).fit(frame, target)
    assert list(fitted.feature_names_in_) == names
    expected = kind(**SMALL).fit(*binary)
    assert_allclose(parameters(fitted), parameters(expected), rtol=1e-9)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        fitted.predict(binary.X)


@ignore_convergence
@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint16, np.int64, np.float16])
def test_other_numbers_are_computed_in_double_precision(kind, dtype, binary):
    X = (binary.X * 3).astype(dtype)
    fitted = kind(**SMALL).fit(X, binary.y)
    expected = kind(**SMALL).fit(X.astype(float), binary.y)
    assert_array_equal(parameters(fitted), parameters(expected))
    assert fitted.coefs_[0].dtype == np.float64
