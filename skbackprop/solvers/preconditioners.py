"""Rough inverses of the Gauss-Newton matrix, for conjugate gradients."""

from collections.abc import Callable

import numpy as np

from skbackprop.core.layout import Layout
from skbackprop.linearization import CurvatureProducts

# With more outputs than these, the second moments of gradients are drawn: all of them
# would take longer than many products.
EXACT_OUTPUTS = 4

# preconditioner(vector, damping) -> the vector, times the damped inverse
Preconditioner = Callable[[np.ndarray, float], np.ndarray]


def identity(products: CurvatureProducts) -> Preconditioner:
    """Return no preconditioner at all.

    Parameters
    ----------
    products : CurvatureProducts
        The objective near a point.

    Returns
    -------
    callable
        The identity.
    """
    return lambda vector, damping: vector


def diagonal(products: CurvatureProducts) -> Preconditioner:
    """Return the inverse of the damped diagonal, to the power 3/4 as Martens has it.

    Parameters
    ----------
    products : CurvatureProducts
        The objective near a point.

    Returns
    -------
    callable
        The preconditioner.
    """
    entries = products.gauss_newton_diagonal().astype(np.float64)
    return lambda vector, damping: vector / (entries + damping) ** 0.75


def kfac(products: CurvatureProducts) -> Preconditioner:
    """Return the inverse of the damped Kronecker-factored blocks of dense layers.

    Other parameters, such as the scales of a normalisation, go by the diagonal.

    Parameters
    ----------
    products : CurvatureProducts
        The objective near a point.

    Returns
    -------
    callable
        The preconditioner.

    References
    ----------
    J. Martens and R. Grosse, "Optimizing neural networks with Kronecker-factored
    approximate curvature", ICML 2015.
    """
    layout = products.objective.network.layout
    blocks = _blocks(products, layout)
    others, entries = _others(products, layout)
    padded = np.zeros(layout.size)
    n_params = products.n_params

    def solve(vector: np.ndarray, damping: float) -> np.ndarray:
        padded[:n_params] = vector
        padded[others] /= entries + damping
        views = layout.views(padded)
        for key, block in blocks:
            weight, bias = views[key]
            stacked = block.solve(np.vstack([weight, bias]), damping)
            weight[...], bias[...] = stacked[:-1], stacked[-1]
        return padded[:n_params].copy()

    return solve


class _Block:
    """The Kronecker product of two symmetric matrices, by their eigenvectors."""

    def __init__(self, inputs: np.ndarray, outputs: np.ndarray) -> None:
        a, self.of_inputs = np.linalg.eigh(inputs.astype(np.float64))
        g, self.of_outputs = np.linalg.eigh(outputs.astype(np.float64))
        # What is below zero is so by rounding.
        self.values = np.multiply.outer(a.clip(0.0), g.clip(0.0))

    def solve(self, matrix: np.ndarray, damping: float) -> np.ndarray:
        turned = self.of_inputs.T @ matrix @ self.of_outputs
        turned /= self.values + damping
        return self.of_inputs @ turned @ self.of_outputs.T


def _blocks(products: CurvatureProducts, layout: Layout) -> list[tuple[int, _Block]]:
    """Return the block of each dense layer, with the layer's position."""
    dense = [
        key
        for key, group in enumerate(layout.params)
        if any(param.kind == "weight" for param in group)
    ]
    n_out = products.objective.network.n_out
    rng = None if n_out <= EXACT_OUTPUTS else np.random.RandomState(0)
    factors = products.kronecker_factors(rng)
    return [(key, _Block(*pair)) for key, pair in zip(dense, factors, strict=True)]


def _others(
    products: CurvatureProducts, layout: Layout
) -> tuple[np.ndarray, np.ndarray]:
    """Return where parameters of other layers are, and their diagonal."""
    of_dense = np.zeros(layout.size, bool)
    for kind in ("weight", "bias"):
        for view in layout.of_kind(kind, of_dense):
            view.fill(True)
    others = np.flatnonzero(~of_dense[: products.n_params])
    if not others.size:
        return others, np.empty(0)
    entries = products.gauss_newton_diagonal().astype(np.float64)
    return others, entries[others]
