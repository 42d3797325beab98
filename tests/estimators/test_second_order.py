"""Full-batch solvers in the slot: by name, by object, with all that a fit offers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV

from skbackprop import BackpropClassifier, BackpropEmbedder, BackpropRegressor
from skbackprop.curvature import critical_point
from skbackprop.solvers import LevenbergMarquardt, NewtonCG

from ._cases import Watcher, assert_equal_fit, caught, fit, make_data, ours, parameters

NAMES = ["gd", "bfgs", "newton-cg", "levenberg-marquardt"]
SOLVERS = [*NAMES, NewtonCG("hessian")]
LINEAR = {"hidden_layer_sizes": (), "tol": 1e-8, "max_iter": 500}
every_solver = pytest.mark.parametrize("solver", SOLVERS, ids=str)


@every_solver
def test_a_linear_network_is_ridge_and_logistic_regression(solver):
    X, y = make_data("regression")
    model = BackpropRegressor(**LINEAR, solver=solver, alpha=2.0).fit(X, y)
    assert_allclose(model.coefs_[0][:, 0], Ridge(alpha=2.0).fit(X, y).coef_, atol=1e-5)
    X, y = make_data("multiclass")
    model = BackpropClassifier(**LINEAR, solver=solver, alpha=2.0).fit(X, y)
    theirs = LogisticRegression(C=0.5, tol=1e-9, max_iter=500).fit(X, y)
    assert_allclose(model.predict_proba(X), theirs.predict_proba(X), atol=1e-5)


@every_solver
def test_the_curve_callbacks_and_counts_are_those_of_iterations(solver):
    X, y = make_data("multiclass")
    watcher = Watcher()
    model = ours("multiclass", solver=solver, max_iter=5).set_callbacks(watcher)
    fit(model, X, y)
    assert len(watcher.epochs) == len(model.loss_curve_) == model.n_iter_ == 5
    shorter = fit(ours("multiclass", solver=solver, max_iter=3), X, y)
    assert_equal_fit(watcher.epochs[2], shorter)
    stopped = ours("multiclass", solver=solver, max_iter=50)
    stopped.set_callbacks(Watcher(answer=True, at=3))
    assert caught(stopped.fit, X, y) == []
    assert_equal_fit(stopped, shorter)
    assert stopped.stopped_by_ == "callback"


@every_solver
def test_a_limit_that_is_reached_is_told_once(solver):
    X, y = make_data("regression")
    model = ours("regression", solver=solver, max_iter=2, tol=1e-9)
    ((category, message),) = caught(model.fit, X, y)
    assert category is ConvergenceWarning
    assert "has not converged after 2 iteration(s)" in message
    assert model.stopped_by_ == "max_iter"


@every_solver
def test_a_fit_goes_on_where_the_last_one_ended(solver):
    X, y = make_data("regression")
    settings = {"solver": solver, "alpha": 1.0, "max_iter": 2000, "tol": 1e-3}
    model = ours("regression", **settings, activation="tanh", warm_start=True)
    assert caught(model.fit, X, y) == []
    before = parameters(model)
    assert caught(model.fit, X, y) == []
    assert model.n_iter_ == 0
    assert_array_equal(parameters(model), before)
    assert model.stopped_by_ == "tol"


@every_solver
def test_early_stopping_restores_the_best_weights(solver):
    X, y = make_data("regression", n_samples=30)
    X_val, y_val = make_data("regression", n_samples=30, seed=1)
    model = ours(
        "regression", solver=solver, hidden_layer_sizes=(20,), activation="tanh",
        alpha=0.0, early_stopping=True, n_iter_no_change=5, max_iter=300,
    )  # fmt: skip
    model.fit(X, y, X_val=X_val, y_val=y_val)
    assert model.n_iter_ < 300
    assert model.stopped_by_ == "early_stopping"
    assert model.score(X_val, y_val) == pytest.approx(max(model.validation_scores_))


@every_solver
def test_sparse_rows_are_dense_rows(solver):
    X, y = make_data("multiclass")
    settings = {"solver": solver, "max_iter": 4}
    dense = fit(ours("multiclass", **settings), X, y)
    assert_equal_fit(fit(ours("multiclass", **settings), sparse.csr_array(X), y), dense)


@every_solver
def test_single_precision_and_statistics_of_scaling_stay(solver):
    X, y = make_data("regression")
    X = (5 + 2 * X).astype(np.float32)
    model = fit(ours("regression", solver=solver, scaling="standard"), X, y)
    assert parameters(model).dtype == np.float32
    assert_allclose(model.extra_params_["center"][0], X.mean(axis=0), rtol=1e-5)


@every_solver
def test_there_is_no_partial_fit(solver):
    assert not hasattr(ours("regression", solver=solver), "partial_fit")


@every_solver
def test_what_it_cannot_minimise_is_refused(solver):
    X, y = make_data("regression")
    for params, match in [
        ({"penalty": "l1"}, "solver='lbfgs'"),
        ({"dropout": 0.5}, "step-wise solver"),
        ({"clip_norm": 1.0}, "step-wise solver"),
    ]:
        model = ours("regression", solver=solver, **params)
        with pytest.raises(ValueError, match=match):
            model.fit(X, y)
        assert not hasattr(model, "coefs_")


def embedder(solver, **changes):
    return BackpropEmbedder(
        2,
        (4,),
        activation="tanh",
        loss="contrastive",
        solver=solver,
        alpha=1.0,
        tol=1e-7,
        max_iter=500,
        **{"random_state": 0, **changes},
    )


@pytest.mark.parametrize(
    "solver",
    [
        *SOLVERS[2:],
        NewtonCG(preconditioner="diagonal"),
        NewtonCG(preconditioner=None),
    ],
    ids=str,
)
def test_losses_that_compare_rows_reach_a_minimum(solver):
    X, y = make_data("multiclass")
    model = embedder(solver).fit(X, y)
    point = critical_point(model, X, y)
    assert point.kind.value == "minimum"
    assert point.relative_gradient < 1e-3
    assert model.loss_ <= 1.05 * embedder("lbfgs").fit(X, y).loss_


@pytest.mark.parametrize("solver", ["newton-cg", "levenberg-marquardt"])
def test_losses_that_jump_are_refused(solver):
    X, y = make_data("multiclass")
    with pytest.raises(ValueError, match="continuous loss"):
        embedder(solver).set_params(loss="triplet").fit(X, y)


def test_too_many_parameters_are_refused_with_a_way_out():
    X, y = make_data("regression")
    with pytest.raises(ValueError, match="newton-cg"):
        ours("regression", solver=LevenbergMarquardt(max_params=10)).fit(X, y)


def test_a_grid_searches_solvers_and_what_is_in_them():
    X, y = make_data("regression")
    grid = [
        {"solver": NAMES},
        {"solver": [NewtonCG()], "solver__preconditioner": ["kfac", None]},
    ]
    search = GridSearchCV(ours("regression"), grid, cv=2, error_score="raise")
    assert len(fit(search, X, y).cv_results_["params"]) == 6
