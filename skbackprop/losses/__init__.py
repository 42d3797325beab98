"""Losses: what training minimises, on the raw scores of a network.

A loss holds its inverse link, which turns raw scores into predictions in place; its
value and its gradient are functions of the same two arrays, a prediction and a target.
The gradient is the one with respect to the raw scores, and so are second derivatives,
which come as products with tangents.
"""

from skbackprop.losses.base import (
    CanonicalLoss,
    ClassificationLoss,
    Loss,
    RegressionLoss,
)
from skbackprop.losses.cross_entropy import (
    BinaryCrossEntropy,
    CrossEntropy,
    LogLoss,
    SoftBinaryCrossEntropy,
    SoftCrossEntropy,
)
from skbackprop.losses.curved import CurvedLoss
from skbackprop.losses.deviance import Gamma, Poisson
from skbackprop.losses.focal import BinaryFocal, CategoricalFocal, Focal
from skbackprop.losses.hinge import BinaryHinge, CategoricalHinge, Hinge, SquaredHinge
from skbackprop.losses.outputs import (
    CurvedSoftmaxLoss,
    ExclusiveLoss,
    LogisticLoss,
    SoftmaxLoss,
)
from skbackprop.losses.pairs import Contrastive, PairLoss
from skbackprop.losses.probability_error import (
    BinarySquaredError,
    CategoricalSquaredError,
    ProbabilitySquaredError,
)
from skbackprop.losses.quantile import Quantile
from skbackprop.losses.residual import AbsoluteError, Huber, LogCosh, SquaredError
from skbackprop.losses.triplets import Triplet

__all__ = [
    "AbsoluteError",
    "BinaryCrossEntropy",
    "BinaryFocal",
    "BinaryHinge",
    "BinarySquaredError",
    "CanonicalLoss",
    "CategoricalFocal",
    "CategoricalHinge",
    "CategoricalSquaredError",
    "ClassificationLoss",
    "Contrastive",
    "CrossEntropy",
    "CurvedLoss",
    "CurvedSoftmaxLoss",
    "ExclusiveLoss",
    "Focal",
    "Gamma",
    "Hinge",
    "Huber",
    "LogCosh",
    "LogLoss",
    "LogisticLoss",
    "Loss",
    "PairLoss",
    "Poisson",
    "ProbabilitySquaredError",
    "Quantile",
    "RegressionLoss",
    "SoftBinaryCrossEntropy",
    "SoftCrossEntropy",
    "SoftmaxLoss",
    "SquaredError",
    "SquaredHinge",
    "Triplet",
]
