"""Everything around a solver during a fit."""

from skbackprop.training.alarm import GradientHealthWarning
from skbackprop.training.health import GradientHealth
from skbackprop.training.stopping import (
    FitView,
    LossBelow,
    MisclassifiedBelow,
    StoppingRule,
    TimeBudget,
    WeightChangeBelow,
)

__all__ = [
    "FitView",
    "GradientHealth",
    "GradientHealthWarning",
    "LossBelow",
    "MisclassifiedBelow",
    "StoppingRule",
    "TimeBudget",
    "WeightChangeBelow",
]
