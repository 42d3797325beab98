"""The private names of scikit-learn that the package relies on, in one place.

scikit-learn gives no promise of stability for these: a release that moves one is
answered here and nowhere else.
"""

from collections.abc import Callable
from inspect import signature

from sklearn.base import _fit_context
from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
)
from sklearn.utils.validation import _check_sample_weight, _check_y
from threadpoolctl import OpenBLASController


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
]
