"""Tuning: search spaces, and a search that stops trials at epoch level."""

from skbackprop.tuning.callback import PruningCallback
from skbackprop.tuning.choices import Choice, as_dimension
from skbackprop.tuning.dimensions import Dimension, Float, Integer, Widths
from skbackprop.tuning.drawing import distributions, suggest
from skbackprop.tuning.pruners import (
    Budget,
    Hyperband,
    Median,
    NoPruning,
    Pruner,
    SuccessiveHalving,
)
from skbackprop.tuning.samplers import GP, QMC, TPE, RandomDraws, Sampler
from skbackprop.tuning.search import BackpropSearchCV
from skbackprop.tuning.search_display import SearchDisplay, TrialCourse
from skbackprop.tuning.spaces import Small, Space, Standard, Wide
from skbackprop.tuning.split_display import SplitDisplay

__all__ = [
    "GP",
    "QMC",
    "TPE",
    "BackpropSearchCV",
    "Budget",
    "Choice",
    "Dimension",
    "Float",
    "Hyperband",
    "Integer",
    "Median",
    "NoPruning",
    "Pruner",
    "PruningCallback",
    "RandomDraws",
    "Sampler",
    "SearchDisplay",
    "Small",
    "Space",
    "SplitDisplay",
    "Standard",
    "SuccessiveHalving",
    "TrialCourse",
    "Wide",
    "Widths",
    "as_dimension",
    "distributions",
    "suggest",
]
