"""From a gradient to a step: penalty and chain of updates, over the flat vector."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from skbackprop.core.ops import slices
from skbackprop.core.relay import Rounds, without_rounds
from skbackprop.penalties import Penalty
from skbackprop.solvers.base import Problem
from skbackprop.solvers.deferred import DeferredProducts
from skbackprop.solvers.orthant import bind_orthant
from skbackprop.solvers.projection import bind_max_norm
from skbackprop.updates import Span, Update, bind_chain

__all__ = ["BoundStep", "bind_step", "shares_step"]

# step(share, rate, t) -> the whole value of the penalty before the step, by one thread
# alone, or as rounds that return it
LoneStep = Callable[[float, float, int], float]
BoundStep = Callable[[float, float, int], Rounds[float]]

# Parameters that are worth a thread of their own.
SHARE_OF_A_THREAD = 2**17


def bind_step(
    problem: Problem,
    chain: Sequence[Update],
    grads: Sequence[np.ndarray],
    moments: Sequence[Sequence[np.ndarray]],
    n_threads: int,
    after_step: Callable[[np.ndarray], None] | None = None,
    deferred: DeferredProducts | None = None,
) -> BoundStep:
    """Bind what follows a gradient: sum, penalty, updates, projection.

    Where all updates work entry by entry, threads take a part of a long vector each.

    Parameters
    ----------
    problem : Problem
        Whose penalty and limits. Its parameters are moved in place, up to those that
        are no solver's to move.
    chain : sequence of Update
        The updates.
    grads : sequence of ndarray of shape (n_params,)
        The gradients of the parts of a batch; used up.
    moments : sequence of sequence of ndarray
        What the updates remember.
    n_threads : int
        How many may share it.
    after_step : callable, optional
        Called after each step, with a vector that it may overwrite.
    deferred : DeferredProducts, optional
        A part of the gradient that is still to be computed.

    Returns
    -------
    callable
        ``step(share, rate, t)`` adds the share of the penalty's gradient, takes step
        number ``t`` at the rate, and returns the value of the penalty before it; for
        ``relay``.
    """
    layout = problem.objective.network.layout
    n = layout.n_trainable
    theta, grads = problem.theta[:n], [vector[:n] for vector in grads]
    if shares_step(problem, chain, n_threads):
        step = _bind_parts(problem, chain, grads, moments, n_threads, deferred)
    else:
        span = Span(theta, grads[0], layout.n_weights, layout)
        sums = _sums(grads[0], grads[1:])
        step = without_rounds(
            _bind_part(problem.objective.penalty, chain, span, sums, moments)
        )
    last: list[Callable[[], Any]] = []
    if problem.max_norm is not None:
        last.append(bind_max_norm(layout, problem.theta, problem.max_norm))
    first: list[Callable[[], Any]] = []
    if problem.objective.mask is not None:
        # A norm to clip by, say, is that of what is free.
        first = [partial(problem.objective.hold, grad) for grad in grads]
        last.append(partial(problem.objective.hold, theta))
    if after_step is not None:
        last.append(partial(after_step, grads[0]))
    return _between(first, step, last) if last else step


def shares_step(problem: Problem, chain: Sequence[Update], n_threads: int) -> bool:
    """Tell whether threads share out the entries of a step.

    Parameters
    ----------
    problem : Problem
        Of so many parameters.
    chain : sequence of Update
        The updates.
    n_threads : int
        How many there are.

    Returns
    -------
    bool
        True if there is enough to do, and updates work entry by entry.
    """
    entrywise = all(update.entrywise for update in chain)
    return entrywise and _n_parts(problem, n_threads) > 1


def _n_parts(problem: Problem, n_threads: int) -> int:
    n = problem.objective.network.layout.n_trainable
    return min(n_threads, n // SHARE_OF_A_THREAD)


def _bind_parts(
    problem: Problem,
    chain: Sequence[Update],
    grads: Sequence[np.ndarray],
    moments: Sequence[Sequence[np.ndarray]],
    n_threads: int,
    deferred: DeferredProducts | None,
) -> BoundStep:
    n_weights, size = problem.objective.network.layout.n_weights, grads[0].size

    def bind(part: slice) -> LoneStep:
        grad, *others = (vector[part] for vector in grads)
        leading = max(0, min(part.stop, n_weights) - part.start)
        span = Span(problem.theta[part], grad, leading)
        own = [[vector[part] for vector in vectors] for vectors in moments]
        if deferred is None:
            first = _sums(grad, others)
        else:
            first = [
                *deferred.bind(part, grad),
                *_sums(grad, others, max(0, deferred.size - part.start)),
            ]
        return _bind_part(problem.objective.penalty, chain, span, first, own)

    even = slices(size, -(-size // _n_parts(problem, n_threads)))
    cuts = [part.start for part in even] + [size]
    if deferred is not None:
        cuts = [deferred.cut(position) for position in cuts]
    parts = [bind(slice(*ends)) for ends in pairwise(cuts)]

    def step(share: float, rate: float, t: int) -> Rounds[float]:
        values = yield [partial(part, share, rate, t) for part in parts]
        return sum(values)

    return step


def _bind_part(
    penalty: Penalty,
    chain: Sequence[Update],
    span: Span,
    first: Sequence[Callable[[], Any]],
    moments: Sequence[Sequence[np.ndarray]],
) -> LoneStep:
    grad = span.grad
    weights, of_weights = span.theta[: span.n_weights], grad[: span.n_weights]
    add_penalty = penalty.bind(weights, of_weights)
    move = bind_chain(chain, span, moments)

    def step(share: float, rate: float, t: int) -> float:
        for each in first:
            each()
        value = add_penalty(share)
        move(rate, t)
        return value

    if penalty.absolute == 0:
        return step
    lean, hold = bind_orthant(penalty.absolute, weights, of_weights)

    def held_step(share: float, rate: float, t: int) -> float:
        for each in first:
            each()
        value = add_penalty(share)
        lean(share)
        move(rate, t)
        hold()
        return value

    return held_step


def _sums(
    grad: np.ndarray, others: Sequence[np.ndarray], start: int = 0
) -> list[Callable[[], Any]]:
    """Return what adds the gradients of other threads, from some entry on."""
    own = grad[start:]
    return [partial(np.add, own, other[start:], own) for other in others if own.size]


def _between(
    first: Sequence[Callable[[], Any]],
    step: BoundStep,
    last: Sequence[Callable[[], Any]],
) -> BoundStep:
    def between(share: float, rate: float, t: int) -> Rounds[float]:
        for each in first:
            each()
        value = yield from step(share, rate, t)
        for each in last:
            each()
        return value

    return between
