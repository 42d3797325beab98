"""Spaces: parameters for networks, wherever these stand."""

import warnings

import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop._compat import InvalidParameterError
from skbackprop.losses import Focal
from skbackprop.solvers import LBFGS, Adam
from skbackprop.tuning import Choice, Float, Integer, Space, distributions, suggest

optuna = pytest.importorskip("optuna")
NAMES = ["small", "standard", "wide"]
MODELS = [BackpropClassifier(), BackpropRegressor()]


@pytest.fixture
def study():
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))


@pytest.mark.parametrize("space", NAMES)
@pytest.mark.parametrize("model", MODELS, ids=["classifier", "regressor"])
def test_whatever_is_suggested_can_be_fitted(
    space, model, study, multiclass, regression
):
    data = multiclass if model.__class__ is BackpropClassifier else regression
    for _ in range(12):
        trial = study.ask()
        params = suggest(trial, model, space)
        chosen = model.__class__(**params, max_iter=2, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            # A fold of 48 rows and less has no batches of 64.
            warnings.filterwarnings("ignore", "Got `batch_size`")
            chosen.fit(*data)
        # The same parameters come of the finished trial.
        study.tell(trial, 0.0)
        assert suggest(study.trials[-1], model, space) == params


def test_the_estimator_stays_as_it_is(study):
    model = BackpropClassifier()
    suggest(study.ask(), model)
    assert model.get_params() == BackpropClassifier().get_params()


def test_conditions_hold(study):
    seen = set()
    for _ in range(40):
        params = suggest(study.ask(), BackpropClassifier(), "wide")
        solver = params["solver"]
        seen.add(solver)
        assert ("momentum" in params) == (solver == "nesterov")
        assert ("beta_2" in params) == (solver in ("adam", "adamw"))
        assert ("dropout" in params) == (solver != "lbfgs")
    assert seen == {"adam", "adamw", "nesterov", "lbfgs"}


@pytest.mark.parametrize(
    ("model", "prefix"),
    [
        (BackpropClassifier(), ""),
        (
            make_pipeline(StandardScaler(), BackpropClassifier()),
            "backpropclassifier__",
        ),
        (
            make_pipeline(make_pipeline(BackpropClassifier())),
            "pipeline__backpropclassifier__",
        ),
        (TransformedTargetRegressor(BackpropRegressor()), "regressor__"),
        (BaggingClassifier(BackpropClassifier()), "estimator__"),
    ],
)
def test_the_network_is_found_wherever_it_stands(model, prefix, study):
    params = suggest(study.ask(), model, "small")
    assert {name.removeprefix(prefix) for name in params} == {
        "hidden_layer_sizes",
        "learning_rate_init",
        "alpha",
    }
    model.set_params(**params)


def test_no_network_or_two_are_no_place_to_begin(study):
    with pytest.raises(ValueError, match="not one network"):
        suggest(study.ask(), LogisticRegression(), "small")
    two = make_pipeline(BackpropRegressor(), BackpropRegressor())
    with pytest.raises(ValueError, match="prefix"):
        suggest(study.ask(), two, "small")
    params = suggest(study.ask(), two, "small", prefix="backpropregressor-2__")
    two.set_params(**params)


def test_a_prefix_leads_somewhere(study):
    pipeline = make_pipeline(StandardScaler(), BackpropClassifier())
    with pytest.raises(ValueError, match="leads to no parameter of Pipeline"):
        suggest(study.ask(), pipeline, "small", prefix="model__")
    params = suggest(study.ask(), pipeline, "small", prefix="backpropclassifier")
    assert "backpropclassifier__alpha" in params


@pytest.mark.parametrize("wrong", [None, BackpropClassifier])
def test_what_is_no_estimator_is_refused(wrong, study):
    with pytest.raises(TypeError, match="estimator of scikit-learn's kind"):
        suggest(study.ask(), wrong, "small")


def test_a_callable_that_returns_nothing_is_refused(study):
    with pytest.raises(TypeError, match="mapping from parameters to values, got None"):
        suggest(study.ask(), BackpropClassifier(), lambda trial: None)


def test_mappings_callables_and_lists_of_spaces(study):
    pipeline = make_pipeline(StandardScaler(), BackpropClassifier())
    mapping = {"standardscaler__with_mean": [True, False]}
    params = suggest(study.ask(), pipeline, ["small", mapping])
    assert len(params) == 4
    assert params["standardscaler__with_mean"] in (True, False)

    def own(trial):
        return {"tol": trial.suggest_float("tol", 1e-5, 1e-3)}

    assert set(suggest(study.ask(), pipeline, own)) == {"tol"}


def test_nested_parameters_and_further_ones(study):
    space = {
        "solver": Choice(
            ["adam", "lbfgs"], then={"adam": {"learning_rate_init": Float(0.01, 0.1)}}
        ),
        "alpha": optuna.distributions.FloatDistribution(1e-4, 1e-2, log=True),
    }
    drawn = [suggest(study.ask(), BackpropClassifier(), space) for _ in range(20)]
    assert {len(params) for params in drawn} == {2, 3}


def test_a_space_of_ones_own_is_found_by_its_name(study):
    class Depths(Space, name="depths_for_a_test"):
        def parameters(self, network):
            return {"n_hidden_layers": Integer(0, network.max_iter)}

    model = BackpropClassifier(max_iter=1)
    params = suggest(study.ask(), model, "depths_for_a_test")
    assert params["n_hidden_layers"] in (0, 1)


def test_unknown_spaces_are_refused_with_the_names_of_the_known(study):
    for wrong in ("tiny", Space, 3):
        with pytest.raises(InvalidParameterError, match="standard"):
            suggest(study.ask(), BackpropClassifier(), wrong)


@pytest.mark.parametrize(
    "model", [BackpropRegressor(loss="quantile"), BackpropClassifier(loss=Focal())]
)
def test_a_loss_that_is_no_choice_between_likes_stays(model, study):
    assert suggest(study.ask(), model, "wide")["loss"] is model.loss


@pytest.mark.parametrize("space", NAMES)
@pytest.mark.parametrize("solver", ["lbfgs", LBFGS(), "newton-cg", "adam", Adam()])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Got `batch_size`")
def test_what_is_suggested_suits_the_solver(solver, space, study, multiclass):
    model = BackpropClassifier(solver=solver, max_iter=2, random_state=0)
    for _ in range(4):
        params = suggest(study.ask(), model, space)
        chosen = params.get("solver", solver)
        takes_steps = "dropout" in params or "learning_rate_init" in params
        assert takes_steps == (chosen not in ("lbfgs", LBFGS(), "newton-cg"))
        clone(model).set_params(**params).fit(*multiclass)


@pytest.mark.parametrize(
    "setting", [{"dropout": 0.2}, {"clip_norm": 1.0}, {"averaging": "ema"}]
)
def test_what_only_steps_can_do_keeps_solvers_of_all_rows_away(setting):
    cases = distributions(BackpropClassifier(**setting), "wide")
    assert ["lbfgs"] not in [case["solver"].options for case in cases]
    assert len(cases) == 3


def test_a_number_of_layers_stays(study):
    model = BackpropClassifier(n_hidden_layers=2)
    widths = suggest(study.ask(), model, "wide")["hidden_layer_sizes"]
    assert isinstance(widths, int)


# ----------------------------------------------------------- for random searches


def test_every_way_that_conditions_fall_out_is_a_dictionary():
    cases = distributions(BackpropClassifier(), "wide")
    solvers = [case["solver"].options for case in cases]
    assert sorted(solvers) == [["adam"], ["adamw"], ["lbfgs"], ["nesterov"]]
    assert ["momentum" in case for case in cases] == [
        s == ["nesterov"] for s in solvers
    ]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Got `batch_size`")
def test_random_search_takes_them(multiclass):
    model = make_pipeline(
        StandardScaler(), BackpropClassifier(max_iter=2, random_state=0)
    )
    search = RandomizedSearchCV(
        model,
        distributions(model, ["wide", {"standardscaler__with_std": [True, False]}]),
        n_iter=6,
        cv=2,
        random_state=0,
        error_score="raise",
    ).fit(*multiclass)
    assert "backpropclassifier__solver" in search.best_params_
    assert "standardscaler__with_std" in search.best_params_
