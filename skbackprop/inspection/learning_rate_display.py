"""The course of a learning rate: of a fit, or as a schedule plans it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skbackprop._plotting import axes_of, style
from skbackprop.core.spec import resolve
from skbackprop.estimators._pipelines import last_step
from skbackprop.inspection._networks import recorded
from skbackprop.schedules import FromFunction, Schedule

__all__ = ["LearningRateDisplay"]


class LearningRateDisplay:
    """The learning rate against the epochs; needs matplotlib.

    Make it with :meth:`from_schedule` before a fit, or with :meth:`from_estimator`
    after one. All parameters are stored as attributes.

    Parameters
    ----------
    learning_rate_curve : sequence of float
        The rate that each epoch begins at.
    name : str, default=None
        What has it, for the legend.

    Attributes
    ----------
    line_ : matplotlib.lines.Line2D
        The rates.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from skbackprop.inspection import LearningRateDisplay
    >>> from skbackprop.schedules import Warmup
    >>> display = LearningRateDisplay.from_schedule(
    ...     Warmup(epochs=5, then="cosine"), learning_rate_init=0.01, max_iter=30
    ... )
    >>> len(display.line_.get_ydata())
    30
    """

    def __init__(
        self, *, learning_rate_curve: Sequence[float], name: str | None = None
    ) -> None:
        self.learning_rate_curve, self.name = learning_rate_curve, name

    def plot(
        self,
        ax: Any = None,
        *,
        name: str | None = None,
        log_scale: bool = False,
        curve_kwargs: Mapping[str, Any] | None = None,
    ) -> "LearningRateDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None. Several curves may share one.
        name : str, default=None
            What has it, for the legend; the name given before if None.
        log_scale : bool, default=False
            Whether rates are on a logarithmic axis.
        curve_kwargs : dict, default=None
            Properties of the line.

        Returns
        -------
        LearningRateDisplay
            Itself.
        """
        self.ax_ = axes_of("LearningRateDisplay", ax)
        self.figure_ = self.ax_.figure
        name = self.name if name is None else name
        rates = np.asarray(self.learning_rate_curve, dtype=float)
        # The last epoch has a length as well, and one alone would not be seen.
        epochs, ends = np.arange(1, len(rates) + 1), {"drawstyle": "steps-mid"}
        defaults = {**ends, **({} if name is None else {"label": name})}
        options = style("lines.Line2D", defaults, curve_kwargs)
        (self.line_,) = self.ax_.plot(epochs, rates, **options)
        self.ax_.set(xlabel="epoch", ylabel="learning rate")
        if log_scale:
            self.ax_.set_yscale("log")
        if self.ax_.get_legend_handles_labels()[0]:
            self.ax_.legend()
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        name: str | None = None,
        ax: Any = None,
        log_scale: bool = False,
        curve_kwargs: Mapping[str, Any] | None = None,
    ) -> "LearningRateDisplay":
        """Draw the rates of an estimator's last fit.

        Parameters
        ----------
        estimator : BackpropClassifier, BackpropRegressor, BackpropEmbedder or Pipeline
            A fitted one with a step-wise solver, or a pipeline that ends with one.
        name : str, default=None
            Its name, for the legend.
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None. Several curves may share one.
        log_scale, curve_kwargs
            As for :meth:`plot`.

        Returns
        -------
        LearningRateDisplay
            With ``ax_`` and ``figure_``.
        """
        advice = (
            "only step-wise solvers such as 'adam' keep a record of learning rates. Of "
            "a search, pass best_estimator_"
        )
        curve = recorded(last_step(estimator), "learning_rate_curve_", advice)
        return cls(learning_rate_curve=curve, name=name).plot(
            ax, log_scale=log_scale, curve_kwargs=curve_kwargs
        )

    @classmethod
    def from_schedule(
        cls,
        schedule: Any,
        *,
        learning_rate_init: float = 0.001,
        max_iter: int = 200,
        n_samples: int = 1000,
        name: str | None = None,
        ax: Any = None,
        log_scale: bool = False,
        curve_kwargs: Mapping[str, Any] | None = None,
    ) -> "LearningRateDisplay":
        """Draw the rates that a schedule plans, without any fit.

        Of :class:`~skbackprop.schedules.Adaptive` and
        :class:`~skbackprop.schedules.Plateau`, which answer to what a fit comes to,
        only a fit can tell the course. By its name, ``"invscaling"`` does not act on
        the solver ``"adam"``, as in scikit-learn; here it is drawn all the same.

        Parameters
        ----------
        schedule : str, Schedule or callable
            What estimators take as ``learning_rate``.
        learning_rate_init : float, default=0.001
            That of the estimator.
        max_iter : int, default=200
            The number of epochs.
        n_samples : int, default=1000
            The number of rows, which :class:`~skbackprop.schedules.InverseScaling` goes
            by.
        name : str, default=None
            Its name, for the legend.
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None. Several curves may share one.
        log_scale, curve_kwargs
            As for :meth:`plot`.

        Returns
        -------
        LearningRateDisplay
            With ``ax_`` and ``figure_``.
        """
        if max_iter < 1:
            raise ValueError(f"max_iter must be at least 1, got {max_iter!r}.")
        if callable(schedule):
            schedule = FromFunction(schedule)
        planned = _planned(
            resolve(Schedule, schedule), learning_rate_init, max_iter, n_samples
        )
        return cls(learning_rate_curve=planned, name=name).plot(
            ax, log_scale=log_scale, curve_kwargs=curve_kwargs
        )


def _planned(
    schedule: Schedule, initial: float, n_epochs: int, n_samples: int
) -> list[float]:
    """Return the rate at the begin of each epoch, as long as nothing else happens."""
    rate_at = schedule.bind(initial, n_epochs)
    rate, planned = initial, []
    for epoch in range(n_epochs):
        planned.append(float(rate_at(epoch, rate)))
        rate = schedule.after_epoch(rate, initial, (epoch + 1) * n_samples)
    return planned
