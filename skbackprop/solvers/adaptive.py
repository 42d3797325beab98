"""Solvers with a rate of its own for each parameter, and one that goes by signs."""

from collections.abc import Sequence
from numbers import Real
from typing import ClassVar

from skbackprop._compat import Interval
from skbackprop.solvers.stepwise import Stepwise
from skbackprop.updates import (
    DecayWeights,
    Momentum,
    ScaleByAdadelta,
    ScaleByAdaGrad,
    ScaleByDeviation,
    ScaleByRMS,
    SignMomentum,
    Update,
)

SHARE = [Interval(Real, 0, 1, closed="left")]
POSITIVE = [Interval(Real, 0, None, closed="neither")]


class AdaGrad(Stepwise, name="adagrad"):
    """Rates that fall with all squared gradients so far. A rate of 0.01 suits it.

    Parameters
    ----------
    eps : float, default=1e-10
        Added to the denominator for stability. Not the estimator's ``epsilon``, which
        is Adam's.

    References
    ----------
    J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning
    and stochastic optimization", JMLR 2011.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> BackpropClassifier(solver="adagrad", learning_rate_init=0.01).solver
    'adagrad'
    """

    eps: float = 1e-10

    _parameter_constraints: ClassVar[dict[str, list]] = {"eps": POSITIVE}

    def chain(self) -> Sequence[Update]:
        """Return AdaGrad's scaling alone."""
        return [ScaleByAdaGrad(self.eps)]


class RMSprop(Stepwise, name="rmsprop"):
    """Rates that fall with the running mean of squared gradients.

    Parameters
    ----------
    rho : float, default=0.99
        What the running mean keeps at each step; PyTorch's ``alpha``.
    eps : float, default=1e-8
        Added to the denominator for stability.
    heavy_ball : float, default=0.0
        Momentum. Not the estimator's ``momentum``, which is that of 'sgd'.
    centered : bool, default=False
        Whether the variance of the gradient takes the place of its mean square.

    References
    ----------
    T. Tieleman and G. Hinton, "Lecture 6.5: RMSprop", Coursera 2012.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.solvers import RMSprop
    >>> BackpropClassifier(solver=RMSprop(rho=0.9)).solver
    RMSprop(rho=0.9)
    """

    rho: float = 0.99
    eps: float = 1e-8
    heavy_ball: float = 0.0
    centered: bool = False

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "rho": SHARE,
        "eps": POSITIVE,
        "heavy_ball": [Interval(Real, 0, 1, closed="both")],
        "centered": ["boolean"],
    }

    def chain(self) -> Sequence[Update]:
        """Return the scaling, and momentum where there is any."""
        scale = ScaleByDeviation if self.centered else ScaleByRMS
        chain: list[Update] = [scale(self.rho, self.eps)]
        if self.heavy_ball > 0:
            chain.append(Momentum(self.heavy_ball, nesterov=False))
        return chain


class Adadelta(Stepwise, name="adadelta"):
    """Steps in the units of the parameters. It needs ``learning_rate_init=1.0``.

    Parameters
    ----------
    rho : float, default=0.9
        What the two running means keep at each step.
    eps : float, default=1e-6
        Added to both: it sets the first steps.

    References
    ----------
    M. Zeiler, "ADADELTA: an adaptive learning rate method", 2012.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> BackpropClassifier(solver="adadelta", learning_rate_init=1.0).solver
    'adadelta'
    """

    rho: float = 0.9
    eps: float = 1e-6

    _parameter_constraints: ClassVar[dict[str, list]] = {"rho": SHARE, "eps": POSITIVE}

    def chain(self) -> Sequence[Update]:
        """Return Adadelta's scaling alone."""
        return [ScaleByAdadelta(self.rho, self.eps)]


class Lion(Stepwise, name="lion"):
    """Steps of one size for all parameters, along the sign of a running mean.

    A third to a tenth of Adam's rate suits it: 1e-4 or 3e-4. It remembers one vector
    where Adam remembers two.

    Parameters
    ----------
    b1, b2 : float, default=0.9, 0.99
        The share of the running mean in the step, and what that mean keeps. Not the
        estimator's ``beta_1`` and ``beta_2``, which are Adam's.
    weight_decay : float, default=0.0
        Weights are multiplied by ``1 - rate * weight_decay`` at each step.

    References
    ----------
    X. Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.solvers import Lion
    >>> BackpropClassifier(solver=Lion(b2=0.98), learning_rate_init=3e-4).solver
    Lion(b2=0.98)
    """

    b1: float = 0.9
    b2: float = 0.99
    weight_decay: float = 0.0

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "b1": SHARE,
        "b2": SHARE,
        "weight_decay": [Interval(Real, 0, None, closed="left")],
    }

    def chain(self) -> Sequence[Update]:
        """Return the sign of the mean, after a decay where there is any."""
        step = SignMomentum(self.b1, self.b2)
        decays = self.weight_decay > 0
        return [DecayWeights(self.weight_decay), step] if decays else [step]
