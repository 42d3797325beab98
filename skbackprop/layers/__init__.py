"""Layers: the blocks that a network is made of."""

from skbackprop.layers.activations import (
    ELU,
    GELU,
    SELU,
    Activation,
    BinaryStep,
    Identity,
    LeakyReLU,
    Logistic,
    Mish,
    PReLU,
    ReLU,
    SiLU,
    Soboleva,
    Softplus,
    Softsign,
    Tanh,
)
from skbackprop.layers.base import Layer, Site
from skbackprop.layers.dense import Dense
from skbackprop.layers.dropout import DropConnect, Dropout
from skbackprop.layers.normalization import (
    BatchNorm,
    GroupNorm,
    LayerNorm,
    Normalization,
)
from skbackprop.layers.scaling import Standardize
from skbackprop.layers.unit_length import UnitLength

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "BatchNorm",
    "BinaryStep",
    "Dense",
    "DropConnect",
    "Dropout",
    "GroupNorm",
    "Identity",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Logistic",
    "Mish",
    "Normalization",
    "PReLU",
    "ReLU",
    "SiLU",
    "Site",
    "Soboleva",
    "Softplus",
    "Softsign",
    "Standardize",
    "Tanh",
    "UnitLength",
]
