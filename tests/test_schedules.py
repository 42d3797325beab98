"""Schedules: the rate from epoch to epoch and step to step, and what a plateau does."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skbackprop.core.spec import resolve
from skbackprop.schedules import (
    Adaptive,
    Constant,
    Cosine,
    CosineRestarts,
    Exponential,
    FromFunction,
    InverseScaling,
    OneCycle,
    Plateau,
    Polynomial,
    Schedule,
    Step,
    Warmup,
)

ROWS = 100
INITIAL = 0.1


def course(schedule, n_epochs, initial=INITIAL, values=None):
    """The rates that some epochs begin at, without a plateau."""
    rate_at = schedule.bind(initial, n_epochs)
    kept, memory, rates = initial, {}, []
    values = np.arange(n_epochs, 0, -1.0) if values is None else values
    for epoch in range(n_epochs):
        rates.append(rate_at(epoch, kept))
        kept = schedule.after_epoch(kept, initial, (epoch + 1) * ROWS)
        kept = schedule.after_value(kept, float(values[epoch]), memory)
    return rates


HALF = 0.5**0.5
COURSES = {
    "constant": (Constant(), [0.1, 0.1, 0.1]),
    "inverse root": (InverseScaling(0.5), [0.1, 0.1 / 101**0.5, 0.1 / 201**0.5]),
    "inverse": (InverseScaling(1.0), [0.1, 0.1 / 101, 0.1 / 201]),
    "power zero": (InverseScaling(0.0), [0.1, 0.1, 0.1]),
    "adaptive": (Adaptive(), [0.1, 0.1, 0.1]),
    "step": (Step(2, 0.5), [0.1, 0.1, 0.05, 0.05, 0.025]),
    "exponential": (Exponential(0.5), [0.1, 0.05, 0.025]),
    "line": (Polynomial(), [0.1, 0.075, 0.05, 0.025]),
    "line to a half": (Polynomial(min_factor=0.5), [0.1, 0.0875, 0.075, 0.0625]),
    "parabola": (Polynomial(2.0), [0.1, 0.05625, 0.025, 0.00625]),
    "cosine": (Cosine(), [0.1, 0.05 * (1 + HALF), 0.05, 0.05 * (1 - HALF)]),
    "cosine to a half": (Cosine(min_factor=0.5), [0.1, 0.075]),
    "restarts": (CosineRestarts(1, 2), [0.1, 0.1, 0.05, 0.1, 0.05 * (1 + HALF), 0.05]),
    "equal periods": (CosineRestarts(2, 1), [0.1, 0.05, 0.1, 0.05]),
    "one cycle": (OneCycle(5.0, 0.5, 0.0), [0.1, 0.3, 0.5, 0.25]),
    "no rise": (OneCycle(5.0, 0.0, 0.0), [0.5, 0.25]),
    "warm-up": (Warmup(4, start_factor=0.2), [0.02, 0.04, 0.06, 0.08, 0.1, 0.1]),
    "nothing to warm": (Warmup(0, "exponential"), [0.1, 0.095]),
    "then cosine": (Warmup(1, "cosine", 0.5), [0.05, 0.1, 0.05]),
    "then step": (Warmup(1, Step(1, 0.5), 0.5), [0.05, 0.1, 0.05, 0.025]),
    "function": (FromFunction(lambda epoch: 1.0 / (1 + epoch)), [1.0, 0.5, 1.0 / 3]),
}
BAD = [
    InverseScaling(-0.1),
    Adaptive(factor=1.0),
    Adaptive(min_rate=0.0),
    Adaptive(factor="five"),
    Step(0),
    Step(gamma=0.0),
    Exponential(1.1),
    Cosine(-0.1),
    CosineRestarts(0),
    CosineRestarts(multiplier=0.5),
    Polynomial(-1.0),
    OneCycle(max_factor=0.5),
    OneCycle(warm_share=1.1),
    Warmup(-1),
    Warmup(then="later"),
    Plateau(factor=1.0),
    Plateau(patience=-1),
    FromFunction(3.0),
]


@pytest.mark.parametrize(("schedule", "rates"), COURSES.values(), ids=COURSES)
def test_the_course_of_the_rate(schedule, rates):
    assert_allclose(course(schedule, len(rates)), rates, atol=1e-15)


@pytest.mark.parametrize("name", Schedule.members())
def test_a_rate_stays_above_zero_and_is_a_plain_number(name):
    # A NumPy scalar would turn float32 into float64.
    highest = INITIAL * (10.0 if name == "one_cycle" else 1.0)
    rates = course(Schedule.members()[name](), 50)
    assert all(type(rate) is float and 0 < rate <= highest for rate in rates)


@pytest.mark.parametrize("name", Schedule.members())
def test_training_beyond_the_budget_goes_on(name):
    rate_at = Schedule.members()[name]().bind(INITIAL, 5)
    assert 0.0 <= rate_at(7.5, INITIAL) <= INITIAL


def test_between_epochs_a_smooth_schedule_goes_on_and_another_waits():
    smooth, steps = Cosine(), Step(1, 0.5)
    assert smooth.smooth
    assert not steps.smooth
    assert_allclose(smooth.bind(0.1, 2)(0.5, 0.1), 0.05 * (1 + HALF))
    assert_allclose(Warmup(2, start_factor=0.2).bind(0.1, 9)(0.5, 0.1), 0.04)
    # Once the rise is over, what follows changes when it does by itself.
    rate_at = Warmup(1, "exponential").bind(0.1, 9)
    assert rate_at(2.0, 0.1) == rate_at(2.9, 0.1) > rate_at(3.0, 0.1)


# -------------------------------------------------------------- in other packages

OF_PYTORCH = {
    "StepLR": (Step(3, 0.5), {"step_size": 3, "gamma": 0.5}),
    "ExponentialLR": (Exponential(0.9), {"gamma": 0.9}),
    "CosineAnnealingLR": (Cosine(0.1), {"T_max": 12, "eta_min": 0.01}),
    "CosineAnnealingWarmRestarts": (CosineRestarts(3, 2), {"T_0": 3, "T_mult": 2}),
    "PolynomialLR": (Polynomial(2.0), {"total_iters": 12, "power": 2.0}),
    "LinearLR": (
        Warmup(4, start_factor=0.1),
        {"start_factor": 0.1, "total_iters": 4},
    ),
    # Its two phases end one step before ours.
    "OneCycleLR": (
        OneCycle(5.0, 0.25, 1e-2),
        {
            "max_lr": 0.5,
            "total_steps": 13,
            "pct_start": (0.25 * 12 + 1) / 13,
            "div_factor": 5.0,
            "final_div_factor": 100.0,
            "cycle_momentum": False,
        },
    ),
}


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
@pytest.mark.parametrize("name", OF_PYTORCH)
def test_the_course_is_that_of_pytorch(name):
    torch = pytest.importorskip("torch")
    schedule, settings = OF_PYTORCH[name]
    moving = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=INITIAL)
    theirs = getattr(torch.optim.lr_scheduler, name)(moving, **settings)
    rates = []
    for _ in range(12):
        rates.append(moving.param_groups[0]["lr"])
        theirs.step()
    assert_allclose(course(schedule, 12), rates, rtol=1e-9)


def test_the_plateau_is_that_of_pytorch():
    torch = pytest.importorskip("torch")
    values = np.random.RandomState(0).normal(size=60) + np.linspace(2, 0, 60)
    moving = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=INITIAL)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        moving, factor=0.5, patience=3, threshold=0.01, threshold_mode="abs", eps=0
    )
    rates = []
    for value in values:
        rates.append(moving.param_groups[0]["lr"])
        theirs.step(value)
    assert len(set(rates)) > 3
    schedule = Plateau(factor=0.5, patience=3, tol=0.01)
    assert_allclose(course(schedule, 60, values=values), rates)


# ------------------------------------------------------------------------- plateaus


@pytest.mark.parametrize("name", sorted(set(Schedule.members()) - {"adaptive"}))
def test_a_plateau_ends_training(name):
    schedule = Schedule.members()[name]()
    assert schedule.on_plateau(0.1) is None
    assert schedule.farewell == "Stopping."


def test_a_plateau_lowers_the_adaptive_rate_until_it_is_small():
    rates = [0.1]
    while (lowered := Adaptive(factor=10.0, min_rate=1e-3).on_plateau(rates[-1])) and (
        len(rates) < 10
    ):
        rates.append(lowered)
    assert_allclose(rates[:2], [0.1, 0.01])
    assert rates[-2] > 1e-3 >= rates[-1] * (1 - 1e-12)
    assert "too small" in Adaptive.farewell


def test_the_rate_is_lowered_after_patience_and_not_below_the_least():
    flat = np.ones(9)
    schedule = Plateau(factor=0.1, patience=1, min_rate=0.005)
    rates = course(schedule, 9, values=flat)
    assert_allclose(rates, [0.1] * 3 + [0.01] * 2 + [0.005] * 4)


def test_no_number_is_no_progress():
    rates = course(Plateau(0.5, patience=0), 4, values=[2.0, np.nan, 1.0, np.nan])
    assert_allclose(rates, [0.1, 0.1, 0.05, 0.05])


def test_after_the_rise_the_rest_is_left_to_what_follows():
    schedule = Warmup(1, Plateau(0.5, patience=0), start_factor=0.5)
    assert_allclose(course(schedule, 4, values=np.ones(4)), [0.05, 0.1, 0.05, 0.025])
    assert Warmup(then="adaptive").on_plateau(0.1) == Adaptive().on_plateau(0.1)


@pytest.mark.parametrize("rate", [-0.1, float("nan"), float("inf"), None, "low"])
def test_a_function_that_returns_no_rate_is_found_out(rate):
    with pytest.raises(ValueError, match=r"must return .* for epoch 2 from"):
        FromFunction(lambda epoch: rate).bind(0.1, 5)(2.0, 0.1)


@pytest.mark.parametrize("schedule", BAD, ids=repr)
def test_settings_out_of_range_are_refused(schedule):
    with pytest.raises(ValueError, match=f"parameter of {type(schedule).__name__}"):
        resolve(Schedule, schedule)
