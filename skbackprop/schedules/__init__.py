"""Learning-rate schedules: what the rate is from step to step and epoch to epoch."""

from skbackprop.schedules.base import Schedule
from skbackprop.schedules.function import FromFunction
from skbackprop.schedules.progress import Adaptive, Constant, InverseScaling, Plateau
from skbackprop.schedules.timed import (
    Cosine,
    CosineRestarts,
    Exponential,
    OneCycle,
    Polynomial,
    Step,
    Timed,
)
from skbackprop.schedules.warmup import Warmup

__all__ = [
    "Adaptive",
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Exponential",
    "FromFunction",
    "InverseScaling",
    "OneCycle",
    "Plateau",
    "Polynomial",
    "Schedule",
    "Step",
    "Timed",
    "Warmup",
]
