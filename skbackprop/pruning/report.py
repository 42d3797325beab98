"""What pruning has left of a network, layer by layer."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from skbackprop.core.ops import as_dense
from skbackprop.pruning.sample import check_prunable

__all__ = ["LayerReport", "PruningReport", "pruning_report"]


@dataclass(frozen=True)
class LayerReport:
    """What is left of one layer.

    Parameters
    ----------
    weights : int
        How many it has.
    kept : int
        How many of them are not zero.
    inputs, inputs_used : int
        What feeds it, and how many of these have a weight that is not zero.
    units, units_fed : int
        Its outputs, and how many of these have a weight that is not zero.
    """

    weights: int
    kept: int
    inputs: int
    inputs_used: int
    units: int
    units_fed: int

    @property
    def share(self) -> float:
        """The share of the weights that is kept."""
        return self.kept / self.weights


@dataclass(frozen=True)
class PruningReport:
    """What is left of a network; it prints as a table.

    Made by :func:`pruning_report`.

    Parameters
    ----------
    layers : tuple of LayerReport
        In the order of ``coefs_``; as in all that is printed and drawn, the first of
        them is number 1.
    score : float or None
        The estimator's score.
    score_before : float or None
        That of the estimator before.
    """

    layers: tuple[LayerReport, ...]
    score: float | None = None
    score_before: float | None = None

    @property
    def weights(self) -> int:
        """The number of weights."""
        return sum(layer.weights for layer in self.layers)

    @property
    def kept(self) -> int:
        """The number of weights that are not zero."""
        return sum(layer.kept for layer in self.layers)

    @property
    def share(self) -> float:
        """The share of the weights that is kept."""
        return self.kept / self.weights

    def to_dict(self) -> dict[str, Any]:
        """Return everything as numbers, lists and dictionaries.

        Returns
        -------
        dict
            Such as ``json.dumps`` takes.
        """
        totals = {"weights": self.weights, "kept": self.kept, "share": self.share}
        return (
            asdict(self)
            | totals
            | {"layers": [asdict(each) | {"share": each.share} for each in self.layers]}
        )

    def __str__(self) -> str:
        """Return the table."""
        head = f"{'layer':<6}{'weights':>10}{'kept':>10}{'share':>8}"
        lines = [head + f"{'inputs used':>15}{'units fed':>13}"]
        for index, layer in enumerate(self.layers):
            used = f"{layer.inputs_used}/{layer.inputs}"
            fed = f"{layer.units_fed}/{layer.units}"
            lines.append(_row(str(index + 1), layer) + f"{used:>15}{fed:>13}")
        lines.append(_row("all", self))
        if self.score_before is not None:
            lines.append(f"score before {self.score_before:.4f}")
        if self.score is not None:
            lines.append(f"score        {self.score:.4f}")
        return "\n".join(lines)


def _row(label: str, counted: LayerReport | PruningReport) -> str:
    share = f"{counted.share:.1%}"
    return f"{label:<6}{counted.weights:>10}{counted.kept:>10}{share:>8}"


def pruning_report(
    estimator: Any,
    X: Any = None,
    y: Any = None,
    *,
    before: Any = None,
    scoring: Any = None,
) -> PruningReport:
    """Return what is left of an estimator's network.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor or BackpropEmbedder
        A fitted one.
    X, y : array-like, optional
        Data to score it on.
    before : estimator, optional
        The estimator that it was pruned from, to be scored as well.
    scoring : str or callable, optional
        What is scored; by default the estimator's own ``score``.

    Returns
    -------
    PruningReport
        It prints as a table.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.pruning import prune, pruning_report
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((20,), solver="lbfgs", random_state=0).fit(X, y)
    >>> print(pruning_report(prune(model, amount=0.5, unit="neurons")))
    layer    weights      kept   share    inputs used    units fed
    1             80        40   50.0%            4/4        10/20
    2             60        30   50.0%          10/20          3/3
    all          140        70   50.0%
    """
    check_prunable(estimator, "pruning_report")
    layers = tuple(_layer_report(as_dense(coef)) for coef in estimator.coefs_)
    if X is None:
        return PruningReport(layers)
    from sklearn.metrics import check_scoring

    scorer = check_scoring(estimator, scoring=scoring)
    score_before = None if before is None else float(scorer(before, X, y))
    return PruningReport(layers, float(scorer(estimator, X, y)), score_before)


def _layer_report(coef: np.ndarray) -> LayerReport:
    return LayerReport(
        weights=coef.size,
        kept=int(np.count_nonzero(coef)),
        inputs=coef.shape[0],
        inputs_used=int(coef.any(axis=1).sum()),
        units=coef.shape[1],
        units_fed=int(coef.any(axis=0).sum()),
    )
