"""Initialisers that go by the inputs and outputs of a layer."""

from numbers import Real
from typing import ClassVar

import numpy as np
from numpy.random import RandomState

from skbackprop._compat import Interval
from skbackprop.initializers.base import Fan, Initializer, Shape

ANY_NUMBER = Interval(Real, None, None, closed="neither")
ABOVE_0 = Interval(Real, 0, None, closed="neither")


class Scaled(Initializer):
    """What goes by the fans of a layer, and may draw biases as it draws weights.

    Where there are few inputs, kinks and steps of units without biases all meet in the
    origin: networks then learn slower than from biases at random.
    """

    bias: bool = False

    _parameter_constraints: ClassVar[dict[str, list]] = {"bias": ["boolean"]}

    def draw_bias(self, shape: Shape, fan: Fan, rng: RandomState) -> np.ndarray:
        """Draw from the distribution of the weights if asked for; otherwise zero."""
        return self.draw(shape, fan, rng) if self.bias else np.zeros(shape)


class GlorotUniform(Scaled, name="glorot_uniform"):
    """Uniform with variance ``2 / (fan_in + fan_out)``, also named after Xavier.

    The variance is between the one that keeps the scale of outputs and the one that
    keeps the scale of gradients, for activations that are the identity near zero.

    Parameters
    ----------
    bias : bool, default=False
        Whether biases are drawn from the same distribution rather than being zero.
    factor : float, default=6.0
        The bound is ``sqrt(factor / (fan_in + fan_out))``.

    Notes
    -----
    scikit-learn's networks start with ``bias=True``, and with ``factor=2`` where the
    activation is logistic. With ``weight_init="auto"`` so do these.

    References
    ----------
    X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS 2010.

    Examples
    --------
    >>> from skbackprop.initializers import GlorotUniform
    >>> GlorotUniform(bias=True)
    GlorotUniform(bias=True)
    """

    factor: float = 6.0

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **Scaled._parameter_constraints,
        "factor": [ABOVE_0],
    }

    def draw(self, shape: Shape, fan: Fan, rng: RandomState) -> np.ndarray:
        """Draw within the bound."""
        bound = np.sqrt(self.factor / sum(fan))
        return rng.uniform(-bound, bound, shape)


class GlorotNormal(Scaled, name="glorot_normal"):
    """Normal with variance ``2 / (fan_in + fan_out)``; see :class:`GlorotUniform`.

    Parameters
    ----------
    bias : bool, default=False
        Whether biases are drawn from the same distribution rather than being zero.

    Examples
    --------
    >>> from skbackprop.initializers import GlorotNormal
    >>> GlorotNormal()
    GlorotNormal()
    """

    def draw(self, shape: Shape, fan: Fan, rng: RandomState) -> np.ndarray:
        """Draw with the variance of the layer."""
        return rng.normal(0.0, np.sqrt(2.0 / sum(fan)), shape)


class HeUniform(Scaled, name="he_uniform"):
    """Uniform with variance ``2 / fan_in``; see :class:`HeNormal`.

    Parameters
    ----------
    bias : bool, default=False
        Whether biases are drawn from the same distribution rather than being zero.
    negative_slope : float, default=0.0
        The slope of the activation below zero: the variance is divided by one plus its
        square.

    Examples
    --------
    >>> from skbackprop.initializers import HeUniform
    >>> HeUniform()
    HeUniform()
    """

    negative_slope: float = 0.0

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **Scaled._parameter_constraints,
        "negative_slope": [ANY_NUMBER],
    }

    def draw(self, shape: Shape, fan: Fan, rng: RandomState) -> np.ndarray:
        """Draw with the variance of the layer."""
        bound = np.sqrt(3.0) * _he_deviation(fan, self.negative_slope)
        return rng.uniform(-bound, bound, shape)


