"""A pipeline that is as quick as its steps."""

from typing import Any

from sklearn.base import TransformerMixin
from sklearn.pipeline import Pipeline

from skbackprop.estimators._available import available_unless
from skbackprop.estimators._base import BaseBackprop

__all__ = ["CompactPipeline"]


def _check_predict(pipeline: Any) -> None:
    """Refuse what the last step refuses, in its words."""
    _ = pipeline._final_estimator.predict


def _check_predict_proba(pipeline: Any) -> None:
    _ = pipeline._final_estimator.predict_proba


class CompactPipeline(Pipeline):
    """What :func:`compact` returns where inputs are dropped: a choice, and a network.

    It is a pipeline in every respect. Before each prediction scikit-learn puts together
    the tags of all steps, to find out whether a pipeline is fitted, which for a batch
    of a small network is not little. Here ``predict`` and ``predict_proba`` ask the
    network.

    Parameters
    ----------
    steps : list of tuple of (str, estimator)
        A :class:`KeptInputs` and an estimator of this package. With other steps, as
        ``set_params`` may put there, it is an ordinary pipeline.
    transform_input : list of str, default=None
        As in :class:`sklearn.pipeline.Pipeline`.
    memory : str or object, default=None
        As in :class:`sklearn.pipeline.Pipeline`.
    verbose : bool, default=False
        As in :class:`sklearn.pipeline.Pipeline`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.pruning import compact, prune
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((20,), solver="lbfgs", random_state=0).fit(X, y)
    >>> small = compact(prune(model, unit="inputs", amount=0.5), drop_inputs=True)
    >>> list(small.named_steps), small["network"].n_features_in_
    (['inputs', 'network'], 2)
    """

    @available_unless(_check_predict)
    def predict(self, X: Any, **params: Any) -> Any:
        """Predict with the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data, with all features.
        **params : dict
            As in :class:`sklearn.pipeline.Pipeline`.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            What the network predicts.
        """
        if params or not self._is_compact():
            return super().predict(X, **params)
        return self.steps[1][1].predict(self.steps[0][1].transform(X))

    @available_unless(_check_predict_proba)
    def predict_proba(self, X: Any, **params: Any) -> Any:
        """Return the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data, with all features.
        **params : dict
            As in :class:`sklearn.pipeline.Pipeline`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            What the network gives; a list of these for multiclass-multioutput targets.
        """
        if params or not self._is_compact():
            return super().predict_proba(X, **params)
        return self.steps[1][1].predict_proba(self.steps[0][1].transform(X))

    def _is_compact(self) -> bool:
        """Tell whether it is a choice of inputs and a network, fitted."""
        first, last = self.steps[0][1], self.steps[-1][1]
        return (
            len(self.steps) == 2
            and isinstance(first, TransformerMixin)
            and isinstance(last, BaseBackprop)
            and last.__sklearn_is_fitted__()
        )
