"""The contenders, by the name they have on the command line.

Each lives in a module of its own that imports its library only when it is made,
so that a process that measures one of them never loads another's thread pool.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from .base import Contender

REFERENCE = "sklearn"
OURS = "skbackprop"
LIMIT = "matmul"

# name: (library it needs, title, module, class)
_REGISTRY = {
    "sklearn": ("sklearn", "scikit-learn MLP", "estimators", "ScikitLearn"),
    "skbackprop": ("skbackprop", "skbackprop", "estimators", "Skbackprop"),
    "torch": ("torch", "PyTorch, hand-written loop", "torch_loop", "TorchLoop"),
    "skorch": ("skorch", "skorch", "skorch_net", "SkorchNet"),
    "jax": ("jax", "JAX, jitted scan", "jax_scan", "JaxScan"),
    "matmul": ("numpy", "only the matrix products", "matrix_products", "Products"),
}

OTHERS = tuple(n for n in _REGISTRY if n not in (REFERENCE, OURS, LIMIT))


def installed(name: str) -> bool:
    """Whether the library behind a contender can be imported."""
    return find_spec(_REGISTRY[name][0]) is not None


def title(name: str) -> str:
    """The contender's name in tables."""
    return _REGISTRY[name][1]


def load(name: str) -> type[Contender]:
    """The contender's class, its library imported."""
    _, _, module, cls = _REGISTRY[name]
    return getattr(import_module(f"{__name__}.{module}"), cls)
