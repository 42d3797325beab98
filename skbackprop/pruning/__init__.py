"""Pruning: from a fitted estimator to one with fewer weights, units or layers."""

from skbackprop.masking.criteria import (
    LAMP,
    Criterion,
    Magnitude,
    MagnitudePerLayer,
    Random,
)
from skbackprop.masking.point import Point
from skbackprop.masking.schedules import (
    Gradual,
    OneShot,
    Phase,
    PruningSchedule,
    Rewinding,
)
from skbackprop.masking.sensitivity import OBD, SNIP, Taylor
from skbackprop.masking.surgeon import OBS
from skbackprop.masking.units import Inputs, MaskedUnit, Neurons, Unit, Weights
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
