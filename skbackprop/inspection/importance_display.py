"""The features that matter most, as bars."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skbackprop._plotting import axes_of, style
from skbackprop.inspection.importance import gradient_importance

__all__ = ["ImportanceDisplay"]


class ImportanceDisplay:
    """Importances of features, the largest first; needs matplotlib.

    Make it with :meth:`from_estimator`, which takes gradients for it, or with
    :meth:`from_importances`. All parameters are stored as attributes.

    Parameters
    ----------
    importances_mean : array-like of shape (n_features,)
        The importances.
    importances_std : array-like of shape (n_features,), default=None
        How much they spread, for the error bars.
    feature_names : sequence of str, default=None
        The names of the features.

    Attributes
    ----------
    bars_ : matplotlib.container.BarContainer
        The bars.
    features_ : ndarray of int
        Which features they are, from above.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import ImportanceDisplay
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = BackpropClassifier((8,), solver="lbfgs", random_state=0).fit(X, y)
    >>> display = ImportanceDisplay.from_estimator(model, X)
    >>> display.ax_.get_yticklabels()[0].get_text()
    'petal length (cm)'
    """

    def __init__(
        self,
        *,
        importances_mean: Any,
        importances_std: Any = None,
        feature_names: Sequence[str] | None = None,
    ) -> None:
        self.importances_mean = importances_mean
        self.importances_std = importances_std
        self.feature_names = feature_names

    def plot(
        self,
        ax: Any = None,
        *,
        features: Sequence[Any] | None = None,
        max_features: int = 10,
        bar_kwargs: Mapping[str, Any] | None = None,
    ) -> "ImportanceDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        features : sequence of int or str, default=None
            Which features to draw, from above, by number or name; the most important if
            None.
        max_features : int, default=10
            How many of these.
        bar_kwargs : dict, default=None
            Further arguments of ``Axes.barh``.

        Returns
        -------
        ImportanceDisplay
            Itself.
        """
        mean = np.asarray(self.importances_mean, dtype=float)
        names = self._names(len(mean))
        self.features_ = _chosen(mean, features, max_features, names)
        places = np.arange(len(self.features_))
        defaults: dict[str, Any] = {"height": 0.7}
        if self.importances_std is not None:
            defaults["xerr"] = np.asarray(self.importances_std)[self.features_]
            defaults["ecolor"] = "0.4"
        self.ax_ = axes_of("ImportanceDisplay", ax)
        self.figure_ = self.ax_.figure
        options = style("patches.Patch", defaults, bar_kwargs)
        self.bars_ = self.ax_.barh(places, mean[self.features_], **options)
        self.ax_.set_yticks(places, names[self.features_])
        # The largest at the top, also on axes that share theirs with others.
        self.ax_.set_ylim(len(places) - 0.5, -0.5)
        self.ax_.set_xlabel("importance")
        return self

    def _names(self, n_features: int) -> np.ndarray:
        if self.feature_names is None:
            return np.array([f"Feature {index}" for index in range(n_features)])
        names = np.array([str(each) for each in self.feature_names])
        if len(names) != n_features:
            raise ValueError(
                f"feature_names must be {n_features} texts, got {len(names)}."
            )
        return names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        response_method: Any = "auto",
        scaled: bool = True,
        final_step: bool = False,
        ax: Any = None,
        features: Sequence[Any] | None = None,
        max_features: int = 10,
        bar_kwargs: Mapping[str, Any] | None = None,
    ) -> "ImportanceDisplay":
        """Draw by how much a typical change of each feature moves what is predicted.

        Parameters
        ----------
        estimator, X, response_method, scaled, final_step
            As for :func:`gradient_importance`.
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        features, max_features, bar_kwargs
            As for :meth:`plot`.

        Returns
        -------
        ImportanceDisplay
            With ``ax_`` and ``figure_``. Error bars are the spread over the rows.
        """
        found = gradient_importance(
            estimator,
            X,
            response_method=response_method,
            scaled=scaled,
            final_step=final_step,
        )
        display = cls.from_importances(
            found,
            ax=ax,
            features=features,
            max_features=max_features,
            bar_kwargs=bar_kwargs,
        )
        display.ax_.set_xlabel("mean change of the output")
        return display

    @classmethod
    def from_importances(
        cls,
        importances: Mapping[str, Any],
        *,
        feature_names: Sequence[str] | None = None,
        ax: Any = None,
        features: Sequence[Any] | None = None,
        max_features: int = 10,
        bar_kwargs: Mapping[str, Any] | None = None,
    ) -> "ImportanceDisplay":
        """Draw importances that are known already.

        Parameters
        ----------
        importances : Bunch
            What :func:`gradient_importance` or
            :func:`sklearn.inspection.permutation_importance` returned.
        feature_names : sequence of str, default=None
            The names of the features; those in ``importances`` if None.
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        features, max_features, bar_kwargs
            As for :meth:`plot`.

        Returns
        -------
        ImportanceDisplay
            With ``ax_`` and ``figure_``.
        """
        if not isinstance(importances, Mapping):
            raise TypeError(
                "importances must be what permutation_importance or "
                "gradient_importance returns, or another mapping with "
                f"'importances_mean', got {type(importances).__name__}."
            )
        if feature_names is None:
            feature_names = importances.get("feature_names")
        display = cls(
            importances_mean=importances["importances_mean"],
            importances_std=importances.get("importances_std"),
            feature_names=feature_names,
        )
        return display.plot(
            ax, features=features, max_features=max_features, bar_kwargs=bar_kwargs
        )


def _chosen(
    mean: np.ndarray, features: Sequence[Any] | None, max_features: int, names: Any
) -> np.ndarray:
    """Return which features are drawn."""
    if max_features < 1:
        raise ValueError(f"max_features must be at least 1, got {max_features}.")
    if features is None:
        return np.argsort(-mean, kind="stable")[:max_features]
    known, given = [*names], np.asarray(features, dtype=object)
    numbers = [known.index(f) if f in known else f for f in given.ravel()]
    chosen = np.asarray(numbers)
    counted = given.ndim == 1 and chosen.dtype.kind in "iu"
    if not counted or not set(numbers) <= set(range(len(mean))):
        raise ValueError(
            "features must be a list of names, or of numbers below "
            f"{len(mean)}, counted from 0, got {features}."
        )
    return chosen
