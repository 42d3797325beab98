"""Activations put to work on a few rows, and what each is to compute."""

import math

import numpy as np

from skbackprop.core.layout import Layout
from skbackprop.core.workspace import Workspace
from skbackprop.layers import (
    ELU,
    GELU,
    SELU,
    BinaryStep,
    Identity,
    LeakyReLU,
    Logistic,
    Mish,
    PReLU,
    ReLU,
    SiLU,
    Site,
    Soboleva,
    Softplus,
    Softsign,
    Tanh,
)


class Bound:
    """An activation bound to a number of rows, with parameters of its own."""

    def __init__(self, layer, dtype, shape, workspace=None, theta=None):
        width, needed = layer.build(shape[1])
        layout = Layout([needed])
        starts = [np.full(param.size, param.start) for param in needed]
        start = np.concatenate([*starts, []]) if theta is None else theta
        self.theta = start.astype(dtype)
        self.grad = np.full_like(self.theta, np.nan)
        site = Site(
            key=0,
            rows=shape[0],
            n_in=shape[1],
            n_out=width,
            params=layout.views(self.theta)[0],
            grads=layout.views(self.grad)[0],
            workspace=workspace or Workspace(shape[0], np.dtype(dtype)),
        )
        self.forward, self.backward = (
            layer.bind_forward(site),
            layer.bind_backward(site),
        )

    def both(self, x, dy):
        """Return copies of the output and of the gradient of the input."""
        given = x.copy()
        with np.errstate(over="ignore"):
            y = self.forward(given).copy()
            return y, self.backward(given, dy.copy()).copy()


def evaluate(layer, x):
    """Return the function and its derivative at some places."""
    x = np.atleast_2d(x)
    y, slope = Bound(layer, x.dtype, x.shape).both(x, np.ones_like(x))
    return y[0], slope[0]


# Closed forms for one number, with the standard library: the function, its derivative.


def exp(x):
    return math.exp(min(x, 700.0))


def sigmoid(x):
    return 1 / (1 + exp(-x))


def softplus(x):
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def normal_cdf(x):
    return math.erfc(-x / math.sqrt(2)) / 2


def normal_pdf(x):
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def d_mish(x):
    gate = math.tanh(softplus(x))
    return gate + x * (1 - gate**2) * sigmoid(x)


def elu(scale, alpha):
    return (
        lambda x: scale * (x if x > 0 else alpha * math.expm1(x)),
        lambda x: scale * (1.0 if x > 0 else alpha * math.exp(x)),
    )


def leaky(slope):
    return lambda x: x if x > 0 else slope * x, lambda x: 1.0 if x > 0 else slope


def soboleva(a, b, c, d):
    def terms(x):
        shift = max(c * x, -d * x)
        return [math.exp(rate * x - shift) for rate in (a, -b, c, -d)]

    def function(x):
        e_a, e_b, e_c, e_d = terms(x)
        return (e_a - e_b) / (e_c + e_d)

    def derivative(x):
        e_a, e_b, e_c, e_d = terms(x)
        drop = function(x) * (c * e_c - d * e_d)
        return (a * e_a + b * e_b - drop) / (e_c + e_d)

    return function, derivative


SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772

CASES = {
    "identity": (Identity(), lambda x: x, lambda x: 1.0),
    # Its backward pass is that of a clip to [-1, 1].
    "binary_step": (
        BinaryStep(),
        lambda x: float(x >= 0),
        lambda x: float(abs(x) <= 1),
    ),
    "relu": (ReLU(), *leaky(0.0)),
    "leaky_relu": (LeakyReLU(), *leaky(0.01)),
    "leaky_relu of 0.3": (LeakyReLU(negative_slope=0.3), *leaky(0.3)),
    "leaky_relu of 0": (LeakyReLU(negative_slope=0.0), *leaky(0.0)),
    "leaky_relu of 1": (LeakyReLU(negative_slope=1.0), *leaky(1.0)),
    "prelu": (PReLU(), *leaky(0.25)),
    "prelu of -2": (PReLU(init=-2.0), *leaky(-2.0)),
    "logistic": (Logistic(), sigmoid, lambda x: sigmoid(x) * sigmoid(-x)),
    "tanh": (Tanh(), math.tanh, lambda x: 1 / math.cosh(min(abs(x), 300.0)) ** 2),
    "softsign": (
        Softsign(),
        lambda x: x / (1 + abs(x)),
        lambda x: 1 / (1 + abs(x)) ** 2,
    ),
    "soboleva": (Soboleva(), *soboleva(1, 1, 1, 1)),
    "soboleva of four": (
        Soboleva(a=0.5, b=0.7, c=1.2, d=1.5),
        *soboleva(0.5, 0.7, 1.2, 1.5),
    ),
    "soboleva of equal ends": (
        Soboleva(a=2.0, b=0.5, c=2.0, d=0.5),
        *soboleva(2.0, 0.5, 2.0, 0.5),
    ),
    "gelu": (
        GELU(),
        lambda x: x * normal_cdf(x),
        lambda x: normal_cdf(x) + x * normal_pdf(x),
    ),
    "softplus": (Softplus(), softplus, sigmoid),
    "silu": (
        SiLU(),
        lambda x: x * sigmoid(x),
        lambda x: sigmoid(x) * (1 + x * sigmoid(-x)),
    ),
    "mish": (Mish(), lambda x: x * math.tanh(softplus(x)), d_mish),
    "elu": (ELU(), *elu(1.0, 1.0)),
    "elu of 0.3": (ELU(alpha=0.3), *elu(1.0, 0.3)),
    "elu of 2.5": (ELU(alpha=2.5), *elu(1.0, 2.5)),
    "elu of 0": (ELU(alpha=0.0), *elu(1.0, 0.0)),
    "selu": (SELU(), *elu(SCALE, ALPHA)),
}
