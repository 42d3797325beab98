"""Check a loss against finite differences."""

from collections.abc import Iterator

import numpy as np

from skbackprop.losses import Loss
from skbackprop.testing.differences import STEP, compare, numerical_gradient

N_TANGENTS = 3


def check_loss(
    loss: Loss, target: np.ndarray, seed: int = 0, rtol: float = 1e-6
) -> float:
    """Check the gradient of a loss against its value, through its link.

    Its ``hessian_product``, ``gauss_newton_product`` and ``factor`` are, too, if any.

    Parameters
    ----------
    loss : Loss
        The loss.
    target : ndarray of shape (n_samples, n_outputs)
        Targets in its range; soft ones, such as 0.3, for ``loss.softened()``. A loss
        that takes more scores than there are targets gets them.
    seed : int, default=0
        Sets the random scores.
    rtol : float, default=1e-6
        The largest relative error that passes.

    Returns
    -------
    float
        The largest relative error.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import Poisson
    >>> from skbackprop.testing import check_loss
    >>> check_loss(Poisson(), np.array([[0.0], [3.0]])) < 1e-6
    True
    """
    shape = len(target), loss.n_scores(target.shape[1])
    raw = np.random.RandomState(seed).standard_normal(shape)
    gradient = loss.gradient(loss.inverse_link(raw.copy()), target, np.empty_like(raw))
    numerical = numerical_gradient(
        lambda at: float(np.sum(loss.value(loss.inverse_link(at), target))), raw
    )
    name = type(loss).__name__
    error = compare(f"{name}: gradient", gradient, numerical, rtol)
    second = _second_derivatives(loss, raw, target, STEP)
    return max([error, *(compare(f"{name}: {w}", a, b, rtol) for w, a, b in second)])


def _second_derivatives(
    loss: Loss, raw: np.ndarray, target: np.ndarray, step: float
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield properties of second derivatives; none for a loss that has none.

    Parameters
    ----------
    loss : Loss
        The loss.
    raw : ndarray of float64 of shape (n_samples, n_scores)
        Raw scores, away from kinks.
    target : ndarray of shape (n_samples, n_outputs)
        Targets.
    step : float
        Half the distance of two points whose gradients are compared.

    Yields
    ------
    tuple of str, ndarray and ndarray
        A name, two arrays that ought to be the same, the latter the reference.
    """
    tangent = np.random.RandomState(0).standard_normal((N_TANGENTS, *raw.shape))
    prediction = loss.inverse_link(raw.copy())
    try:
        product = loss.hessian_product(prediction, target, tangent)
    except NotImplementedError:
        return

    def gradient(at: np.ndarray) -> np.ndarray:
        return loss.gradient(loss.inverse_link(at), target, np.empty_like(at))

    moved = [gradient(raw + step * t) - gradient(raw - step * t) for t in tangent]
    yield "hessian_product", product, np.stack(moved) / (2.0 * step)
    one_by_one = [
        loss.hessian_product(prediction, target, t[np.newaxis]) for t in tangent
    ]
    yield (
        "hessian_product of several tangents",
        product,
        np.concatenate(one_by_one),
    )
    forms = np.einsum("kij,lij->kl", tangent, product)
    yield "symmetry of hessian_product", forms, forms.T
    factor = loss.factor(prediction, target)
    if loss.mixes_rows:
        basis = np.eye(raw.size).reshape(-1, *raw.shape)
        whole = loss.gauss_newton_product(prediction, target, basis)
        yield from _joint_curvature(whole.reshape(raw.size, -1), factor)
    else:
        # A sum of outer products is positive semi-definite: what equals it is, too.
        expected = np.einsum("mij,mil,kil->kij", factor, factor, tangent, optimize=True)
        convex = loss.gauss_newton_product(prediction, target, tangent)
        yield "gauss_newton_product, by the outer products of factor,", convex, expected


def _joint_curvature(
    matrix: np.ndarray, factor: np.ndarray
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield properties of the Gauss-Newton matrix of rows that act on each other.

    Parameters
    ----------
    matrix : ndarray of shape (n_samples * n_scores, n_samples * n_scores)
        The matrix.
    factor : ndarray of shape (m, n_samples, n_scores)
        Roots of its blocks on the diagonal.

    Yields
    ------
    tuple of str, ndarray and ndarray
        As of ``_second_derivatives``.
    """
    values, vectors = np.linalg.eigh(matrix)
    positive = (vectors * np.maximum(values, 0.0)) @ vectors.T
    yield "gauss_newton_product, by its positive eigenvalues,", matrix, positive
    _, n_rows, n_scores = factor.shape
    blocks = matrix.reshape(n_rows, n_scores, n_rows, n_scores)
    each = np.arange(n_rows)
    outer = np.einsum("mij,mil->ijl", factor, factor)
    yield "factor, by blocks of gauss_newton_product,", outer, blocks[each, :, each]
