"""Threads: tasks are shared out, products are not, and nothing is left behind."""

import gc
import threading
import time
import warnings

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from skbackprop.core.threads import Crew, single_threaded_products, threads_for

HUGE = 10**15


def blas_threads():
    return [
        library["num_threads"]
        for library in threadpool_info()
        if library["user_api"] == "blas"
    ]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_results_come_in_the_order_of_the_tasks(size):
    def late(index):
        time.sleep(0.01 * (size - index))
        return index

    crew = Crew(size)
    for _ in range(3):
        tasks = [lambda index=index: late(index) for index in range(size)]
        assert list(crew.run(tasks)) == list(range(size))


def test_the_caller_takes_the_first_task():
    assert Crew(2).run([threading.get_ident] * 2)[0] == threading.get_ident()


def test_tasks_run_at_the_same_time():
    meeting = threading.Barrier(3, timeout=5)
    assert sorted(Crew(3).run([meeting.wait] * 3)) == [0, 1, 2]


def test_a_crew_may_be_given_fewer_tasks_than_it_has_hands():
    assert list(Crew(3).run([lambda: "only"])) == ["only"]
    assert list(Crew(3).run([lambda: 1, lambda: 2])) == [1, 2]


@pytest.mark.parametrize("failing", [0, 1])
def test_an_error_in_a_task_reaches_the_caller_once_all_are_done(failing):
    done = []

    def fail():
        raise ArithmeticError("in a task")

    def work():
        time.sleep(0.02)
        done.append(True)

    tasks = [work, work]
    tasks[failing] = fail
    crew = Crew(2)
    with pytest.raises(ArithmeticError, match="in a task"):
        crew.run(tasks)
    assert done == [True]
    assert list(crew.run([lambda: 1, lambda: 2])) == [1, 2]


@pytest.mark.parametrize("size", [1, 3])
def test_parts_are_dealt_out_once_each(size):
    taken = []
    Crew(size).deal(range(50), taken.extend)
    assert sorted(taken) == list(range(50))


def test_an_interrupt_leaves_nothing_to_the_helpers():
    taken = []

    def work(parts):
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        for part in parts:
            taken.append(part)
            time.sleep(0.01)

    with pytest.raises(KeyboardInterrupt):
        Crew(2).deal(range(200), work)
    assert len(taken) < 200


def test_floating_point_flags_are_ignored_in_every_thread():
    def overflow():
        return np.exp(np.array([1e4]))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isinf(Crew(2).run([overflow, overflow])).all()


def test_helpers_end_with_their_crew():
    before = set(threading.enumerate())
    crew = Crew(4)
    crew.run([time.time] * 4)
    helpers = set(threading.enumerate()) - before
    assert helpers
    del crew
    gc.collect()
    for helper in helpers:
        helper.join(timeout=5)
        assert not helper.is_alive()


def test_little_work_is_not_shared():
    assert threads_for(0) == threads_for(1000) == 1


@pytest.mark.parametrize("limit", [1, 2])
def test_no_more_threads_than_the_user_leaves_to_products(limit):
    with threadpool_limits(limit, user_api="blas"):
        assert 1 <= threads_for(HUGE) <= limit


def test_products_have_one_thread_inside_and_as_many_as_before_outside():
    before = blas_threads()
    with single_threaded_products():
        assert set(blas_threads()) <= {1}
    assert blas_threads() == before
    with pytest.raises(KeyError), single_threaded_products():
        raise KeyError
    assert blas_threads() == before


def test_limits_that_overlap_between_threads_are_lifted_by_the_last_to_go():
    entered, leave = threading.Event(), threading.Event()

    def other():
        with single_threaded_products():
            entered.set()
            leave.wait()

    with threadpool_limits(2, "blas"):
        before = blas_threads()
        thread = threading.Thread(target=other)
        with single_threaded_products():
            thread.start()
            entered.wait()
            assert threads_for(HUGE) == 2
        assert set(blas_threads()) == {1}
        leave.set()
        thread.join()
        assert blas_threads() == before
