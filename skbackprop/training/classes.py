"""Classes as targets: binary, multiclass, multilabel, several outputs."""

from abc import abstractmethod
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.multiclass import type_of_target, unique_labels

from skbackprop.core.data import MatrixTarget, OneHotTarget, TargetRows
from skbackprop.core.ops import logistic, softmax
from skbackprop.losses import ClassificationLoss, Loss
from skbackprop.training.targets import PredictedTarget


class ClassTarget(PredictedTarget):
    """Classes: what all classification targets share.

    Attributes
    ----------
    classes : ndarray or list of ndarray
        The classes; a list of them for several outputs.
    """

    classes: Any

    @abstractmethod
    def loss(self, slot: ClassificationLoss) -> Loss:
        """Return the loss to train with."""

    @abstractmethod
    def decision(self, raw: np.ndarray) -> Any:
        """Return what ``decision_function`` is to answer."""

    @abstractmethod
    def probabilities(self, raw: np.ndarray) -> np.ndarray:
        """Return probabilities of a chunk of rows; may overwrite ``raw``."""

    def by_output(self, columns: np.ndarray) -> Any:
        """Return columns as answers are given: a list of matrices, if several."""
        return columns

    @abstractmethod
    def seen(self, y: Any) -> Any:
        """Return the classes that targets show, in the form of ``classes``."""

    def labelled(self, y: Any) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return, for each output, its classes and the labels that targets give it."""
        return [(self.classes, y)]

    def check_known(self, y: Any) -> None:
        """Demand that every class of ``y`` is among the classes."""
        seen = self.seen(y)
        for own, shown in zip(_as_list(self.classes), _as_list(seen), strict=True):
            if len(np.setdiff1d(shown, own)):
                raise ValueError(
                    "`y` has classes not in `self.classes_`. "
                    f"`self.classes_` has {own}. 'y' has {shown}."
                )

    def check_same(self, y: Any) -> None:
        """Demand that ``y`` shows the very same classes, as a warm start does."""
        seen = self.seen(y)
        for own, shown in zip(_as_list(self.classes), _as_list(seen), strict=True):
            if not np.array_equal(own, shown):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in "
                    f"the previous call to fit. Previously got {own}, `y` has {shown}"
                )

    def check_declared(self, classes: Any) -> None:
        """Demand that classes declared again are the same."""
        own, declared = _as_list(self.classes), _as_list(classes)
        if len(own) != len(declared) or not all(
            map(np.array_equal, own, map(np.unique, declared))
        ):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to "
                f"partial_fit, or does not fit `y`: was {self.classes!r}"
            )

    def score(
        self,
        prediction: np.ndarray,
        rows: TargetRows,
        weight: np.ndarray | None,
        loss: Loss,
    ) -> float:
        """Return the accuracy: the share of rows with every output right."""
        hits = (self.positions(prediction, loss) == rows.encoded).all(axis=1)
        return float(np.average(hits, weights=weight))


class BinaryTarget(ClassTarget):
    """Two classes, or only one, as the probability of the second.

    Parameters
    ----------
    classes : ndarray of shape (1,) or (2,)
        The classes, sorted.
    """

    width = 1

    def __init__(self, classes: np.ndarray) -> None:
        self.classes = classes

    def loss(self, slot: ClassificationLoss) -> Loss:
        """Return the loss of a yes-or-no output."""
        return slot.independent()

    def encode(self, y: np.ndarray, dtype: np.dtype) -> MatrixTarget:
        """Return whether each label is the second class."""
        return MatrixTarget(positions_of(y, self.classes)[:, np.newaxis].astype(bool))

    def positions(self, prediction: np.ndarray, loss: Loss) -> np.ndarray:
        """Return 1 where the prediction is in favour of the second class."""
        return (prediction > loss.threshold) & (len(self.classes) == 2)

    def seen(self, y: np.ndarray) -> np.ndarray:
        """Return the labels."""
        return _labels(y)

    def strata(self, rows: TargetRows) -> np.ndarray | None:
        """Return the encoded labels."""
        return rows.encoded

    def decode(self, positions: np.ndarray) -> np.ndarray:
        """Return labels."""
        return self.classes[positions.ravel().astype(int)]

    def decision(self, raw: np.ndarray) -> np.ndarray:
        """Return the score of the second class."""
        return raw.ravel()

    def probabilities(self, raw: np.ndarray) -> np.ndarray:
        """Return a column a class, each exact where it is small."""
        if len(self.classes) == 1:
            return np.ones_like(raw)
        scores = np.empty((len(raw), 2), raw.dtype)
        np.negative(raw[:, 0], out=scores[:, 0])
        scores[:, 1] = raw[:, 0]
        return _above_zero(logistic(scores))


class MultilabelTarget(ClassTarget):
    """Several yes-or-no labels a row.

    Parameters
    ----------
    n_labels : int
        How many.
    container : type or None
        The type of sparse matrix that y was in, and predictions are to be in.
    """

    def __init__(self, n_labels: int, container: type | None = None) -> None:
        self.classes = np.arange(n_labels)
        self.width = n_labels
        self.container = container

    def loss(self, slot: ClassificationLoss) -> Loss:
        """Return the loss of yes-or-no outputs."""
        return slot.independent()

    def encode(self, y: Any, dtype: np.dtype) -> MatrixTarget:
        """Return the indicators."""
        dense = y.toarray() if issparse(y) else np.asarray(y)
        return MatrixTarget(dense.astype(bool))

    def positions(self, prediction: np.ndarray, loss: Loss) -> np.ndarray:
        """Return the labels that the prediction is in favour of."""
        return prediction > loss.threshold

    def labelled(self, y: Any) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return no and yes for each label, and its column."""
        dense = y.toarray() if issparse(y) else y
        return [(np.arange(2), column) for column in dense.T]

    def seen(self, y: Any) -> np.ndarray:
        """Return the labels there are columns for."""
        if y.ndim != 2:
            raise ValueError(
                f"y must be an indicator matrix with {self.width} columns, got an "
                f"array of shape {y.shape}."
            )
        return np.arange(y.shape[1])

    def decode(self, positions: np.ndarray) -> Any:
        """Return indicators, sparse if the targets were."""
        labels = positions.astype(int)
        return labels if self.container is None else self.container(labels)

    def decision(self, raw: np.ndarray) -> np.ndarray:
        """Return a score a label."""
        return raw

    def probabilities(self, raw: np.ndarray) -> np.ndarray:
        """Return the probability of each label, never quite 0 or 1."""
        likeliest = 1.0 - np.finfo(raw.dtype).epsneg
        return np.minimum(_above_zero(logistic(raw)), likeliest)


