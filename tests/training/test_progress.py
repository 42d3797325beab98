"""What a later partial_fit goes on from: memory that fits the settings."""

import numpy as np
import pytest

from skbackprop.schedules import Adaptive, Constant, InverseScaling
from skbackprop.solvers import SGD, Adam, SolverState
from skbackprop.training.monitor import Patience
from skbackprop.training.progress import Progress


def make(solver=None, read_only=False):
    moments = [[np.full(3, 2.0)]]
    moments[0][0].flags.writeable = not read_only
    state = SolverState(moments, rate=0.02, n_steps=30)
    return Progress(
        solver or SGD(0.9), Adaptive(), 0.1, state, Patience(0.0, 10), None, False
    )


def test_the_same_settings_go_on_where_they_were():
    state = make().resume(SGD(0.9), Adaptive(), 0.1)
    assert (state.rate, state.n_steps) == (0.02, 30)
    assert state.moments[0][0].tolist() == [2.0, 2.0, 2.0]


@pytest.mark.parametrize("solver", [Adam(), SGD(0.5), SGD(0.9, False)], ids=repr)
def test_another_solver_starts_afresh(solver):
    assert make().resume(solver, Adaptive(), 0.1) is None


CHANGES = {
    "rate": (Adaptive(), 0.3),
    "schedule": (Constant(), 0.1),
    "setting": (Adaptive(factor=2.0), 0.1),
    "both": (InverseScaling(), 0.3),
}


@pytest.mark.parametrize(("schedule", "rate"), CHANGES.values(), ids=CHANGES)
def test_another_rate_or_schedule_starts_at_its_rate_with_the_same_memory(
    schedule, rate
):
    state = make().resume(SGD(0.9), schedule, rate)
    assert (state.rate, state.n_steps) == (rate, 30)
    assert state.moments[0][0].tolist() == [2.0, 2.0, 2.0]


def test_memory_that_was_loaded_as_a_memory_map_can_be_written_to():
    state = make(read_only=True).resume(SGD(0.9), Adaptive(), 0.1)
    state.moments[0][0] += 1.0
