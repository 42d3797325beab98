"""Pictures of pruning, in the manner of scikit-learn's displays."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skbackprop._plotting import axes_of, check_image_shape, one_or_all, share_of, style
from skbackprop.core.ops import as_dense
from skbackprop.masking import Criterion
from skbackprop.pruning.pruner import prune
from skbackprop.pruning.sample import check_prunable

__all__ = ["MaskDisplay", "PruningDisplay"]

LINE, IMAGE = "lines.Line2D", "image.AxesImage"
AMOUNTS = (0.0, 0.5, 0.8, 0.9, 0.95)


class PruningDisplay:
    """The score against the share of units that is gone; needs matplotlib.

    Make it with :meth:`from_estimator`. All parameters are stored as attributes.

    Parameters
    ----------
    amounts : sequence of float
        The shares.
    scores : dict of str to sequence of float
        For each criterion, the scores at these.
    unit : str, default='weights'
        What is gone, for the label.

    Attributes
    ----------
    lines_ : list of matplotlib.lines.Line2D
        One for each criterion.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.pruning import PruningDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((20,), solver="lbfgs", random_state=0).fit(X, y)
    >>> display = PruningDisplay.from_estimator(
    ...     model, X, y, criteria=["magnitude", "obs"], X_val=X, y_val=y
    ... )
    >>> display.ax_.get_xlabel()
    'share of weights gone'
    """

    def __init__(
        self,
        *,
        amounts: Sequence[float],
        scores: Mapping[str, Sequence[float]],
        unit: str = "weights",
    ) -> None:
        self.amounts, self.scores, self.unit = amounts, scores, unit

    def plot(
        self,
        ax: Any = None,
        *,
        curve_kwargs: Mapping[str, Any] | None = None,
    ) -> "PruningDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        curve_kwargs : dict, default=None
            Properties of the lines.

        Returns
        -------
        PruningDisplay
            Itself.
        """
        ax = axes_of("PruningDisplay", ax)
        self.lines_: list[Any] = []
        for label, scores in self.scores.items():
            options = style(LINE, {"marker": "o", "label": label}, curve_kwargs)
            self.lines_ += ax.plot(self.amounts, scores, **options)
        ax.set(xlabel=f"share of {self.unit} gone", ylabel="score")
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        X_val: Any,
        y_val: Any,
        criteria: Any = ("magnitude", "obd", "obs"),
        amounts: Sequence[float] = AMOUNTS,
        unit: Any = "weights",
        scoring: Any = None,
        ax: Any = None,
        curve_kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> "PruningDisplay":
        """Prune by several criteria and amounts, score, and draw.

        Parameters
        ----------
        estimator : BackpropClassifier, BackpropRegressor or BackpropEmbedder
            A fitted one; it is not changed.
        X, y : array-like
            What criteria and fine-tuning see.
        X_val, y_val : array-like
            What is scored.
        criteria : str, Criterion or sequence of these
            A line for each.
        amounts : sequence of float
            The shares, in [0, 1).
        unit : str or Unit, default='weights'
            What goes at once.
        scoring : str or callable, optional
            What is scored; by default the estimator's own ``score``.
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        curve_kwargs : dict, default=None
            Properties of the lines.
        **options : dict
            Further arguments of :func:`prune`, such as ``fine_tune_epochs``.

        Returns
        -------
        PruningDisplay
            With ``ax_`` and ``figure_``.
        """
        from sklearn.metrics import check_scoring

        scorer = check_scoring(estimator, scoring=scoring)
        if isinstance(criteria, str | Criterion):
            criteria = [criteria]
        scores: dict[str, list[float]] = {}
        for criterion in criteria:
            pruned = (
                prune(
                    estimator, X, y, criterion=criterion, amount=a, unit=unit, **options
                )
                for a in amounts
            )
            scores[str(criterion)] = [float(scorer(p, X_val, y_val)) for p in pruned]
        display = cls(amounts=amounts, scores=scores, unit=str(unit))
        return display.plot(ax, curve_kwargs=curve_kwargs)


