"""Second derivatives of losses that are sums over pairs of rows."""

from typing import NamedTuple

import numpy as np

from skbackprop.core.ops import scalar


class PairCurvature(NamedTuple):
    """How the terms of all pairs are curved in the difference of their two rows.

    With ``d`` that difference, the Hessian of a pair's term is ``across I + along
    dd'``.

    Parameters
    ----------
    across, along : ndarray of shape (n_rows, n_rows)
        Symmetric; those of a row with itself mean nothing.
    """

    across: np.ndarray
    along: np.ndarray


def pair_curvature(slopes: np.ndarray, bends: np.ndarray) -> PairCurvature:
    """Return the curvature in differences, given that in squared distances.

    Parameters
    ----------
    slopes, bends : ndarray of shape (n_rows, n_rows)
        First and second derivatives of each row's loss, times what the row counts for;
        overwritten.

    Returns
    -------
    PairCurvature
        The curvature.
    """
    across, along = slopes + slopes.T, bends + bends.T
    across *= scalar(2.0, across)
    along *= scalar(4.0, along)
    return PairCurvature(across, along)


def convex_part(curvature: PairCurvature, squared: np.ndarray) -> PairCurvature:
    """Return the curvature without the negative eigenvalues of each pair's Hessian.

    Parameters
    ----------
    curvature : PairCurvature
        Any.
    squared : ndarray of shape (n_rows, n_rows)
        Squared distances.

    Returns
    -------
    PairCurvature
        One whose matrices, and so their sum, are positive semi-definite.
    """
    zero = scalar(0.0, squared)
    across = np.maximum(curvature.across, zero)
    radial = np.maximum(curvature.across + curvature.along * squared, zero)
    radial -= across
    along = np.divide(radial, squared, out=np.zeros_like(radial), where=squared > 0)
    return PairCurvature(across, along)


def pair_product(
    curvature: PairCurvature, z: np.ndarray, tangent: np.ndarray
) -> np.ndarray:
    """Return the product of the Hessian of all terms' sum with tangents.

    Parameters
    ----------
    curvature : PairCurvature
        That of the terms.
    z : ndarray of shape (n_rows, n_scores)
        The rows.
    tangent : ndarray of shape (k, n_rows, n_scores)
        Changes of the rows.

    Returns
    -------
    ndarray of shape (k, n_rows, n_scores)
        How the gradient changes.
    """
    across, along = curvature
    product = across.sum(axis=1)[:, np.newaxis] * tangent
    product -= np.matmul(across, tangent)
    if along.any():
        for change, out in zip(tangent, product, strict=True):
            # The inner products of differences and their changes.
            inner = np.dot(z, change.T)
            own = np.einsum("ij,ij->i", z, change)
            inner = (own + own[:, np.newaxis] - inner - inner.T) * along
            out += inner.sum(axis=1)[:, np.newaxis] * z - np.dot(inner, z)
    return product


def row_blocks(curvature: PairCurvature, z: np.ndarray) -> np.ndarray:
    """Return the blocks on the diagonal of the Hessian, one for each row.

    Parameters
    ----------
    curvature : PairCurvature
        That of the terms.
    z : ndarray of shape (n_rows, n_scores)
        The rows.

    Returns
    -------
    ndarray of shape (n_rows, n_scores, n_scores)
        How the gradient of each row changes with the row itself.
    """
    n_rows, n_scores = z.shape
    across, along = curvature
    outer = z[:, :, np.newaxis] * z[:, np.newaxis]
    blocks = np.dot(along, outer.reshape(n_rows, -1)).reshape(outer.shape)
    blocks += along.sum(axis=1)[:, np.newaxis, np.newaxis] * outer
    mixed = z[:, :, np.newaxis] * np.dot(along, z)[:, np.newaxis]
    blocks -= mixed + mixed.transpose(0, 2, 1)
    # No row is curved in its difference to itself.
    total = across.sum(axis=1) - across.diagonal()
    blocks += total[:, np.newaxis, np.newaxis] * np.eye(n_scores, dtype=z.dtype)
    return blocks
