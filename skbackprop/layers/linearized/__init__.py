"""Layers at a point: their derivatives there, and how these change."""

from skbackprop.layers.linearized.base import Linearized
from skbackprop.layers.linearized.dense import LinearizedDense
from skbackprop.layers.linearized.elementwise import Elementwise, LinearizedPReLU
from skbackprop.layers.linearized.normalization import (
    Directed,
    Scaled,
    Standardised,
)

__all__ = [
    "Directed",
    "Elementwise",
    "Linearized",
    "LinearizedDense",
    "LinearizedPReLU",
    "Scaled",
    "Standardised",
]
