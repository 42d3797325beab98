"""Every parameter, and those of the objects in slots, in every kind of search."""

import inspect

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
)

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.augmentation import GaussianNoise
from skbackprop.averaging import EMA
from skbackprop.initializers import Normal
from skbackprop.layers import Dropout, GroupNorm, LeakyReLU, Tanh
from skbackprop.losses import Focal, Huber
from skbackprop.penalties import ElasticNet
from skbackprop.pruning import Gradual
from skbackprop.schedules import Cosine
from skbackprop.solvers import SGD, Adam
from skbackprop.training import LossBelow
from skbackprop.training.scaling import Robust
from skbackprop.tuning import BackpropSearchCV, Choice, Float, Integer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BASE = {"hidden_layer_sizes": 4, "max_iter": 2, "random_state": 0}
# Of each parameter two values that differ from one another.
BOTH = {
    "hidden_layer_sizes": [(4, 2), "3-2"],
    "activation": ["relu", Tanh()],
    "solver": ["nesterov", Adam(beta_2=0.9)],
    "alpha": [0.0, 1.0],
    "batch_size": [10, "auto"],
    "learning_rate": ["constant", Cosine()],
    "learning_rate_init": [1e-3, 1e-1],
    "power_t": [0.3, 0.6],
    "max_iter": [1, 3],
    "shuffle": [True, False],
    "random_state": [0, 1],
    "tol": [0.0, 1.0],
    "verbose": [False, 0],
    "warm_start": [False, True],
    "momentum": [0.0, 0.9],
    "nesterovs_momentum": [True, False],
    "early_stopping": [True, False],
    "validation_fraction": [0.2, 0.4],
    "beta_1": [0.0, 0.9],
    "beta_2": [0.9, 0.999],
    "epsilon": [1e-8, 1e-2],
    "n_iter_no_change": [1, 5],
    "max_fun": [5, 10],
    "scoring": [None, "loss"],
    "n_hidden_layers": [0, 2],
    "weight_init": ["auto", Normal()],
    "normalization": [None, "batch"],
    "dropout": [0.0, Dropout(0.5)],
    "input_dropout": [0.0, 0.5],
    "dropconnect": [0.0, 0.5],
    "penalty": ["l1", ElasticNet()],
    "l1_ratio": [0.0, 0.9],
    "max_norm": [None, 0.1],
    "clip_norm": [None, 0.1],
    "clip_value": [None, 0.1],
    "averaging": [None, EMA()],
    "augmentation": [None, GaussianNoise()],
    "scaling": [None, "standard"],
    "stopping": [None, LossBelow(1e3)],
    "pruning": [None, Gradual()],
    "gradient_health": [True, False],
}
OF_THE_CLASSIFIER = {"loss": ["log_loss", Focal()], "class_weight": [None, "balanced"]}
OF_THE_REGRESSOR = {"loss": ["squared_error", Huber()]}
# Objects to begin with, and what is searched of them.
SLOTS = {
    "activation": LeakyReLU(),
    "solver": SGD(),
    "learning_rate": Cosine(),
    "weight_init": Normal(),
    "normalization": GroupNorm(2),
    "dropout": Dropout(0.1),
    "penalty": ElasticNet(),
    "averaging": EMA(),
    "augmentation": GaussianNoise(),
    "scaling": Robust(),
    "stopping": LossBelow(1e-3),
}


def kinds():
    for kind, own in (
        (BackpropClassifier, OF_THE_CLASSIFIER),
        (BackpropRegressor, OF_THE_REGRESSOR),
    ):
        names = inspect.signature(kind).parameters
        yield kind, {n: v for n, v in {**BOTH, **own}.items() if n in names}


TABLES = dict(kinds())
ONE_BY_ONE = [(kind, name) for kind, table in TABLES.items() for name in table]


@pytest.fixture
def data(multiclass, regression):
    return {BackpropClassifier: multiclass, BackpropRegressor: regression}


