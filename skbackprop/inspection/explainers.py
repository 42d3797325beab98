"""Explainers that give what those of SHAP give, by the network's own gradients."""

from abc import ABC, abstractmethod
from typing import Any
from warnings import catch_warnings, simplefilter, warn

import numpy as np

from skbackprop.core.ops import slices
from skbackprop.core.spec import resolve
from skbackprop.core.threads import Crew
from skbackprop.inspection._explained import Explained, Inputs
from skbackprop.inspection._found import Found
from skbackprop.inspection._means import Means
from skbackprop.inspection._setting import Setting
from skbackprop.inspection.attributions import Attribution, Points, Rescale

__all__ = ["GradientExplainer", "RescaleExplainer"]

# By which share attributions may miss what they should add up to without a word.
LARGE_ERROR = 0.2


class Explainer(ABC):
    """What the explainers share: means of attributions over a background.

    Parameters
    ----------
    estimator : BaseBackprop or Pipeline
        A fitted one.
    background : array-like
        Rows to compare with.
    response_method : str
        What is explained.
    final_step : bool
        Whether what the last step of a pipeline sees is explained.
    """

    def __init__(
        self,
        estimator: Any,
        background: Any,
        *,
        response_method: Any = "auto",
        final_step: bool = False,
    ) -> None:
        self._explained = Explained(estimator, background, response_method, final_step)
        explained = self._explained
        chain, given = explained.chain, explained.background.given
        self.feature_names = explained.feature_names
        self.output_names = explained.output_names
        self._single = chain.n_out == 1
        with np.errstate(over="ignore", invalid="ignore"):
            chunks = slices(given.shape[0], chain.rows_at_once(chain.n_in))
            ahead = [chain.ahead(given[some]) for some in chunks]
            outputs = [chain.finish(h) for h in ahead]
        self._mean_output = np.concatenate(outputs).mean(axis=0)
        method = self._attribution()
        chosen = method.choose(given.shape[0])
        values = explained.background.explained
        # Around their mean: differences of large numbers lose digits.
        self._center = values.mean(axis=0)
        changes = (values - self._center)[chosen].astype(chain.dtype)
        references = Points(changes, np.concatenate(ahead)[chosen])
        ones = np.ones(values.shape[1], chain.dtype)
        self._setting = Setting(chain, explained.matrix, references, ones)
        self._lighter = self._setting
        # Without a bend, draws make no noise.
        if method.single_precision and chain.bent and chain.dtype != np.float32:
            with np.errstate(all="ignore"):
                single = explained.chain_in(np.float32)
                self._lighter = self._setting.lighter(single)
        self._method = method

    @abstractmethod
    def _attribution(self) -> Attribution:
        """Return the rule."""

    @property
    def expected_value(self) -> Any:
        """The mean output over the background: a number, or an array of them."""
        return self._mean_output[0] if self._single else self._mean_output

    def __call__(self, X: Any) -> Any:
        """Explain some rows.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
            The rows, as the estimator or the pipeline takes them.

        Returns
        -------
        shap.Explanation
            With ``values`` of shape (n_samples, n_features), or (n_samples, n_features,
            n_outputs) if there are several outputs.
        """
        shap, inputs = _shap(type(self).__name__), self._explained.inputs(X)
        values = self._values(inputs)
        base = np.tile(self._mean_output, (len(values), 1))
        return shap.Explanation(
            self._squeezed(values),
            base_values=self._squeezed(base),
            data=inputs.explained,
            feature_names=self.feature_names,
            output_names=None if self._single else self.output_names,
        )

    def shap_values(self, X: Any) -> np.ndarray:
        """Return the attributions alone; the package shap is not needed for it.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples, n_features) or (n_samples, n_features, n_outputs)
            The attributions.
        """
        return self._squeezed(self._values(self._explained.inputs(X)))

    def _squeezed(self, array: np.ndarray) -> np.ndarray:
        return array[..., 0] if self._single else array

    def _values(self, inputs: Inputs) -> np.ndarray:
        """Return attributions of shape (n_rows, n_features, n_outputs)."""
        n, n_features = inputs.explained.shape
        found = Found.of(n, n_features, self._explained.chain)
        with np.errstate(all="ignore"):
            means = Means(self._method, self._lighter)
            crew = means.crew(n)
            for rows in slices(n, means.n_rows):
                self._explain(inputs, rows, means, crew, found)
            if self._lighter is not self._setting:
                self._explain_again(inputs, found)
            self._check(found)
        return found.values

    def _explain_again(self, inputs: Inputs, found: Found) -> None:
        """Explain in double precision what leaves the range of single precision."""
        lost = found.lost(found.output - self._mean_output, self._method.makes_up)
        if not lost:
            return
        means = Means(self._method, self._setting)
        for row in lost:
            rows = slice(row, row + 1)
            self._explain(inputs, rows, means, means.crew(1), found)

    def _explain(
        self, inputs: Inputs, rows: slice, means: Means, crew: Crew, found: Found
    ) -> None:
        chain = self._explained.chain
        h = chain.ahead(inputs.given[rows])
        found.output[rows] = chain.finish(h)
        x = inputs.explained[rows] - self._center
        change = found.output[rows] - self._mean_output
        values, missing = means(x, h, rows.start, change, crew)
        found.values[rows] = values.transpose(1, 2, 0)
        found.missing[rows] = missing.T

    def _check(self, found: Found) -> None:
        """Warn of attributions that are no numbers, or far from adding up."""
        known, output, missing = found.is_known(), found.output, found.missing
        if not known.all():
            warn(
                f"The attributions of {np.count_nonzero(~known)} of {len(known)} rows "
                "are not finite: these rows, or the background, are too far from what "
                "the network was trained on.",
                stacklevel=4,
            )
        eps, change = np.finfo(output.dtype).eps, output - self._mean_output
        # Where outputs are all the same, rounding makes changes that nothing explains.
        rounding = _norm(output[known]) * np.sqrt(eps)
        missed, wanted = _norm(missing[known]), _norm(change[known])
        if missed > LARGE_ERROR * wanted + rounding:
            warn(
                "The attributions miss the changes of the output by "
                f"{missed / wanted:.0%}{self._made_up()}: take more samples or nodes, "
                "or RescaleExplainer, which is exact.",
                stacklevel=4,
            )

    def _made_up(self) -> str:
        return ", which was made up for" if self._method.makes_up else ""


