"""Every wrong parameter: refused before any work, with what was got and may be."""

import inspect
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import InvalidParameterError

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.initializers import Zeros
from skbackprop.layers import BatchNorm, Dropout, ReLU
from skbackprop.penalties import L2
from skbackprop.pruning import OneShot
from skbackprop.schedules import Adaptive, InverseScaling
from skbackprop.solvers import LBFGS, SGD, Adam

KINDS = (BackpropClassifier, BackpropRegressor)

# Values that the parameter does not take, alone.
WRONG = {
    "loss": ["log", "crossentropy", None, 1, ReLU()],
    "hidden_layer_sizes": [0, -3, 2.5, None],
    "activation": ["softplus?", None, 1, ReLU, Adam()],
    "solver": ["newton", None, Adam, ReLU(), 1],
    "alpha": [-1e-3, "1", None, np.nan],
    "batch_size": [0, -1, 2.5, "all", None],
    "learning_rate": ["fast", None, 0.1, Adaptive, Adam()],
    "learning_rate_init": [0.0, -1.0, None, "auto"],
    "power_t": [-0.1, None],
    "max_iter": [0, -1, 1.5, None, "many"],
    "shuffle": ["yes", 2, None],
    "random_state": ["seed", -1, 1.5],
    "tol": [-1.0, None],
    "verbose": [-1, "loud", None],
    "warm_start": ["no", None],
    "momentum": [-0.1, 1.1, None],
    "nesterovs_momentum": ["no", None],
    "early_stopping": ["no", None],
    "validation_fraction": [-0.1, 1.0, 2, None],
    "beta_1": [-0.1, 1.0, None],
    "beta_2": [-0.1, 1.0, None],
    "epsilon": [0.0, -1.0, None],
    "n_iter_no_change": [0, -np.inf, 1.5, None],
    "max_fun": [0, 1.5, None],
    "scoring": [1, "no such scorer", ["accuracy"]],
    "class_weight": ["unbalanced", 2.0, (1, 2)],
    "n_hidden_layers": [-1, 1.5, "3"],
    "weight_init": ["xavier", None, 0.1, Zeros, ReLU()],
    "normalization": ["instance", 0.1, BatchNorm, ReLU()],
    "dropout": ["half", -0.1, 1.0, None, Dropout, ReLU()],
    "input_dropout": ["half", -0.1, 1.0, None, [0.5], ReLU()],
    "dropconnect": ["half", -0.1, 1.0, None, Dropout()],
    "penalty": ["lasso", 0.1, L2, ReLU()],
    "l1_ratio": [-0.1, 1.1, "half", None],
    "max_norm": [0.0, -1.0, "auto"],
    "clip_norm": [0.0, -1.0, "auto"],
    "clip_value": [0.0, -1.0, "auto"],
    "averaging": ["median", 0.9, True, Adam()],
    "augmentation": ["flip", 0.1, Dropout()],
    "scaling": ["minmax", True, 1.0, ReLU()],
    "stopping": ["never", 0.1, Adam()],
    "pruning": ["never", 0.5, Adam(), OneShot],
    "gradient_health": ["yes", 0, -1, 2.5, None],
}
WRONG_CASES = [
    pytest.param(kind, name, value, id=f"{kind.__name__}-{name}={value!r:.30}")
    for kind in KINDS
    for name in inspect.signature(kind).parameters
    for value in WRONG[name]
]


def refuse(estimator, data, error, match):
    with pytest.raises(error, match=match):
        estimator.fit(*data)
    assert not hasattr(estimator, "coefs_"), "the fit had begun"


def test_every_parameter_has_wrong_values():
    for kind in KINDS:
        assert set(inspect.signature(kind).parameters) <= set(WRONG)


@pytest.mark.parametrize(("kind", "name", "value"), WRONG_CASES)
def test_wrong_value_is_refused(kind, name, value, binary):
    message = rf"The '{name}' parameter of {kind.__name__} must be .* Got .* instead"
    refuse(kind(**{name: value}), binary, InvalidParameterError, message)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["alpha", "solver", "scoring", "n_hidden_layers"])
def test_partial_fit_refuses_it_too(kind, name, binary):
    with pytest.raises(InvalidParameterError, match=f"'{name}' parameter"):
        kind(**{name: WRONG[name][0]}).partial_fit(*binary)


