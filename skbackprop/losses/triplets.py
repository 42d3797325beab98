"""The triplet loss, on triplets mined within each batch."""

from numbers import Real
from typing import ClassVar, NamedTuple

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.ops import scalar
from skbackprop.losses.pairs import Comparison, PairLoss


class Triplets(NamedTuple):
    """Mined triplets, as positions of rows and what each of them costs.

    Parameters
    ----------
    anchor, positive, negative : ndarray of int of shape (n_triplets,)
        Positions of the rows.
    loss : ndarray of shape (n_triplets,)
        The loss of each, not negative.
    share : ndarray of shape (n_triplets,)
        Its share in the loss of the anchor.
    """

    anchor: np.ndarray
    positive: np.ndarray
    negative: np.ndarray
    loss: np.ndarray
    share: np.ndarray


class Triplet(PairLoss, name="triplet"):
    """The triplet loss with semi-hard negatives, mined within each batch.

    For an anchor, a positive (a row of its class) and a negative (a row of another one)
    at squared distances p and n from the anchor it is ``max(0, p - n + margin)``. The
    loss of an anchor is the mean over all positives, each with one negative: the
    nearest of those farther than the positive or, where there are none, the farthest.
    An anchor counts among its positives, at distance zero, which holds off the negative
    next to it.

    It has kinks where ``p - n + margin`` is zero, and jumps where distances change
    their order, so that another negative takes its turn; the gradient is that of the
    triplets as they were mined, and so are second derivatives. The Hessian pulls at
    positives and pushes at negatives; the Gauss-Newton matrix is the pull alone, which
    is convex, with the distances of negatives as straight as they look from here.

    Parameters
    ----------
    margin : float, default=1.0
        By how much the squared distance of a negative has to exceed that of a positive
        for both not to matter. Smaller ones, such as 0.2, suit rows of unit length.

    References
    ----------
    F. Schroff, D. Kalenichenko and J. Philbin, "FaceNet: a unified embedding for face
    recognition and clustering", CVPR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import Triplet
    >>> embedding, classes = np.array([[0.0], [0.6], [0.7]]), np.array([[0], [0], [1]])
    >>> Triplet().value(embedding, classes).round(3)
    array([0.69, 1.17, 0.99])
    """

    margin: float = 1.0

    jumps: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "margin": [Interval(Real, 0, None, closed="neither")]
    }

    def mine(self, rows: Comparison) -> Triplets:
        """Choose a negative for each anchor and positive.

        Parameters
        ----------
        rows : Comparison
            The rows.

        Returns
        -------
        Triplets
            One for each anchor that has a negative and each of its positives.
        """
        squared, weight, n_rows = rows.squared, rows.weight, len(rows.weight)
        # Each anchor's neighbours, near to far: the rows of these matrices are looked
        # through end to end, as one long array.
        order = np.argsort(squared, axis=1)
        starts = np.arange(0, n_rows * n_rows, n_rows)[:, np.newaxis]
        same = rows.same.take(order + starts).ravel()
        place, found = _next_negatives(same, n_rows)
        anchor = place // n_rows
        positive, negative = order.take(place), order.take(found)
        loss = squared[anchor, positive] - squared[anchor, negative]
        loss += scalar(self.margin, loss)
        np.maximum(loss, scalar(0.0, loss), out=loss)
        of_class = np.dot(rows.same, weight)
        share = weight[positive] / of_class[anchor]
        return Triplets(anchor, positive, negative, loss, share)

    def row_values(self, rows: Comparison) -> np.ndarray:
        """Return the mean loss of each anchor's triplets."""
        mined = self.mine(rows)
        total = np.bincount(mined.anchor, mined.share * mined.loss, len(rows.weight))
        return total.astype(rows.squared.dtype, copy=False)

    def slopes(self, rows: Comparison) -> np.ndarray:
        """Return the shares of active triplets: up by positives, down by negatives."""
        anchor, positive, negative, loss, share = self.mine(rows)
        n_rows, active = len(rows.weight), loss > 0
        anchor, share = anchor[active] * n_rows, share[active]
        cells = np.concatenate([anchor + positive[active], anchor + negative[active]])
        slopes = np.bincount(cells, np.concatenate([share, -share]), n_rows**2)
        return slopes.reshape(n_rows, -1).astype(rows.squared.dtype, copy=False)

    def bends(self, rows: Comparison) -> np.ndarray:
        """Return zeros: mined triplets are straight in squared distances."""
        return np.zeros_like(rows.squared)


def _next_negatives(same: np.ndarray, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of positives, and for each that of the negative it gets.

    It is the next one in the same row, or the last one where none follows. Positives
    in rows without negatives are left out.

    Parameters
    ----------
    same : ndarray of bool of shape (n_rows * n_rows,)
        Whether the neighbours, near to far, are of the class of their anchor: the rows
        of all anchors, end to end.
    n_rows : int
        The length of a row.
    """
    positives, other = np.flatnonzero(same), ~same
    # Behind the last negative there is one in no row at all.
    negatives = np.append(np.flatnonzero(other), same.size)
    passed = np.cumsum(other)[positives]
    row, next_one = positives // n_rows, negatives[passed]
    found = np.where(next_one // n_rows == row, next_one, negatives[passed - 1])
    kept = found // n_rows == row
    return positives[kept], found[kept]
