"""What a model goes by overall, from gradients."""

from typing import Any

import numpy as np
from sklearn.utils import Bunch

from skbackprop.inspection._explained import Explained

__all__ = ["gradient_importance"]


def gradient_importance(
    estimator: Any,
    X: Any,
    *,
    response_method: Any = "auto",
    scaled: bool = True,
    final_step: bool = False,
) -> Bunch:
    r"""Return how much predictions change with each feature, on the average.

    It is the mean over rows of the absolute derivative
    :math:`|\partial f / \partial x_j|`, times the standard deviation of the feature: by
    how much a typical change of the feature moves the output. No targets are needed,
    and one backward pass does for all features.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor, BackpropEmbedder or Pipeline
        A fitted estimator, or a pipeline that ends with one.
    X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        The rows.
    response_method : str, default="auto"
        What changes: ``"decision_function"``, ``"predict_proba"`` or ``"predict"``.
        ``"auto"`` are the predictions of a regressor, the raw scores otherwise.
    scaled : bool, default=True
        Whether derivatives are multiplied by the standard deviations of the features,
        so that these may have units of their own.
    final_step : bool, default=False
        Of a pipeline, look at what its last step sees. By default it is what goes into
        the pipeline, for which the steps before have to be an affine map.

    Returns
    -------
    result : :class:`~sklearn.utils.Bunch`
        As that of :func:`sklearn.inspection.permutation_importance`, with

        importances_mean : ndarray of shape (n_features,)
            The mean over rows, and over outputs if there are several.
        importances_std : ndarray of shape (n_features,)
            The standard deviation over rows.
        importances : ndarray of shape (n_features, n_samples)
            The importance in each row.
        by_output : ndarray of shape (n_features, n_outputs)
            The mean over rows for each output.
        feature_names : list of str
            The names of the features.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import gradient_importance
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((8,), solver="lbfgs", random_state=0).fit(X, y)
    >>> int(gradient_importance(model, X).importances_mean.argmax())
    2
    """
    explained = Explained(estimator, X, response_method, final_step)
    values = explained.background.explained
    dtype = explained.chain.dtype
    spread = values.std(axis=0) if scaled else np.ones(values.shape[1])
    matrix = explained.matrix * spread.astype(dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        sizes = explained.chain.gradient(explained.background.given, matrix)
        np.abs(sizes, sizes)
    importances = sizes.mean(axis=2).T
    return Bunch(
        importances_mean=importances.mean(axis=1),
        importances_std=importances.std(axis=1),
        importances=importances,
        by_output=sizes.mean(axis=0),
        feature_names=explained.feature_names,
    )
