"""What is written into the picture of a network: its layers and its outputs."""

from typing import Any

import numpy as np

from skbackprop.inspection.summaries import summary
from skbackprop.layers import Dense
from skbackprop.network import Network

__all__ = ["captions_of", "output_names_of"]


def output_names_of(estimator: Any, n_outputs: int) -> list[str] | None:
    """Return the names of classes, if each has an output: two of them share one.

    Parameters
    ----------
    estimator : estimator
        A fitted one.
    n_outputs : int
        The width of the last layer.

    Returns
    -------
    list of str or None
        A name for each output.
    """
    classes = getattr(estimator, "classes_", ())
    # Several targets have arrays of classes.
    named = len(classes) == n_outputs and all(np.ndim(each) == 0 for each in classes)
    return [str(each) for each in classes] if named else None


def captions_of(estimator: Any) -> list[str]:
    """Return what to write below the inputs and each dense layer.

    Parameters
    ----------
    estimator : BaseBackprop
        A fitted one.

    Returns
    -------
    list of str
        Shapes, layers and parameters, a line each.
    """
    network: Network = estimator._network
    groups: list[list[int]] = [[]]
    for index, layer in enumerate(network.layers):
        if isinstance(layer, Dense):
            groups.append([])
        groups[-1].append(index)
    rows = summary(estimator).layers
    captions = []
    for place, group in enumerate(groups):
        names = [rows[index].layer for index in group]
        width = rows[group[-1]].output_shape[1] if group else network.n_in
        lines = [f"{width} {'unit' if place else 'input'}{'s' * (width > 1)}", *names]
        n_params = sum(rows[index].n_params for index in group)
        n_pruned = sum(rows[index].n_pruned for index in group)
        lines += [f"{n_params:,} parameters"] if n_params else []
        lines += [f"{n_pruned:,} pruned"] if n_pruned else []
        captions.append("\n".join(lines))
    return captions
