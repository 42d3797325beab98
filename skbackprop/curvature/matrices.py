"""Curvature of a fitted estimator on some data, as matrices and their diagonals."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skbackprop.curvature._arguments import check
from skbackprop.curvature.operators import hessian_operator

__all__ = ["curvature_diagonal", "curvature_matrix"]

# Columns of a matrix that are computed at once.
COLUMNS_AT_ONCE = 128


def dense(operator: Any) -> np.ndarray:
    """Return an operator as a symmetric matrix.

    Parameters
    ----------
    operator : LinearOperator or ndarray of shape (n, n)
        A symmetric one.

    Returns
    -------
    ndarray of shape (n, n)
        The matrix, made exactly symmetric.
    """
    n = operator.shape[0]
    matrix = np.empty((n, n), operator.dtype)
    for start in range(0, n, COLUMNS_AT_ONCE):
        some = slice(start, min(start + COLUMNS_AT_ONCE, n))
        units = np.zeros((n, some.stop - start), operator.dtype)
        units[np.arange(start, some.stop), np.arange(some.stop - start)] = 1.0
        matrix[:, some] = operator @ units
    return (matrix + matrix.T) / 2


def curvature_matrix(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    kind: Any = "hessian",
    layers: Sequence[int] | None = None,
    max_params: int = 5000,
) -> np.ndarray:
    """Return a whole curvature matrix, for networks that are small.

    Parameters
    ----------
    estimator, X, y, sample_weight, kind, layers
        As for :func:`hessian_operator`.
    max_params : int, default=5000
        The number of parameters up to which the matrix is formed.

    Returns
    -------
    ndarray of shape (n_params, n_params)
        The matrix, exactly symmetric.

    Examples
    --------
    The diagonal of a linear model's Hessian holds the mean squares of the features.

    >>> import numpy as np
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.curvature import curvature_matrix
    >>> X, y = np.array([[1.0], [-1.0], [2.0]]), np.array([1.0, 0.0, 2.0])
    >>> model = BackpropRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0.0).fit(
    ...     X, y
    ... )
    >>> curvature_matrix(model, X, y).round(3)
    array([[2.   , 0.667],
           [0.667, 1.   ]])
    """
    check("curvature_matrix", max_params=max_params)
    operator = hessian_operator(
        estimator, X, y, sample_weight, kind=kind, layers=layers
    )
    n_params = operator.shape[0]
    if n_params > max_params:
        raise ValueError(
            f"The matrix of {n_params} parameters would take "
            f"{operator.dtype.itemsize * n_params**2 / 2**30:.1f} GiB and a product "
            f"for each of them: use hessian_operator, choose layers=, or set "
            f"max_params (now {max_params})."
        )
    return dense(operator)


def curvature_diagonal(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    kind: Any = "gauss_newton",
    layers: Sequence[int] | None = None,
) -> np.ndarray:
    """Return the exact diagonal of a curvature matrix.

    That of the Gauss-Newton and the Fisher matrices costs one pass backwards for each
    raw score; that of the Hessian a product for each parameter.

    Parameters
    ----------
    estimator, X, y, sample_weight, kind, layers
        As for :func:`hessian_operator`; the default kind is another one.

    Returns
    -------
    ndarray of shape (n_params,)
        The diagonal.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.curvature import curvature_diagonal
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((5,), solver="lbfgs", random_state=0).fit(X, y)
    >>> bool((curvature_diagonal(model, X, y) >= 0).all())
    True
    """
    operator = hessian_operator(
        estimator, X, y, sample_weight, kind=kind, layers=layers
    )
    return operator.diagonal()
