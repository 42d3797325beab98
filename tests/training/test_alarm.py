"""What gradient health warns of: which layer, what to do, and when there is no need."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.training import GradientHealthWarning
from skbackprop.training.alarm import alarm_of
from skbackprop.training.health import MEASURES

from ..estimators._cases import PATIENT, caught, fit, make_data, ours, quiet


def rows_with(n_epochs=3, n_layers=4, **changes):
    """Rows of a network in good health, but for some measures of some layer."""
    healthy = {"dead": 0.0, "saturated": 0.2}
    rows = []
    for _ in range(n_epochs):
        row = np.array([np.full(n_layers, healthy.get(m, 1.0)) for m in MEASURES])
        for name, (layer, value) in changes.items():
            row[MEASURES.index(name), layer] = value
        rows.append(row)
    return rows


SICK = {
    "vanishing": ({"gradient_norm": (0, 0.9e-4)}, "Gradients vanish: the error signal"),
    "exploding": ({"gradient_norm": (0, 1.1e3)}, "Gradients explode: the error signal"),
    "dead": ({"dead": (0, 0.91)}, "91% of the units of"),
    "saturated": (
        {"saturated": (0, 0.96), "gradient_norm": (0, 0.09)},
        "saturated in 96% of all cases",
    ),
}
WELL = {
    "weak": {"gradient_norm": (0, 1.1e-4)},
    "strong": {"gradient_norm": (0, 0.9e3)},
    "large inputs": {"gradient_norm": (0, 1e6), "input_norm": (0, 1e6)},
    "half dead": {"dead": (0, 0.89)},
    "flat without harm": {"saturated": (0, 1.0), "gradient_norm": (0, 0.11)},
    "weak for other reasons": {"saturated": (0, 0.94), "gradient_norm": (0, 0.01)},
    "no signal at all": {"gradient_norm": (slice(None), 0.0)},
}


def moved(changes, layer):
    return {name: (layer, value) for name, (_, value) in changes.items()}


@pytest.mark.parametrize(("changes", "words"), SICK.values(), ids=SICK)
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_the_layer_that_suffers_is_named_with_a_remedy(changes, words, layer):
    alarm = alarm_of(rows_with(**moved(changes, layer)))
    assert words in alarm
    assert f"hidden layer {layer + 1} (coefs_[{layer}])" in alarm
    assert "Try " in alarm


@pytest.mark.parametrize("changes", WELL.values(), ids=WELL)
def test_there_is_no_alarm_within_the_limits(changes):
    assert alarm_of(rows_with(**changes)) is None


@pytest.mark.parametrize(("changes", "words"), SICK.values(), ids=SICK)
def test_three_epochs_in_a_row_have_to_agree(changes, words):
    sick, well = rows_with(**changes), rows_with()
    for n in (0, 1, 2):
        assert alarm_of(sick[:n]) is None
        assert alarm_of([*sick[:n], well[0], *sick[:2]]) is None


def test_units_that_saturate_later_on_have_made_up_their_mind():
    sick = rows_with(**SICK["saturated"][0])
    assert alarm_of([*rows_with(), *sick]) is None


def test_of_several_layers_the_worst_is_named():
    rows = rows_with(gradient_norm=([0, 1, 2], [2e-6, 1e-6, 3e-6]))
    assert "hidden layer 2 (coefs_[1]) is 1e-06 times" in alarm_of(rows)


def digits(n=300):
    X, y = load_digits(return_X_y=True)
    return scale(X[:n]), y[:n]


# A deep network of the logistic function: the textbook case.
DEEP = BackpropClassifier(
    (10,) * 7, "logistic", max_iter=4, random_state=0, gradient_health=True
)


def health_warnings(model, X, y, **arguments):
    warned = caught(model.fit, X, y, **arguments)
    return [text for kind, text in warned if kind is GradientHealthWarning]


def test_in_a_deep_logistic_network_gradients_vanish_and_a_warning_says_so():
    model = clone(DEEP)
    (message,) = health_warnings(model, *digits())
    assert message.startswith("Gradients vanish: the error signal in hidden layer 1 ")
    assert message == model.gradient_health_.alarm
    norms = model.gradient_health_.gradient_norm[-1]
    assert norms[0] < 1e-1 * norms[3] < 1e-4 * norms[-1]


@pytest.mark.parametrize(
    "cure",
    [
        {"activation": "relu", "weight_init": "he_normal"},
        {"normalization": "batch"},
    ],
    ids=["he", "batch"],
)
def test_the_remedies_that_it_names_are_remedies(cure):
    # Normalisation by batches is judged after ten epochs, when its statistics have
    # settled.
    model = clone(DEEP).set_params(max_iter=14, **cure)
    assert health_warnings(model, *digits()) == []
    norms = model.gradient_health_.gradient_norm[-1]
    assert norms[0] > 1e-3 * norms[-1]


def test_the_warning_points_to_the_fit():
    with pytest.warns(ConvergenceWarning) as records:
        clone(DEEP).fit(*digits())
    assert {record.filename for record in records} == {__file__}


def test_the_warning_is_one_of_convergence_and_can_be_silenced_as_such():
    assert issubclass(GradientHealthWarning, ConvergenceWarning)
    with quiet():
        clone(DEEP).fit(*digits())


def test_weights_that_start_too_large_explode():
    X, y = digits()
    model = clone(DEEP).set_params(activation="relu", max_iter=3)
    start = fit(clone(model).set_params(max_iter=1), X, y)
    (message,) = health_warnings(
        model,
        X,
        y,
        coefs_init=[10 * coef for coef in start.coefs_],
        intercepts_init=start.intercepts_,
    )
    assert message.startswith("Gradients explode: the error signal in hidden layer 1 ")


def test_units_that_never_answer_are_dead():
    X, y = make_data("regression")
    model = ours("regression", hidden_layer_sizes=(8, 8, 8), gradient_health=True)
    start = fit(clone(model), X, y)
    biases = [*start.intercepts_]
    biases[1] = np.full(8, -100.0)
    arguments = {"coefs_init": start.coefs_, "intercepts_init": biases}
    (message,) = health_warnings(model, X, y, **arguments)
    assert "100% of the units of hidden layer 2 (coefs_[1]) are dead" in message


def test_raw_data_of_large_numbers_saturates():
    X, y = load_breast_cancer(return_X_y=True)
    model = BackpropClassifier((10,), "tanh", max_iter=4, random_state=0)
    (message,) = health_warnings(model.set_params(gradient_health=True), X, y)
    assert "hidden layer 1 (coefs_[0]) are saturated" in message
    assert health_warnings(model.set_params(scaling="standard"), X, y) == []


def test_a_divergence_says_it_all():
    X, y = make_data("regression")
    settings = {"solver": "sgd", "learning_rate_init": 1e4, **PATIENT}
    model = ours("regression", gradient_health=True, **settings)
    warned = caught(model.fit, X, y)
    assert [kind for kind, _ in warned] == [ConvergenceWarning]
    assert "diverged" in warned[0][1]


def test_a_stream_of_calls_is_warned_once():
    X, y = digits()
    model = clone(DEEP)
    warned = [
        [kind for kind, _ in caught(model.partial_fit, X, y, classes=np.arange(10))]
        for _ in range(6)
    ]
    assert warned == [[], [], [GradientHealthWarning], [], [], []]
    assert model.gradient_health_.alarm is not None


def test_each_fit_may_warn_once():
    model = clone(DEEP).set_params(warm_start=True)
    assert [len(health_warnings(model, *digits())) for _ in range(2)] == [1, 1]


def test_verbose_tells_at_once(capsys):
    fit(clone(DEEP).set_params(verbose=True), *digits())
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[2:4]] == [
        "Iteration 3, loss = " + lines[2].split(" = ")[1],
        "Gradients vanish",
    ]


DATA = {
    "iris": load_iris,
    "digits": load_digits,
    "cancer": load_breast_cancer,
    "diabetes": load_diabetes,
}


@pytest.mark.parametrize("hidden", [(100,), (20, 20)], ids=str)
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic"])
@pytest.mark.parametrize("data", DATA)
def test_healthy_networks_raise_no_alarm(data, activation, hidden):
    X, y = DATA[data](return_X_y=True)
    kind = BackpropRegressor if data == "diabetes" else BackpropClassifier
    model = kind(hidden_layer_sizes=hidden, activation=activation, random_state=0)
    model.set_params(gradient_health=100, max_iter=15)
    # Default networks on raw data, too, but for the units that cancer's large numbers
    # do saturate.
    raw = [X] if data != "cancer" or activation == "relu" else []
    for inputs in [scale(X), *raw]:
        assert health_warnings(clone(model), inputs[:400], y[:400]) == []
