"""Parts of a few units and rows, put together for the tests of what is made of them."""

import numpy as np

from skbackprop.architecture import mlp
from skbackprop.core.data import Data, MatrixTarget, OneHotTarget
from skbackprop.layers import Activation
from skbackprop.losses import ClassificationLoss, RegressionLoss
from skbackprop.network import Network
from skbackprop.schedules import Constant
from skbackprop.solvers import Problem, Verdict

from . import oracle, oracle_losses


def perceptron(widths, activation="tanh"):
    """Return a network of the given widths, inputs and outputs included."""
    n_in, *hidden, n_out = widths
    member = Activation.members()[activation]
    return mlp(n_in, hidden, [member() for _ in hidden], n_out)


def labels(rng, n_rows, n_classes):
    """Return random positions, every class among them."""
    return [rng.permutation(np.arange(n_rows) % k) for k in n_classes]


def every_loss(n_rows=7, seed=0):
    """Return, by name, every loss that the slots may lead to, and targets for it."""
    rng = np.random.RandomState(seed)
    cases = {}
    for name, member in RegressionLoss.members().items():
        counts = rng.poisson(1.0, (n_rows, 2)).astype(float)
        numbers = counts if member.positive_only else rng.normal(size=(n_rows, 2))
        if name == "gamma":
            numbers += 0.5  # no zeros
        cases[name] = member(), MatrixTarget(numbers)
    for name, member in ClassificationLoss.members().items():
        indicators = rng.randint(2, size=(n_rows, 2)).astype(bool)
        cases[f"{name} of labels"] = member().independent(), MatrixTarget(indicators)
        for n_classes in [(3,), (2, 3)]:
            columns = np.column_stack(labels(rng, n_rows, n_classes))
            target = OneHotTarget(columns, n_classes)
            cases[f"{name} of {n_classes}"] = member().exclusive(n_classes), target
    return cases


def expanded(target, n_rows):
    """Return the leading rows of some targets as a matrix."""
    out = np.empty((n_rows, target.width))
    target.expand(slice(n_rows), out)
    return out


def oracle_loss(loss):
    """Return the loop-written equal of a loss."""
    return oracle_losses.of(loss)


def oracle_network(network, theta, activation):
    """Return the loop-written equal of a network."""
    arrays = [network.layout.of_kind(kind, theta) for kind in ("weight", "bias")]
    return oracle.Network.from_arrays(*arrays, activation)


def packed(network, nested):
    """Return nested lists of weights and of biases as one vector."""
    arrays = {
        kind: [np.array(layer, dtype=float) for layer in layers]
        for kind, layers in zip(("weight", "bias"), nested, strict=True)
    }
    return network.layout.pack(arrays, np.dtype(float))


class Chopped(Network):
    """A network that is evaluated a few rows at once."""

    rows_at_once = 3

    def chunk_rows(self, dtype):
        return self.rows_at_once


class Recorder:
    """A monitor that writes down what it hears, and answers from a script."""

    def __init__(self, verdicts=(), n_rows=0, theta=None):
        self.script = list(verdicts)
        self.n_seen, self.n_rows, self.theta = 0, n_rows, theta
        self.losses, self.thetas, self.plateaus, self.events = [], [], [], []
        self.rates, self.watched = [], np.inf

    def begin_epoch(self):
        self.events.append("begin")

    def end_epoch(self, loss, rate=None):
        self.events.append("end")
        self.rates.append(rate)
        self.watched = loss
        self.n_seen += self.n_rows
        self.losses.append(loss)
        if self.theta is not None:
            self.thetas.append(self.theta.copy())
        return self.script.pop(0) if self.script else Verdict.GO_ON

    def on_plateau(self, rate, farewell="Stopping."):
        self.plateaus.append(rate)


def problem(objective, data, theta, **changes):
    """Return a problem of one full batch an epoch, unless told otherwise."""
    settings = {
        "monitor": Recorder(n_rows=len(data), theta=theta),
        "max_iter": 1,
        "tol": 1e-8,
        "batch_size": len(data),
        "shuffle": False,
        "rng": np.random.RandomState(0),
        "schedule": Constant(),
        "learning_rate_init": 0.1,
    }
    return Problem(objective, data, theta, **(settings | changes))


def regression_data(n_rows=10, n_in=3, weight=None, dtype=float, n_out=1):
    """Return rows of a noisy linear map."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n_rows, n_in)).astype(dtype)
    y = X @ rng.normal(size=(n_in, n_out)) + 0.3 * rng.normal(size=(n_rows, n_out))
    return Data(X, MatrixTarget(y.astype(dtype)), weight)
