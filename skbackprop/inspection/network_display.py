"""The architecture of a network, drawn with its units and weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skbackprop._plotting import axes_of, style
from skbackprop.inspection._captions import captions_of, output_names_of
from skbackprop.inspection._networks import masks_of, of_skbackprop, weights_of

__all__ = ["NetworkDisplay"]

NODE = 90.0
# Inches that a column takes with its caption, and a letter of a name.
COLUMN, LETTER = 1.3, 0.09


class NetworkDisplay:
    """A network as columns of units with its weights in between; needs matplotlib.

    Weights are blue where negative and red where positive, the wider the larger; those
    that are held at zero are left out, and units without any are hollow. Of wide layers
    the first and the last units are shown. Make it with :meth:`from_estimator`. All
    parameters are stored as attributes.

    Parameters
    ----------
    coefs : list of ndarray of shape (n_in, n_out)
        The weights of each layer.
    masks : list of ndarray of bool, default=None
        Which of them are not held at zero.
    captions : list of str, default=None
        What stands below each column, of which there is one more than layers.
    feature_names : sequence of str, default=None
        The names of the inputs.
    output_names : sequence of str, default=None
        The names of the outputs.

    Attributes
    ----------
    nodes_ : list of matplotlib.collections.PathCollection
        The units of each column.
    edges_ : list of matplotlib.collections.LineCollection
        The weights of each layer.
    texts_ : list of matplotlib.text.Text
        Captions and names.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import NetworkDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((5,), tol=0.01, random_state=0).fit(X, y)
    >>> display = NetworkDisplay.from_estimator(model)
    >>> [len(nodes.get_offsets()) for nodes in display.nodes_]
    [4, 5, 3]
    """

    def __init__(
        self,
        *,
        coefs: Sequence[np.ndarray],
        masks: Sequence[np.ndarray] | None = None,
        captions: Sequence[str] | None = None,
        feature_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
    ) -> None:
        self.coefs, self.masks, self.captions = coefs, masks, captions
        self.feature_names, self.output_names = feature_names, output_names

    def plot(
        self,
        ax: Any = None,
        *,
        max_units: int = 12,
        node_kwargs: Mapping[str, Any] | None = None,
        edge_kwargs: Mapping[str, Any] | None = None,
        text_kwargs: Mapping[str, Any] | None = None,
    ) -> "NetworkDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        max_units : int, default=12
            How many units of a layer are shown at most, an even number of them where
            there are more.
        node_kwargs : dict, default=None
            Further arguments of ``Axes.scatter``.
        edge_kwargs : dict, default=None
            Properties of the collections of lines.
        text_kwargs : dict, default=None
            Properties of the texts.

        Returns
        -------
        NetworkDisplay
            Itself.
        """
        if max_units < 2:
            raise ValueError(f"max_units must be at least 2, got {max_units}.")
        widths = [len(self.coefs[0]), *(coef.shape[1] for coef in self.coefs)]
        _check_number("feature_names", self.feature_names, widths[0])
        _check_number("output_names", self.output_names, widths[-1])
        _check_number("captions", self.captions, len(widths))
        self.ax_ = axes_of("NetworkDisplay", ax, self._size(len(widths)))
        self.figure_ = self.ax_.figure
        columns = [_Column.of(x, n, max_units) for x, n in enumerate(widths)]
        self.nodes_: list[Any] = []
        self.edges_: list[Any] = []
        self.texts_: list[Any] = []
        free = self._free()
        for index, coef in enumerate(self.coefs):
            left, right = columns[index], columns[index + 1]
            self._draw_edges(coef, free[index], left, right, edge_kwargs)
        for index, column in enumerate(columns):
            self._draw_nodes(column, _alive(free, index), node_kwargs)
        self._write(columns, text_kwargs)
        self.ax_.set_axis_off()
        return self

    def _size(self, n_columns: int) -> tuple[float, float]:
        """Return the size of a figure in which captions and names have room."""
        letters = _longest(self.feature_names) + _longest(self.output_names)
        return max(6.4, COLUMN * n_columns + LETTER * letters), 4.8

    def _free(self) -> list[np.ndarray]:
        if self.masks is None:
            return [np.ones(coef.shape, dtype=bool) for coef in self.coefs]
        return [np.asarray(mask, dtype=bool) for mask in self.masks]

    def _draw_edges(
        self,
        coef: np.ndarray,
        free: np.ndarray,
        left: "_Column",
        right: "_Column",
        edge_kwargs: Mapping[str, Any] | None,
    ) -> None:
        from matplotlib.collections import LineCollection

        shown = np.ix_(left.units, right.units)
        at_left, at_right = np.nonzero(free[shown])
        values = coef[shown][at_left, at_right]
        starts = np.column_stack([np.full(len(values), left.x), left.y[at_left]])
        ends = np.column_stack([np.full(len(values), right.x), right.y[at_right]])
        largest = float(np.abs(coef).max()) or 1.0
        defaults = {
            "cmap": _blue_or_red(),
            "linewidths": 0.5 + 2.0 * np.abs(values) / largest,
            "alpha": 0.8,
            "zorder": 1,
        }
        options = style("collections.LineCollection", defaults, edge_kwargs)
        edges = LineCollection([*np.stack([starts, ends], axis=1)], **options)
        edges.set_array(values)
        edges.set_clim(-largest, largest)
        self.edges_.append(self.ax_.add_collection(edges))

    def _draw_nodes(
        self, column: "_Column", alive: np.ndarray, node_kwargs: Mapping | None
    ) -> None:
        faces = np.where(alive[column.units], "0.25", "white")
        defaults = {"s": NODE, "facecolors": faces, "edgecolors": "0.25", "zorder": 2}
        options = style("collections.PathCollection", defaults, node_kwargs)
        x = np.full(len(column.y), column.x)
        self.nodes_.append(self.ax_.scatter(x, column.y, **options))

    def _write(
        self, columns: "list[_Column]", text_kwargs: Mapping[str, Any] | None
    ) -> None:
        low = min(column.y.min() for column in columns)
        high = max(column.y.max() for column in columns)
        for index, column in enumerate(columns):
            if column.hidden:
                dots = f"⋮\n{column.hidden} more\n⋮"
                self._text(column.x, 0.0, dots, "center", text_kwargs)
            if self.captions is not None:
                below = low - 0.6
                caption = self.captions[index]
                self._text(column.x, below, caption, "center", text_kwargs, va="top")
        for column, names, side, align in (
            (columns[0], self.feature_names, -0.12, "right"),
            (columns[-1], self.output_names, 0.12, "left"),
        ):
            for unit, y in zip(column.units, column.y, strict=True):
                if names is not None:
                    x = column.x + side
                    self._text(x, y, str(names[unit]), align, text_kwargs)
        left = 0.3 if self.feature_names is None else 0.9
        right = 0.3 if self.output_names is None else 0.7
        self.ax_.set_xlim(-left, len(columns) - 1 + right)
        lines = max((c.count("\n") + 1 for c in self.captions or ()), default=0)
        self.ax_.set_ylim(low - 0.8 - 0.075 * lines * (high - low + 2), high + 0.6)

    def _text(
        self,
        x: float,
        y: float,
        text: str,
        align: str,
        text_kwargs: Mapping[str, Any] | None,
        va: str = "center",
    ) -> None:
        short = {"fontsize": "small", "horizontalalignment": align, "zorder": 3}
        defaults = {**short, "verticalalignment": va}
        options = style("text.Text", defaults, text_kwargs)
        self.texts_.append(self.ax_.text(x, y, text, **options))

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        ax: Any = None,
        max_units: int = 12,
        feature_names: Sequence[str] | None = None,
        node_kwargs: Mapping[str, Any] | None = None,
        edge_kwargs: Mapping[str, Any] | None = None,
        text_kwargs: Mapping[str, Any] | None = None,
    ) -> "NetworkDisplay":
        """Draw the network of an estimator.

        Parameters
        ----------
        estimator : BackpropClassifier, BackpropRegressor, BackpropEmbedder or Pipeline
            A fitted one, or a pipeline that ends with one.
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        max_units : int, default=12
            How many units of a layer are shown at most.
        feature_names : sequence of str, default=None
            The names of the inputs; those that the estimator was fitted with if None.
        node_kwargs, edge_kwargs, text_kwargs
            As for :meth:`plot`.

        Returns
        -------
        NetworkDisplay
            With ``ax_`` and ``figure_``.
        """
        last = of_skbackprop(estimator)
        check_is_fitted(last)
        coefs = weights_of(last)
        names = feature_names
        if names is None:
            names = getattr(last, "feature_names_in_", None)
        display = cls(
            coefs=coefs,
            masks=masks_of(last),
            captions=captions_of(last),
            feature_names=names,
            output_names=output_names_of(last, coefs[-1].shape[1]),
        )
        return display.plot(
            ax,
            max_units=max_units,
            node_kwargs=node_kwargs,
            edge_kwargs=edge_kwargs,
            text_kwargs=text_kwargs,
        )


