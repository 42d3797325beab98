"""Dropout and DropConnect: layers that forget at random while they are trained."""

from dataclasses import replace
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.layout import Param
from skbackprop.core.ops import scalar
from skbackprop.core.randomness import BITS, row_bits, shared_bits
from skbackprop.layers.base import Backward, Forward, Layer, Site
from skbackprop.layers.dense import Dense
from skbackprop.layers.linearized import Elementwise, Linearized

LEVELS = 2**BITS


class Dropout(Layer, name="dropout"):
    """Switches each unit off with probability ``rate``, in training only.

    The units that are kept are divided by the probability of being kept, so that
    prediction needs no change.

    Parameters
    ----------
    rate : float, default=0.5
        The share that is switched off, in steps of 1 / 65,536.

    References
    ----------
    N. Srivastava et al., "Dropout: a simple way to prevent neural networks from
    overfitting", JMLR 15, 2014.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.layers import Dropout
    >>> BackpropClassifier(dropout=Dropout(rate=0.2)).dropout
    Dropout(rate=0.2)
    """

    rate: float = 0.5

    keeps_sparse: ClassVar[bool] = True
    is_affine: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "rate": [Interval(Real, 0, 1, closed="left")]
    }

    @property
    def is_random(self) -> bool:
        """True, unless nothing is switched off."""
        return self.rate > 0

    def build(self, n_in: int) -> tuple[int, list[Param]]:
        """Return the unchanged width, and no parameters."""
        return n_in, []

    def bind_forward(self, site: Site) -> Forward:
        """Multiply by a random mask; in prediction, do nothing."""
        if site.now is None or not self.is_random:
            return lambda x: x
        return self._sparse(site) if site.sparse else self._dense(site)

    def bind_backward(self, site: Site) -> Backward:
        """Multiply by the same mask."""
        if site.now is None or not self.is_random:
            return lambda x, dy: dy
        mask, multiply = site.buffer("mask", site.n_in), np.multiply
        return lambda x, dy: multiply(dy, mask, dy)

    def _dense(self, site: Site) -> Forward:
        assert site.now is not None
        y = site.buffer("output", site.n_in)
        mask = site.buffer("mask", site.n_in)
        kept = site.buffer("kept", site.n_in, np.bool_)
        numbers = row_bits(site.now, site.key, site.first_row, site.rows, site.n_in)
        threshold, factor = _levels(self.rate, y)
        less, multiply = np.less, np.multiply

        def forward(x: np.ndarray) -> np.ndarray:
            less(numbers(), threshold, kept)
            multiply(kept, factor, mask)
            return multiply(x, mask, y)

        return forward

    def _sparse(self, site: Site) -> Forward:
        """Return the same for the entries that a sparse matrix stores."""
        now, key, first = site.now, site.key, site.first_row
        assert now is not None
        threshold, factor = _levels(self.rate, site.constant(1.0, 1))

        def forward(x: Any) -> Any:
            # As many numbers as entries: no place in a common sequence.
            source = np.random.PCG64DXSM([now.seed, key, now.first_row + first])
            numbers = source.random_raw(-(-x.nnz * BITS // 64)).view(np.uint16)
            kept = numbers[: x.nnz] < threshold
            data = x.data * (kept * factor)
            return type(x)((data, x.indices, x.indptr), shape=x.shape)

        return forward

    def linearize(self, x: Any, params: tuple[np.ndarray, ...]) -> Linearized:
        """Return the identity: in prediction nothing is switched off."""
        return Elementwise(np.ones(1, x.dtype), None)


class DropConnect(Dense, name="dropconnect"):
    """The affine map with each weight switched off at random, in training only.

    All rows of a batch share the weights that are kept; these are divided by the
    probability of being kept.

    Parameters
    ----------
    units : int
        The width of the output.
    rate : float, default=0.5
        The share of weights that is switched off, in steps of 1 / 65,536.

    References
    ----------
    L. Wan et al., "Regularization of neural networks using DropConnect", ICML 2013.

    Examples
    --------
    >>> from skbackprop.layers import DropConnect
    >>> DropConnect(4, rate=0.2)
    DropConnect(rate=0.2, units=4)
    """

    rate: float = 0.5

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **Dense._parameter_constraints,
        "rate": [Interval(Real, 0, 1, closed="left")],
    }

    @property
    def is_random(self) -> bool:
        """True, unless nothing is switched off."""
        return self.rate > 0

    def bind_forward(self, site: Site) -> Forward:
        """Return the affine map over the weights that are kept."""
        if site.now is None or not self.is_random:
            return super().bind_forward(site)
        weight, bias = site.params
        mask, masked = self._buffers(site)
        kept = np.empty(weight.shape, np.bool_)
        numbers = shared_bits(site.now, site.key, weight.shape)
        threshold, factor = _levels(self.rate, weight)
        affine = super().bind_forward(replace(site, params=(masked, bias)))
        less, multiply = np.less, np.multiply

        def forward(x: np.ndarray) -> np.ndarray:
            less(numbers(), threshold, kept)
            multiply(kept, factor, mask)
            multiply(weight, mask, masked)
            return affine(x)

        return forward

    def bind_backward(self, site: Site) -> Backward:
        """Return the transposed map over the same weights."""
        if site.now is None or not self.is_random:
            return super().bind_backward(site)
        mask, masked = self._buffers(site)
        backward = super().bind_backward(replace(site, params=(masked, site.params[1])))
        gradient, multiply = site.grads[0], np.multiply

        def masked_backward(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
            dx = backward(x, dy)
            multiply(gradient, mask, gradient)
            return dx

        return masked_backward

    @staticmethod
    def _buffers(site: Site) -> tuple[np.ndarray, np.ndarray]:
        shape = site.params[0].shape
        return site.array("mask", shape), site.array("masked weights", shape)


def _levels(rate: float, like: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the number below which a unit is kept, and what it is multiplied by."""
    threshold = min(max(round((1.0 - rate) * LEVELS), 1), LEVELS - 1)
    return np.array(threshold, np.uint16), scalar(LEVELS / threshold, like)
