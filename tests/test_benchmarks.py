"""The benchmarks' gate: turns wait for cores at their full speed, but not for ever."""

from itertools import chain, repeat

import pytest

from benchmarks import quiet
from benchmarks.quiet import Gate

FAST, SLOW = 1.0, 1.3


class Clock:
    """Time that passes by counting alone."""

    now = 0.0

    def perf_counter(self):
        return self.now


class ScriptedCore:
    """A core whose counts take as long as they are told to, and then the last time."""

    def __init__(self, clock, *seconds):
        self.clock, self.n_counts, self.closed = clock, 0, False
        self.script = chain(seconds, repeat(seconds[-1]))

    def start(self):
        self.n_counts += 1

    def seconds(self):
        self.clock.now += 0.5
        return next(self.script)

    def close(self):
        self.closed = True


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(quiet, "time", clock)
    monkeypatch.setattr(quiet, "_CALIBRATION_SECONDS", 1.0)
    return clock


def test_a_turn_waits_until_no_core_is_slow(clock):
    # The first count of each learns what is fast.
    cores = [ScriptedCore(clock, FAST), ScriptedCore(clock, FAST, SLOW, SLOW, FAST)]
    gate = Gate(10.0, cores)
    gate.wait()
    assert [core.n_counts for core in cores] == [4, 4]
    assert gate.told() == {"limit": 10.0, "turns": 1, "given_up": 0, "waited": 3.0}


def test_a_core_may_be_a_little_slower_than_at_its_best(clock):
    gate = Gate(10.0, [ScriptedCore(clock, FAST, 1.2 * FAST)])
    gate.wait()
    gate.wait()
    assert gate.told() == {"limit": 10.0, "turns": 2, "given_up": 0, "waited": 1.0}


def test_a_turn_does_not_wait_beyond_the_limit_and_this_is_told(clock):
    gate = Gate(4.0, [ScriptedCore(clock, FAST, FAST, SLOW)])
    gate.wait()
    assert gate.told() == {"limit": 4.0, "turns": 1, "given_up": 1, "waited": 4.0}


def test_without_a_limit_nothing_is_counted():
    with Gate(0.0) as gate:
        gate.wait()
    assert gate.told()["turns"] == 0


def test_what_counts_is_closed_in_the_end(clock):
    core = ScriptedCore(clock, FAST)
    with pytest.raises(KeyboardInterrupt), Gate(1.0, [core]):
        raise KeyboardInterrupt
    assert core.closed


def test_a_core_counts_in_a_process_of_its_own():
    core = quiet.Core()
    try:
        core.start()
        assert 0.0 < core.seconds() < 60.0
    finally:
        core.close()
    assert core.process.returncode == 0
