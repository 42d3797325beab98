"""Updates: the small steps that first-order solvers are chains of.

An update turns a gradient and a rate into a direction and a rate, in place on the one
flat gradient vector, so that ``theta -= rate * direction`` is the step. A solver is a
chain of these: each may scale the direction and hand on what is left of the rate. Most
work entry by entry: of a long vector, threads then take a part each.
"""

from skbackprop.updates.adam import ScaleByAdam, ScaleByAMSGrad, ScaleByNadam
from skbackprop.updates.adaptive import (
    ScaleByAdadelta,
    ScaleByAdaGrad,
    ScaleByDeviation,
    ScaleByRMS,
)
from skbackprop.updates.base import Span, Update, bind_chain
from skbackprop.updates.momentum import Momentum, SignMomentum
from skbackprop.updates.muon import ScaleByMuon
from skbackprop.updates.shaping import ClipNorm, ClipValue, DecayWeights

__all__ = [
    "ClipNorm",
    "ClipValue",
    "DecayWeights",
    "Momentum",
    "ScaleByAMSGrad",
    "ScaleByAdaGrad",
    "ScaleByAdadelta",
    "ScaleByAdam",
    "ScaleByDeviation",
    "ScaleByMuon",
    "ScaleByNadam",
    "ScaleByRMS",
    "SignMomentum",
    "Span",
    "Update",
    "bind_chain",
]
