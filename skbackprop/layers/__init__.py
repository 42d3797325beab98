"""Layers: the blocks that a network is made of."""

from skbackprop.layers.activation import Activation, Identity, Logistic, ReLU, Tanh
from skbackprop.layers.base import Layer, Site
from skbackprop.layers.dense import Dense

__all__ = [
    "Activation",
    "Dense",
    "Identity",
    "Layer",
    "Logistic",
    "ReLU",
    "Site",
    "Tanh",
]
