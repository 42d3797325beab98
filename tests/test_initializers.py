"""Where training starts: distributions, the order of the draws, and types."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils._param_validation import InvalidParameterError

from skbackprop.initializers import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Initializer,
    LecunNormal,
    LecunUniform,
    Normal,
    Orthogonal,
    Uniform,
    Zeros,
)
from skbackprop.layers import Activation, BatchNorm, Dense, LeakyReLU, PReLU, Tanh
from skbackprop.network import Network

from .builders import perceptron

WIDTHS = (4, 30, 20, 2)
FAN = (400, 500)
every_initializer = pytest.mark.parametrize("name", Initializer.members())


def draw(initializer, shape=FAN, fan=None, seed=0):
    return initializer.draw(shape, fan or shape, np.random.RandomState(seed))


def start(activation="tanh", seed=0, dtype=np.float64, **initializers):
    network = perceptron(WIDTHS, activation)
    rng = np.random.RandomState(seed)
    return network.layout, network.initial(rng, np.dtype(dtype), **initializers)


# ------------------------------------------------------------------------ distributions

NORMAL, UNIFORM = stats.norm, stats.uniform(-np.sqrt(3), 2 * np.sqrt(3))
# The variance by the published formula, and the standardised distribution.
VARIANCES = {
    "glorot uniform": (GlorotUniform(), 2 / 900, UNIFORM),
    "glorot uniform of 2": (GlorotUniform(factor=2.0), 2 / 3 / 900, UNIFORM),
    "glorot normal": (GlorotNormal(), 2 / 900, NORMAL),
    "he uniform": (HeUniform(), 2 / 400, UNIFORM),
    "he uniform, leaky": (HeUniform(negative_slope=2.0), 2 / 5 / 400, UNIFORM),
    "he normal": (HeNormal(), 2 / 400, NORMAL),
    "he normal, leaky": (HeNormal(negative_slope=2.0), 2 / 5 / 400, NORMAL),
    "lecun uniform": (LecunUniform(), 1 / 400, UNIFORM),
    "lecun normal": (LecunNormal(), 1 / 400, NORMAL),
    "uniform": (Uniform(), 0.1**2 / 12, UNIFORM),
    "uniform of 2": (Uniform(low=-2.0, high=2.0), 16 / 12, UNIFORM),
    "normal": (Normal(), 0.05**2, NORMAL),
    "normal of 3": (Normal(std=3.0), 9.0, NORMAL),
    # Entries of a large orthogonal matrix are normal, of variance 1 / the longer side.
    "orthogonal": (Orthogonal(gain=2.0), 4 / 500, NORMAL),
}
# A right formula fails a test at this rate, were the seed not fixed.
FALSE_ALARMS = 1e-5


@pytest.mark.parametrize(
    ("initializer", "variance", "distribution"), VARIANCES.values(), ids=VARIANCES
)
def test_draws_have_the_variance_of_the_formula(initializer, variance, distribution):
    unit = draw(initializer).reshape(-1) / np.sqrt(variance)
    limit = stats.norm.isf(FALSE_ALARMS / 2)
    error_of_mean = unit.mean() * np.sqrt(unit.size)
    # The mean square of n numbers has the variance (kurtosis - 1) / n.
    kurtosis = distribution.stats(moments="k") + 3
    error_of_square = (np.mean(unit**2) - 1) * np.sqrt(unit.size / (kurtosis - 1))
    assert abs(error_of_mean) < limit
    assert abs(error_of_square) < limit
    assert stats.kstest(unit, distribution.cdf).pvalue > FALSE_ALARMS


BOUNDS = {
    "glorot": (GlorotUniform(), np.sqrt(6 / 900)),
    "he": (HeUniform(), np.sqrt(6 / 400)),
    "lecun": (LecunUniform(), np.sqrt(3 / 400)),
    "uniform": (Uniform(low=-0.3, high=0.3), 0.3),
}


@pytest.mark.parametrize(("initializer", "bound"), BOUNDS.values(), ids=BOUNDS)
def test_uniform_draws_fill_the_interval(initializer, bound):
    drawn = draw(initializer)
    # 200,000 draws all miss the outer 0.01 % on a side once in 22,000 times.
    assert (1 - 1e-4) * bound < drawn.max() <= bound
    assert -bound <= drawn.min() < -(1 - 1e-4) * bound


def test_means_and_limits_may_be_off_zero():
    assert abs(draw(Normal(mean=5.0, std=0.1)).mean() - 5.0) < 5 * 0.1 / np.sqrt(2e5)
    drawn = draw(Uniform(low=1.0, high=3.0))
    assert drawn.min() > 1.0
    assert drawn.max() < 3.0


def test_those_without_chance_draw_nothing():
    rng = np.random.RandomState(0)
    before = rng.get_state()[2]
    assert_array_equal(Zeros().draw((3, 2), (3, 2), rng), np.zeros((3, 2)))
    assert_array_equal(Constant(0.5).draw((3, 2), (3, 2), rng), np.full((3, 2), 0.5))
    assert rng.get_state()[2] == before


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (1, 4), (4, 1), (1, 1)])
@pytest.mark.parametrize("gain", [1.0, 2.0])
def test_orthogonal_matrices_are(shape, gain):
    W = draw(Orthogonal(gain=gain), shape)
    gram = W @ W.T if shape[0] < shape[1] else W.T @ W
    assert W.shape == shape
    assert_allclose(gram, gain**2 * np.eye(min(shape)), rtol=0, atol=1e-14)


def test_orthogonal_matrices_take_no_side():
    # Rotations and reflections, and both signs of any entry, come equally often; a
    # fair coin is further off than 50 of 400 less than once in a million times.
    matrices = [draw(Orthogonal(), (3, 3), seed=seed) for seed in range(400)]
    for sign in (
        [np.sign(np.linalg.det(W)) for W in matrices],
        [W[0, 0] for W in matrices],
    ):
        assert abs(np.sum(np.array(sign) > 0) - 200) < 50


@every_initializer
def test_every_member_fills_any_shape_in_double_precision(name):
    for shape in [(3, 4), (4, 3), (5,)]:
        drawn = draw(Initializer.members()[name](), shape, (3, 4))
        assert drawn.shape == shape
        assert drawn.dtype == np.float64


@every_initializer
def test_biases_start_at_zero(name):
    initializer = Initializer.members()[name]()
    assert_array_equal(initializer.draw_bias((4,), (3, 4), np.random), np.zeros(4))


SCALED = [GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal]


@pytest.mark.parametrize("kind", SCALED)
def test_biases_may_be_drawn_like_the_weights(kind):
    bias = kind(bias=True).draw_bias((500,), FAN, np.random.RandomState(0))
    assert_array_equal(bias, draw(kind(), (500,), FAN))


WRONG = [
    *[GlorotUniform(factor=0.0), GlorotUniform(bias="yes"), Orthogonal(gain=None)],
    *[Normal(std=-1.0), Normal(mean=np.nan), Constant(value="1"), Uniform(low=np.inf)],
    *[HeNormal(negative_slope=None), HeUniform(negative_slope=np.nan)],
]


@pytest.mark.parametrize("initializer", WRONG, ids=repr)
def test_wrong_settings_are_refused(initializer):
    with pytest.raises(InvalidParameterError, match=type(initializer).__name__):
        initializer._validate_params()


def test_limits_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match=r"low=1\.0 and high=0\.0"):
        draw(Uniform(low=1.0, high=0.0))


# -------------------------------------------------------------- the start of a network

SETTINGS = {
    "relu": (MLPRegressor, "relu"),
    "tanh": (MLPRegressor, "tanh"),
    "identity": (MLPClassifier, "identity"),
    "logistic": (MLPClassifier, "logistic"),
}


@pytest.mark.parametrize(("estimator", "activation"), SETTINGS.values(), ids=SETTINGS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_left_alone_the_draws_are_those_of_scikit_learn(estimator, activation):
    rng = np.random.RandomState(7)
    X, y = rng.normal(size=(8, WIDTHS[0])), np.eye(2, dtype=int)[np.arange(8) % 2]
    theirs = estimator(
        hidden_layer_sizes=WIDTHS[1:-1],
        activation=activation,
        solver="sgd",
        learning_rate_init=1e-300,
        max_iter=1,
        random_state=0,
    ).fit(X, y)
    last = Activation.members()[activation].initializer
    layout, theta = start(activation, output_initializer=last)
    for ours, expected in zip(
        layout.of_kind("weight", theta) + layout.of_kind("bias", theta),
        theirs.coefs_ + theirs.intercepts_,
        strict=True,
    ):
        assert_allclose(ours, expected, rtol=1e-15)


def test_the_start_before_each_activation_is_the_one_of_its_literature():
    starts = {name: kind.initializer for name, kind in Activation.members().items()}
    for name in ("identity", "relu", "tanh", "softsign", "soboleva"):
        assert starts[name] == GlorotUniform(bias=True)
    assert starts["logistic"] == GlorotUniform(factor=2.0, bias=True)
    for name in ("gelu", "softplus", "elu", "silu", "mish"):
        assert starts[name] == HeUniform(bias=True)
    for name, slope in [
        ("leaky_relu", LeakyReLU().negative_slope),
        ("prelu", PReLU().init),
    ]:
        assert starts[name] == HeUniform(bias=True, negative_slope=slope)
    assert starts["selu"] == LecunNormal()
    assert starts["binary_step"] == LecunNormal(bias=True)


def values_of(layers, **initializers):
    """The distinct absolute weights of each dense layer."""
    network = Network(layers, n_in=3)
    theta = network.initial(np.random.RandomState(0), np.dtype(float), **initializers)
    weights = network.layout.of_kind("weight", theta)
    return [set(np.abs(weight).ravel()) for weight in weights]


class Ones(Tanh):
    initializer = Constant(1.0)


class Twos(Tanh):
    initializer = Constant(2.0)


def test_each_layer_follows_the_activation_of_its_scores():
    layers = [Dense(4), Ones(), Dense(4), Twos(), Dense(2)]
    assert values_of(layers, output_initializer=Constant(3.0)) == [{1.0}, {2.0}, {3.0}]


def test_a_normalisation_between_scores_and_activation_is_looked_past():
    layers = [Dense(4), BatchNorm(), Ones(), Dense(4), BatchNorm(), Dense(2)]
    given = {"output_initializer": Constant(3.0)}
    assert values_of(layers, **given) == [{1.0}, {3.0}, {3.0}]


def test_an_initialiser_of_the_users_draws_all_layers():
    layers = [Dense(4), Ones(), Dense(4), Twos(), Dense(2)]
    given = {"initializer": Constant(5.0), "output_initializer": Constant(3.0)}
    assert values_of(layers, **given) == [{5.0}] * 3


def test_parameters_with_a_start_of_their_own_draw_nothing():
    plain = Network([Dense(4), Tanh(), Dense(2)], n_in=3)
    with_starts = Network([Dense(4), BatchNorm(), PReLU(0.3), Dense(2)], n_in=3)
    start = {"initializer": GlorotUniform(bias=True)}
    drawn = [
        network.initial(np.random.RandomState(0), np.dtype(float), **start)
        for network in (plain, with_starts)
    ]
    for kind in ("weight", "bias"):
        assert_array_equal(
            np.concatenate(plain.layout.of_kind(kind, drawn[0]), axis=None),
            np.concatenate(with_starts.layout.of_kind(kind, drawn[1]), axis=None),
        )
    (slope,) = with_starts.layout.of_kind("slope", drawn[1])
    (scale,) = with_starts.layout.of_kind("scale", drawn[1])
    assert_array_equal([slope, scale], [[0.3] * 4, [1.0] * 4])


@every_initializer
def test_the_same_seed_means_the_same_start_in_every_type(name):
    given = {"initializer": Initializer.members()[name]()}
    _, double = start(**given)
    _, single = start(dtype=np.float32, **given)
    assert single.dtype == np.float32
    assert_array_equal(single, double.astype(np.float32))
    assert_array_equal(double, start(**given)[1])


def test_another_seed_means_another_start():
    assert (start(seed=0)[1] != start(seed=1)[1]).all()
