"""Everything about the curvature of a fitted estimator in one object."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from scipy.linalg import eigh
from sklearn.utils import check_random_state

from skbackprop.curvature._arguments import check
from skbackprop.curvature.critical import CriticalPoint, judged
from skbackprop.curvature.eigenvalues import Eigenpairs, extreme_eigenvalues
from skbackprop.curvature.kinds import GaussNewton, Hessian
from skbackprop.curvature.matrices import dense
from skbackprop.curvature.operators import (
    CurvatureOperator,
    entries_of,
    hessian_operator,
)
from skbackprop.curvature.sharpness import Sharpness, bound_of, measured
from skbackprop.curvature.trace import TraceEstimate, estimate_trace

__all__ = ["CurvatureReport", "LayerCurvature", "curvature_report"]

# An eigenvalue of so many roundings of the largest is shown as zero.
ROUNDINGS = 100


@dataclass(frozen=True)
class LayerCurvature:
    """The curvature with respect to one layer alone.

    Parameters
    ----------
    n_params : int
        Its weights and biases.
    largest_eigenvalue : float
        That of its block of the Hessian.
    gauss_newton_trace : float
        The trace of its block of the Gauss-Newton matrix, penalty included.
    """

    n_params: int
    largest_eigenvalue: float
    gauss_newton_trace: float


@dataclass(frozen=True)
class CurvatureReport:
    """The curvature of an estimator's objective where its fit has ended.

    Made by :func:`curvature_report`. It prints as a report, and as a table in a
    notebook.

    Parameters
    ----------
    title : str
        The estimator, the number of parameters and the number of rows.
    objective : float
        The objective, penalty included.
    point : CriticalPoint
        What kind of point it is.
    largest, smallest : ndarray of shape (k,)
        The extreme eigenvalues of the Hessian, the most extreme first.
    trace : TraceEstimate
        The trace of the Hessian.
    gauss_newton_trace : float
        That of the Gauss-Newton matrix: what the trace would be, did the network not
        bend.
    learning_rate_bound : float
        2 over the largest eigenvalue.
    sharpness : Sharpness
        How steeply the objective rises around the point.
    layers : tuple of LayerCurvature
        The same of each layer by itself; as in all that is printed and drawn, the first
        of them is number 1.
    """

    title: str
    objective: float
    point: CriticalPoint
    largest: np.ndarray
    smallest: np.ndarray
    trace: TraceEstimate
    gauss_newton_trace: float
    learning_rate_bound: float
    sharpness: Sharpness
    layers: tuple[LayerCurvature, ...]

    def __str__(self) -> str:
        """Return the report."""
        lines = [self.title, "=" * len(self.title)]
        lines += [f"{label:<22}{text}" for label, text in self._rows()]
        head = ["layer", "parameters", "largest eigenvalue", "Gauss-Newton trace"]
        lines += ["", "  ".join(head)]
        for row in self._layer_rows():
            cells = zip(row, head, strict=True)
            lines.append("  ".join(f"{text:>{len(name)}}" for text, name in cells))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the report as HTML."""
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(label)}</th>"
            f"<td style='text-align:left'>{escape(text)}</td></tr>"
            for label, text in self._rows()
        )
        layers = "".join(
            "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>"
            for row in self._layer_rows()
        )
        return (
            f"<table><caption>{escape(self.title)}</caption>{rows}</table>"
            "<table><tr><th>layer</th><th>parameters</th><th>largest eigenvalue</th>"
            f"<th>Gauss-Newton trace</th></tr>{layers}</table>"
        )

    def _rows(self) -> Iterator[tuple[str, str]]:
        """Yield what is said in pairs of a label and a text."""
        point, rise = self.point, self.sharpness
        yield "objective", f"{self.objective:.6g}"
        yield "point", str(point.kind)
        yield (
            "gradient",
            f"{point.gradient_norm:.3g} (relative {point.relative_gradient:.1e})",
        )
        if point.signs is not None:
            counts = point.signs
            yield (
                "signs",
                f"{counts.positive} positive, {counts.negative} negative, "
                f"{counts.zero} flat",
            )
        size = max(abs(point.smallest), abs(point.largest))
        yield "largest eigenvalues", _several(self.largest, size)
        yield "smallest eigenvalues", _several(self.smallest, size)
        error = self.trace.standard_error
        yield "trace", f"{self.trace.value:.4g}" + (f" ± {error:.2g}" if error else "")
        yield "Gauss-Newton trace", f"{self.gauss_newton_trace:.4g}"
        yield "learning-rate bound", f"{self.learning_rate_bound:.4g}"
        yield (
            "sharpness",
            f"rises by {rise.rise:.3g} within a distance of {rise.radius:.3g} "
            f"(by the Hessian: {rise.expected_rise:.3g})",
        )

    def _layer_rows(self) -> list[tuple[str, ...]]:
        return [
            (
                str(index + 1),
                str(layer.n_params),
                f"{layer.largest_eigenvalue:.4g}",
                f"{layer.gauss_newton_trace:.4g}",
            )
            for index, layer in enumerate(self.layers)
        ]


