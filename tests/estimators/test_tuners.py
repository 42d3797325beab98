"""Tuners that know neither tuples nor conditional spaces search depth and width."""

import pytest
from scipy.stats import loguniform
from sklearn.model_selection import RandomizedSearchCV, cross_val_score

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = {"max_iter": 3, "random_state": 0}
SHAPES = ["8", "8-4", "4-4-4", ""]


@pytest.fixture
def study():
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(
        direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0)
    )


def widths(estimator):
    return [coefs.shape[1] for coefs in estimator.coefs_[:-1]]


def test_optuna_chooses_among_shapes(study, multiclass):
    seen = {}

    def objective(trial):
        shape = trial.suggest_categorical("hidden_layer_sizes", SHAPES)
        classifier = BackpropClassifier(hidden_layer_sizes=shape, **FAST)
        seen[shape] = widths(classifier.fit(*multiclass))
        return cross_val_score(classifier, *multiclass, cv=2).mean()

    study.optimize(objective, n_trials=12)
    assert seen == {"8": [8], "8-4": [8, 4], "4-4-4": [4, 4, 4], "": []}
    assert study.best_params["hidden_layer_sizes"] in SHAPES
    # The best parameters are those of an estimator, as they are.
    BackpropClassifier(**study.best_params, **FAST).fit(*multiclass)


def test_optuna_chooses_depth_and_width(study, regression):
    def objective(trial):
        width = trial.suggest_int("hidden_layer_sizes", 2, 6)
        depth = trial.suggest_int("n_hidden_layers", 0, 3)
        regressor = BackpropRegressor(
            hidden_layer_sizes=width, n_hidden_layers=depth, **FAST
        )
        assert widths(regressor.fit(*regression)) == [width] * depth
        return regressor.score(*regression)

    study.optimize(objective, n_trials=12)
    depths = {trial.params["n_hidden_layers"] for trial in study.trials}
    assert depths == {0, 1, 2, 3}
    BackpropRegressor(**study.best_params, **FAST).fit(*regression)


def test_optuna_stores_and_reads_the_shapes_back(tmp_path, multiclass):
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(str(tmp_path / "journal"))
    )
    study = optuna.create_study(storage=storage, study_name="shapes")
    study.optimize(
        lambda trial: (
            BackpropClassifier(
                trial.suggest_categorical("hidden_layer_sizes", SHAPES[:2]), **FAST
            )
            .fit(*multiclass)
            .loss_
        ),
        n_trials=2,
    )
    loaded = optuna.load_study(storage=storage, study_name="shapes")
    BackpropClassifier(**loaded.best_params, **FAST).fit(*multiclass)


def test_random_search_mixes_shapes_and_rates(multiclass):
    search = RandomizedSearchCV(
        BackpropClassifier(**FAST),
        {
            "hidden_layer_sizes": range(2, 9),
            "n_hidden_layers": [0, 1, 2],
            "learning_rate_init": loguniform(1e-3, 1e-1),
        },
        n_iter=5,
        cv=2,
        random_state=0,
        error_score="raise",
    ).fit(*multiclass)
    best = search.best_params_
    expected = [best["hidden_layer_sizes"]] * best["n_hidden_layers"]
    assert widths(search.best_estimator_) == expected
