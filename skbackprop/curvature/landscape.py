"""Pictures of the objective around the point: along lines, and over a plane."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop._plotting import style
from skbackprop.curvature._arguments import COUNT, WIDTH
from skbackprop.curvature.eigenvalues import extreme_eigenvalues
from skbackprop.curvature.operators import CurvatureOperator
from skbackprop.curvature.pictures import LINE, Drawing, Picture

__all__ = ["Eigenvectors", "Surface"]

# A direction falls where its curvature is below minus this share of the largest.
FALLS = 1e-3
# Eigenvalues below this are shown as zeros.
NOTHING = 1e-12


@dataclass(frozen=True)
class EigenvectorsDrawing(Drawing):
    """The objective along some directions.

    Parameters
    ----------
    steps : ndarray of shape (n_points,)
        How far along the directions, which have length one.
    values : ndarray of shape (n_directions, n_points)
        The objective there.
    expected : ndarray of shape (n_directions, n_points)
        What gradient and Hessian say.
    eigenvalues : ndarray of shape (n_directions,)
        The curvature along each.
    """

    steps: np.ndarray
    values: np.ndarray
    expected: np.ndarray
    eigenvalues: np.ndarray

    def draw(self, ax: Any, **kwargs: Any) -> None:
        """Draw a line for each direction, with its parabola dashed."""
        rows = zip(self.values, self.expected, self.eigenvalues, strict=True)
        for index, (value, expected, eigenvalue) in enumerate(rows):
            defaults = {"color": f"C{index}", "label": _named(eigenvalue)}
            (line,) = ax.plot(self.steps, value, **style(LINE, defaults, kwargs))
            ax.plot(self.steps, expected, "--", color=line.get_color(), linewidth=0.8)
        ax.axvline(0.0, color="0.6", linewidth=0.8)
        low, high = float(np.nanmin(self.values)), float(np.nanmax(self.values))
        margin = 0.05 * (high - low) or 1.0
        ax.set_ylim(low - margin, high + margin)
        ax.set(xlabel="distance along an eigenvector", ylabel="objective")
        ax.legend()


class Eigenvectors(Picture, name="eigenvectors"):
    """The objective along the eigenvectors at both ends of the spectrum.

    Parameters
    ----------
    n_largest : int, default=2
        How many at the upper end.
    n_smallest : int, default=1
        How many at the lower end.
    span : float, default=0.1
        How far to go, relative to the norm of the parameters.
    n_points : int, default=41
        On each line.

    Examples
    --------
    >>> from skbackprop.curvature import Eigenvectors
    >>> Eigenvectors(span=0.5)
    Eigenvectors(span=0.5)
    """

    n_largest: int = 2
    n_smallest: int = 1
    span: float = 0.1
    n_points: int = 41

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_largest": COUNT,
        "n_smallest": [Interval(Integral, 0, None, closed="left")],
        "span": WIDTH,
        "n_points": COUNT,
    }

    def computed(
        self, operator: CurvatureOperator, rng: np.random.RandomState
    ) -> EigenvectorsDrawing:
        """Compute eigenvectors, and the objective along them."""
        largest, low = self.n_largest, self.n_smallest
        pairs = extreme_eigenvalues(operator, max(largest, low), random_state=rng)
        n = len(pairs.values)
        some = [*range(n - 1, max(n - 1 - largest, -1), -1), *range(low)]
        vectors, eigenvalues = pairs.vectors[:, some].T, pairs.values[some]
        reach = _reach(operator, self.span)
        steps = np.linspace(-reach, reach, self.n_points)
        values = [[_at(operator, step * v) for step in steps] for v in vectors]
        slopes = vectors @ operator.gradient()
        base = operator.value(operator.theta)
        expected = base + np.outer(slopes, steps)
        expected += np.outer(eigenvalues, steps**2) / 2
        return EigenvectorsDrawing(steps, np.array(values), expected, eigenvalues)


@dataclass(frozen=True)
class SurfaceDrawing(Drawing):
    """The objective over a plane.

    Parameters
    ----------
    steps : ndarray of shape (n_points,)
        How far along both directions, which have length one.
    values : ndarray of shape (n_points, n_points)
        The objective; rows go with the second direction.
    labels : tuple of str
        What the directions are.
    """

    steps: np.ndarray
    values: np.ndarray
    labels: tuple[str, str]

    def draw(self, ax: Any, **kwargs: Any) -> None:
        """Draw contours, with a dot where training has ended."""
        options = {"levels": 20, **kwargs}
        contours = ax.contourf(self.steps, self.steps, self.values, **options)
        ax.figure.colorbar(contours, ax=ax, label="objective")
        ax.plot(0.0, 0.0, "o", color="white", markeredgecolor="black")
        ax.set(xlabel=self.labels[0], ylabel=self.labels[1], aspect="equal")


class Surface(Picture, name="surface"):
    """The objective over the plane of two eigenvectors.

    They are the sharpest direction and the one that falls most steeply, or the second
    sharpest if none falls. Or the directions are random, and the weights that lead to a
    unit are as long in them as the unit's own.

    Parameters
    ----------
    random : bool, default=False
        Whether the directions are random.
    span : float, default=0.5
        How far to go, relative to the norm of the parameters.
    n_points : int, default=25
        Along each direction.

    References
    ----------
    H. Li et al., "Visualizing the loss landscape of neural nets", NeurIPS 2018.

    Examples
    --------
    >>> from skbackprop.curvature import Surface
    >>> Surface(n_points=11)
    Surface(n_points=11)
    """

    random: bool = False
    span: float = 0.5
    n_points: int = 25

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "random": ["boolean"],
        "span": WIDTH,
        "n_points": [Interval(Integral, 2, None, closed="left")],
    }

    def computed(
        self, operator: CurvatureOperator, rng: np.random.RandomState
    ) -> SurfaceDrawing:
        """Compute the objective over a grid."""
        if self.random:
            plane = [_like_the_weights(operator, rng) for _ in range(2)]
            labels = ("distance, random direction", "distance, random direction")
        else:
            pairs = extreme_eigenvalues(operator, 2, random_state=rng)
            values, last = pairs.values, len(pairs.values) - 1
            second = 0 if values[0] < -FALLS * values[last] else max(last - 1, 0)
            plane = [pairs.vectors[:, last], pairs.vectors[:, second]]
            sharpest, other = _named(values[last]), _named(values[second])
            labels = f"distance, {sharpest}", f"distance, {other}"
        reach = _reach(operator, self.span)
        steps = np.linspace(-reach, reach, self.n_points)
        across, up = plane
        grid = [[_at(operator, a * across + b * up) for a in steps] for b in steps]
        return SurfaceDrawing(steps, np.array(grid), labels)


def _named(eigenvalue: float) -> str:
    """Return a label; what is all but zero is so by rounding."""
    return f"λ = {0.0 if abs(eigenvalue) < NOTHING else eigenvalue:.3g}"


def _reach(operator: CurvatureOperator, span: float) -> float:
    return span * float(np.linalg.norm(operator.theta)) or span


def _at(operator: CurvatureOperator, change: np.ndarray) -> float:
    return operator.value(operator.theta + change)


def _like_the_weights(
    operator: CurvatureOperator, rng: np.random.RandomState
) -> np.ndarray:
    """Return a random direction of length one, each unit's part as long as the unit."""
    layout, theta = operator.bound.objective.network.layout, operator.bound.theta
    direction = np.zeros_like(theta)
    weights = layout.of_kind("weight", theta), layout.of_kind("weight", direction)
    for own, drawn in zip(*weights, strict=True):
        drawn[...] = rng.standard_normal(drawn.shape)
        drawn *= np.linalg.norm(own, axis=0) / np.linalg.norm(drawn, axis=0)
    direction = direction[operator.entries]
    return direction / (np.linalg.norm(direction) or 1.0)
