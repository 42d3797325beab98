"""Looking into a fitted network: what its inputs count for, and what it is made of."""

from skbackprop.inspection.attributions import (
    Attribution,
    ExpectedGradients,
    IntegratedGradients,
    Rescale,
)
from skbackprop.inspection.explainers import GradientExplainer, RescaleExplainer
from skbackprop.inspection.gradient_flow import GradientFlowDisplay
from skbackprop.inspection.importance import gradient_importance
from skbackprop.inspection.layer_table import LayerSummary, NetworkSummary
from skbackprop.inspection.loss_curve import LossCurveDisplay
from skbackprop.inspection.network_display import NetworkDisplay
from skbackprop.inspection.summaries import summary
from skbackprop.inspection.weights import WeightsDisplay

__all__ = [
    "Attribution",
    "ExpectedGradients",
    "GradientExplainer",
    "GradientFlowDisplay",
    "IntegratedGradients",
    "LayerSummary",
    "LossCurveDisplay",
    "NetworkDisplay",
    "NetworkSummary",
    "Rescale",
    "RescaleExplainer",
    "WeightsDisplay",
    "gradient_importance",
    "summary",
]
