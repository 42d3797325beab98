"""The objective of a fitted estimator is the function that its fit minimised."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.estimators._objective import bound_objective

SETTINGS = {
    "hidden_layer_sizes": (3,),
    "activation": "tanh",
    "solver": "lbfgs",
    "alpha": 1.0,
    "tol": 1e-10,
    "max_iter": 3000,
    "max_fun": 30000,
    "random_state": 0,
}
WEIGHT = np.random.RandomState(0).uniform(0.2, 2.0, 60)


def classified(**changes):
    return BackpropClassifier(**(SETTINGS | changes))


def regressed(**changes):
    return BackpropRegressor(**(SETTINGS | changes))


CASES = {
    "binary": ("binary", classified(), {}),
    "multiclass": ("multiclass", classified(), {}),
    "multilabel": ("multilabel", classified(), {}),
    "multioutput": ("multioutput", classified(), {}),
    "class_weight": ("multiclass", classified(class_weight="balanced"), {}),
    "class_weight by hand": ("multiclass", classified(class_weight={0: 3.0}), {}),
    "sample_weight": ("multiclass", classified(), {"sample_weight": WEIGHT}),
    "both weights": (
        "multiclass",
        classified(class_weight="balanced"),
        {"sample_weight": WEIGHT},
    ),
    "scaling": ("multiclass", classified(scaling="standard"), {}),
    "focal loss": ("multiclass", classified(loss="focal"), {}),
    "regression": ("regression", regressed(), {}),
    "several targets": ("multi_regression", regressed(), {}),
    "scaled targets": ("regression", regressed(scaling="standard"), {}),
    "poisson": ("counts", regressed(loss="poisson"), {}),
    "weighted rows": ("regression", regressed(), {"sample_weight": WEIGHT}),
}


def fitted(name, request):
    data, model, given = CASES[name]
    X, y = request.getfixturevalue(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, **given), X, y, given


@pytest.mark.parametrize("name", CASES)
def test_gradient_vanishes_where_a_fit_has_converged(name, request):
    model, X, y, given = fitted(name, request)
    bound = bound_objective(model, X, y, **given)
    gradient = bound.products().gradient()
    elsewhere = bound_objective(model, X[:20], y[:20]).products().gradient()
    assert np.abs(gradient).max() < 1e-4 * max(1.0, np.abs(elsewhere).max())


@pytest.mark.parametrize("name", ["class_weight", "both weights", "scaled targets"])
def test_value_is_the_loss_that_the_fit_reported(name, request):
    model, X, y, given = fitted(name, request)
    bound = bound_objective(model, X, y, **given)
    share = bound.objective.loss.reported_share(1)
    penalty = bound.objective.penalty.value(
        bound.objective.network.layout.weights(bound.theta)
    )
    penalty /= bound.penalty_weight
    reported = (bound.value() - penalty) * share + penalty
    assert reported == pytest.approx(model.loss_, rel=1e-6)


def test_value_elsewhere_has_the_gradient_as_its_slope(multiclass):
    model = classified().fit(*multiclass)
    bound = bound_objective(model, *multiclass)
    along = np.random.RandomState(0).standard_normal(len(bound.theta))
    at = bound.theta + 0.1 * along
    rise = (bound.value(at + 1e-6 * along) - bound.value(at - 1e-6 * along)) / 2e-6
    moved = bound_objective(model, *multiclass)
    moved.theta[...] = at
    assert moved.products().gradient() @ along == pytest.approx(rise, rel=1e-6)


def test_mini_batches_share_the_penalty_among_their_rows(multiclass):
    X, y = multiclass
    by_batch = classified(solver="adam", batch_size=20)
    whole = classified(batch_size=20)
    for model, wanted in [(by_batch, 20.0), (whole, 60.0)]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.set_params(max_iter=2).fit(X, y)
        assert bound_objective(model, X, y).penalty_weight == wanted
        heavy = bound_objective(model, X, y, np.full(60, 3.0))
        assert heavy.penalty_weight == 3.0 * wanted


def test_nothing_of_the_estimator_changes(multiclass):
    model = classified().fit(*multiclass)
    before = [coef.copy() for coef in model.coefs_]
    bound = bound_objective(model, *multiclass)
    bound.theta[...] = 1.0
    for coef, same in zip(model.coefs_, before, strict=True):
        assert np.array_equal(coef, same)


def test_float32_and_sparse_rows_stay_what_they_are(multiclass):
    X, y = sparse.csr_matrix(multiclass.X.astype(np.float32)), multiclass.y
    bound = bound_objective(classified(tol=1e-4).fit(X, y), X, y)
    assert bound.theta.dtype == np.float32
    assert bound.data.is_sparse
    assert bound.products().gradient().dtype == np.float32


def test_random_layers_are_at_rest(multiclass):
    model = classified(solver="adam", dropout=0.5)
    bound = bound_objective(
        model.partial_fit(*multiclass, classes=[0, 1, 2]), *multiclass
    )
    assert bound.value() == bound.value()


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda m, X, y: (m, X[:, :2], y), "features"),
        (lambda m, X, y: (m, X, np.where(y == 0, 7, y)), "7"),
        (lambda m, X, y: (m, X, y, np.zeros(60)), "at least one non-zero"),
        (lambda m, X, y: (m, X, y, -np.ones(60)), "[Nn]egative"),
    ],
)
def test_data_is_validated_as_in_fit(multiclass, wrong, error):
    model = classified(tol=1e-4).fit(*multiclass)
    with pytest.raises(ValueError, match=error):
        bound_objective(*wrong(model, *multiclass))


def test_an_estimator_has_to_be_fitted(multiclass):
    with pytest.raises(NotFittedError):
        bound_objective(classified(), *multiclass)
