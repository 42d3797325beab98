"""Threads: matrix products get one each, and whole tasks are shared out instead.

NumPy lets go of the interpreter lock inside a matrix product or a long elementwise
pass. Threads over parts of a batch thus use the cores at least as well as products of
many threads do, share out the elementwise passes as well, and yield on a busy machine,
where a product's spinning threads slow each other down many times over.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cache
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar
from weakref import finalize

import numpy as np
from threadpoolctl import ThreadpoolController

from skbackprop._compat import release_openblas

# Multiplications of a forward pass that are worth one more thread: waking one costs
# some 20 us, and the interpreter lock changes hands at each array operation.
SHARE_OF_A_THREAD = 5_000_000

T = TypeVar("T")


@cache
def _controller() -> ThreadpoolController:
    # Looking for the loaded libraries takes a millisecond: once is enough.
    return ThreadpoolController().select(user_api="blas")


def threads_for(work: int) -> int:
    """Return how many threads some work is to be shared between.

    Parameters
    ----------
    work : int
        Multiplications of a forward pass.

    Returns
    -------
    int
        At most as many as the user leaves to matrix products: environment variables,
        ``threadpoolctl`` and the workers of a parallel search set that.
    """
    return max(1, min(_limit.allowed(), 1 + work // SHARE_OF_A_THREAD))


def _counts() -> list[int]:
    return [library.get_num_threads() for library in _controller().lib_controllers]


def _set_counts(counts: list[int]) -> None:
    # threadpoolctl lets one thread alone change OpenBLAS until it is told otherwise.
    release_openblas()
    for library, count in zip(_controller().lib_controllers, counts, strict=True):
        library.set_num_threads(count)
    release_openblas()


class _Limit:
    """The limit on products, which the whole process shares."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._counts: list[int] = []

    def allowed(self) -> int:
        """Return what the user allows, whoever holds the limit just now."""
        with self._lock:
            return min(self._counts if self._users else _counts(), default=1)

    def __enter__(self) -> None:
        with self._lock:
            if self._users == 0:
                self._counts = _counts()
                _set_counts([1] * len(self._counts))
            self._users += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                _set_counts(self._counts)


_limit = _Limit()


def single_threaded_products() -> AbstractContextManager[None]:
    """Keep each matrix product on the thread that asks for it.

    Fits in several threads at once may overlap in any order: the first to come sets the
    limit, and the last to go lifts it.

    Returns
    -------
    context manager
        It may be entered again within.
    """
    return _limit


class Crew:
    """The calling thread and some helpers, between whom tasks are shared out.

    Parameters
    ----------
    size : int
        How many they are, the caller included.

    Notes
    -----
    A bare queue wakes a helper sooner than an executor with its futures does, and a
    step of a small network is not much longer than either.

    Examples
    --------
    >>> from skbackprop.core.threads import Crew
    >>> Crew(2).run([lambda: "mine", lambda: "yours"])
    ['mine', 'yours']
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._orders = [_hire() for _ in range(size - 1)]
        # Helpers wait on their queues alone, so that nothing keeps a crew alive.
        finalize(self, _dismiss, self._orders)

    def run(self, tasks: Sequence[Callable[[], T]]) -> list[T]:
        """Run one task a thread, and wait for all of them.

        Parameters
        ----------
        tasks : sequence of callable
            At most ``size`` of them; the caller takes the first.

        Returns
        -------
        list
            What they returned, in their order.
        """
        if not self._orders or len(tasks) == 1:
            return [_quietly(task) for task in tasks]
        theirs = [
            _order(queue, task)
            for queue, task in zip(self._orders, tasks[1:], strict=False)
        ]
        try:
            mine = _quietly(tasks[0])
        finally:
            answers = [answer.get() for answer in theirs]
        for _, error in answers:
            if error is not None:
                raise error
        return [mine, *(result for result, _ in answers)]

    def deal(self, parts: Sequence[T], work: Callable[[Iterator[T]], None]) -> None:
        """Deal parts out, the next one to the thread that asks for it.

        An error in one thread, such as an interrupt by the user, leaves nothing to the
        others but what they are at.

        Parameters
        ----------
        parts : sequence
            What is dealt out; None does not count as a part.
        work : callable
            Runs in each thread, and takes an iterator of that thread's parts.
        """
        # Each thread ends at a None. Taking from the end of a list is atomic.
        pending = [*[None] * self.size, *reversed(parts)]

        def take() -> None:
            try:
                work(iter(pending.pop, None))
            except BaseException:
                del pending[self.size :]
                raise

        self.run([take] * self.size)


def _order(queue: SimpleQueue, task: Callable[[], Any]) -> SimpleQueue:
    """Give a helper a task, and return where its answer will be."""
    # Of its own: an interrupted run leaves answers that nobody must take for another's.
    answer: SimpleQueue = SimpleQueue()
    queue.put((task, answer))
    return answer


def _hire() -> SimpleQueue:
    """Start a helper, and return where it takes its orders from."""
    orders: SimpleQueue = SimpleQueue()
    Thread(target=_serve, args=(orders,), daemon=True).start()
    return orders


def _serve(orders: SimpleQueue) -> None:
    while (order := orders.get()) is not None:
        task, answer = order
        try:
            answer.put((_quietly(task), None))
        except BaseException as error:
            answer.put((None, error))
        # What it refers to, a network's buffers say, is not to wait for the next one.
        del order, task, answer


def _dismiss(orders: Sequence[SimpleQueue]) -> None:
    for queue in orders:
        queue.put(None)


def _quietly(task: Callable[[], T]) -> T:
    # Each thread has a floating-point state of its own.
    with np.errstate(all="ignore"):
        return task()
