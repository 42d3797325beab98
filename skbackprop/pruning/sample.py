"""A fitted estimator and rows, as units see them."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skbackprop.estimators._base import BaseBackprop
from skbackprop.estimators._masks import flat_mask, write_masks
from skbackprop.estimators._objective import BoundObjective, bound_objective
from skbackprop.estimators._params import resolve_slots
from skbackprop.estimators._start import extra_params, fitted_params, packed
from skbackprop.masking.point import Point
from skbackprop.objective import Objective

__all__ = ["Fitted", "Sample", "check_count", "check_prunable"]


def check_prunable(estimator: Any, asked: str) -> None:
    """Refuse what is not a fitted estimator of this package.

    Parameters
    ----------
    estimator : object
        What was given.
    asked : str
        To what, for the error.
    """
    if not isinstance(estimator, BaseBackprop):
        raise TypeError(
            f"{asked} takes an estimator of skbackprop, got "
            f"{type(estimator).__name__}: of a pipeline, take the last step and "
            "transformed data; of a search, best_estimator_."
        )
    check_is_fitted(estimator)


def check_count(name: str, value: Any, least: int) -> None:
    """Refuse what is not a number to count with.

    Parameters
    ----------
    name : str
        Of the argument, for the error.
    value : object
        What was given.
    least : int
        The smallest that will do.
    """
    if not (isinstance(value, Integral) and int(value) >= least):
        raise ValueError(f"{name} must be an integer >= {least}, got {value!r}.")


@dataclass(frozen=True)
class Sample:
    """The rows that pruning looks at, as the user gives them.

    Parameters
    ----------
    X : array-like or None
        Inputs; None if there are none to look at.
    y : array-like or None
        Targets.
    weight : array-like or None
        Weights of the rows.
    """

    X: Any = None
    y: Any = None
    weight: Any = None

    @property
    def is_empty(self) -> bool:
        """Whether there are no rows."""
        return self.X is None or self.y is None

    def bound(self, estimator: Any) -> BoundObjective:
        """Return the objective of an estimator, of these rows.

        Parameters
        ----------
        estimator : BaseBackprop
            A fitted one.

        Returns
        -------
        BoundObjective
            The objective.
        """
        return bound_objective(estimator, self.X, self.y, self.weight)

    def point(self, estimator: Any, rng: np.random.RandomState) -> Point:
        """Return an estimator as criteria see it.

        Parameters
        ----------
        estimator : BaseBackprop
            A fitted one; it is not changed.
        rng : RandomState
            The source of randomness.

        Returns
        -------
        Point
            The parameters, and the objective of these rows.
        """
        if not self.is_empty:
            at = self.bound(estimator)
            return Point(at.objective, at.theta, rng, at.data, at.penalty_weight)
        network, dtype = estimator._network, estimator.coefs_[0].dtype
        theta = packed(network, fitted_params(estimator), dtype)
        penalty = resolve_slots(estimator).penalty
        mask = flat_mask(estimator, network, dtype)
        objective = Objective(network, estimator._loss, penalty, mask)
        return Point(objective, theta, rng)


@dataclass(frozen=True)
class Fitted:
    """A fitted estimator that a unit may change.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one.
    sample : Sample
        The rows that may be looked at.
    before : BaseBackprop
        The estimator before the first round.
    """

    estimator: Any
    sample: Sample
    before: Any

    def point(self, rng: np.random.RandomState) -> Point:
        """Return the estimator as criteria see it.

        Parameters
        ----------
        rng : RandomState
            The source of randomness.

        Returns
        -------
        Point
            Parameters and objective.
        """
        return self.sample.point(self.estimator, rng)

    def write(self, theta: np.ndarray, free: np.ndarray) -> None:
        """Make parameters and masks those of the estimator.

        Parameters
        ----------
        theta : ndarray of shape (n_params,)
            The parameters.
        free : ndarray of bool of shape (n_trainable,)
            False where they are held at zero.
        """
        estimator, network = self.estimator, self.estimator._network
        theta[: free.size][~free] = 0.0
        estimator.coefs_ = network.layout.of_kind("weight", theta)
        estimator.intercepts_ = network.layout.of_kind("bias", theta)
        estimator.extra_params_ = extra_params(network, theta)
        write_masks(estimator, network, free)
        # Averages and best parameters of a stream of calls know nothing of masks.
        estimator._progress = None
