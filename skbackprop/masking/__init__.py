"""What of a network's parameters is held at zero: criteria, units, schedules."""

# All members of the families, so that each is found by its name.
from skbackprop.masking.criteria import (
    LAMP,
    Criterion,
    Magnitude,
    MagnitudePerLayer,
    Random,
)
from skbackprop.masking.schedules import Gradual, OneShot, PruningSchedule, Rewinding
from skbackprop.masking.sensitivity import OBD, SNIP, Taylor
from skbackprop.masking.surgeon import OBS
from skbackprop.masking.units import Inputs, Neurons, Unit, Weights

__all__ = [
    "LAMP",
    "OBD",
    "OBS",
    "SNIP",
    "Criterion",
    "Gradual",
    "Inputs",
    "Magnitude",
    "MagnitudePerLayer",
    "Neurons",
    "OneShot",
    "PruningSchedule",
    "Random",
    "Rewinding",
    "Taylor",
    "Unit",
    "Weights",
]
