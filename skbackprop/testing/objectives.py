"""Check a whole objective against finite differences."""

import numpy as np

from skbackprop.core.data import Data
from skbackprop.evaluation import Evaluation
from skbackprop.objective import Objective
from skbackprop.testing.differences import compare, numerical_gradient


def check_objective(
    objective: Objective, data: Data, theta: np.ndarray, rtol: float = 1e-5
) -> float:
    """Check the gradient of a whole objective: network, loss, penalty and weights.

    Parameters
    ----------
    objective : Objective
        The objective.
    data : Data
        The rows.
    theta : ndarray of float64 of shape (n_params,)
        Where.
    rtol : float, default=1e-5
        The largest relative error that passes.

    Returns
    -------
    float
        The relative error.
    """
    at = theta.copy()
    evaluation = Evaluation(objective, at, data)
    gradient = evaluation.value_and_gradient()[1].copy()

    def value(parameters: np.ndarray) -> float:
        at[...] = parameters
        return evaluation.loss() + evaluation.penalty()

    return compare(
        "objective: gradient", gradient, numerical_gradient(value, theta), rtol
    )
