"""From raw scores to what an estimator answers: links, labels, probabilities."""

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np
from onnx import TensorProto

from skbackprop.export.onnx.graph import Graph, Tensor
from skbackprop.export.onnx.layers import softplus
from skbackprop.losses import Loss
from skbackprop.training.classes import (
    BinaryTarget,
    MulticlassTarget,
    MultilabelTarget,
    MultioutputTarget,
)

__all__ = ["label_columns", "labels", "linked", "probabilities", "scores"]


# --------------------------------------------------------------------------- links


def _exponential(raw: Tensor) -> Tensor:
    return raw.apply("Exp")


def _logistic(raw: Tensor) -> Tensor:
    return raw.apply("Sigmoid")


def _softmax(raw: Tensor) -> Tensor:
    return raw.apply("Softmax", axis=1)


def _cumulative_softplus(raw: Tensor) -> Tensor:
    first = raw.apply("Slice", np.array([0]), np.array([1]), np.array([1]))
    end = np.array([np.iinfo(np.int64).max])
    rises = softplus(raw.apply("Slice", np.array([1]), end, np.array([1])))
    return first.apply("Concat", rises, axis=1).apply("CumSum", np.array(1))


# By what ``Loss.link`` calls them.
LINKS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda raw: raw,
    "exp": _exponential,
    "logistic": _logistic,
    "softmax": _softmax,
    "cumulative_softplus": _cumulative_softplus,
}


def linked(loss: Loss, raw: Tensor) -> Tensor:
    """Return what a loss makes of raw scores: its ``inverse_link``.

    Parameters
    ----------
    loss : Loss
        The loss.
    raw : Tensor
        Raw scores.

    Returns
    -------
    Tensor
        Predictions.
    """
    if loss.link not in LINKS:
        raise NotImplementedError(
            f"{loss!r} has the link {loss.link!r}, which has no translation to ONNX; "
            f"known are {sorted(LINKS)}. Put a function of a Tensor into "
            "skbackprop.export.onnx.LINKS."
        )
    return LINKS[loss.link](raw)


# -------------------------------------------------------------------------- classes


def _constant_labels(graph: Graph, classes: np.ndarray) -> Tensor:
    """Return classes as ONNX knows any: integers or strings."""
    kind = np.asarray(classes).dtype.kind
    if kind in "biuf" and _are_integers(classes):
        return graph.constant(classes.astype(np.int64))
    if kind in "OU" and all(isinstance(label, str) for label in classes):
        return graph.strings(classes)
    raise ValueError(
        f"Labels in ONNX are integers or strings, which {classes!r} are not: encode y "
        "before the fit, or convert with options={'nocl': True} for their positions."
    )


def _are_integers(classes: np.ndarray) -> bool:
    """Tell whether numbers are whole, and no larger than ONNX can count."""
    limit = 2.0**63
    return bool(np.all((np.trunc(classes) == classes) & (np.abs(classes) < limit)))


def _chosen(positions: Tensor, classes: np.ndarray) -> Tensor:
    return _constant_labels(positions.graph, classes).apply("Gather", positions)


def _yes(raw: Tensor, loss: Loss) -> Tensor:
    favoured = linked(loss, raw).apply("Greater", loss.threshold)
    return favoured.cast(TensorProto.INT64)


def _heads(raw: Tensor, n_classes: tuple[int, ...]) -> list[Tensor]:
    """Return the columns of each output."""
    ends = np.cumsum(n_classes)
    axis = np.array([1])
    return [
        raw.apply("Slice", np.array([end - width]), np.array([end]), axis)
        for end, width in zip(ends, n_classes, strict=True)
    ]


@singledispatch
def label_columns(target: Any) -> int | None:
    """Return how many labels a row has; None for a vector of labels.

    Parameters
    ----------
    target : ClassTarget
        The kind of target.

    Returns
    -------
    int or None
        The number of columns.
    """
    return None


@singledispatch
def labels(target: Any, raw: Tensor, loss: Loss, classes: Any) -> Tensor:
    """Return what ``predict`` answers.

    Parameters
    ----------
    target : ClassTarget
        The kind of target.
    raw : Tensor
        Raw scores.
    loss : Loss
        The loss.
    classes : ndarray or list of ndarray
        What the classes are called.

    Returns
    -------
    Tensor
        Integers or strings.
    """
    raise NotImplementedError(f"{type(target).__name__} has no translation to ONNX.")


@singledispatch
def probabilities(target: Any, raw: Tensor) -> Tensor:
    """Return what ``predict_proba`` answers.

    Parameters
    ----------
    target : ClassTarget
        The kind of target.
    raw : Tensor
        Raw scores.

    Returns
    -------
    Tensor
        A column for each class; for several outputs a sequence of such.
    """
    raise NotImplementedError(f"{type(target).__name__} has no translation to ONNX.")


@singledispatch
def scores(target: Any, raw: Tensor) -> Tensor:
    """Return what ``decision_function`` answers, with a column for each class.

    Parameters
    ----------
    target : ClassTarget
        The kind of target.
    raw : Tensor
        Raw scores.

    Returns
    -------
    Tensor
        As for ``probabilities``; the score of a first of two classes is minus that of
        the second.
    """
    return raw


@labels.register
def _(target: BinaryTarget, raw: Tensor, loss: Loss, classes: np.ndarray) -> Tensor:
    # Where there is only one class, it is the answer either way.
    return _chosen(_yes(raw, loss).reshaped(-1), np.resize(classes, 2))


@probabilities.register
def _(target: BinaryTarget, raw: Tensor) -> Tensor:
    if len(target.classes) == 1:
        return raw.apply("Sigmoid").apply("Max", 1.0)
    return scores(target, raw).apply("Sigmoid")


@scores.register
def _(target: BinaryTarget, raw: Tensor) -> Tensor:
    return raw if len(target.classes) == 1 else (-raw).apply("Concat", raw, axis=1)


@labels.register
def _(target: MulticlassTarget, raw: Tensor, loss: Loss, classes: np.ndarray) -> Tensor:
    return _chosen(raw.apply("ArgMax", axis=1, keepdims=0), classes)


@probabilities.register
def _(target: MulticlassTarget, raw: Tensor) -> Tensor:
    return _softmax(raw)


@label_columns.register
def _(target: MultilabelTarget) -> int | None:
    return target.width


@labels.register
def _(target: MultilabelTarget, raw: Tensor, loss: Loss, classes: np.ndarray) -> Tensor:
    return _yes(raw, loss)


@probabilities.register
def _(target: MultilabelTarget, raw: Tensor) -> Tensor:
    return _logistic(raw)


@label_columns.register
def _(target: MultioutputTarget) -> int | None:
    return len(target.outputs)


@labels.register
def _(target: MultioutputTarget, raw: Tensor, loss: Loss, classes: list) -> Tensor:
    columns = [
        labels(output, head, loss, own).reshaped(-1, 1)
        for output, head, own in zip(
            target.outputs, _heads(raw, target.n_classes), classes, strict=True
        )
    ]
    return columns[0].apply("Concat", *columns[1:], axis=1)


@probabilities.register
def _(target: MultioutputTarget, raw: Tensor) -> Tensor:
    heads = map(_softmax, _heads(raw, target.n_classes))
    return raw.graph.apply("SequenceConstruct", *heads)


@scores.register
def _(target: MultioutputTarget, raw: Tensor) -> Tensor:
    return raw.graph.apply("SequenceConstruct", *_heads(raw, target.n_classes))
