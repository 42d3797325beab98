"""Each constructor parameter acts, whichever way it is given."""

import inspect

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.layers import ReLU, Tanh
from skbackprop.schedules import Adaptive, Constant, InverseScaling
from skbackprop.solvers import LBFGS, SGD, Adam
from skbackprop.training import LossBelow

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
KINDS = (BackpropClassifier, BackpropRegressor)


# ---------------------------------------------------------------------- each one acts

BASE = {"hidden_layer_sizes": (4,), "max_iter": 8, "random_state": 0}
SGD_BASE = {"solver": "sgd", "batch_size": 10, "learning_rate_init": 0.05}
STOPPED = {"early_stopping": True, "max_iter": 40, "learning_rate_init": 0.05}
# What the estimator has besides BASE, and the value that has to make a difference.
ACTS = {
    "hidden_layer_sizes": ({}, (5,)),
    "activation": ({}, "tanh"),
    "solver": ({}, "sgd"),
    "alpha": ({}, 1.0),
    "batch_size": ({}, 10),
    "learning_rate": (SGD_BASE, "invscaling"),
    "learning_rate_init": ({}, 0.1),
    "power_t": ({**SGD_BASE, "learning_rate": "invscaling"}, 0.1),
    "max_iter": ({}, 3),
    "shuffle": (SGD_BASE, False),
    "random_state": ({}, 1),
    "tol": ({"n_iter_no_change": 1}, 1e3),
    "momentum": (SGD_BASE, 0.5),
    "nesterovs_momentum": (SGD_BASE, False),
    "early_stopping": ({}, True),
    "validation_fraction": ({"early_stopping": True}, 0.4),
    "beta_1": ({}, 0.5),
    "beta_2": ({}, 0.5),
    "epsilon": ({}, 0.1),
    "n_iter_no_change": ({"tol": 1e3, "max_iter": 20}, 3),
    "max_fun": ({"solver": "lbfgs"}, 2),
    "n_hidden_layers": ({}, 2),
    "weight_init": ({}, "he_normal"),
    "normalization": ({}, "layer"),
    "dropout": ({}, 0.5),
    "input_dropout": ({}, 0.5),
    "dropconnect": ({}, 0.5),
    "penalty": ({"alpha": 1.0}, "l1"),
    "l1_ratio": ({"penalty": "elasticnet", "alpha": 1.0}, 0.9),
    "max_norm": ({}, 0.1),
    "clip_norm": (SGD_BASE, 1e-2),
    "clip_value": (SGD_BASE, 1e-2),
    "averaging": ({}, "ema"),
    "augmentation": ({}, "gaussian_noise"),
    "scaling": ({}, "standard"),
    "stopping": ({}, LossBelow(1e3)),
    "pruning": ({}, "gradual"),
}
ACTS_TOO = {
    BackpropClassifier: {
        "loss": ({}, "hinge"),
        "class_weight": ({}, {1: 5.0}),
        "scoring": (STOPPED, "loss"),
    },
    # The loss and R2 rank epochs alike: a third measure is needed.
    BackpropRegressor: {
        "loss": ({}, "poisson"),
        "scoring": (STOPPED, "neg_max_error"),
    },
}
# Not a matter of one fit's parameters: a test of its own, below or elsewhere.
APART = {"verbose", "warm_start", "gradient_health"}
ACTING = [
    pytest.param(kind, name, *case, id=f"{kind.__name__}-{name}")
    for kind, more in ACTS_TOO.items()
    for name, case in {**ACTS, **more}.items()
]


def fitted_parameters(estimator, data):
    estimator.fit(*data)
    return np.concatenate([a.ravel() for a in estimator.coefs_ + estimator.intercepts_])


def test_every_parameter_is_shown_to_act():
    for kind, more in ACTS_TOO.items():
        shown = {*ACTS, *more, *APART}
        assert shown == set(inspect.signature(kind).parameters)


