"""Activations against PyTorch, where it is installed: values and derivatives."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skbackprop.layers import (
    ELU,
    GELU,
    SELU,
    LeakyReLU,
    Logistic,
    Mish,
    PReLU,
    ReLU,
    SiLU,
    Softplus,
    Softsign,
    Tanh,
)

from .activations import Bound

torch = pytest.importorskip("torch")
nn = torch.nn

PAIRS = {
    "relu": (ReLU(), nn.ReLU()),
    "leaky_relu": (LeakyReLU(), nn.LeakyReLU()),
    "leaky_relu of 0.3": (LeakyReLU(0.3), nn.LeakyReLU(0.3)),
    "prelu": (PReLU(), nn.PReLU(4)),
    "logistic": (Logistic(), nn.Sigmoid()),
    "tanh": (Tanh(), nn.Tanh()),
    "softsign": (Softsign(), nn.Softsign()),
    "gelu": (GELU(), nn.GELU()),
    # Theirs goes over to the identity at 20, where the two differ by 2e-9.
    "softplus": (Softplus(), nn.Softplus(threshold=50.0)),
    "elu": (ELU(), nn.ELU()),
    "elu of 0.3": (ELU(0.3), nn.ELU(0.3)),
    "selu": (SELU(), nn.SELU()),
    "silu": (SiLU(), nn.SiLU()),
    "mish": (Mish(), nn.Mish()),
}


@pytest.mark.parametrize(("ours", "theirs"), PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_values_and_derivatives_are_those_of_pytorch(ours, theirs, dtype, scale):
    rng = np.random.RandomState(0)
    x = (scale * rng.normal(size=(50, 4))).astype(dtype)
    dy = rng.normal(size=x.shape).astype(dtype)
    x[0] = 0.0  # kinks
    module = theirs.to(torch.from_numpy(x).dtype)
    module.zero_grad()
    given = torch.from_numpy(x.copy()).requires_grad_()
    expected = module(given)
    expected.backward(torch.from_numpy(dy))
    bound = Bound(ours, dtype, x.shape)
    y, dx = bound.both(x, dy)
    near = {"rtol": 50 * np.finfo(dtype).eps, "atol": 50 * np.finfo(dtype).eps}
    assert_allclose(y, expected.detach().numpy(), **near)
    assert_allclose(dx, given.grad.numpy(), **near)
    for parameter in module.parameters():
        assert_allclose(bound.grad, parameter.grad.numpy(), rtol=100 * near["rtol"])
