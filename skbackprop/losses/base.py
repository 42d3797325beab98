"""What a loss is, and the two families that fill the slots of the estimators."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from skbackprop.core.ops import scalar
from skbackprop.core.spec import Spec


class Loss(Spec, ABC):
    """A loss on raw scores, differentiable but at kinks, where it says what it gives.

    Attributes
    ----------
    link : str
        The name of the inverse link, reported as ``out_activation_``.
    threshold : float
        The prediction above which a yes-or-no output says yes: 0.5 for probabilities,
        0 for margins.
    has_probabilities : bool
        Whether the logistic function (the softmax for exclusive classes) of the raw
        scores estimates probabilities, so that there is a ``predict_proba``.
    location_scale : bool
        Whether a model of the shifted and rescaled target, with its predictions scaled
        back, solves the same kind of problem. A setting in units of the target, such
        as the ``delta`` of Huber's loss, is then in rescaled units.
    scale_only : bool
        Whether a model of the target divided by a positive number, with its predictions
        multiplied by it, solves the same kind of problem, and predictions are
        exponentials of the raw scores: such a factor is then a constant in the scores.
    mixes_rows : bool
        Whether the loss of a row depends on other rows of its batch.
    is_canonical : bool
        Whether it is a negative log-likelihood under its canonical link, up to what
        does not depend on the scores: the curvature of the loss is then the Fisher
        information of the model.
    """

    link: ClassVar[str]
    threshold: ClassVar[float] = 0.5
    has_probabilities: ClassVar[bool] = False
    location_scale: ClassVar[bool] = False
    scale_only: ClassVar[bool] = False
    mixes_rows: ClassVar[bool] = False
    is_canonical: ClassVar[bool] = False

    @abstractmethod
    def inverse_link(self, raw: np.ndarray) -> np.ndarray:
        """Replace raw scores by predictions, in place, and return them.

        Parameters
        ----------
        raw : ndarray of shape (n_samples, n_scores)
            Raw scores; overwritten.
        """

    @abstractmethod
    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the loss of each sample, summed over outputs.

        Parameters
        ----------
        prediction : ndarray of shape (n_samples, n_scores)
            What ``inverse_link`` gave.
        target : ndarray of shape (n_samples, n_outputs)
            The targets, of the same floating type.
        """

    @abstractmethod
    def gradient(
        self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray
    ) -> np.ndarray:
        """Write the derivative with respect to the raw scores into ``out``.

        Parameters
        ----------
        prediction, out : ndarray of shape (n_samples, n_scores)
            As for ``value``; ``out`` may be neither ``prediction`` nor ``target``.
        target : ndarray of shape (n_samples, n_outputs)
            As for ``value``.
        """

    def total(
        self, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None
    ) -> float:
        """Return the sum of the losses of some rows, each times its weight.

        Parameters
        ----------
        prediction, target : ndarray
            As for ``value``.
        weight : ndarray of shape (n_samples,) or None
            Weights.

        Returns
        -------
        float
            The sum, accumulated in float64.
        """
        values = self.value(prediction, target)
        if weight is not None:
            # A row of weight zero counts for nothing, even where its loss overflows.
            values = np.where(weight != 0, values, 0.0) * weight
        return float(values.sum(dtype=np.float64))

    def scaled_gradient(
        self, prediction: np.ndarray, target: np.ndarray, scale: Any, out: np.ndarray
    ) -> np.ndarray:
        """Write the gradient into ``out``, that of each row times ``scale``.

        Parameters
        ----------
        prediction, target, out : ndarray
            As for ``gradient``.
        scale : float or ndarray of shape (n_samples, 1)
            The factor, for all rows or for each.

        Returns
        -------
        ndarray
            ``out``.
        """
        self.gradient(prediction, target, out)
        return np.multiply(out, scale, out)

    def hessian_product(
        self, prediction: np.ndarray, target: np.ndarray, tangent: np.ndarray
    ) -> np.ndarray:
        """Return the product of the Hessian w.r.t. the raw scores with tangents.

        Each row has a Hessian of its own, unless the loss mixes rows. At kinks it is
        that of one side.

        Parameters
        ----------
        prediction, target : ndarray
            As for ``gradient``.
        tangent : ndarray of shape (k, n_samples, n_scores)
            Changes of the raw scores, several at once.

        Returns
        -------
        ndarray of shape (k, n_samples, n_scores)
            How the gradient changes: a new array.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no second derivative: define hessian_product."
        )

    def gauss_newton_product(
        self, prediction: np.ndarray, target: np.ndarray, tangent: np.ndarray
    ) -> np.ndarray:
        """Return the product of a positive semi-definite matrix like the Hessian.

        It is the Hessian itself unless a loss says otherwise, as one does that is not
        convex in the raw scores.

        Parameters
        ----------
        prediction, target, tangent : ndarray
            As for ``hessian_product``.

        Returns
        -------
        ndarray of shape (k, n_samples, n_scores)
            A new array.
        """
        return self.hessian_product(prediction, target, tangent)

    def factor(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return vectors whose outer products sum to each row's Gauss-Newton matrix.

        They are scaled eigenvectors unless a loss knows better ones. Where rows act on
        each other, it is the block of each row with itself.

        Parameters
        ----------
        prediction, target : ndarray
            As for ``gradient``.

        Returns
        -------
        ndarray of shape (m, n_samples, n_scores)
            m vectors for each row.
        """
        n_rows, n_scores = prediction.shape
        axes = np.eye(n_scores, dtype=prediction.dtype)[:, np.newaxis]
        tangent = np.broadcast_to(axes, (n_scores, n_rows, n_scores))
        matrices = self.gauss_newton_product(prediction, target, tangent)
        return square_roots(matrices.transpose(1, 0, 2))

    def scaled_hessian_product(
        self,
        prediction: np.ndarray,
        target: np.ndarray,
        scale: Any,
        tangent: np.ndarray,
    ) -> np.ndarray:
        """Return how ``scaled_gradient`` changes along tangents.

        This, and the two methods that follow, are what curvature is made of; losses of
        rows that have nothing to do with each other leave them as they are.

        Parameters
        ----------
        prediction, target, tangent : ndarray
            As for ``hessian_product``.
        scale : float or ndarray of shape (n_samples, 1)
            As for ``scaled_gradient``.

        Returns
        -------
        ndarray of shape (k, n_samples, n_scores)
            A new array.
        """
        return self.hessian_product(prediction, target, tangent) * scale

    def scaled_gauss_newton_product(
        self,
        prediction: np.ndarray,
        target: np.ndarray,
        scale: Any,
        tangent: np.ndarray,
    ) -> np.ndarray:
        """Return the product of the Gauss-Newton matrix of the scaled sum.

        Parameters
        ----------
        prediction, target, scale, tangent
            As for ``scaled_hessian_product``.

        Returns
        -------
        ndarray of shape (k, n_samples, n_scores)
            A new array.
        """
        return self.gauss_newton_product(prediction, target, tangent) * scale

    def scaled_factor(
        self, prediction: np.ndarray, target: np.ndarray, scale: Any
    ) -> np.ndarray:
        """Return ``factor`` for the scaled sum.

        Parameters
        ----------
        prediction, target, scale
            As for ``scaled_gradient``.

        Returns
        -------
        ndarray of shape (m, n_samples, n_scores)
            m vectors for each row.
        """
        return self.factor(prediction, target) * np.sqrt(scale)

    def n_scores(self, n_outputs: int) -> int:
        """Return how many raw scores a target takes: one a column unless it says else.

        Parameters
        ----------
        n_outputs : int
            The number of columns of the target.
        """
        return n_outputs

    def levels(self) -> tuple[float, ...]:
        """Return the levels of the quantiles that are predicted: none, one or several.

        Of several, each has a column of its own, for a single target.
        """
        return ()

    def softened(self) -> "Loss":
        """Return the loss to use where targets are probabilities, not just 0 and 1.

        Its value is the expectation over classes that are drawn from the target. It is
        ``self`` unless a loss makes use of targets being hard.
        """
        return self

    def check_target(self, y: np.ndarray) -> None:
        """Raise a ``ValueError`` if a target is out of the range of the loss.

        Parameters
        ----------
        y : ndarray
            Targets, as the user gave them; all are in range unless a loss objects.
        """

    def reported_share(self, n_outputs: int) -> float:
        """Return what the reported loss is multiplied by: 1 unless it is a mean.

        Parameters
        ----------
        n_outputs : int
            The number of raw scores.
        """
        return 1.0


