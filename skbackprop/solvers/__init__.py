"""Solvers: what moves the parameters."""

from skbackprop.solvers.adam import Adam, AdamW, AMSGrad, NAdam
from skbackprop.solvers.adaptive import Adadelta, AdaGrad, Lion, RMSprop
from skbackprop.solvers.base import (
    Average,
    Monitor,
    Problem,
    Solution,
    Solver,
    SolverState,
    Status,
    Verdict,
)
from skbackprop.solvers.bfgs import BFGS
from skbackprop.solvers.descent import SGD, HeavyBall, Nesterov
from skbackprop.solvers.full_batch import FullBatch, Moves
from skbackprop.solvers.function import Function, Point
from skbackprop.solvers.gd import GD
from skbackprop.solvers.handover import Handover, Memory
from skbackprop.solvers.lbfgs import LBFGS
from skbackprop.solvers.levenberg_marquardt import LevenbergMarquardt
from skbackprop.solvers.muon import Muon
from skbackprop.solvers.newton_cg import NewtonCG
from skbackprop.solvers.stepwise import Stepwise

__all__ = [
    "BFGS",
    "GD",
    "LBFGS",
    "SGD",
    "AMSGrad",
    "AdaGrad",
    "Adadelta",
    "Adam",
    "AdamW",
    "Average",
    "FullBatch",
    "Function",
    "Handover",
    "HeavyBall",
    "LevenbergMarquardt",
    "Lion",
    "Memory",
    "Monitor",
    "Moves",
    "Muon",
    "NAdam",
    "Nesterov",
    "NewtonCG",
    "Point",
    "Problem",
    "RMSprop",
    "Solution",
    "Solver",
    "SolverState",
    "Status",
    "Stepwise",
    "Verdict",
]
