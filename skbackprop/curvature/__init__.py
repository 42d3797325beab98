"""The curvature of a fitted estimator's objective: second derivatives, at its weights.

Everything takes a fitted estimator and data, and builds the objective that ``fit``
minimised. As in prediction, nothing is random, and statistics of batches are frozen.
"""

from skbackprop.curvature.critical import CriticalPoint, critical_point
from skbackprop.curvature.density import SpectralDensity, spectral_density
from skbackprop.curvature.display import CurvatureDisplay
from skbackprop.curvature.eigenvalues import (
    Eigenpairs,
    Inertia,
    extreme_eigenvalues,
    inertia,
)
from skbackprop.curvature.kinds import (
    Curvature,
    EmpiricalFisher,
    Fisher,
    GaussNewton,
    Hessian,
)
from skbackprop.curvature.kronecker import KroneckerFactors, kronecker_factors
from skbackprop.curvature.landscape import Eigenvectors, Surface
from skbackprop.curvature.matrices import curvature_diagonal, curvature_matrix
from skbackprop.curvature.operators import CurvatureOperator, hessian_operator
from skbackprop.curvature.pictures import Picture, Spectrum
from skbackprop.curvature.report import (
    CurvatureReport,
    LayerCurvature,
    curvature_report,
)
from skbackprop.curvature.sharpness import Sharpness, learning_rate_bound, sharpness
from skbackprop.curvature.sharpness_display import SharpnessDisplay
from skbackprop.curvature.trace import TraceEstimate, estimate_trace

__all__ = [
    "CriticalPoint",
    "Curvature",
    "CurvatureDisplay",
    "CurvatureOperator",
    "CurvatureReport",
    "Eigenpairs",
    "Eigenvectors",
    "EmpiricalFisher",
    "Fisher",
    "GaussNewton",
    "Hessian",
    "Inertia",
    "KroneckerFactors",
    "LayerCurvature",
    "Picture",
    "Sharpness",
    "SharpnessDisplay",
    "SpectralDensity",
    "Spectrum",
    "Surface",
    "TraceEstimate",
    "critical_point",
    "curvature_diagonal",
    "curvature_matrix",
    "curvature_report",
    "estimate_trace",
    "extreme_eigenvalues",
    "hessian_operator",
    "inertia",
    "kronecker_factors",
    "learning_rate_bound",
    "sharpness",
    "spectral_density",
]
