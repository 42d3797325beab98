"""Rows as points in a plane: embeddings, and what hidden layers make of rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils import check_array, check_consistent_length, column_or_1d, get_tags
from sklearn.utils.validation import check_is_fitted

from skbackprop._plotting import axes_of, scatter_style, style
from skbackprop.estimators._pipelines import seen_by_last_step
from skbackprop.inspection._networks import of_skbackprop

__all__ = ["EmbeddingDisplay"]

# Whole numbers of more kinds than this are no classes.
MAX_CLASSES = 30


class EmbeddingDisplay:
    """Rows as points of a plane, in the colors of their targets; needs matplotlib.

    Of more than two columns the first two principal components are drawn. Targets that
    are broken numbers, or numbers of more than 30 kinds, have a scale of colors, others
    are classes. Make it with
    :meth:`from_estimator` or :meth:`from_predictions`. All parameters are stored as
    attributes.

    Parameters
    ----------
    points : ndarray of shape (n_samples, 2)
        The rows.
    y : array-like of shape (n_samples,), default=None
        Classes or numbers, for the colors.
    labels : tuple of str, default=('component 1', 'component 2')
        What the axes tell.

    Attributes
    ----------
    points_ : list of matplotlib.collections.PathCollection
        One for each class; a single one without classes.
    texts_ : list of matplotlib.text.Text
        The names of classes, where they were asked for.
    colorbar_ : matplotlib.colorbar.Colorbar or None
        The scale of targets that are numbers.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropEmbedder
    >>> from skbackprop.inspection import EmbeddingDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropEmbedder(2, tol=0.01, random_state=0).fit(X, y)
    >>> display = EmbeddingDisplay.from_estimator(model, X, y)
    >>> [len(points.get_offsets()) for points in display.points_]
    [50, 50, 50]
    """

    def __init__(
        self,
        *,
        points: np.ndarray,
        y: Any = None,
        labels: tuple[str, str] = ("component 1", "component 2"),
    ) -> None:
        self.points, self.y, self.labels = points, y, labels

    def plot(
        self,
        ax: Any = None,
        *,
        annotate: bool = False,
        cmap: Any = None,
        scatter_kwargs: Mapping[str, Any] | None = None,
        text_kwargs: Mapping[str, Any] | None = None,
    ) -> "EmbeddingDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        annotate : bool, default=False
            Whether the name of each class is written amid its points, instead of into a
            legend.
        cmap : str or Colormap, default=None
            Where colors come from; matplotlib's cycle for classes, and its own map for
            numbers, if None.
        scatter_kwargs : dict, default=None
            Further arguments of ``Axes.scatter``.
        text_kwargs : dict, default=None
            Properties of the names.

        Returns
        -------
        EmbeddingDisplay
            Itself.
        """
        self.ax_ = axes_of("EmbeddingDisplay", ax)
        self.figure_ = self.ax_.figure
        self.points_: list[Any] = []
        self.texts_: list[Any] = []
        self.colorbar_ = None
        if self.y is None:
            self._scatter(self.points, {}, scatter_kwargs)
        elif _are_numbers(np.asarray(self.y)):
            drawn = self._scatter(
                self.points, {"c": self.y, "cmap": cmap}, scatter_kwargs
            )
            self.colorbar_ = self.figure_.colorbar(drawn, ax=self.ax_, label="target")
        else:
            self._plot_classes(annotate, cmap, scatter_kwargs, text_kwargs)
        self.ax_.set(xlabel=self.labels[0], ylabel=self.labels[1])
        return self

    def _plot_classes(
        self,
        annotate: bool,
        cmap: Any,
        scatter_kwargs: Mapping[str, Any] | None,
        text_kwargs: Mapping[str, Any] | None,
    ) -> None:
        y = np.asarray(self.y)
        classes = np.unique(y)
        for each, color in zip(classes, _colors(len(classes), cmap), strict=True):
            own = self.points[y == each]
            defaults = {"label": str(each), "color": color}
            self._scatter(own, defaults, scatter_kwargs)
            if annotate:
                self._name(str(each), np.median(own, axis=0), text_kwargs)
        if not annotate:
            self.ax_.legend(title="class")

    def _scatter(
        self, points: np.ndarray, defaults: Mapping, scatter_kwargs: Mapping | None
    ) -> Any:
        options = scatter_style({"s": 12, **defaults}, scatter_kwargs)
        self.points_.append(self.ax_.scatter(*points.T, **options))
        return self.points_[-1]

    def _name(self, name: str, place: np.ndarray, text_kwargs: Mapping | None) -> None:
        defaults = {
            "fontweight": "bold",
            "horizontalalignment": "center",
            "verticalalignment": "center",
            "bbox": {"boxstyle": "round,pad=0.15", "fc": "w", "alpha": 0.8, "lw": 0},
        }
        options = style("text.Text", defaults, text_kwargs)
        self.texts_.append(self.ax_.text(*place, name, **options))

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        layer: int | None = None,
        ax: Any = None,
        annotate: bool = False,
        cmap: Any = None,
        scatter_kwargs: Mapping[str, Any] | None = None,
        text_kwargs: Mapping[str, Any] | None = None,
    ) -> "EmbeddingDisplay":
        """Draw what an estimator makes of rows.

        Parameters
        ----------
        estimator : estimator or Pipeline
            A fitted one, or a pipeline that ends with one. What has ``transform``, such
            as :class:`~skbackprop.BackpropEmbedder` and
            :class:`~sklearn.decomposition.PCA`, is drawn by its outputs; a classifier
            or regressor of this package by its last hidden layer.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,), default=None
            Classes or numbers, for the colors.
        layer : int, default=None
            Which hidden layer to draw instead, counted from 0 as in
            ``hidden_activations``; -1 is the last one.
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        annotate, cmap, scatter_kwargs, text_kwargs
            As for :meth:`plot`.

        Returns
        -------
        EmbeddingDisplay
            With ``ax_`` and ``figure_``.
        """
        if layer is None and get_tags(estimator).transformer_tags is not None:
            check_is_fitted(estimator)
            embedding = estimator.transform(X)
        else:
            embedding = _hidden(estimator, X, -1 if layer is None else layer)
        return cls.from_predictions(
            embedding,
            y,
            ax=ax,
            annotate=annotate,
            cmap=cmap,
            scatter_kwargs=scatter_kwargs,
            text_kwargs=text_kwargs,
        )

    @classmethod
    def from_predictions(
        cls,
        embedding: Any,
        y: Any = None,
        *,
        ax: Any = None,
        annotate: bool = False,
        cmap: Any = None,
        scatter_kwargs: Mapping[str, Any] | None = None,
        text_kwargs: Mapping[str, Any] | None = None,
    ) -> "EmbeddingDisplay":
        """Draw rows that are embedded already.

        Parameters
        ----------
        embedding : array-like of shape (n_samples, n_components)
            The rows, in two columns or more.
        y : array-like of shape (n_samples,), default=None
            Classes or numbers, for the colors.
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        annotate, cmap, scatter_kwargs, text_kwargs
            As for :meth:`plot`.

        Returns
        -------
        EmbeddingDisplay
            With ``ax_`` and ``figure_``.
        """
        embedding = check_array(embedding, dtype="numeric")
        y = None if y is None else column_or_1d(y)
        check_consistent_length(embedding, y)
        points, labels = _plane(embedding)
        return cls(points=points, y=y, labels=labels).plot(
            ax,
            annotate=annotate,
            cmap=cmap,
            scatter_kwargs=scatter_kwargs,
            text_kwargs=text_kwargs,
        )