SHAPES = [
    *[[3, 0], [-1], (4, -4), [3.7], (2.0, 4), ["3"], [None], [np.nan], [[3, 4]]],
    *["4-0", "4--4", "4-", "-4", "4,4", "4x4", "4.5", "wide", "0"],
    np.array([4, 0]),
    *[10**30, (3, 10**30), "9" * 30],
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES, ids=repr)
def test_widths_that_are_no_positive_integers_are_refused(kind, shape, binary):
    estimator = kind(hidden_layer_sizes=shape)
    refuse(estimator, binary, ValueError, "hidden_layer_sizes")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("sizes", "depth"), [((3, 4), 3), ("3-4", 1), ((), 2), ((3, 4), 0), (3, 10**30)]
)
def test_depth_that_contradicts_the_widths_is_refused(kind, sizes, depth, binary):
    estimator = kind(hidden_layer_sizes=sizes, n_hidden_layers=depth)
    refuse(estimator, binary, ValueError, "n_hidden_layers")


@pytest.mark.parametrize("sizes", [3, np.int64(3), np.array(3), np.array([3])])
def test_widths_may_come_as_numbers_of_any_kind(sizes, binary):
    estimator = BackpropClassifier(hidden_layer_sizes=sizes, max_iter=1, tol=1e9)
    estimator.set_params(n_iter_no_change=1, solver="lbfgs")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        assert estimator.fit(*binary).coefs_[0].shape[1] == 3


ACTIVATIONS = [
    (["relu"], "activation.*1.*2|2.*activation.*1"),
    (["relu"] * 3, "activation"),
    ([], "activation"),
    (["relu", "nonsense"], "nonsense"),
    (["relu", None], "None"),
    ([ReLU(), Adam()], "Adam"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("activation", "match"), ACTIVATIONS, ids=repr)
def test_wrong_list_of_activations_is_refused(kind, activation, match, binary):
    estimator = kind(hidden_layer_sizes=(3, 4), activation=activation)
    refuse(estimator, binary, ValueError, match)


SPECS = [
    ("solver", Adam(beta_1=1.0), "beta_1"),
    ("solver", Adam(epsilon=-1.0), "epsilon"),
    ("solver", SGD(momentum=2.0), "momentum"),
    ("solver", SGD(nesterovs_momentum="no"), "nesterovs_momentum"),
    ("solver", LBFGS(max_fun=0), "max_fun"),
    ("learning_rate", InverseScaling(power_t=-1.0), "power_t"),
    ("learning_rate", Adaptive(factor="5"), "factor"),
    ("learning_rate", Adaptive(min_rate=-1.0), "min_rate"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("slot", "spec", "name"), SPECS, ids=repr)
def test_wrong_value_inside_a_spec_is_refused(kind, slot, spec, name, binary):
    message = rf"The '{name}' parameter of {type(spec).__name__} must be"
    refuse(kind(**{slot: spec}), binary, InvalidParameterError, message)


WEIGHTS = [
    ({"no such class": 2.0}, "class"),
    ([{0: 1.0}, {1: 1.0}], "class_weight|multi-output"),
    *[
        ({0: weight, 1: 3.0}, "class_weight must hold finite numbers")
        for weight in (-1.0, np.inf, np.nan, "x", None, 1j)
    ],
    (["balanced"], "class_weight is a list of 1 for 1 output"),
]


@pytest.mark.parametrize(("class_weight", "match"), WEIGHTS, ids=repr)
def test_class_weight_that_does_not_fit_the_targets_is_refused(
    class_weight, match, binary
):
    estimator = BackpropClassifier(class_weight=class_weight)
    refuse(estimator, binary, ValueError, match)


def test_scorer_that_is_no_number_is_refused(binary):
    estimator = BackpropClassifier(
        early_stopping=True, scoring=lambda estimator, X, y: "good"
    )
    with pytest.raises((ValueError, TypeError), match=r"scor|number|float"):
        estimator.fit(*binary)


@pytest.mark.parametrize("kind", KINDS)
def test_validation_set_of_no_rows_is_refused(kind, binary):
    estimator = kind(early_stopping=True, validation_fraction=0.0)
    with pytest.raises(ValueError, match=r"validation_fraction|test_size"):
        estimator.fit(*binary)
    estimator.set_params(validation_fraction=0.01)
    with pytest.raises(ValueError, match=r"validation set is too small|test_size"):
        estimator.fit(*binary)


@pytest.mark.parametrize("kind", KINDS)
def test_constructor_and_set_params_accept_what_fit_refuses(kind):
    """Parameters are checked where they are used, as in scikit-learn."""
    for name in inspect.signature(kind).parameters:
        value = WRONG[name][0]
        assert kind(**{name: value}).get_params()[name] is value
        assert kind().set_params(**{name: value}).get_params()[name] is value


def test_unknown_parameter_is_refused_by_the_constructor():
    for kind in KINDS:
        with pytest.raises(TypeError, match="learning_speed"):
            kind(learning_speed=1)
        with pytest.raises(ValueError, match="Invalid parameter 'learning_speed'"):
            kind().set_params(learning_speed=1)
