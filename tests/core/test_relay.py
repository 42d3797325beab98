"""Rounds of tasks: each thread does its own, and the last to arrive goes on alone."""

import os
import signal
import threading
import time
import warnings
from functools import partial
from operator import mul

import numpy as np
import pytest
from sklearn import config_context, get_config

from skbackprop.core.relay import relay, without_rounds
from skbackprop.core.threads import Crew

every_size = pytest.mark.parametrize("size", [1, 2, 3])


def counting(n_rounds, size):
    """Add up what the tasks of each round return; each is a product with the round."""
    total = 0
    for index in range(n_rounds):
        total += sum((yield [partial(mul, index, place) for place in range(size)]))
    return total


def after(seconds, function):
    time.sleep(seconds)
    return function()


@every_size
def test_it_returns_what_the_generator_does(size):
    expected = sum(range(200)) * sum(range(size))
    assert relay(Crew(size), counting(200, size)) == expected


@every_size
def test_a_generator_may_ask_for_no_round(size):
    assert relay(Crew(size), without_rounds(lambda: "alone")()) == "alone"
    assert relay(Crew(size), without_rounds(divmod)(7, 2)) == (3, 1)


@every_size
def test_results_come_in_the_order_of_the_tasks(size):
    def rounds():
        results = []
        for late in range(size):
            tasks = [partial(int, place) for place in range(size)]
            tasks[late] = partial(after, 0.01, tasks[late])
            results.append((yield tasks))
        return results

    assert relay(Crew(size), rounds()) == [list(range(size))] * size


def test_tasks_of_a_round_run_at_the_same_time_and_rounds_one_after_another():
    meeting, running, seen = threading.Barrier(3, timeout=5), [], []

    def task():
        running.append(True)
        meeting.wait()
        return len(running)

    def rounds():
        for _ in range(20):
            running.clear()
            seen.append((yield [task] * 3))

    relay(Crew(3), rounds())
    assert seen == [[3, 3, 3]] * 20


def test_each_place_has_a_thread_of_its_own_and_the_first_is_the_callers():
    def rounds():
        threads = set()
        for _ in range(10):
            threads.add(tuple((yield [threading.get_ident] * 3)))
        return threads

    (threads,) = relay(Crew(3), rounds())
    assert threads[0] == threading.get_ident()
    assert len(set(threads)) == 3


def test_whoever_is_last_goes_on():
    def rounds():
        went_on = []
        for late in range(3):
            tasks = [threading.get_ident] * 3
            tasks[late] = partial(after, 0.05, threading.get_ident)
            idents = yield tasks
            went_on.append(idents[late] == threading.get_ident())
        return went_on

    assert relay(Crew(3), rounds()) == [True] * 3


def test_a_round_may_have_fewer_tasks_than_there_are_threads():
    def rounds():
        counts = []
        for n_tasks in (3, 1, 2, 1, 3, 2):
            counts.append(len((yield [int] * n_tasks)))
        return counts

    assert relay(Crew(3), rounds()) == [3, 1, 2, 1, 3, 2]


@pytest.mark.parametrize("n_tasks", [0, 3])
def test_a_round_that_nobody_could_end_is_refused(n_tasks):
    def rounds():
        yield [int] * n_tasks

    with pytest.raises(ValueError, match=f"{n_tasks} tasks for 2 threads"):
        relay(Crew(2), rounds())


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_error_in_a_task_reaches_the_caller_once_all_are_done(failing):
    done = []

    def work(place):
        if place == failing:
            raise ArithmeticError("in a task")
        time.sleep(0.02)
        done.append(place)

    def rounds():
        yield [int] * 3
        yield [lambda place=place: work(place) for place in range(3)]
        done.append("another round")

    crew = Crew(3)
    with pytest.raises(ArithmeticError, match="in a task"):
        relay(crew, rounds())
    assert sorted(done) == [place for place in range(3) if place != failing]
    assert relay(crew, counting(3, 3)) == 9


@every_size
@pytest.mark.parametrize("n_rounds", [0, 1, 2])
def test_an_error_between_rounds_reaches_the_caller(size, n_rounds):
    def rounds():
        for _ in range(n_rounds):
            yield [int] * size
        raise ArithmeticError("between rounds")

    crew = Crew(size)
    with pytest.raises(ArithmeticError, match="between rounds"):
        relay(crew, rounds())
    assert relay(crew, counting(2, size)) == sum(range(size))


@every_size
def test_a_task_does_not_end_it_by_stopping_an_iteration_of_its_own(size):
    def rounds():
        yield [partial(next, iter(()))] * size

    with pytest.raises(StopIteration):
        relay(Crew(size), rounds())


@pytest.fixture
def interruptible():
    """Whatever the suite was started by may have had it ignore interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals.")
@pytest.mark.usefixtures("interruptible")
@every_size
def test_an_interrupt_by_the_user_ends_it_and_leaves_nobody_at_work(size):
    n_begun, finished = 0, []

    def interrupt():
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        time.sleep(0.2)

    def work():
        time.sleep(0.01)
        finished.append(True)

    def rounds():
        nonlocal n_begun
        for index in range(10_000):
            n_begun += 1
            # From a helper, where there is one: the caller is at work, or waits.
            tasks = [work] * size
            if index == 5:
                tasks[-1] = interrupt
            yield tasks

    crew = Crew(size)
    with pytest.raises(KeyboardInterrupt):
        relay(crew, rounds())
    assert 6 <= n_begun <= 7
    before = len(finished)
    time.sleep(0.03)
    assert len(finished) == before
    assert relay(crew, counting(2, size)) == sum(range(size))


def test_helpers_have_the_callers_configuration_of_scikit_learn():
    def configured():
        return get_config()["transform_output"]

    def rounds():
        seen = []
        for late in range(2):
            tasks = [configured, configured]
            tasks[late] = partial(after, 0.05, configured)
            seen += [*(yield tasks), configured()]
        return seen

    crew = Crew(2)
    with config_context(transform_output="pandas"):
        assert set(relay(crew, rounds())) == {"pandas"}
    assert set(relay(crew, rounds())) == {"default"}


@every_size
def test_floating_point_flags_are_ignored_in_tasks_and_between_rounds(size):
    def overflow():
        return np.exp(np.array([1e4]))[0]

    def rounds():
        results = yield [overflow] * size
        return [*results, overflow()]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isinf(relay(Crew(size), rounds())).all()
