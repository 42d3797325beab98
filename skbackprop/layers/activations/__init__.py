"""Activation functions: a class each, found by its name."""

from skbackprop.layers.activations.base import Activation
from skbackprop.layers.activations.exponential import ELU, SELU
from skbackprop.layers.activations.piecewise import (
    BinaryStep,
    Identity,
    LeakyReLU,
    PReLU,
    ReLU,
)
from skbackprop.layers.activations.sigmoidal import Logistic, Soboleva, Softsign, Tanh
from skbackprop.layers.activations.smooth import GELU, Mish, SiLU, Softplus

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "BinaryStep",
    "Identity",
    "LeakyReLU",
    "Logistic",
    "Mish",
    "PReLU",
    "ReLU",
    "SiLU",
    "Soboleva",
    "Softplus",
    "Softsign",
    "Tanh",
]
