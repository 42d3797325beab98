"""Signals: the scores that trials are compared by while they train."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import singledispatch
from math import nan
from typing import Any

from sklearn.compose import TransformedTargetRegressor

from skbackprop._compat import _check_method_params, _safe_split
from skbackprop.core.spec import Spec
from skbackprop.estimators._base import BaseBackprop
from skbackprop.estimators._judging import scoring_params
from skbackprop.estimators._pipelines import last_step, seen_by_last_step
from skbackprop.tuning.nesting import around, levels, network_in

# From a network, as it is after an epoch, to its score; NaN if it has none.
EpochScore = Callable[[Any], float]


class Signal(Spec, ABC, family=True):
    """What a user asks trials to be compared by."""

    @abstractmethod
    def settled(self, estimator: Any, drawn: Iterable[str]) -> "Source":
        """Return where all scores of a search come from.

        Parameters
        ----------
        estimator : estimator
            What is searched.
        drawn : iterable of str
            Parameters that the space is known to draw.

        Returns
        -------
        Source
            One for all trials: what comes from different ones cannot be compared.
        """


class Source(Signal, ABC):
    """Where scores come from."""

    @abstractmethod
    def scale(self, estimator: Any) -> Mapping[str, str]:
        """Return what must be the same in all candidates for scores to be comparable.

        Parameters
        ----------
        estimator : estimator
            A candidate.

        Returns
        -------
        dict of str to str
            Parameters of the candidate, and how their values print.
        """

    @abstractmethod
    def of_epochs(self, plan: Any, estimator: Any, split: int) -> EpochScore:
        """Return what scores the network of a fold after an epoch.

        Parameters
        ----------
        plan : Plan
            The search.
        estimator : estimator
            The candidate that is about to be fitted.
        split : int
            The fold.

        Returns
        -------
        callable
            From the network, as it is then, to a score; greater is better, and NaN is
            none.
        """

    @abstractmethod
    def of_fold(self, plan: Any, fold: Mapping[str, Any], estimator: Any) -> float:
        """Return the score of a whole fold.

        Parameters
        ----------
        plan : Plan
            The search.
        fold : dict
            What scikit-learn has found.
        estimator : estimator
            The candidate, fitted, unless that failed.

        Returns
        -------
        float
            NaN if there is none.
        """


class ValidationScores(Source, name="validation"):
    """The monitor's: ``validation_scores_``, which early stopping computes anyway."""

    def settled(self, estimator: Any, drawn: Iterable[str]) -> Source:
        """Return itself, if there are any."""
        if not _is_monitored(estimator):
            raise ValueError(
                "prune_on='validation' needs a network of skbackprop with "
                "early_stopping=True, by itself, at the end of a Pipeline or in a "
                f"TransformedTargetRegressor; got {estimator!r}."
            )
        return self

    def scale(self, estimator: Any) -> Mapping[str, str]:
        """Return what says what is scored, and on which scale."""
        return {
            f"{path}{name}": printed(value)
            for path, level in levels(estimator)
            for name, value in _decisive(level).items()
        }

    def of_epochs(self, plan: Any, estimator: Any, split: int) -> EpochScore:
        """Return what reads the newest score."""
        return newest_score

    def of_fold(self, plan: Any, fold: Mapping[str, Any], estimator: Any) -> float:
        """Return the last score."""
        return newest_score(network_in(estimator))


