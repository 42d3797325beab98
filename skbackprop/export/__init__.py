"""Shipping: ONNX, skops, PyTorch, and taking over scikit-learn's networks."""

from skbackprop.export.conversion import register_onnx, to_onnx, to_torch
from skbackprop.export.mlp import from_mlp
from skbackprop.export.trust import SKOPS_TRUSTED_TYPES

__all__ = ["SKOPS_TRUSTED_TYPES", "from_mlp", "register_onnx", "to_onnx", "to_torch"]
