"""Updates: the published formulas as loops, chains, types, and going on later."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from skbackprop.core.spec import resolve
from skbackprop.updates import (
    Momentum,
    ScaleByAdam,
    ScaleByDeviation,
    Span,
    Update,
    bind_chain,
)

RATES = [0.1, 0.1, 0.05, 0.2, 0.05]
GRADIENTS = st.lists(st.floats(-10, 10, allow_subnormal=False), min_size=1, max_size=6)
SHARES = st.sampled_from([0.0, 0.3, 0.9, 0.99])


def walk(chain, gradients, rates, dtype=np.float64, size=1):
    """The parameters after each step, for gradients that do not depend on them."""
    theta, grad = np.zeros(size, dtype), np.empty(size, dtype)
    moments = [[np.zeros_like(theta) for _ in range(u.n_moments)] for u in chain]
    step = bind_chain(chain, Span(theta, grad, size), moments)
    path = []
    for t, (gradient, rate) in enumerate(zip(gradients, rates, strict=True), start=1):
        grad[...] = gradient
        step(rate, t)
        path.append(theta.copy())
    return np.array(path)


def momentum_by_hand(gradients, rates, share, nesterov):
    theta = velocity = 0.0
    for gradient, rate in zip(gradients, rates, strict=True):
        velocity = share * velocity - rate * gradient
        theta += share * velocity - rate * gradient if nesterov else velocity
        yield [theta]


def momentum_of_pytorch(gradients, rate, share, nesterov):
    # There the rate is outside the velocity: the same only where it does not change.
    theta = velocity = 0.0
    for gradient in gradients:
        velocity = share * velocity + gradient
        theta -= rate * (gradient + share * velocity if nesterov else velocity)
        yield [theta]


def adam_by_hand(gradients, rates, beta_1, beta_2, epsilon, epsilon_inside=False):
    theta = m = v = 0.0
    for t, (gradient, rate) in enumerate(zip(gradients, rates, strict=True), start=1):
        m = beta_1 * m + (1 - beta_1) * gradient
        v = beta_2 * v + (1 - beta_2) * gradient**2
        bias_1, bias_2 = 1 - beta_1**t, 1 - beta_2**t
        if epsilon_inside:  # as in the algorithm's first listing, and in PyTorch
            theta -= rate * (m / bias_1) / ((v / bias_2) ** 0.5 + epsilon)
        else:  # as in the paper's second form, and in scikit-learn
            theta -= rate * bias_2**0.5 / bias_1 * m / (v**0.5 + epsilon)
        yield [theta]


@given(GRADIENTS, SHARES, st.booleans())
def test_momentum_is_the_textbook_formula(gradients, share, nesterov):
    rates = (RATES * 2)[: len(gradients)]
    path = walk([Momentum(share, nesterov)], gradients, rates)
    by_hand = list(momentum_by_hand(gradients, rates, share, nesterov))
    assert_allclose(path, by_hand, rtol=1e-9, atol=1e-12)


@given(GRADIENTS, SHARES, st.booleans())
def test_momentum_at_a_constant_rate_is_that_of_pytorch(gradients, share, nesterov):
    path = walk([Momentum(share, nesterov)], gradients, [0.1] * len(gradients))
    theirs = list(momentum_of_pytorch(gradients, 0.1, share, nesterov))
    assert_allclose(path, theirs, rtol=1e-9, atol=1e-12)


@given(GRADIENTS, SHARES, SHARES, st.sampled_from([1e-8, 1e-2]))
def test_adam_is_the_textbook_formula(gradients, beta_1, beta_2, epsilon):
    rates = (RATES * 2)[: len(gradients)]
    path = walk([ScaleByAdam(beta_1, beta_2, epsilon)], gradients, rates)
    by_hand = list(adam_by_hand(gradients, rates, beta_1, beta_2, epsilon))
    assert_allclose(path, by_hand, rtol=1e-9, atol=1e-12)


def test_adam_with_a_small_epsilon_is_that_of_pytorch():
    gradients = np.random.RandomState(0).normal(size=5)
    path = walk([ScaleByAdam(epsilon=1e-12)], gradients, RATES)
    theirs = adam_by_hand(gradients, RATES, 0.9, 0.999, 1e-12, epsilon_inside=True)
    assert_allclose(path, list(theirs), rtol=1e-7)


OPTIMIZERS = {
    "momentum": (Momentum(0.8, False), SGDOptimizer, {"nesterov": False}),
    "nesterov": (Momentum(0.8, True), SGDOptimizer, {"nesterov": True}),
    "adam": (ScaleByAdam(0.8, 0.9, 1e-3), AdamOptimizer, {}),
}


@pytest.mark.parametrize(
    ("update", "optimizer", "form"), OPTIMIZERS.values(), ids=OPTIMIZERS
)
def test_steps_are_those_of_scikit_learn(update, optimizer, form):
    settings = update.get_params() | form
    for name in ("nesterov", "corrected"):
        settings.pop(name, None)
    theirs = [np.zeros(3)]
    moving = optimizer(theirs, learning_rate_init=0.1, **settings, **form)
    gradients = np.random.RandomState(0).normal(size=(6, 3))
    path = walk([update], gradients, [0.1] * 6, size=3)
    for gradient, ours in zip(gradients, path, strict=True):
        moving.update_params(theirs, [gradient.copy()])
        assert_allclose(ours, theirs[0], rtol=1e-9)


every_update = pytest.mark.parametrize("name", Update.members())


@every_update
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_vectors_keep_their_type(name, dtype):
    update = Update.members()[name]()
    theta, grad = np.ones(3, dtype), np.ones(3, dtype)
    moments = [np.zeros(3, dtype) for _ in range(update.n_moments)]
    rate = update.bind(Span(theta, grad, 3), moments)(0.1, 1)
    # A NumPy scalar would make the step float64.
    assert type(rate) is float
    bind_chain([update], Span(theta, grad, 3), [moments])(0.1, 2)
    assert {a.dtype for a in (theta, grad, *moments)} == {np.dtype(dtype)}


@every_update
def test_single_precision_follows_double_precision(name):
    chain = [Update.members()[name]()]
    gradients = np.random.RandomState(0).normal(size=(5, 4))
    single = walk(chain, gradients, RATES, np.float32, size=4)
    assert_allclose(single, walk(chain, gradients, RATES, size=4), rtol=1e-4, atol=1e-6)


@every_update
def test_a_flat_place_is_not_left(name):
    path = walk([Update.members()[name]()], np.zeros((5, 3)), RATES, size=3)
    assert_array_equal(path, 0.0)


@every_update
def test_the_moments_are_all_that_is_remembered(name):
    update = Update.members()[name]()
    gradients = np.random.RandomState(0).normal(size=(5, 3))
    whole = walk([update], gradients, RATES, size=3)[-1]
    theta, moments = np.zeros(3), [np.zeros(3) for _ in range(update.n_moments)]
    for t, (gradient, rate) in enumerate(zip(gradients, RATES, strict=True), start=1):
        # A new chain at each step, as after loading a pickle.
        span = Span(theta, gradient.copy(), 3)
        bind_chain([update], span, [moments])(rate, t)
    assert_allclose(theta, whole, rtol=1e-12)


class Doubled(Update):
    """Twice the direction, half the rate is left: a link of the tests' own."""

    keep: float = 0.5

    def bind(self, span, moments):
        def update(rate, t):
            np.multiply(span.grad, 2.0, span.grad)
            return rate * self.keep

        return update


def test_a_chain_hands_direction_and_rate_from_link_to_link():
    chain = [Doubled(0.5), Doubled(0.1), Momentum(0.0, nesterov=False)]
    assert_allclose(walk(chain, [3.0], [0.7]), [[-(3.0 * 2 * 2) * (0.7 * 0.5 * 0.1)]])


def test_no_link_is_plain_gradient_descent():
    assert_allclose(walk([], [3.0, 1.0], [0.1, 0.2]), [[-0.3], [-0.5]])


def test_rounding_takes_no_variance_below_zero():
    # In float32 the mean square of this gradient falls short of its squared mean.
    path = walk([ScaleByDeviation(0.5)], [7.7] * 30, [1e-9] * 30, dtype=np.float32)
    assert np.isfinite(path).all()


BAD = [Momentum(1.1), Momentum(nesterov="yes"), ScaleByAdam(beta_1=1.0)]
BAD += [ScaleByAdam(beta_2=-0.1), ScaleByAdam(epsilon=0.0)]


@pytest.mark.parametrize("update", BAD, ids=repr)
def test_settings_out_of_range_are_refused(update):
    with pytest.raises(ValueError, match=f"parameter of {type(update).__name__}"):
        resolve(Update, update)
