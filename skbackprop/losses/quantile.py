"""The pinball loss of one quantile, or of several at once."""

from numbers import Real
from typing import Any, ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.losses.residual import ResidualLoss


class Quantile(ResidualLoss, name="quantile"):
    """The pinball loss: conditional quantiles, one or several at once.

    A prediction f of level q costs ``q * (y - f)`` where it is too low and
    ``(1 - q) * (f - y)`` where it is too high. There is a kink where the target is met;
    the gradient is 0 there.

    Several levels predict a column each, of a single target. Fitted freely, columns
    may cross: a higher quantile may come out below a lower one. With ``non_crossing``
    each is the one before plus the softplus of a raw score, so that they never do.

    Parameters
    ----------
    quantile : float or sequence of float, default=0.5
        The level, strictly between 0 and 1; several levels in ascending order.
    non_crossing : bool, default=False
        Whether the columns of several levels are kept in order.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import Quantile
    >>> Quantile(0.9).value(np.array([[1.0], [3.0]]), np.full((2, 1), 2.0))
    array([0.9, 0.1])
    >>> three = Quantile([0.1, 0.5, 0.9], non_crossing=True)
    >>> three.n_scores(1)
    3
    >>> three.inverse_link(np.array([[1.0, 0.0, -1.0]])).round(2)
    array([[1.  , 1.69, 2.01]])
    """

    quantile: Any = 0.5
    non_crossing: bool = False

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "quantile": [Interval(Real, 0, 1, closed="neither"), "array-like"],
        "non_crossing": ["boolean"],
    }

    # Of other losses it is a matter of the class; here it goes by the settings.
    @property
    def link(self) -> str:  # type: ignore[override]
        """The name of the inverse link."""
        return "cumulative_softplus" if self._in_order else "identity"

    @property
    def _in_order(self) -> bool:
        return self.non_crossing and np.size(self.quantile) > 1

    def inverse_link(self, raw: np.ndarray) -> np.ndarray:
        """Return the raw scores; summed up, with ``non_crossing``."""
        if self._in_order:
            rises = raw[:, 1:]
            np.logaddexp(0.0, rises, out=rises)
            np.cumsum(raw, axis=1, out=raw)
        return raw

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the pinball loss."""
        residual = prediction - target
        level = self._level(residual)
        too_low = -level * residual
        # The larger of the two lines is the one that applies.
        np.multiply(residual, 1.0 - level, out=residual)
        return np.maximum(residual, too_low, out=residual).sum(axis=1)

    def gradient(
        self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray
    ) -> np.ndarray:
        """Write ``1 - q`` where too high, ``-q`` where too low, into ``out``."""
        np.subtract(prediction, target, out)
        level = self._level(out)
        too_low = (out < 0) * level
        np.multiply(out > 0, 1.0 - level, out=out)
        np.subtract(out, too_low, out=out)
        return self._through_sums(prediction, out) if self._in_order else out

    def curvature(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return zeros off the kinks; with ``non_crossing`` the link's own bend."""
        if not self._in_order:
            return np.zeros_like(prediction)
        # The gradient holds the slope of the softplus, which is 1 - exp(-d); that
        # slope has itself times exp(-d) for a derivative.
        bend = self.gradient(prediction, target, np.empty_like(prediction))
        bend[:, 0] = 0.0
        bend[:, 1:] *= np.exp(-np.diff(prediction, axis=1))
        return bend

    def convex_curvature(
        self, prediction: np.ndarray, target: np.ndarray
    ) -> np.ndarray:
        """Return zeros: the pinball loss of the predictions is piecewise linear."""
        return np.zeros_like(prediction)

    def _through_sums(self, prediction: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Turn the gradient of the predictions into the one of the raw scores."""
        # A score moves its own column and all that follow.
        later_first = out[:, ::-1]
        np.cumsum(later_first, axis=1, out=later_first)
        # The slope of the softplus is 1 - exp(-d), with d the rise that it gave.
        slope = np.diff(prediction, axis=1)
        np.negative(slope, out=slope)
        np.expm1(slope, out=slope)
        np.negative(slope, out=slope)
        out[:, 1:] *= slope
        return out

    def n_scores(self, n_outputs: int) -> int:
        """Return one score a level, after a look at the levels."""
        levels = np.atleast_1d(np.asarray(self.quantile, dtype=float))
        rising = levels.ndim == 1 and (np.diff(levels) > 0).all()
        if not (levels.size and rising and levels[0] > 0 and levels[-1] < 1):
            raise ValueError(
                "The levels of loss='quantile' must be strictly between 0 and 1, in "
                f"ascending order, each once; got quantile={self.quantile!r}."
            )
        if levels.size > 1 and n_outputs > 1:
            raise ValueError(
                f"loss='quantile' with {levels.size} levels predicts a single target, "
                f"but y has {n_outputs} columns. Give one level, or fit a regressor "
                "for each column."
            )
        return n_outputs * levels.size

    def levels(self) -> tuple[float, ...]:
        """Return the levels, in ascending order."""
        return tuple(np.atleast_1d(np.asarray(self.quantile, dtype=float)).tolist())

    def _level(self, like: np.ndarray) -> np.ndarray:
        return np.asarray(self.quantile, like.dtype)
