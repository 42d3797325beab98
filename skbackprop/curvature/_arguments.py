"""What the functions of this package take, checked in one place."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from skbackprop._compat import Interval, StrOptions, validate_parameter_constraints

COUNT = [Interval(Integral, 1, None, closed="left")]
SHARE = [Interval(Real, 0, None, closed="left")]
WIDTH = [Interval(Real, 0, None, closed="neither")]

# An argument means the same wherever it occurs.
CONSTRAINTS: dict[str, list] = {
    "k": COUNT,
    "every": COUNT,
    "which": [StrOptions({"both", "largest", "smallest"})],
    "tol": SHARE,
    "max_iter": [*COUNT, None],
    "max_params": [Interval(Integral, 0, None, closed="left")],
    "gradient_tol": SHARE,
    "curvature_tol": SHARE,
    "radius": WIDTH,
    "n_products": [Interval(Integral, 2, None, closed="left")],
    "n_sketch": [Interval(Integral, 0, None, closed="left"), None],
    "n_vectors": COUNT,
    "n_steps": COUNT,
    "width": WIDTH,
    "damping": WIDTH,
}


def check(function: str, **given: Any) -> None:
    """Refuse arguments of the wrong kind or size.

    Parameters
    ----------
    function : str
        Whose arguments they are, for the error.
    **given
        The arguments, by their names.
    """
    constraints = {name: CONSTRAINTS[name] for name in given}
    validate_parameter_constraints(constraints, given, function)


def symmetric(operator: Any) -> Any:
    """Return what is taken for a symmetric operator as one of floating numbers.

    Parameters
    ----------
    operator : LinearOperator, ndarray or sparse matrix of shape (n, n)
        That it is symmetric is not checked.

    Returns
    -------
    LinearOperator
        The same, of float32 or float64.
    """
    try:
        found = aslinearoperator(operator)
    except TypeError as failure:
        raise TypeError(
            "A LinearOperator, an array or a sparse matrix is needed, got "
            f"{type(operator).__name__}: hessian_operator makes one of an estimator."
        ) from failure
    n, n_columns = found.shape
    if n != n_columns or n == 0 or np.issubdtype(found.dtype, np.complexfloating):
        raise ValueError(
            "A symmetric matrix of real numbers is needed, got one of shape "
            f"{found.shape} and type {found.dtype}."
        )
    single = np.result_type(found.dtype, np.float32) == np.float32
    dtype = np.dtype(np.float32 if single else np.float64)
    if found.dtype == dtype:
        return found
    # Vectors are made in the type of an operator: integers would be no directions.
    return LinearOperator(
        found.shape, matvec=found.matvec, matmat=found.matmat, dtype=dtype
    )
