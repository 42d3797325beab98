"""What an activation is, and how kinks are told apart without branches."""

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from skbackprop.core.layout import Param
from skbackprop.core.ops import scalar
from skbackprop.initializers import GlorotUniform, Initializer
from skbackprop.layers.base import Layer, Site
from skbackprop.layers.linearized import Elementwise, Linearized


class Activation(Layer, family=True):
    """A function applied to each entry.

    A member whose derivative is a function of its output works in place, so that one
    buffer serves for input and output. The others write to a buffer of their own, and
    keep the input.

    Attributes
    ----------
    initializer : Initializer
        What the weights before this activation start from if nothing else is asked for.
    surrogate : str
        Why the derivative is not that of the function; empty where it is.
    """

    initializer: ClassVar[Initializer] = GlorotUniform(bias=True)
    surrogate: ClassVar[str] = ""

    def build(self, n_in: int) -> tuple[int, list[Param]]:
        """Return the unchanged width, and no parameters."""
        return n_in, []

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the first and the second derivative at an input.

        Training does without: it is what curvature takes.

        Parameters
        ----------
        x : ndarray
            The input.

        Returns
        -------
        slope : ndarray
            The first derivative.
        curvature : ndarray or None
            The second one; None where it vanishes everywhere but at kinks.
        """
        raise NotImplementedError(
            f"{type(self).__name__} does not define derivatives(x), the first and the "
            "second derivative at an input: there is no curvature without."
        )

    def linearize(self, x: np.ndarray, params: tuple[np.ndarray, ...]) -> Linearized:
        """Return the function of each entry near an input."""
        return Elementwise(*self.derivatives(x))


def kinked(site: Site, above: float, below: float) -> Callable[..., np.ndarray]:
    """Return the map from a matrix to one number above zero, another one elsewhere.

    The numbers are exact, and nothing branches: several times faster than
    ``numpy.where``.

    Parameters
    ----------
    site : Site
        Where the buffers are from.
    above, below : float
        The numbers, not negative; ``below`` holds at zero too.

    Returns
    -------
    callable
        ``slopes(y, out)`` fills and returns ``out``.
    """
    zeros, multiply, maximum = site.constant(0.0, site.n_in), np.multiply, np.maximum
    # The comparison marks where the larger of the two belongs with ones.
    marks = np.greater if above >= below else np.less_equal
    smaller = site.constant(min(above, below), site.n_in)
    larger = scalar(max(above, below), zeros)

    def slopes(y: np.ndarray, out: np.ndarray) -> np.ndarray:
        marks(y, zeros, out=out)
        multiply(out, larger, out)
        return maximum(out, smaller, out=out)

    return slopes
