"""Taking over fitted networks of scikit-learn."""

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.validation import check_is_fitted

from skbackprop.estimators._params import Slots, resolve_slots
from skbackprop.estimators._records import forget, publish
from skbackprop.estimators.classifier import BackpropClassifier
from skbackprop.estimators.regressor import BackpropRegressor
from skbackprop.solvers import SGD, Adam, SolverState
from skbackprop.training.classes import BinaryTarget, MulticlassTarget, MultilabelTarget
from skbackprop.training.monitor import Patience
from skbackprop.training.progress import Progress
from skbackprop.training.targets import RegressionTarget, Target

__all__ = ["from_mlp"]


def from_mlp(mlp: Any) -> Any:
    """Take over a fitted network of scikit-learn.

    Parameters
    ----------
    mlp : MLPClassifier or MLPRegressor
        A fitted one; not changed, and no memory is shared.

    Returns
    -------
    BackpropClassifier or BackpropRegressor
        Fitted, with the same parameters and predictions. It goes on where scikit-learn
        would: ``partial_fit`` with the moments and the learning rate of its optimiser,
        ``fit`` with ``warm_start=True`` from its weights.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier
    >>> from skbackprop.export import from_mlp
    >>> X, y = load_iris(return_X_y=True)
    >>> mlp = MLPClassifier((10,), solver="lbfgs", max_iter=500, random_state=0)
    >>> model = from_mlp(mlp.fit(X, y))
    >>> bool((model.predict(X) == mlp.predict(X)).all())
    True
    """
    estimator, target = _counterpart(mlp)
    check_is_fitted(mlp)
    slots = resolve_slots(estimator)
    task = estimator._task
    loss = task.training_loss(slots, target)
    network = task.build_network(slots, mlp.n_features_in_, loss, target)
    estimator.n_features_in_ = mlp.n_features_in_
    task.describe(network, loss, target)
    forget(estimator)
    params = {"weight": mlp.coefs_, "bias": mlp.intercepts_}
    theta = network.layout.pack(params, mlp.coefs_[0].dtype)
    state = {
        "coefs_": network.layout.of_kind("weight", theta),
        "intercepts_": network.layout.of_kind("bias", theta),
        "extra_params_": {},
        "n_steps_": _steps(estimator, mlp),
        "stopped_by_": None,
        **_records(vars(mlp)),
    }
    publish(estimator, state)
    estimator._progress = _progress(estimator, slots, vars(mlp))
    return estimator


# ------------------------------------------------------------------- what it becomes


@singledispatch
def _counterpart(mlp: Any) -> tuple[Any, Target]:
    """Return an unfitted estimator with the same parameters, and the kind of target."""
    raise TypeError(
        f"from_mlp takes an MLPClassifier or an MLPRegressor, got {mlp!r}: of a "
        "pipeline take the last step."
    )


@_counterpart.register
def _(mlp: MLPClassifier) -> tuple[Any, Target]:
    check_is_fitted(mlp)
    return BackpropClassifier(**_parameters(mlp)), _class_target(mlp)


@_counterpart.register
def _(mlp: MLPRegressor) -> tuple[Any, Target]:
    check_is_fitted(mlp)
    return BackpropRegressor(**_parameters(mlp)), RegressionTarget(mlp.n_outputs_)


def _parameters(mlp: Any) -> dict[str, Any]:
    # Of a clone: a random state must not be shared.
    parameters: dict[str, Any] = clone(mlp).get_params(deep=False)
    return parameters


def _class_target(mlp: MLPClassifier) -> Target:
    binarizer, classes = mlp._label_binarizer, mlp.classes_.copy()
    if binarizer.y_type_ == "multilabel-indicator":
        # Only its own prediction tells the type of sparse matrix that it answers in.
        shown = mlp.predict(np.zeros((1, mlp.n_features_in_), mlp.coefs_[0].dtype))
        return MultilabelTarget(
            mlp.n_outputs_, type(shown) if binarizer.sparse_input_ else None
        )
    return BinaryTarget(classes) if len(classes) <= 2 else MulticlassTarget(classes)


# ------------------------------------------------------------------- what it has seen


def _records(fitted: dict[str, Any]) -> dict[str, Any]:
    """Return the records of a fit; NaN for what scikit-learn does not write down."""
    curve = [float(loss) for loss in fitted.get("loss_curve_", [])]
    scores = fitted.get("validation_scores_")
    known = ["n_iter_", "t_", "loss_", "best_loss_", "best_validation_score_"]
    kept = {name: fitted.get(name) for name in [*known, "feature_names_in_"]}
    return {
        **{name: value for name, value in kept.items() if value is not None},
        "best_loss_": kept["best_loss_"],
        "loss_curve_": curve,
        "learning_rate_curve_": [np.nan] * len(curve),
        "validation_scores_": None if scores is None else list(map(float, scores)),
        "validation_loss_curve_": None if scores is None else [np.nan] * len(scores),
    }


def _steps(estimator: Any, mlp: Any) -> int:
    """Return how many steps it has taken, were all its epochs of one length."""
    n_epochs = len(vars(mlp).get("loss_curve_", []))
    if not n_epochs:
        return int(mlp.n_iter_)
    n_rows = mlp.t_ / n_epochs
    size = 200 if isinstance(mlp.batch_size, str) else mlp.batch_size
    return int(n_epochs * np.ceil(n_rows / size))


def _progress(estimator: Any, slots: Slots, fitted: dict[str, Any]) -> Progress | None:
    """Return what ``partial_fit`` goes on from."""
    optimizer = fitted.get("_optimizer")
    if optimizer is None:
        return None
    patience = Patience(estimator.tol, estimator.n_iter_no_change)
    if not estimator.early_stopping:
        patience.best = float(fitted["best_loss_"])
        patience.count = fitted["_no_improvement_count"]
    state = _memory(slots.solver, optimizer)
    state.n_epochs = len(fitted["loss_curve_"])
    return Progress(
        slots.solver,
        slots.schedule,
        estimator.learning_rate_init,
        state,
        patience,
        best_theta=None,
        judge=None,
    )


@singledispatch
def _memory(solver: Any, optimizer: Any) -> SolverState:
    """Return what an optimiser of scikit-learn remembers, as a solver of ours does."""
    raise TypeError(f"{solver!r} has no counterpart in scikit-learn.")


@_memory.register
def _(solver: Adam, optimizer: Any) -> SolverState:
    (scaling,) = solver.chain()
    means, squares = _flat(optimizer.ms), _flat(optimizer.vs)
    moments = scaling.remembered(means, squares, optimizer.t)
    rate = float(optimizer.learning_rate_init)
    return SolverState([moments], rate, n_steps=optimizer.t)


@_memory.register
def _(solver: SGD, optimizer: Any) -> SolverState:
    return SolverState([[_flat(optimizer.velocities)]], float(optimizer.learning_rate))


def _flat(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Return arrays of weights, then of biases, as one vector: the order is ours."""
    return np.concatenate([array.ravel() for array in arrays])
