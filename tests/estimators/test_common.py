"""scikit-learn's common checks: whole, for a broad list of configurations."""

from importlib.util import find_spec
from unittest import SkipTest

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_class_weight_balanced_classifiers,
    check_dataframe_column_names_consistency,
    check_inplace_ensure_writeable,
    check_param_validation,
    estimator_checks_generator,
    parametrize_with_checks,
)

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.layers import Tanh
from skbackprop.losses import Quantile
from skbackprop.schedules import Adaptive
from skbackprop.solvers import LBFGS, SGD, Adam, NewtonCG

# Few epochs, on data that the checks choose: no warning of these says anything here.
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*clipped:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*not stratified:UserWarning"),
]

# What any estimator without array API support skips, unless SCIPY_ARRAY_API is set,
# and what nobody can check without pandas.
ALLOWED_SKIPS = {"check_array_api_input"}
if find_spec("pandas") is None:
    ALLOWED_SKIPS |= {
        "check_dataframe_column_names_consistency",
        "check_sample_weights_pandas_series",
    }

# Impossible where rows are drawn (into mini-batches or a validation set) or counted
# (for the step size): there the weight of a row cannot act exactly as its repetition.
WEIGHT_AS_REPETITION = {
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
}
# `partial_fit` refuses what it would need all rows for.
PARTIAL_FIT = {
    "check_estimators_partial_fit_n_features",
    "check_fit_score_takes_y",
    "check_n_features_in_after_fitting",
}
# What scikit-learn skips where there are none.
PROBABILITIES = {"check_classifiers_multilabel_output_format_predict_proba"}
# The one check of regressors that pays no heed to the tag for positive targets.
NEGATIVE_TARGETS = {"check_regressor_multioutput"}

FAST = {"hidden_layer_sizes": (8,), "learning_rate_init": 0.03, "max_iter": 60}
SHARED = [
    {"hidden_layer_sizes": (), "learning_rate_init": 0.1},
    {"hidden_layer_sizes": "8-4", "activation": ["tanh", "logistic"]},
    {"n_hidden_layers": 2, "activation": Tanh(), "solver": Adam(beta_1=0.8)},
    {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.05},
    {"solver": SGD(nesterovs_momentum=False), "learning_rate": Adaptive(factor=2.0)},
    # Kept from probabilities of exactly 1, and from the point where L-BFGS turns
    # differences of rounding into visible ones.
    {"solver": "lbfgs", "alpha": 1.0, "max_iter": 30},
    {"solver": LBFGS(500), "activation": "logistic", "alpha": 1.0, "max_iter": 30},
    {"batch_size": 1000, "shuffle": False, "nesterovs_momentum": False},
    {"normalization": "batch"},
    {"normalization": "layer", "scaling": "standard"},
    {"scaling": "standard", "solver": "lbfgs", "alpha": 1.0, "max_iter": 30},
    {"solver": "newton-cg", "activation": "tanh", "alpha": 1.0, "max_iter": 30},
    {"solver": NewtonCG("hessian"), "activation": "tanh", "alpha": 3.0, "tol": 1e-2},
    {"solver": "levenberg-marquardt", "activation": "tanh", "alpha": 1.0},
    {"solver": "bfgs", "alpha": 1.0, "max_iter": 30},
    {"solver": "gd", "scaling": "standard", "alpha": 1.0, "max_iter": 30},
]
BOTH = (BackpropClassifier, BackpropRegressor)
EXACT = [
    BackpropClassifier(),
    BackpropRegressor(),
    *(kind(**{**FAST, **row}) for kind in BOTH for row in SHARED),
    BackpropClassifier(**FAST, loss="focal"),
    BackpropRegressor(**FAST, loss=Quantile(0.4)),
]
# For each label: who, with what, and the checks that it cannot pass.
LIMITED = {
    "mini-batches": (
        BOTH,
        {"batch_size": 7, "activation": "identity"},
        WEIGHT_AS_REPETITION,
    ),
    "early stopping": (
        BOTH,
        {"early_stopping": True, "validation_fraction": 0.3},
        WEIGHT_AS_REPETITION | PARTIAL_FIT,
    ),
    "lbfgs stopped early": (
        BOTH,
        {
            "early_stopping": True,
            "validation_fraction": 0.3,
            "scoring": "loss",
            "solver": "lbfgs",
            "alpha": 1.0,
        },
        WEIGHT_AS_REPETITION,
    ),
    "dropout": (BOTH, {"dropout": 0.2, "input_dropout": 0.05}, WEIGHT_AS_REPETITION),
    "dropconnect": (BOTH, {"dropconnect": 0.2}, WEIGHT_AS_REPETITION),
    "mixup": (BOTH, {"augmentation": "mixup"}, WEIGHT_AS_REPETITION),
    "robust scaling": (BOTH, {"scaling": "robust"}, PARTIAL_FIT),
    "inverse scaling": (
        BOTH,
        {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.1},
        WEIGHT_AS_REPETITION,
    ),
    "balanced classes": (
        BOTH[:1],
        {"class_weight": "balanced"},
        PARTIAL_FIT,
    ),
    "counts": (BOTH[1:], {"loss": "poisson"}, NEGATIVE_TARGETS),
    "margins": (BOTH[:1], {"loss": "hinge"}, PROBABILITIES),
    "amounts": (
        BOTH[1:],
        {"loss": "gamma", "solver": "lbfgs", "alpha": 1.0, "max_iter": 100},
        NEGATIVE_TARGETS,
    ),
    "counts by lbfgs": (
        BOTH[1:],
        {"loss": "poisson", "solver": "lbfgs", "alpha": 1.0, "max_iter": 30},
        NEGATIVE_TARGETS,
    ),
}


