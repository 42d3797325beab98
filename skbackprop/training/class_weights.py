"""Weights of rows by their classes."""

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.class_weight import compute_sample_weight

from skbackprop.training.classes import ClassTarget, positions_of


def weights_of_classes(class_weight: Any, y: Any, target: ClassTarget) -> np.ndarray:
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

    Returns
    -------
    ndarray of shape (n_samples,)
        The weights; with several outputs, the product over them.
    """
    if isinstance(class_weight, str):
        dense = y.toarray() if issparse(y) else y
        return compute_sample_weight(class_weight, dense)
    outputs = target.labelled(y)
    given = class_weight
    if isinstance(class_weight, dict):
        given = [class_weight] * len(outputs)
    elif y.ndim == 1 or len(given) != len(outputs):
        raise ValueError(
            f"class_weight is a list of {len(given)} for {len(outputs)} output(s): "
            "give a dict, or for several outputs a list with a dict for each."
        )
    weight = np.ones(y.shape[0])
    for (classes, labels), of_class in zip(outputs, given, strict=True):
        table = np.array([of_class.get(label, 1.0) for label in classes.tolist()])
        unknown = set(of_class) - set(classes.tolist())
        if unknown and set(classes.tolist()) - set(of_class):
            raise ValueError(
                f"class_weight names {sorted(unknown, key=str)}, which are not among "
                f"the classes {classes}."
            )
        if (table < 0).any():
            raise ValueError(
                f"class_weight must not be negative, got {of_class}: give a class "
                "that is to count for nothing the weight 0."
            )
        weight *= table[positions_of(labels, classes)]
    return weight
