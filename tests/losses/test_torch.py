"""Losses and their gradients against PyTorch's, where it is installed."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skbackprop.losses import (
    AbsoluteError,
    ClassificationLoss,
    Focal,
    Gamma,
    Huber,
    LogCosh,
    LogLoss,
    Poisson,
    Quantile,
    SquaredError,
)

from .cases import judged, numbers, soft

torch = pytest.importorskip("torch")
functional = torch.nn.functional

CLASS = np.array([0, 2, 1, 1, 0, 2, 2])
YES = np.array([1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0])[:, np.newaxis]
SOFT_YES = np.linspace(0.05, 0.95, 7)[:, np.newaxis]
HARD, SOFT = np.eye(3)[CLASS], soft((3,))
REAL, POSITIVE = numbers(2), np.exp(numbers(2))


def each(function, **settings):
    """Make a loss of each row from a function of PyTorch that takes no reduction."""
    return lambda raw, y: function(raw, y, reduction="none", **settings).sum(dim=1)


def log_likelihoods(raw):
    return functional.log_softmax(raw, dim=1)


def by_class(cost):
    """Make the expectation over a target from the costs of all classes."""
    return lambda raw, y: (y * cost(raw)).sum(dim=1)


def softmax_focal(gamma):
    def cost(raw):
        logs = log_likelihoods(raw)
        return -((1 - logs.exp()) ** gamma) * logs

    return by_class(cost)


def logistic_focal(gamma):
    def loss(raw, y):
        yes, no = functional.logsigmoid(raw), functional.logsigmoid(-raw)
        costs = y * no.exp() ** gamma * yes + (1 - y) * yes.exp() ** gamma * no
        return -costs.sum(dim=1)

    return loss


def crammer_singer(power):
    def cost(raw):
        rivals = [
            torch.cat([raw[:, :k], raw[:, k + 1 :]], dim=1).amax(dim=1)
            for k in range(raw.shape[1])
        ]
        return torch.relu(1 + torch.stack(rivals, dim=1) - raw) ** power

    return by_class(cost)


def hinge(power):
    def loss(raw, y):
        yes, no = torch.relu(1 - raw) ** power, torch.relu(1 + raw) ** power
        return (y * yes + (1 - y) * no).sum(dim=1)

    return loss


def poisson(raw, y):
    # PyTorch leaves out what does not depend on the prediction.
    loss = functional.poisson_nll_loss(raw, y, log_input=True, reduction="none")
    return (loss + torch.xlogy(y, y) - y).sum(dim=1)


def gamma(raw, y):
    return (raw - y.log() + y * torch.exp(-raw) - 1).sum(dim=1)


def log_cosh(raw, y):
    return torch.log(torch.cosh(raw - y)).sum(dim=1)


def pinball(levels):
    def loss(raw, y):
        q = torch.tensor(levels, dtype=raw.dtype)
        return torch.maximum(q * (y - raw), (q - 1) * (y - raw)).sum(dim=1)

    return loss


def in_order(levels):
    def loss(raw, y):
        rises = functional.softplus(raw[:, 1:])
        heights = torch.cumsum(torch.cat([raw[:, :1], rises], dim=1), dim=1)
        return pinball(levels)(heights, y)

    return loss


def slot(name, *settings):
    return ClassificationLoss.members()[name](*settings)


def squared(link):
    return lambda raw, y: 0.5 * ((link(raw) - y) ** 2).sum(dim=1)


LEVELS = [0.1, 0.5, 0.9]
bce = each(functional.binary_cross_entropy_with_logits)
CASES = {
    "squared_error": (SquaredError(), squared(lambda raw: raw), REAL),
    "absolute_error": (AbsoluteError(), each(functional.l1_loss), REAL),
    "huber": (Huber(0.7), each(functional.huber_loss, delta=0.7), REAL),
    "log_cosh": (LogCosh(), log_cosh, REAL),
    "poisson": (Poisson(), poisson, np.round(POSITIVE)),
    "gamma": (Gamma(), gamma, POSITIVE),
    "quantile": (Quantile(0.8), pinball(0.8), REAL),
    "quantiles": (Quantile(LEVELS), pinball(LEVELS), REAL[:, :1]),
    "in order": (Quantile(LEVELS, True), in_order(LEVELS), REAL[:, :1]),
    "binary": (LogLoss().independent(), bce, YES),
    "binary soft": (LogLoss().independent().softened(), bce, SOFT_YES),
    "binary smoothed": (
        LogLoss(0.1).independent(),
        lambda raw, y: bce(raw, 0.9 * y + 0.05),
        YES,
    ),
    "binary focal": (Focal(1.5).independent(), logistic_focal(1.5), SOFT_YES),
    "binary squared": (
        slot("squared_error").independent(),
        squared(torch.sigmoid),
        YES,
    ),
    "binary hinge": (slot("hinge").independent(), hinge(1), SOFT_YES),
    "binary squared hinge": (slot("squared_hinge").independent(), hinge(2), SOFT_YES),
    "classes": (
        LogLoss().exclusive((3,)),
        by_class(lambda r: -log_likelihoods(r)),
        HARD,
    ),
    "classes focal": (Focal(0.5).exclusive((3,)), softmax_focal(0.5), SOFT),
    "classes squared": (
        slot("squared_error").exclusive((3,)),
        squared(lambda raw: torch.softmax(raw, dim=1)),
        HARD,
    ),
    "classes hinge": (slot("hinge").exclusive((3,)), crammer_singer(1), SOFT),
    "classes squared hinge": (
        slot("squared_hinge").exclusive((3,)),
        crammer_singer(2),
        SOFT,
    ),
}
for share in (0.0, 0.2):
    theirs = torch.nn.CrossEntropyLoss(label_smoothing=share, reduction="none")
    CASES[f"classes smoothed by {share}"] = LogLoss(share).exclusive((3,)), theirs, HARD
    soft_loss = LogLoss(share).exclusive((3,)).softened()
    CASES[f"soft classes smoothed by {share}"] = soft_loss, theirs, SOFT


@pytest.mark.parametrize(("loss", "theirs", "target"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_value_and_gradient_are_those_of_pytorch(loss, theirs, target, dtype):
    raw = np.random.RandomState(0).normal(
        scale=2.0, size=(len(target), loss.n_scores(target.shape[1]))
    )
    raw, target = raw.astype(dtype), target.astype(dtype)
    values, gradient = judged(loss, raw, target)
    leaf = torch.tensor(raw, requires_grad=True)
    expected = theirs(leaf, torch.tensor(target))
    expected.sum().backward()
    rtol, atol = (1e-10, 1e-12) if dtype is np.float64 else (2e-5, 5e-6)
    assert_allclose(values, expected.detach().numpy(), rtol=rtol, atol=atol)
    assert_allclose(gradient, leaf.grad.numpy(), rtol=rtol, atol=atol)
