"""What an estimator looks up when it is first asked for, so that it imports fast.

``import skbackprop`` brings the estimators and nothing that trains or predicts: it
takes no longer than the import of scikit-learn's networks. The first fit, or the first
prediction of a model that was loaded, imports what it needs.
"""

from typing import Any


class Constraints:
    """The ``_parameter_constraints`` of an estimator.

    Parameters
    ----------
    table : str
        The name of the table in ``skbackprop.estimators._constraints``.
    """

    def __init__(self, table: str) -> None:
        self.table = table

    def __get__(self, estimator: Any, owner: type | None = None) -> dict[str, list]:
        from skbackprop.estimators import _constraints

        return getattr(_constraints, self.table)
