"""The weights of each layer: histograms, and images of what the first layer sees."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skbackprop._plotting import axes_of, check_image_shape, one_or_all, share_of, style
from skbackprop.estimators._pipelines import last_step
from skbackprop.inspection._networks import masks_of, weights_of

__all__ = ["WeightsDisplay"]

MAX_IMAGES = 25


class WeightsDisplay:
    """The weights of a fitted network; needs matplotlib.

    A histogram for each layer, or the weights of hidden units as images. Make it with
    :meth:`from_estimator`. All parameters are stored as attributes.

    Parameters
    ----------
    coefs : list of ndarray of shape (n_in, n_out)
        The weights of each layer.
    masks : list of ndarray of bool, default=None
        Which of them are not held at zero: others are left out of the histograms.

    Attributes
    ----------
    patches_ : list
        For each layer, the bars of its histogram.
    image_ : matplotlib.image.AxesImage or None
        The images of the first layer, where they were asked for.
    colorbar_ : matplotlib.colorbar.Colorbar or None
        Their scale.
    axes_ : ndarray of matplotlib.axes.Axes
        The axes, one for each layer, or one for all images.
    ax_ : matplotlib.axes.Axes or ndarray of Axes
        The only ones of these, or all.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import WeightsDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> model = BackpropClassifier((9,), tol=0.01, random_state=0).fit(X / 16, y)
    >>> len(WeightsDisplay.from_estimator(model).axes_)
    2
    >>> display = WeightsDisplay.from_estimator(model, image_shape=(8, 8))
    >>> display.image_.get_array().shape
    (26, 26)
    """

    def __init__(
        self,
        *,
        coefs: Sequence[np.ndarray],
        masks: Sequence[np.ndarray] | None = None,
    ) -> None:
        self.coefs, self.masks = coefs, masks

    def plot(
        self,
        ax: Any = None,
        *,
        image_shape: tuple[int, int] | None = None,
        units: Sequence[int] | None = None,
        n_cols: int = 4,
        hist_kwargs: Mapping[str, Any] | None = None,
        imshow_kwargs: Mapping[str, Any] | None = None,
    ) -> "WeightsDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or array-like of Axes, default=None
            Where; a new figure if None. For histograms a single one is divided.
        image_shape : tuple of int, default=None
            The height and width of images that are the inputs. If given, the weights of
            hidden units are drawn as such; histograms otherwise.
        units : sequence of int, default=None
            Which hidden units to draw as images; by default the 25 with the largest
            weights.
        n_cols : int, default=4
            How many histograms are side by side.
        hist_kwargs : dict, default=None
            Further arguments of ``Axes.hist``.
        imshow_kwargs : dict, default=None
            Further arguments of ``Axes.imshow``.

        Returns
        -------
        WeightsDisplay
            Itself.
        """
        self.image_ = self.colorbar_ = None
        self.patches_: list[Any] = []
        if image_shape is None:
            self._plot_histograms(ax, n_cols, hist_kwargs)
        else:
            self._plot_images(ax, image_shape, units, imshow_kwargs)
        self.ax_, self.figure_ = one_or_all(self.axes_), self.axes_[0].figure
        return self

    def _plot_histograms(
        self, ax: Any, n_cols: int, hist_kwargs: Mapping[str, Any] | None
    ) -> None:
        size = 3.0, 2.6
        self.axes_ = share_of("WeightsDisplay", ax, len(self.coefs), n_cols, size)
        options = style("patches.Patch", {"bins": 30}, hist_kwargs)
        for index, (axis, coef) in enumerate(zip(self.axes_, self.coefs, strict=True)):
            free = coef.ravel()
            if self.masks is not None:
                free = coef[np.asarray(self.masks[index], dtype=bool)]
            self.patches_.append(axis.hist(free, **options)[2])
            axis.set(title=f"layer {index + 1}: {_shape(coef)}", xlabel="weight")
        for axis in self.axes_[::n_cols]:
            axis.set_ylabel("count")

    def _plot_images(
        self,
        ax: Any,
        shape: tuple[int, int],
        units: Sequence[int] | None,
        imshow_kwargs: Mapping[str, Any] | None,
    ) -> None:
        first = self.coefs[0]
        check_image_shape(shape, len(first))
        chosen = _largest(first) if units is None else _named(units, first.shape[1])
        mosaic = _mosaic(first[:, chosen].T.reshape(-1, *shape))
        limit = float(np.nanmax(np.abs(mosaic))) or 1.0
        defaults = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
        axis = axes_of("WeightsDisplay", ax)
        self.axes_ = np.array([axis])
        self.image_ = axis.imshow(
            mosaic, **style("image.AxesImage", defaults, imshow_kwargs)
        )
        self.colorbar_ = axis.figure.colorbar(self.image_, ax=axis, label="weight")
        n_units = first.shape[1]
        of_all = "" if len(chosen) == n_units else f" of {n_units}"
        title = f"layer 1: {len(chosen)}{of_all} unit{'s' * (n_units > 1)}"
        axis.set(title=title, xticks=[], yticks=[])
        for spine in axis.spines.values():
            spine.set_visible(False)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        ax: Any = None,
        image_shape: tuple[int, int] | None = None,
        units: Sequence[int] | None = None,
        n_cols: int = 4,
        hist_kwargs: Mapping[str, Any] | None = None,
        imshow_kwargs: Mapping[str, Any] | None = None,
    ) -> "WeightsDisplay":
        """Draw the weights of an estimator.

        Parameters
        ----------
        estimator : estimator or Pipeline
            A fitted one with ``coefs_``, as those of this package and scikit-learn's
            networks, or a pipeline that ends with one.
        ax : matplotlib.axes.Axes or array-like of Axes, default=None
            Where; a new figure if None.
        image_shape, units, n_cols, hist_kwargs, imshow_kwargs
            As for :meth:`plot`.

        Returns
        -------
        WeightsDisplay
            With ``axes_``, ``ax_`` and ``figure_``.
        """
        last = last_step(estimator)
        display = cls(coefs=weights_of(last), masks=masks_of(last))
        return display.plot(
            ax,
            image_shape=image_shape,
            units=units,
            n_cols=n_cols,
            hist_kwargs=hist_kwargs,
            imshow_kwargs=imshow_kwargs,
        )


def _shape(coef: np.ndarray) -> str:
    return " × ".join(map(str, coef.shape))


def _named(units: Sequence[int], n_units: int) -> np.ndarray:
    """Return the units that were asked for, if there are such."""
    chosen = np.asarray(units)
    numbers = chosen.ndim == 1 and chosen.size > 0 and chosen.dtype.kind in "iu"
    if not numbers or chosen.min() < -n_units or chosen.max() >= n_units:
        raise ValueError(
            f"units must be a list of numbers below {n_units}, of hidden units of the "
            f"first layer, got {units}."
        )
    return chosen


def _largest(coef: np.ndarray) -> np.ndarray:
    """Return the units with the largest weights, in their own order."""
    return np.sort(np.argsort(-np.linalg.norm(coef, axis=0))[:MAX_IMAGES])


def _mosaic(images: np.ndarray) -> np.ndarray:
    """Return images side by side, with lines of NaN in between."""
    n, height, width = images.shape
    n_cols = int(np.ceil(np.sqrt(n)))
    n_rows = -(-n // n_cols)
    canvas = np.full((n_rows * (height + 1), n_cols * (width + 1)), np.nan)
    for index, image in enumerate(images):
        top, left = (index // n_cols) * (height + 1), (index % n_cols) * (width + 1)
        canvas[top : top + height, left : left + width] = image
    return canvas[:-1, :-1]
