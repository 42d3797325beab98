"""Stopping rules: when a model is good enough, or has cost enough."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from time import perf_counter
from typing import Any, ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.data import Data
from skbackprop.core.spec import Spec
from skbackprop.evaluation import Evaluation
from skbackprop.objective import Objective
from skbackprop.training.monitor import History
from skbackprop.training.targets import Target

__all__ = [
    "FitView",
    "LossBelow",
    "MisclassifiedBelow",
    "StoppingRule",
    "TimeBudget",
    "WeightChangeBelow",
]

Judge = Callable[[], bool]


@dataclass(frozen=True)
class FitView:
    """What a stopping rule may look at during a fit.

    Parameters
    ----------
    objective : Objective
        What is minimised.
    data : Data
        The training rows.
    target : Target
        Their kind of target.
    theta : ndarray of shape (n_params,)
        The parameters, in the vector that the solver moves: copy it to remember it.
    history : History
        The curves, the epoch at hand included.
    seconds : float
        How long the fit had been at work before it was cut off, for a fit that goes on
        from a checkpoint.
    memory : dict
        What the rule is to remember from epoch to epoch: empty at the start, for each
        rule its own, and kept by checkpoints.
    """

    objective: Objective
    data: Data
    target: Target
    theta: np.ndarray
    history: History
    seconds: float = 0.0
    memory: dict[str, Any] = field(default_factory=dict)

    @property
    def trained(self) -> np.ndarray:
        """What of ``theta`` the solver moves: all but statistics that layers keep."""
        return self.theta[: self.objective.network.layout.n_trainable]

    def training_score(self) -> Callable[[], float]:
        """Return what computes the estimator's own score of the training rows.

        Returns
        -------
        callable
            Each call takes a forward pass over all training rows, and weighs them as
            the loss does.
        """
        data, target, loss = self.data, self.target, self.objective.loss
        evaluation = Evaluation(self.objective, self.theta, data)
        rows, weight = data.target, data.weight
        if data.rows is not None:
            rows = rows.take(data.rows)
            weight = None if weight is None else weight[data.rows]

        def score() -> float:
            evaluation.loss()
            return target.score(evaluation.predictions, rows, weight, loss)

        return score


class StoppingRule(Spec, ABC, family=True):
    """Ends training when something is reached.

    A member says in ``bind`` what it looks at. It is bound anew in each call of ``fit``
    and of ``partial_fit``, so that it holds no state itself. What it is to remember
    when a fit goes on from a checkpoint, it writes to ``view.memory``.

    Attributes
    ----------
    needs_classes : bool
        Whether the rule is for classifiers only.

    Examples
    --------
    A rule of one's own, found by its name:

    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.training import StoppingRule
    >>> class Halved(StoppingRule, name="halved"):
    ...     def bind(self, view):
    ...         curve = view.history.loss_curve
    ...         return lambda: curve[-1] <= 0.5 * curve[0]
    >>> X, y = [[-1.0], [0.0], [1.0]], [-1.0, 0.0, 1.0]
    >>> model = BackpropRegressor(stopping="halved", learning_rate_init=0.01).fit(X, y)
    >>> model.stopped_by_
    'Halved()'
    """

    needs_classes: ClassVar[bool] = False

    @abstractmethod
    def bind(self, view: FitView) -> Judge:
        """Return what is asked after each epoch whether to stop.

        Parameters
        ----------
        view : FitView
            The fit, before its first epoch.
        """


class LossBelow(StoppingRule, name="loss"):
    """Stop when the training loss is at most a threshold.

    The loss is that of ``loss_curve_``: the mean over the epoch's batches, each before
    its step, with the penalty.

    Parameters
    ----------
    threshold : float, default=0.001
        The loss that is good enough.

    Examples
    --------
    >>> from skbackprop.training import LossBelow
    >>> LossBelow(0.01)
    LossBelow(threshold=0.01)
    """

    threshold: float = 1e-3

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "threshold": [Interval(Real, None, None, closed="neither")]
    }

    def bind(self, view: FitView) -> Judge:
        """Look at the end of the loss curve."""
        curve, threshold = view.history.loss_curve, self.threshold
        return lambda: curve[-1] <= threshold


class WeightChangeBelow(StoppingRule, name="weight_change"):
    """Stop when an epoch hardly changes the parameters.

    The change is the norm of the difference that an epoch makes, divided by the norm
    before it; all weights and biases count as one vector.

    Parameters
    ----------
    threshold : float, default=0.0001
        The relative change that is too small to go on for.

    Examples
    --------
    >>> from skbackprop.training import WeightChangeBelow
    >>> WeightChangeBelow(threshold=1e-3)
    WeightChangeBelow(threshold=0.001)
    """

    threshold: float = 1e-4

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "threshold": [Interval(Real, 0, None, closed="left")]
    }

    def bind(self, view: FitView) -> Judge:
        """Remember the parameters from epoch to epoch."""
        after, threshold, norm = view.trained, self.threshold, np.linalg.norm
        before, change = after.copy(), np.empty_like(after)

        def is_small() -> bool:
            np.subtract(after, before, out=change)
            small = norm(change) <= threshold * norm(before)
            np.copyto(before, after)
            return bool(small)

        return is_small


class MisclassifiedBelow(StoppingRule, name="misclassified"):
    """Stop when the share of wrongly predicted training rows is at most a threshold.

    Of several outputs or labels, one wrong one makes a row wrong. Sample and class
    weights count, as they do in the loss. This takes a forward pass over all training
    rows an epoch.

    Parameters
    ----------
    threshold : float, default=0.0
        The share that is good enough; with 0, every row has to be right.

    Examples
    --------
    >>> from skbackprop.training import MisclassifiedBelow
    >>> MisclassifiedBelow(0.02)
    MisclassifiedBelow(threshold=0.02)
    """

    threshold: float = 0.0

    needs_classes: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "threshold": [Interval(Real, 0, 1, closed="both")]
    }

    def bind(self, view: FitView) -> Judge:
        """Ask for the accuracy."""
        accuracy, threshold = view.training_score(), self.threshold
        # Rounding in a mean of weights is no row: it must not decide.
        slack = 1e-12
        return lambda: 1.0 - accuracy() <= threshold + slack


class TimeBudget(StoppingRule, name="time"):
    """Stop after the epoch in which a time is over.

    Parameters
    ----------
    seconds : float, default=60.0
        The time, from the start of ``fit`` after its arguments have been validated.

    Examples
    --------
    >>> from skbackprop.training import TimeBudget
    >>> TimeBudget(seconds=10)
    TimeBudget(seconds=10)
    """

    seconds: float = 60.0

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "seconds": [Interval(Real, 0, None, closed="neither")]
    }

    def bind(self, view: FitView) -> Judge:
        """Start the clock."""
        end = perf_counter() + self.seconds - view.seconds
        return lambda: perf_counter() >= end


class Stopper:
    """Several rules, any of which ends training.

    Parameters
    ----------
    rules : sequence of StoppingRule
        The rules.
    view : FitView
        The fit that they judge.
    memories : sequence of dict, optional
        For each rule, what it is to remember of a fit that was cut off.

    Attributes
    ----------
    memories : list of dict
        The same, as the rules change it.
    """

    def __init__(
        self,
        rules: Sequence[StoppingRule],
        view: FitView,
        memories: Sequence[dict[str, Any]] | None = None,
    ) -> None:
        self.memories = [{} for _ in rules] if memories is None else [*memories]
        self._judges = [
            (repr(rule), rule.bind(replace(view, memory=memory)))
            for rule, memory in zip(rules, self.memories, strict=True)
        ]

    def verdict(self) -> str | None:
        """Judge an epoch.

        Returns
        -------
        str or None
            The first rule that says to stop. Each rule is asked: some remember.
        """
        stops = [rule for rule, judge in self._judges if judge()]
        return stops[0] if stops else None
