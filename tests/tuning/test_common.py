"""scikit-learn's own checks of a search."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.tuning import BackpropSearchCV, Float

pytest.importorskip("optuna")
# The checks fit as little as it takes to pass them.
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # `check_cv` looks for the kind of target, infinite ones included.
    pytest.mark.filterwarnings("ignore:invalid value encountered in cast"),
]
QUICK = {"solver": "lbfgs", "max_iter": 15, "random_state": 0}


def search(estimator):
    return BackpropSearchCV(
        estimator,
        {"alpha": Float(1e-4, 1e-2, log=True)},
        n_trials=1,
        cv=2,
        random_state=0,
        error_score="raise",
    )


@parametrize_with_checks(
    [
        search(BackpropClassifier(hidden_layer_sizes=8, **QUICK)),
        search(BackpropRegressor(hidden_layer_sizes=8, **QUICK)),
    ],
    xfail_strict=True,
)
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)
