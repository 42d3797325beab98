"""The types that skops has to trust in order to load a model of the package."""

from collections.abc import Iterator
from itertools import chain

from scipy import sparse

from skbackprop.augmentation import Augmentation
from skbackprop.averaging import Averaging
from skbackprop.estimators._scaling import FittedScaling
from skbackprop.estimators.classifier import BackpropClassifier
from skbackprop.estimators.embedder import BackpropEmbedder
from skbackprop.estimators.regressor import BackpropRegressor
from skbackprop.initializers import Initializer
from skbackprop.layers import Layer
from skbackprop.losses import ClassificationLoss, Loss
from skbackprop.masking.criteria import Criterion
from skbackprop.masking.schedules import PruningSchedule
from skbackprop.masking.units import Unit
from skbackprop.network import Network
from skbackprop.penalties import Penalty
from skbackprop.pruning import CompactPipeline, KeptInputs
from skbackprop.schedules import Schedule
from skbackprop.solvers import Average, Solver, SolverState
from skbackprop.training.classes import ClassTarget
from skbackprop.training.embedding import EmbeddingTarget
from skbackprop.training.health import GradientHealth
from skbackprop.training.monitor import Patience
from skbackprop.training.progress import Progress
from skbackprop.training.scaling import Scaling, Statistics
from skbackprop.training.stopping import StoppingRule
from skbackprop.training.targets import RegressionTarget
from skbackprop.updates import Update

__all__ = ["SKOPS_TRUSTED_TYPES"]

# What a fitted estimator is made of beside arrays, numbers and strings: data, all of
# it; to build one runs nothing but its own ``__setstate__``.
PARTS: list[type] = [
    BackpropClassifier,
    BackpropEmbedder,
    BackpropRegressor,
    CompactPipeline,
    KeptInputs,
]
PARTS += [Network, FittedScaling, Statistics, GradientHealth]
PARTS += [Progress, SolverState, Average, Patience]
PARTS += [EmbeddingTarget, RegressionTarget]
# What fills the slots, and what such a part is made of. Not all specs and targets there
# are: which of them are known depends on what else is imported, and a model has no use
# for more.
FAMILIES: list[type] = [Augmentation, Averaging, Initializer, Layer, Scaling]
FAMILIES += [ClassificationLoss, Loss, Penalty, Solver, Schedule, StoppingRule, Update]
FAMILIES += [PruningSchedule, Criterion, Unit, ClassTarget]
# The type that sparse multilabel targets came in is kept, to answer in it.
SPARSE: list[type] = [
    sparse.csr_matrix,
    sparse.csc_matrix,
    sparse.coo_matrix,
    sparse.lil_matrix,
]
SPARSE += [sparse.csr_array, sparse.csc_array, sparse.coo_array, sparse.lil_array]


def _own(kind: type) -> Iterator[type]:
    """Go through the subclasses of a class that come with the package."""
    subclasses: list[type] = kind.__subclasses__()
    for each in subclasses:
        if each.__module__.startswith("skbackprop."):
            yield each
        yield from _own(each)


#: The types that ``skops.io.load`` has to trust: data, all of them.
SKOPS_TRUSTED_TYPES: list[str] = sorted(
    {
        f"{kind.__module__}.{kind.__name__}"
        for kind in (*PARTS, *SPARSE, *chain.from_iterable(map(_own, FAMILIES)))
    }
)
