"""Normalisation of the scores of a hidden layer: by batch, by row, by groups."""

from skbackprop.layers.normalization.base import Normalization
from skbackprop.layers.normalization.batch import BatchNorm
from skbackprop.layers.normalization.rows import GroupNorm, LayerNorm

__all__ = ["BatchNorm", "GroupNorm", "LayerNorm", "Normalization"]
