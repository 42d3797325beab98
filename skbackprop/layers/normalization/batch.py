"""Normalisation over the rows of a batch."""

from collections.abc import Callable
from numbers import Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.layout import Param
from skbackprop.core.ops import dense_product, scalar
from skbackprop.layers.base import Backward, Forward, Site
from skbackprop.layers.linearized import Elementwise, Linearized, Scaled
from skbackprop.layers.normalization.base import Normalization, ones


class BatchNorm(Normalization, name="batch"):
    """Each unit brought to mean 0 and variance 1 over the rows of a batch.

    In prediction the running means of the batches' statistics take their place. Rows
    count by their weights. A batch in which fewer than two rows count has no variance:
    it is normalised by the running statistics, and leaves them alone.

    Parameters
    ----------
    momentum : float, default=0.1
        The share of the latest batch in the running statistics.
    epsilon : float, default=1e-5
        Added to the variance.

    Notes
    -----
    The variance that a batch is normalised by is the mean of squares; the one that the
    running statistics take in is the unbiased one, where a weight is a repetition.

    References
    ----------
    S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network training by
    reducing internal covariate shift", ICML 2015.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.layers import BatchNorm
    >>> BackpropClassifier(normalization=BatchNorm(momentum=0.05)).normalization
    BatchNorm(momentum=0.05)
    """

    momentum: float = 0.1
    epsilon: float = 1e-5

    is_affine: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "momentum": [Interval(Real, 0, 1, closed="right")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
    }

    @property
    def mixes_rows(self) -> bool:
        """True: each row counts in the statistics of the others."""
        return True

    def build(self, n_in: int) -> tuple[int, list[Param]]:
        """Return the unchanged width, scale and shift, running mean and variance."""
        _, learned = super().build(n_in)
        fan, shape = (n_in, n_in), (n_in,)
        return n_in, [
            *learned,
            Param("mean", shape, fan, start=0.0),
            Param("variance", shape, fan, start=1.0),
        ]

    def bind_forward(self, site: Site) -> Forward:
        """Normalise; in training by the batch, in prediction by what was seen."""
        if not site.grads:
            return self._affine(site)
        standardise = self._by_running(site)
        if site.now is not None:
            standardise = self._by_batch(site, standardise)
        scale, shift = site.params[:2]
        y = site.buffer("output", site.n_in)
        multiply, add = np.multiply, np.add

        def forward(x: np.ndarray) -> np.ndarray:
            standardise(x)
            multiply(x, scale, y)
            return add(y, shift, y)

        return forward

    def bind_backward(self, site: Site) -> Backward:
        """Return the transposed derivative; each row acts on those of its batch."""
        now, scale = site.now, site.params[0]
        scale_gradient, shift_gradient = site.grads[:2]
        root, factor = site.array("inverse root", scale.shape), np.empty_like(scale)
        product, unit = site.buffer("product", site.n_in), ones(site.rows, scale)
        equal = scalar(1.0 / site.rows, scale)
        multiply, add, subtract = np.multiply, np.add, np.subtract

        def backward(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
            multiply(dy, x, product)
            dense_product(unit, product, scale_gradient)
            dense_product(unit, dy, shift_gradient)
            if now is not None and now.n_counted > 1:
                multiply(x, scale_gradient, product)
                add(product, shift_gradient, product)
                multiply(product, equal if now.share is None else now.share, product)
                subtract(dy, product, dy)
            multiply(scale, root, factor)
            return multiply(dy, factor, dy)

        return backward

    def _affine(self, site: Site) -> Forward:
        """Return the whole layer as one product and one sum, for prediction."""
        scale, shift, mean, variance = site.params
        factor, offset = np.empty_like(scale), np.empty_like(scale)
        multiply, add, subtract = np.multiply, np.add, np.subtract
        epsilon = scalar(self.epsilon, scale)

        def forward(x: np.ndarray) -> np.ndarray:
            # Not beforehand: whoever owns the parameters may change them.
            np.divide(scale, np.sqrt(add(variance, epsilon, factor), factor), factor)
            subtract(shift, multiply(mean, factor, offset), offset)
            return add(multiply(x, factor, x), offset, x)

        return forward

    def _by_running(self, site: Site) -> Callable[[np.ndarray], None]:
        """Return what standardises in place by the running statistics."""
        _, _, mean, variance = site.params
        root = site.array("inverse root", mean.shape)
        epsilon = scalar(self.epsilon, mean)

        def standardise(x: np.ndarray) -> None:
            np.reciprocal(np.sqrt(np.add(variance, epsilon, root), root), root)
            np.subtract(x, mean, x)
            np.multiply(x, root, x)

        return standardise

    def _by_batch(
        self, site: Site, otherwise: Callable[[np.ndarray], None]
    ) -> Callable[[np.ndarray], None]:
        """Return what standardises in place by the batch, and keeps the statistics."""
        now, (_, _, mean, variance) = site.now, site.params
        assert now is not None
        root = site.array("inverse root", mean.shape)
        batch_mean, squares = np.empty_like(mean), np.empty_like(mean)
        scratch = site.buffer("product", site.n_in)
        equal = ones(site.rows, mean) / mean.dtype.type(site.rows)
        epsilon, take_in = scalar(self.epsilon, mean), float(self.momentum)
        subtract, multiply, add = np.subtract, np.multiply, np.add

        def standardise(x: np.ndarray) -> None:
            total = now.total
            if now.n_counted < 2:
                otherwise(x)
                return
            share = equal if now.share is None else now.share.reshape(-1)
            dense_product(share, x, batch_mean)
            subtract(x, batch_mean, x)
            dense_product(share, multiply(x, x, scratch), squares)
            np.reciprocal(np.sqrt(add(squares, epsilon, root), root), root)
            multiply(x, root, x)
            # A weight is a repetition: below two of them the correction makes no sense.
            unbiased = total / (total - 1.0) if total >= 2.0 else 1.0
            for running, latest, factor in (
                (mean, batch_mean, 1.0),
                (variance, squares, unbiased),
            ):
                multiply(running, 1.0 - take_in, running)
                multiply(latest, take_in * factor, latest)
                add(running, latest, running)

        return standardise

    def linearize(self, x: np.ndarray, params: tuple[np.ndarray, ...]) -> Linearized:
        """Return the layer with its running statistics, which make it affine."""
        scale, _, mean, variance = params
        root = 1.0 / np.sqrt(variance + scalar(self.epsilon, variance))
        return Scaled((x - mean) * root, scale, Elementwise(root, None))
