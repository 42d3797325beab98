"""Where training starts from: initialisers of the weights."""

from skbackprop.initializers.base import Initializer, draw_parameters
from skbackprop.initializers.plain import Constant, Normal, Uniform, Zeros
from skbackprop.initializers.scaled import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
)

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Normal",
    "Orthogonal",
    "Uniform",
    "Zeros",
    "draw_parameters",
]
