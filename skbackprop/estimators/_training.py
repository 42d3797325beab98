"""The way of the data through a fit, from its arguments to a run of training."""

from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from skbackprop.estimators._masks import starting_mask
from skbackprop.estimators._params import Slots, check_trainable, resolve_slots
from skbackprop.estimators._records import forget
from skbackprop.estimators._run import Run
from skbackprop.estimators._start import (
    check_same_shape,
    fitted_params,
    given_params,
    packed,
)
from skbackprop.estimators._task import Given
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.training.keeping import Beginning, keeper_for


def train(estimator: Any, given: Given) -> Any:
    """Fit an estimator, or go on with it.

    Parameters
    ----------
    estimator : BaseBackprop
        The estimator.
    given : Given
        The arguments of ``fit`` or ``partial_fit``.

    Returns
    -------
    BaseBackprop
        The estimator.
    """
    slots, task = resolve_slots(estimator), estimator._task
    task.check_request(given)
    goes_on = estimator.warm_start or given.incremental
    going_on = goes_on and hasattr(estimator, "coefs_")
    if not going_on:
        # Should this fit be refused, no mixture of old and new is left behind.
        for name in ("coefs_", "intercepts_"):
            estimator.__dict__.pop(name, None)
    dtypes = [estimator.coefs_[0].dtype] if going_on else [np.float64, np.float32]
    X, y = task.validate(given.X, given.y, dtypes, reset=not going_on)
    y, target = task.check_target(given, y, going_on)
    loss = task.training_loss(slots, target)
    network = task.build_network(slots, X.shape[1], loss, target)
    check_trainable(network, slots)
    if going_on:
        check_same_shape(estimator, network)
    mask = starting_mask(estimator, network, X.dtype, going_on, slots.pruning)
    objective = Objective(network, loss, slots.penalty, mask)
    rows = task.rows(X, y, target, objective.loss, given.sample_weight)
    held_out = task.validation_rows(given, target, objective.loss, rows.X.dtype)
    rng = check_random_state(estimator.random_state)
    keeper = keeper_for(Beginning(estimator, rows, held_out, given, rng, going_on))
    rng = keeper.rewound(rng)
    theta = _start(estimator, network, rng, rows.X.dtype, slots, given, going_on)
    objective.hold(theta)
    before = dict(vars(estimator)) if going_on else {}
    task.describe(network, objective.loss, target)
    if not going_on:
        forget(estimator)
    try:
        run = Run(
            estimator,
            slots,
            objective,
            rows,
            held_out,
            theta,
            rng,
            given,
            going_on,
            keeper,
        )
        run.go()
    except Exception:
        # Weights that are still the old ones go on to predict as they did.
        if before and estimator.coefs_ is before["coefs_"]:
            estimator.__dict__.update(before)
        raise
    return estimator


def _start(
    estimator: Any,
    network: Network,
    rng: np.random.RandomState,
    dtype: np.dtype,
    slots: Slots,
    given: Given,
    going_on: bool,
) -> np.ndarray:
    """Return the parameters to start from."""
    if given.coefs_init is not None and given.intercepts_init is not None:
        extra = estimator.extra_params_ if going_on else {}
        own = given_params(network, given.coefs_init, given.intercepts_init, extra)
        return packed(network, own, dtype)
    if going_on:
        return packed(network, fitted_params(estimator), dtype)
    return network.initial(rng, dtype, slots.initializer, slots.output_initializer)
