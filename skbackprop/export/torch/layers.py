"""Each layer as a module of PyTorch: one small translation for each."""

from functools import singledispatch
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from skbackprop.export.torch import modules
from skbackprop.layers import (
    ELU,
    GELU,
    SELU,
    BatchNorm,
    BinaryStep,
    Dense,
    DropConnect,
    Dropout,
    GroupNorm,
    Identity,
    LayerNorm,
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

__all__ = ["as_module", "tensor"]

# Above it softplus is the identity in float64 too; PyTorch's own 20 leaves 2e-9.
LINEAR_ABOVE = 40.0


def tensor(array: Any) -> Tensor:
    """Return a copy of an array as a tensor of PyTorch.

    Parameters
    ----------
    array : ndarray
        The array.

    Returns
    -------
    torch.Tensor
        In its type.
    """
    return torch.from_numpy(np.array(array))


@singledispatch
def as_module(layer: Any, *params: np.ndarray) -> nn.Module:
    """Return a layer as a module.

    A layer of your own takes part once its translation is registered.

    Parameters
    ----------
    layer : Layer
        The layer.
    *params : ndarray
        Its parameters, in the order of ``Layer.build``.

    Returns
    -------
    torch.nn.Module
        A module with copies of them.
    """
    raise NotImplementedError(
        f"{type(layer).__name__} has no translation to PyTorch. Register one: a "
        "function of the layer and its parameters that returns a module, decorated "
        "with @skbackprop.export.torch.as_module.register."
    )


def _set(module: nn.Module, **values: np.ndarray) -> nn.Module:
    """Fill parameters and buffers of a module of PyTorch's own."""
    module.load_state_dict(
        {name: tensor(value) for name, value in values.items()}, strict=False
    )
    return module


# ------------------------------------------------------------------ with parameters


@as_module.register
def _(layer: Dense, weight: np.ndarray, bias: np.ndarray) -> nn.Module:
    n_in, n_out = weight.shape
    linear = nn.Linear(n_in, n_out, dtype=tensor(bias).dtype)
    return _set(linear, weight=weight.T, bias=bias)


@as_module.register
def _(layer: DropConnect, weight: np.ndarray, bias: np.ndarray) -> nn.Module:
    n_in, n_out = weight.shape
    linear = modules.DropConnect(n_in, n_out, layer.rate, tensor(bias).dtype)
    return _set(linear, weight=weight.T, bias=bias)


@as_module.register
def _(layer: Standardize, center: np.ndarray, spread: np.ndarray) -> nn.Module:
    return modules.Standardize(tensor(center), tensor(spread))


@as_module.register
def _(
    layer: BatchNorm,
    scale: np.ndarray,
    shift: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
) -> nn.Module:
    norm = nn.BatchNorm1d(
        len(scale), layer.epsilon, layer.momentum, dtype=tensor(scale).dtype
    )
    statistics = {"running_mean": mean, "running_var": variance}
    return _set(norm, weight=scale, bias=shift, **statistics)


@as_module.register
def _(layer: GroupNorm, scale: np.ndarray, shift: np.ndarray) -> nn.Module:
    # PyTorch's own refuses a single row of groups of one unit.
    return modules.GroupNorm(layer.groups, tensor(scale), tensor(shift), layer.epsilon)


@as_module.register
def _(layer: LayerNorm, scale: np.ndarray, shift: np.ndarray) -> nn.Module:
    norm = nn.LayerNorm(len(scale), layer.epsilon, dtype=tensor(scale).dtype)
    return _set(norm, weight=scale, bias=shift)


@as_module.register
def _(layer: PReLU, slope: np.ndarray) -> nn.Module:
    return _set(nn.PReLU(len(slope), dtype=tensor(slope).dtype), weight=slope)


# --------------------------------------------------------------- without parameters


@as_module.register
def _(layer: Dropout) -> nn.Module:
    return nn.Dropout(layer.rate)


@as_module.register
def _(layer: UnitLength) -> nn.Module:
    return modules.UnitLength(layer.epsilon)


@as_module.register
def _(layer: Identity) -> nn.Module:
    return nn.Identity()


@as_module.register
def _(layer: ReLU) -> nn.Module:
    return nn.ReLU()


@as_module.register
def _(layer: LeakyReLU) -> nn.Module:
    return nn.LeakyReLU(layer.negative_slope)


@as_module.register
def _(layer: BinaryStep) -> nn.Module:
    return modules.BinaryStep()


@as_module.register
def _(layer: Logistic) -> nn.Module:
    return nn.Sigmoid()


@as_module.register
def _(layer: Tanh) -> nn.Module:
    return nn.Tanh()


@as_module.register
def _(layer: Softsign) -> nn.Module:
    return nn.Softsign()


@as_module.register
def _(layer: Soboleva) -> nn.Module:
    return modules.Soboleva(layer.a, layer.b, layer.c, layer.d)


@as_module.register
def _(layer: ELU) -> nn.Module:
    return nn.ELU(layer.alpha)


@as_module.register
def _(layer: SELU) -> nn.Module:
    return nn.SELU()


@as_module.register
def _(layer: Softplus) -> nn.Module:
    return nn.Softplus(threshold=LINEAR_ABOVE)


@as_module.register
def _(layer: SiLU) -> nn.Module:
    return nn.SiLU()


@as_module.register
def _(layer: Mish) -> nn.Module:
    return nn.Mish()


@as_module.register
def _(layer: GELU) -> nn.Module:
    return nn.GELU()
