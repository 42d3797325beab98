"""Seeded data sets that are small enough to fit a network to in milliseconds.

The arrays are read-only: whatever writes to its input fails at once.
"""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import settings

# A busy machine is no fault of the code: examples have no deadline.
settings.register_profile("skbackprop", deadline=None)
settings.load_profile("skbackprop")

N_ROWS, N_FEATURES = 60, 5


class Data(NamedTuple):
    """Inputs and targets."""

    X: np.ndarray
    y: np.ndarray


def _data(make_targets):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_ROWS, N_FEATURES))
    y = make_targets(X, rng)
    X.flags.writeable = y.flags.writeable = False
    return Data(X, y)


def _three_classes(X):
    return np.digitize(X[:, 0] + 0.5 * X[:, 1], [-0.5, 0.5])


@pytest.fixture(scope="session")
def binary():
    """Two classes, 0 and 1."""
    return _data(lambda X, rng: (X[:, 0] > X[:, 1]).astype(int))


@pytest.fixture(scope="session")
def multiclass():
    """Three classes, 0, 1 and 2."""
    return _data(lambda X, rng: _three_classes(X))


@pytest.fixture(scope="session")
def multilabel():
    """Three labels, any number of which may hold."""
    return _data(lambda X, rng: (X[:, :3] > 0.2).astype(int))


@pytest.fixture(scope="session")
def multioutput():
    """Two outputs, of three and of two classes."""
    return _data(
        lambda X, rng: np.column_stack([_three_classes(X), (X[:, 2] > 0).astype(int)])
    )


@pytest.fixture(scope="session")
def regression():
    """One real target."""
    return _data(lambda X, rng: np.sin(X[:, 0]) + X[:, 1] + rng.normal(0, 0.1, N_ROWS))


@pytest.fixture(scope="session")
def multi_regression():
    """Two real targets."""
    return _data(lambda X, rng: np.column_stack([X[:, 0], X[:, 1] - 2 * X[:, 2]]))


@pytest.fixture(scope="session")
def counts():
    """Counts, whose logarithm is linear in the inputs."""
    return _data(lambda X, rng: rng.poisson(np.exp(X[:, 0])).astype(float))
