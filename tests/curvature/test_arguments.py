"""What cannot be meant is refused, whichever function it is given to."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop.curvature import (
    CurvatureDisplay,
    Surface,
    critical_point,
    curvature_matrix,
    curvature_report,
    estimate_trace,
    extreme_eigenvalues,
    hessian_operator,
    inertia,
    kronecker_factors,
    sharpness,
    spectral_density,
)

from ._fitted import classifier, fitted, regressor, symmetric

EYE = np.eye(4)
LARGE = np.diag(np.arange(300))  # beyond what is formed as a whole


@pytest.fixture(scope="module")
def model(multiclass):
    return fitted(classifier(), *multiclass)


# ------------------------------------------------------------------------- of operators

OF_OPERATORS = [
    (extreme_eigenvalues, {"k": 0}),
    (extreme_eigenvalues, {"k": 1.5}),
    (extreme_eigenvalues, {"which": ["largest"]}),
    (extreme_eigenvalues, {"tol": -1.0}),
    (extreme_eigenvalues, {"max_iter": 0}),
    (inertia, {"tol": -1.0}),
    (inertia, {"tol": None}),
    (inertia, {"max_params": "all"}),
    (estimate_trace, {"n_products": 20.0}),
    (estimate_trace, {"n_sketch": -1}),
    (spectral_density, {"n_vectors": 0}),
    (spectral_density, {"n_steps": 0}),
]


@pytest.mark.parametrize(("function", "wrong"), OF_OPERATORS)
def test_wrong_arguments_are_named(function, wrong):
    (name,) = wrong
    match = f"The '{name}' parameter of {function.__name__} must be"
    with pytest.raises(ValueError, match=match):
        function(EYE, **wrong)


def test_a_density_is_smoothed_by_some_width():
    with pytest.raises(ValueError, match=r"'width' parameter of SpectralDensity\.smo"):
        spectral_density(EYE).smooth(np.zeros(1), 0.0)


FUNCTIONS = [extreme_eigenvalues, inertia, estimate_trace, spectral_density]
every_function = pytest.mark.parametrize("function", FUNCTIONS)


@every_function
@pytest.mark.parametrize(
    "wrong", [np.ones((3, 2)), np.ones(3), np.zeros((0, 0)), 1j * EYE]
)
def test_no_symmetric_matrix(function, wrong):
    with pytest.raises(ValueError, match="A symmetric matrix of real numbers"):
        function(wrong)


@every_function
def test_no_matrix_at_all(function, model):
    for wrong in ([[1.0]], model):
        with pytest.raises(TypeError, match=f"needed, got {type(wrong).__name__}"):
            function(wrong)


@pytest.mark.parametrize(
    "matrix",
    [
        *(LARGE.astype(dtype) for dtype in (np.int64, np.float16, np.longdouble)),
        *(sparse.csr_matrix(LARGE.astype(dtype)) for dtype in (np.int32, np.float32)),
    ],
)
def test_numbers_of_any_type(matrix):
    values = extreme_eigenvalues(matrix, random_state=0).values
    assert_allclose(values, [0.0, 299.0], atol=1e-2)
    assert estimate_trace(matrix, 300).value == pytest.approx(LARGE.trace())
    assert spectral_density(matrix, random_state=0).share(-1, 150) == pytest.approx(
        0.5, abs=0.05
    )


def test_the_ends_of_what_is_nothing_are_zeros():
    found = extreme_eigenvalues(np.zeros((200, 200)), 2, random_state=0)
    assert_array_equal(found.values, np.zeros(4))
    assert_allclose(np.linalg.norm(found.vectors, axis=0), 1.0)
    # One end of a multiple of the identity is the other's shift.
    found = extreme_eigenvalues(np.diag(np.full(200, 3.0)), 1, random_state=0)
    assert_allclose(found.values, [3.0, 3.0])


def test_what_is_no_number_has_no_eigenvalues():
    matrix = symmetric(200)
    matrix[0, 0] = np.nan
    with pytest.raises(ValueError, match="may not be finite"):
        extreme_eigenvalues(matrix, random_state=0)


# ------------------------------------------------------------------------ of estimators

OF_ESTIMATORS = [
    (critical_point, {"gradient_tol": -1.0}),
    (critical_point, {"curvature_tol": "a"}),
    (critical_point, {"max_params": -1}),
    (curvature_report, {"k": 0}),
    (curvature_report, {"radius": -1.0}),
    (curvature_report, {"radius": np.nan}),
    (curvature_report, {"n_products": 1}),
    (sharpness, {"radius": np.inf}),
    (curvature_matrix, {"max_params": None}),
]


@pytest.mark.parametrize(("function", "wrong"), OF_ESTIMATORS)
def test_wrong_arguments_of_functions_of_estimators(function, wrong, model, multiclass):
    (name,) = wrong
    match = f"The '{name}' parameter of {function.__name__} must be"
    with pytest.raises(ValueError, match=match):
        function(model, *multiclass, **wrong)


def test_a_surface_has_two_points_a_side(model, multiclass):
    with pytest.raises(ValueError, match="'n_points' parameter of Surface"):
        CurvatureDisplay.from_estimator(model, *multiclass, kind=Surface(n_points=1))


@pytest.mark.parametrize("damping", [0.0, -1.0])
def test_a_block_is_damped(model, multiclass, damping):
    factors = kronecker_factors(model, *multiclass)[0]
    with pytest.raises(ValueError, match="'damping' parameter of KroneckerFactors"):
        factors.solve(np.ones(len(factors.matrix())), damping)


@pytest.mark.parametrize("function", [hessian_operator, kronecker_factors])
def test_other_estimators(function, model, multiclass):
    X, y = multiclass
    for wrong in (LogisticRegression(), make_pipeline(StandardScaler(), model)):
        with pytest.raises(TypeError, match=f"got {type(wrong).__name__}: of a pipe"):
            function(wrong.fit(X, y), X, y)


@pytest.mark.parametrize(
    "layers",
    ["all", 1, [1.0], [True, False], [0, 0], [1, -1], [2], [], [[0]], [[0], [0, 1]]],
)
def test_layers_are_positions(model, multiclass, layers):
    with pytest.raises(ValueError, match="by their positions 0 to 1 in coefs_"):
        hessian_operator(model, *multiclass, layers=layers)


def test_positions_may_be_an_array(model, multiclass):
    wanted = hessian_operator(model, *multiclass, layers=[1]).shape
    for layers in (np.array([1]), range(1, 2), (-1,)):
        assert hessian_operator(model, *multiclass, layers=layers).shape == wanted


# ----------------------------------------------------- what operators of scipy's can do


def test_complex_vectors_keep_both_parts(model, multiclass):
    operator = hessian_operator(model, *multiclass)
    one, other = np.random.RandomState(0).standard_normal((2, operator.shape[0]))
    found = operator @ (one + 1j * other)
    assert_allclose(found, operator @ one + 1j * (operator @ other), atol=1e-15)


def test_no_vectors_have_no_products(model, multiclass):
    operator = hessian_operator(model, *multiclass)
    assert (operator @ np.ones((operator.shape[0], 0))).shape == (
        operator.shape[0],
        0,
    )


def test_an_operator_is_pickled(model, multiclass):
    operator = hessian_operator(model, *multiclass, kind="gauss_newton", layers=[1])
    again = pickle.loads(pickle.dumps(operator))
    vector = np.ones(operator.shape[0])
    assert_array_equal(again @ vector, operator @ vector)


def test_a_report_on_a_layer_that_nothing_depends_on(regression):
    """Large enough that the layer's eigenvalues are searched for."""
    X, y = regression
    model = regressor(hidden_layer_sizes=(60,), activation="relu", alpha=0.0)
    model.set_params(solver="sgd", max_iter=1, learning_rate_init=1e-300, momentum=0.0)
    n_in = X.shape[1]
    dead = [-1e3 * np.ones(60), np.zeros(1)]
    fitted(
        model, X, y, coefs_init=[np.zeros((n_in, 60)), np.zeros((60, 1))],
        intercepts_init=dead,
    )  # fmt: skip
    report = curvature_report(model, X, y, random_state=0)
    assert report.layers[0].n_params > 150
    assert report.layers[0].largest_eigenvalue == 0.0
