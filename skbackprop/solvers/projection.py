"""Max-norm: after each step, the weights into a unit are cut back to a length."""

from collections.abc import Callable

import numpy as np

from skbackprop.core.layout import Layout

__all__ = ["bind_max_norm"]


def bind_max_norm(
    layout: Layout, theta: np.ndarray, limit: float
) -> Callable[[], None]:
    """Bind the projection of each unit's incoming weights onto a ball.

    Parameters
    ----------
    layout : Layout
        Where the weights are; their second axis is that of the units.
    theta : ndarray of shape (n_params,)
        The parameters, changed in place.
    limit : float
        The largest norm.

    Returns
    -------
    callable
        Does it.

    References
    ----------
    N. Srivastava et al., "Dropout: a simple way to prevent neural networks from
    overfitting", JMLR 2014.
    """
    matrices = [
        (matrix, np.empty(matrix.shape[1], theta.dtype))
        for matrix in layout.of_kind("weight", theta)
        if matrix.ndim == 2
    ]
    bound, einsum, multiply, divide = float(limit), np.einsum, np.multiply, np.divide

    def project() -> None:
        for matrix, norm in matrices:
            einsum("ij,ij->j", matrix, matrix, out=norm)
            np.sqrt(norm, norm)
            np.maximum(norm, bound, out=norm)
            divide(bound, norm, norm)
            multiply(matrix, norm, matrix)

    return project
