"""The display, in the manner of scikit-learn's."""

from typing import Any

from sklearn.utils import check_random_state

from skbackprop._plotting import axes_of
from skbackprop.core.spec import resolve
from skbackprop.curvature.operators import hessian_operator
from skbackprop.curvature.pictures import Drawing, Picture

__all__ = ["CurvatureDisplay"]


class CurvatureDisplay:
    """A picture of the curvature of a fitted estimator; needs matplotlib.

    Make it with :meth:`from_estimator`.

    Parameters
    ----------
    drawing : Drawing
        The numbers, and how they are drawn.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.curvature import CurvatureDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((5,), solver="lbfgs", random_state=0).fit(X, y)
    >>> display = CurvatureDisplay.from_estimator(model, X, y, kind="spectrum")
    >>> display.ax_.get_xlabel()
    'eigenvalue of the Hessian'
    """

    def __init__(self, *, drawing: Drawing) -> None:
        self.drawing = drawing

    def plot(self, ax: Any = None, **kwargs: Any) -> "CurvatureDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        **kwargs : dict
            Properties of the lines; of a surface, further arguments of
            ``Axes.contourf``.

        Returns
        -------
        CurvatureDisplay
            Itself.
        """
        ax = axes_of("CurvatureDisplay", ax)
        self.drawing.draw(ax, **kwargs)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        kind: Any = "spectrum",
        layers: Any = None,
        ax: Any = None,
        random_state: Any = None,
        **kwargs: Any,
    ) -> "CurvatureDisplay":
        """Compute a picture, and draw it.

        Parameters
        ----------
        estimator, X, y, sample_weight, layers
            As for :func:`hessian_operator`.
        kind : {'spectrum', 'eigenvectors', 'surface'} or Picture, default='spectrum'
            What to draw: the density of eigenvalues, the objective along the
            eigenvectors at both ends, or over a plane.
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        random_state : int, RandomState instance or None, default=None
            Draws what is random.
        **kwargs : dict
            As for :meth:`plot`.

        Returns
        -------
        CurvatureDisplay
            With ``ax_`` and ``figure_``.
        """
        picture = resolve(Picture, kind)
        operator = hessian_operator(estimator, X, y, sample_weight, layers=layers)
        drawing = picture.computed(operator, check_random_state(random_state))
        return cls(drawing=drawing).plot(ax, **kwargs)
