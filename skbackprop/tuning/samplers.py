"""Samplers: what suggests the next parameters, by what came of the earlier ones."""

import warnings
from abc import ABC, abstractmethod
from numbers import Integral
from typing import Any, ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.spec import Spec, resolve
from skbackprop.tuning._optuna import import_optuna

__all__ = ["GP", "QMC", "TPE", "RandomDraws", "Sampler"]


class Sampler(Spec, ABC, family=True):
    """Suggests parameters: a sampler of Optuna, and how it is seeded.

    A new one is made for each trial, with a seed of its own: a study that goes on with
    later does not draw the same numbers again.
    """

    @abstractmethod
    def build(self, seed: int, number: int) -> Any:
        """Return a sampler of Optuna.

        Parameters
        ----------
        seed : int
            The seed of the study.
        number : int
            How many trials there are already.

        Returns
        -------
        optuna.samplers.BaseSampler
            The sampler for the next.
        """


class TPE(Sampler, name="tpe"):
    """The tree-structured Parzen estimator: draws where good trials are dense.

    Parameters
    ----------
    n_startup_trials : int, default=10
        So many are drawn at random first.
    """

    n_startup_trials: int = 10

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_startup_trials": [Interval(Integral, 0, None, closed="left")],
    }

    def build(self, seed: int, number: int) -> Any:
        """Return the sampler of Optuna for the next trial."""
        return import_optuna().samplers.TPESampler(
            n_startup_trials=self.n_startup_trials, seed=mixed(seed, number)
        )


class RandomDraws(Sampler, name="random"):
    """Independent draws: random search."""

    def build(self, seed: int, number: int) -> Any:
        """Return the sampler of Optuna for the next trial."""
        return import_optuna().samplers.RandomSampler(seed=mixed(seed, number))


class QMC(Sampler, name="qmc"):
    """A scrambled Sobol sequence: fills the space more evenly than random draws."""

    def build(self, seed: int, number: int) -> Any:
        """Return the sampler of Optuna for the next trial."""
        optuna = import_optuna()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            # One sequence, of which each trial takes the next point.
            return optuna.samplers.QMCSampler(
                scramble=True, seed=seed, warn_independent_sampling=False
            )


class GP(Sampler, name="gp"):
    """A Gaussian process and expected improvement; needs PyTorch.

    Parameters
    ----------
    n_startup_trials : int, default=10
        So many are drawn at random first.
    """

    n_startup_trials: int = 10

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_startup_trials": [Interval(Integral, 0, None, closed="left")],
    }

    def build(self, seed: int, number: int) -> Any:
        """Return the sampler of Optuna for the next trial."""
        return import_optuna().samplers.GPSampler(
            n_startup_trials=self.n_startup_trials,
            seed=mixed(seed, number),
            warn_independent_sampling=False,
        )


class Ready(Sampler):
    """A sampler of Optuna, used as it is.

    Parameters
    ----------
    sampler : optuna.samplers.BaseSampler
        The sampler.
    """

    sampler: Any = None

    def build(self, seed: int, number: int) -> Any:
        """Return the sampler of Optuna for the next trial."""
        return self.sampler


def mixed(seed: int, number: int) -> int:
    """Return a seed for one of several draws from one seed.

    Parameters
    ----------
    seed, number : int
        What it is made from.

    Returns
    -------
    int
        A seed.
    """
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def as_sampler(value: Any) -> Sampler:
    """Return what a user gave as a sampler.

    Parameters
    ----------
    value : str, Sampler or optuna.samplers.BaseSampler
        The slot.

    Returns
    -------
    Sampler
        The object.
    """
    if isinstance(value, import_optuna().samplers.BaseSampler):
        return Ready(value)
    return resolve(Sampler, value)