def _several(values: np.ndarray, size: float) -> str:
    """Return eigenvalues as a text, where nothing but rounding is left as zeros."""
    nothing = ROUNDINGS * size * float(np.finfo(values.dtype).eps)
    return "  ".join(f"{v:.3g}" if abs(v) > nothing else "0" for v in values)


def curvature_report(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    k: int = 3,
    gradient_tol: float = 1e-3,
    curvature_tol: float = 1e-3,
    radius: float = 0.05,
    n_products: int = 60,
    max_params: int = 500,
    random_state: Any = None,
) -> CurvatureReport:
    """Report on the curvature of a fitted estimator's objective.

    Parameters
    ----------
    estimator, X, y, sample_weight
        As for :func:`hessian_operator`.
    k : int, default=3
        How many eigenvalues to show at each end.
    gradient_tol, curvature_tol : float, default=1e-3
        As for :func:`critical_point`.
    radius : float, default=0.05
        As for :func:`sharpness`.
    n_products : int, default=60
        The products that the trace is estimated with in a large network.
    max_params : int, default=500
        Up to this number of parameters the whole Hessian is formed, and the trace and
        the signs of eigenvalues are exact.
    random_state : int, RandomState instance or None, default=None
        Draws what is random in larger networks.

    Returns
    -------
    CurvatureReport
        The report, to print.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.curvature import curvature_report
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier(
    ...     (3,),
    ...     activation="tanh",
    ...     alpha=1.0,
    ...     scaling="standard",
    ...     solver="lbfgs",
    ...     tol=1e-8,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> report = curvature_report(model, X, y)
    >>> print(report)  # doctest: +ELLIPSIS
    BackpropClassifier: 27 parameters, 150 rows
    ===========================================
    objective             0...
    point                 minimum
    ...
    """
    check(
        "curvature_report",
        k=k,
        gradient_tol=gradient_tol,
        curvature_tol=curvature_tol,
        radius=radius,
        n_products=n_products,
        max_params=max_params,
    )
    rng = check_random_state(random_state)
    operator = hessian_operator(estimator, X, y, sample_weight)
    n_params, complete = operator.shape[0], operator.shape[0] <= max_params
    if complete:
        values, vectors = eigh(dense(operator))
        pairs = Eigenpairs(values, vectors)
        trace = TraceEstimate(float(values.sum()), 0.0, n_params)
    else:
        pairs = extreme_eigenvalues(operator, k, random_state=rng)
        trace = estimate_trace(operator, n_products, random_state=rng)
    values = pairs.values
    diagonal = GaussNewton().diagonal(operator.products, operator.entries)
    return CurvatureReport(
        title=(
            f"{type(estimator).__name__}: {n_params:,} parameters, "
            f"{len(operator.bound.data):,} rows"
        ),
        objective=operator.value(operator.theta),
        point=judged(operator, values, gradient_tol, curvature_tol, complete),
        largest=values[: -k - 1 : -1],
        smallest=values[:k],
        trace=trace,
        gauss_newton_trace=float(diagonal.sum()),
        learning_rate_bound=bound_of(float(values[-1])),
        sharpness=measured(operator, float(values[-1]), pairs.vectors[:, -1], radius),
        layers=_layers(operator, diagonal, rng),
    )


def _layers(
    operator: CurvatureOperator, diagonal: np.ndarray, rng: np.random.RandomState
) -> tuple[LayerCurvature, ...]:
    found = []
    for index in range(operator.bound.objective.network.n_dense):
        entries = entries_of(operator.bound, [index])
        block = CurvatureOperator(operator.bound, Hessian(), entries, operator.products)
        top = extreme_eigenvalues(block, which="largest", random_state=rng)
        trace = float(diagonal[entries].sum())
        found.append(LayerCurvature(len(entries), float(top.values[-1]), trace))
    return tuple(found)
