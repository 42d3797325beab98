"""A layer by itself, bound in training or in prediction, with its arrays at hand."""

import numpy as np

from skbackprop.core.layout import Layout
from skbackprop.core.randomness import Pass
from skbackprop.core.workspace import Workspace
from skbackprop.layers import Site


def training_pass(n_rows, weight=None, seed=0, first_row=0):
    """Return what a solver tells of a batch, ``weight`` being repetitions."""
    now = Pass(seed, first_row)
    now.total, now.n_counted = float(n_rows), n_rows
    if weight is not None:
        weight = np.asarray(weight).reshape(-1, 1)
        now.total = float(weight.sum())
        now.n_counted = int(np.count_nonzero(weight))
        now.share = weight / now.total if now.total > 0 else None
    return now


class Bound:
    """A layer, its parameters by kind, and its two maps."""

    def __init__(self, layer, n_in, dtype=np.float64, max_rows=100):
        self.n_in, self.layer, self.dtype = n_in, layer, np.dtype(dtype)
        self.n_out, needed = layer.build(n_in)
        self.layout = Layout([needed])
        self.theta = self.layout.pack({}, self.dtype)
        self.grad = np.full_like(self.theta, np.nan)
        self.workspace = Workspace(max_rows, self.dtype)

    def __getitem__(self, kind):
        (view,) = self.layout.of_kind(kind, self.theta)
        return view

    def gradient(self, kind):
        (view,) = self.layout.of_kind(kind, self.grad)
        return view

    def site(self, rows, now=None, training=True, **changes):
        return Site(
            key=0,
            rows=rows,
            n_in=self.n_in,
            n_out=self.n_out,
            params=self.layout.views(self.theta)[0],
            grads=self.layout.views(self.grad)[0] if training else (),
            workspace=self.workspace,
            now=now,
            **changes,
        )

    def train(self, x, dy=None, weight=None, **place):
        """Return the output in training, and the gradient of the input."""
        now = training_pass(len(x), weight, **place)
        if now.share is not None:
            now.share = now.share.astype(self.dtype)
        site = self.site(len(x), now)
        kept = x.astype(self.dtype)
        y = self.layer.bind_forward(site)(kept).copy()
        if dy is None:
            return y
        backward = self.layer.bind_backward(site)
        return y, backward(kept, dy.astype(self.dtype)).copy()

    def predict(self, x):
        """Return the output in prediction."""
        site = self.site(x.shape[0], training=False)
        return self.layer.bind_forward(site)(x.astype(self.dtype)).copy()