class MaskDisplay:
    """Which weights of each layer are not zero; needs matplotlib.

    A matrix for each layer, or, for images, how many weights each pixel has. Make it
    with :meth:`from_estimator`. All parameters are stored as attributes.

    Parameters
    ----------
    masks : sequence of ndarray of bool
        A matrix for each layer.

    Attributes
    ----------
    images_ : list of matplotlib.image.AxesImage
        The matrices.
    colorbar_ : matplotlib.colorbar.Colorbar or None
        The scale of numbers, with ``image_shape``.
    axes_ : ndarray of matplotlib.axes.Axes
        The axes, one for each layer, or one for the image.
    ax_ : matplotlib.axes.Axes or ndarray of Axes
        The only ones of these, or all.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.pruning import MaskDisplay, prune
    >>> X, y = load_digits(return_X_y=True)
    >>> model = BackpropClassifier((20,), tol=0.01, random_state=0).fit(X / 16, y)
    >>> model = prune(model, amount=0.8)
    >>> len(MaskDisplay.from_estimator(model).axes_)
    2
    >>> display = MaskDisplay.from_estimator(model, image_shape=(8, 8))
    >>> bool(display.images_[0].get_array().sum() == model.masks_[0].sum())
    True
    """

    def __init__(self, *, masks: Sequence[np.ndarray]) -> None:
        self.masks = masks

    def plot(
        self,
        ax: Any = None,
        *,
        image_shape: tuple[int, int] | None = None,
        n_cols: int = 4,
        imshow_kwargs: Mapping[str, Any] | None = None,
    ) -> "MaskDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or array-like of Axes, default=None
            Where; a new figure if None. For several layers a single one is divided.
        image_shape : tuple of int, default=None
            The height and width of images that are the inputs. If given, the number of
            weights that each pixel has is drawn; the matrices otherwise.
        n_cols : int, default=4
            How many matrices are side by side.
        imshow_kwargs : dict, default=None
            Further arguments of ``Axes.imshow``.

        Returns
        -------
        MaskDisplay
            Itself.
        """
        self.colorbar_ = None
        if image_shape is None:
            self._plot_matrices(ax, n_cols, imshow_kwargs)
        else:
            self._plot_image(ax, image_shape, imshow_kwargs)
        self.ax_, self.figure_ = one_or_all(self.axes_), self.axes_[0].figure
        return self

    def _plot_matrices(
        self, ax: Any, n_cols: int, imshow_kwargs: Mapping[str, Any] | None
    ) -> None:
        self.axes_ = share_of("MaskDisplay", ax, len(self.masks), n_cols, (3.0, 2.8))
        defaults = {"cmap": "gray_r", "aspect": "auto", "vmin": 0, "vmax": 1}
        options = style(IMAGE, defaults | {"interpolation": "nearest"}, imshow_kwargs)
        self.images_ = []
        for index, (axis, mask) in enumerate(zip(self.axes_, self.masks, strict=True)):
            self.images_.append(axis.imshow(mask, **options))
            title = f"layer {index + 1}: {mask.mean():.1%} left"
            axis.set(title=title, xlabel="unit")
        for axis in self.axes_[::n_cols]:
            axis.set_ylabel("input")

    def _plot_image(
        self,
        ax: Any,
        shape: tuple[int, int],
        imshow_kwargs: Mapping[str, Any] | None,
    ) -> None:
        counts = np.asarray(self.masks[0]).sum(axis=1)
        check_image_shape(shape, len(counts))
        axis = axes_of("MaskDisplay", ax, (4.0, 3.2))
        self.axes_ = np.array([axis])
        options = style(IMAGE, {"cmap": "gray", "vmin": 0}, imshow_kwargs)
        self.images_ = [axis.imshow(counts.reshape(shape), **options)]
        self.colorbar_ = axis.figure.colorbar(
            self.images_[0], ax=axis, label="weights left"
        )
        axis.set(title="layer 1, by pixel", xticks=[], yticks=[])

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        ax: Any = None,
        image_shape: tuple[int, int] | None = None,
        n_cols: int = 4,
        imshow_kwargs: Mapping[str, Any] | None = None,
    ) -> "MaskDisplay":
        """Draw the weights of an estimator that are not zero.

        Parameters
        ----------
        estimator : BackpropClassifier, BackpropRegressor or BackpropEmbedder
            A fitted one.
        ax : matplotlib.axes.Axes or array-like of Axes, default=None
            Where; a new figure if None.
        image_shape, n_cols, imshow_kwargs
            As for :meth:`plot`.

        Returns
        -------
        MaskDisplay
            With ``axes_``, ``ax_`` and ``figure_``.
        """
        check_prunable(estimator, "MaskDisplay")
        masks = [as_dense(coef) != 0.0 for coef in estimator.coefs_]
        return cls(masks=masks).plot(
            ax, image_shape=image_shape, n_cols=n_cols, imshow_kwargs=imshow_kwargs
        )
