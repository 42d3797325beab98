"""What there is to draw of a curvature: computed here, drawn on axes that are given."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.linalg import eigvalsh

from skbackprop._plotting import style
from skbackprop.core.spec import Spec
from skbackprop.curvature._arguments import COUNT, WIDTH
from skbackprop.curvature.density import SpectralDensity, spectral_density
from skbackprop.curvature.eigenvalues import extreme_eigenvalues
from skbackprop.curvature.matrices import dense
from skbackprop.curvature.operators import CurvatureOperator

__all__ = ["Drawing", "Picture", "Spectrum"]

LINE = "lines.Line2D"


class Drawing(ABC):
    """A picture whose numbers are computed."""

    @abstractmethod
    def draw(self, ax: Any, **kwargs: Any) -> None:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib.axes.Axes
            Where.
        **kwargs : dict
            The user's own properties of what is drawn.
        """


class Picture(Spec, ABC, family=True):
    """What to draw: fills the slot ``kind`` of ``CurvatureDisplay.from_estimator``."""

    @abstractmethod
    def computed(
        self, operator: CurvatureOperator, rng: np.random.RandomState
    ) -> Drawing:
        """Compute what is drawn.

        Parameters
        ----------
        operator : CurvatureOperator
            The Hessian.
        rng : RandomState
            The source of randomness.

        Returns
        -------
        Drawing
            The numbers, and how they are drawn.
        """


@dataclass(frozen=True)
class SpectrumDrawing(Drawing):
    """The density of eigenvalues, and the extreme ones.

    Parameters
    ----------
    density : SpectralDensity
        The density; all eigenvalues in a small network.
    ends : ndarray
        Eigenvalues to mark.
    width : float
        What the density is smoothed by, as a share of the range.
    """

    density: SpectralDensity
    ends: np.ndarray
    width: float

    def draw(self, ax: Any, **kwargs: Any) -> None:
        """Draw the density on a logarithmic axis, and a tick for each eigenvalue."""
        low, high = float(self.ends[0]), float(self.ends[-1])
        spread = (high - low) or 1.0
        grid = np.linspace(low - 0.05 * spread, high + 0.05 * spread, 500)
        n_params = self.density.n_params
        curve = n_params * self.density.smooth(grid, self.width * spread)
        # Down to what a tenth of an eigenvalue gives: less is no finding.
        floor = 0.1 / (self.width * spread * np.sqrt(2 * np.pi))
        shown = np.maximum(curve, floor)
        (line,) = ax.semilogy(grid, shown, **style(LINE, {"color": "C0"}, kwargs))
        ax.fill_between(grid, floor, shown, color=line.get_color(), alpha=0.2)
        ax.axvline(0.0, color="0.6", linewidth=0.8)
        ax.plot(self.ends, np.full(len(self.ends), floor), "|", color="0.2", ms=14)
        ax.set(xlabel="eigenvalue of the Hessian", ylabel="eigenvalues per unit")


class Spectrum(Picture, name="spectrum"):
    """The density of all eigenvalues, with marks at the extreme ones.

    Parameters
    ----------
    n_ends : int, default=5
        How many eigenvalues are marked at each end of a large network's spectrum.
    n_vectors : int, default=10
        As for :func:`spectral_density`.
    n_steps : int, default=80
        As for :func:`spectral_density`.
    width : float, default=0.01
        What the density is smoothed by, as a share of the range.
    max_params : int, default=500
        Up to this number of parameters all eigenvalues are computed, and marked.

    Examples
    --------
    >>> from skbackprop.curvature import Spectrum
    >>> Spectrum(n_vectors=4)
    Spectrum(n_vectors=4)
    """

    n_ends: int = 5
    n_vectors: int = 10
    n_steps: int = 80
    width: float = 0.01
    max_params: int = 500

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_ends": COUNT,
        "n_vectors": COUNT,
        "n_steps": COUNT,
        "width": WIDTH,
        "max_params": COUNT,
    }

    def computed(
        self, operator: CurvatureOperator, rng: np.random.RandomState
    ) -> SpectrumDrawing:
        """Compute all eigenvalues, or estimate their density."""
        n = operator.shape[0]
        if n <= self.max_params:
            ends = eigvalsh(dense(operator))
            density = SpectralDensity(ends, np.full(n, 1.0 / n), n)
            return SpectrumDrawing(density, ends, self.width)
        ends = extreme_eigenvalues(operator, self.n_ends, random_state=rng).values
        density = spectral_density(
            operator,
            n_vectors=self.n_vectors,
            n_steps=self.n_steps,
            random_state=rng,
        )
        return SpectrumDrawing(density, ends, self.width)
