"""Handing a fitted estimator to other software; each part is imported when used."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from scipy.sparse import issparse

__all__ = ["register_onnx", "to_onnx", "to_torch"]


def to_onnx(model: Any, X: Any = None, **options: Any) -> Any:
    """Convert a fitted estimator, or a pipeline around one, to ONNX.

    :func:`skl2onnx.to_onnx` once the converters are registered. The graph computes in
    the type of its input: train on ``float32``, or pass ``X`` as such, for a small and
    fast model.

    Parameters
    ----------
    model : estimator
        A fitted estimator of the package, or a pipeline, a search or another
        scikit-learn estimator that has one inside.
    X : array-like of shape (n_samples, n_features), default=None
        Rows that show the type and the number of features, an array or a frame;
        alternatively, pass ``initial_types``.
    **options : dict
        What :func:`skl2onnx.to_onnx` takes besides: ``options={"zipmap": False}`` for
        probabilities as a matrix rather than as dictionaries, ``target_opset``.

    Returns
    -------
    onnx.ModelProto
        The model. A classifier has two outputs, labels and probabilities (raw scores
        where its loss has none), the others have one.

    See Also
    --------
    register_onnx : Register the converters without converting.

    Examples
    --------
    >>> import onnxruntime
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.export import to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((10,), solver="lbfgs", random_state=0).fit(X, y)
    >>> graph = to_onnx(model, X[:1].astype("float32"), options={"zipmap": False})
    >>> session = onnxruntime.InferenceSession(graph.SerializeToString())
    >>> labels, probabilities = session.run(None, {"X": X.astype("float32")})
    >>> bool((labels == model.predict(X)).all())
    True
    """
    register_onnx()
    if options.get("initial_types") is None:
        X = _shown(model, X)
    return import_module("skl2onnx").to_onnx(model, X, **options)


def _shown(model: Any, X: Any) -> Any:
    """Return rows as skl2onnx looks at them, if they are what the model takes."""
    if X is None or issparse(X):
        raise TypeError(
            "to_onnx needs a dense X, as X[:1] or X[:1].toarray(), that shows the type "
            f"and the number of features, or else initial_types; got {X!r}."
        )
    # Text has no features before it is taken apart.
    n_features = getattr(model, "n_features_in_", None)
    if n_features is not None and np.shape(X)[1:] != (n_features,):
        raise ValueError(
            f"X has the shape {np.shape(X)}, but {type(model).__name__} was fitted to "
            f"rows of {n_features} features: pass X as for predict."
        )
    return np.asarray(X) if isinstance(X, list | tuple) else X


def register_onnx(*kinds: type) -> None:
    """Tell skl2onnx how the estimators of the package are converted.

    :func:`to_onnx` does so by itself. Call this before ``skl2onnx.to_onnx`` or
    ``skl2onnx.convert_sklearn``.

    Parameters
    ----------
    *kinds : type
        Subclasses of the estimators to register as well: skl2onnx goes by the very
        class.
    """
    _part("onnx", "register", "skbackprop[onnx]")(*kinds)


def to_torch(estimator: Any, *, raw: bool = False) -> Any:
    """Hand a fitted network to PyTorch.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor or BackpropEmbedder
        A fitted one; not changed, and no memory is shared.
    raw : bool, default=False
        Whether the module ends with the raw scores, as PyTorch's losses take them. By
        default it answers what ``predict_proba``, ``predict`` of a regressor or
        ``transform`` do, always in columns; raw scores too where the loss of a
        classifier has no probabilities. Several outputs of classes make a tuple.

    Returns
    -------
    torch.nn.Sequential
        In evaluation mode, in the floating type of the weights. Layers are PyTorch's
        own where it has them. What is random or goes by batches in training does so
        again after ``.train()``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.export import to_torch
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((10,), solver="lbfgs", random_state=0).fit(X, y)
    >>> import torch  # doctest: +SKIP
    >>> to_torch(model)(torch.from_numpy(X)).shape  # doctest: +SKIP
    torch.Size([150, 3])
    """
    return _part("torch", "to_torch", "skbackprop[torch]")(estimator, raw=raw)


def _part(module: str, name: str, package: str) -> Callable[..., Any]:
    """Return a function of a part that needs further packages."""
    try:
        part = import_module(f"skbackprop.export.{module}")
    except ModuleNotFoundError as missing:
        raise ImportError(
            f"{missing.name} is missing: pip install '{package}'."
        ) from missing
    function: Callable[..., Any] = getattr(part, name)
    return function
