"""The course of a fit: loss, validation, learning rate."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skbackprop._plotting import axes_of, style, twin, twins
from skbackprop.estimators._pipelines import last_step
from skbackprop.inspection._networks import recorded

__all__ = ["LossCurveDisplay"]

LINE = "lines.Line2D"
SCORE, RATE = "validation score", "learning rate"
# Colours of lines over the losses differ from those of all lines below.
COLORS = {SCORE: "C2", RATE: "C3"}
DASHES: dict[str, Any] = {SCORE: "-.", RATE: (0, (1, 1))}


class LossCurveDisplay:
    """The losses of a fit against its epochs; needs matplotlib.

    Make it with :meth:`from_estimator`. All parameters are stored as attributes.

    Parameters
    ----------
    loss_curve : sequence of float
        The training loss of each epoch.
    validation_loss_curve : sequence of float, default=None
        The validation loss after each epoch.
    validation_scores : sequence of float, default=None
        The validation score after each epoch.
    learning_rate_curve : sequence of float, default=None
        The rate that each epoch began at.
    best_epoch : int, default=None
        The epoch, counted from 1, whose weights were kept.
    name : str, default=None
        The name of the estimator, for the legend.

    Attributes
    ----------
    line_ : matplotlib.lines.Line2D
        The training loss.
    validation_line_ : matplotlib.lines.Line2D or None
        The validation loss, if there is one.
    best_line_ : matplotlib.lines.Line2D or None
        The mark of the epoch whose weights were kept.
    score_line_, learning_rate_line_ : matplotlib.lines.Line2D or None
        Where these were asked for.
    ax_ : matplotlib.axes.Axes
        The axes of the losses.
    score_ax_, learning_rate_ax_ : matplotlib.axes.Axes or None
        Those of the score and of the learning rate, with axes at the right.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import LossCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier(early_stopping=True, random_state=0).fit(X, y)
    >>> display = LossCurveDisplay.from_estimator(model, plot_score=True)
    >>> [line.get_label() for line in display.ax_.lines]
    ['training loss', 'validation loss', 'best epoch']
    """

    def __init__(
        self,
        *,
        loss_curve: Sequence[float],
        validation_loss_curve: Sequence[float] | None = None,
        validation_scores: Sequence[float] | None = None,
        learning_rate_curve: Sequence[float] | None = None,
        best_epoch: int | None = None,
        name: str | None = None,
    ) -> None:
        self.loss_curve = loss_curve
        self.validation_loss_curve = validation_loss_curve
        self.validation_scores = validation_scores
        self.learning_rate_curve = learning_rate_curve
        self.best_epoch = best_epoch
        self.name = name

    def plot(
        self,
        ax: Any = None,
        *,
        name: str | None = None,
        log_scale: bool = False,
        plot_validation: bool = True,
        plot_score: bool = False,
        plot_learning_rate: bool = False,
        curve_kwargs: Mapping[str, Any] | None = None,
        validation_kwargs: Mapping[str, Any] | None = None,
        best_kwargs: Mapping[str, Any] | None = None,
        score_kwargs: Mapping[str, Any] | None = None,
        learning_rate_kwargs: Mapping[str, Any] | None = None,
    ) -> "LossCurveDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None. Curves of several estimators may share one.
        name : str, default=None
            The name of the estimator, for the legend; the one given before if None.
        log_scale : bool, default=False
            Whether losses are on a logarithmic axis.
        plot_validation : bool, default=True
            Whether the validation loss is drawn and the best epoch marked, if there was
            early stopping.
        plot_score : bool, default=False
            Whether the validation score is drawn, on an axis of its own.
        plot_learning_rate : bool, default=False
            Whether the learning rate is drawn, on an axis of its own.
        curve_kwargs, validation_kwargs, best_kwargs, score_kwargs, \
                learning_rate_kwargs : dict, default=None
            Properties of the lines.

        Returns
        -------
        LossCurveDisplay
            Itself.
        """
        self._check(plot_score, plot_learning_rate)
        self.ax_ = axes_of("LossCurveDisplay", ax)
        self.figure_ = self.ax_.figure
        name = self.name if name is None else name
        self._plot_losses(name, plot_validation, curve_kwargs, validation_kwargs)
        self._plot_best(plot_validation, best_kwargs)
        self.score_ax_, self.score_line_ = self._over(
            SCORE, plot_score, self.validation_scores, name, score_kwargs
        )
        steps = {"drawstyle": "steps-post", **(learning_rate_kwargs or {})}
        self.learning_rate_ax_, self.learning_rate_line_ = self._over(
            RATE, plot_learning_rate, self.learning_rate_curve, name, steps
        )
        self.ax_.set(xlabel="epoch", ylabel="loss")
        if log_scale:
            self.ax_.set_yscale("log")
        self._add_legend()
        return self

    def _check(self, plot_score: bool, plot_learning_rate: bool) -> None:
        if plot_score and not _given(self.validation_scores):
            raise ValueError(
                "plot_score=True needs validation scores: fit with early_stopping=True."
            )
        if plot_learning_rate and not _given(self.learning_rate_curve):
            raise ValueError(
                "plot_learning_rate=True needs a record of learning rates, which "
                "step-wise solvers such as 'adam' keep."
            )

    def _plot_losses(
        self,
        name: str | None,
        plot_validation: bool,
        curve_kwargs: Mapping[str, Any] | None,
        validation_kwargs: Mapping[str, Any] | None,
    ) -> None:
        label = "training loss" if name is None else name
        self.line_ = _draw(self.ax_, self.loss_curve, {"label": label}, curve_kwargs)
        self.validation_line_ = None
        if not plot_validation or not _given(self.validation_loss_curve):
            return
        defaults = {
            "label": "validation loss" if name is None else f"{name}, validation",
            "color": self.line_.get_color(),
            "linestyle": "--",
        }
        self.validation_line_ = _draw(
            self.ax_, self.validation_loss_curve, defaults, validation_kwargs
        )

    def _plot_best(
        self, plot_validation: bool, best_kwargs: Mapping[str, Any] | None
    ) -> None:
        self.best_line_ = None
        if not plot_validation or self.best_epoch is None:
            return
        marked = any(line.get_label() == "best epoch" for line in self.ax_.lines)
        options = style(
            LINE,
            {
                "label": "_best epoch" if marked else "best epoch",
                "color": self.line_.get_color(),
                "linestyle": ":",
                "linewidth": 1.0,
            },
            best_kwargs,
        )
        self.best_line_ = self.ax_.axvline(self.best_epoch, **options)

    def _over(
        self,
        what: str,
        wanted: bool,
        curve: Sequence[float] | None,
        name: str | None,
        kwargs: Mapping[str, Any] | None,
    ) -> tuple[Any, Any]:
        """Draw a curve over the losses, with an axis of its own."""
        if not wanted:
            return None, None
        over = twin(self.ax_, what)
        defaults = {
            "label": what if name is None else f"{name}, {what}",
            "color": COLORS[what] if name is None else self.line_.get_color(),
            "linestyle": DASHES[what],
        }
        return over, _draw(over, curve, defaults, kwargs)

    def _add_legend(self) -> None:
        """Tell the lines apart, those over the losses included."""
        over = twins(self.ax_)
        lines = [line for ax in (self.ax_, *over) for line in ax.lines]
        named = [line for line in lines if not line.get_label().startswith("_")]
        # No place inside is free of several axes' lines.
        above = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "ncols": 2}
        self.ax_.legend(handles=named, **(above if over else {}))

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        name: str | None = None,
        ax: Any = None,
        log_scale: bool = False,
        plot_validation: bool = True,
        plot_score: bool = False,
        plot_learning_rate: bool = False,
        curve_kwargs: Mapping[str, Any] | None = None,
        validation_kwargs: Mapping[str, Any] | None = None,
        best_kwargs: Mapping[str, Any] | None = None,
        score_kwargs: Mapping[str, Any] | None = None,
        learning_rate_kwargs: Mapping[str, Any] | None = None,
    ) -> "LossCurveDisplay":
        """Draw the course of an estimator's last fit.

        Parameters
        ----------
        estimator : estimator or Pipeline
            A fitted one with a ``loss_curve_``, as those of this package and
            scikit-learn's networks, or a pipeline that ends with one.
        name : str, default=None
            Its name, for the legend.
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None. Curves of several estimators may share one.
        log_scale, plot_validation, plot_score, plot_learning_rate, curve_kwargs, \
                validation_kwargs, best_kwargs, score_kwargs, learning_rate_kwargs
            As for :meth:`plot`.

        Returns
        -------
        LossCurveDisplay
            With ``ax_`` and ``figure_``.
        """
        last = last_step(estimator)
        advice = (
            "only what is trained by epochs has a curve of losses. Of a search, pass "
            "best_estimator_"
        )
        display = cls(
            loss_curve=recorded(last, "loss_curve_", advice),
            validation_loss_curve=getattr(last, "validation_loss_curve_", None),
            validation_scores=getattr(last, "validation_scores_", None),
            learning_rate_curve=getattr(last, "learning_rate_curve_", None),
            best_epoch=_best_epoch(last),
            name=name,
        )
        return display.plot(
            ax,
            log_scale=log_scale,
            plot_validation=plot_validation,
            plot_score=plot_score,
            plot_learning_rate=plot_learning_rate,
            curve_kwargs=curve_kwargs,
            validation_kwargs=validation_kwargs,
            best_kwargs=best_kwargs,
            score_kwargs=score_kwargs,
            learning_rate_kwargs=learning_rate_kwargs,
        )


def _given(curve: Sequence[float] | None) -> bool:
    return curve is not None and len(curve) > 0


def _draw(
    ax: Any,
    curve: Sequence[float] | None,
    defaults: Mapping[str, Any],
    kwargs: Mapping[str, Any] | None,
) -> Any:
    values = np.asarray(curve, dtype=float)
    # A line of one point would not be seen.
    dot = {"marker": "o"} if len(values) == 1 else {}
    epochs = np.arange(1, len(values) + 1)
    (line,) = ax.plot(epochs, values, **style(LINE, {**dot, **defaults}, kwargs))
    return line


def _best_epoch(estimator: Any) -> int | None:
    """Return the epoch with the best score, if it was one that had it.

    What a fit begins with may have been the best; and the score of an epoch before the
    last pruning does not count.
    """
    scores = np.asarray(getattr(estimator, "validation_scores_", None), dtype=float)
    best = getattr(estimator, "best_validation_score_", None)
    if scores.ndim == 0 or best is None:
        return None
    better = np.flatnonzero(scores > best)
    start = better[-1] + 1 if len(better) else 0
    equal = np.flatnonzero(scores[start:] == best)
    return int(start + equal[0]) + 1 if len(equal) else None
