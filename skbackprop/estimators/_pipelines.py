"""Where in a pipeline the network is."""

from typing import Any

from sklearn.pipeline import Pipeline


def last_step(estimator: Any) -> Any:
    """Return the last step of a pipeline, of nested ones too; others as they are.

    Parameters
    ----------
    estimator : estimator
        One, or a pipeline.

    Returns
    -------
    estimator
        What has the network.
    """
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def seen_by_last_step(estimator: Any, X: Any) -> Any:
    """Return rows as the last step of a pipeline gets them.

    Parameters
    ----------
    estimator : estimator
        A fitted one, or a pipeline, of nested ones too.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Rows as the pipeline gets them.

    Returns
    -------
    {array-like, sparse matrix} of shape (n_samples, n_transformed)
        The rows, transformed by all steps before the last.
    """
    while isinstance(estimator, Pipeline):
        if len(estimator) > 1:
            X = estimator[:-1].transform(X)
        estimator = estimator.steps[-1][1]
    return X