def run(check, estimator):
    try:
        check(estimator)
    except SkipTest:
        assert check.func.__name__ in ALLOWED_SKIPS, "skipped without need"
        raise


@parametrize_with_checks(EXACT, xfail_strict=True)
def test_every_check_passes(estimator, check):
    run(check, estimator)


def case_of(kind, label, check):
    variant = "-".join(str(value) for value in check.keywords.values())
    return f"{kind.__name__}-{label}-{check.func.__name__}-{variant}"


def possible_checks():
    return [
        pytest.param(estimator, check, id=case_of(kind, label, check))
        for label, (kinds, params, impossible) in LIMITED.items()
        for kind in kinds
        for estimator, check in estimator_checks_generator(kind(**{**FAST, **params}))
        if check.func.__name__ not in impossible
    ]


@pytest.mark.parametrize(("estimator", "check"), possible_checks())
def test_every_check_that_is_possible_passes(estimator, check):
    run(check, estimator)


def test_tags_promise_all_that_the_checks_then_ask_for():
    for kind in BOTH:
        tags = get_tags(kind())
        assert tags.input_tags.sparse
        assert tags.target_tags.required
        assert tags.target_tags.single_output
        assert not tags.non_deterministic
        assert not tags.no_validation
        assert not tags.input_tags.allow_nan
    classifier, regressor = (
        get_tags(BackpropClassifier()),
        get_tags(BackpropRegressor()),
    )
    assert classifier.classifier_tags.multi_label
    assert classifier.classifier_tags.multi_class
    assert not classifier.classifier_tags.poor_score
    assert not regressor.regressor_tags.poor_score
    assert regressor.target_tags.multi_output
    assert not regressor.target_tags.positive_only
    assert get_tags(BackpropRegressor(loss="poisson")).target_tags.positive_only


# scikit-learn runs these on its own estimators only.
HOUSE_CHECKS = [
    check_param_validation,
    check_dataframe_column_names_consistency,
    check_inplace_ensure_writeable,
]


@pytest.mark.parametrize("check", HOUSE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("label", [*LIMITED][:4])
def test_checks_that_scikit_learn_keeps_to_itself_pass(label, check):
    kinds, params, _ = LIMITED[label]
    for kind in kinds:
        check(kind.__name__, kind(**{**FAST, **params}))


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_balanced_class_weights_help_the_rare_class(solver):
    X, y = make_classification(
        n_samples=400,
        n_features=4,
        n_informative=2,
        n_redundant=0,
        weights=[0.85],
        class_sep=0.6,
        flip_y=0.0,
        random_state=0,
    )
    X_test, y_test = X[200:], y[200:]
    # As many rows of the frequent class as there are of the rare one.
    frequent = np.flatnonzero(y_test == 0)[: y_test.sum()]
    rows = [*np.flatnonzero(y_test == 1), *frequent]
    check_class_weight_balanced_classifiers(
        "BackpropClassifier",
        BackpropClassifier((), solver=solver, alpha=0.1, learning_rate_init=0.05),
        X[:200],
        y[:200],
        X_test[rows],
        y_test[rows],
        None,
    )