class MulticlassTarget(ClassTarget):
    """One class out of several.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The classes, sorted.
    """

    def __init__(self, classes: np.ndarray) -> None:
        self.classes = classes
        self.width = len(classes)

    def loss(self, slot: ClassificationLoss) -> Loss:
        """Return the loss of exclusive classes."""
        return slot.exclusive((self.width,))

    def encode(self, y: np.ndarray, dtype: np.dtype) -> OneHotTarget:
        """Return positions among the classes."""
        labels = positions_of(y, self.classes)[:, np.newaxis]
        return OneHotTarget(labels, (self.width,))

    def positions(self, prediction: np.ndarray, loss: Loss) -> np.ndarray:
        """Return the class of the highest prediction."""
        return prediction.argmax(axis=1)[:, np.newaxis]

    def positions_by_score(self, raw: np.ndarray, loss: Loss) -> np.ndarray:
        """Return the class of the highest score: no link changes which that is."""
        return self.positions(raw, loss)

    def seen(self, y: np.ndarray) -> np.ndarray:
        """Return the labels."""
        return _labels(y)

    def strata(self, rows: TargetRows) -> np.ndarray | None:
        """Return the encoded labels."""
        return rows.encoded

    def decode(self, positions: np.ndarray) -> np.ndarray:
        """Return labels."""
        return self.classes[positions.ravel()]

    def decision(self, raw: np.ndarray) -> np.ndarray:
        """Return a score a class."""
        return raw

    def probabilities(self, raw: np.ndarray) -> np.ndarray:
        """Return a column a class."""
        return _above_zero(softmax(raw))