@pytest.mark.parametrize(("kind", "name", "others", "value"), ACTING)
def test_parameter_changes_the_fit(kind, name, others, value, binary):
    estimator = kind(**{**BASE, **others})
    changed = clone(estimator).set_params(**{name: value})
    before, after = (fitted_parameters(e, binary) for e in (estimator, changed))
    assert before.shape != after.shape or not np.allclose(before, after, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_verbose_prints_each_epoch(kind, solver, binary, capsys):
    kind(**BASE, solver=solver).fit(*binary)
    assert capsys.readouterr().out == ""
    loud = kind(**BASE, solver=solver, verbose=True).fit(*binary)
    lines = capsys.readouterr().out.splitlines()
    for epoch, loss in enumerate(loud.loss_curve_, start=1):
        assert f"Iteration {epoch}, loss = {loss:.8f}" in lines


@pytest.mark.parametrize("kind", KINDS)
def test_warm_start_goes_on_where_the_last_fit_ended(kind, binary):
    for warm, same in ((False, True), (True, False)):
        estimator = kind(**BASE, warm_start=warm)
        first, second = (fitted_parameters(estimator, binary) for _ in range(2))
        assert np.array_equal(first, second) is same


# ------------------------------------------------------------------ names and objects

EQUAL = [
    ({"solver": "adam", "beta_1": 0.5}, {"solver": Adam(beta_1=0.5)}),
    ({"beta_2": 0.9, "epsilon": 0.1}, {"solver": Adam(beta_2=0.9, epsilon=0.1)}),
    ({"solver": "sgd", "momentum": 0.5}, {"solver": SGD(momentum=0.5)}),
    (
        {"solver": "sgd", "nesterovs_momentum": False},
        {"solver": SGD(nesterovs_momentum=False)},
    ),
    ({"solver": "lbfgs", "max_fun": 3}, {"solver": LBFGS(max_fun=3)}),
    ({"activation": "tanh"}, {"activation": Tanh()}),
    ({"activation": "tanh"}, {"activation": ["tanh"]}),
    (
        {"activation": "relu", "hidden_layer_sizes": (3, 3)},
        {"activation": [ReLU(), "relu"], "hidden_layer_sizes": (3, 3)},
    ),
    (
        {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.2},
        {"solver": "sgd", "learning_rate": InverseScaling(power_t=0.2)},
    ),
    (
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 1.0, "max_iter": 40},
        {"solver": "sgd", "learning_rate": Adaptive(), "tol": 1.0, "max_iter": 40},
    ),
    ({"learning_rate": "adaptive"}, {"learning_rate": Constant()}),
    ({"hidden_layer_sizes": (7, 3)}, {"hidden_layer_sizes": "7-3"}),
    ({"hidden_layer_sizes": (7, 3)}, {"hidden_layer_sizes": np.array([7, 3])}),
    ({"hidden_layer_sizes": (7,)}, {"hidden_layer_sizes": "7"}),
    ({"hidden_layer_sizes": (7,)}, {"hidden_layer_sizes": np.int64(7)}),
    (
        {"hidden_layer_sizes": (6, 6, 6)},
        {"hidden_layer_sizes": 6, "n_hidden_layers": 3},
    ),
    (
        {"hidden_layer_sizes": (6, 6)},
        {"hidden_layer_sizes": "6", "n_hidden_layers": 2},
    ),
    ({"hidden_layer_sizes": ()}, {"hidden_layer_sizes": 9, "n_hidden_layers": 0}),
    (
        {"hidden_layer_sizes": (6, 5)},
        {"hidden_layer_sizes": (6, 5), "n_hidden_layers": 2},
    ),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("plain", "rich"), EQUAL, ids=repr)
def test_two_ways_to_say_the_same(kind, plain, rich, binary):
    one, other = (
        fitted_parameters(kind(**{**BASE, **params}), binary)
        for params in (plain, rich)
    )
    assert_array_equal(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_schedule_objects_act_with_every_stepwise_solver(kind, binary):
    decaying = kind(**BASE, learning_rate=InverseScaling(power_t=1.0))
    constant = kind(**BASE)
    one, other = (fitted_parameters(e, binary) for e in (decaying, constant))
    assert not np.allclose(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_fit_never_writes_to_the_specs_it_was_given(kind, binary):
    specs = {"solver": Adam(), "learning_rate": Adaptive(), "activation": [Tanh()]}
    states = {name: str(vars(s)) for name, s in specs.items() if hasattr(s, "__dict__")}
    estimator = kind(**BASE, **specs).fit(*binary)
    for name, spec in specs.items():
        assert getattr(estimator, name) is spec
    assert states == {
        name: str(vars(s)) for name, s in specs.items() if hasattr(s, "__dict__")
    }


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_survive_the_round_trip(kind):
    values = {name: object() for name in inspect.signature(kind).parameters}
    assert kind(**values).get_params(deep=False) == values
    assert kind().set_params(**values).get_params(deep=False) == values


@pytest.mark.parametrize("kind", KINDS)
def test_nested_parameters_are_reached_through_specs(kind):
    estimator = kind(solver=Adam(beta_1=0.5), learning_rate=InverseScaling())
    params = estimator.get_params()
    assert params["solver__beta_1"] == 0.5
    assert params["learning_rate__power_t"] == 0.5
    estimator.set_params(solver__beta_1=0.6, learning_rate__power_t=0.1)
    assert estimator.solver.beta_1 == 0.6
    assert estimator.learning_rate.power_t == 0.1
