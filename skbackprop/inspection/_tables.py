"""Arrays and frames as numbers, and numbers as more of the same kind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from skbackprop.core.ops import as_dense


@dataclass(frozen=True)
class Table:
    """Rows of numbers.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_features)
        The numbers.
    names : list of str or None
        The names of the columns, if they have any.
    like : callable
        Makes a table of the kind that the rows came in out of an array.
    """

    values: np.ndarray
    names: list[str] | None
    like: Callable[[np.ndarray], Any]


def table(X: Any) -> Table:
    """Return the numbers in an array, a frame or a sparse matrix.

    Parameters
    ----------
    X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        The rows.

    Returns
    -------
    Table
        The same rows.
    """
    # Imported when used, as by scikit-learn.
    import narwhals as nw

    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        return Table(_numbers(X), None, lambda values: values)
    names, backend = frame.columns, frame.implementation

    def like(values: np.ndarray) -> Any:
        columns = dict(zip(names, values.T, strict=True))
        return nw.from_dict(columns, backend=backend).to_native()

    return Table(_numbers(frame.to_numpy()), names, like)


def _numbers(X: Any) -> np.ndarray:
    array = np.asarray(as_dense(X))
    if np.issubdtype(array.dtype, np.floating):
        return array
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError) as no_numbers:
        raise ValueError(
            "The columns of a pipeline's input are explained if they are numbers: use "
            "final_step=True to explain what its last step sees."
        ) from no_numbers
