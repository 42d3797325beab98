"""Pruning: from a fitted estimator to one with fewer weights, units or layers."""

from skbackprop.masking import (
    LAMP,
    OBD,
    OBS,
    SNIP,
    Criterion,
    Gradual,
    Inputs,
    Magnitude,
    MagnitudePerLayer,
    Neurons,
    OneShot,
    PruningSchedule,
    Random,
    Rewinding,
    Taylor,
    Unit,
    Weights,
)
from skbackprop.masking.point import Point
from skbackprop.masking.schedules import Phase
from skbackprop.masking.units import MaskedUnit
from skbackprop.pruning.compaction import KeptInputs, compact
from skbackprop.pruning.depth import Layers
from skbackprop.pruning.display import MaskDisplay, PruningDisplay
from skbackprop.pruning.pipeline import CompactPipeline
from skbackprop.pruning.pruner import prune
from skbackprop.pruning.report import LayerReport, PruningReport, pruning_report
from skbackprop.pruning.sample import Sample
from skbackprop.pruning.sparsity import densify, sparsify

__all__ = [
    "LAMP",
    "OBD",
    "OBS",
    "SNIP",
    "CompactPipeline",
    "Criterion",
    "Gradual",
    "Inputs",
    "KeptInputs",
    "LayerReport",
    "Layers",
    "Magnitude",
    "MagnitudePerLayer",
    "MaskDisplay",
    "MaskedUnit",
    "Neurons",
    "OneShot",
    "Phase",
    "Point",
    "PruningDisplay",
    "PruningReport",
    "PruningSchedule",
    "Random",
    "Rewinding",
    "Sample",
    "Taylor",
    "Unit",
    "Weights",
    "compact",
    "densify",
    "prune",
    "pruning_report",
    "sparsify",
]
