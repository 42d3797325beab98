"""How many threads the matrix products get."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

# Below this many multiplications in the largest product of a batch, waking a second
# thread costs more than it saves, and a busy second core costs a multiple.
WORTH_A_THREAD = 8_000_000


@cache
def _controller() -> ThreadpoolController:
    # Looking for the loaded libraries takes a millisecond: once is enough.
    return ThreadpoolController().select(user_api="blas")


def available() -> int:
    """Return how many threads the user leaves to matrix products.

    Returns
    -------
    int
        At least one. Environment variables, ``threadpoolctl`` and the workers of a
        parallel search all set it.
    """
    counts = [library["num_threads"] for library in _controller().info()]
    return max(1, min(counts, default=1))


@contextmanager
def limited(largest_product: int) -> Iterator[None]:
    """Keep small products on one thread; leave the user's limit alone otherwise.

    Parameters
    ----------
    largest_product : int
        Multiplications in the largest matrix product to come.

    Yields
    ------
    None
    """
    if largest_product >= WORTH_A_THREAD:
        yield
        return
    with _controller().limit(limits=1):
        yield