class HeNormal(Scaled, name="he_normal"):
    """Normal with variance ``2 / fan_in``, also named after Kaiming.

    A rectifier loses half of the mean square of its input: twice the variance makes up
    for that, so that the scale stays the same through any number of layers.

    Parameters
    ----------
    bias : bool, default=False
        Whether biases are drawn from the same distribution rather than being zero.
    negative_slope : float, default=0.0
        The slope of the activation below zero: the variance is divided by one plus its
        square.

    References
    ----------
    K. He et al., "Delving deep into rectifiers: surpassing human-level performance on
    ImageNet classification", ICCV 2015.

    Examples
    --------
    >>> from skbackprop.initializers import HeNormal
    >>> HeNormal(negative_slope=0.2)
    HeNormal(negative_slope=0.2)
    """

    negative_slope: float = 0.0

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **Scaled._parameter_constraints,
        "negative_slope": [ANY_NUMBER],
    }

    def draw(self, shape: Shape, fan: Fan, rng: RandomState) -> np.ndarray:
        """Draw with the variance of the layer."""
        return rng.normal(0.0, _he_deviation(fan, self.negative_slope), shape)


def _he_deviation(fan: Fan, negative_slope: float) -> float:
    return float(np.sqrt(2.0 / ((1.0 + negative_slope**2) * fan[0])))


class LecunUniform(Scaled, name="lecun_uniform"):
    """Uniform with variance ``1 / fan_in``; see :class:`LecunNormal`.

    Parameters
    ----------
    bias : bool, default=False
        Whether biases are drawn from the same distribution rather than being zero.

    Examples
    --------
    >>> from skbackprop.initializers import LecunUniform
    >>> LecunUniform()
    LecunUniform()
    """

    def draw(self, shape: Shape, fan: Fan, rng: RandomState) -> np.ndarray:
        """Draw with the variance of the layer."""
        bound = np.sqrt(3.0 / fan[0])
        return rng.uniform(-bound, bound, shape)


class LecunNormal(Scaled, name="lecun_normal"):
    """Normal with variance ``1 / fan_in``: scores have the scale of the inputs.

    Parameters
    ----------
    bias : bool, default=False
        Whether biases are drawn from the same distribution rather than being zero.

    References
    ----------
    Y. LeCun et al., "Efficient BackProp", in Neural Networks: Tricks of the Trade,
    Springer 1998.

    Examples
    --------
    >>> from skbackprop.initializers import LecunNormal
    >>> LecunNormal()
    LecunNormal()
    """

    def draw(self, shape: Shape, fan: Fan, rng: RandomState) -> np.ndarray:
        """Draw with the variance of the layer."""
        return rng.normal(0.0, np.sqrt(1.0 / fan[0]), shape)


class Orthogonal(Initializer, name="orthogonal"):
    """A random orthogonal matrix: no direction of the input is stretched or squeezed.

    Where there are more columns than rows the rows are orthonormal, otherwise the
    columns; both are so up to ``gain``.

    Parameters
    ----------
    gain : float, default=1.0
        What the matrix is multiplied by; ``sqrt(2)`` suits rectifiers.

    References
    ----------
    A. Saxe, J. McClelland and S. Ganguli, "Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks", ICLR 2014.

    F. Mezzadri, "How to generate random matrices from the classical compact groups",
    Notices of the AMS 54 (2007).

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.initializers import Orthogonal
    >>> W = Orthogonal().draw((5, 3), (5, 3), np.random.RandomState(0))
    >>> np.allclose(W.T @ W, np.eye(3))
    True
    """

    gain: float = 1.0

    _parameter_constraints: ClassVar[dict[str, list]] = {"gain": [ANY_NUMBER]}

    def draw(self, shape: Shape, fan: Fan, rng: RandomState) -> np.ndarray:
        """Draw uniformly among all such matrices."""
        rows, columns = shape[0], int(np.prod(shape[1:]))
        long, short = max(rows, columns), min(rows, columns)
        q, r = np.linalg.qr(rng.standard_normal((long, short)))
        # QR leaves the signs open: with a positive diagonal of R they are fair.
        q *= np.where(np.diag(r) < 0, -self.gain, self.gain)
        return (q if rows >= columns else q.T).reshape(shape)
