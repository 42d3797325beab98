"""Methods that an estimator may lack, and that say why.

Solvers and losses are imported by those who ask, see ``_later``.
"""

from collections.abc import Callable
from types import MethodType
from typing import Any


class _Available:
    """A method that is there if a check raises nothing."""

    def __init__(self, method: Callable, check: Callable[[Any], Any]) -> None:
        self.method, self.check = method, check
        self.__doc__ = method.__doc__

    def __get__(self, estimator: Any, owner: type | None = None) -> Any:
        if estimator is None:
            return self.method
        self.check(estimator)
        return MethodType(self.method, estimator)


def available_unless(check: Callable[[Any], Any]) -> Callable[[Callable], Any]:
    """Make a method available unless a check raises an ``AttributeError``.

    ``sklearn.utils.metaestimators.available_if`` puts an error of its own in front;
    here the user is told at once.

    Parameters
    ----------
    check : callable
        Takes the estimator, and raises an ``AttributeError`` that says why the method
        is not there and what to do.

    Returns
    -------
    callable
        A decorator of methods.
    """
    return lambda method: _Available(method, check)


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
    from skbackprop.solvers import Solver

    solver = estimator.solver
    kind = Solver.members().get(solver) if isinstance(solver, str) else solver
    if not getattr(kind, "stepwise", True):
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{solver} is not stochastic."
        )
    return True


def check_probabilities(estimator: Any) -> None:
    """Refuse to give probabilities where the loss has none; for ``available_unless``.

    A name that is no loss's is left to validation.

    Parameters
    ----------
    estimator : BackpropClassifier
        Whose loss.

    Raises
    ------
    AttributeError
        If the scores of the loss are margins; it names the losses that will do.
    """
    from skbackprop.losses import ClassificationLoss

    members, loss = ClassificationLoss.members(), estimator.loss
    kind = members[loss]() if isinstance(loss, str) and loss in members else loss
    if not isinstance(kind, ClassificationLoss) or _is_probabilistic(kind):
        return
    able = sorted(name for name, each in members.items() if _is_probabilistic(each()))
    raise AttributeError(
        f"loss={loss!r} has no probabilities: its scores are margins, which "
        f"decision_function gives. Losses with probabilities are {able}."
    )


def _is_probabilistic(loss: Any) -> bool:
    return loss.independent().has_probabilities
