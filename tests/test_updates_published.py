"""Updates as published: loops over numbers, PyTorch and optax take the same steps."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skbackprop.core.layout import Layout, Param
from skbackprop.updates import (
    ClipNorm,
    ClipValue,
    DecayWeights,
    Momentum,
    ScaleByAdadelta,
    ScaleByAdaGrad,
    ScaleByAdam,
    ScaleByAMSGrad,
    ScaleByDeviation,
    ScaleByMuon,
    ScaleByNadam,
    ScaleByRMS,
    SignMomentum,
    Span,
    bind_chain,
)

START = [0.5, -1.0, 2.0]
CURVATURE = np.array([1.0, 0.3, 2.0])
N_STEPS = 12


def slope(theta):
    """The gradient of a bowl with a ripple."""
    return CURVATURE * theta + 0.2 * np.cos(3.0 * theta)


def ours(chain, rate, n_weights=3):
    theta = np.array(START)
    grad = np.empty_like(theta)
    moments = [[np.zeros_like(theta) for _ in range(u.n_moments)] for u in chain]
    step = bind_chain(chain, Span(theta, grad, n_weights), moments)
    path = []
    for t in range(1, N_STEPS + 1):
        grad[...] = slope(theta)
        step(rate, t)
        path.append(theta.copy())
    return np.array(path)


# ------------------------------------------------------------------------- by hand


def by_hand(rule, rate):
    """The path of a rule that is written for one number: (theta, g, memory, t)."""
    theta, memory, path = list(START), [{} for _ in START], []
    for t in range(1, N_STEPS + 1):
        gradient = slope(np.array(theta))
        theta = [
            rule(each, float(g), m, t, rate)
            for each, g, m in zip(theta, gradient, memory, strict=True)
        ]
        path.append(theta)
    return np.array(path)


def adagrad(theta, g, memory, t, rate):
    memory["s"] = memory.get("s", 0.0) + g * g
    return theta - rate * g / (memory["s"] ** 0.5 + 1e-10)


def rmsprop(theta, g, memory, t, rate):
    memory["v"] = 0.9 * memory.get("v", 0.0) + 0.1 * g * g
    return theta - rate * g / (memory["v"] ** 0.5 + 1e-3)


def centered_rmsprop(theta, g, memory, t, rate):
    memory["v"] = 0.9 * memory.get("v", 0.0) + 0.1 * g * g
    memory["m"] = 0.9 * memory.get("m", 0.0) + 0.1 * g
    return theta - rate * g / ((memory["v"] - memory["m"] ** 2) ** 0.5 + 1e-3)


def adadelta(theta, g, memory, t, rate):
    memory["v"] = 0.9 * memory.get("v", 0.0) + 0.1 * g * g
    moved = memory.get("d", 0.0)
    step = ((moved + 1e-6) / (memory["v"] + 1e-6)) ** 0.5 * g
    memory["d"] = 0.9 * moved + 0.1 * step * step
    return theta - rate * step


def adamw(theta, g, memory, t, rate):
    theta *= 1 - rate * 0.1
    memory["m"] = 0.9 * memory.get("m", 0.0) + 0.1 * g
    memory["v"] = 0.99 * memory.get("v", 0.0) + 0.01 * g * g
    mean, square = memory["m"] / (1 - 0.9**t), memory["v"] / (1 - 0.99**t)
    return theta - rate * mean / (square**0.5 + 1e-3)


def amsgrad(theta, g, memory, t, rate):
    memory["m"] = 0.9 * memory.get("m", 0.0) + 0.1 * g
    memory["v"] = 0.9 * memory.get("v", 0.0) + 0.1 * g * g
    memory["x"] = max(memory.get("x", 0.0), memory["v"])
    mean, square = memory["m"] / (1 - 0.9**t), memory["x"] / (1 - 0.9**t)
    return theta - rate * mean / (square**0.5 + 1e-3)


def nadam(theta, g, memory, t, rate):
    def momentum(step):
        return 0.9 * (1 - 0.5 * 0.96 ** (step * 0.1))

    memory["m"] = 0.9 * memory.get("m", 0.0) + 0.1 * g
    memory["v"] = 0.99 * memory.get("v", 0.0) + 0.01 * g * g
    memory["p"] = memory.get("p", 1.0) * momentum(t)
    root = (memory["v"] / (1 - 0.99**t)) ** 0.5 + 1e-3
    theta -= rate * (1 - momentum(t)) / (1 - memory["p"]) * g / root
    ahead = momentum(t + 1) / (1 - memory["p"] * momentum(t + 1))
    return theta - rate * ahead * memory["m"] / root


def lion(theta, g, memory, t, rate):
    mean = memory.get("m", 0.0)
    step = np.sign(0.9 * mean + 0.1 * g)
    memory["m"] = 0.99 * mean + 0.01 * g
    return theta * (1 - rate * 0.1) - rate * step


def clipped(theta, g, memory, t, rate):
    return theta - rate * min(max(g, -0.3), 0.3)


RULES = {
    "adagrad": ([ScaleByAdaGrad()], adagrad),
    "rmsprop": ([ScaleByRMS(0.9, 1e-3)], rmsprop),
    "centered": ([ScaleByDeviation(0.9, 1e-3)], centered_rmsprop),
    "adadelta": ([ScaleByAdadelta()], adadelta),
    "adamw": ([DecayWeights(0.1), ScaleByAdam(0.9, 0.99, 1e-3, True)], adamw),
    "amsgrad": ([ScaleByAMSGrad(0.9, 0.9, 1e-3)], amsgrad),
    "nadam": ([ScaleByNadam(0.9, 0.99, 1e-3, 0.1)], nadam),
    "lion": ([DecayWeights(0.1), SignMomentum()], lion),
    "clip": ([ClipValue(0.3)], clipped),
}


@pytest.mark.parametrize(("chain", "rule"), RULES.values(), ids=RULES)
@pytest.mark.parametrize("rate", [0.03, 0.5])
def test_the_path_is_that_of_the_published_formula(chain, rule, rate):
    assert_allclose(ours(chain, rate), by_hand(rule, rate), rtol=1e-9)


def test_decay_leaves_all_but_the_weights_alone():
    chain = [DecayWeights(0.1), ScaleByAdam(0.9, 0.99, 1e-3, True)]
    path = ours(chain, 0.1, n_weights=2)
    assert_allclose(path[:, :2], by_hand(adamw, 0.1)[:, :2], rtol=1e-9)
    undecayed = ours([ScaleByAdam(0.9, 0.99, 1e-3, True)], 0.1)
    assert_allclose(path[:, 2], undecayed[:, 2], rtol=1e-12)


def clip(gradient, limit=1.0):
    grad = np.array(gradient)
    assert ClipNorm(limit).bind(Span(np.zeros_like(grad), grad), [])(0.1, 1) == 0.1
    return grad


def test_the_norm_is_that_of_all_entries_together():
    assert_allclose(clip([3.0, 4.0]), [0.6, 0.8])
    assert_allclose(clip([0.3, 0.4]), [0.3, 0.4])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_gradient_whose_square_overflows_is_scaled_down_too(dtype):
    huge = np.sqrt(np.finfo(dtype).max) * 10
    with np.errstate(over="ignore"):
        grad = clip(np.array([3.0, 4.0], dtype) * dtype(huge))
    assert_allclose(grad, [0.6, 0.8], rtol=1e-6)
    assert grad.dtype == dtype


def test_what_is_no_number_is_left_to_be_found_out():
    assert np.isnan(clip([np.nan, 1.0])).any()


# ------------------------------------------------------------------- other packages

OF_PYTORCH = {
    "SGD": ([], {}),
    "SGD with momentum": ([Momentum(0.9, False)], {"momentum": 0.9}),
    "SGD with Nesterov's": ([Momentum()], {"momentum": 0.9, "nesterov": True}),
    "Adagrad": ([ScaleByAdaGrad()], {}),
    "RMSprop": ([ScaleByRMS()], {}),
    "RMSprop centered": (
        [ScaleByDeviation(), Momentum(0.5, False)],
        {"centered": True, "momentum": 0.5},
    ),
    "Adadelta": ([ScaleByAdadelta()], {}),
    "Adam": ([ScaleByAdam(corrected=True)], {}),
    "Adam with the maximum": ([ScaleByAMSGrad()], {"amsgrad": True}),
    "AdamW": ([DecayWeights(), ScaleByAdam(corrected=True)], {}),
    "NAdam": ([ScaleByNadam()], {}),
}


@pytest.mark.parametrize("name", OF_PYTORCH)
def test_the_path_is_that_of_pytorch(name):
    torch = pytest.importorskip("torch")
    chain, settings = OF_PYTORCH[name]
    theta = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    kind = getattr(torch.optim, name.split()[0])
    moving, path = kind([theta], lr=0.05, **settings), []
    for _ in range(N_STEPS):
        theta.grad = torch.tensor(slope(theta.detach().numpy()))
        moving.step()
        path.append(theta.detach().numpy().copy())
    # PyTorch keeps the product of NAdam's momenta in single precision.
    rtol = 1e-7 if name == "NAdam" else 1e-9
    assert_allclose(ours(chain, 0.05), path, rtol=rtol, atol=1e-12)


@pytest.mark.parametrize("limit", [0.1, 100.0])
def test_clipping_is_that_of_pytorch(limit):
    torch = pytest.importorskip("torch")
    theta = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    by_norm, by_value = np.array(START), np.array(START)
    ClipNorm(limit).bind(Span(np.zeros(3), by_norm), [])(0.1, 1)
    ClipValue(limit).bind(Span(np.zeros(3), by_value), [])(0.1, 1)
    for clipping, expected in [
        (torch.nn.utils.clip_grad_norm_, by_norm),
        (torch.nn.utils.clip_grad_value_, by_value),
    ]:
        theta.grad = torch.tensor(START, dtype=torch.float64)
        clipping([theta], limit)
        # PyTorch adds 1e-6 to the norm.
        assert_allclose(theta.grad.numpy(), expected, rtol=1e-5)


OF_OPTAX = {
    "lion": ([SignMomentum()], {"weight_decay": 0.0}),
    "lion with decay": ([DecayWeights(0.1), SignMomentum()], {"weight_decay": 0.1}),
}


@pytest.mark.parametrize("name", OF_OPTAX)
def test_the_path_is_that_of_optax(name):
    optax = pytest.importorskip("optax")
    chain, settings = OF_OPTAX[name]
    moving = getattr(optax, name.split()[0])(0.05, **settings)
    # Without JAX's switch for double precision its arrays are single ones.
    theta = np.array(START, np.float32)
    state, path = moving.init(theta), []
    for _ in range(N_STEPS):
        gradient = slope(theta.astype(float)).astype(np.float32)
        step, state = moving.update(gradient, state, theta)
        theta = np.asarray(optax.apply_updates(theta, step))
        path.append(theta)
    assert_allclose(ours(chain, 0.05), path, rtol=2e-5, atol=1e-6)


# ------------------------------------------------------------------------- matrices

SHAPES = [(4, 3), (3, 5), (5, 2)]
LAYOUT = Layout(
    [
        [Param("weight", shape, shape), Param("bias", shape[1:], shape)]
        for shape in SHAPES
    ]
)


def muon(n_steps, gradients, rate=0.1):
    """The path of Muon, with an Adam of its own for the rest."""
    theta, grad = np.zeros(LAYOUT.size), np.empty(LAYOUT.size)
    moments = np.zeros((2, LAYOUT.size))
    span = Span(theta, grad, LAYOUT.n_weights, LAYOUT)
    step = bind_chain([ScaleByMuon()], span, [moments])
    for t in range(1, n_steps + 1):
        grad[...] = gradients[t - 1]
        step(rate, t)
    return theta


def test_hidden_weights_move_along_orthogonal_momentum_and_the_rest_as_by_adam():
    gradients = np.random.RandomState(0).normal(size=(3, LAYOUT.size))
    theta = muon(3, gradients)
    expected = np.zeros(LAYOUT.size)
    first, second, third = LAYOUT.of_kind("weight", expected)
    momentum = np.zeros(LAYOUT.size)
    for gradient in gradients:
        momentum = 0.95 * momentum + 0.05 * gradient
        ahead = LAYOUT.of_kind("weight", 0.95 * momentum + 0.05 * gradient)
        for matrix, direction in zip((first, second), ahead, strict=False):
            u, s, v = np.linalg.svd(direction, full_matrices=False)
            s /= np.linalg.norm(s)
            for _ in range(5):  # on singular values, the polynomial is that of numbers
                s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
            matrix -= 0.1 * 0.2 * max(matrix.shape) ** 0.5 * (u * s) @ v
    rest = slice(first.size + second.size, None)
    grad, moments = np.empty(LAYOUT.size), np.zeros((2, LAYOUT.size))
    adam = np.zeros(LAYOUT.size)
    step = bind_chain([ScaleByAdam(corrected=True)], Span(adam, grad), [moments])
    for t, gradient in enumerate(gradients, start=1):
        grad[...] = gradient
        step(0.1, t)
    assert_allclose(theta[: rest.start], expected[: rest.start], rtol=1e-5, atol=1e-9)
    assert_allclose(theta[rest], adam[rest], rtol=1e-12)
    assert third.size == SHAPES[2][0] * SHAPES[2][1]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_steps_of_a_matrix_are_those_of_pytorch(shape):
    torch = pytest.importorskip("torch", minversion="2.9")
    layout = Layout(
        [[Param("weight", shape, shape)], [Param("weight", (1, 1), (1, 1))]]
    )
    matrix = torch.zeros(shape, requires_grad=True)
    moving = torch.optim.Muon(
        [matrix], lr=0.1, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"
    )
    theta, grad = np.zeros((2, layout.size))
    span = Span(theta, grad, layout.size, layout)
    step = bind_chain([ScaleByMuon()], span, [np.zeros((2, layout.size))])
    for t in range(1, 5):
        gradient = np.random.RandomState(t).normal(size=shape).astype(np.float32)
        matrix.grad, grad[:-1] = torch.tensor(gradient), gradient.ravel()
        moving.step()
        step(0.1, t)
    # It computes in the eight bits of bfloat16: a comparison of direction and length.
    way, theirs = theta[:-1], matrix.detach().numpy().ravel()
    lengths = np.linalg.norm(way), np.linalg.norm(theirs)
    assert way @ theirs > 0.995 * lengths[0] * lengths[1]
    assert_allclose(*lengths, rtol=0.02)
