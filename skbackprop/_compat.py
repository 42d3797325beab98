"""The private names of scikit-learn that the package relies on, in one place.

scikit-learn gives no promise of stability for these: a release that moves one is
answered here and nowhere else.
"""

from collections.abc import Callable
from importlib import import_module
from inspect import signature
from typing import Any

from sklearn.base import _fit_context
from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils.validation import _check_sample_weight, _check_y
from threadpoolctl import OpenBLASController

# What searches are made of takes long to import: it is, by whoever asks for it.
_LATE = {
    "BaseSearchCV": "sklearn.model_selection._search",
    "_check_method_params": "sklearn.utils.validation",
    "_fit_and_score": "sklearn.model_selection._validation",
    "_insert_error_scores": "sklearn.model_selection._validation",
    "_safe_split": "sklearn.utils.metaestimators",
    "_warn_or_raise_about_fit_failures": "sklearn.model_selection._validation",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATE[name]), name)


def accepts_sample_weight(scorer: Callable) -> bool:
    """Tell whether a scorer takes ``sample_weight``.

    Parameters
    ----------
    scorer : callable
        What ``sklearn.metrics.check_scoring`` returned, or a user's function.

    Returns
    -------
    bool
        Whether weights can be handed to it.
    """
    # Imported when used, as all of ``sklearn.metrics`` here: it takes long.
    from sklearn.metrics._scorer import _BaseScorer

    if isinstance(scorer, _BaseScorer):
        return bool(scorer._accept_sample_weight())
    return "sample_weight" in signature(scorer).parameters


def release_openblas() -> None:
    """Let any thread change the number of OpenBLAS threads next.

    threadpoolctl 3.8 and later grant that to a single one at a time.
    """
    clear = getattr(OpenBLASController, "clear_controlling_thread", None)
    if clear is not None:
        clear(force=True)


__all__ = [
    "Interval",
    "InvalidParameterError",
    "Options",
    "StrOptions",
    "_check_sample_weight",
    "_check_y",
    "_fit_context",
    "accepts_sample_weight",
    "release_openblas",
    "validate_parameter_constraints",
]
