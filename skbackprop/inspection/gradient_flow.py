"""How gradients come through a network, layer by layer or epoch by epoch."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from skbackprop._plotting import axes_of, pyplot, style, twin, twins
from skbackprop.estimators._objective import bound_objective
from skbackprop.estimators._pipelines import seen_by_last_step
from skbackprop.inspection._networks import of_skbackprop, recorded
from skbackprop.training.health import GradientHealth, Probe

__all__ = ["GradientFlowDisplay"]

LINE = "lines.Line2D"
LABELS = {
    "gradient_norm": "norm of the gradient",
    "weight_norm": "norm of the weights",
    "update_ratio": "relative change over the epoch",
    "input_norm": "norm of the inputs",
}
SHARES = "share"


class GradientFlowDisplay:
    """What comes back to each layer of a network; needs matplotlib.

    Make it with :meth:`from_estimator`. All parameters are stored as attributes.

    Parameters
    ----------
    health : GradientHealth
        Norms and shares for each epoch and layer.
    name : str, default=None
        The name of the estimator, for the legend.

    Attributes
    ----------
    lines_ : list of matplotlib.lines.Line2D
        One over the layers, or one for each layer over the epochs.
    dead_bars_, saturated_bars_ : matplotlib.container.BarContainer or None
        Shares of units, where they were asked for.
    ax_ : matplotlib.axes.Axes
        The axes.
    shares_ax_ : matplotlib.axes.Axes or None
        Those of the shares, with an axis at the right.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import GradientFlowDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((8, 8), tol=0.01, random_state=0).fit(X, y)
    >>> display = GradientFlowDisplay.from_estimator(model, X, y)
    >>> display.ax_.get_ylabel()
    'norm of the gradient'
    """

    def __init__(self, *, health: GradientHealth, name: str | None = None) -> None:
        self.health, self.name = health, name

    def plot(
        self,
        ax: Any = None,
        *,
        name: str | None = None,
        measure: str = "gradient_norm",
        epoch: int = -1,
        over_epochs: bool = False,
        plot_shares: bool = False,
        curve_kwargs: Mapping[str, Any] | None = None,
        bar_kwargs: Mapping[str, Any] | None = None,
    ) -> "GradientFlowDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None. Lines of several estimators may share one.
        name : str, default=None
            The name of the estimator, for the legend; the one given before if None.
        measure : {'gradient_norm', 'weight_norm', 'update_ratio', 'input_norm'}, \
                default='gradient_norm'
            What is drawn, on a logarithmic axis.
        epoch : int, default=-1
            Which row of the record is drawn over the layers, counted from 0: -1 for the
            last epoch.
        over_epochs : bool, default=False
            Whether a line for each layer is drawn over the epochs instead.
        plot_shares : bool, default=False
            Whether the shares of dead units and saturated entries are drawn as bars.
        curve_kwargs : dict, default=None
            Properties of the lines.
        bar_kwargs : dict, default=None
            Further arguments of ``Axes.bar``.

        Returns
        -------
        GradientFlowDisplay
            Itself.
        """
        values = self._values(measure)
        _check(len(values), epoch, over_epochs, plot_shares)
        name = self.name if name is None else name
        self.ax_ = axes_of("GradientFlowDisplay", ax)
        self.figure_ = self.ax_.figure
        self.shares_ax_ = self.dead_bars_ = self.saturated_bars_ = None
        if over_epochs:
            self._plot_epochs(values, curve_kwargs)
        else:
            self._plot_layers(values[epoch], name, curve_kwargs)
        if plot_shares:
            self._plot_shares(epoch, bar_kwargs)
        self.ax_.set(ylabel=LABELS[measure], yscale="log")
        self._span_a_decade()
        self._add_legend()
        return self

    def _add_legend(self) -> None:
        """Name the lines, and bars that lie over them."""
        drawn = [self.ax_, *twins(self.ax_)]
        handles = [each for ax in drawn for each in ax.get_legend_handles_labels()[0]]
        if handles:
            self.ax_.legend(handles=handles)

    def _span_a_decade(self) -> None:
        """Show numbers that are nearly the same as such."""
        low, high = self.ax_.get_ylim()
        if high < 10.0 * low:
            middle, half = np.sqrt(low * high), np.sqrt(10.0)
            # What is drawn later on the same axes may still widen them.
            self.ax_.set_ylim(middle / half, middle * half, auto=True)

    def _values(self, measure: str) -> np.ndarray:
        if measure not in LABELS:
            raise ValueError(f"measure must be one of {[*LABELS]}, got {measure!r}.")
        values = getattr(self.health, measure)
        if not np.isfinite(values).any():
            raise ValueError(
                f"There is no {measure} of a single look at a network: fit with "
                "gradient_health=True, and pass neither X nor y."
            )
        return values

    def _plot_layers(
        self,
        values: np.ndarray,
        name: str | None,
        curve_kwargs: Mapping[str, Any] | None,
    ) -> None:
        layers = np.arange(1, len(values) + 1)
        defaults = {"marker": "o", **({} if name is None else {"label": name})}
        self.lines_ = self.ax_.plot(
            layers, values, **style(LINE, defaults, curve_kwargs)
        )
        self.ax_.set_xlabel("layer, from the inputs to the output")
        self.ax_.xaxis.get_major_locator().set_params(integer=True)

    def _plot_epochs(
        self, values: np.ndarray, curve_kwargs: Mapping[str, Any] | None
    ) -> None:
        epochs = np.arange(1, len(values) + 1)
        # From dark to light, as the layers follow on each other.
        colors = pyplot("GradientFlowDisplay").get_cmap("viridis")(
            np.linspace(0.0, 0.9, values.shape[1])
        )
        self.lines_ = []
        # A line of one point would not be seen.
        dot = {"marker": "o"} if len(values) == 1 else {}
        for index, color in enumerate(colors):
            defaults = {"label": f"layer {index + 1}", "color": color, **dot}
            options = style(LINE, defaults, curve_kwargs)
            self.lines_ += self.ax_.plot(epochs, values[:, index], **options)
        self.ax_.set_xlabel("epoch")

    def _plot_shares(self, epoch: int, bar_kwargs: Mapping[str, Any] | None) -> None:
        dead, saturated = self.health.dead[epoch], self.health.saturated[epoch]
        layers = np.arange(1, len(dead) + 1)
        over = self.shares_ax_ = twin(self.ax_, SHARES)
        bars = []
        for side, shares, label, color in (
            (-1, dead, "dead units", "0.35"),
            (1, saturated, "saturated entries", "0.75"),
        ):
            defaults = {"label": label, "color": color, "alpha": 0.6}
            options = style("patches.Patch", {"width": 0.3, **defaults}, bar_kwargs)
            offset = side * options["width"] / 2
            bars.append(over.bar(layers + offset, np.nan_to_num(shares), **options))
        self.dead_bars_, self.saturated_bars_ = bars
        over.set_ylim(0.0, 1.0)
        # Lines in front of the bars.
        self.ax_.set_zorder(over.get_zorder() + 1)
        self.ax_.patch.set_visible(False)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any = None,
        y: Any = None,
        *,
        sample_weight: Any = None,
        name: str | None = None,
        ax: Any = None,
        measure: str = "gradient_norm",
        epoch: int = -1,
        over_epochs: bool = False,
        plot_shares: bool = False,
        curve_kwargs: Mapping[str, Any] | None = None,
        bar_kwargs: Mapping[str, Any] | None = None,
    ) -> "GradientFlowDisplay":
        """Draw what was recorded in the fit, or what is seen now with some rows.

        Parameters
        ----------
        estimator : BackpropClassifier, BackpropRegressor, BackpropEmbedder or Pipeline
            A fitted one, or a pipeline that ends with one.
        X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            Inputs. If None, the record of a fit with ``gradient_health=True`` is drawn.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets of these.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        name : str, default=None
            Its name, for the legend.
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None. Lines of several estimators may share one.
        measure, epoch, over_epochs, plot_shares, curve_kwargs, bar_kwargs
            As for :meth:`plot`.

        Returns
        -------
        GradientFlowDisplay
            With ``ax_`` and ``figure_``.
        """
        if (X is None) != (y is None):
            raise ValueError("X and y go together: give both or neither.")
        if X is None and sample_weight is not None:
            raise ValueError("sample_weight needs X and y.")
        if X is None:
            advice = "fit with gradient_health=True, or pass X and y"
            health = recorded(of_skbackprop(estimator), "gradient_health_", advice)
        else:
            health = _looked_at(estimator, X, y, sample_weight)
        return cls(health=health, name=name).plot(
            ax,
            measure=measure,
            epoch=epoch,
            over_epochs=over_epochs,
            plot_shares=plot_shares,
            curve_kwargs=curve_kwargs,
            bar_kwargs=bar_kwargs,
        )


def _check(n_epochs: int, epoch: int, over_epochs: bool, plot_shares: bool) -> None:
    if over_epochs and plot_shares:
        raise ValueError(
            "plot_shares=True shows the shares of one epoch: choose it by epoch, "
            "with over_epochs=False."
        )
    if not -n_epochs <= epoch < n_epochs:
        raise ValueError(
            f"epoch={epoch} is none of those that were recorded: there are {n_epochs}, "
            "counted from 0."
        )


def _looked_at(estimator: Any, X: Any, y: Any, sample_weight: Any) -> GradientHealth:
    """Return what a probe sees of a fitted network through some rows."""
    last = of_skbackprop(estimator)
    rows = seen_by_last_step(estimator, X)
    bound = bound_objective(last, rows, y, sample_weight)
    probe = Probe(bound.objective, bound.theta, bound.data, len(bound.data))
    health = GradientHealth.of_rows([probe.measure()])
    # Nothing has moved between two looks.
    health.update_ratio.fill(np.nan)
    return health
