"""What an estimator looks up when it is first asked for, so that it imports fast.

``import skbackprop`` brings the estimators and nothing that trains or predicts: it
takes no longer than the import of scikit-learn's networks. The first fit, or the first
model that is loaded, imports what it needs; the methods that need it do so.

Several threads may come first at once. Python then waits for modules that another
thread is about to import, without a deadlock as long as all of them import a package
before its modules: see ``tests/test_import_order.py``.
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


def load_everything() -> None:
    """Import what trains and predicts, in the order of a fit.

    For a model that is being loaded: what it is made of is about to be imported one by
    one, modules before their packages.
    """
    # For what it brings along; nothing of it is used here.
    import skbackprop.estimators._training  # noqa: F401
