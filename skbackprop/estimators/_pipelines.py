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
