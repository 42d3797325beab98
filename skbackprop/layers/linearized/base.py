"""What a layer is near one point."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

Arrays = tuple[np.ndarray, ...]


class Linearized(ABC):
    """A layer, as in prediction, near one input and one set of parameters.

    Tangents and cotangents come several at once: their arrays have a leading axis,
    written ``k`` below, and those of parameters do too. All maps return new arrays.

    Attributes
    ----------
    is_straight : bool
        Whether nothing bends: ``bend`` always returns None, and need not be asked.
    output : ndarray or None
        The output, where it came out on the way: then nobody computes it once more.
    """

    is_straight: bool = False
    output: np.ndarray | None = None

    @abstractmethod
    def tangent(self, tx: np.ndarray | None, tparams: Arrays) -> np.ndarray | None:
        """Return the change of the output along a change of input and parameters.

        Parameters
        ----------
        tx : ndarray of shape (k, n_rows, n_in) or None
            The change of the input; None for none.
        tparams : tuple of ndarray of shape (k, ...)
            The change of the parameters.

        Returns
        -------
        ndarray of shape (k, n_rows, n_out) or None
            The change of the output; None for none.
        """

    # These three are empty, not abstract: most layers have no parameters.
    def gradients(self, dy: np.ndarray, dparams: Arrays) -> None:  # noqa: B027
        """Write the gradients of the parameters, if there are any.

        Parameters
        ----------
        dy : ndarray of shape (k, n_rows, n_out)
            The gradient of the output.
        dparams : tuple of ndarray of shape (k, ...)
            Where the gradients are written.
        """

    @abstractmethod
    def cotangent(self, dy: np.ndarray) -> np.ndarray:
        """Return the gradient of the input.

        It is not asked of the first layer with parameters, where nobody would read it.

        Parameters
        ----------
        dy : ndarray of shape (k, n_rows, n_out)
            The gradient of the output.

        Returns
        -------
        ndarray of shape (k, n_rows, n_in)
            The gradient of the input.
        """

    @abstractmethod
    def bend(
        self,
        tx: np.ndarray | None,
        tparams: Arrays,
        dy: np.ndarray,
        dparams: Arrays,
    ) -> Any:
        """Return how the gradient of the input changes while that of the output stays.

        Parameters
        ----------
        tx : ndarray of shape (k, n_rows, n_in) or None
            The change of the input.
        tparams : tuple of ndarray of shape (k, ...)
            The change of the parameters.
        dy : ndarray of shape (n_rows, n_out)
            The gradient of the output.
        dparams : tuple of ndarray of shape (k, ...)
            To which the change of the parameters' gradient is added.

        Returns
        -------
        ndarray of shape (k, n_rows, n_in) or None
            The change of the input's gradient; None where it is none.
        """

    def squares(self, dy: np.ndarray, squared: Arrays) -> None:  # noqa: B027
        """Add the squares of the gradients of single rows, if there are parameters.

        Parameters
        ----------
        dy : ndarray of shape (k, n_rows, n_out)
            Gradients of the output.
        squared : tuple of ndarray
            For each parameter, where the sum over all gradients and rows is added to.
        """

    def row_gradients(self, dy: np.ndarray, rows: Arrays) -> None:  # noqa: B027
        """Write the gradients of the parameters for each row, if there are any.

        Parameters
        ----------
        dy : ndarray of shape (n_rows, n_out)
            The gradient of the output.
        rows : tuple of ndarray of shape (n_rows, ...)
            For each parameter, where its gradients are written.
        """

    def input_moment(self, scale: Any) -> np.ndarray | None:
        """Return the second moment of the input, where weights are multiplied by it.

        Parameters
        ----------
        scale : ndarray of shape (n_rows, 1) or float
            What each row counts for.

        Returns
        -------
        ndarray of shape (n_in + 1, n_in + 1) or None
            The sum over rows, with a one for the bias after the inputs; None for a
            layer without a matrix of weights.
        """
        return None


def column_sums(rows: np.ndarray) -> np.ndarray:
    """Return the sums over rows of several matrices, by products.

    Parameters
    ----------
    rows : ndarray of shape (k, n_rows, n_columns)
        The matrices.

    Returns
    -------
    ndarray of shape (k, n_columns)
        The sums.
    """
    return np.ones(rows.shape[1], rows.dtype) @ rows


# ``numpy.dot`` on pairs of matrices, because ``numpy.matmul`` on stacks of them does
# without BLAS where one side is a single row or column.


def each_times(stack: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return the products of several matrices with one: a single product.

    Parameters
    ----------
    stack : ndarray of shape (k, n, m)
        The matrices.
    matrix : ndarray of shape (m, p)
        What each is multiplied by.

    Returns
    -------
    ndarray of shape (k, n, p)
        The products.
    """
    k, n, m = stack.shape
    return np.dot(stack.reshape(k * n, m), matrix).reshape(k, n, -1)


def times_each(matrix: np.ndarray, stack: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Write the products of one matrix with several.

    Parameters
    ----------
    matrix : ndarray of shape (n, m)
        The matrix.
    stack : ndarray of shape (k, m, p)
        What it is multiplied by.
    out : ndarray of shape (k, n, p)
        Where to; each matrix of it is contiguous.

    Returns
    -------
    ndarray
        ``out``.
    """
    for one, product in zip(stack, out, strict=True):
        np.dot(matrix, one, product)
    return out
