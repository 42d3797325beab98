"""Drawing from search spaces: for a trial of Optuna, or for random searches."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sklearn.base import BaseEstimator

from skbackprop.core.spec import resolve
from skbackprop.estimators._base import BaseBackprop
from skbackprop.tuning.choices import as_dimension
from skbackprop.tuning.spaces import Space

__all__ = ["distributions", "suggest"]

Draw = Callable[[Any], dict[str, Any]]


def suggest(
    trial: Any, estimator: Any, space: Any = "standard", *, prefix: str | None = None
) -> dict[str, Any]:
    """Let a trial of Optuna suggest parameters for an estimator.

    Parameters
    ----------
    trial : optuna.trial.Trial
        The trial.
    estimator : estimator
        One of this package's, or a Pipeline or other meta-estimator around one. It
        stays as it is.
    space : {'small', 'standard', 'wide'}, Space, mapping, callable or list, \
            default='standard'
        What to draw. A mapping leads from the names of parameters of ``estimator`` to
        dimensions, lists or distributions of Optuna; a callable takes the trial and
        returns parameters; a list of these draws from all of them.
    prefix : str, default=None
        What comes before the names that a space has, such as ``"model__"``. By
        default it is found, and that of a mapping is empty.

    Returns
    -------
    dict
        Parameters for ``estimator.set_params``.

    Examples
    --------
    >>> import optuna
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.tuning import suggest
    >>> model = make_pipeline(StandardScaler(), BackpropClassifier())
    >>> trial = optuna.trial.FixedTrial(
    ...     {
    ...         "backpropclassifier__hidden_layer_sizes": 32,
    ...         "backpropclassifier__learning_rate_init": 0.01,
    ...         "backpropclassifier__alpha": 1e-4,
    ...     }
    ... )
    >>> suggest(trial, model, "small")["backpropclassifier__hidden_layer_sizes"]
    32
    """
    return drawn_from(space, estimator, prefix)(trial)


def distributions(
    estimator: Any, space: Any = "standard", *, prefix: str | None = None
) -> list[dict[str, Any]]:
    """Return a space as scikit-learn's random searches take it.

    Parameters
    ----------
    estimator : estimator
        As for :func:`suggest`.
    space : str, Space, mapping or list, default='standard'
        As for :func:`suggest`, but for callables.
    prefix : str, default=None
        As for :func:`suggest`.

    Returns
    -------
    list of dict
        For ``param_distributions`` of ``RandomizedSearchCV`` and
        ``HalvingRandomSearchCV``: one for each way that conditions can fall out.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.tuning import distributions
    >>> [sorted(each) for each in distributions(BackpropRegressor(), "small")]
    [['alpha', 'hidden_layer_sizes', 'learning_rate_init']]
    """
    several = space if isinstance(space, list | tuple) else [space]
    cases: list[dict[str, Any]] = [{}]
    for each in several:
        named, before = _named(each, estimator, prefix)
        cases = [{**one, **more} for one in cases for more in _cases(named, before)]
    return cases


def drawn_from(space: Any, estimator: Any, prefix: str | None = None) -> Draw:
    """Return what draws parameters from a space.

    Parameters
    ----------
    space, estimator, prefix
        As for :func:`suggest`.

    Returns
    -------
    callable
        From a trial to parameters.
    """
    if isinstance(space, list | tuple):
        draws = [drawn_from(each, estimator, prefix) for each in space]
        return lambda trial: {k: v for draw in draws for k, v in draw(trial).items()}
    if callable(space) and not isinstance(space, type):
        return lambda trial: _returned(space, trial)
    named, before = _named(space, estimator, prefix)
    return lambda trial: _drawn(trial, named, before)


def names_drawn(space: Any, estimator: Any, prefix: str | None = None) -> Iterator[str]:
    """Go through the parameters that a space may draw.

    Parameters
    ----------
    space, estimator, prefix
        As for :func:`suggest`. What a callable draws nobody knows beforehand.

    Yields
    ------
    str
        A name; one may come more than once.
    """
    if isinstance(space, list | tuple):
        for each in space:
            yield from names_drawn(each, estimator, prefix)
    elif isinstance(space, type) or not callable(space):
        yield from _names(*_named(space, estimator, prefix))


def path_to_network(estimator: Any) -> str:
    """Return the prefix that leads to the parameters of the one network inside.

    Parameters
    ----------
    estimator : estimator
        A network, or a meta-estimator around one.

    Returns
    -------
    str
        Empty, or such as ``"model__"``.

    Raises
    ------
    ValueError
        If there is none, or more than one.
    """
    if isinstance(estimator, BaseBackprop):
        return ""
    if not isinstance(estimator, BaseEstimator):
        raise TypeError(
            f"An estimator of scikit-learn's kind is needed, got {estimator!r}."
        )
    inside = estimator.get_params().items()
    found = [name for name, value in inside if isinstance(value, BaseBackprop)]
    if len(found) != 1:
        raise ValueError(
            f"There is not one network of skbackprop in {type(estimator).__name__} but "
            f"{len(found)} {found}: give the space as a mapping from names of "
            "parameters, or say which one by prefix, as in prefix='model__'."
        )
    return f"{found[0]}__"


def _named(
    space: Any, estimator: Any, prefix: str | None
) -> tuple[Mapping[str, Any], str]:
    """Return the dimensions by name, and what comes before the names."""
    if isinstance(space, Mapping):
        return space, _ending(prefix or "")
    before = _ending(path_to_network(estimator) if prefix is None else prefix)
    inside = {"": estimator, **estimator.get_params()}
    network = inside.get(before.removesuffix("__"))
    if network is None:
        raise ValueError(
            f"prefix={prefix!r} leads to no parameter of {type(estimator).__name__}."
        )
    return resolve(Space, space).parameters(network), before


def _ending(prefix: str) -> str:
    return f"{prefix.removesuffix('__')}__" if prefix else ""


def _returned(space: Draw, trial: Any) -> dict[str, Any]:
    params = space(trial)
    if not isinstance(params, Mapping):
        raise TypeError(
            "A callable space is to return a mapping from parameters to values, got "
            f"{params!r}."
        )
    return dict(params)


def _drawn(trial: Any, named: Mapping[str, Any], before: str) -> dict[str, Any]:
    params: dict[str, Any] = {}
    for name, given in named.items():
        dimension, path = as_dimension(given), f"{before}{name}"
        params[path] = value = dimension.suggest(trial, path)
        params |= _drawn(trial, dimension.further(value), before)
    return params


def _names(named: Mapping[str, Any], before: str) -> Iterator[str]:
    for name, given in named.items():
        yield f"{before}{name}"
        for _, more in as_dimension(given).branches():
            yield from _names(more, before)


def _cases(named: Mapping[str, Any], before: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = [{}]
    for name, given in named.items():
        cases = [
            {**one, f"{before}{name}": part, **rest}
            for one in cases
            for part, more in as_dimension(given).branches()
            for rest in _cases(more, before)
        ]
    return cases