def _hidden(estimator: Any, X: Any, layer: int) -> np.ndarray:
    """Return what a hidden layer makes of rows."""
    last = of_skbackprop(estimator)
    check_is_fitted(last)
    found = last.hidden_activations(seen_by_last_step(estimator, X))
    if layer not in range(-len(found), len(found)):
        raise ValueError(
            f"layer={layer!r} is none of the hidden layers: there are {len(found)}, "
            "counted from 0."
        )
    return found[layer]


def _are_numbers(y: np.ndarray) -> bool:
    """Tell whether targets are numbers rather than classes."""
    if y.dtype.kind not in "iuf":
        return False
    kinds = np.unique(y)
    return len(kinds) > MAX_CLASSES or bool((kinds != np.floor(kinds)).any())


def _plane(embedding: np.ndarray) -> tuple[np.ndarray, tuple[str, str]]:
    """Return two columns, by principal components if there are more."""
    if embedding.shape[1] < 2:
        raise ValueError(
            f"Points of a plane need two columns, got {embedding.shape[1]}."
        )
    if embedding.shape[1] == 2:
        return embedding, ("component 1", "component 2")
    if len(embedding) < 2:
        raise ValueError("Principal components need two rows, got 1.")
    centered = embedding - embedding.mean(axis=0)
    u, s, _ = np.linalg.svd(centered, full_matrices=False)
    total = float((s**2).sum()) or 1.0
    first, second = s[:2] ** 2 / total
    labels = (
        f"principal component 1 ({first:.0%} of the variance)",
        f"principal component 2 ({second:.0%})",
    )
    return (u * s)[:, :2], labels


def _colors(n: int, cmap: Any) -> list[Any]:
    """Return a color for each class: the current cycle, or a map if it is too short."""
    from matplotlib import pyplot, rcParams

    cycle = rcParams["axes.prop_cycle"].by_key().get("color", [])
    if cmap is not None:
        return [*pyplot.get_cmap(cmap)(np.linspace(0.0, 1.0, n))]
    if n <= len(cycle):
        return [*cycle[:n]]
    return [*pyplot.get_cmap("turbo")(np.linspace(0.05, 0.95, n))]
