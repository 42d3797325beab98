"""Weights of rows by their classes."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from skbackprop.training.classes import ClassTarget, positions_of


def weights_of_classes(
    class_weight: Any, y: Any, target: ClassTarget, weight: np.ndarray | None = None
) -> np.ndarray:
    """Return the weight that each row has by its classes.

    Parameters
    ----------
    class_weight : dict, list of dict or "balanced"
        The weights. A class that a dict does not name weighs 1, whether or not ``y``
        shows it; one dict serves all outputs.
    y : ndarray or sparse matrix
        Validated targets.
    target : ClassTarget
        Their kind, which knows all classes.
    weight : ndarray of shape (n_samples,), optional
        The weights of the rows themselves, by which "balanced" counts them.

    Returns
    -------
    ndarray of shape (n_samples,)
        The weights; with several outputs, the product over them.
    """
    outputs = target.labelled(y)
    given = [class_weight] * len(outputs)
    if isinstance(class_weight, Sequence) and not isinstance(class_weight, str):
        if y.ndim == 1 or len(class_weight) != len(outputs):
            raise ValueError(
                f"class_weight is a list of {len(class_weight)} for {len(outputs)} "
                "output(s): give a dict, or for several outputs a list with a dict for "
                "each."
            )
        if not all(isinstance(each, Mapping) for each in class_weight):
            raise ValueError(
                f"class_weight as a list holds a dict for each output, got "
                f"{class_weight}."
            )
        given = list(class_weight)
    product = np.ones(y.shape[0])
    for (classes, labels), of_class in zip(outputs, given, strict=True):
        positions = positions_of(labels, classes)
        if isinstance(of_class, Mapping):
            product *= _named(of_class, classes)[positions]
        else:
            product *= _balanced(positions, len(classes), weight)[positions]
    return product


def _balanced(
    positions: np.ndarray, n_classes: int, weight: np.ndarray | None
) -> np.ndarray:
    """Return weights by which all classes that there are weigh the same together.

    A row of weight 2 counts as two rows, as in scikit-learn since 1.9.
    """
    counts = np.bincount(positions, weight, n_classes)
    shown = counts > 0
    table = np.ones(n_classes)
    table[shown] = counts.sum() / (shown.sum() * counts[shown])
    return table


def _named(of_class: Mapping, classes: np.ndarray) -> np.ndarray:
    """Return the weights of a dictionary, in the order of the classes."""
    known = set(classes.tolist())
    unknown = set(of_class) - known
    if unknown and known - set(of_class):
        raise ValueError(
            f"class_weight names {sorted(unknown, key=str)}, which are not among "
            f"the classes {classes}."
        )
    weights = [of_class.get(label, 1.0) for label in classes.tolist()]
    if not all(
        isinstance(each, Real) and 0 <= float(each) < np.inf for each in weights
    ):
        raise ValueError(
            f"class_weight must hold finite numbers, not negative, got {of_class}: "
            "give a class that is to count for nothing the weight 0."
        )
    return np.array(weights, dtype=float)