@pytest.mark.parametrize("kind", TABLES)
def test_the_table_has_every_parameter(kind):
    assert set(TABLES[kind]) == set(inspect.signature(kind).parameters)


@pytest.mark.parametrize(("kind", "name"), ONE_BY_ONE)
def test_a_grid_over_each_parameter(kind, name, data):
    values = TABLES[kind][name]
    search = GridSearchCV(kind(**BASE), {name: values}, cv=2, error_score="raise")
    search.fit(*data[kind])
    assert search.best_params_[name] in values
    fitted = search.best_estimator_.get_params()[name]
    assert fitted == search.best_params_[name]


@pytest.mark.parametrize("slot", SLOTS)
def test_a_grid_over_what_an_object_holds(slot, multiclass):
    held = SLOTS[slot]
    nested = {
        f"{slot}__{name}": [value]
        for name, value in held.get_params(deep=False).items()
    }
    assert nested
    model = BackpropClassifier(**BASE | {slot: held})
    search = GridSearchCV(model, nested, cv=2, error_score="raise")
    search.fit(*multiclass)
    assert set(nested) <= set(search.best_estimator_.get_params())


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_random_search_over_all_of_them_at_once(kind, n_jobs, data):
    search = RandomizedSearchCV(
        kind(**BASE),
        mixable(kind),
        n_iter=6,
        cv=2,
        random_state=0,
        n_jobs=n_jobs,
        error_score="raise",
    ).fit(*data[kind])
    assert set(search.best_params_) == set(mixable(kind))


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("pruner", ["none", "hyperband"])
def test_optuna_over_all_of_them_at_once(kind, pruner, data):
    pytest.importorskip("optuna")
    space = {name: Choice(values) for name, values in mixable(kind).items()}
    search = BackpropSearchCV(
        kind(**BASE),
        space,
        n_trials=6,
        cv=2,
        random_state=0,
        pruner=pruner,
        error_score="raise",
    ).fit(*data[kind])
    best = search.best_estimator_.get_params()
    assert {name: best[name] for name in space} == search.best_params_


def test_optuna_over_what_objects_hold(multiclass):
    pytest.importorskip("optuna")
    space = {
        "solver__momentum": Float(0.0, 0.9),
        "penalty__l1_ratio": Float(0.0, 1.0),
        "dropout__rate": Float(0.0, 0.5),
        "n_hidden_layers": Integer(1, 2),
    }
    model = BackpropClassifier(
        **BASE, solver=SGD(), penalty=ElasticNet(), dropout=Dropout(0.1)
    )
    search = BackpropSearchCV(model, space, n_trials=4, cv=2, random_state=0, n_jobs=2)
    search.set_params(error_score="raise").fit(*multiclass)
    assert (
        search.best_estimator_.solver.momentum
        == (search.best_params_["solver__momentum"])
    )


@pytest.mark.parametrize("halving", [HalvingGridSearchCV, HalvingRandomSearchCV])
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_halving_by_epochs(halving, n_jobs, multiclass):
    search = halving(
        BackpropClassifier(**BASE, solver=SGD()),
        {"solver__momentum": [0.0, 0.5, 0.9], "alpha": [1e-4, 1.0]},
        resource="max_iter",
        max_resources=9,
        min_resources=3,
        cv=2,
        random_state=0,
        n_jobs=n_jobs,
        error_score="raise",
    ).fit(*multiclass)
    assert search.n_resources_ == [3, 9]
    assert search.best_estimator_.max_iter == 9


def mixable(kind):
    """All parameters at once, without values that exclude each other."""
    table = dict(TABLES[kind])
    table["hidden_layer_sizes"] = [3, 4]
    table["verbose"] = [False]
    # Its plan needs more epochs than there are.
    table["pruning"] = [None]
    return table


def test_the_values_of_the_table_survive_a_clone():
    for table in TABLES.values():
        for values in table.values():
            for value in values:
                again = clone(value, safe=False)
                assert np.array_equal(again, value) or again == value
