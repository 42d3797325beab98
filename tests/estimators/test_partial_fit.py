"""partial_fit: one epoch a call, state kept, settings honoured, validation by hand."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skbackprop.solvers import SGD, Adam

from .. import oracle
from ._cases import (
    CLASSIFICATION,
    PER_ROW,
    SOLVERS,
    STEPWISE,
    TASKS,
    assert_equal_fit,
    caught,
    copies,
    fit,
    loop_network,
    loop_targets,
    make_data,
    ours,
    parameters,
)


def classes_of(task):
    labels = {"binary": [0, 1], "multiclass": [0, 1, 2], "multilabel": [0, 1, 2]}
    return {"classes": labels[task]} if task in CLASSIFICATION else {}


def begun(task, X, y, **params):
    """Return an estimator after its first call."""
    return ours(task, **params).partial_fit(X, y, **classes_of(task))


@pytest.mark.parametrize("task", TASKS)
def test_each_call_is_one_epoch_without_warnings(task):
    X, y = make_data(task)
    model = ours(task, max_iter=1)
    for call in range(1, 4):
        assert caught(model.partial_fit, X, y, **classes_of(task)) == []
        assert model.n_iter_ == 1
        assert len(model.loss_curve_) == call
        assert model.t_ == call * len(X)
        assert model.n_steps_ == call * 4


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("solver", STEPWISE)
def test_calls_with_one_random_stream_are_the_epochs_of_a_fit(solver, task):
    X, y = make_data(task)
    params = {**SOLVERS[solver], "shuffle": False}
    stepped = ours(task, **params)
    for _ in range(8):
        stepped.partial_fit(X, y, **classes_of(task))
    assert_equal_fit(stepped, fit(ours(task, **params), X, y), rtol=1e-10)


def test_an_integer_seed_repeats_the_order_and_a_stream_does_not():
    X, y = make_data("regression")
    # Training that starts from one state each time: only the order of rows differs.
    begin = pickle.dumps(begun("regression", X, y))
    stream = np.random.RandomState(0)
    repeats = {}
    for name, seeds in {"seed": (0, 0), "stream": (stream, stream)}.items():
        ends = []
        for seed in seeds:
            model = pickle.loads(begin).set_params(random_state=seed)
            ends.append(parameters(model.partial_fit(X, y)))
        repeats[name] = np.array_equal(*ends)
    assert repeats == {"seed": True, "stream": False}


@pytest.mark.parametrize("task", TASKS)
def test_one_plain_step_is_that_of_the_loop_written_network(task):
    X, y = make_data(task, n_samples=8)
    params = {"solver": SGD(momentum=0.0), "batch_size": 8, "alpha": 0.3}
    model = begun(task, X, y, learning_rate_init=1e-300, **params)
    before, rows, targets = loop_network(model), X.tolist(), loop_targets(task, y)
    gradients = oracle.gradient(before, rows, targets, PER_ROW[task], alpha=0.3)
    expected = oracle.descend(before, gradients, 0.5)
    model.set_params(learning_rate_init=0.5).partial_fit(X, y)
    for array, loops in zip(model.coefs_, expected.weights, strict=True):
        assert_allclose(array, loops, rtol=1e-10)
    for array, loops in zip(model.intercepts_, expected.biases, strict=True):
        assert_allclose(array, loops, rtol=1e-10)


def moved(model, X, y):
    """Return how far one more call moves the parameters."""
    before = parameters(model).copy()
    return np.abs(parameters(model.partial_fit(X, y)) - before).max()


@pytest.mark.parametrize("solver", ["adam", "plain sgd", "invscaling"])
def test_a_changed_learning_rate_is_honoured(solver):
    # Not with momentum: velocity is kept, and holds the rates of earlier steps.
    X, y = make_data("regression")
    params = {**SOLVERS[solver], "momentum": 0.0, "learning_rate_init": 0.1}
    model = begun("regression", X, y, **params)
    assert moved(model, X, y) > 1e-3
    assert moved(model.set_params(learning_rate_init=1e-9), X, y) < 1e-6
    assert moved(model.set_params(learning_rate_init=0.1), X, y) > 1e-3


@pytest.mark.parametrize(
    "solver", ["sgd", Adam(beta_1=0.1), SGD(momentum=0.0)], ids=str
)
def test_a_changed_solver_is_honoured(solver):
    X, y = make_data("regression")
    model = begun("regression", X, y, learning_rate_init=0.01)
    unchanged = pickle.loads(pickle.dumps(model)).partial_fit(X, y)
    changed = model.set_params(solver=solver).partial_fit(X, y)
    assert not np.allclose(parameters(changed), parameters(unchanged), rtol=1e-6)
    assert len(changed.loss_curve_) == 2


@pytest.mark.parametrize("solver", STEPWISE)
def test_a_pickle_continues_where_the_original_does(solver):
    X, y = make_data("multiclass")
    model = begun("multiclass", X, y, **SOLVERS[solver]).partial_fit(X, y)
    revived = pickle.loads(pickle.dumps(model))
    assert_array_equal(
        parameters(revived.partial_fit(X, y)), parameters(model.partial_fit(X, y))
    )


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_after_a_plain_fit_moments_are_fresh(solver):
    X, y = make_data("regression")
    params = {"solver": solver, "batch_size": len(X), "shuffle": False}
    continued = fit(ours("regression", **params), X, y)
    start = {
        "coefs_init": copies(continued.coefs_),
        "intercepts_init": copies(continued.intercepts_),
    }
    continued.partial_fit(X, y)
    fresh = fit(ours("regression", **params, max_iter=1), X, y, **start)
    assert_equal_fit(continued, fresh, rtol=1e-10)


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_matrix])
@pytest.mark.parametrize("task", TASKS)
def test_sparse_rows_are_learned_as_dense_ones(task, kind):
    X, y = make_data(task)
    X = np.where(X > 0.5, X, 0)
    thin = begun(task, kind(X), y).partial_fit(kind(X), y)
    dense = begun(task, X, y).partial_fit(X, y)
    assert_equal_fit(thin, dense, rtol=1e-10)


def test_classes_must_come_with_the_first_call_and_may_come_later():
    X, y = make_data("multiclass")
    model = ours("multiclass")
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(X, y)
    model.partial_fit(X[:20], np.zeros(20, int), classes=[2, 0, 1])
    assert_array_equal(model.classes_, [0, 1, 2])
    assert model.predict_proba(X).shape == (len(X), 3)
    model.partial_fit(X, y).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="not the same as on last call"):
        model.partial_fit(X, y, classes=[0, 1])


def test_classes_are_known_after_fit():
    X, y = make_data("multiclass")
    model = fit(ours("multiclass"), X, y)
    model.partial_fit(X[:20], np.zeros(20, int))
    assert len(model.loss_curve_) == 9


def test_unseen_labels_are_an_error_and_change_nothing():
    X, y = make_data("multiclass")
    model = begun("multiclass", X, y)
    before = parameters(model).copy()
    with pytest.raises(ValueError, match="classes not in"):
        model.partial_fit(X, y + 1)
    assert_array_equal(parameters(model), before)


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_another_number_of_features_is_an_error(task):
    X, y = make_data(task)
    model = begun(task, X, y)
    with pytest.raises(ValueError, match=r"3 features, but Backprop.* is expecting 4"):
        model.partial_fit(X[:, 1:], y)


def test_another_number_of_outputs_is_an_error():
    X, y = make_data("multioutput")
    model = begun("multioutput", X, y)
    with pytest.raises(ValueError, match="output"):
        model.partial_fit(X, y[:, 0])


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_early_stopping_needs_validation_data(task):
    X, y = make_data(task)
    model = ours(task, early_stopping=True)
    message = "partial_fit does not support early_stopping=True"
    with pytest.raises(ValueError, match=message):
        model.partial_fit(X, y, **classes_of(task))
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_with_validation_data_the_best_weights_come_back(kind, task):
    X, y = make_data(task)
    X_val, y_val = make_data(task, n_samples=30, seed=5)
    params = {"early_stopping": True, "scoring": "loss", "n_iter_no_change": 3}
    model = ours(task, learning_rate_init=0.1, tol=0.0, **params)
    ends = []
    while not patience_has_run_out(model) and len(ends) < 300:
        model.partial_fit(
            kind(X), y, **classes_of(task), X_val=kind(X_val), y_val=y_val
        )
        ends.append(parameters(model).copy())
    scores = model.validation_scores_
    assert len(scores) == len(ends) < 300
    assert scores[-1] < model.best_validation_score_ == max(scores)
    best = ends[int(np.argmax(scores))]
    assert_array_equal(parameters(model), best)
    # Whoever goes on all the same starts from there, with new patience.
    model.partial_fit(kind(X), y, X_val=kind(X_val), y_val=y_val)
    assert not np.array_equal(parameters(model), best)


def patience_has_run_out(model):
    scores = getattr(model, "validation_scores_", [])
    return len(scores) > 0 and len(scores) - 1 - np.argmax(scores) > 3


def test_early_stopping_can_be_turned_on_and_off_between_calls():
    X, y = make_data("regression")
    model = begun("regression", X, y, learning_rate_init=0.1)
    while model.loss_curve_[-1] > 0.1:
        model.partial_fit(X, y)
    # The training loss is far below anything that this validation score can reach.
    model.set_params(early_stopping=True, tol=1e3, n_iter_no_change=1)
    model.partial_fit(X, y, X_val=X, y_val=y[::-1])
    assert model.best_validation_score_ == max(model.validation_scores_)
    scored = parameters(model).copy()
    model.set_params(early_stopping=False)
    for _ in range(9):
        model.partial_fit(X, y)
        assert not np.array_equal(parameters(model), scored)


def test_validation_data_without_early_stopping_is_an_error():
    X, y = make_data("regression")
    with pytest.raises(ValueError, match="early_stopping"):
        ours("regression").partial_fit(X, y, X_val=X, y_val=y)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_single_precision_is_kept(solver):
    X, y = make_data("regression")
    model = begun("regression", X.astype(np.float32), y, solver=solver)
    model.partial_fit(X, y)
    assert {p.dtype.name for p in [*model.coefs_, *model.intercepts_]} == {"float32"}


@pytest.mark.parametrize("solver", STEPWISE)
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_weights_put_in_a_narrower_type_go_on_in_it(solver, dtype):
    X, y = make_data("regression")
    model = begun("regression", X, y, **SOLVERS[solver])
    model.coefs_ = [coef.astype(dtype) for coef in model.coefs_]
    model.intercepts_ = [bias.astype(dtype) for bias in model.intercepts_]
    before = [coef.copy() for coef in model.coefs_]
    model.partial_fit(X, y)
    assert all((b != a).any() for b, a in zip(before, model.coefs_, strict=True))
    assert {coef.dtype.name for coef in model.coefs_} == {np.dtype(dtype).name}
