"""Taking out what does nothing: a smaller estimator with the same predictions."""

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import validate_data

from skbackprop.core.layout import Kind
from skbackprop.core.ops import as_dense
from skbackprop.estimators._inputs import check_fitted, is_ready
from skbackprop.estimators._persistence import Persistent
from skbackprop.estimators._start import fitted_params
from skbackprop.masking.structure import Structure
from skbackprop.pruning.depth import without_affine_layers
from skbackprop.pruning.pipeline import CompactPipeline
from skbackprop.pruning.rebuild import Shape, masks_of, rebuilt
from skbackprop.pruning.sample import check_prunable

__all__ = ["KeptInputs", "compact"]


def compact(estimator: Any, *, drop_inputs: bool = False) -> Any:
    """Take out of a network what does not change its predictions.

    Hidden units go that feed nothing, and those that are fed by nothing: these are
    constant, and the biases of the next layer take them in. What a unit is worth
    without inputs is asked of the layers themselves, so that any activation and batch
    normalisation will do. Where units of a row are normalised together, they stay.
    Hidden layers that bend nothing (``activation="identity"``) are multiplied out,
    where that takes no more weights.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor or BackpropEmbedder
        A fitted one, such as :func:`prune` returns; it is not changed. Zeros count,
        whoever made them.
    drop_inputs : bool, default=False
        Whether features that the network does not look at are left out too. An ordinary
        estimator takes all that it was fitted with; the result is then a
        :class:`CompactPipeline` of a :class:`KeptInputs` and an estimator of fewer
        features.

    Returns
    -------
    BackpropClassifier, BackpropRegressor, BackpropEmbedder or CompactPipeline
        A fitted estimator with smaller ``hidden_layer_sizes``, which can be gone on
        with. Its ``masks_`` hold what is still zero in between, and are None if nothing
        is. Its ``pruning`` is None: a further fit would take the same share again.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.pruning import compact, prune
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((20,), solver="lbfgs", random_state=0).fit(X, y)
    >>> small = compact(prune(model, unit="neurons", amount=0.75))
    >>> small.hidden_layer_sizes
    (5,)
    """
    check_prunable(estimator, "compact")
    compaction = _Compaction(estimator)
    compaction.drop_what_feeds_nothing()
    compaction.drop_what_is_constant()
    if not drop_inputs:
        return without_affine_layers(compaction.result())
    support = compaction.drop_inputs()
    small = without_affine_layers(compaction.result())
    names = getattr(estimator, "feature_names_in_", None)
    kept = KeptInputs(support)._fitted(names)
    small.n_features_in_ = int(support.sum())
    if names is not None:
        # The step before hands on arrays.
        del small.feature_names_in_
    if small._scaling is not None:
        inputs = small._scaling.inputs
        center, spread = inputs.center[support], inputs.spread[support]
        inputs = replace(inputs, center=center, spread=spread)
        small._scaling = replace(small._scaling, inputs=inputs)
    return CompactPipeline([("inputs", kept), ("network", small)])