class RescaleExplainer(Explainer):
    """Explains predictions by the rescale rule of DeepLIFT, averaged over a background.

    It approximates Shapley values, as ``shap.DeepExplainer`` does for networks of
    PyTorch. The values of a row add up to its output less the mean output of the
    background, up to rounding, whatever the network.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor, BackpropEmbedder or Pipeline
        A fitted estimator, or a pipeline that ends with one.
    background : array-like, frame or sparse matrix of shape (n_background, n_features)
        The rows that each row is compared with; a hundred will do.
    response_method : str, default="auto"
        What is explained: ``"decision_function"``, the raw scores;
        ``"predict_proba"``; ``"predict"`` of a regressor. ``"auto"`` are the
        predictions of a regressor, the raw scores otherwise.
    final_step : bool, default=False
        Of a pipeline, explain what its last step sees. By default it is what goes into
        the pipeline, for which the steps before have to be an affine map, such as
        scaling, selection or PCA.

    Attributes
    ----------
    expected_value : float or ndarray of shape (n_outputs,)
        The mean output over the background.
    feature_names : list of str
        Names of the features.
    output_names : list of str
        Names of the outputs.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import RescaleExplainer
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((8,), solver="lbfgs", random_state=0).fit(X, y)
    >>> explainer = RescaleExplainer(model, X)
    >>> values = explainer.shap_values(X[:5])
    >>> values.shape
    (5, 4, 3)
    >>> total = explainer.expected_value + values.sum(axis=1)
    >>> np.allclose(total, model.decision_function(X[:5]), rtol=0, atol=1e-6)
    True
    """

    def _attribution(self) -> Attribution:
        return Rescale()


class GradientExplainer(Explainer):
    """Explains predictions by gradients on the way from a background.

    It approximates Shapley values by gradients at random coalitions, by integrated or
    by expected gradients; the last as ``shap.GradientExplainer`` does for networks of
    PyTorch.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor, BackpropEmbedder or Pipeline
        A fitted estimator, or a pipeline that ends with one.
    background : array-like, frame or sparse matrix of shape (n_background, n_features)
        The rows that each row is compared with; a hundred will do.
    method : {"coalition_gradients", "integrated_gradients", "expected_gradients"} \
            or Attribution, default="coalition_gradients"
        How; an object such as ``CoalitionGradients(n_samples=400)`` for other settings.
    response_method : str, default="auto"
        What is explained: ``"decision_function"``, the raw scores;
        ``"predict_proba"``; ``"predict"`` of a regressor. ``"auto"`` are the
        predictions of a regressor, the raw scores otherwise.
    final_step : bool, default=False
        Of a pipeline, explain what its last step sees. By default it is what goes into
        the pipeline, for which the steps before have to be an affine map, such as
        scaling, selection or PCA.

    Attributes
    ----------
    expected_value : float or ndarray of shape (n_outputs,)
        The mean output over the background.
    feature_names : list of str
        Names of the features.
    output_names : list of str
        Names of the outputs.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.inspection import GradientExplainer
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = BackpropRegressor(
    ...     hidden_layer_sizes=(8,),
    ...     activation="tanh",
    ...     scaling="standard",
    ...     solver="lbfgs",
    ...     tol=1e-2,
    ...     max_iter=1000,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> explainer = GradientExplainer(model, X[:100])
    >>> values = explainer.shap_values(X[:5])
    >>> total = explainer.expected_value + values.sum(axis=1)
    >>> bool(abs(total - model.predict(X[:5])).max() < 1e-6)
    True
    """

    def __init__(
        self,
        estimator: Any,
        background: Any,
        *,
        method: Any = "coalition_gradients",
        response_method: Any = "auto",
        final_step: bool = False,
    ) -> None:
        self.method = method
        super().__init__(
            estimator,
            background,
            response_method=response_method,
            final_step=final_step,
        )

    def _attribution(self) -> Attribution:
        method: Attribution = resolve(Attribution, self.method)
        return method


def _norm(array: np.ndarray) -> np.floating:
    # Squares leave the range of single precision where outputs are large.
    return np.linalg.norm(array.astype(float))


def _shap(name: str) -> Any:
    try:
        with catch_warnings():
            # Importing shap 0.51 calls what matplotlib is about to deprecate.
            simplefilter("ignore", PendingDeprecationWarning)
            import shap
    except ImportError as missing:
        raise ImportError(
            f"{name} gives a shap.Explanation: pip install 'skbackprop[shap]', or use "
            "shap_values(X), which gives an array."
        ) from missing
    return shap
