"""scikit-learn's common checks of the embedder: whole, for several configurations."""

from unittest import SkipTest

import pytest
from sklearn.utils.estimator_checks import (
    estimator_checks_generator,
    parametrize_with_checks,
)

from skbackprop import BackpropEmbedder
from skbackprop.losses import Triplet

# Few epochs, on data that the checks choose: no warning of these says anything here.
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*clipped:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*not stratified:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*nothing but a sign:UserWarning"),
    pytest.mark.filterwarnings("ignore:The number of unique classes:UserWarning"),
]
FAST = {"hidden_layer_sizes": (8,), "learning_rate_init": 0.03, "max_iter": 60}
ALLOWED_SKIPS = {
    "check_array_api_input",
    "check_sample_weights_pandas_series",  # without pandas
}
EXACT = [
    BackpropEmbedder(),
    BackpropEmbedder(loss="contrastive", solver="lbfgs", **FAST),
    BackpropEmbedder(normalize=True, loss=Triplet(margin=0.2), **FAST),
]
# Impossible where rows are split off, as elsewhere.
LIMITED = BackpropEmbedder(early_stopping=True, validation_fraction=0.3, **FAST)
IMPOSSIBLE = {
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
    "check_fit_score_takes_y",
    "check_n_features_in_after_fitting",
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


@pytest.mark.parametrize(
    ("estimator", "check"),
    [
        pytest.param(estimator, check, id=f"{check.func.__name__}-{number}")
        for number, (estimator, check) in enumerate(estimator_checks_generator(LIMITED))
        if check.func.__name__ not in IMPOSSIBLE
    ],
)
def test_every_check_that_is_possible_passes(estimator, check):
    run(check, estimator)
