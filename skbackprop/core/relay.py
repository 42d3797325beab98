"""Work that alternates between all threads and one: the last to arrive goes on alone.

To hand work out and to wait for all of it means to wake threads twice, some 30 us each
time: the helpers, and then the caller. Where whoever ends a round last does what comes
between the rounds, and hands out the next one, nobody waits to be woken at its end.
"""

from collections.abc import Callable, Generator, Sequence
from functools import partial
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from sklearn import config_context, get_config

from skbackprop.core.threads import Crew

__all__ = ["Rounds", "relay", "without_rounds"]

T = TypeVar("T")

# Yields a round of tasks, at most one a thread, and is sent what they returned.
Rounds = Generator[Sequence[Callable[[], Any]], list[Any], T]


def relay(crew: Crew, rounds: Rounds[T]) -> T:
    """Run rounds of tasks until there are no more.

    Parameters
    ----------
    crew : Crew
        The threads; each takes the task of its place in a round.
    rounds : generator
        Yields the tasks of each round, and is sent what they returned, in their order.
        Any of the threads may be the one that it runs in, one at a time, with the
        caller's configuration of scikit-learn.

    Returns
    -------
    object
        What the generator returns.

    Examples
    --------
    >>> from skbackprop.core.relay import relay
    >>> from skbackprop.core.threads import Crew
    >>> def rounds():
    ...     first, second = yield [lambda: 1, lambda: 2]
    ...     (last,) = yield [lambda: 10 * (first + second)]
    ...     return last + 1
    >>> relay(Crew(2), rounds())
    31
    """
    if crew.size == 1:
        return crew.run([partial(_alone, rounds)])[0]
    runners = _Runners(crew.size, rounds)
    try:
        crew.run([partial(runners.run, place) for place in range(crew.size)])
    finally:
        # Nobody is left waiting, wherever an interrupt by the user comes.
        runners.end()
    return runners.returned[0]


def without_rounds(function: Callable[..., T]) -> Callable[..., Rounds[T]]:
    """Return a function as a generator that asks for no rounds.

    Parameters
    ----------
    function : callable
        What one thread does alone.

    Returns
    -------
    callable
        For ``yield from``.
    """

    def rounds(*args: Any) -> Rounds[T]:
        yield from ()
        return function(*args)

    return rounds


def _alone(rounds: Rounds[T]) -> T:
    # Queues and orders would take a twentieth of the short epochs of small networks.
    results: Any = None
    while True:
        try:
            tasks = rounds.send(results)
        except StopIteration as stop:
            return stop.value
        results = [task() for task in tasks]


class _Runners(Generic[T]):
    """Threads that take their tasks from a queue each, until one says that it is over.

    Parameters
    ----------
    size : int
        How many they are.
    rounds : generator
        The rounds.

    Attributes
    ----------
    returned : list
        What the generator has returned, once it has.
    """

    def __init__(self, size: int, rounds: Rounds[T]) -> None:
        self.returned: list[T] = []
        self._rounds, self._config = rounds, get_config()
        self._queues: list[SimpleQueue] = [SimpleQueue() for _ in range(size)]
        self._results: list[Any] = []
        self._is_last: list[bool] = []

    def run(self, place: int) -> None:
        """Run the tasks of a place. Whoever fails, or leaves, takes all others along.

        Parameters
        ----------
        place : int
            The first one begins.
        """
        try:
            # Each thread has one of its own, and a user's function may go by it.
            with config_context(**self._config):
                self._run(place)
        finally:
            self.end()

    def _run(self, place: int) -> None:
        if place == 0:
            self._begin_round(None)
        queue = self._queues[place]
        while (task := queue.get()) is not None:
            self._results[place] = task()
            # Taking from the end of a list is atomic.
            if self._is_last.pop():
                self._begin_round(self._results)

    def _begin_round(self, results: Any) -> None:
        try:
            tasks = self._rounds.send(results)
        except StopIteration as stop:
            self.returned.append(stop.value)
            self.end()
            return
        if not 1 <= len(tasks) <= len(self._queues):
            raise ValueError(f"{len(tasks)} tasks for {len(self._queues)} threads.")
        self._results = [None] * len(tasks)
        self._is_last = [True, *[False] * (len(tasks) - 1)]
        for queue, task in zip(self._queues, tasks, strict=False):
            queue.put(task)

    def end(self) -> None:
        """Tell all that it is over."""
        for queue in self._queues:
            queue.put(None)
