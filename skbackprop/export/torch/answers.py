"""What comes after the raw scores, so that a module answers what an estimator does."""

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np
from torch import nn

from skbackprop.export._stages import target_line
from skbackprop.export.torch import modules
from skbackprop.export.torch.layers import tensor
from skbackprop.losses import Loss
from skbackprop.training.classes import (
    BinaryTarget,
    ClassTarget,
    MulticlassTarget,
    MultilabelTarget,
    MultioutputTarget,
)
from skbackprop.training.embedding import EmbeddingTarget
from skbackprop.training.targets import RegressionTarget

__all__ = ["LINKS", "answer", "probable"]

# By what ``Loss.link`` calls them: those of regression, where targets say no more.
LINKS: dict[str, Callable[[], nn.Module]] = {
    "identity": nn.Identity,
    "exp": modules.Exp,
    "logistic": nn.Sigmoid,
    "cumulative_softplus": modules.CumulativeSoftplus,
}


@singledispatch
def answer(target: Any, estimator: Any) -> list[nn.Module]:
    """Return the modules after the raw scores.

    Parameters
    ----------
    target : Target
        The kind of target that the estimator was fitted to.
    estimator : BaseBackprop
        The estimator.

    Returns
    -------
    list of torch.nn.Module
        What makes predictions, or probabilities, of raw scores.
    """
    raise NotImplementedError(f"{type(target).__name__} has no translation to PyTorch.")


@answer.register
def _(target: RegressionTarget, estimator: Any) -> list[nn.Module]:
    last, line = [_link(estimator._loss)], target_line(estimator)
    if line is not None:
        center, divisor = (
            tensor(np.asarray(each, estimator.coefs_[0].dtype)) for each in line
        )
        last.append(modules.Affine(divisor, center))
    return last


def _link(loss: Loss) -> nn.Module:
    if loss.link not in LINKS:
        raise NotImplementedError(
            f"{loss!r} has the link {loss.link!r}, which has no translation to "
            f"PyTorch; known are {sorted(LINKS)}. Put a class of modules into "
            "skbackprop.export.torch.LINKS, or ask for raw scores with raw=True."
        )
    return LINKS[loss.link]()


@answer.register
def _(target: EmbeddingTarget, estimator: Any) -> list[nn.Module]:
    return []


@answer.register
def _(target: ClassTarget, estimator: Any) -> list[nn.Module]:
    return probable(target) if estimator._loss.has_probabilities else []


@singledispatch
def probable(target: Any) -> list[nn.Module]:
    """Return the modules that make probabilities of raw scores.

    Parameters
    ----------
    target : ClassTarget
        The kind of target.

    Returns
    -------
    list of torch.nn.Module
        What ``predict_proba`` does.
    """
    raise NotImplementedError(f"{type(target).__name__} has no translation to PyTorch.")


@probable.register
def _(target: BinaryTarget) -> list[nn.Module]:
    if len(target.classes) == 1:
        return [modules.Certain()]
    return [modules.TwoColumns(), nn.Sigmoid()]


@probable.register
def _(target: MultilabelTarget) -> list[nn.Module]:
    return [nn.Sigmoid()]


@probable.register
def _(target: MulticlassTarget) -> list[nn.Module]:
    return [nn.Softmax(dim=1)]


@probable.register
def _(target: MultioutputTarget) -> list[nn.Module]:
    return [modules.Heads(target.n_classes)]
