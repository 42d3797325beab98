"""Looking into a fitted network: what its inputs count for, and what it is made of."""

from skbackprop.inspection.activation_display import ActivationDisplay
from skbackprop.inspection.attributions import Attribution, Rescale
from skbackprop.inspection.coalitions import CoalitionGradients
from skbackprop.inspection.embedding_display import EmbeddingDisplay
from skbackprop.inspection.explainers import GradientExplainer, RescaleExplainer
from skbackprop.inspection.gradient_flow import GradientFlowDisplay
from skbackprop.inspection.importance import gradient_importance
from skbackprop.inspection.importance_display import ImportanceDisplay
from skbackprop.inspection.layer_table import LayerSummary, NetworkSummary
from skbackprop.inspection.learning_rate_display import LearningRateDisplay
from skbackprop.inspection.loss_curve import LossCurveDisplay
from skbackprop.inspection.network_display import NetworkDisplay
from skbackprop.inspection.paths import ExpectedGradients, IntegratedGradients
from skbackprop.inspection.summaries import summary
from skbackprop.inspection.weights import WeightsDisplay

__all__ = [
    "ActivationDisplay",
    "Attribution",
    "CoalitionGradients",
    "EmbeddingDisplay",
    "ExpectedGradients",
    "GradientExplainer",
    "GradientFlowDisplay",
    "ImportanceDisplay",
    "IntegratedGradients",
    "LayerSummary",
    "LearningRateDisplay",
    "LossCurveDisplay",
    "NetworkDisplay",
    "NetworkSummary",
    "Rescale",
    "RescaleExplainer",
    "WeightsDisplay",
    "gradient_importance",
    "summary",
]