class CanonicalLoss(Loss):
    """A loss whose link is its canonical one.

    The derivative with respect to the raw scores is then the residual, whatever the
    loss.
    """

    is_canonical: ClassVar[bool] = True

    def gradient(
        self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray
    ) -> np.ndarray:
        """Write ``prediction - target`` into ``out``."""
        return np.subtract(prediction, target, out)


class RegressionLoss(Loss, family=True):
    """The family that fills the ``loss`` slot of a regressor.

    Attributes
    ----------
    positive_only : bool
        Whether negative targets are out of range.
    """

    positive_only: ClassVar[bool] = False


class ClassificationLoss(Spec, ABC, family=True):
    """The family that fills the ``loss`` slot of a classifier.

    A member tells which loss each kind of target trains with.
    """

    @abstractmethod
    def independent(self) -> Loss:
        """Return the loss of outputs that are yes or no each (binary, multilabel)."""

    @abstractmethod
    def exclusive(self, n_classes: tuple[int, ...]) -> Loss:
        """Return the loss of one class out of several, for one or several outputs.

        Parameters
        ----------
        n_classes : tuple of int
            The number of classes of each output.
        """


def square_roots(matrices: np.ndarray) -> np.ndarray:
    """Return vectors whose outer products sum to matrices.

    Parameters
    ----------
    matrices : ndarray of shape (n_samples, n_scores, n_scores)
        Symmetric; what is below zero is taken to be so by rounding.

    Returns
    -------
    ndarray of shape (n_scores, n_samples, n_scores)
        Eigenvectors, scaled.
    """
    values, vectors = np.linalg.eigh(matrices)
    root = np.sqrt(np.maximum(values, scalar(0.0, values)))
    return (vectors * root[:, np.newaxis]).transpose(2, 0, 1)