@dataclass(frozen=True)
class _Column:
    """Where the units of a layer are drawn."""

    x: float
    units: np.ndarray
    y: np.ndarray
    hidden: int

    @classmethod
    def of(cls, x: int, n_units: int, max_units: int) -> "_Column":
        """Place the units; if there are too many, the first and the last of them."""
        if n_units <= max_units:
            places = (n_units - 1) / 2 - np.arange(n_units)
            return cls(float(x), np.arange(n_units), places, 0)
        half = int(max_units) // 2
        units = np.concatenate([np.arange(half), np.arange(n_units - half, n_units)])
        above = half + 0.5 - np.arange(half)
        return cls(
            float(x), units, np.concatenate([above, -above[::-1]]), n_units - 2 * half
        )


def _check_number(name: str, texts: Sequence[str] | None, n: int) -> None:
    if texts is not None and len(texts) != n:
        raise ValueError(f"{name} must be {n} texts, got {len(texts)}.")


def _blue_or_red() -> Any:
    """Return the colours of signs: without a white middle, which would not be seen."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    sides = [np.linspace(0.0, 0.33, 128), np.linspace(0.67, 1.0, 128)]
    return ListedColormap(colormaps["RdBu_r"](np.concatenate(sides)))


def _longest(texts: Sequence[str] | None) -> int:
    return 0 if texts is None else max(len(str(text)) for text in texts)


def _alive(free: Sequence[np.ndarray], column: int) -> np.ndarray:
    """Return which units of a column have free weights at each side where any are."""
    after = free[column].any(axis=1) if column < len(free) else True
    before = free[column - 1].any(axis=0) if column > 0 else True
    return np.asarray(before & after)
