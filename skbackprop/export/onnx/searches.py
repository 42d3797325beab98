"""Searches over parameters: what is converted is the best estimator."""

from collections.abc import Iterator

from skl2onnx import update_registered_parser
from skl2onnx._parse import _parse_sklearn_grid_search_cv
from skl2onnx._supported_operators import sklearn_operator_name_map
from sklearn.model_selection import GridSearchCV

from skbackprop._compat import BaseSearchCV

__all__ = ["register_searches"]


def register_searches() -> None:
    """Tell skl2onnx that all searches are converted as a ``GridSearchCV`` is.

    Those that are imported by then and that it does not know: the random and the
    halving ones of scikit-learn, ``BackpropSearchCV``, and those of others.
    """
    alias = sklearn_operator_name_map[GridSearchCV]
    for kind in _descendants(BaseSearchCV):
        if kind not in sklearn_operator_name_map:
            sklearn_operator_name_map[kind] = alias
            update_registered_parser(kind, _parse_sklearn_grid_search_cv)


def _descendants(kind: type) -> Iterator[type]:
    subclasses: list[type] = kind.__subclasses__()
    for each in subclasses:
        yield each
        yield from _descendants(each)