class HeldOutScores(Source, name="test"):
    """The search's: ``scoring``, on the rows that each fold holds out."""

    def settled(self, estimator: Any, drawn: Iterable[str]) -> Source:
        """Return itself."""
        return self

    def scale(self, estimator: Any) -> Mapping[str, str]:
        """Return nothing: all candidates are scored alike."""
        return {}

    def of_epochs(self, plan: Any, estimator: Any, split: int) -> EpochScore:
        """Return what scores the candidate with the network as it is."""
        train, test = plan.splits[split]
        X, y = _safe_split(estimator, plan.X, plan.y, test, train)
        weights = _check_method_params(plan.X, params=plan.score_params, indices=test)
        targets = () if y is None else (y,)
        rest: Any = None

        def score(network: Any) -> float:
            nonlocal X, rest
            if rest is None:
                # By the first epoch all that comes before the network is fitted.
                rest, X = last_step(estimator), seen_by_last_step(estimator, X)
            scored = plan.scorer(around(rest, network), X, *targets, **weights)
            return float(plan.value(scored))

        return _where_possible(score)

    def of_fold(self, plan: Any, fold: Mapping[str, Any], estimator: Any) -> float:
        """Return the score that is in the results."""
        return float(plan.value(fold["test_scores"]))


class Auto(Signal, name="auto"):
    """Validation scores, where all candidates are known to have comparable ones."""

    def settled(self, estimator: Any, drawn: Iterable[str]) -> Source:
        """Return them, or else what scores any candidate alike."""
        validation = ValidationScores()
        if not _is_monitored(estimator) or any(
            _touches(name, decisive)
            for name in drawn
            for decisive in validation.scale(estimator)
        ):
            return HeldOutScores()
        return validation


def newest_score(network: Any) -> float:
    """Return the newest of the monitor's validation scores.

    Parameters
    ----------
    network : BaseBackprop
        As it is after an epoch, or after its fit.

    Returns
    -------
    float
        NaN if there is none.
    """
    scores = getattr(network, "validation_scores_", None)
    return float(scores[-1]) if scores else nan


def difference(source: Source, scale: Mapping[str, str], candidate: Any) -> str | None:
    """Return why the scores of a candidate could not be compared with those of others.

    Parameters
    ----------
    source : Source
        Where they come from.
    scale : dict of str to str
        That of the search.
    candidate : estimator
        The candidate.

    Returns
    -------
    str or None
        What to do about it too; None if they could be.
    """
    own = source.scale(candidate)
    for name in [*scale, *own]:
        if scale.get(name) != own.get(name):
            return (
                "Trials are stopped by validation_scores_, which cannot be compared: "
                f"{name} is {scale.get(name)} in the estimator that is searched and "
                f"{own.get(name)} in a candidate. Give prune_on='test', which scores "
                "all alike, or keep it as it is."
            )
    return None


def printed(value: Any) -> str:
    """Return how a value prints in any process.

    Parameters
    ----------
    value : object
        The value.

    Returns
    -------
    str
        The same for the same value.
    """
    # Functions print with where they are in memory, which each process has anew.
    return re.sub(" at 0x[0-9a-fA-F]+", "", repr(value))


@singledispatch
def _decisive(level: Any) -> Mapping[str, Any]:
    """Return the parameters of a level that validation scores depend on."""
    return {}


@_decisive.register
def _(level: BaseBackprop) -> Mapping[str, Any]:
    return scoring_params(level)


@_decisive.register
def _(level: TransformedTargetRegressor) -> Mapping[str, Any]:
    # The network is scored on what these make of the targets.
    names = ("transformer", "func", "inverse_func")
    return {name: getattr(level, name) for name in names}


def _is_monitored(estimator: Any) -> bool:
    network = network_in(estimator)
    return isinstance(network, BaseBackprop) and bool(network.early_stopping)


def _touches(drawn: str, decisive: str) -> bool:
    """Tell whether drawing one parameter may change another."""
    # Levels of quantiles are no parameter: a loss has them.
    one, other = f"{drawn}__", f"{re.sub('levels$', 'loss', decisive)}__"
    return one.startswith(other) or other.startswith(one)


def _where_possible(score: EpochScore) -> EpochScore:
    """Return what gives NaN where there is no score."""

    def tried(network: Any) -> float:
        try:
            return score(network)
        except Exception:
            # Not all metrics are defined for a network that has hardly learned. If it
            # is no better in the end, scikit-learn says so, and does as `error_score`
            # asks it to.
            return nan

    return tried
