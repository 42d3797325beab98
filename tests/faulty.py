"""Parts with a fault each, which the checks of parts have to catch.

None declares a name: nothing here is registered.
"""

import numpy as np

from skbackprop.core.layout import Param
from skbackprop.layers import Activation, Dense, Layer, Logistic, Tanh
from skbackprop.losses import BinaryCrossEntropy, SquaredError
from skbackprop.penalties import L2
from skbackprop.updates import ScaleByAdam, Update


class HalfATanh(Tanh):
    """Its derivative has the wrong scale."""

    def bind_backward(self, site):
        backward = super().bind_backward(site)
        return lambda y, dy: 0.5 * backward(y, dy)


class NotLogistic(Logistic):
    """Its derivative lacks a factor."""

    def bind_backward(self, site):
        return lambda y, dy: dy * y


class Silent(Activation):
    """It forgets to answer with a number."""

    def bind_forward(self, site):
        return lambda x: x

    def bind_backward(self, site):
        return lambda y, dy: np.full_like(dy, np.nan)


class ForgetsTheBias(Dense):
    """The gradient of the bias is never written."""

    def bind_backward(self, site):
        weight = site.params[0]

        def backward(x, dy):
            site.grads[0][...] = x.T @ dy
            return dy @ weight.T

        return backward


class AddsUp(Dense):
    """Gradients are added to what is there rather than written."""

    def bind_backward(self, site):
        weight = site.params[0]

        def backward(x, dy):
            site.grads[0][...] += x.T @ dy
            site.grads[1][...] += dy.sum(axis=0)
            return dy @ weight.T

        return backward


class UsesUpItsInput(Tanh):
    """The derivative is right, but computed where others may still read."""

    def bind_backward(self, site):
        def backward(y, dy):
            np.multiply(y, y, y)
            np.subtract(1.0, y, y)
            return np.multiply(dy, y, dy)

        return backward


class Scale(Layer):
    """A factor a column, whose gradient is half as large again."""

    def build(self, n_in):
        return n_in, [Param("weight", (n_in,), (n_in, n_in))]

    def bind_forward(self, site):
        return lambda x: x * site.params[0]

    def bind_backward(self, site):
        def backward(x, dy):
            site.grads[0][...] = 1.5 * (x * dy).sum(axis=0)
            return dy * site.params[0]

        return backward


class Uphill(SquaredError):
    """Its gradient has the wrong sign."""

    def gradient(self, prediction, target, out):
        return np.negative(super().gradient(prediction, target, out), out)


class MeanOverOutputs(SquaredError):
    """Its value is a mean over outputs, its gradient that of a sum."""

    def value(self, prediction, target):
        return super().value(prediction, target) / prediction.shape[1]


class WrongLink(BinaryCrossEntropy):
    """Its link is not the one that its gradient is for."""

    def inverse_link(self, raw):
        return super().inverse_link(2.0 * raw)


class WrongFactor(L2):
    """Its value lacks the half."""

    def value(self, weights):
        return 2.0 * super().value(weights)


class WrongShare(L2):
    """It adds all of its gradient, whatever the share."""

    def bind(self, weights, gradient):
        add = super().bind(weights, gradient)
        return lambda share: add(1.0)


class Memoryless(Update):
    """An update of the tests' own, from a function of gradient and rate."""

    def bind(self, span, moments):
        return lambda rate, t: self.turn(span.grad, rate)


class GoesUphill(Memoryless):
    def turn(self, grad, rate):
        np.negative(grad, out=grad)
        return rate


class StandsStill(Memoryless):
    def turn(self, grad, rate):
        return 0.0


class LooksAtTheWhole(Memoryless):
    def turn(self, grad, rate):
        np.divide(grad, np.linalg.norm(grad), out=grad)
        return rate


class StartsUphill(ScaleByAdam):
    """Only its first step has the wrong sign."""

    def bind(self, span, moments):
        update = super().bind(span, moments)
        return lambda rate, t: update(rate, t) * (-1.0 if t == 1 else 1.0)
