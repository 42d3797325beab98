"""An activation function, and what a gradient is multiplied by on its way back."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skbackprop._plotting import axes_of, style
from skbackprop.core.layout import Layout
from skbackprop.core.spec import resolve
from skbackprop.core.workspace import Workspace
from skbackprop.layers import Activation, Site

__all__ = ["ActivationDisplay"]

LINE = "lines.Line2D"
CROSS = {"color": "0.8", "linewidth": 0.8, "zorder": 0.5}


class ActivationDisplay:
    """An activation and its derivative as training uses them; needs matplotlib.

    Make it with :meth:`from_activation`. All parameters are stored as attributes.

    Parameters
    ----------
    x : ndarray of shape (n_points,)
        The scores.
    value : ndarray of shape (n_points,)
        What the activation makes of them.
    derivative : ndarray of shape (n_points,)
        What it multiplies gradients by.
    name : str, default=None
        Its name, for the title.

    Attributes
    ----------
    line_ : matplotlib.lines.Line2D
        The function.
    derivative_line_ : matplotlib.lines.Line2D or None
        The derivative, if it was asked for.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from skbackprop.inspection import ActivationDisplay
    >>> display = ActivationDisplay.from_activation("softplus")
    >>> display.ax_.get_title()
    'softplus'
    >>> from skbackprop.layers import LeakyReLU
    >>> display = ActivationDisplay.from_activation(LeakyReLU(negative_slope=0.2))
    >>> float(display.derivative.min())
    0.2
    """

    def __init__(
        self,
        *,
        x: np.ndarray,
        value: np.ndarray,
        derivative: np.ndarray,
        name: str | None = None,
    ) -> None:
        self.x, self.value, self.derivative, self.name = x, value, derivative, name

    def plot(
        self,
        ax: Any = None,
        *,
        name: str | None = None,
        plot_derivative: bool = True,
        curve_kwargs: Mapping[str, Any] | None = None,
        derivative_kwargs: Mapping[str, Any] | None = None,
    ) -> "ActivationDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        name : str, default=None
            The title; the name given before if None.
        plot_derivative : bool, default=True
            Whether the derivative is drawn as well.
        curve_kwargs, derivative_kwargs : dict, default=None
            Properties of the lines.

        Returns
        -------
        ActivationDisplay
            Itself.
        """
        self.ax_ = axes_of("ActivationDisplay", ax)
        self.figure_ = self.ax_.figure
        self.ax_.axhline(0.0, **CROSS)
        self.ax_.axvline(0.0, **CROSS)
        self.line_ = self._draw(self.value, {"label": "function"}, curve_kwargs)
        self.derivative_line_ = None
        if plot_derivative:
            dashed = {"label": "derivative", "linestyle": "--"}
            self.derivative_line_ = self._draw(
                self.derivative, dashed, derivative_kwargs
            )
        name = self.name if name is None else name
        self.ax_.set(xlabel="score", title="" if name is None else name)
        self.ax_.legend()
        return self

    def _draw(self, y: np.ndarray, defaults: Mapping, kwargs: Mapping | None) -> Any:
        return self.ax_.plot(self.x, y, **style(LINE, defaults, kwargs))[0]

    @classmethod
    def from_activation(
        cls,
        activation: Any,
        *,
        limits: Sequence[float] = (-4.0, 4.0),
        n_points: int = 401,
        name: str | None = None,
        ax: Any = None,
        plot_derivative: bool = True,
        curve_kwargs: Mapping[str, Any] | None = None,
        derivative_kwargs: Mapping[str, Any] | None = None,
    ) -> "ActivationDisplay":
        """Compute an activation on a grid as a network would, and draw it.

        Parameters
        ----------
        activation : str or Activation
            One of the names that estimators take, or an object. What it learns is at
            its start.
        limits : sequence of two floats, default=(-4.0, 4.0)
            The scores it is drawn between.
        n_points : int, default=401
            How many of them.
        name : str, default=None
            The title; the activation as it prints if None.
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        plot_derivative, curve_kwargs, derivative_kwargs
            As for :meth:`plot`.

        Returns
        -------
        ActivationDisplay
            With ``ax_`` and ``figure_``.
        """
        low, high = limits
        x = np.linspace(low, high, n_points)
        value, derivative = _evaluate(resolve(Activation, activation), x)
        display = cls(
            x=x,
            value=value,
            derivative=derivative,
            name=str(activation) if name is None else name,
        )
        return display.plot(
            ax,
            plot_derivative=plot_derivative,
            curve_kwargs=curve_kwargs,
            derivative_kwargs=derivative_kwargs,
        )


def _evaluate(activation: Activation, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return values and derivatives, from one unit that is bound to all points."""
    width, needed = activation.build(1)
    layout = Layout([needed])
    theta = np.array([param.start for param in needed], dtype=float)
    site = Site(
        key=0,
        rows=len(x),
        n_in=1,
        n_out=width,
        params=layout.views(theta)[0],
        grads=layout.views(np.empty_like(theta))[0],
        workspace=Workspace(len(x), np.dtype(float)),
    )
    column = x[:, np.newaxis].copy()
    forward, backward = activation.bind_forward(site), activation.bind_backward(site)
    # An activation works in place or not; its backward pass takes what is left.
    value = forward(column).copy()
    derivative = backward(column, np.ones_like(column))
    return value.ravel(), derivative.ravel()
