"""An objective at a random point, and its curvature by differences of gradients."""

from dataclasses import replace

import numpy as np
from scipy import sparse

from skbackprop.core.data import Data, MatrixTarget
from skbackprop.core.workspace import Workspace
from skbackprop.evaluation import Evaluation
from skbackprop.layers import Dense, Tanh
from skbackprop.linearization import CurvatureProducts
from skbackprop.losses import SquaredError
from skbackprop.objective import Objective
from skbackprop.penalties import L2

from ..builders import Chopped

STEP = 1e-5


class Point:
    """A network of the given layers on a few rows; two at once are gone through."""

    def __init__(self, layers, loss=None, target=None, n_in=4, n_rows=7, seed=0):
        rng = np.random.RandomState(seed)
        network = Chopped(layers, n_in)
        network.rows_at_once = 1  # curvature takes twice as many
        self.loss = loss or SquaredError()
        self.theta = 0.7 * rng.standard_normal(network.layout.size)
        for kind in ("variance", "spread"):
            for view in network.layout.of_kind(kind, self.theta):
                view[...] = np.abs(view) + 0.5
        X = rng.standard_normal((n_rows, n_in))
        if target is None:
            target = MatrixTarget(rng.standard_normal((n_rows, network.n_out)))
        self.objective = Objective(network, self.loss, L2(0.3))
        self.data = Data(X, target, rng.uniform(0.5, 3.0, n_rows))
        self.n = network.layout.n_trainable
        self.directions = rng.standard_normal((3, self.n))

    def products(self, **options):
        return CurvatureProducts(self.objective, self.theta, self.data, **options)

    def on(self, **changes):
        """Return the same on other rows, or with other weights."""
        other = object.__new__(Point)
        other.__dict__.update(self.__dict__)
        other.data = replace(self.data, **changes)
        return other

    def sparse(self):
        X = np.where(np.abs(self.data.X) > 0.5, self.data.X, 0.0)
        return self.on(X=X), self.on(X=sparse.csr_matrix(X))

    # ---------------------------------------------------------------- by differences

    def gradient(self, theta=None):
        """The gradient that training goes by."""
        theta = self.theta if theta is None else theta
        evaluation = Evaluation(self.objective, theta, self.data)
        return evaluation.value_and_gradient()[1][: self.n].copy()

    def moved(self, step):
        theta = self.theta.copy()
        theta[: self.n] += step
        return theta

    def hessian(self, vectors):
        return np.array([self._differenced(vector) for vector in vectors])

    def _differenced(self, vector):
        """Differences over four points: what is stiff has large higher derivatives."""
        near, far = (
            self.gradient(self.moved(step)) - self.gradient(self.moved(-step))
            for step in (STEP * vector, 2 * STEP * vector)
        )
        return (8 * near - far) / (12 * STEP)

    def raw(self, theta):
        network, n_rows = self.objective.network, len(self.data)
        views, X = network.layout.views(theta), self.data.X
        workspace = Workspace(n_rows, theta.dtype)
        bound = network.bind(views, None, n_rows, workspace, self.data.is_sparse)
        return bound.forward(X.copy()).copy()

    def jacobian(self):
        """The changes of raw scores, of shape (n_params, n_rows, n_scores)."""
        return np.array(
            [
                self.raw(self.moved(STEP * unit)) - self.raw(self.moved(-STEP * unit))
                for unit in np.eye(self.n)
            ]
        ) / (2 * STEP)

    def scale(self):
        return self.data.weight[:, np.newaxis] / self.data.total_weight

    def expanded(self):
        target = np.empty((len(self.data), self.data.target.width))
        self.data.target.expand(slice(None), target)
        return target

    def prediction(self):
        return self.loss.inverse_link(self.raw(self.theta))

    def penalty(self):
        bend = np.zeros(self.n)
        bend[: self.objective.network.layout.n_weights] = 0.3 / self.data.total_weight
        return np.diag(bend)

    def gauss_newton(self):
        jacobian = self.jacobian()
        curved = self.loss.gauss_newton_product(
            self.prediction(), self.expanded(), jacobian
        )
        whole = np.einsum("inc,jnc->ij", jacobian, curved * self.scale())
        return whole + self.penalty()

    def row_gradients(self):
        prediction, target = self.prediction(), self.expanded()
        slopes = self.loss.gradient(prediction, target, np.empty_like(prediction))
        return np.einsum("pnc,nc->np", self.jacobian(), slopes)

    def empirical_fisher(self):
        rows = self.row_gradients()
        return rows.T @ (rows * self.scale())


def off(found, wanted):
    """The largest error, relative to the largest entry."""
    assert found.shape == wanted.shape
    return np.abs(found - wanted).max() / max(np.abs(wanted).max(), 1e-300)


def between(*layers, width=8, n_out=2):
    """Return layers in the middle of a network, where everything around them bends."""
    return [Dense(width), Tanh(), Dense(width), *layers, Dense(n_out)]
