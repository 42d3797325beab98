"""Neural networks for scikit-learn, without a deep-learning framework."""

from skbackprop.estimators.classifier import BackpropClassifier
from skbackprop.estimators.embedder import BackpropEmbedder
from skbackprop.estimators.regressor import BackpropRegressor

__version__ = "0.1.0.dev0"

__all__ = ["BackpropClassifier", "BackpropEmbedder", "BackpropRegressor", "__version__"]
