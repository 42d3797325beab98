"""Solvers: what moves the parameters."""

from skbackprop.solvers.base import (
    Monitor,
    Problem,
    Solution,
    Solver,
    SolverState,
    Status,
    Verdict,
)
from skbackprop.solvers.lbfgs import LBFGS
from skbackprop.solvers.stepwise import SGD, Adam, Stepwise

__all__ = [
    "LBFGS",
    "SGD",
    "Adam",
    "Monitor",
    "Problem",
    "Solution",
    "Solver",
    "SolverState",
    "Status",
    "Stepwise",
    "Verdict",
]
