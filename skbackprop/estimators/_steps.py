"""From constructor parameters to what steps are made of: rate, penalty, limits."""

from collections.abc import Mapping
from typing import Any

from skbackprop._compat import InvalidParameterError
from skbackprop.averaging import Averaging
from skbackprop.core.spec import resolve
from skbackprop.penalties import L2, Penalty
from skbackprop.schedules import (
    Adaptive,
    Constant,
    FromFunction,
    InverseScaling,
    Schedule,
)
from skbackprop.solvers import Adam, Solver
from skbackprop.updates import ClipNorm, ClipValue, Update

# What scikit-learn's Adam takes no notice of.
THOSE_OF_SGD = (Constant, InverseScaling, Adaptive)


def resolve_schedule(estimator: Any, solver: Solver, settings: Mapping) -> Schedule:
    """Return the schedule of a solver.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        Whose ``learning_rate``: a name, a schedule or a function. The names of
        scikit-learn's schedules do not act on Adam, as there.
    solver : Solver
        The solver.
    settings : mapping
        The estimator's parameters.

    Returns
    -------
    Schedule
        The schedule.
    """
    value = estimator.learning_rate
    if isinstance(value, type):
        # Classes are callable too, so that validation has let it pass.
        raise InvalidParameterError(
            f"The 'learning_rate' parameter of {type(estimator).__name__} must be a "
            f"name, a Schedule or a function of the epoch. Got {value!r} instead; did "
            f"you mean {value.__name__}()?"
        )
    if callable(value):
        return FromFunction(value)
    schedule: Schedule = resolve(Schedule, value, settings)
    named, ignores = isinstance(value, str), isinstance(solver, Adam)
    if named and ignores and isinstance(schedule, THOSE_OF_SGD):
        return Constant()
    return schedule


def resolve_penalty(value: Any, settings: Mapping) -> Penalty:
    """Return the penalty.

    Parameters
    ----------
    value : str, Penalty or None
        What is in the slot: a name takes its strength from ``alpha``.
    settings : mapping
        The estimator's parameters.

    Returns
    -------
    Penalty
        The penalty; one that costs nothing for None.
    """
    if value is None:
        return L2(alpha=0.0)
    penalty: Penalty = resolve(Penalty, value, settings)
    return penalty


def resolve_clipping(estimator: Any) -> tuple[Update, ...]:
    """Return what the gradient is put through before the solver's own chain.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        Whose limits.

    Returns
    -------
    tuple of Update
        Entries are clipped before the norm is.
    """
    limits = [(ClipValue, estimator.clip_value), (ClipNorm, estimator.clip_norm)]
    return tuple(kind(float(limit)) for kind, limit in limits if limit is not None)


def resolve_averaging(value: Any) -> Averaging | None:
    """Return the averaging.

    Parameters
    ----------
    value : str, Averaging or None
        What is in the slot.

    Returns
    -------
    Averaging or None
        None for none.
    """
    return None if value is None else resolve(Averaging, value)


def check_stepwise(estimator: Any, solver: Solver) -> None:
    """Refuse what only step-wise solvers do where the solver is not one.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        Whose parameters.
    solver : Solver
        Its solver.
    """
    if solver.stepwise:
        return
    names = ["max_norm", "clip_norm", "clip_value", "averaging"]
    given = [name for name in names if getattr(estimator, name) is not None]
    # Names stay silent, as scikit-learn's do.
    if isinstance(estimator.learning_rate, Schedule):
        given.append("learning_rate")
    if given:
        raise ValueError(
            f"{', '.join(given)} acts on single steps, which {solver!r} does not take: "
            "leave it at its default, or use a step-wise solver such as 'adam'."
        )
