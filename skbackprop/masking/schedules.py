"""When to prune during a fit: once, along a ramp, or again and again from the start."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral, Real
from typing import Any, ClassVar

from skbackprop._compat import Interval
from skbackprop.core.spec import Spec, resolve
from skbackprop.masking.criteria import Criterion
from skbackprop.masking.units import Unit

__all__ = ["Gradual", "OneShot", "Phase", "PruningSchedule", "Rewinding"]


@dataclass(frozen=True)
class Phase:
    """A part of a fit: prune, then train.

    Parameters
    ----------
    share : float
        What share of all units is to be gone first.
    epochs : int or None
        For how long to train then; None for all epochs that are left.
    patient : bool, default=True
        Whether training may end by itself before.
    total : int, optional
        What the schedule of the learning rate takes for the whole fit; by default the
        estimator's ``max_iter``.
    remembers : bool, default=False
        Whether its end is where later phases go back to.
    rewinds : bool, default=False
        Whether it starts from what was remembered, instead of where the last one ended.
    """

    share: float
    epochs: int | None
    patient: bool = True
    total: int | None = None
    remembers: bool = False
    rewinds: bool = False


class PruningSchedule(Spec, ABC, family=True):
    """The family that fills the slot ``pruning`` of the estimators.

    A member says in which phases a fit is done.

    Parameters
    ----------
    amount : float, default=0.8
        The share of all units that is to be gone in the end, in [0, 1).
    criterion : str or Criterion, default='taylor'
        What matters least.
    unit : str or Unit, default='weights'
        What goes at once: 'weights', 'neurons' or 'inputs'.

    Examples
    --------
    A schedule of one's own: half of the epochs dense, half of them sparse.

    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.pruning import Phase, PruningSchedule
    >>> class Halfway(PruningSchedule, name="halfway"):
    ...     def phases(self, n_epochs, gone):
    ...         return [Phase(gone, n_epochs // 2), Phase(self.amount, None)]
    >>> X, y = [[-1.0], [0.0], [1.0]] * 10, [-1.0, 0.0, 1.0] * 10
    >>> model = BackpropRegressor(pruning=Halfway(amount=0.5), tol=0.1).fit(X, y)
    >>> sum(int(mask.sum()) for mask in model.masks_)
    100
    """

    amount: float = 0.8
    criterion: Any = "taylor"
    unit: Any = "weights"

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "amount": [Interval(Real, 0, 1, closed="left")],
        "criterion": Criterion.constraint(),
        "unit": Unit.constraint(),
    }

    @abstractmethod
    def phases(self, n_epochs: int, gone: float) -> list[Phase]:
        """Return what a fit does, in turn.

        Parameters
        ----------
        n_epochs : int
            The largest number of epochs of all phases.
        gone : float
            The share of all units that is gone before: 0 but for warm starts.

        Returns
        -------
        list of Phase
            The phases.
        """


class OneShot(PruningSchedule, name="one_shot"):
    """Train, prune once, and train what is left.

    Parameters
    ----------
    amount : float, default=0.8
        The share of all units that is to be gone in the end, in [0, 1).
    criterion : str or Criterion, default='obs'
        What matters least. It prunes in as many rounds as it does in
        :func:`~skbackprop.pruning.prune`, without training in between.
    unit : str or Unit, default='weights'
        What goes at once: 'weights', 'neurons' or 'inputs'.
    fine_tuning : float, default=0.2
        The share of ``max_iter`` that is kept for training what is left, to which come
        the epochs that training did not need before.

    Examples
    --------
    >>> from skbackprop.pruning import OneShot
    >>> OneShot(amount=0.9).phases(100, gone=0.0)[0].epochs
    80
    """

    criterion: Any = "obs"
    fine_tuning: float = 0.2

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **PruningSchedule._parameter_constraints,
        "fine_tuning": [Interval(Real, 0, 1, closed="left")],
    }

    def phases(self, n_epochs: int, gone: float) -> list[Phase]:
        """Train, prune, train."""
        tuning = round(self.fine_tuning * n_epochs)
        rounds = resolve(Criterion, self.criterion).rounds
        *shares, last = evenly(gone, self.amount, rounds)
        return [
            Phase(gone, n_epochs - tuning),
            *(Phase(share, 0) for share in shares),
            Phase(last, None if tuning else 0),
        ]


class Gradual(PruningSchedule, name="gradual"):
    """Prune while training, along a cubic ramp: much at first, little at the end.

    Training that ends by itself before the ramp is followed by it at once.

    Parameters
    ----------
    amount : float, default=0.8
        The share of all units that is to be gone in the end, in [0, 1).
    criterion : str or Criterion, default='taylor'
        What matters least.
    unit : str or Unit, default='weights'
        What goes at once: 'weights', 'neurons' or 'inputs'.
    start, end : float, default=0.1 and 0.7
        Where the ramp begins and ends, as shares of ``max_iter``.
    n_rounds : int, default=20
        How often it prunes.

    References
    ----------
    M. Zhu and S. Gupta, "To prune, or not to prune: exploring the efficacy of pruning
    for model compression", 2017.

    Examples
    --------
    >>> from skbackprop.pruning import Gradual
    >>> [round(phase.share, 2) for phase in Gradual(n_rounds=4).phases(100, gone=0.0)]
    [0.0, 0.46, 0.7, 0.79, 0.8]
    """

    start: float = 0.1
    end: float = 0.7
    n_rounds: int = 20

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **PruningSchedule._parameter_constraints,
        "start": [Interval(Real, 0, 1, closed="both")],
        "end": [Interval(Real, 0, 1, closed="both")],
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
    }

    def phases(self, n_epochs: int, gone: float) -> list[Phase]:
        """Train, prune a little and train a little, and train."""
        if self.end < self.start:
            raise ValueError(f"end must not be before start, in {self!r}.")
        *shares, last = ramp(gone, self.amount, self.n_rounds)
        step = (self.end - self.start) / max(1, self.n_rounds - 1)
        times = [
            round((self.start + i * step) * n_epochs) for i in range(self.n_rounds)
        ]
        lengths = [after - before for before, after in pairwise(times)]
        return [
            Phase(gone, times[0]),
            *(Phase(s, n, patient=False) for s, n in zip(shares, lengths, strict=True)),
            Phase(last, None),
        ]


class Rewinding(PruningSchedule, name="rewinding"):
    """Train, prune, go back to an early epoch with what is left, and again.

    So are "lottery tickets" found: small networks that train as well as large ones,
    from where they started. Each round is a training of its own, of the same number of
    epochs, which together are ``max_iter``; learning rate and solver go back too. The
    last round gets the epochs that others did not need.

    Parameters
    ----------
    amount : float, default=0.8
        The share of all units that is to be gone in the end, in [0, 1).
    criterion : str or Criterion, default='magnitude'
        What matters least.
    unit : str or Unit, default='weights'
        What goes at once: 'weights', 'neurons' or 'inputs'.
    n_rounds : int, default=4
        How often it prunes: each time the same share of what is left.
    rewind_to : float, default=0.1
        The epoch to go back to, as a share of those of a round; 0 for the very start.

    References
    ----------
    J. Frankle and M. Carbin, "The lottery ticket hypothesis: finding sparse, trainable
    neural networks", ICLR 2019.

    Examples
    --------
    >>> from skbackprop.pruning import Rewinding
    >>> phases = Rewinding(amount=0.75, n_rounds=2).phases(300, gone=0.0)
    >>> [(phase.share, phase.epochs) for phase in phases]
    [(0.0, 10), (0.0, 96), (0.5, 96), (0.75, None)]
    """

    criterion: Any = "magnitude"
    n_rounds: int = 4
    rewind_to: float = 0.1

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **PruningSchedule._parameter_constraints,
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
        "rewind_to": [Interval(Real, 0, 1, closed="left")],
    }

    def phases(self, n_epochs: int, gone: float) -> list[Phase]:
        """Train, and then prune, go back and train."""
        n_trainings = self.n_rounds + 1
        if n_epochs < n_trainings:
            raise ValueError(
                f"{self!r} trains {n_trainings} times: max_iter={n_epochs} is too few "
                "epochs."
            )
        early = round(self.rewind_to * n_epochs / n_trainings)
        each = (n_epochs - early) // n_trainings
        whole = early + each
        *shares, last = evenly(gone, self.amount, self.n_rounds)
        return [
            Phase(gone, early, patient=False, total=whole, remembers=True),
            Phase(gone, each, total=whole),
            *(Phase(share, each, total=whole, rewinds=True) for share in shares),
            Phase(last, None, total=whole, rewinds=True),
        ]


def evenly(gone: float, amount: float, n_rounds: int) -> list[float]:
    """Return what is gone after each round, if each takes the same share of the rest.

    Parameters
    ----------
    gone, amount : float
        The shares that are gone before and after.
    n_rounds : int
        The number of rounds.

    Returns
    -------
    list of float
        Rising to ``amount``.
    """
    left, rest = 1.0 - gone, (1.0 - amount) / (1.0 - gone)
    shares = [1.0 - left * rest ** (i / n_rounds) for i in range(1, n_rounds)]
    return [*shares, float(amount)]


def ramp(gone: float, amount: float, n_rounds: int) -> list[float]:
    """Return what is gone after each round, along a cubic ramp.

    Parameters
    ----------
    gone, amount : float
        The shares that are gone before and after.
    n_rounds : int
        The number of rounds.

    Returns
    -------
    list of float
        Rising to ``amount``.
    """
    missing = [(1.0 - done / n_rounds) ** 3 for done in range(1, n_rounds + 1)]
    return [float(amount - (amount - gone) * share) for share in missing]
