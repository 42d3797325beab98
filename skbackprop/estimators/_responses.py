"""What of an estimator is differentiated: raw scores, probabilities or predictions."""

from abc import ABC, abstractmethod
from functools import singledispatch
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.utils.validation import check_is_fitted

from skbackprop.core.ops import logistic
from skbackprop.core.spec import Spec, resolve
from skbackprop.estimators._available import check_probabilities
from skbackprop.estimators._start import fitted_params
from skbackprop.linearization import Chain
from skbackprop.linearization.links import Link
from skbackprop.linearization.stages import FunctionStage, MatrixStage, Stage
from skbackprop.losses.outputs import logistic_slope
from skbackprop.training import classes


class Response(Spec, ABC, family=True):
    """The family of methods of an estimator whose values have gradients.

    Examples
    --------
    >>> from skbackprop.estimators._responses import Response
    >>> sorted(Response.members())
    ['auto', 'decision_function', 'predict', 'predict_proba']
    """

    @abstractmethod
    def stages(self, estimator: Any, dtype: np.dtype) -> list[Stage]:
        """Return what raw scores go through.

        Parameters
        ----------
        estimator : BaseBackprop
            A fitted one.
        dtype : dtype
            The type to work in.

        Returns
        -------
        list of Stage
            The stages, in order.
        """

    @abstractmethod
    def names(self, estimator: Any) -> list[str]:
        """Return a name for each output.

        Parameters
        ----------
        estimator : BaseBackprop
            A fitted one.

        Returns
        -------
        list of str
            The names, in order.
        """


class Scores(Response, name="decision_function"):
    """The raw scores of the network."""

    def stages(self, estimator: Any, dtype: np.dtype) -> list[Stage]:
        """Return nothing."""
        return []

    def names(self, estimator: Any) -> list[str]:
        """Return the classes, of two the one that the score is for; or numbers."""
        if is_classifier(estimator):
            return _class_names(estimator._target)[-estimator._network.n_out :]
        return _numbered(estimator._network.n_out)


class Probabilities(Response, name="predict_proba"):
    """The probabilities of classes."""

    def stages(self, estimator: Any, dtype: np.dtype) -> list[Stage]:
        """Return the inverse link, and what gives two classes a column each."""
        if not is_classifier(estimator):
            raise ValueError(
                f"{type(estimator).__name__} has no probabilities: leave "
                "response_method at 'auto'."
            )
        check_probabilities(estimator)
        return _probability_stages(estimator._target, estimator, dtype)

    def names(self, estimator: Any) -> list[str]:
        """Return the classes."""
        return _class_names(estimator._target)


class Predictions(Response, name="predict"):
    """What a regressor predicts, in units of the target."""

    def stages(self, estimator: Any, dtype: np.dtype) -> list[Stage]:
        """Return the inverse link, and the scaling of the targets undone."""
        if is_classifier(estimator):
            raise ValueError(
                "Predicted classes have no gradient: use response_method="
                "'decision_function' or 'predict_proba'."
            )
        if not is_regressor(estimator):
            raise ValueError(
                f"{type(estimator).__name__} predicts nothing: leave response_method "
                "at 'auto', for its embeddings."
            )
        n_out = estimator._network.n_out
        stages = _link_stages(estimator, dtype)
        scaling = estimator._scaling
        if scaling is not None and scaling.targets is not None:
            center, divisor = (np.ravel(part).astype(dtype) for part in scaling.line)
            stages.append(MatrixStage(np.eye(n_out, dtype=dtype) * divisor, center + 0))
        return stages

    def names(self, estimator: Any) -> list[str]:
        """Return numbers, or the levels of quantiles."""
        levels, n_out = estimator._loss.levels(), estimator._network.n_out
        if len(levels) == n_out and n_out > 1:
            return [f"quantile {level:g}" for level in levels]
        return _numbered(n_out)


class Natural(Response, name="auto"):
    """Raw scores of a classifier and of an embedder; predictions of a regressor."""

    def stages(self, estimator: Any, dtype: np.dtype) -> list[Stage]:
        """Return those of what it stands for."""
        return self._meant(estimator).stages(estimator, dtype)

    def names(self, estimator: Any) -> list[str]:
        """Return those of what it stands for."""
        return self._meant(estimator).names(estimator)

    @staticmethod
    def _meant(estimator: Any) -> Response:
        return Predictions() if is_regressor(estimator) else Scores()


def chain_of(estimator: Any, response: Response, dtype: Any = None) -> Chain:
    """Return an estimator as a chain of stages.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one.
    response : Response
        What is wanted of it.
    dtype : dtype, optional
        The type to work in; by default that of the parameters.

    Returns
    -------
    Chain
        From inputs to values of the response.
    """
    dtype = np.dtype(dtype or estimator.coefs_[0].dtype)
    params = estimator._network.layout.regroup(fitted_params(estimator))
    after = response.stages(estimator, dtype)
    return Chain(estimator._network, params, dtype, after)


def input_gradient(estimator: Any, X: Any, response_method: Any) -> np.ndarray:
    """Return the gradients of what an estimator gives with respect to its inputs.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The inputs.
    response_method : str or Response
        What is differentiated.

    Returns
    -------
    ndarray of shape (n_samples, n_features) or (n_samples, n_features, n_outputs)
        The gradients.
    """
    check_is_fitted(estimator)
    X = estimator._check_inputs(X)
    dtype = np.result_type(X.dtype, estimator.coefs_[0].dtype)
    chain = chain_of(estimator, resolve(Response, response_method), dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        gradient = chain.gradient(X)
    return gradient[..., 0] if chain.n_out == 1 else gradient


@singledispatch
def _probability_stages(target: Any, estimator: Any, dtype: np.dtype) -> list[Stage]:
    """Return the inverse link: a column for each label, or for each class."""
    return _link_stages(estimator, dtype)


@_probability_stages.register
def _(target: classes.BinaryTarget, estimator: Any, dtype: np.dtype) -> list[Stage]:
    if len(target.classes) == 1:
        return [MatrixStage(np.zeros((1, 1), dtype), np.ones(1, dtype))]
    signs = MatrixStage(np.array([[-1, 1]], dtype), np.zeros(2, dtype))
    return [signs, FunctionStage(logistic, logistic_slope)]


@singledispatch
def _class_names(target: Any) -> list[str]:
    """Return the classes as text."""
    return [str(each) for each in target.classes]


@_class_names.register
def _(target: classes.MultioutputTarget) -> list[str]:
    return [f"{i}: {c}" for i, own in enumerate(target.classes) for c in own]


def _link_stages(estimator: Any, dtype: np.dtype) -> list[Stage]:
    loss, n_scores = estimator._loss, estimator._network.n_out
    if loss.link not in Link.members():
        raise ValueError(
            f"The link {loss.link!r} of {type(loss).__name__} has no stages: define a "
            "skbackprop.linearization.links.Link of that name, or take the raw scores, "
            "response_method='decision_function'."
        )
    link: Link = resolve(Link, loss.link)
    return link.stages(loss, n_scores, dtype)


def _numbered(n_out: int) -> list[str]:
    return [f"output {i}" for i in range(n_out)]
