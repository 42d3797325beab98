"""Taking over scikit-learn's networks: predictions, records, and where they go on."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.export import from_mlp

from ._models import fit, inputs, targets

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SOLVERS = {
    "adam": {"solver": "adam"},
    "adam of other betas": {"solver": "adam", "beta_1": 0.0, "beta_2": 0.9},
    "plain sgd": {"solver": "sgd", "momentum": 0.0},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False},
    "nesterov": {"solver": "sgd"},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.3},
    # Each epoch is a bad one: the rate has been cut by the time it is taken over.
    "adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "n_iter_no_change": 1,
        "tol": 10.0,
    },
}
SMALL = {
    "hidden_layer_sizes": (5, 4),
    "max_iter": 6,
    "batch_size": 16,
    "random_state": 0,
    "learning_rate_init": 0.01,
}
TASKS = ("binary", "multiclass", "multilabel", "real", "reals", "positive")


def standard(dtype=np.float64):
    X = inputs()
    return ((X - X.mean(axis=0)) / X.std(axis=0)).astype(dtype)


def theirs(task, dtype=np.float64, **params):
    """A fitted network of scikit-learn, its rows, and its targets."""
    X, y = standard(dtype), targets(task)
    settings = {**SMALL, **params}
    if task in ("real", "reals"):
        y = y / 100.0
        return fit(MLPRegressor(**settings), X, y), X, y
    if task == "positive":
        return fit(MLPRegressor(loss="poisson", **settings), X, y), X, y
    return fit(MLPClassifier(**settings), X, y), X, y


def assert_same_predictions(model, mlp, X, tol=1e-12):
    assert_allclose(model.predict(X), mlp.predict(X), rtol=tol, atol=tol)
    if hasattr(mlp, "predict_proba"):
        expected = mlp.predict_proba(X)
        assert_allclose(model.predict_proba(X), expected, rtol=tol, atol=tol)


def assert_same_parameters(model, mlp):
    for one, other in zip(
        [*model.coefs_, *model.intercepts_],
        [*mlp.coefs_, *mlp.intercepts_],
        strict=True,
    ):
        assert one.dtype == other.dtype
        assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("task", TASKS)
def test_predictions_are_the_same(task, activation):
    mlp, X, _ = theirs(task, activation=activation)
    model = from_mlp(mlp)
    assert isinstance(model, BackpropClassifier | BackpropRegressor)
    assert_same_predictions(model, mlp, X)


def test_float32_stays():
    mlp, X, _ = theirs("multiclass", np.float32)
    model = from_mlp(mlp)
    assert model.coefs_[0].dtype == np.float32
    assert_same_predictions(model, mlp, X, 1e-6)


def test_the_parameters_are_the_same():
    mlp, *_ = theirs("real", alpha=0.3, solver="lbfgs", max_iter=4)
    ours = from_mlp(mlp).get_params()
    assert {name: ours[name] for name in mlp.get_params()} == mlp.get_params()


@pytest.mark.parametrize("task", ["multiclass", "reals", "multilabel"])
@pytest.mark.parametrize("solver", SOLVERS)
def test_partial_fit_goes_on_where_theirs_would(solver, task):
    mlp, X, y = theirs(task, **SOLVERS[solver])
    model = from_mlp(mlp)
    for _ in range(5):
        mlp.partial_fit(X, y)
        model.partial_fit(X, y)
    assert_same_parameters(model, mlp)
    assert_allclose(model.loss_curve_, mlp.loss_curve_, rtol=1e-9)
    assert model.t_ == mlp.t_


# With 'adaptive' patience counts, which starts anew here: ``docs/differences.rst``.
@pytest.mark.parametrize("solver", [*sorted(SOLVERS.keys() - {"adaptive"}), "lbfgs"])
def test_a_warm_start_goes_on_where_theirs_would(solver):
    params = {**SOLVERS.get(solver, {"solver": solver}), "warm_start": True}
    mlp, X, y = theirs("multiclass", **params)
    model = from_mlp(mlp)
    assert_same_parameters(fit(model, X, y), fit(mlp, X, y))


def test_a_stream_that_partial_fit_began():
    X, y = standard(), targets("multiclass")
    mlp = MLPClassifier(**SMALL).partial_fit(X[:30], y[:30], classes=[0, 1, 2])
    model = from_mlp(mlp)
    for rows in (slice(30, 60), slice(10, 40)):
        mlp.partial_fit(X[rows], y[rows])
        model.partial_fit(X[rows], y[rows])
    assert_same_parameters(model, mlp)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_records_are_taken_over(early_stopping):
    mlp, *_ = theirs("multiclass", early_stopping=early_stopping)
    model = from_mlp(mlp)
    for name in ("n_iter_", "t_", "loss_", "best_loss_", "loss_curve_", "n_layers_"):
        assert getattr(model, name) == getattr(mlp, name), name
    for name in ("n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(model, name) == getattr(mlp, name), name
    assert model.validation_scores_ == mlp.validation_scores_
    assert model.best_validation_score_ == mlp.best_validation_score_
    assert model.n_steps_ == mlp._optimizer.t
    # What scikit-learn does not record has the length of what it does.
    assert len(model.learning_rate_curve_) == len(mlp.loss_curve_)


def test_names_of_features_are_taken_over():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(standard(), columns=[*"abcde"])
    mlp = fit(MLPClassifier(**SMALL), frame, targets("binary"))
    model = from_mlp(mlp)
    assert_array_equal(model.feature_names_in_, [*"abcde"])
    assert_array_equal(model.predict(frame), mlp.predict(frame))


def test_labels_are_taken_over():
    X, y = standard(), np.array(["ant", "bee", "cat"])[targets("multiclass")]
    mlp = fit(MLPClassifier(**SMALL), X, y)
    model = from_mlp(mlp)
    assert_array_equal(model.classes_, mlp.classes_)
    assert_array_equal(model.predict(X), mlp.predict(X))


def test_sparse_labels_stay_sparse():
    X, y = standard(), sparse.csr_matrix(targets("multilabel"))
    mlp = fit(MLPClassifier(**SMALL), X, y)
    ours, expected = from_mlp(mlp).predict(X), mlp.predict(X)
    assert type(ours) is type(expected)
    assert_array_equal(ours.toarray(), expected.toarray())


def test_nothing_is_shared():
    mlp, X, y = theirs("multiclass", random_state=np.random.RandomState(0))
    before, state = mlp.predict_proba(X), mlp.random_state.get_state()[1].copy()
    from_mlp(mlp).partial_fit(X, y)
    assert_array_equal(mlp.predict_proba(X), before)
    assert_array_equal(mlp.random_state.get_state()[1], state)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_unfitted_networks_are_refused(kind):
    with pytest.raises(NotFittedError):
        from_mlp(kind())


def test_other_estimators_are_refused():
    with pytest.raises(TypeError, match=r"MLPClassifier or an MLPRegressor.*Logistic"):
        from_mlp(LogisticRegression())
