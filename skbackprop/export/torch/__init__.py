"""Fitted networks as modules of PyTorch, where that is installed."""

from typing import Any

from torch import nn

from skbackprop.estimators._base import BaseBackprop
from skbackprop.export._stages import stages
from skbackprop.export.torch.answers import LINKS, answer
from skbackprop.export.torch.layers import as_module

__all__ = ["LINKS", "as_module", "to_torch"]


def to_torch(estimator: Any, *, raw: bool = False) -> nn.Sequential:
    """Return a fitted network as a module; see ``skbackprop.export.to_torch``.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one.
    raw : bool, default=False
        Whether the module ends with the raw scores.

    Returns
    -------
    torch.nn.Sequential
        In evaluation mode.
    """
    if not isinstance(estimator, BaseBackprop):
        raise TypeError(
            f"to_torch takes an estimator of skbackprop, got {estimator!r}: of a "
            "pipeline take the last step, of a search best_estimator_."
        )
    parts = [as_module(layer, *params) for layer, params in stages(estimator)]
    if not raw:
        parts += answer(estimator._target, estimator)
    return nn.Sequential(*parts).eval()
