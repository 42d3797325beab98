"""Muon: orthogonal steps for hidden weights."""

from collections.abc import Sequence
from numbers import Real
from typing import ClassVar

from skbackprop._compat import Interval
from skbackprop.solvers.stepwise import Stepwise
from skbackprop.updates import DecayWeights, ScaleByMuon, Update


class Muon(Stepwise, name="muon"):
    """Momentum whose matrices are made orthogonal; Adam for outputs and biases.

    It takes Adam's rates. A step costs several times one of Adam, and gets further: see
    :doc:`the user guide </user_guide/solvers>` for what came of it on some data sets.

    Parameters
    ----------
    heavy_ball : float, default=0.95
        The share of the momentum, in Nesterov's form, that a step keeps. Not the
        estimator's ``momentum``, which is that of 'sgd'.
    beta_1, beta_2, epsilon : float, default=0.9, 0.999, 1e-8
        Those of Adam.
    weight_decay : float, default=0.0
        Weights are multiplied by ``1 - rate * weight_decay`` at each step.

    References
    ----------
    K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.solvers import Muon
    >>> BackpropClassifier(solver=Muon(heavy_ball=0.9)).solver
    Muon(heavy_ball=0.9)
    """

    heavy_ball: float = 0.95
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **ScaleByMuon._parameter_constraints,
        "weight_decay": [Interval(Real, 0, None, closed="left")],
    }

    def chain(self) -> Sequence[Update]:
        """Return Muon's scaling, after a decay where there is any."""
        betas = self.beta_1, self.beta_2
        step = ScaleByMuon(self.heavy_ball, *betas, self.epsilon)
        decays = self.weight_decay > 0
        return [DecayWeights(self.weight_decay), step] if decays else [step]
