"""Each layer as operators of ONNX: one small translation for each.

Operators are chosen that onnxruntime knows for both floating types; most of the ready
ones for activations it knows for ``float32`` alone.
"""

from functools import singledispatch
from typing import Any

import numpy as np
from onnx import TensorProto

from skbackprop.export.onnx.graph import Tensor
from skbackprop.layers import (
    ELU,
    GELU,
    SELU,
    BatchNorm,
    BinaryStep,
    Dense,
    Dropout,
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
    Standardize,
    Tanh,
    UnitLength,
)
from skbackprop.layers.activations.smooth import SATURATED
from skbackprop.layers.normalization.rows import RowNormalization

__all__ = ["softplus", "translate"]


@singledispatch
def translate(layer: Any, x: Tensor, *params: np.ndarray) -> Tensor:
    """Return what a layer makes of its input, in prediction.

    A layer of your own takes part once its translation is registered.

    Parameters
    ----------
    layer : Layer
        The layer.
    x : Tensor
        Its input.
    *params : ndarray
        Its parameters, in the order of ``Layer.build``.

    Returns
    -------
    Tensor
        Its output.

    Examples
    --------
    >>> from skbackprop.export.onnx import translate
    >>> from skbackprop.layers import Activation
    >>> class Square(Activation):
    ...     bind_forward = bind_backward = None  # left out here
    >>> @translate.register
    ... def _(layer: Square, x):
    ...     return x * x
    """
    kind = type(layer).__name__
    raise NotImplementedError(
        f"{kind} has no translation to ONNX. Register one: a function of the layer, a "
        "Tensor and the layer's parameters, decorated with "
        "@skbackprop.export.onnx.translate.register."
    )


def softplus(x: Tensor) -> Tensor:
    """Return ``log(1 + exp(x))``, which does not overflow.

    Parameters
    ----------
    x : Tensor
        The input.

    Returns
    -------
    Tensor
        The smooth ramp.
    """
    bump = (-x.apply("Abs")).apply("Exp") + 1.0
    return x.apply("Relu") + bump.apply("Log")


# ------------------------------------------------------------------ with parameters


@translate.register
def _(layer: Dense, x: Tensor, weight: np.ndarray, bias: np.ndarray) -> Tensor:
    return x.apply("Gemm", weight, bias)


@translate.register
def _(layer: Standardize, x: Tensor, center: np.ndarray, spread: np.ndarray) -> Tensor:
    return (x - center) / spread


@translate.register
def _(
    layer: BatchNorm,
    x: Tensor,
    scale: np.ndarray,
    shift: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
) -> Tensor:
    factor = scale / np.sqrt(variance + variance.dtype.type(layer.epsilon))
    return x * factor + (shift - mean * factor)


@translate.register
def _(
    layer: RowNormalization, x: Tensor, scale: np.ndarray, shift: np.ndarray
) -> Tensor:
    size = len(scale) // layer.groups
    mean = np.full((size, 1), 1.0 / size)
    groups = x.reshaped(-1, size)
    centered = groups - groups @ mean
    variance = (centered * centered) @ mean
    standard = centered / (variance + layer.epsilon).apply("Sqrt")
    return standard.reshaped(-1, len(scale)) * scale + shift


@translate.register
def _(layer: PReLU, x: Tensor, slope: np.ndarray) -> Tensor:
    return x.apply("Relu") + x.apply("Min", 0.0) * slope


# --------------------------------------------------------------- without parameters


@translate.register
def _(layer: Dropout, x: Tensor) -> Tensor:
    return x


@translate.register
def _(layer: UnitLength, x: Tensor) -> Tensor:
    squared = (x * x).apply("ReduceSum", np.array([1]), keepdims=1)
    return x / (squared + layer.epsilon).apply("Sqrt")


@translate.register
def _(layer: Identity, x: Tensor) -> Tensor:
    return x


@translate.register
def _(layer: ReLU, x: Tensor) -> Tensor:
    return x.apply("Relu")


@translate.register
def _(layer: LeakyReLU, x: Tensor) -> Tensor:
    return x.apply("Max", x * layer.negative_slope)


@translate.register
def _(layer: BinaryStep, x: Tensor) -> Tensor:
    return (x.apply("Sign") + 1.0).apply("Min", 1.0)


@translate.register
def _(layer: Logistic, x: Tensor) -> Tensor:
    return x.apply("Sigmoid")


@translate.register
def _(layer: Tanh, x: Tensor) -> Tensor:
    return x.apply("Tanh")


@translate.register
def _(layer: Softsign, x: Tensor) -> Tensor:
    return x / (x.apply("Abs") + 1.0)


@translate.register
def _(layer: Soboleva, x: Tensor) -> Tensor:
    rise, fall, up, down = x * layer.a, x * -layer.b, x * layer.c, x * -layer.d
    # As in the layer itself: what is bounded cannot overflow.
    shift = up.apply("Max", down)
    rise, fall, up, down = (
        (power - shift).apply("Exp") for power in (rise, fall, up, down)
    )
    return (rise - fall) / (up + down)


@translate.register
def _(layer: ELU, x: Tensor) -> Tensor:
    return _bent(x, 1.0, layer.alpha)


@translate.register
def _(layer: SELU, x: Tensor) -> Tensor:
    return _bent(x, layer.scale, layer.scale * layer.alpha)


def _bent(x: Tensor, above: float, below: float) -> Tensor:
    low = x.apply("Min", 0.0).apply("Exp") - 1.0
    return x.apply("Relu") * above + low * below


@translate.register
def _(layer: Softplus, x: Tensor) -> Tensor:
    return softplus(x)


@translate.register
def _(layer: SiLU, x: Tensor) -> Tensor:
    return x * x.apply("Sigmoid")


@translate.register
def _(layer: Mish, x: Tensor) -> Tensor:
    power = x.apply("Min", SATURATED).apply("Exp")
    gate = power * (power + 2.0)
    return x * (gate / (gate + 2.0))


@translate.register
def _(layer: GELU, x: Tensor) -> Tensor:
    # onnxruntime has the error function for float32 alone.
    scores = (x * np.sqrt(0.5)).cast(TensorProto.FLOAT)
    below = scores.apply("Erf").cast(x.graph.float_type) * 0.5 + 0.5
    return x * below
