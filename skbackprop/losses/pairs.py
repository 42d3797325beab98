"""Losses that compare the rows of a batch: their base, and the contrastive loss."""

from abc import abstractmethod
from collections.abc import Iterator
from numbers import Real
from typing import Any, ClassVar, NamedTuple

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.ops import scalar
from skbackprop.losses._pair_curvature import (
    PairCurvature,
    convex_part,
    pair_curvature,
    pair_product,
    row_blocks,
)
from skbackprop.losses.base import Loss, square_roots

# More rows are not compared with each other at once: the work, and the memory, of a
# large batch grows as its rows do, not as their square.
MOST_ROWS = 1024


class Comparison(NamedTuple):
    """Rows side by side with each other.

    Parameters
    ----------
    squared : ndarray of shape (n_rows, n_rows)
        Their squared distances.
    same : ndarray of bool of shape (n_rows, n_rows)
        Whether two rows are of one class, as each row is with itself.
    weight : ndarray of shape (n_rows,)
        Weights of the rows, all above zero, of any scale.
    """

    squared: np.ndarray
    same: np.ndarray
    weight: np.ndarray


class PairLoss(Loss, family=True):
    """The family that fills the ``loss`` slot of an embedder.

    The loss of a row is a weighted mean over other rows of its batch, so that a weight
    acts on both members of a pair. Each row is compared with itself too, at distance
    zero: a row of weight 2 then is exactly a row given twice, and a row of weight zero
    has no part in anything. The loss of a batch is the mean over its rows.

    At most 1024 rows are compared with each other. A larger batch (validation data, or
    all rows for a solver such as L-BFGS) falls into groups of equal size, the rows of
    each evenly spread over the batch.

    Attributes
    ----------
    jumps : bool
        Whether the loss is not continuous in the embedding, so that solvers that search
        along a line cannot minimise it.
    """

    link: ClassVar[str] = "identity"
    mixes_rows: ClassVar[bool] = True
    jumps: ClassVar[bool] = False

    @abstractmethod
    def row_values(self, rows: Comparison) -> np.ndarray:
        """Return the loss of each row.

        Parameters
        ----------
        rows : Comparison
            The rows.

        Returns
        -------
        ndarray of shape (n_rows,)
            Weighted means over the other rows.
        """

    @abstractmethod
    def slopes(self, rows: Comparison) -> np.ndarray:
        """Return the derivative of each row's loss by its squared distances.

        Parameters
        ----------
        rows : Comparison
            The rows.

        Returns
        -------
        ndarray of shape (n_rows, n_rows)
            A row for each loss; the caller may overwrite it.
        """

    def bends(self, rows: Comparison) -> np.ndarray:
        """Return the second derivative of each row's loss by its squared distances.

        Only curvature needs it. The loss is a sum over pairs, or like one nearby: there
        are no mixed derivatives.

        Parameters
        ----------
        rows : Comparison
            The rows.

        Returns
        -------
        ndarray of shape (n_rows, n_rows)
            A row for each loss; the caller may overwrite it.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no second derivative: define bends."
        )

    def inverse_link(self, raw: np.ndarray) -> np.ndarray:
        """Return the raw scores: they are the embedding."""
        return raw

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the loss of each row among the others.

        Parameters
        ----------
        prediction : ndarray of shape (n_samples, n_components)
            The embedding.
        target : ndarray of shape (n_samples, 1)
            The positions of the classes.
        """
        values = np.zeros(len(prediction), prediction.dtype)
        for rows, _, compared in _groups(prediction, target, None):
            values[rows] = self.row_values(compared)
        return values

    def total(
        self, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None
    ) -> float:
        """Return the sum of the rows' losses; weights act on both members of a pair."""
        total = 0.0
        for _, _, compared in _groups(prediction, target, weight):
            total += float(np.dot(compared.weight, self.row_values(compared)))
        return total

    def gradient(
        self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray
    ) -> np.ndarray:
        """Write the derivative of the sum of all rows' losses into ``out``."""
        return self.scaled_gradient(prediction, target, 1.0, out)

    def scaled_gradient(
        self, prediction: np.ndarray, target: np.ndarray, scale: Any, out: np.ndarray
    ) -> np.ndarray:
        """Write the derivative of the sum of ``scale`` times the rows' losses."""
        out.fill(0.0)
        weighted = np.ndim(scale) > 0
        weight = scale[:, 0] if weighted else None
        for rows, z, compared in _groups(prediction, target, weight):
            slopes = self.slopes(compared)
            slopes *= compared.weight[:, np.newaxis] if weighted else scale
            # Twice, as the squared distance of two rows moves with both of them.
            mutual = np.add(slopes, slopes.T)
            mutual += mutual
            out[rows] = mutual.sum(axis=1)[:, np.newaxis] * z - np.dot(mutual, z)
        return out

    def hessian_product(
        self, prediction: np.ndarray, target: np.ndarray, tangent: np.ndarray
    ) -> np.ndarray:
        """Return how the gradient of the sum of all rows' losses changes."""
        return self.scaled_hessian_product(prediction, target, 1.0, tangent)

    def gauss_newton_product(
        self, prediction: np.ndarray, target: np.ndarray, tangent: np.ndarray
    ) -> np.ndarray:
        """Return the product with the positive parts of the Hessians of all pairs."""
        return self.scaled_gauss_newton_product(prediction, target, 1.0, tangent)

    def factor(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return roots of the blocks of rows with themselves."""
        return self.scaled_factor(prediction, target, 1.0)

    def scaled_hessian_product(
        self,
        prediction: np.ndarray,
        target: np.ndarray,
        scale: Any,
        tangent: np.ndarray,
    ) -> np.ndarray:
        """Return how the gradient of the sum of ``scale`` times the losses changes."""
        product = np.zeros(tangent.shape, prediction.dtype)
        for rows, z, curvature, _ in self._curved(prediction, target, scale):
            product[:, rows] = pair_product(curvature, z, tangent[:, rows])
        return product

    def scaled_gauss_newton_product(
        self,
        prediction: np.ndarray,
        target: np.ndarray,
        scale: Any,
        tangent: np.ndarray,
    ) -> np.ndarray:
        """Return the product with the positive parts of the Hessians of all pairs."""
        product = np.zeros(tangent.shape, prediction.dtype)
        for rows, z, curvature, squared in self._curved(prediction, target, scale):
            convex = convex_part(curvature, squared)
            product[:, rows] = pair_product(convex, z, tangent[:, rows])
        return product

    def scaled_factor(
        self, prediction: np.ndarray, target: np.ndarray, scale: Any
    ) -> np.ndarray:
        """Return roots of the blocks of rows with themselves."""
        n_rows, n_scores = prediction.shape
        factor = np.zeros((n_scores, n_rows, n_scores), prediction.dtype)
        for rows, z, curvature, squared in self._curved(prediction, target, scale):
            blocks = row_blocks(convex_part(curvature, squared), z)
            factor[:, rows] = square_roots(blocks)
        return factor

    def _curved(
        self, prediction: np.ndarray, target: np.ndarray, scale: Any
    ) -> Iterator[tuple[np.ndarray, np.ndarray, PairCurvature, np.ndarray]]:
        """Yield, for each group, where rows are, they, curvature, squared distances."""
        weighted = np.ndim(scale) > 0
        weight = scale[:, 0] if weighted else None
        for rows, z, compared in _groups(prediction, target, weight):
            factor = compared.weight[:, np.newaxis] if weighted else scale
            slopes, bends = self.slopes(compared), self.bends(compared)
            slopes *= factor
            bends *= factor
            yield rows, z, pair_curvature(slopes, bends), compared.squared


class Contrastive(PairLoss, name="contrastive"):
    """The contrastive loss: classes drawn together, others held off by a margin.

    With d the Euclidean distance of two rows of a batch, it is the mean over all pairs
    of ``d**2 / 2`` within a class and of ``max(0, margin - d)**2 / 2`` between classes.
    It has a kink where rows of two classes meet; their gradient is 0 there. It is half
    a sum of squares, and its Gauss-Newton matrix that of least squares: the Hessian
    without what the curves of equal distance bring, ``-(margin - d) / d`` across pairs
    of different classes.

    Parameters
    ----------
    margin : float, default=1.0
        How far apart rows of different classes have to be in order not to matter.

    References
    ----------
    R. Hadsell, S. Chopra and Y. LeCun, "Dimensionality reduction by learning an
    invariant mapping", CVPR 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import Contrastive
    >>> embedding, classes = np.array([[0.0], [0.6], [0.8]]), np.array([[0], [0], [1]])
    >>> Contrastive().value(embedding, classes).round(3)
    array([0.067, 0.167, 0.113])
    """

    margin: float = 1.0

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "margin": [Interval(Real, 0, None, closed="neither")]
    }

    def row_values(self, rows: Comparison) -> np.ndarray:
        """Return half the mean of squared distances, or of what they lack."""
        lack, _ = self._lack(rows)
        terms = np.where(rows.same, rows.squared, np.multiply(lack, lack, lack))
        share = rows.weight / rows.weight.sum()
        return np.dot(terms, scalar(0.5, share) * share)

    def slopes(self, rows: Comparison) -> np.ndarray:
        """Return half the share of each row, less the relative lack of distance."""
        lack, distance = self._lack(rows)
        # Coincident rows of two classes have no direction in which to part.
        relative = np.divide(
            lack, distance, out=np.zeros_like(lack), where=distance > 0
        )
        np.negative(relative, relative)
        relative[rows.same] = 1.0
        share = rows.weight / rows.weight.sum()
        return np.multiply(relative, scalar(0.5, share) * share, relative)

    def bends(self, rows: Comparison) -> np.ndarray:
        """Return the share of each row over the cube of its distance, within reach."""
        lack, distance = self._lack(rows)
        cube = distance * distance * distance
        # Pairs too close for a quotient count as coincident.
        least = 16.0 * self.margin / float(np.finfo(cube.dtype).max)
        reached = (lack > 0) & (cube > least) & ~rows.same
        bends = np.divide(
            scalar(0.25 * self.margin, cube),
            cube,
            out=np.zeros_like(cube),
            where=reached,
        )
        return np.multiply(bends, rows.weight / rows.weight.sum(), bends)

    def _lack(self, rows: Comparison) -> tuple[np.ndarray, np.ndarray]:
        """Return how much distances fall short of the margin, and the distances."""
        distance = np.sqrt(rows.squared)
        lack = np.subtract(scalar(self.margin, distance), distance)
        return np.maximum(lack, scalar(0.0, lack), out=lack), distance


def _groups(
    prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None
) -> Iterator[tuple[np.ndarray, np.ndarray, Comparison]]:
    """Return, for each group, where its rows are, the rows, and how they compare.

    Rows of weight zero are in none.
    """
    kept = np.arange(len(target)) if weight is None else np.flatnonzero(weight)
    n_groups = -(-len(kept) // MOST_ROWS)
    for first in range(n_groups):
        rows = kept[first::n_groups]
        z, labels = prediction[rows], target[rows, 0]
        _check_classes(labels)
        z -= z.mean(axis=0)  # squared distances round less
        weights = np.ones(len(rows), z.dtype) if weight is None else weight[rows]
        same = labels[:, np.newaxis] == labels
        yield rows, z, Comparison(_squared_distances(z), same, weights)


def _squared_distances(z: np.ndarray) -> np.ndarray:
    norm = np.einsum("ij,ij->i", z, z)
    squared = np.dot(z, z.T)
    squared *= scalar(-2.0, z)
    squared += norm
    squared += norm[:, np.newaxis]
    np.fill_diagonal(squared, 0.0)
    return np.maximum(squared, scalar(0.0, z), out=squared)


def _check_classes(labels: np.ndarray) -> None:
    if not (np.rint(labels) == labels).all():
        raise ValueError(
            "Losses that compare rows need the class of each row, but augmentation has "
            "mixed classes: leave 'mixup' out, or return y as it was."
        )
