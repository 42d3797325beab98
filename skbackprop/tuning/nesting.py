"""Where the network is in a candidate: in Pipelines, and around targets that change."""

from collections.abc import Iterator
from copy import copy
from functools import singledispatch
from typing import Any

from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline


@singledispatch
def inside(estimator: Any) -> tuple[str, Any] | None:
    """Return what a fit trains inside, once, and the parameter that it is.

    Parameters
    ----------
    estimator : estimator
        A candidate, or what is inside one.

    Returns
    -------
    tuple of str and estimator, or None
        None if there is nothing, or nothing that is trained just once.
    """
    return None


@inside.register
def _(estimator: Pipeline) -> tuple[str, Any] | None:
    name, step = estimator.steps[-1]
    return name, step


@inside.register
def _(estimator: TransformedTargetRegressor) -> tuple[str, Any] | None:
    # It fits a clone.
    return "regressor", getattr(estimator, "regressor_", estimator.regressor)


@singledispatch
def around(estimator: Any, network: Any) -> Any:
    """Return a fitted candidate with another network in the place of its own.

    Parameters
    ----------
    estimator : estimator
        A candidate, all of which is fitted but the network.
    network : estimator
        What takes its place.

    Returns
    -------
    estimator
        A shallow copy, or the network.
    """
    return network


@around.register
def _(estimator: Pipeline, network: Any) -> Any:
    again, (name, step) = copy(estimator), estimator.steps[-1]
    again.steps = [*estimator.steps[:-1], (name, around(step, network))]
    return again


@around.register
def _(estimator: TransformedTargetRegressor, network: Any) -> Any:
    again = copy(estimator)
    again.regressor_ = around(estimator.regressor_, network)
    return again


def levels(estimator: Any) -> Iterator[tuple[str, Any]]:
    """Go inside, level by level.

    Parameters
    ----------
    estimator : estimator
        A candidate.

    Yields
    ------
    path : str
        What the names of parameters begin with, such as ``"regressor__"``.
    estimator : estimator
        The candidate first, the network last.
    """
    path, found = "", inside(estimator)
    yield path, estimator
    while found is not None:
        name, estimator = found
        path, found = f"{path}{name}__", inside(estimator)
        yield path, estimator


def network_in(estimator: Any) -> Any:
    """Return what is trained in a candidate: the innermost of its levels.

    Parameters
    ----------
    estimator : estimator
        A candidate, fitted or not.

    Returns
    -------
    estimator
        A network, where there is one.
    """
    return list(levels(estimator))[-1][1]
