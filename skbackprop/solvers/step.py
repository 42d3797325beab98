"""From a gradient to a step: penalty and chain of updates, over the flat vector."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from skbackprop.core.ops import slices
from skbackprop.core.threads import Crew
from skbackprop.objective import Objective
from skbackprop.updates import Update, bind_chain

__all__ = ["bind_step"]

# step(share, rate, t) -> the whole value of the penalty before the step
BoundStep = Callable[[float, float, int], float]

# Parameters that are worth a thread of their own.
SHARE_OF_A_THREAD = 2**17


def bind_step(
    objective: Objective,
    chain: Sequence[Update],
    theta: np.ndarray,
    grads: Sequence[np.ndarray],
    moments: Sequence[Sequence[np.ndarray]],
    crew: Crew,
) -> BoundStep:
    """Bind what follows a gradient: sum, penalty, updates.

    All of it works entry by entry, so that threads can take a part of a long vector
    each.

    Parameters
    ----------
    objective : Objective
        Whose penalty.
    chain : sequence of Update
        The updates.
    theta : ndarray of shape (n_params,)
        The parameters, moved in place.
    grads : sequence of ndarray of shape (n_params,)
        The gradients of the parts of a batch; used up.
    moments : sequence of sequence of ndarray
        What the updates remember.
    crew : Crew
        Who does it.

    Returns
    -------
    callable
        ``step(share, rate, t)`` adds the share of the penalty's gradient, takes step
        number ``t`` at the rate, and returns the value of the penalty before it.
    """
    n_parts = max(1, min(crew.size, theta.size // SHARE_OF_A_THREAD))
    parts = [
        _bind_part(objective, chain, theta, grads, moments, part)
        for part in slices(theta.size, -(-theta.size // n_parts))
    ]
    if len(parts) == 1:
        return parts[0]

    def step(share: float, rate: float, t: int) -> float:
        return sum(crew.run([partial(part, share, rate, t) for part in parts]))

    return step


def _bind_part(
    objective: Objective,
    chain: Sequence[Update],
    theta: np.ndarray,
    grads: Sequence[np.ndarray],
    moments: Sequence[Sequence[np.ndarray]],
    part: slice,
) -> BoundStep:
    grad, *others = (vector[part] for vector in grads)
    n_weights = objective.network.layout.n_weights
    weights = slice(part.start, max(part.start, min(part.stop, n_weights)))
    add_penalty = objective.penalty.bind(theta[weights], grads[0][weights])
    own_moments = [[vector[part] for vector in vectors] for vectors in moments]
    step = bind_chain(chain, theta[part], grad, own_moments)
    add = np.add

    def run(share: float, rate: float, t: int) -> float:
        for other in others:
            add(grad, other, grad)
        penalty = add_penalty(share)
        step(rate, t)
        return penalty

    return run
