"""Optimal brain surgeon: what stays makes up for what goes."""

from collections.abc import Iterator
from functools import partial
from numbers import Real
from typing import ClassVar

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.lapack import dpotrf, dpotri

from skbackprop._compat import Interval
from skbackprop.losses import SquaredError
from skbackprop.masking.criteria import Criterion
from skbackprop.masking.point import Point, biases

__all__ = ["OBS"]


class OBS(Criterion, name="obs"):
    """Optimal brain surgeon, by Kronecker-factored blocks of the curvature.

    The Gauss-Newton block of a layer is taken as the product of two matrices: the
    second moment of its inputs, and the curvature with respect to its outputs. A weight
    costs ``w ** 2 / (2 * h)``, where ``h`` is its entry of the inverse of the block of
    all free weights to the same unit; a unit costs the same with all its weights. What
    stays, biases included, is moved to where the layer's outputs change least.

    The block changes with what is gone, so that it takes a few rounds. Of a loss
    without curvature, as the absolute error, it is taken of the squared error instead.

    Parameters
    ----------
    damping : float, default=1e-2
        Added to the diagonal of the inputs' second moment, relative to its mean.

    References
    ----------
    B. Hassibi and D. Stork, "Second order derivatives for network pruning: optimal
    brain surgeon", NeurIPS 1992.

    E. Frantar and D. Alistarh, "Optimal brain compression: a framework for accurate
    post-training quantization and pruning", NeurIPS 2022.

    Examples
    --------
    >>> from skbackprop.pruning import OBS
    >>> OBS(damping=0.1)
    OBS(damping=0.1)
    """

    damping: float = 1e-2

    needs_data: ClassVar[bool] = True
    rounds: ClassVar[int] = 4
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "damping": [Interval(Real, 0, None, closed="neither")]
    }

    def check(self, point: Point) -> None:
        """Refuse a loss without curvature."""
        point.loss_products().kronecker_factors()

    def saliency(self, point: Point) -> np.ndarray:
        """Return what each weight costs, the others compensating."""
        result = np.zeros(point.layout.n_weights)
        costs = point.matrices(result)
        free, weights = _with_biases(point, point.free), point.matrices(point.weights)
        for cost, w, mask, (moment, bend) in zip(
            costs, weights, free, self._factors(point), strict=True
        ):
            for rows, columns in _alike(mask):
                inner = rows[rows < len(w)]
                spread = _inverse_diagonal(moment[np.ix_(rows, rows)])[: len(inner)]
                block = np.ix_(inner, columns)
                squares = np.square(w[block], dtype=np.float64)
                cost[block] = squares * np.diag(bend)[columns] / (2.0 * spread[:, None])
        return result

    def unit_saliency(self, point: Point) -> list[np.ndarray]:
        """Return what each unit costs, with all weights that leave it."""
        costs = []
        free, weights = _with_biases(point, point.free), point.matrices(point.weights)
        for w, mask, (moment, bend) in zip(
            weights, free, self._factors(point), strict=True
        ):
            rows = np.flatnonzero(mask.any(axis=1))
            inner = rows[rows < len(w)]
            spread = _inverse_diagonal(moment[np.ix_(rows, rows)])[: len(inner)]
            cost = np.zeros(len(w))
            outgoing = w[inner].astype(np.float64)
            bent = np.einsum("ij,jk,ik->i", outgoing, bend, outgoing, optimize=True)
            cost[inner] = bent / (2.0 * spread)
            costs.append(cost)
        return costs

    def compensated(self, point: Point, free: np.ndarray) -> np.ndarray:
        """Move what stays to where the outputs of each layer change least."""
        theta = point.theta.copy()
        layers = zip(
            point.matrices(theta),
            biases(point.layout, theta),
            _with_biases(point, free),
            _with_biases(point, point.free),
            self._factors(point),
            strict=True,
        )
        for w, b, now, before, (moment, _) in layers:
            whole = np.vstack([w, b]).astype(np.float64)
            for rows, columns in _alike(now):
                if np.array_equal(now[:, columns], before[:, columns]):
                    continue
                gone = np.setdiff1d(np.arange(len(whole)), rows)
                pull = moment[np.ix_(rows, gone)] @ whole[np.ix_(gone, columns)]
                block = moment[np.ix_(rows, rows)]
                whole[np.ix_(rows, columns)] += cho_solve(cho_factor(block), pull)
            w[...], b[...] = whole[:-1], whole[-1]
        return theta

    def _factors(self, point: Point) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Return both factors of each layer's block, the first one damped."""
        found = point.shared("kronecker factors", partial(_kronecker_factors, point))
        for moment, bend in found:
            damped = moment.astype(np.float64)
            mean = np.trace(damped) / len(damped)
            damped[np.diag_indices_from(damped)] += self.damping * mean
            yield damped, bend.astype(np.float64)


def _kronecker_factors(point: Point) -> list[tuple[np.ndarray, np.ndarray]]:
    found = point.loss_products().kronecker_factors()
    _, bend = found[-1]
    if bend.any():
        return found
    # Made of straight pieces, a loss does not tell one output from another: what
    # moves any of them costs the same.
    return point.loss_products(loss=SquaredError()).kronecker_factors()


def _with_biases(point: Point, free: np.ndarray) -> list[np.ndarray]:
    """Return, for each layer, what is free of its weights, with the biases below."""
    pairs = zip(point.matrices(free), biases(point.layout, free), strict=True)
    return [np.vstack(pair) for pair in pairs]


def _alike(mask: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Return the columns that have the same free rows, together with these."""
    patterns, which = np.unique(mask, axis=1, return_inverse=True)
    for index in range(patterns.shape[1]):
        rows = np.flatnonzero(patterns[:, index])
        if rows.size:
            yield rows, np.flatnonzero(which.ravel() == index)


def _inverse_diagonal(matrix: np.ndarray) -> np.ndarray:
    """Return the diagonal of the inverse of a positive definite matrix."""
    factor, _ = dpotrf(matrix, lower=1)
    inverse, _ = dpotri(factor, lower=1)
    return np.diag(inverse)
