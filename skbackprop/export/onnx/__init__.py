"""Fitted networks as graphs of ONNX, by way of skl2onnx; needs ``skbackprop[onnx]``."""

from skbackprop.export.onnx.answers import LINKS
from skbackprop.export.onnx.convert import register
from skbackprop.export.onnx.graph import Graph, Tensor
from skbackprop.export.onnx.layers import translate

__all__ = ["LINKS", "Graph", "Tensor", "register", "translate"]
