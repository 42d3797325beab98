"""What is explained: an estimator, or a pipeline that ends with one, as one map."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skbackprop.core.ops import as_dense
from skbackprop.core.spec import resolve
from skbackprop.estimators._responses import Response, chain_of
from skbackprop.inspection._affine import AffineMap, affine_map
from skbackprop.inspection._networks import of_skbackprop
from skbackprop.inspection._tables import table
from skbackprop.linearization.chain import Chain


@dataclass(frozen=True)
class Inputs:
    """Some rows, as they are explained and as the network gets them.

    Parameters
    ----------
    explained : ndarray of shape (n_samples, n_features)
        The features that attributions are for.
    given : ndarray or sparse matrix of shape (n_samples, n_in)
        The inputs of the network.
    """

    explained: np.ndarray
    given: Any


class Explained:
    """A prediction as a map from the features that are explained.

    Parameters
    ----------
    estimator : BaseBackprop or Pipeline
        A fitted one.
    background : array-like
        Some of its inputs.
    response_method : str or Response
        What is explained of it.
    final_step : bool
        Of a pipeline, whether the inputs of its last step are explained.

    Attributes
    ----------
    before : Pipeline or None
        The steps before the network, if there are any.
    estimator : BaseBackprop
        The estimator with the network.
    chain : Chain
        The prediction, from the inputs of the network.
    matrix : ndarray of shape (n_hidden, n_features)
        From gradients where the chain ceases to be affine to those of the features.
    background : Inputs
        The given rows.
    feature_names : list of str
        The names of the features; numbers for want of any.
    output_names : list of str
        The names of the outputs.
    """

    def __init__(
        self, estimator: Any, background: Any, response_method: Any, final_step: bool
    ) -> None:
        self.before, self.estimator = _before(estimator), of_skbackprop(estimator)
        check_is_fitted(self.estimator)
        response: Response = resolve(Response, response_method)
        given = self._given(background)
        dtype = np.result_type(given.dtype, self.estimator.coefs_[0].dtype)
        self.chain: Chain = chain_of(self.estimator, response, dtype)
        self.chain_in: Callable[..., Chain] = partial(
            chain_of, self.estimator, response
        )
        self.output_names = response.names(self.estimator)
        self.matrix = self.chain.matrix
        self._preparation: AffineMap | None = None
        if self.before is None or final_step:
            self.background = Inputs(as_dense(given), given)
            self.feature_names = self._names_of_inputs() or _numbered(given.shape[1])
            return
        rows = table(background)
        self._preparation = affine_map(self._given, rows)
        self.matrix = self.matrix @ self._preparation.matrix.astype(dtype).T
        self.background = Inputs(rows.values, given)
        names = rows.names or _numbered(rows.values.shape[1])
        self.feature_names = [str(name) for name in names]

    def inputs(self, X: Any) -> Inputs:
        """Return some rows, validated.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
            What the estimator, or the pipeline, takes.

        Returns
        -------
        Inputs
            Its rows.
        """
        given = self._given(X)
        if self._preparation is None:
            return Inputs(as_dense(given), given)
        rows = table(X)
        self._preparation.check(rows.values, as_dense(given))
        return Inputs(rows.values, given)

    def _given(self, X: Any) -> Any:
        ready = X if self.before is None else self.before.transform(X)
        return self.estimator._check_inputs(ready)

    def _names_of_inputs(self) -> list[str] | None:
        if self.before is not None:
            # Not every transformer knows the names of what it makes.
            with suppress(AttributeError, ValueError):
                return [str(name) for name in self.before.get_feature_names_out()]
            return None
        names = getattr(self.estimator, "feature_names_in_", None)
        return None if names is None else [str(name) for name in names]


def _before(estimator: Any) -> Pipeline | None:
    """Return the steps before the last one, of pipelines that end with one too."""
    if not isinstance(estimator, Pipeline):
        return None
    inner = _before(estimator[-1])
    own = estimator.steps[:-1]
    steps = own if inner is None else [*own, ("before the last", inner)]
    return Pipeline(steps) if steps else None


def _numbered(n_features: int) -> list[str]:
    """Return the names that shap's own plots give."""
    return [f"Feature {index}" for index in range(n_features)]
