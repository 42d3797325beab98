"""Products against PyTorch's automatic differentiation, where it is installed."""

import numpy as np
import pytest

from skbackprop.core.data import MatrixTarget, OneHotTarget
from skbackprop.layers import Activation, Dense, Standardize, Tanh, UnitLength
from skbackprop.layers.normalization import GroupNorm, LayerNorm
from skbackprop.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Huber,
    LogCosh,
    Poisson,
    SquaredError,
)

from ._point import Point, between, off

torch = pytest.importorskip("torch")
functional = torch.nn.functional

CLOSE = 1e-10
CLASS = np.array([0, 2, 1, 1, 0, 2, 2])

THEIRS = {
    "tanh": torch.tanh,
    "logistic": torch.sigmoid,
    "softplus": lambda x: functional.softplus(x, threshold=50.0),
    "gelu": functional.gelu,
    "silu": functional.silu,
    "mish": functional.mish,
    "elu": functional.elu,
    "selu": functional.selu,
    "relu": functional.relu,
    "softsign": functional.softsign,
}
LOSSES = {
    "squared_error": (SquaredError(), lambda s, y: ((s - y) ** 2).sum(1) / 2),
    "poisson": (Poisson(), lambda s, y: (s.exp() - y * s).sum(1)),
    "huber": (
        Huber(),
        lambda s, y: functional.huber_loss(
            s, y, reduction="none", delta=Huber().delta
        ).sum(1),
    ),
    "log_cosh": (LogCosh(), lambda s, y: torch.cosh(s - y).log().sum(1)),
    "log_loss of labels": (
        BinaryCrossEntropy(),
        lambda s, y: functional.binary_cross_entropy_with_logits(
            s, y, reduction="none"
        ).sum(1),
    ),
    "log_loss": (
        CrossEntropy((3,)),
        lambda s, y: -(y * torch.log_softmax(s, 1)).sum(1),
    ),
}


def targets(name):
    if name == "log_loss":
        return OneHotTarget(CLASS[:, np.newaxis], (3,))
    rng = np.random.RandomState(1)
    yes = rng.randint(2, size=(7, 3)).astype(float)
    return MatrixTarget(yes if name == "log_loss of labels" else yes + rng.rand(7, 3))


class Theirs:
    """The objective of a point as a function of PyTorch's."""

    def __init__(self, point, functions, loss):
        self.point, self.functions, self.loss = point, functions, loss
        self.theta = torch.tensor(point.theta)

    def scores(self, theta):
        layout = self.point.objective.network.layout
        x = torch.tensor(self.point.data.X)
        # Slices and shapes are all that the views are made with: tensors do as well.
        for function, params in zip(self.functions, layout.views(theta), strict=True):
            x = function(x, *params)
        return x

    def value(self, theta):
        y, share = torch.tensor(self.point.expanded()), self.point.scale()
        losses = self.loss(self.scores(theta), y) @ torch.tensor(share[:, 0])
        weights = theta[: self.point.objective.network.layout.n_weights]
        return losses + 0.15 * (weights**2).sum() / self.point.data.total_weight

    def hessian(self, vectors):
        whole = np.zeros((len(vectors), len(self.theta)))
        whole[:, : self.point.n] = vectors
        found = [
            torch.autograd.functional.vhp(self.value, self.theta, torch.tensor(v))[1]
            for v in whole
        ]
        return np.array([product.numpy()[: self.point.n] for product in found])

    def gauss_newton(self):
        jacobian = torch.autograd.functional.jacobian(self.scores, self.theta).numpy()
        jacobian = jacobian.transpose(2, 0, 1)[: self.point.n]
        y, raw = torch.tensor(self.point.expanded()), self.scores(self.theta)
        summed = torch.autograd.functional.hessian(
            lambda s: self.loss(s, y).sum(), raw
        ).numpy()
        each = np.arange(len(raw))
        inner = summed[each, :, each] * self.point.scale()[:, :, np.newaxis]
        whole = np.einsum("inc,ncd,jnd->ij", jacobian, inner, jacobian)
        return whole + self.point.penalty()


def affine(x, weight, bias):
    return x @ weight + bias


def layer_norm(x, scale, shift):
    return functional.layer_norm(x, x.shape[1:], scale, shift, 1e-5)


def group_norm(x, scale, shift):
    return functional.group_norm(x, 2, scale, shift, 1e-5)


def unit_length(x):
    return x / (x.pow(2).sum(1, keepdim=True) + 1e-12).sqrt()


CASES = {
    **{name: ([Activation.members()[name]()], [f]) for name, f in THEIRS.items()},
    "prelu": (
        [Activation.members()["prelu"]()],
        [lambda x, slope: torch.where(x > 0, x, slope * x)],
    ),
    "layer norm": ([LayerNorm(), Tanh()], [layer_norm, torch.tanh]),
    "group norm": ([GroupNorm(2), Tanh()], [group_norm, torch.tanh]),
    "unit length": ([UnitLength(), Tanh()], [unit_length, torch.tanh]),
}


def both(layers, functions, loss="squared_error"):
    ours, theirs = LOSSES[loss]
    point = Point(between(*layers, n_out=3), ours, targets(loss))
    functions = [affine, torch.tanh, affine, *functions, affine]
    return point, Theirs(point, functions, theirs)


def check(point, theirs):
    products, vectors = point.products(), point.directions
    assert off(products.hessian(vectors), theirs.hessian(vectors)) < CLOSE
    wanted = vectors @ theirs.gauss_newton()
    assert off(products.gauss_newton(vectors), wanted) < CLOSE


@pytest.mark.parametrize("name", CASES)
def test_products_through_layers(name):
    point, theirs = both(*CASES[name])
    check(point, theirs)


@pytest.mark.parametrize("loss", LOSSES)
def test_products_of_losses(loss):
    point, theirs = both([Tanh()], [torch.tanh], loss)
    check(point, theirs)


def test_products_after_standardized_inputs():
    point = Point([Standardize(), Dense(3), Tanh(), Dense(2)])
    functions = [lambda x, mean, spread: (x - mean) / spread, affine, torch.tanh]
    theirs = Theirs(point, [*functions, affine], LOSSES["squared_error"][1])
    check(point, theirs)
