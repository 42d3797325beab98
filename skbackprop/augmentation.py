"""Augmentation: what changes training batches at random, and no others."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import product
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import diags, issparse

from skbackprop._compat import Interval
from skbackprop.core.spec import Spec

__all__ = [
    "Augmentation",
    "Custom",
    "FeatureDropout",
    "GaussianNoise",
    "ImageShift",
    "InTurn",
    "Mixup",
]

Pair = tuple[Any, np.ndarray]


class Augmentation(Spec, ABC, family=True):
    """Changes rows at random before the network is trained on them.

    Attributes
    ----------
    softens : bool
        Whether targets of classes come out as something between 0 and 1.
    """

    softens: ClassVar[bool] = False

    @abstractmethod
    def apply(
        self, X: Any, y: np.ndarray, rng: np.random.Generator, weight: Any
    ) -> Pair:
        """Return changed rows.

        Parameters
        ----------
        X : ndarray or CSR matrix of shape (n_rows, n_features)
            Inputs; a dense array may be overwritten.
        y : ndarray of shape (n_rows, n_columns)
            Targets: numbers in the user's units, ``scaling`` or not, or for classes an
            indicator column each (a single one for two classes); may be overwritten.
        rng : Generator
            The source of randomness.
        weight : ndarray of shape (n_rows,) or None
            Weights of the rows.

        Returns
        -------
        X, y
            The changed rows, of the same shapes.
        """


class GaussianNoise(Augmentation, name="gaussian_noise"):
    """Adds normal noise to every feature.

    Parameters
    ----------
    scale : float, default=0.1
        Its standard deviation, in units of the features as they are given.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.augmentation import GaussianNoise
    >>> BackpropRegressor(augmentation=GaussianNoise(scale=0.3)).augmentation
    GaussianNoise(scale=0.3)
    """

    scale: float = 0.1

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "scale": [Interval(Real, 0, None, closed="neither")]
    }

    def apply(
        self, X: Any, y: np.ndarray, rng: np.random.Generator, weight: Any
    ) -> Pair:
        """Return the inputs with noise."""
        _check_dense(self, X)
        noise = rng.standard_normal(X.shape, X.dtype)
        noise *= X.dtype.type(self.scale)
        return np.add(X, noise, X), y


class FeatureDropout(Augmentation, name="feature_dropout"):
    """Sets features to zero, as if they were missing.

    Unlike ``input_dropout`` it does not scale up the features that are kept.

    Parameters
    ----------
    rate : float, default=0.1
        The share that is set to zero.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.augmentation import FeatureDropout
    >>> BackpropClassifier(augmentation=FeatureDropout(rate=0.3)).augmentation
    FeatureDropout(rate=0.3)
    """

    rate: float = 0.1

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "rate": [Interval(Real, 0, 1, closed="neither")]
    }

    def apply(
        self, X: Any, y: np.ndarray, rng: np.random.Generator, weight: Any
    ) -> Pair:
        """Return the inputs with holes."""
        entries = X.data if issparse(X) else X
        kept = rng.random(entries.shape, np.float32) >= self.rate
        if issparse(X):
            return type(X)((entries * kept, X.indices, X.indptr), shape=X.shape), y
        return np.multiply(X, kept, X), y


class Mixup(Augmentation, name="mixup"):
    """Mixes each row with another one, its target included.

    The other row is drawn by weight, so that a row of weight zero has no part in any.

    Parameters
    ----------
    alpha : float, default=0.2
        The share is drawn from a beta distribution with both parameters ``alpha``: the
        smaller, the nearer to 0 or 1.

    References
    ----------
    H. Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.augmentation import Mixup
    >>> BackpropClassifier(augmentation=Mixup(alpha=0.4)).augmentation
    Mixup(alpha=0.4)
    """

    alpha: float = 0.2

    softens: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "alpha": [Interval(Real, 0, None, closed="neither")]
    }

    def apply(
        self, X: Any, y: np.ndarray, rng: np.random.Generator, weight: Any
    ) -> Pair:
        """Return mixed rows with mixed targets."""
        n_rows = len(y)
        if weight is None or not weight.any():
            partner = rng.permutation(n_rows)
        else:
            chance = weight / weight.sum(dtype=np.float64)
            partner = rng.choice(n_rows, n_rows, p=chance / chance.sum())
        share = rng.beta(self.alpha, self.alpha, n_rows).astype(y.dtype)
        rest = 1 - share
        column, rest_column = share[:, np.newaxis], rest[:, np.newaxis]
        mixed = y * column + y[partner] * rest_column
        if issparse(X):
            return (diags(share) @ X + diags(rest) @ X[partner]).tocsr(), mixed
        return X * column + X[partner] * rest_column, mixed


class ImageShift(Augmentation, name="image_shift"):
    """Shifts flattened images by some pixels, up or down and to either side.

    Parameters
    ----------
    shape : tuple of int, default=None
        Height and width of the images, and the number of channels if there are
        several; by default they are square, with one channel.
    max_shift : int, default=1
        The largest shift in each direction.
    fill : float, default=0.0
        The value of pixels that come in at the border.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.augmentation import ImageShift
    >>> BackpropClassifier(augmentation=ImageShift((28, 28))).augmentation
    ImageShift(shape=(28, 28))
    """

    shape: tuple[int, ...] | None = None
    max_shift: int = 1
    fill: float = 0.0

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "shape": [tuple, list, None],
        "max_shift": [Interval(Integral, 1, None, closed="left")],
        "fill": [Interval(Real, None, None, closed="neither")],
    }

    def apply(
        self, X: Any, y: np.ndarray, rng: np.random.Generator, weight: Any
    ) -> Pair:
        """Return shifted images."""
        _check_dense(self, X)
        shape = self._image_shape(X.shape[1])
        images = X.reshape(len(X), *shape)
        shifted = np.full_like(images, self.fill)
        reach = range(-self.max_shift, self.max_shift + 1)
        shifts = rng.integers(-self.max_shift, self.max_shift + 1, (len(X), 2))
        for down, right in product(reach, reach):
            rows = np.flatnonzero((shifts == (down, right)).all(axis=1))
            to_y, from_y = _overlap(down, shape[0])
            to_x, from_x = _overlap(right, shape[1])
            shifted[rows, to_y, to_x] = images[rows, from_y, from_x]
        return shifted.reshape(X.shape), y

    def _image_shape(self, n_features: int) -> tuple[int, ...]:
        side = int(np.sqrt(n_features))
        shape = (side, side) if self.shape is None else tuple(self.shape)
        sizes: tuple[Any, ...] = shape  # whatever the user gave
        whole = all(isinstance(size, Integral) and int(size) > 0 for size in sizes)
        if len(shape) not in (2, 3) or not whole or np.prod(shape) != n_features:
            raise ValueError(
                f"ImageShift(shape={self.shape}) does not fit {n_features} features: "
                "give (height, width) or (height, width, channels) whose product is "
                "the number of features."
            )
        return shape


class Custom(Augmentation):
    """A function of the user's own; a callable in the slot becomes one of these.

    Parameters
    ----------
    function : callable
        ``function(X, y, rng)`` returns changed ``X`` and ``y`` of the same shapes.
        ``y`` is a matrix: the targets of a regressor in the user's units, ``scaling``
        or not, or an indicator column for each class (a single one for two classes).

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> def flip_signs(X, y, rng):
    ...     sign = rng.choice([-1.0, 1.0], size=(len(X), 1))
    ...     return X * sign, y * sign
    >>> model = BackpropRegressor(augmentation=flip_signs)
    """

    function: Callable | None = None

    softens: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, list]] = {"function": [callable]}

    def apply(
        self, X: Any, y: np.ndarray, rng: np.random.Generator, weight: Any
    ) -> Pair:
        """Return what the function returns, after a look at the shapes."""
        assert self.function is not None
        answer = self.function(X, y, rng)
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise ValueError(
                "A callable given as augmentation must return a tuple (X, y), got "
                f"{type(answer).__name__}."
            )
        changed, target = answer[0], np.asarray(answer[1])
        if issparse(changed) != issparse(X):
            raise ValueError(
                "A callable given as augmentation must return a sparse X for a sparse "
                "one, and a dense one for a dense one; got "
                f"{type(changed).__name__} for {type(X).__name__}."
            )
        changed = changed.tocsr() if issparse(X) else np.asarray(changed)
        if changed.shape != X.shape or target.shape != y.shape:
            raise ValueError(
                "A callable given as augmentation must keep the shapes of X and y, "
                f"{X.shape} and {y.shape}; got {changed.shape} and {target.shape}."
            )
        return changed, target


class InTurn(Augmentation):
    """Several augmentations, one after the other; a list in the slot becomes this.

    Parameters
    ----------
    steps : sequence of Augmentation
        First to last.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.augmentation import ImageShift, Mixup
    >>> model = BackpropClassifier(augmentation=[ImageShift((8, 8)), Mixup()])
    """

    steps: Sequence[Any] = ()

    softens: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, list]] = {"steps": [list, tuple]}

    def apply(
        self, X: Any, y: np.ndarray, rng: np.random.Generator, weight: Any
    ) -> Pair:
        """Return what all steps make of the rows."""
        for step in self.steps:
            X, y = step.apply(X, y, rng, weight)
        return X, y


def _check_dense(augmentation: Augmentation, X: Any) -> None:
    if issparse(X):
        raise ValueError(
            f"{type(augmentation).__name__} would make a sparse X dense: pass "
            "X.toarray(), or use 'feature_dropout' or 'mixup', which keep it sparse."
        )


def _overlap(shift: int, size: int) -> tuple[slice, slice]:
    """Return where a shifted axis is written to, and read from."""
    kept = max(0, size - abs(shift))
    start = min(max(0, shift), size)
    origin = min(max(0, -shift), size)
    return slice(start, start + kept), slice(origin, origin + kept)
