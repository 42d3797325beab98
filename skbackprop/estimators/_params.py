"""From constructor parameters to specs: the only place where names are looked at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from skbackprop._compat import InvalidParameterError
from skbackprop.architecture import Architecture
from skbackprop.augmentation import Augmentation, Custom, InTurn
from skbackprop.averaging import Averaging
from skbackprop.core.spec import Spec, resolve
from skbackprop.estimators import _steps
from skbackprop.initializers import Initializer
from skbackprop.layers import Activation, Dropout, Layer, Normalization, Standardize
from skbackprop.masking import PruningSchedule, Unit
from skbackprop.network import Network
from skbackprop.penalties import Penalty
from skbackprop.schedules import Schedule
from skbackprop.solvers import Solver
from skbackprop.training import StoppingRule
from skbackprop.training.scaling import Scaling
from skbackprop.updates import Update

# Through so many training rows gradient health is looked at, unless told otherwise.
PROBED_ROWS = 1024

# Units that a layer, and layers that a network may be asked to have.
MOST = np.iinfo(np.intp).max


@dataclass(frozen=True)
class Slots:
    """The specs that a fit works with."""

    architecture: Architecture
    augmentation: Augmentation | None
    scaling: Scaling | None
    initializer: Initializer | None
    output_initializer: Initializer | None
    solver: Solver
    schedule: Schedule
    penalty: Penalty
    clipping: tuple[Update, ...]
    max_norm: float | None
    averaging: Averaging | None
    stopping: tuple[StoppingRule, ...]
    pruning: PruningSchedule | None
    probed_rows: int


def resolve_slots(estimator: Any) -> Slots:
    """Resolve the parameters of an estimator.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        Whose parameters.

    Returns
    -------
    Slots
        The specs, cloned and validated.
    """
    _check_scoring_name(estimator)
    settings = estimator.get_params(deep=False)
    hidden = hidden_widths(estimator.hidden_layer_sizes, estimator.n_hidden_layers)
    activations = _activations(estimator.activation, len(hidden))
    solver = resolve(Solver, estimator.solver, settings)
    _steps.check_stepwise(estimator, solver)
    return Slots(
        architecture=_architecture(estimator, hidden, activations),
        augmentation=_augmentation(estimator.augmentation),
        scaling=_optional(Scaling, estimator.scaling),
        initializer=_initializer(estimator.weight_init),
        # As scikit-learn: the activation sets the start of the outputs too.
        output_initializer=activations[-1].initializer if activations else None,
        solver=solver,
        schedule=_steps.resolve_schedule(estimator, solver, settings),
        penalty=_steps.resolve_penalty(estimator.penalty, settings),
        clipping=_steps.resolve_clipping(estimator),
        max_norm=estimator.max_norm,
        averaging=_steps.resolve_averaging(estimator.averaging),
        stopping=_stopping(estimator),
        pruning=_pruning(estimator.pruning),
        probed_rows=_probed_rows(estimator.gradient_health),
    )


def _check_scoring_name(estimator: Any) -> None:
    """Refuse a name that no scorer has; the names are imported only if one is given."""
    scoring = estimator.scoring
    if not isinstance(scoring, str) or scoring == "loss":
        return
    from sklearn.metrics import get_scorer_names

    names = [*get_scorer_names(), "loss"]
    if scoring not in names:
        likely = get_close_matches(scoring, names) or ["loss", "accuracy", "r2"]
        raise InvalidParameterError(
            f"The 'scoring' parameter of {type(estimator).__name__} must be 'loss', a "
            "name in sklearn.metrics.get_scorer_names(), a callable or None. Got "
            f"{scoring!r} instead; did you mean one of {likely}?"
        )


def _architecture(
    estimator: Any, hidden: tuple[int, ...], activations: Sequence[Activation]
) -> Architecture:
    first: list[Layer] = []
    if estimator.scaling is not None:
        first.append(Standardize())
    input_dropout = _dropout(estimator.input_dropout)
    if input_dropout.is_random:
        first.append(input_dropout)
    dropout = estimator.dropout
    if isinstance(dropout, list | tuple) and len(dropout) != len(hidden):
        raise ValueError(
            f"dropout has {len(dropout)} entries for {len(hidden)} hidden layers: give "
            "one for all, or one for each."
        )
    several = dropout if isinstance(dropout, list | tuple) else [dropout] * len(hidden)
    return Architecture(
        hidden=hidden,
        activations=tuple(activations[: len(hidden)]),
        normalization=_optional(Normalization, estimator.normalization),
        dropout=tuple(_dropout(each) for each in several),
        dropconnect=float(estimator.dropconnect),
        first=tuple(first),
    )


def _optional(family: type[Spec], value: Any) -> Any:
    return None if value is None else resolve(family, value)


def _initializer(weight_init: Any) -> Initializer | None:
    """Return what draws all weights; None where that is up to the activations."""
    return None if weight_init == "auto" else resolve(Initializer, weight_init)


def _dropout(value: Any) -> Dropout:
    if isinstance(value, Dropout):
        return resolve(Layer, value)
    if isinstance(value, Real) and 0.0 <= float(value) < 1.0:
        return Dropout(float(value))
    raise ValueError(f"dropout must be in [0, 1) or a Dropout object, got {value!r}.")


def _augmentation(value: Any) -> Augmentation | None:
    if value is None or (isinstance(value, list | tuple) and not value):
        return None
    return _augmentation_step(value)


def _augmentation_step(value: Any) -> Augmentation:
    if isinstance(value, list | tuple):
        return InTurn([_augmentation_step(each) for each in value])
    if isinstance(value, type):
        # Classes are callable too, so that validation has let it pass.
        raise InvalidParameterError(
            "The 'augmentation' parameter takes names, Augmentation objects and "
            f"functions (X, y, rng). Got {value!r} instead; did you mean "
            f"{value.__name__}()?"
        )
    if callable(value):
        return Custom(value)
    return resolve(Augmentation, value)


def _stopping(estimator: Any) -> tuple[StoppingRule, ...]:
    given = estimator.stopping
    if given is None:
        return ()
    several = given if isinstance(given, list | tuple) else [given]
    rules = tuple(resolve(StoppingRule, each) for each in several)
    for rule in rules:
        if rule.needs_classes and not is_classifier(estimator):
            raise InvalidParameterError(
                f"stopping={rule!r} is for classifiers: {type(estimator).__name__} "
                "has no classes to tell right from wrong. Stop by the loss, as with "
                "LossBelow(threshold=0.01)."
            )
    return rules


def _pruning(value: Any) -> PruningSchedule | None:
    if value is None:
        return None
    schedule: PruningSchedule = resolve(PruningSchedule, value)
    unit: Unit = resolve(Unit, schedule.unit)
    if not unit.keeps_shape:
        raise ValueError(
            f"unit={unit!r} changes the shape of the network, which a fit cannot: "
            "fit without pruning, and take skbackprop.pruning.prune afterwards."
        )
    return schedule


def _probed_rows(gradient_health: Any) -> int:
    if isinstance(gradient_health, bool | np.bool_):
        return PROBED_ROWS if gradient_health else 0
    return int(gradient_health)


def check_trainable(network: Network, slots: Slots) -> None:
    """Refuse what a solver of all rows at once cannot minimise.

    Parameters
    ----------
    network : Network
        The network.
    slots : Slots
        The resolved parameters.
    """
    if slots.solver.stepwise:
        return
    culprits = [
        type(layer).__name__
        for layer in network.layers
        if layer.is_random or layer.mixes_rows
    ]
    if slots.augmentation is not None:
        culprits.append(type(slots.augmentation).__name__)
    if culprits:
        mixed = any(layer.mixes_rows for layer in network.layers)
        instead = ", or normalization='layer' in place of 'batch'" if mixed else ""
        raise ValueError(
            f"{slots.solver!r} minimises one fixed function of all rows at once, which "
            f"{', '.join(dict.fromkeys(culprits))} would change from batch to batch: "
            f"use a step-wise solver such as 'adam' or 'sgd'{instead}."
        )


def hidden_widths(sizes: Any, n_hidden_layers: int | None) -> tuple[int, ...]:
    """Return the widths of the hidden layers.

    Parameters
    ----------
    sizes : int, array-like of int or str
        ``hidden_layer_sizes``.
    n_hidden_layers : int or None
        How often a single width is repeated.

    Returns
    -------
    tuple of int
        The widths.
    """
    if isinstance(sizes, np.ndarray):
        sizes = sizes.tolist()
    if isinstance(sizes, str):
        widths: list[Any] = _parse(sizes)
    elif isinstance(sizes, Iterable):
        widths = list(sizes)
    else:
        widths = [sizes]
    if not all(isinstance(width, Integral) and int(width) > 0 for width in widths):
        raise ValueError(
            f"hidden_layer_sizes must be > 0, got {widths}; give integers."
        )
    if max([n_hidden_layers or 0, *widths]) > MOST:
        raise ValueError(
            f"hidden_layer_sizes={sizes} with n_hidden_layers={n_hidden_layers}: no "
            "memory holds so many units."
        )
    if n_hidden_layers is None or n_hidden_layers == len(widths):
        return tuple(int(width) for width in widths)
    if len(widths) != 1:
        raise ValueError(
            f"n_hidden_layers={n_hidden_layers} repeats a single width, but "
            f"hidden_layer_sizes has {len(widths)}: {widths}. Give one width, or leave "
            "n_hidden_layers at None."
        )
    return (int(widths[0]),) * n_hidden_layers


def _parse(sizes: str) -> list[int]:
    parts = sizes.split("-") if sizes else []
    if not all(part.strip().isdecimal() for part in parts):
        raise ValueError(
            "hidden_layer_sizes as a string joins the widths with dashes, as in "
            f"'128-64'; got {sizes!r}."
        )
    return [int(part) for part in parts]


def _activations(activation: Any, n_hidden: int) -> list[Activation]:
    if not isinstance(activation, list | tuple):
        return [resolve(Activation, activation)] * max(1, n_hidden)
    if len(activation) != n_hidden:
        raise ValueError(
            f"activation has {len(activation)} entries for {n_hidden} hidden layers: "
            "give one for all, or one for each."
        )
    return [resolve(Activation, each) for each in activation]
