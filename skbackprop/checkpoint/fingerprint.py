"""Fingerprints: what tells one fit from another, in words and digests."""

import json
from collections.abc import Mapping
from importlib import import_module

from skbackprop.checkpoint.descriptions import described, digest, name_of
from skbackprop.training import keeping
from skbackprop.training.rows import Rows

# What has no influence on the model.
IDLE = {"verbose"}
PACKAGES = ("skbackprop", "numpy", "scipy", "sklearn")


def fingerprint(beginning: keeping.Beginning) -> dict[str, str]:
    """Return what the outcome of a fit depends on.

    Parameters
    ----------
    beginning : Beginning
        The fit.

    Returns
    -------
    dict of str to str
        A description of each part; large ones with a digest.
    """
    estimator = beginning.estimator
    params = estimator.get_params(deep=False)
    versions = {f"version of {p}": import_module(p).__version__ for p in PACKAGES}
    return {
        "estimator": name_of(type(estimator)),
        **versions,
        **{name: described(params[name]) for name in sorted(params.keys() - IDLE)},
        **_of_rows(beginning.rows, ""),
        **({} if beginning.held_out is None else _of_rows(beginning.held_out, "_val")),
        "start": _start(beginning),
    }


def key_of(prints: Mapping[str, str]) -> str:
    """Return a short name of a fit.

    Parameters
    ----------
    prints : dict of str to str
        Its fingerprint.

    Returns
    -------
    str
        Sixteen digits.
    """
    return digest([json.dumps(prints, sort_keys=True).encode()])[:16]


def differences(was: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Say in what two fits differ.

    Parameters
    ----------
    was, now : dict of str to str
        Their fingerprints.

    Returns
    -------
    str
        Part after part; empty if they are the same.
    """
    names = [*dict.fromkeys([*now, *was])]
    return "; ".join(
        f"{name} was {was.get(name, 'not given')} and is {now.get(name, 'not given')}"
        for name in names
        if was.get(name) != now.get(name)
    )


def _of_rows(rows: Rows, suffix: str) -> dict[str, str]:
    return {
        f"X{suffix}": described(rows.X),
        f"y{suffix}": described(rows.target.encoded),
        f"weights of rows{suffix}": described(rows.weight),
    }


def _start(beginning: keeping.Beginning) -> str:
    """Say what the parameters begin with, which ``warm_start`` takes from before."""
    given, old = beginning.given, beginning.estimator
    parts = [given.coefs_init, given.intercepts_init]
    if beginning.going_on:
        parts += [old.coefs_, old.intercepts_, old.extra_params_]
        parts += [old.masks_, old.intercept_masks_, old.t_, old.loss_curve_]
    return digest([described(parts).encode()])
