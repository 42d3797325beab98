"""Pictures of pruning, in the manner of scikit-learn's displays."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skbackprop._plotting import axes_of, pyplot
from skbackprop.core.ops import as_dense
from skbackprop.pruning.pruner import prune
from skbackprop.pruning.sample import check_prunable

__all__ = ["MaskDisplay", "PruningDisplay"]

AMOUNTS = (0.0, 0.5, 0.8, 0.9, 0.95)


class PruningDisplay:
    """The score against the share of units that is gone; needs matplotlib.

    Make it with :meth:`from_estimator`.

    Parameters
    ----------
    amounts : sequence of float
        The shares.
    scores : dict of str to sequence of float
        For each criterion, the scores at these.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.pruning import PruningDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((20,), solver="lbfgs", random_state=0).fit(X, y)
    >>> display = PruningDisplay.from_estimator(
    ...     model, X, y, criteria=["magnitude", "obs"], X_val=X, y_val=y
    ... )
    >>> display.ax_.get_xlabel()
    'share of weights gone'
    """

    def __init__(
        self, amounts: Sequence[float], scores: Mapping[str, Sequence[float]]
    ) -> None:
        self.amounts, self.scores = amounts, scores

    def plot(self, ax: Any = None, unit: str = "weights") -> "PruningDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        unit : str, default='weights'
            What is gone, for the label.

        Returns
        -------
        PruningDisplay
            Itself.
        """
        ax = axes_of("PruningDisplay", ax)
        for label, scores in self.scores.items():
            ax.plot(self.amounts, scores, marker="o", label=label)
        ax.set(xlabel=f"share of {unit} gone", ylabel="score")
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        X_val: Any,
        y_val: Any,
        criteria: Sequence[Any] = ("magnitude", "obd", "obs"),
        amounts: Sequence[float] = AMOUNTS,
        unit: Any = "weights",
        scoring: Any = None,
        ax: Any = None,
        **options: Any,
    ) -> "PruningDisplay":
        """Prune by several criteria and amounts, score, and draw.

        Parameters
        ----------
        estimator : BackpropClassifier, BackpropRegressor or BackpropEmbedder
            A fitted one; it is not changed.
        X, y : array-like
            What criteria and fine-tuning see.
        X_val, y_val : array-like
            What is scored.
        criteria : sequence of str or Criterion
            A line for each.
        amounts : sequence of float
            The shares, in [0, 1).
        unit : str or Unit, default='weights'
            What goes at once.
        scoring : str or callable, optional
            What is scored; by default the estimator's own ``score``.
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        **options : dict
            Further arguments of :func:`prune`, such as ``fine_tune_epochs``.

        Returns
        -------
        PruningDisplay
            With ``ax_`` and ``figure_``.
        """
        from sklearn.metrics import check_scoring

        scorer = check_scoring(estimator, scoring=scoring)
        scores: dict[str, list[float]] = {}
        for criterion in criteria:
            pruned = (
                prune(
                    estimator, X, y, criterion=criterion, amount=a, unit=unit, **options
                )
                for a in amounts
            )
            scores[str(criterion)] = [float(scorer(p, X_val, y_val)) for p in pruned]
        return cls(amounts, scores).plot(ax, str(unit))


class MaskDisplay:
    """Which weights of each layer are not zero; needs matplotlib.

    Parameters
    ----------
    masks : list of ndarray of bool
        A matrix for each layer.

    Attributes
    ----------
    axes_ : ndarray of matplotlib.axes.Axes
        The axes, one a layer.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.pruning import MaskDisplay, prune
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((20,), solver="lbfgs", random_state=0).fit(X, y)
    >>> len(MaskDisplay.from_estimator(prune(model)).axes_)
    2
    """

    def __init__(self, masks: list[np.ndarray]) -> None:
        self.masks = masks

    def plot(self, axes: Any = None) -> "MaskDisplay":
        """Draw.

        Parameters
        ----------
        axes : sequence of matplotlib.axes.Axes, default=None
            One for each layer; a new figure if None.

        Returns
        -------
        MaskDisplay
            Itself.
        """
        if axes is None:
            n_layers = len(self.masks)
            _, axes = pyplot("MaskDisplay").subplots(1, n_layers, squeeze=False)
        self.axes_ = np.ravel(axes)
        for index, (ax, mask) in enumerate(zip(self.axes_, self.masks, strict=True)):
            ax.imshow(mask, cmap="gray_r", aspect="auto", vmin=0, vmax=1)
            title = f"layer {index + 1}: {mask.mean():.1%}"
            ax.set(title=title, xlabel="unit", ylabel="input")
        self.figure_ = self.axes_[0].figure
        return self

    @classmethod
    def from_estimator(cls, estimator: Any, axes: Any = None) -> "MaskDisplay":
        """Draw the weights of an estimator that are not zero.

        Parameters
        ----------
        estimator : BackpropClassifier, BackpropRegressor or BackpropEmbedder
            A fitted one.
        axes : sequence of matplotlib.axes.Axes, default=None
            One for each layer; a new figure if None.

        Returns
        -------
        MaskDisplay
            With ``axes_`` and ``figure_``.
        """
        check_prunable(estimator, "MaskDisplay")
        masks = [as_dense(coef) != 0.0 for coef in estimator.coefs_]
        return cls(masks).plot(axes)
