"""From constructor parameters to specs: the only place where names are looked at."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any

import numpy as np

from skbackprop._compat import Interval, InvalidParameterError, Options, StrOptions
from skbackprop.core.spec import resolve
from skbackprop.layers import Activation
from skbackprop.penalties import L2
from skbackprop.schedules import Constant, Schedule
from skbackprop.solvers import SGD, Solver

CONSTRAINTS: dict[str, list] = {
    "hidden_layer_sizes": [
        "array-like",
        Interval(Integral, 1, None, closed="left"),
        str,
    ],
    "activation": [*Activation.constraint(), list, tuple],
    "solver": Solver.constraint(),
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": Schedule.constraint(),
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [
        Interval(Integral, 1, None, closed="left"),
        Options(Real, {np.inf}),
    ],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
    "scoring": [str, callable, None],
    "n_hidden_layers": [Interval(Integral, 0, None, closed="left"), None],
}


@dataclass(frozen=True)
class Slots:
    """The specs that a fit works with."""

    hidden: tuple[int, ...]
    activations: tuple[Activation, ...]
    output_factor: float
    solver: Solver
    schedule: Schedule
    penalty: L2


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
    schedule = resolve(Schedule, estimator.learning_rate, settings)
    if isinstance(estimator.learning_rate, str) and not isinstance(solver, SGD):
        # As in scikit-learn, the named schedules are those of sgd.
        schedule = Constant()
    return Slots(
        hidden=hidden,
        activations=tuple(activations[: len(hidden)]),
        # Without a hidden layer, as scikit-learn: the activation sets the start alone.
        output_factor=activations[-1].glorot_factor if activations else 6.0,
        solver=solver,
        schedule=schedule,
        penalty=L2(alpha=float(estimator.alpha)),
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


def is_stepwise(estimator: Any) -> bool:
    """Tell whether an estimator can go on with new rows, for ``available_if``.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        Whose solver.

    Returns
    -------
    bool
        True; a name that is no solver's is left to validation.

    Raises
    ------
    AttributeError
        If the solver needs all rows at once.
    """
    solver = estimator.solver
    kind = Solver.members().get(solver) if isinstance(solver, str) else solver
    if not getattr(kind, "stepwise", True):
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{solver} is not stochastic."
        )
    return True


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
