"""Pruning: from a fitted estimator to one with fewer weights, units or layers."""

from skbackprop.pruning.compaction import KeptInputs, compact
from skbackprop.pruning.criteria import (
    LAMP,
    Criterion,
    Magnitude,
    MagnitudePerLayer,
    Random,
)
from skbackprop.pruning.depth import Layers
from skbackprop.pruning.display import MaskDisplay, PruningDisplay
from skbackprop.pruning.point import Point, Sample
from skbackprop.pruning.pruner import prune
from skbackprop.pruning.report import LayerReport, PruningReport, pruning_report
from skbackprop.pruning.sensitivity import OBD, SNIP, Taylor
from skbackprop.pruning.surgeon import OBS
from skbackprop.pruning.units import Inputs, MaskedUnit, Neurons, Unit, Weights

__all__ = [
    "LAMP",
    "OBD",
    "OBS",
    "SNIP",
    "Criterion",
    "Inputs",
    "KeptInputs",
    "LayerReport",
    "Layers",
    "Magnitude",
    "MagnitudePerLayer",
    "MaskDisplay",
    "MaskedUnit",
    "Neurons",
    "Point",
    "PruningDisplay",
    "PruningReport",
    "Random",
    "Sample",
    "Taylor",
    "Unit",
    "Weights",
    "compact",
    "prune",
    "pruning_report",
]
