"""Losses that say how their gradients change."""

from abc import abstractmethod

import numpy as np

from skbackprop.losses.base import Loss


class CurvedLoss(Loss):
    """A loss whose Hessian is a weighted sum of outer products, as many as scores.

    In each row the Hessian with respect to the raw scores is ``A diag(w) A'``. The
    columns of A, one for each score, are unit vectors unless a loss says otherwise:
    then the weights w are the diagonal of the Hessian, which has no other entries.

    A loss of your own that is a sum over scores derives from this class and writes
    ``curvature``. Where it may be negative, it writes ``convex_curvature`` too.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import CurvedLoss, RegressionLoss
    >>> class PseudoHuber(CurvedLoss, RegressionLoss):
    ...     def inverse_link(self, raw):
    ...         return raw
    ...
    ...     def value(self, prediction, target):
    ...         return (np.hypot(1.0, prediction - target) - 1.0).sum(axis=1)
    ...
    ...     def gradient(self, prediction, target, out):
    ...         np.subtract(prediction, target, out)
    ...         return np.divide(out, np.hypot(1.0, out), out)
    ...
    ...     def curvature(self, prediction, target):
    ...         return np.hypot(1.0, prediction - target) ** -3
    >>> prediction, target = np.array([[1.0, 2.0]]), np.array([[1.0, 2.0]])
    >>> PseudoHuber().hessian_product(prediction, target, np.array([[[3.0, 4.0]]]))
    array([[[3., 4.]]])
    """

    @abstractmethod
    def curvature(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the weights of the outer products in the Hessian.

        Parameters
        ----------
        prediction : ndarray of shape (n_samples, n_scores)
            What ``inverse_link`` gave.
        target : ndarray of shape (n_samples, n_outputs)
            As for ``value``.

        Returns
        -------
        ndarray of shape (n_samples, n_scores)
            The weights, of either sign; callers do not write to them.
        """

    def convex_curvature(
        self, prediction: np.ndarray, target: np.ndarray
    ) -> np.ndarray:
        """Return the weights of the outer products in the Gauss-Newton matrix.

        They are those of the Hessian unless a loss says otherwise.

        Parameters
        ----------
        prediction, target : ndarray
            As for ``curvature``.

        Returns
        -------
        ndarray of shape (n_samples, n_scores)
            The weights, none of them negative; callers do not write to them.
        """
        return self.curvature(prediction, target)

    def components(self, prediction: np.ndarray, tangent: np.ndarray) -> np.ndarray:
        """Return ``A'`` times tangents, the tangents themselves unless A is special.

        Parameters
        ----------
        prediction : ndarray of shape (n_samples, n_scores)
            As for ``curvature``.
        tangent : ndarray of shape (k, n_samples, n_scores)
            Changes of the raw scores.

        Returns
        -------
        ndarray of shape (k, n_samples, n_scores)
            Callers do not write to it.
        """
        return tangent

    def combined(self, prediction: np.ndarray, components: np.ndarray) -> np.ndarray:
        """Return ``A`` times components: the transpose of ``components``.

        Parameters
        ----------
        prediction : ndarray of shape (n_samples, n_scores)
            As for ``curvature``.
        components : ndarray of shape (k, n_samples, n_scores)
            How much of each column.

        Returns
        -------
        ndarray of shape (k, n_samples, n_scores)
            It may be ``components``.
        """
        return components

    def hessian_product(
        self, prediction: np.ndarray, target: np.ndarray, tangent: np.ndarray
    ) -> np.ndarray:
        """Return the product of ``A diag(w) A'`` with tangents."""
        weights = self.curvature(prediction, target)
        parts = self.components(prediction, tangent)
        return self.combined(prediction, weights * parts)

    def gauss_newton_product(
        self, prediction: np.ndarray, target: np.ndarray, tangent: np.ndarray
    ) -> np.ndarray:
        """Return the product with the weights of ``convex_curvature``."""
        weights = self.convex_curvature(prediction, target)
        parts = self.components(prediction, tangent)
        return self.combined(prediction, weights * parts)

    def factor(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the columns of ``A diag(sqrt(w))``, one for each score."""
        root = np.sqrt(self.convex_curvature(prediction, target))
        n_rows, n_scores = root.shape
        scaled = np.zeros((n_scores, n_rows, n_scores), root.dtype)
        each = np.arange(n_scores)
        scaled[each, :, each] = root.T
        return self.combined(prediction, scaled)
