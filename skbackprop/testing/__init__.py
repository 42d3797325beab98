"""Check a part against finite differences: a layer, a loss, a penalty, an update.

The checks are the ones that the package's own suite runs over everything registered;
they are public so that a part of your own can be held to the same. Each raises an
``AssertionError`` that names what is wrong, and returns the largest relative error.
"""

from skbackprop.testing.curvature import check_curvature
from skbackprop.testing.differences import numerical_gradient
from skbackprop.testing.layers import check_layer
from skbackprop.testing.losses import check_loss
from skbackprop.testing.objectives import check_objective
from skbackprop.testing.steps import check_penalty, check_update

__all__ = [
    "check_curvature",
    "check_layer",
    "check_loss",
    "check_objective",
    "check_penalty",
    "check_update",
    "numerical_gradient",
]
