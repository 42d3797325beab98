"""What the displays share: matplotlib where it is installed, axes, and styles."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

__all__ = [
    "axes_of",
    "check_image_shape",
    "one_or_all",
    "pyplot",
    "scatter_style",
    "share_of",
    "style",
    "twin",
    "twins",
]

# How far apart several axes at the right stand, in points.
APART = 48.0


def pyplot(name: str) -> Any:
    """Return ``matplotlib.pyplot``.

    Parameters
    ----------
    name : str
        Who needs it.

    Returns
    -------
    module
        Imported when a picture is drawn, and not before.
    """
    try:
        from matplotlib import pyplot
    except ImportError as missing:
        raise ImportError(
            f"{name} needs matplotlib: pip install 'skbackprop[plot]'."
        ) from missing
    return pyplot


def axes_of(name: str, ax: Any = None, size: tuple[float, float] | None = None) -> Any:
    """Return the axes to draw on.

    Parameters
    ----------
    name : str
        Who draws.
    ax : matplotlib.axes.Axes, default=None
        What the user gave.
    size : tuple of float, default=None
        Width and height of a new figure, in inches; matplotlib's own if None.

    Returns
    -------
    matplotlib.axes.Axes
        The same, or those of a new figure.
    """
    if ax is not None:
        return ax
    return pyplot(name).subplots(figsize=size, layout="constrained")[1]


def share_of(
    name: str, ax: Any, n: int, n_cols: int, size: tuple[float, float], **shared: Any
) -> np.ndarray:
    """Return several axes, as scikit-learn's displays with more than one do.

    Parameters
    ----------
    name : str
        Who draws.
    ax : matplotlib.axes.Axes, array-like of Axes or None
        One is divided, several are drawn on as they are, None is a new figure.
    n : int
        How many are needed.
    n_cols : int
        At most this many side by side.
    size : tuple of float
        Width and height of each in a new figure.
    **shared : dict
        ``sharex`` and ``sharey``.

    Returns
    -------
    ndarray of shape (n,)
        The axes.
    """
    if n_cols < 1:
        raise ValueError(f"n_cols must be at least 1, got {n_cols}.")
    if ax is not None and np.ndim(ax) > 0:
        given = np.ravel(ax)
        if len(given) != n:
            raise ValueError(f"Expected ax to have {n} axes, got {len(given)}.")
        return given
    n_cols = min(n_cols, n)
    n_rows = -(-n // n_cols)
    if ax is None:
        figure = pyplot(name).figure(
            figsize=(size[0] * n_cols, size[1] * n_rows), layout="constrained"
        )
        cells = figure.add_gridspec(n_rows, n_cols).subplots(squeeze=False, **shared)
    else:
        grid = _divided(name, ax).subgridspec(n_rows, n_cols)
        ax.set_axis_off()
        cells = grid.subplots(squeeze=False, **shared)
    flat = cells.ravel()
    for unused in flat[n:]:
        unused.set_axis_off()
    return flat[:n]


def check_image_shape(shape: Any, n_inputs: int) -> None:
    """Refuse what is not the shape of images that are inputs.

    Parameters
    ----------
    shape : tuple of int
        Height and width, as the user gave them.
    n_inputs : int
        How many inputs the network has.
    """
    sizes = np.asarray(shape)
    if sizes.shape != (2,) or sizes.dtype.kind not in "iu" or sizes.min() < 1:
        raise ValueError(
            f"image_shape must be two positive integers, height and width, got {shape}."
        )
    if sizes.prod() != n_inputs:
        raise ValueError(
            f"image_shape={tuple(shape)} is for {sizes.prod()} inputs, but the network "
            f"has {n_inputs}."
        )


def one_or_all(axes: np.ndarray) -> Any:
    """Return what displays show as ``ax_``.

    Parameters
    ----------
    axes : ndarray of matplotlib.axes.Axes
        Those that were drawn on.

    Returns
    -------
    matplotlib.axes.Axes or ndarray of Axes
        Several are what ``ax=`` takes to draw on them again.
    """
    return axes[0] if len(axes) == 1 else axes


def _divided(name: str, ax: Any) -> Any:
    """Return the place of axes that are divided."""
    place = ax.get_subplotspec()
    if place is None:
        raise ValueError(
            f"{name} divides axes that are part of a grid, as those of plt.subplots. "
            "Pass such ones as ax, or an array of as many as it draws."
        )
    return place


def style(kind: str, defaults: Mapping, given: Mapping | None) -> dict[str, Any]:
    """Return the properties of an artist: the user's own before the defaults.

    Parameters
    ----------
    kind : str
        The class of the artist, by its place in matplotlib, as 'lines.Line2D'.
    defaults : dict
        Under full names or short ones such as ``c`` and ``ls``.
    given : dict or None
        The user's, likewise.

    Returns
    -------
    dict
        Both, under full names.
    """
    from matplotlib.cbook import normalize_kwargs

    module, _, name = kind.rpartition(".")
    artist = getattr(import_module(f"matplotlib.{module}"), name)
    # One property under two names would be refused: the user's own is to win.
    own = normalize_kwargs(dict(given or {}), artist)
    return {**normalize_kwargs(dict(defaults), artist), **own}


def scatter_style(defaults: Mapping, given: Mapping | None) -> dict[str, Any]:
    """Return the arguments of ``Axes.scatter``, which takes colors by two names.

    Parameters
    ----------
    defaults : dict
        Under full names.
    given : dict or None
        The user's: ``c`` takes the place of a ``color`` in the defaults, and ``color``
        that of a ``c``.

    Returns
    -------
    dict
        Both.
    """
    options = style("collections.PathCollection", defaults, given)
    for one, other in (("c", "color"), ("color", "c")):
        if one in (given or {}):
            options.pop(other, None)
    return options


def twin(ax: Any, label: str) -> Any:
    """Return the axes over others with an axis at the right; alike for all who ask.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        What they lie over.
    label : str
        What the axis tells.

    Returns
    -------
    matplotlib.axes.Axes
        New ones, unless there are some with this label. Of several the axes stand side
        by side.
    """
    others = twins(ax)
    mark = f"{label}{_over(ax)}"
    for other in others:
        if other.get_label() == mark:
            return other
    over = ax.twinx()
    over.set_label(mark)
    over.set_ylabel(label)
    over.spines["right"].set_position(("outward", APART * len(others)))
    return over


def twins(ax: Any) -> list[Any]:
    """Return what ``twin`` has put over axes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        What they lie over.

    Returns
    -------
    list of matplotlib.axes.Axes
        In the order they came in.
    """
    mark = _over(ax)
    return [other for other in ax.figure.axes if str(other.get_label()).endswith(mark)]


def _over(ax: Any) -> str:
    return f" over {id(ax)}"
