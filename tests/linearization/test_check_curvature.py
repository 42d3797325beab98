"""The public check of what a layer says of itself near a point."""

import numpy as np
import pytest

from skbackprop.layers import (
    Activation,
    Dense,
    DropConnect,
    Dropout,
    Normalization,
    Standardize,
    UnitLength,
)
from skbackprop.layers.linearized import (
    Elementwise,
    LinearizedDense,
    LinearizedPReLU,
)
from skbackprop.testing import check_curvature

MEMBERS = {
    name: kind()
    for family in (Activation, Normalization)
    for name, kind in family.members().items()
    if kind.__module__.startswith("skbackprop.") and name != "binary_step"
}
MEMBERS |= {"dense": Dense(3), "dropout": Dropout(0.5), "dropconnect": DropConnect(3)}
MEMBERS |= {"standardize": Standardize(), "unit_length": UnitLength()}


@pytest.mark.parametrize("name", MEMBERS)
def test_every_layer_passes(name):
    assert check_curvature(MEMBERS[name], n_in=8) < 1e-6


class Cubed(Activation):
    """An activation whose derivatives may be wrong."""

    factors = 3.0, 6.0

    def bind_forward(self, site):
        return lambda x: x**3

    def bind_backward(self, site):
        return lambda x, dy: 3 * x**2 * dy

    def derivatives(self, x):
        first, second = self.factors
        return first * x**2, second * x


class WrongSlope(Cubed):
    factors = 3.1, 6.0


class WrongCurvature(Cubed):
    factors = 3.0, 6.1


class Careless(LinearizedDense):
    def gradients(self, dy, dparams):
        super().gradients(dy, dparams)
        dparams[1][...] *= 2.0


class CarelessDense(Dense):
    """Its gradients are wrong, but only near a point."""

    def linearize(self, x, params):
        return Careless(x, params[0])


class Unbent(LinearizedDense):
    def bend(self, tx, tparams, dy, dparams):
        return dy @ np.swapaxes(tparams[0], 1, 2)


class UnbentDense(Dense):
    """Its weights' gradient does not follow the input."""

    def linearize(self, x, params):
        return Unbent(x, params[0])


def test_a_layer_of_ones_own_passes():
    assert check_curvature(Cubed()) < 1e-6


class Straight(LinearizedDense):
    is_straight = True


class StraightDense(Dense):
    """Nobody would ask how it bends."""

    def linearize(self, x, params):
        return Straight(x, params[0])


class WrongOutput(Cubed):
    """What it hands on is not what it gives."""

    def linearize(self, x, params):
        return Elementwise(*self.derivatives(x), x**2)


class Rowless(LinearizedDense):
    def row_gradients(self, dy, rows):
        """Write nothing, as a layer without parameters."""


class RowlessDense(Dense):
    def linearize(self, x, params):
        return Rowless(x, params[0])


class Squareless(LinearizedDense):
    def squares(self, dy, squared):
        squared[0][...] += np.abs(self.x.T @ dy[0])


class SquarelessDense(Dense):
    def linearize(self, x, params):
        return Squareless(x, params[0])


@pytest.mark.parametrize(
    ("layer", "what"),
    [
        (WrongOutput(), "output"),
        (StraightDense(3), "bend of the input's gradient"),
        (RowlessDense(3), "gradients of the parameters by row"),
        (SquarelessDense(3), "squares of the parameters' gradients"),
        (WrongSlope(), "tangent"),
        (WrongCurvature(), "bend of the input's gradient"),
        (CarelessDense(3), "gradient of the parameters"),
        (UnbentDense(3), "bend of the parameters'"),
    ],
)
def test_what_is_wrong_is_named(layer, what):
    with pytest.raises(AssertionError, match=f"{type(layer).__name__}: {what}"):
        check_curvature(layer)


def test_an_elementwise_layer_without_curvature_may_say_none():
    near = Elementwise(np.ones((2, 3)), None)
    assert near.bend(np.ones((1, 2, 3)), (), np.ones((2, 3)), ()) is None


def test_what_is_straight_says_so():
    assert Elementwise(np.ones((2, 3)), None).is_straight
    assert not Elementwise(np.ones((2, 3)), np.ones((2, 3))).is_straight
    # Its slopes bend it.
    assert not LinearizedPReLU(np.ones((2, 3)), np.ones(3)).is_straight
