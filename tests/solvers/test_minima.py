"""Every solver finds minima that are known: solvers x problems x types."""

from functools import cache
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge

from skbackprop.core.data import Data, MatrixTarget, OneHotTarget
from skbackprop.evaluation import Evaluation
from skbackprop.layers import Dense
from skbackprop.losses import BinaryCrossEntropy, CrossEntropy, Poisson, SquaredError
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.penalties import L2
from skbackprop.schedules import Exponential, Polynomial
from skbackprop.solvers import Solver, Status

from ..builders import problem

N_ROWS, N_IN, ALPHA = 40, 3, 1.5
X = np.random.RandomState(0).normal(size=(N_ROWS, N_IN))
NOISE = np.random.RandomState(1).normal(size=(N_ROWS, 3))
LATENT = X @ np.array([[1.0, 0.5, -1.0], [-1.0, 0.3, 0.0], [0.5, 1.0, 2.0]]) + NOISE
WEIGHT = np.random.RandomState(2).randint(3, size=N_ROWS).astype(float)


def ridge(y, weight):
    model = Ridge(alpha=ALPHA).fit(X, y, weight)
    return model.coef_.T, model.intercept_


def logistic(y, weight):
    model = LogisticRegression(C=1 / ALPHA, tol=1e-10, max_iter=1000)
    model.fit(X, y.ravel(), weight)
    return model.coef_.T, model.intercept_


def poisson(y, weight):
    total = N_ROWS if weight is None else weight.sum()
    model = PoissonRegressor(alpha=ALPHA / total, tol=1e-10, max_iter=1000)
    model.fit(X, y.ravel(), weight)
    return model.coef_[:, np.newaxis], np.atleast_1d(model.intercept_)


CLASSES = LATENT.argmax(axis=1)[:, np.newaxis]
YES = (LATENT[:, :1] > 0).astype(int)
COUNTS = np.floor(np.exp(0.5 * LATENT[:, :1]))
# The loss, targets as the network and as scikit-learn sees them, and the minimum.
PROBLEMS = {
    "least squares": (
        SquaredError(),
        MatrixTarget(LATENT[:, :1]),
        LATENT[:, :1],
        ridge,
    ),
    "several outputs": (SquaredError(), MatrixTarget(LATENT), LATENT, ridge),
    "yes or no": (BinaryCrossEntropy(), MatrixTarget(YES), YES, logistic),
    "classes": (CrossEntropy((3,)), OneHotTarget(CLASSES, (3,)), CLASSES, logistic),
    "counts": (Poisson(), MatrixTarget(COUNTS), COUNTS, poisson),
}
# A solver that needs other settings than these gets a row.
SETTINGS = {
    "gd": {"learning_rate_init": 0.5, "max_iter": 600},
    "adagrad": {"learning_rate_init": 0.5},
    "amsgrad": {"learning_rate_init": 0.2},
    # Steps of one size come to rest only where the rate does.
    "nadam": {"learning_rate_init": 0.2, "schedule": Polynomial(2.0)},
    "rmsprop": {"learning_rate_init": 0.05, "schedule": Polynomial(2.0)},
    "lion": {"learning_rate_init": 0.2, "schedule": Exponential(0.97)},
    "adadelta": {"learning_rate_init": 25.0, "schedule": Exponential(0.985)},
}
# What a solver does beside minimising the objective is switched off.
SOLVERS = {
    "adamw": {"weight_decay": 0.0},
}
DEFAULTS = {"max_iter": 300, "tol": 1e-7}
DTYPES = {"single": np.float32, "double": np.float64}


@cache
def known_minimum(name, weighted):
    _, _, y, minimum = PROBLEMS[name]
    return minimum(y, WEIGHT if weighted else None)


def setup(name, dtype, weight):
    loss, target, _, _ = PROBLEMS[name]
    network = Network([Dense(target.width)], N_IN)
    data = Data(X.astype(dtype), target, weight)
    theta = np.zeros(network.layout.size, dtype)
    coef, intercept = known_minimum(name, weight is not None)
    arrays = {"weight": [coef.reshape(N_IN, -1)], "bias": [intercept]}
    best = network.layout.pack(arrays, np.dtype(float))
    return Objective(network, loss, L2(ALPHA)), data, theta, best


def value(objective, data, theta):
    at = Evaluation(objective, theta.astype(float), data)
    return at.loss() + at.penalty()


@pytest.mark.parametrize(
    ("solver", "name", "dtype"), list(product(Solver.members(), PROBLEMS, DTYPES))
)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
def test_a_known_minimum_is_reached(solver, name, dtype, weight):
    objective, data, theta, best = setup(name, DTYPES[dtype], weight)
    settings = DEFAULTS | SETTINGS.get(solver, {})
    member = Solver.members()[solver](**SOLVERS.get(solver, {}))
    solution = member.minimise(problem(objective, data, theta, **settings))
    assert solution.status in {Status.CONVERGED, Status.BUDGET_SPENT}
    assert theta.dtype == DTYPES[dtype]
    lowest = value(objective, data, best)
    assert value(objective, data, theta) - lowest < (
        1e-5 if dtype == "single" else 1e-7
    )
    if name != "classes":  # shifting all scores of a row changes nothing
        assert_allclose(theta, best, atol=5e-3 if dtype == "single" else 1e-3)
