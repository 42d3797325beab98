"""Stochastic gradient descent, with and without momentum."""

from collections.abc import Sequence
from numbers import Real
from typing import ClassVar

from skbackprop._compat import Interval
from skbackprop.solvers.stepwise import Stepwise
from skbackprop.updates import Momentum, Update

MOMENTUM = [Interval(Real, 0, 1, closed="both")]


class SGD(Stepwise, name="sgd"):
    """Stochastic gradient descent with momentum, in the form of scikit-learn.

    Parameters
    ----------
    momentum : float, default=0.9
        The share of the velocity that each step keeps; 0 for none.
    nesterovs_momentum : bool, default=True
        Whether to use Nesterov's form.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.solvers import SGD
    >>> BackpropRegressor(solver=SGD(momentum=0.5)).solver
    SGD(momentum=0.5)
    """

    momentum: float = 0.9
    nesterovs_momentum: bool = True

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "momentum": MOMENTUM,
        "nesterovs_momentum": ["boolean"],
    }

    def chain(self) -> Sequence[Update]:
        """Return momentum alone."""
        return [Momentum(self.momentum, self.nesterovs_momentum)]


class HeavyBall(Stepwise, name="momentum"):
    """Stochastic gradient descent with classical momentum.

    Parameters
    ----------
    momentum : float, default=0.9
        The share of the velocity that each step keeps.

    References
    ----------
    B. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.solvers import HeavyBall
    >>> BackpropRegressor(solver=HeavyBall(0.5), learning_rate_init=0.01).solver
    HeavyBall(momentum=0.5)
    """

    momentum: float = 0.9

    _parameter_constraints: ClassVar[dict[str, list]] = {"momentum": MOMENTUM}

    def chain(self) -> Sequence[Update]:
        """Return classical momentum alone."""
        return [Momentum(self.momentum, nesterov=False)]


class Nesterov(Stepwise, name="nesterov"):
    """Stochastic gradient descent with Nesterov's momentum: what 'sgd' is by default.

    Parameters
    ----------
    momentum : float, default=0.9
        The share of the velocity that each step keeps.

    References
    ----------
    I. Sutskever et al., "On the importance of initialization and momentum in deep
    learning", ICML 2013.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.solvers import Nesterov
    >>> BackpropRegressor(solver=Nesterov(0.5), learning_rate_init=0.01).solver
    Nesterov(momentum=0.5)
    """

    momentum: float = 0.9

    _parameter_constraints: ClassVar[dict[str, list]] = {"momentum": MOMENTUM}

    def chain(self) -> Sequence[Update]:
        """Return Nesterov's momentum alone."""
        return [Momentum(self.momentum, nesterov=True)]
