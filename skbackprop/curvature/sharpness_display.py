"""How sharp the places are that training passes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import clone

from skbackprop._plotting import axes_of, pyplot, style
from skbackprop.curvature._arguments import check
from skbackprop.curvature.eigenvalues import extreme_eigenvalues
from skbackprop.curvature.operators import hessian_operator
from skbackprop.estimators._base import BaseBackprop

__all__ = ["SharpnessDisplay"]

LINE = "lines.Line2D"


class SharpnessDisplay:
    r"""The largest eigenvalue of the Hessian over the epochs; needs matplotlib.

    Descent on all rows with the rate :math:`\eta` cannot stay where the eigenvalue is
    above :math:`2 / \eta`: training runs into ever narrower valleys until it is there.
    Make it with :meth:`from_estimator`. All parameters are stored as attributes.

    Parameters
    ----------
    epochs : sequence of int
        The epochs, counted from 1, after which was measured.
    eigenvalues : sequence of float
        The largest eigenvalue after each.
    learning_rates : sequence of float, default=None
        The rate at each, for the bound.
    name : str, default=None
        The name of the estimator, for the legend.

    Attributes
    ----------
    line_ : matplotlib.lines.Line2D
        The eigenvalues.
    bound_line_ : matplotlib.lines.Line2D or None
        2 over the learning rate, if it was asked for.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    References
    ----------
    J. Cohen et al., "Gradient descent on neural networks typically occurs at the edge
    of stability", ICLR 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.curvature import SharpnessDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((5,), solver="sgd", tol=0.01, random_state=0)
    >>> display = SharpnessDisplay.from_estimator(model, X, y, every=5)
    >>> display.epochs[:3]
    [1, 5, 10]
    """

    def __init__(
        self,
        *,
        epochs: Sequence[int],
        eigenvalues: Sequence[float],
        learning_rates: Sequence[float] | None = None,
        name: str | None = None,
    ) -> None:
        self.epochs, self.eigenvalues = epochs, eigenvalues
        self.learning_rates, self.name = learning_rates, name

    def plot(
        self,
        ax: Any = None,
        *,
        name: str | None = None,
        plot_bound: bool = False,
        curve_kwargs: Mapping[str, Any] | None = None,
        bound_kwargs: Mapping[str, Any] | None = None,
    ) -> "SharpnessDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None. Curves of several estimators may share one.
        name : str, default=None
            The name of the estimator, for the legend; the one given before if None.
        plot_bound : bool, default=False
            Whether 2 over the learning rate is drawn, which is the bound of plain
            gradient descent.
        curve_kwargs, bound_kwargs : dict, default=None
            Properties of the lines.

        Returns
        -------
        SharpnessDisplay
            Itself.
        """
        if plot_bound and self.learning_rates is None:
            raise ValueError(
                "plot_bound=True needs a record of learning rates, which step-wise "
                "solvers such as 'sgd' keep."
            )
        self.ax_ = axes_of("SharpnessDisplay", ax)
        self.figure_ = self.ax_.figure
        name = self.name if name is None else name
        label = "largest eigenvalue" if name is None else name
        options = style(
            LINE, {"marker": "o", "markersize": 4, "label": label}, curve_kwargs
        )
        (self.line_,) = self.ax_.plot(self.epochs, self.eigenvalues, **options)
        self.bound_line_ = None
        if plot_bound:
            self._plot_bound(name, bound_kwargs)
        self.ax_.set(xlabel="epoch", ylabel="largest eigenvalue of the Hessian")
        self.ax_.legend()
        return self

    def _plot_bound(self, name: str | None, kwargs: Mapping[str, Any] | None) -> None:
        label = "2 / learning rate"
        defaults = {
            "label": label if name is None else f"{name}, {label}",
            "color": self.line_.get_color(),
            "linestyle": "--",
            "linewidth": 1.0,
        }
        with np.errstate(divide="ignore"):
            bounds = 2.0 / np.asarray(self.learning_rates, dtype=float)
        (self.bound_line_,) = self.ax_.plot(
            self.epochs, bounds, **style(LINE, defaults, kwargs)
        )

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        every: int = 10,
        tol: float = 1e-4,
        random_state: Any = None,
        name: str | None = None,
        ax: Any = None,
        plot_bound: bool = False,
        curve_kwargs: Mapping[str, Any] | None = None,
        bound_kwargs: Mapping[str, Any] | None = None,
    ) -> "SharpnessDisplay":
        """Fit a clone, measure on the way, and draw.

        Parameters
        ----------
        estimator : BackpropClassifier, BackpropRegressor or BackpropEmbedder
            Fitted or not; it is not changed. Its clone is fitted as usual, its own
            callbacks included: one more measures.
        X, y : array-like
            What it is fitted to, and the objective is that of.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        every : int, default=10
            Epochs from one measurement to the next; the first epoch is one as well.
        tol : float, default=1e-4
            As for :func:`extreme_eigenvalues`.
        random_state : int, RandomState instance or None, default=None
            Draws the vectors that the search for eigenvalues starts from.
        name : str, default=None
            Its name, for the legend.
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None. Curves of several estimators may share one.
        plot_bound, curve_kwargs, bound_kwargs
            As for :meth:`plot`.

        Returns
        -------
        SharpnessDisplay
            With ``ax_`` and ``figure_``.
        """
        check("SharpnessDisplay.from_estimator", every=every, tol=tol)
        if not isinstance(estimator, BaseBackprop):
            raise TypeError(
                "SharpnessDisplay fits a clone of an estimator of skbackprop, got "
                f"{type(estimator).__name__}: of a pipeline, pass the last step and "
                "transformed data; of a search, best_estimator_."
            )
        pyplot("SharpnessDisplay")  # or else all the work is for nothing
        watch = _Watch(X, y, sample_weight, every, tol, random_state)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        fitted = clone(estimator)
        own = getattr(fitted, "_skl_callbacks", ())
        fitted.set_callbacks(*own, watch).fit(X, y, **weights)
        epochs = [epoch for epoch, _ in watch.found]
        rates = getattr(fitted, "learning_rate_curve_", None)
        display = cls(
            epochs=epochs,
            eigenvalues=[eigenvalue for _, eigenvalue in watch.found],
            learning_rates=[rates[epoch - 1] for epoch in epochs] if rates else None,
            name=name,
        )
        return display.plot(
            ax,
            plot_bound=plot_bound,
            curve_kwargs=curve_kwargs,
            bound_kwargs=bound_kwargs,
        )


class _Watch:
    """A callback that measures after some of the epochs."""

    def __init__(
        self, X: Any, y: Any, weight: Any, every: int, tol: float, random_state: Any
    ) -> None:
        self._data, self._every = (X, y, weight), every
        self._options = {"tol": tol, "random_state": random_state}
        self.found: list[tuple[int, float]] = []

    def setup(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Measure, if it is time to."""
        epoch = context.task_id + 1
        # An epoch that was cut short, as by a solver that failed, has no network.
        if context.task_name != "epoch" or fitted_estimator is None:
            return
        if epoch > 1 and epoch % self._every:
            return
        operator = hessian_operator(fitted_estimator, *self._data)
        top = extreme_eigenvalues(operator, which="largest", **self._options)
        self.found.append((epoch, float(top.values[-1])))

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing."""
