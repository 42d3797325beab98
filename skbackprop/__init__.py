"""Neural networks for scikit-learn, without a deep-learning framework."""

import importlib as _importlib
import pkgutil as _pkgutil
import typing as _typing

from skbackprop.estimators.classifier import BackpropClassifier
from skbackprop.estimators.embedder import BackpropEmbedder
from skbackprop.estimators.regressor import BackpropRegressor

__version__ = "0.1.0.dev0"

__all__ = ["BackpropClassifier", "BackpropEmbedder", "BackpropRegressor", "__version__"]


def _parts() -> set[str]:
    return {part.name for part in _pkgutil.iter_modules(__path__)}


def __dir__() -> list[str]:
    return sorted(globals().keys() | _parts())


# Type checkers are to find fault with other names.
if not _typing.TYPE_CHECKING:

    def __getattr__(name):
        """Import a part of the package when it is asked for: ``skbackprop.losses``."""
        if name in _parts():
            return _importlib.import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
