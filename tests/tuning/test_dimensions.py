"""What a search draws from, by Optuna and by scikit-learn."""

import numpy as np
import pytest
from sklearn.model_selection import ParameterSampler

from skbackprop._compat import InvalidParameterError
from skbackprop.solvers import SGD, Adam
from skbackprop.tuning import Choice, Float, Integer, Widths, as_dimension


def drawn(dimension, n=400):
    rng = np.random.RandomState(0)
    return [dimension.rvs(random_state=rng) for _ in range(n)]


@pytest.mark.parametrize("log", [False, True])
def test_numbers_stay_between_their_ends_and_reach_them(log):
    floats, integers = drawn(Float(0.1, 10.0, log)), drawn(Integer(1, 9, log))
    assert min(floats) >= 0.1
    assert max(floats) <= 10.0
    assert set(integers) == set(range(1, 10))
    assert {type(each) for each in integers} == {int}


def test_on_a_logarithmic_axis_orders_of_magnitude_are_alike():
    floats = np.array(drawn(Float(1e-4, 1.0, log=True), 2000))
    shares = np.histogram(np.log10(floats), bins=[-4, -3, -2, -1, 0])[0] / len(floats)
    np.testing.assert_allclose(shares, 0.25, atol=0.04)


def test_widths_are_strings_that_the_estimators_take():
    shapes = drawn(Widths(4, 16, min_depth=0, max_depth=3))
    assert {len(shape.split("-")) if shape else 0 for shape in shapes} == {0, 1, 2, 3}
    assert all(4 <= int(w) <= 16 for s in shapes if s for w in s.split("-"))


def test_a_choice_of_objects_hands_out_the_objects():
    adam, sgd = Adam(beta_2=0.99), SGD()
    assert {id(each) for each in drawn(Choice([adam, sgd]), 20)} == {id(adam), id(sgd)}


def test_a_choice_keeps_equal_values_of_different_types_apart():
    options = [0, False, 0.0, None, "auto", 1, True]
    found = drawn(Choice(options), 200)
    assert {(type(each), each) for each in found} == {(type(o), o) for o in options}


def test_a_study_holds_plain_names_for_objects():
    optuna = pytest.importorskip("optuna")
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    trial = study.ask()
    value = Choice([Adam(beta_2=0.99)]).suggest(trial, "solver")
    assert value == Adam(beta_2=0.99)
    assert trial.params == {"solver": "Adam(beta_2=0.99)"}
    # Of a finished trial the same value is read again.
    study.tell(trial, 1.0)
    again = Choice([Adam(beta_2=0.99)]).suggest(study.trials[0], "solver")
    assert again == value


def test_what_else_is_drawn_depends_on_the_choice():
    more = {"beta_2": Float(0.9, 0.99)}
    choice = Choice(["adam", "lbfgs"], then={"adam": more})
    assert choice.further("adam") == more
    assert choice.further("lbfgs") == {}
    parts = [(part.options, rest) for part, rest in choice.branches()]
    assert parts == [(["adam"], more), (["lbfgs"], {})]


def test_random_searches_of_scikit_learn_draw_from_dimensions():
    grid = {"width": Integer(2, 5), "rate": Float(0.1, 1.0), "act": ["relu"]}
    candidates = list(ParameterSampler(grid, 20, random_state=0))
    assert {each["width"] for each in candidates} == {2, 3, 4, 5}
    assert candidates == list(ParameterSampler(grid, 20, random_state=0))


def test_distributions_of_optuna_are_taken():
    optuna = pytest.importorskip("optuna")
    given = optuna.distributions
    cases = {
        given.FloatDistribution(0.1, 1.0, log=True): Float(0.1, 1.0, True),
        given.FloatDistribution(0.0, 1.0, step=0.5): Choice([0.0, 0.5, 1.0]),
        given.IntDistribution(1, 8, log=True): Integer(1, 8, True),
        given.IntDistribution(2, 6, step=2): Choice([2, 4, 6]),
        given.CategoricalDistribution(("a", "b")): Choice(["a", "b"]),
    }
    for distribution, expected in cases.items():
        assert as_dimension(distribution) == expected


@pytest.mark.parametrize("nothing", [3, "relu", object()])
def test_what_nothing_can_be_drawn_from_is_refused(nothing):
    with pytest.raises(InvalidParameterError, match="nothing to draw from"):
        as_dimension(nothing)


def print_alike():
    pass


class Alike:
    """What is inside does not show."""

    def __init__(self, inside):
        self.inside = inside

    def __repr__(self):
        return "alike"


def test_objects_that_print_alike_go_by_names():
    one, other = Alike(1), Alike(2)
    drawn_ones = drawn(Choice({"one": one, "other": other, "f": print_alike}), 30)
    assert {one, other, print_alike} == set(drawn_ones)
    # Several times the same is nothing to tell apart.
    assert drawn(Choice([(4,), (4,), 0.1, np.float64(0.1), np.ones(2)]), 3)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Float(low="a"), "'low' parameter of Float"),
        (Float(0.0, np.inf), "'high' parameter of Float"),
        (Float(1.0, 0.0), "low=1.0 is greater than high=0.0"),
        (Float(0.0, 1.0, log=True), "log=True needs low > 0"),
        (Integer(5, 1), "low=5 is greater than high=1"),
        (Integer(0, 9, log=True), "log=True needs low > 0"),
        (Widths(40, 8), "low=40 is greater than high=8"),
        (Widths(min_depth=3, max_depth=1), "min_depth=3 is greater than max_depth=1"),
        (Choice([]), "no options"),
        (Choice("relu"), "'options' parameter of Choice"),
        (Choice([np.tanh, str.upper, print_alike, Adam]), "print_alike at 0x"),
        (Choice([Alike(1), Alike(2)]), "several options print as alike"),
        (Choice(["adam"], then={"sgd": {}}), "none of the options"),
        (Choice(["adam"], then={"adam": 3}), "mapping from parameters"),
    ],
)
def test_settings_are_checked_by_optuna_and_by_random_searches(wrong, message):
    with pytest.raises(InvalidParameterError, match=message):
        as_dimension(wrong)
    with pytest.raises(InvalidParameterError, match=message):
        wrong.rvs(random_state=0)


def test_a_list_of_nothing_is_refused():
    with pytest.raises(InvalidParameterError, match="no options"):
        as_dimension([])


def test_one_value_is_drawn_at_a_time():
    with pytest.raises(TypeError):
        Float().rvs(3, random_state=0)
