"""Neural networks for scikit-learn, without a deep-learning framework."""

import importlib as _importlib
import types as _types

from skbackprop.estimators.classifier import BackpropClassifier
from skbackprop.estimators.embedder import BackpropEmbedder
from skbackprop.estimators.regressor import BackpropRegressor

__version__ = "0.1.0.dev0"

__all__ = ["BackpropClassifier", "BackpropEmbedder", "BackpropRegressor", "__version__"]


def __getattr__(name: str) -> _types.ModuleType:
    """Import a part of the package when it is asked for: ``skbackprop.losses``."""
    full_name = f"{__name__}.{name}"
    try:
        return _importlib.import_module(full_name)
    except ModuleNotFoundError as error:
        if error.name != full_name:
            raise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
