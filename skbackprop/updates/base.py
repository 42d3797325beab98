"""What an update is, and how a chain of them becomes a step."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skbackprop.core.blas import bind_axpy
from skbackprop.core.layout import Layout
from skbackprop.core.spec import Spec

# update(rate, t) -> what is left of the rate; t counts steps from 1.
BoundUpdate = Callable[[float, int], float]


@dataclass(frozen=True)
class Span:
    """The stretch of the flat vectors that an update works on.

    Parameters
    ----------
    theta : ndarray of shape (n_params,)
        The parameters, before the step.
    grad : ndarray of shape (n_params,)
        Their gradient, turned into a direction in place.
    n_weights : int, default=0
        How many leading entries are weights: decay acts on these alone.
    layout : Layout or None, default=None
        The shapes of the parameters, where the stretch is the whole vector.
    """

    theta: np.ndarray
    grad: np.ndarray
    n_weights: int = 0
    layout: Layout | None = None


class Update(Spec, ABC, family=True):
    """A link in the chain that makes a step of a gradient.

    Attributes
    ----------
    n_moments : int
        How many vectors it remembers from step to step; they start at zero.
    entrywise : bool
        Whether each entry of the step depends on that entry alone, so that threads can
        take a part of the vector each.
    """

    n_moments: ClassVar[int] = 0
    entrywise: ClassVar[bool] = True

    @abstractmethod
    def bind(self, span: Span, moments: Sequence[np.ndarray]) -> BoundUpdate:
        """Return the update, bound to its vectors.

        Parameters
        ----------
        span : Span
            The vectors; the gradient in it is turned into a direction in place.
        moments : sequence of ndarray
            ``n_moments`` vectors of the same shape.

        Returns
        -------
        callable
            ``update(rate, t)`` returns the rate that is left to be applied.
        """


def bind_chain(
    chain: Sequence[Update],
    span: Span,
    moments: Sequence[Sequence[np.ndarray]],
) -> Callable[[float, int], None]:
    """Bind a chain of updates to its vectors.

    Parameters
    ----------
    chain : sequence of Update
        The links, first to last.
    span : Span
        Parameters, moved in place, and their gradient, used up.
    moments : sequence of sequence of ndarray
        For each link, the vectors it remembers.

    Returns
    -------
    callable
        ``step(rate, t)`` takes one step.
    """
    links = [
        update.bind(span, vectors)
        for update, vectors in zip(chain, moments, strict=True)
    ]
    move = bind_axpy(span.grad, span.theta)

    def step(rate: float, t: int) -> None:
        for link in links:
            rate = link(rate, t)
        move(-rate)

    return step
