"""Adam and its kin."""

from collections.abc import Sequence
from numbers import Real
from typing import ClassVar

from skbackprop._compat import Interval
from skbackprop.solvers.stepwise import Stepwise
from skbackprop.updates import (
    DecayWeights,
    ScaleByAdam,
    ScaleByAMSGrad,
    ScaleByNadam,
    Update,
)

BETA = [Interval(Real, 0, 1, closed="left")]
EPSILON = [Interval(Real, 0, None, closed="neither")]
DECAY = [Interval(Real, 0, None, closed="left")]
ADAM_CONSTRAINTS = {"beta_1": BETA, "beta_2": BETA, "epsilon": EPSILON}


class Adam(Stepwise, name="adam"):
    """Adam, in the form of scikit-learn.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9, 0.999
        What the running means of the gradient and of its square keep at each step.
    epsilon : float, default=1e-8
        Added to the denominator for stability.

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.solvers import Adam
    >>> BackpropClassifier(solver=Adam(beta_2=0.95)).solver
    Adam(beta_2=0.95)
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    _parameter_constraints: ClassVar[dict[str, list]] = ADAM_CONSTRAINTS

    def chain(self) -> Sequence[Update]:
        """Return Adam's scaling alone."""
        return [ScaleByAdam(self.beta_1, self.beta_2, self.epsilon)]


class AdamW(Stepwise, name="adamw"):
    """Adam with weight decay that is decoupled from the loss.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9, 0.999
        What the running means of the gradient and of its square keep at each step.
    epsilon : float, default=1e-8
        Added to the denominator for stability, as in PyTorch.
    weight_decay : float, default=0.01
        Weights, not biases, are multiplied by ``1 - rate * weight_decay`` at each step.
        The penalty acts besides: set ``alpha=0`` for weight decay alone.

    References
    ----------
    I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.solvers import AdamW
    >>> BackpropClassifier(solver=AdamW(weight_decay=0.1), alpha=0).solver
    AdamW(weight_decay=0.1)
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.01

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **ADAM_CONSTRAINTS,
        "weight_decay": DECAY,
    }

    def chain(self) -> Sequence[Update]:
        """Return the decay, then Adam's scaling."""
        scale = ScaleByAdam(self.beta_1, self.beta_2, self.epsilon, corrected=True)
        return [DecayWeights(self.weight_decay), scale]


class NAdam(Stepwise, name="nadam"):
    """Adam with Nesterov's momentum.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9, 0.999
        What the running means of the gradient and of its square keep at each step.
    epsilon : float, default=1e-8
        Added to the denominator for stability, as in PyTorch.
    momentum_decay : float, default=0.004
        How fast the momentum grows towards ``beta_1``.

    References
    ----------
    T. Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.solvers import NAdam
    >>> BackpropClassifier(solver=NAdam(beta_1=0.95)).solver
    NAdam(beta_1=0.95)
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    momentum_decay: float = 0.004

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **ADAM_CONSTRAINTS,
        "momentum_decay": DECAY,
    }

    def chain(self) -> Sequence[Update]:
        """Return Nadam's scaling alone."""
        betas = self.beta_1, self.beta_2
        return [ScaleByNadam(*betas, self.epsilon, self.momentum_decay)]


class AMSGrad(Stepwise, name="amsgrad"):
    """Adam, whose denominator never falls.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9, 0.999
        What the running means of the gradient and of its square keep at each step.
    epsilon : float, default=1e-8
        Added to the denominator for stability, as in PyTorch.

    References
    ----------
    S. Reddi, S. Kale and S. Kumar, "On the convergence of Adam and beyond", ICLR 2018.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.solvers import AMSGrad
    >>> BackpropClassifier(solver=AMSGrad(beta_2=0.99)).solver
    AMSGrad(beta_2=0.99)
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    _parameter_constraints: ClassVar[dict[str, list]] = ADAM_CONSTRAINTS

    def chain(self) -> Sequence[Update]:
        """Return AMSGrad's scaling alone."""
        return [ScaleByAMSGrad(self.beta_1, self.beta_2, self.epsilon)]