class KeptInputs(Persistent, SelectorMixin, BaseEstimator):
    """The features that a network looks at; a step of a pipeline.

    Parameters
    ----------
    support : array-like of bool of shape (n_features,)
        Which they are.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.pruning import KeptInputs
    >>> X = np.array([[1, 2, 3], [4, 5, 6]])
    >>> KeptInputs([True, False, True]).fit_transform(X)
    array([[1, 3],
           [4, 6]])
    """

    def __init__(self, support: Any) -> None:
        self.support = support

    def fit(self, X: Any, y: Any = None) -> "KeptInputs":
        """Check the number of features.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        y : None
            Ignored.

        Returns
        -------
        KeptInputs
            Itself.
        """
        X = validate_data(
            self, X, accept_sparse="csr", dtype=None, ensure_all_finite=False
        )
        support = np.asarray(self.support)
        # Positions would pass for True, all but the first.
        if support.ndim != 1 or support.dtype != bool:
            raise ValueError(
                "support is to be True or False for each feature, got "
                f"{self.support!r}."
            )
        if X.shape[1] != len(support):
            raise ValueError(
                f"support has {len(support)} entries, X {X.shape[1]} features."
            )
        return self

    def transform(self, X: Any) -> Any:
        """Return the features that the network looks at.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs. What is not looked at may be missing.

        Returns
        -------
        {ndarray, sparse matrix, DataFrame} of shape (n_samples, n_kept)
            Its columns.
        """
        check_fitted(self)
        support = self._get_support_mask()
        (columns,) = support.nonzero()
        if len(columns) > 0 and is_ready(X, self) and len(support) == X.shape[1]:
            # The network asks whether what it looks at is finite. ``X[:, columns]`` is
            # column-major: slower to make, and to multiply, if rows are many. No column
            # is out of bounds: "wrap" spares the question whether one is.
            return X.take(columns, axis=1, mode="wrap")
        return super().transform(X)

    def _fitted(self, names: np.ndarray | None) -> "KeptInputs":
        self.n_features_in_ = len(self.support)
        if names is not None:
            self.feature_names_in_ = names
        return self

    def __sklearn_is_fitted__(self) -> bool:
        """Tell whether the number of features has been looked at."""
        return hasattr(self, "n_features_in_")

    def _get_support_mask(self) -> np.ndarray:
        return np.asarray(self.support, bool)

    def __sklearn_tags__(self) -> Tags:
        """Return the tags: sparse input."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        return tags


class _Compaction:
    """Weights and biases, and which units stay."""

    def __init__(self, estimator: Any) -> None:
        self.estimator, network = estimator, estimator._network
        self.structure, self.network = Structure(network), network
        self.weights: list[Any] = [as_dense(w).copy() for w in estimator.coefs_]
        self.biases = [b.copy() for b in estimator.intercepts_]
        self.masks, self.bias_masks = masks_of(estimator)
        # Inputs, then the outputs of each layer.
        widths = [network.n_in, *(w.shape[1] for w in self.weights)]
        self.keep = [np.ones(width, bool) for width in widths]

    @property
    def hidden(self) -> range:
        """The indices of the hidden layers."""
        return range(len(self.weights) - 1)

    def drop_what_feeds_nothing(self) -> None:
        """Drop units whose outgoing weights are zero, last layer first."""
        for layer in reversed(self.hidden):
            if self.structure.is_separable(layer):
                outgoing = self.weights[layer + 1][:, self.keep[layer + 2]]
                self._keep_only(layer, outgoing.any(axis=1))

    def drop_what_is_constant(self) -> None:
        """Drop units whose incoming weights are zero, first layer first."""
        for layer in self.hidden:
            if not self.structure.is_separable(layer):
                continue
            fed = self.weights[layer][self.keep[layer]].any(axis=0)
            self._take_in(layer, self.keep[layer + 1] & ~fed)
            self._keep_only(layer, fed)

    def drop_inputs(self) -> np.ndarray:
        """Drop features without weights, and return which stay."""
        used = self.weights[0][:, self.keep[1]].any(axis=1)
        if not used.any():
            # No features at all are no input to a pipeline.
            used[0] = True
        self.keep[0] = used
        return used

    def _keep_only(self, layer: int, useful: np.ndarray) -> None:
        keep = self.keep[layer + 1] & useful
        if not keep.any():
            # A layer without units would be no layer.
            keep[np.argmax(self.keep[layer + 1])] = True
        self.keep[layer + 1] = keep

    def _take_in(self, layer: int, constant: np.ndarray) -> None:
        """Add what constant units feed to the biases of the next layer."""
        params = self.network.layout.regroup(fitted_params(self.estimator))
        scores = self.biases[layer][np.newaxis]
        with np.errstate(all="ignore"):
            outputs = self.structure.outputs(layer, scores, params)[0]
        added = outputs[constant] @ self.weights[layer + 1][constant]
        self.weights[layer + 1][constant] = 0.0
        self.biases[layer + 1] += added
        # A bias that carries something is not held at zero any more.
        self.bias_masks[layer + 1] |= added != 0.0

    def result(self) -> Any:
        """Return the smaller estimator."""
        fans = list(zip(self.keep[:-1], self.keep[1:], strict=True))
        params = self._extra() | {
            "weight": _blocks(self.weights, fans),
            "bias": [b[out] for b, (_, out) in zip(self.biases, fans, strict=True)],
        }
        shape = Shape(
            n_in=int(self.keep[0].sum()),
            hidden=[int(keep.sum()) for keep in self.keep[1:-1]],
            params=params,
            masks=_blocks(self.masks, fans),
            intercept_masks=[
                m[out] for m, (_, out) in zip(self.bias_masks, fans, strict=True)
            ],
        )
        return rebuilt(self.estimator, shape)

    def _extra(self) -> dict[Kind, list[np.ndarray]]:
        """Return what is neither weight nor bias, of the units that stay."""
        layout, sides = self.network.layout, iter(self.keep)
        views = layout.regroup(fitted_params(self.estimator))
        found: dict[Kind, list[np.ndarray]] = {}
        keep = next(sides)
        for index, (group, arrays) in enumerate(zip(layout.params, views, strict=True)):
            if index in self.structure.dense:
                keep = next(sides)
                continue
            for param, array in zip(group, arrays, strict=True):
                by_unit = array.shape == keep.shape
                found.setdefault(param.kind, []).append(
                    array[keep] if by_unit else array
                )
        return found


def _blocks(
    matrices: list[np.ndarray], fans: list[tuple[np.ndarray, np.ndarray]]
) -> list[np.ndarray]:
    """Return of each matrix the rows and columns that stay."""
    return [m[np.ix_(*fan)] for m, fan in zip(matrices, fans, strict=True)]
