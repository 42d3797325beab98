"""Inverse links of losses, as stages of a prediction."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from skbackprop.core.ops import logistic, softmax
from skbackprop.core.spec import Spec
from skbackprop.layers.base import Forward
from skbackprop.linearization.stages import (
    FunctionStage,
    MatrixStage,
    MixingStage,
    Pull,
    Stage,
)
from skbackprop.losses.outputs import logistic_slope


class Link(Spec, ABC, family=True):
    """The family of inverse links, found by ``Loss.link``.

    Examples
    --------
    >>> from skbackprop.linearization.links import Link
    >>> sorted(Link.members())
    ['cumulative_softplus', 'exp', 'identity', 'logistic', 'softmax']
    """

    @abstractmethod
    def stages(self, loss: Any, n_scores: int, dtype: np.dtype) -> list[Stage]:
        """Return what raw scores go through.

        Parameters
        ----------
        loss : Loss
            Whose inverse link it is.
        n_scores : int
            The number of raw scores.
        dtype : dtype
            The type to work in.

        Returns
        -------
        list of Stage
            The stages, in order.
        """


class IdentityLink(Link, name="identity"):
    """Raw scores as they are."""

    def stages(self, loss: Any, n_scores: int, dtype: np.dtype) -> list[Stage]:
        """Return nothing."""
        return []


class LogisticLink(Link, name="logistic"):
    """The logistic function."""

    def stages(self, loss: Any, n_scores: int, dtype: np.dtype) -> list[Stage]:
        """Return it."""
        return [FunctionStage(logistic, logistic_slope)]


class ExponentialLink(Link, name="exp"):
    """The exponential."""

    def stages(self, loss: Any, n_scores: int, dtype: np.dtype) -> list[Stage]:
        """Return it."""
        return [FunctionStage(np.exp, np.copy)]


class SoftmaxLink(Link, name="softmax"):
    """A softmax for each output."""

    def stages(self, loss: Any, n_scores: int, dtype: np.dtype) -> list[Stage]:
        """Return a stage that mixes the columns of an output."""
        return [SoftmaxStage(loss.heads())]


class CumulativeSoftplusLink(Link, name="cumulative_softplus"):
    """Numbers in ascending order: the first one, and rises that are above zero."""

    def stages(self, loss: Any, n_scores: int, dtype: np.dtype) -> list[Stage]:
        """Return the rises, and their sums."""
        sums = np.triu(np.ones((n_scores, n_scores), dtype))
        return [FunctionStage(_rises, _rise_slopes), MatrixStage(sums, sums[0] * 0)]


class SoftmaxStage(MixingStage):
    """A softmax for each of some groups of columns.

    Parameters
    ----------
    heads : sequence of slice
        The columns of each group.
    """

    def __init__(self, heads: Sequence[slice]) -> None:
        self.heads = heads

    def bind(self, x: np.ndarray) -> tuple[Forward, Pull]:
        """Return the softmax and its derivative, which is symmetric."""
        held: list[np.ndarray] = []

        def forward(x: np.ndarray) -> np.ndarray:
            for head in self.heads:
                softmax(x[:, head])
            held[:] = [x]
            return x

        def pull(dy: np.ndarray) -> np.ndarray:
            dx = dy * held[0]
            for head in self.heads:
                total = dx[..., head].sum(axis=-1, keepdims=True)
                dx[..., head] -= held[0][:, head] * total
            return dx

        return forward, pull


def _rises(raw: np.ndarray) -> np.ndarray:
    rises = raw[:, 1:]
    np.logaddexp(0, rises, out=rises)
    return raw


def _rise_slopes(y: np.ndarray) -> np.ndarray:
    slopes = np.ones_like(y)
    slopes[:, 1:] = -np.expm1(-y[:, 1:])
    return slopes