class MultioutputTarget(ClassTarget):
    """Several outputs, each one class out of several.

    Parameters
    ----------
    classes : list of ndarray
        The classes of each output, sorted.
    """

    def __init__(self, classes: list[np.ndarray]) -> None:
        self.classes = classes
        self.outputs = [MulticlassTarget(own) for own in classes]
        self.n_classes = tuple(output.width for output in self.outputs)
        self.width = sum(self.n_classes)

    def by_output(self, columns: np.ndarray) -> list[np.ndarray]:
        """Return a matrix an output."""
        return np.split(columns, np.cumsum(self.n_classes)[:-1], axis=1)

    def loss(self, slot: ClassificationLoss) -> Loss:
        """Return the loss of exclusive classes, summed over outputs."""
        return slot.exclusive(self.n_classes)

    def encode(self, y: np.ndarray, dtype: np.dtype) -> OneHotTarget:
        """Return positions among the classes of each output."""
        labels = [
            positions_of(column, classes)
            for column, classes in zip(y.T, self.classes, strict=True)
        ]
        return OneHotTarget(np.column_stack(labels), self.n_classes)

    def positions(self, prediction: np.ndarray, loss: Loss) -> np.ndarray:
        """Return the highest class of each output, as columns of the encoding."""
        starts = np.cumsum([0, *self.n_classes])[:-1]
        highest = [part.argmax(axis=1) for part in self.by_output(prediction)]
        return np.column_stack(highest) + starts

    def positions_by_score(self, raw: np.ndarray, loss: Loss) -> np.ndarray:
        """Return the highest of each output's scores, likewise."""
        return self.positions(raw, loss)

    def labelled(self, y: Any) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the classes and the column of each output."""
        return list(zip(self.classes, y.T, strict=True))

    def seen(self, y: Any) -> list[np.ndarray]:
        """Return the labels of each output."""
        if y.ndim != 2 or y.shape[1] != len(self.outputs):
            raise ValueError(
                f"y must have {len(self.outputs)} columns, got an array of shape "
                f"{y.shape}."
            )
        return [np.unique(column) for column in y.T]

    def decode(self, positions: np.ndarray) -> np.ndarray:
        """Return a column of labels an output."""
        starts = np.cumsum([0, *self.n_classes])[:-1]
        columns = zip(self.outputs, (positions - starts).T, strict=True)
        return np.column_stack([output.decode(column) for output, column in columns])

    def decision(self, raw: np.ndarray) -> list[np.ndarray]:
        """Return a matrix of scores an output."""
        return self.by_output(raw)

    def probabilities(self, raw: np.ndarray) -> np.ndarray:
        """Return a column for each class of each output."""
        for part in self.by_output(raw):
            softmax(part)
        return _above_zero(raw)


def class_target(y: Any, classes: Any = None) -> ClassTarget:
    """Find out what kind of classes a target holds.

    Parameters
    ----------
    y : array-like or sparse matrix
        The target.
    classes : array-like, optional
        All classes there will be, where y may not show them all.

    Returns
    -------
    ClassTarget
        Its kind.
    """
    kind = type_of_target(y, input_name="y")
    if isinstance(classes, list) and classes and np.ndim(classes[0]) == 1:
        return MultioutputTarget([np.unique(own) for own in classes])
    if kind == "multilabel-indicator":
        return MultilabelTarget(y.shape[1], type(y) if issparse(y) else None)
    if kind == "multiclass-multioutput":
        return MultioutputTarget([np.unique(column) for column in np.asarray(y).T])
    known = _labels_of(y) if classes is None else unique_labels(classes)
    return BinaryTarget(known) if len(known) <= 2 else MulticlassTarget(known)


def _labels_of(y: Any) -> np.ndarray:
    """Return the sorted labels; only of objects it has to be seen whether they sort."""
    if not isinstance(y, np.ndarray) or y.dtype.kind not in "biufU":
        return unique_labels(y)
    labels = np.unique(y)
    # Strings as long as the longest label, however long ``y`` could hold.
    return np.array(labels.tolist()) if y.dtype.kind == "U" else labels


def _as_list(classes: Any) -> list:
    several = isinstance(classes, list) and classes and np.ndim(classes[0]) > 0
    return list(classes) if several else [classes]


def _labels(y: np.ndarray) -> np.ndarray:
    if y.ndim != 1:
        raise ValueError(f"y must be a vector of labels, got shape {y.shape}.")
    return _labels_of(y)


def positions_of(y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return where each label stands among the sorted classes.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels, all of them known.
    classes : ndarray of shape (n_classes,)
        The classes.

    Returns
    -------
    ndarray of int of shape (n_samples,)
        Positions.
    """
    return np.searchsorted(classes, y)


def _above_zero(probability: np.ndarray) -> np.ndarray:
    """Keep probabilities off 0, which no finite score means: logarithms are finite."""
    return np.maximum(probability, np.finfo(probability.dtype).tiny, out=probability)
