"""Which rows a splitter holds out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils import indexable

from skbackprop._plotting import axes_of, scatter_style

__all__ = ["SplitDisplay"]


class SplitDisplay:
    """The splits of cross-validation, a line for each; needs matplotlib.

    Rows that train and rows that are held out differ in color; there is a gap where a
    row does neither. Make it with :meth:`from_splitter` or :meth:`from_estimator`. All
    parameters are stored as attributes.

    Parameters
    ----------
    splits : sequence of (train, test)
        The numbers of the rows.

    Attributes
    ----------
    train_points_, test_points_ : matplotlib.collections.PathCollection
        The rows that train, and those that are held out.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import TimeSeriesSplit
    >>> from skbackprop.tuning import SplitDisplay
    >>> X = np.zeros((24, 1))
    >>> display = SplitDisplay.from_splitter(TimeSeriesSplit(5, gap=1), X)
    >>> [len(test) for train, test in display.splits]
    [4, 4, 4, 4, 4]
    """

    def __init__(self, *, splits: Sequence[tuple[np.ndarray, np.ndarray]]) -> None:
        self.splits = splits

    def plot(
        self,
        ax: Any = None,
        *,
        scatter_kwargs: Mapping[str, Any] | None = None,
        test_kwargs: Mapping[str, Any] | None = None,
    ) -> "SplitDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        scatter_kwargs : dict, default=None
            Further arguments of ``Axes.scatter``.
        test_kwargs : dict, default=None
            Further ones for the rows that are held out.

        Returns
        -------
        SplitDisplay
            Itself.
        """
        self.ax_ = axes_of("SplitDisplay", ax)
        self.figure_ = self.ax_.figure
        squares = {"s": 14, "marker": "s"}
        train = {**squares, "color": "C0", "label": "train"}
        test = {**squares, "color": "C1", "label": "test"}
        train = scatter_style(train, scatter_kwargs)
        test = scatter_style(scatter_style(test, scatter_kwargs), test_kwargs)
        self.train_points_ = self._scatter(0, train)
        self.test_points_ = self._scatter(1, test)
        self.ax_.set(xlabel="row", ylabel="split")
        # The first split at the top.
        self.ax_.set_ylim(len(self.splits) + 0.5, 0.5)
        for axis in (self.ax_.xaxis, self.ax_.yaxis):
            axis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        self.ax_.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)
        return self

    def _scatter(self, part: int, options: Mapping[str, Any]) -> Any:
        rows = [np.asarray(split[part]) for split in self.splits]
        lines = np.repeat(np.arange(1, len(rows) + 1), [len(each) for each in rows])
        return self.ax_.scatter(np.concatenate(rows), lines, **options)

    @classmethod
    def from_splitter(
        cls,
        cv: Any,
        X: Any,
        y: Any = None,
        groups: Any = None,
        *,
        classifier: bool = False,
        ax: Any = None,
        scatter_kwargs: Mapping[str, Any] | None = None,
        test_kwargs: Mapping[str, Any] | None = None,
    ) -> "SplitDisplay":
        """Split rows, and draw.

        Parameters
        ----------
        cv : int, splitter or iterable
            As in :class:`~sklearn.model_selection.GridSearchCV`.
        X, y, groups : array-like
            What is split.
        classifier : bool, default=False
            Whether a number of folds means stratified ones.
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        scatter_kwargs, test_kwargs
            As for :meth:`plot`.

        Returns
        -------
        SplitDisplay
            With ``ax_`` and ``figure_``.
        """
        X, y, groups = indexable(X, y, groups)
        splits = [*check_cv(cv, y, classifier=classifier).split(X, y, groups)]
        return cls(splits=splits).plot(
            ax, scatter_kwargs=scatter_kwargs, test_kwargs=test_kwargs
        )

    @classmethod
    def from_estimator(
        cls,
        search: Any,
        X: Any,
        y: Any = None,
        groups: Any = None,
        *,
        ax: Any = None,
        scatter_kwargs: Mapping[str, Any] | None = None,
        test_kwargs: Mapping[str, Any] | None = None,
    ) -> "SplitDisplay":
        """Draw what a search holds out.

        Parameters
        ----------
        search : BackpropSearchCV, GridSearchCV or another one with ``cv``
            Fitted or not.
        X, y, groups : array-like
            What it is to be fitted to.
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        scatter_kwargs, test_kwargs
            As for :meth:`plot`.

        Returns
        -------
        SplitDisplay
            With ``ax_`` and ``figure_``.
        """
        if not hasattr(search, "cv"):
            raise TypeError(
                "SplitDisplay.from_estimator takes a search, or what else has a "
                f"parameter cv, not {type(search).__name__}: from_splitter takes "
                "splitters and numbers of folds."
            )
        return cls.from_splitter(
            search.cv,
            X,
            y,
            groups,
            classifier=is_classifier(search.estimator),
            ax=ax,
            scatter_kwargs=scatter_kwargs,
            test_kwargs=test_kwargs,
        )
