"""Rough inverses of the Gauss-Newton matrix, for conjugate gradients."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from skbackprop.core.ops import all_finite
from skbackprop.linearization import CurvatureProducts

# With more outputs than these, the second moments of gradients are drawn: all of them
# would take longer than many products.
EXACT_OUTPUTS = 4
# Moments of more inputs or outputs take longer to take apart, and more memory, than
# they are worth.
WIDEST = 4096


class Preconditioner(ABC):
    """What is like the Gauss-Newton matrix at a point, and easily inverted.

    Parameters
    ----------
    products : CurvatureProducts
        The objective near that point.

    Attributes
    ----------
    n_steps : int
        How many steps go by one: what takes as long as several products is not made
        anew for each.
    """

    n_steps: ClassVar[int] = 1

    @abstractmethod
    def __init__(self, products: CurvatureProducts) -> None: ...

    def renewed(self, products: CurvatureProducts) -> "Preconditioner":
        """Return another one, for a later point of the same problem.

        Parameters
        ----------
        products : CurvatureProducts
            The objective near that point.

        Returns
        -------
        Preconditioner
            The same as one made from nothing.
        """
        return type(self)(products)

    @abstractmethod
    def solve(self, vector: np.ndarray, damping: float) -> np.ndarray:
        """Return a vector times the damped inverse.

        Parameters
        ----------
        vector : ndarray of shape (n_params,)
            The vector.
        damping : float
            What is added to the diagonal.

        Returns
        -------
        ndarray of shape (n_params,)
            A new array, or the vector.
        """

    @abstractmethod
    def curvature(self, vector: np.ndarray) -> float:
        """Return the curvature along a vector.

        Parameters
        ----------
        vector : ndarray of shape (n_params,)
            The vector.

        Returns
        -------
        float
            ``vector' G vector``, roughly.
        """


class Identity(Preconditioner):
    """No preconditioner at all."""

    def __init__(self, products: CurvatureProducts) -> None:
        self.products = products

    def solve(self, vector: np.ndarray, damping: float) -> np.ndarray:
        """Return the vector."""
        return vector

    def curvature(self, vector: np.ndarray) -> float:
        """Return it exactly, by a product."""
        return float(vector @ self.products.gauss_newton(vector))


class Diagonal(Preconditioner):
    """The inverse of the damped diagonal, to the power 3/4 as Martens has it."""

    n_steps: ClassVar[int] = 4

    def __init__(self, products: CurvatureProducts) -> None:
        self.entries = _entries(products)

    def solve(self, vector: np.ndarray, damping: float) -> np.ndarray:
        """Return the vector over what is left of the diagonal."""
        return vector / (self.entries + damping) ** 0.75

    def curvature(self, vector: np.ndarray) -> float:
        """Return that of the diagonal."""
        return float(vector**2 @ self.entries)


class KroneckerFactored(Preconditioner):
    """The inverse of the damped Kronecker-factored blocks of dense layers.

    Other parameters, such as the scales of a normalisation or the weights of a layer
    that is very wide or without Kronecker factors, go by the diagonal.

    References
    ----------
    J. Martens and R. Grosse, "Optimizing neural networks with Kronecker-factored
    approximate curvature", ICML 2015.
    """

    blocks: list[tuple[int, "_Block"]]

    def __init__(
        self,
        products: CurvatureProducts,
        earlier: "KroneckerFactored | None" = None,
    ) -> None:
        layout = products.objective.network.layout
        self.blocks = _blocks(products, {} if earlier is None else dict(earlier.blocks))
        self.others, self.entries = _others(products, [key for key, _ in self.blocks])
        self.n_params, self.padded = products.n_params, np.zeros(layout.size)
        self.views = layout.views(self.padded)

    def renewed(self, products: CurvatureProducts) -> "KroneckerFactored":
        """Return another one; moments that are the same are not taken apart again."""
        return KroneckerFactored(products, self)

    def solve(self, vector: np.ndarray, damping: float) -> np.ndarray:
        """Return the solutions of all blocks."""
        self.padded[: self.n_params] = vector
        self.padded[self.others] /= self.entries + damping
        for key, block in self.blocks:
            weight, bias = self.views[key]
            stacked = block.solve(np.vstack([weight, bias]), damping)
            weight[...], bias[...] = stacked[:-1], stacked[-1]
        return self.padded[: self.n_params].copy()

    def curvature(self, vector: np.ndarray) -> float:
        """Return the sum of those of all blocks."""
        self.padded[: self.n_params] = vector
        blocks = [
            block.curvature(np.vstack(self.views[key])) for key, block in self.blocks
        ]
        return float(sum(blocks) + vector[self.others] ** 2 @ self.entries)


class _Block:
    """The Kronecker product of two symmetric matrices, by their eigenvectors."""

    input_values: np.ndarray
    of_inputs: np.ndarray

    def __init__(
        self, inputs: np.ndarray, outputs: np.ndarray, earlier: "_Block | None" = None
    ) -> None:
        if not (all_finite(inputs) and all_finite(outputs)):
            inputs, outputs = np.eye(len(inputs)), np.eye(len(outputs))
        self.inputs = inputs
        # Those of the data are the same at every point, and as a rule the most.
        if earlier is not None and np.array_equal(inputs, earlier.inputs):
            self.input_values, self.of_inputs = earlier.input_values, earlier.of_inputs
        else:
            self.input_values, self.of_inputs = np.linalg.eigh(
                inputs.astype(np.float64)
            )
        g, self.of_outputs = np.linalg.eigh(outputs.astype(np.float64))
        # What is below zero is so by rounding.
        self.values = np.multiply.outer(self.input_values.clip(0.0), g.clip(0.0))

    def curvature(self, matrix: np.ndarray) -> float:
        turned = self.of_inputs.T @ matrix @ self.of_outputs
        return float((turned * turned * self.values).sum())

    def solve(self, matrix: np.ndarray, damping: float) -> np.ndarray:
        turned = self.of_inputs.T @ matrix @ self.of_outputs
        turned /= self.values + damping
        return self.of_inputs @ turned @ self.of_outputs.T


def _blocks(
    products: CurvatureProducts, earlier: Mapping[int, _Block]
) -> list[tuple[int, _Block]]:
    """Return the block of each dense layer, with the layer's position."""
    n_out = products.objective.network.n_out
    rng = None if n_out <= EXACT_OUTPUTS else np.random.RandomState(0)
    found = products.kronecker_blocks(rng, WIDEST)
    return [(key, _Block(*pair, earlier.get(key))) for key, pair in found.items()]


def _others(
    products: CurvatureProducts, dense: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return where parameters of other layers are, and their diagonal."""
    layout = products.objective.network.layout
    of_dense = np.zeros(layout.size, bool)
    views = layout.views(of_dense)
    for key in dense:
        for view in views[key]:
            view.fill(True)
    others = np.flatnonzero(~of_dense[: products.n_params])
    if not others.size:
        return others, np.empty(0)
    return others, _entries(products)[others]


def _entries(products: CurvatureProducts) -> np.ndarray:
    """Return the diagonal; squares that overflow, as those of blocks, count for one."""
    diagonal = products.gauss_newton_diagonal().astype(np.float64)
    return np.nan_to_num(diagonal, nan=1.0, posinf=1.0)
