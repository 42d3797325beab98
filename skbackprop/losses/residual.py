"""Losses of the residual: squared, absolute, and those in between."""

from numbers import Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.ops import scalar
from skbackprop.losses.base import CanonicalLoss, RegressionLoss
from skbackprop.losses.curved import CurvedLoss


class ResidualLoss(CurvedLoss, RegressionLoss):
    """A loss of prediction minus target alone, with the identity link.

    Reported losses are the mean over outputs.
    """

    link: ClassVar[str] = "identity"
    location_scale: ClassVar[bool] = True

    def inverse_link(self, raw: np.ndarray) -> np.ndarray:
        """Return the raw scores."""
        return raw

    def reported_share(self, n_outputs: int) -> float:
        """Return one part in ``n_outputs``."""
        return 1.0 / n_outputs


class SquaredError(CanonicalLoss, ResidualLoss, name="squared_error"):
    """Half the squared error, summed over outputs: the conditional mean.

    Reported losses are the mean over outputs, as scikit-learn reports them.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import SquaredError
    >>> SquaredError().value(np.array([[3.0]]), np.array([[1.0]]))
    array([2.])
    """

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return half the squared error."""
        residual = prediction - target
        return 0.5 * np.einsum("ij,ij->i", residual, residual)

    def curvature(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return ones."""
        return np.ones_like(prediction)


class AbsoluteError(ResidualLoss, name="absolute_error"):
    """The absolute error, summed over outputs: the conditional median.

    It has a kink where the target is met; the gradient is 0 there.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import AbsoluteError
    >>> AbsoluteError().value(np.array([[3.0]]), np.array([[1.0]]))
    array([2.])
    """

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the absolute error."""
        residual = prediction - target
        return np.abs(residual, out=residual).sum(axis=1)

    def gradient(
        self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray
    ) -> np.ndarray:
        """Write the sign of the residual into ``out``."""
        np.subtract(prediction, target, out)
        return np.sign(out, out)

    def curvature(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return zeros, at the kink too."""
        return np.zeros_like(prediction)


class Huber(ResidualLoss, name="huber"):
    """Huber's loss: half the squared error near the target, linear beyond.

    With r the residual it is ``r**2 / 2`` up to ``abs(r) = delta`` and
    ``delta * (abs(r) - delta / 2)`` beyond; the derivative has no jump.

    Parameters
    ----------
    delta : float, default=1.0
        From which residual on rows no longer pull harder, in units of the target.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import Huber
    >>> Huber(delta=1.0).value(np.array([[0.5], [3.0]]), np.zeros((2, 1)))
    array([0.125, 2.5  ])
    """

    delta: float = 1.0

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "delta": [Interval(Real, 0, None, closed="neither")]
    }

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return Huber's loss."""
        residual = prediction - target
        clipped = self.gradient(prediction, target, np.empty_like(residual))
        # c (r - c / 2), with c the clipped residual, is either piece.
        residual -= scalar(0.5, residual) * clipped
        return np.einsum("ij,ij->i", clipped, residual)

    def gradient(
        self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray
    ) -> np.ndarray:
        """Write the residual, clipped to ``delta``, into ``out``."""
        np.subtract(prediction, target, out)
        np.minimum(out, scalar(self.delta, out), out=out)
        return np.maximum(out, scalar(-self.delta, out), out=out)

    def curvature(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return 1 up to ``delta``, and at it, and 0 beyond."""
        size = np.abs(prediction - target)
        return (size <= scalar(self.delta, size)).astype(size.dtype)


class LogCosh(ResidualLoss, name="log_cosh"):
    """The logarithm of the hyperbolic cosine of the residual, summed over outputs.

    It goes from half the squared error to the absolute error (less ``log 2``) as
    Huber's loss does, with all its derivatives.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import LogCosh
    >>> LogCosh().value(np.array([[1.0], [20.0]]), np.zeros((2, 1))).round(2)
    array([ 0.43, 19.31])
    """

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the loss, by a formula that does not overflow."""
        size = prediction - target
        np.abs(size, out=size)
        tail = np.exp(scalar(-2.0, size) * size)
        np.log1p(tail, out=tail)
        size += tail
        size -= scalar(np.log(2.0), size)
        # Near the target the terms cancel, to within rounding of either sign.
        return np.maximum(size, scalar(0.0, size), out=size).sum(axis=1)

    def gradient(
        self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray
    ) -> np.ndarray:
        """Write the hyperbolic tangent of the residual into ``out``."""
        np.subtract(prediction, target, out)
        return np.tanh(out, out)

    def curvature(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return one minus the squared hyperbolic tangent of the residual."""
        # As a ratio: for far residuals the difference is lost in rounding.
        tail = np.exp(scalar(-2.0, prediction) * np.abs(prediction - target))
        return scalar(4.0, tail) * tail / (scalar(1.0, tail) + tail) ** 2
